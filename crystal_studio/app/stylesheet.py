"""The style sheet, written from the tokens of a theme."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from crystal_studio.app.icon_paths import svg
from crystal_studio.app.tokens import Tokens


@cache
def _image(name: str, colour: str) -> str:
    """A small icon as a file, because style sheets take images only by path."""
    folder = Path(tempfile.gettempdir()) / f"crystal-studio-icons-{_user()}"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}-{colour.lstrip('#')}.svg"
    file.write_bytes(svg(name, colour))
    return file.as_posix()


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "user"


def style_sheet(t: Tokens, base: float) -> str:
    """Qt style sheet of a theme; ``base`` is the point size of ordinary text, so that text scales with the system."""
    small, large, title = base * 0.9, base * 1.12, base * 1.35
    return f"""
* {{ outline: 0; }}
QToolTip {{ background: {t.surface}; color: {t.text}; border: 1px solid {t.line_strong}; padding: 4px 6px; }}
QMainWindow, QDialog {{ background: {t.window}; }}
QLabel {{ background: transparent; }}
QLabel[role="title"] {{ font-size: {title}pt; font-weight: 600; }}
QLabel[role="heading"] {{ font-size: {large}pt; font-weight: 600; }}
QLabel[role="section"] {{ font-weight: 600; }}
QLabel[role="muted"] {{ color: {t.muted}; }}
QLabel[role="small"] {{ color: {t.muted}; font-size: {small}pt; }}
QLabel[role="figure"] {{ font-size: {title}pt; font-weight: 600; }}
QLabel[role="error"] {{ color: {t.danger}; font-size: {small}pt; }}
QLabel[role="warning"] {{ color: {t.warning}; font-size: {small}pt; }}
QLabel[role="chip"] {{ background: {t.sunken}; border-radius: 9px; padding: 2px 8px; }}

QFrame[role="card"] {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: 8px; }}
QFrame[role="notice"] {{ background: {t.warning_soft}; border: 1px solid {t.warning}; border-radius: 6px; }}
QFrame[role="notice"][level="info"] {{ background: {t.accent_soft}; border: 0; border-radius: 0; }}
QFrame[role="notice"][level="warning"] {{ background: {t.warning_soft}; border: 0; border-radius: 0; }}
QFrame[role="notice"][level="error"] {{ background: {t.danger_soft}; border: 0; border-radius: 0; }}
QFrame[role="rule"] {{ background: {t.line}; border: 0; max-height: 1px; min-height: 1px; }}
QWidget[role="plain"], QScrollArea, QScrollArea > QWidget > QWidget[role="plain"] {{
  background: transparent; border: 0;
}}

QMenuBar {{ background: {t.surface}; border-bottom: 1px solid {t.line}; padding: 1px 6px; }}
QMenuBar::item {{ padding: 4px 8px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {t.hover}; }}
CommandPalette {{ border: 1px solid {t.line_strong}; }}
QMenu {{ background: {t.surface}; border: 1px solid {t.line_strong}; padding: 4px; }}
QFrame[role="popup"] {{ background: {t.surface}; border: 1px solid {t.line_strong}; }}
QMenu::item {{ padding: 5px 28px 5px 10px; border-radius: 4px; }}
QMenu::icon {{ padding-left: 6px; }}
QMenu::item:selected {{ background: {t.accent_soft}; color: {t.text}; }}
QMenu::item:disabled {{ color: {t.faint}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 6px; }}

QWidget#topBar {{ background: {t.surface}; border-bottom: 1px solid {t.line}; }}
QStatusBar {{ background: {t.surface}; border-top: 1px solid {t.line}; }}
QStatusBar::item {{ border: 0; }}

QPushButton, QToolButton {{
  background: {t.surface}; border: 1px solid {t.line_strong}; border-radius: 6px; padding: 5px 12px; color: {t.text};
}}
QToolButton {{ padding: 5px 8px; }}
QPushButton:hover, QToolButton:hover {{ background: {t.hover}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {t.sunken}; }}
QPushButton:focus, QToolButton:focus {{ border: 1px solid {t.accent}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {t.faint}; border-color: {t.line}; background: {t.surface}; }}
QPushButton:checked, QToolButton:checked {{
  background: {t.accent_soft}; border-color: {t.accent}; color: {t.text};
}}
QPushButton[role="primary"] {{
  background: {t.accent}; color: {t.on_accent}; border: 1px solid {t.accent}; font-weight: 600; padding: 8px 16px;
}}
QPushButton[role="primary"]:hover {{ background: {t.accent_hover}; border-color: {t.accent_hover}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {t.text}; padding: 7px 15px; }}
QPushButton[role="primary"]:disabled {{ background: {t.sunken}; border-color: {t.line}; color: {t.faint}; }}
QPushButton[role="link"], QToolButton[role="link"] {{
  background: transparent; border: 1px solid transparent; color: {t.accent}; padding: 2px 4px; text-align: left;
}}
QPushButton[role="link"]:hover {{ text-decoration: underline; }}
QPushButton[role="link"]:focus, QToolButton[role="link"]:focus {{ border: 1px solid {t.accent}; }}
QPushButton[role="link"]:disabled {{ color: {t.faint}; }}
QToolButton[role="quiet"] {{ background: transparent; border: 1px solid transparent; padding: 4px 6px; }}
QToolButton[role="quiet"]:hover {{ background: {t.hover}; }}
QToolButton[role="quiet"]:focus {{ border: 1px solid {t.accent}; }}
QToolButton[role="chip"] {{
  background: {t.accent_soft}; border: 1px solid {t.accent_soft}; border-radius: 11px; padding: 2px 8px;
}}
QToolButton[role="chip"]:hover, QToolButton[role="chip"]:focus {{ border: 1px solid {t.accent}; }}
QToolButton::menu-indicator, QPushButton::menu-indicator {{
  image: url({_image("chevron", t.muted)}); width: 12px; height: 12px;
  subcontrol-position: right center; right: 4px;
}}
QToolButton[menu="true"], QPushButton[menu="true"] {{ padding-right: 22px; }}
QWidget[role="tools"] QToolButton {{ padding: 5px 4px; }}
QWidget[role="tools"] QToolButton[menu="true"] {{ padding-right: 16px; }}
QWidget[role="tools"] QToolButton[popup="true"] {{ padding: 5px 4px; }}

QPushButton[segment] {{ border-radius: 0; border-left-width: 0; padding: 5px 12px; }}
QPushButton[segment="first"] {{
  border-left-width: 1px; border-top-left-radius: 6px; border-bottom-left-radius: 6px;
}}
QPushButton[segment="last"] {{ border-top-right-radius: 6px; border-bottom-right-radius: 6px; }}
QPushButton[segment]:checked {{
  background: {t.accent}; color: {t.on_accent}; border-color: {t.accent};
}}
QPushButton[segment]:focus {{ text-decoration: underline; }}

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit {{
  background: {t.surface}; color: {t.text}; border: 1px solid {t.line_strong}; border-radius: 6px; padding: 4px 8px;
  selection-background-color: {t.accent}; selection-color: {t.on_accent}; min-height: {round(base * 2)}px;
}}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus {{
  border: 1px solid {t.accent};
}}
QLineEdit[bad="true"], QSpinBox[bad="true"], QDoubleSpinBox[bad="true"], QComboBox[bad="true"] {{
  border: 1px solid {t.danger}; background: {t.danger_soft};
}}
QLineEdit:disabled, QSpinBox:disabled, QComboBox:disabled {{ color: {t.faint}; border-color: {t.line}; }}
QSpinBox QLineEdit, QDoubleSpinBox QLineEdit {{ border: 0; background: transparent; padding: 0; }}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{
  width: 0; border: 0;
}}
QComboBox[role="title"] {{ font-size: {large}pt; font-weight: 600; }}
QComboBox::drop-down {{ border: 0; width: 22px; }}
QComboBox::down-arrow {{ image: url({_image("chevron", t.muted)}); width: 14px; height: 14px; }}
QComboBox QAbstractItemView {{
  background: {t.surface}; border: 1px solid {t.line_strong}; selection-background-color: {t.accent_soft};
  selection-color: {t.text}; outline: 0;
}}
QSlider {{ background: transparent; min-height: 18px; }}
QSlider::groove:horizontal {{ background: {t.line_strong}; height: 4px; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {t.accent}; height: 4px; border-radius: 2px; }}
QSlider::handle:horizontal {{
  background: {t.surface}; border: 2px solid {t.accent}; width: 8px; height: 8px; margin: -4px 0; border-radius: 6px;
}}
QSlider::handle:horizontal:focus {{ background: {t.accent}; }}
QSlider:disabled {{ color: {t.faint}; }}
QCheckBox {{ spacing: 6px; background: transparent; }}
QCheckBox::indicator, QTreeView::indicator, QListView::indicator, QTableView::indicator {{
  width: 14px; height: 14px; border: 1px solid {t.line_strong}; border-radius: 3px; background: {t.surface};
}}
QCheckBox::indicator:checked, QTreeView::indicator:checked, QListView::indicator:checked,
QTableView::indicator:checked {{
  background: {t.accent}; border-color: {t.accent}; image: url({_image("check", t.on_accent)});
}}
QTreeView::indicator:indeterminate {{ background: {t.accent_soft}; border-color: {t.accent}; }}
QCheckBox:focus {{ text-decoration: underline; }}

QAbstractItemView {{
  background: {t.surface}; alternate-background-color: {t.window}; border: 0; color: {t.text};
  selection-background-color: {t.accent_soft}; selection-color: {t.text}; gridline-color: {t.line};
}}
QTableView, QTreeView, QListView {{ border: 0; }}
QTreeView::item, QListView::item {{ padding: 3px 2px; }}
QTreeView::item:hover, QListView::item:hover {{ background: {t.hover}; }}
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected {{
  background: {t.accent_soft}; color: {t.text};
}}
QListView::item:disabled {{ color: {t.faint}; }}
QTreeView::branch:has-children:closed {{ image: url({_image("closed", t.muted)}); }}
QTreeView::branch:has-children:open {{ image: url({_image("chevron", t.muted)}); }}
QHeaderView {{ background: {t.surface}; border: 0; }}
QHeaderView::section {{
  background: {t.surface}; color: {t.muted}; border: 0; border-bottom: 1px solid {t.line_strong};
  padding: 6px 8px; font-weight: 600;
}}
QHeaderView[role="tight"]::section {{ padding: 6px 4px; }}
QHeaderView::section:hover {{ color: {t.text}; background: {t.hover}; }}
QHeaderView::up-arrow {{
  image: url({_image("lower", t.accent)}); width: 10px; height: 10px; subcontrol-position: bottom center;
}}
QHeaderView::down-arrow {{
  image: url({_image("chevron", t.accent)}); width: 10px; height: 10px; subcontrol-position: bottom center;
}}
QAbstractScrollArea::corner {{ background: transparent; border: 0; }}
QTableView::item {{ padding: 0 5px; }}
QTableView[role="tight"]::item {{ padding: 0 1px; }}
QTableCornerButton::section {{ background: {t.surface}; border: 0; }}

QScrollBar:vertical {{ background: transparent; width: 11px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 11px; margin: 0; }}
QScrollBar::handle {{
  background: {t.line_strong}; border-radius: 4px; margin: 2px; min-height: 28px; min-width: 28px;
}}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QProgressBar {{ background: {t.sunken}; border: 0; border-radius: 4px; min-height: 8px; max-height: 8px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 4px; }}

QTabWidget::pane {{ border: 0; border-top: 1px solid {t.line}; }}
QTabBar::tab {{
  background: transparent; color: {t.muted}; padding: 6px 12px; border: 0; border-bottom: 2px solid transparent;
}}
QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
QTabBar::tab:hover {{ color: {t.text}; }}
QTabBar::tab:focus {{ color: {t.accent}; }}

QSplitter::handle {{ background: transparent; }}
QSplitter::handle:hover {{ background: {t.accent_soft}; }}
QMainWindow::separator {{ background: {t.window}; width: 6px; height: 6px; }}
QMainWindow::separator:hover {{ background: {t.accent_soft}; }}
QDockWidget {{ font-weight: 600; titlebar-close-icon: url({_image("close", t.muted)}); }}
QDockWidget::title {{
  background: {t.surface}; padding: 6px 10px; border: 1px solid {t.line}; border-bottom: 0; text-align: left;
  border-top-left-radius: 8px; border-top-right-radius: 8px;
}}
QDockWidget > QWidget {{ background: {t.surface}; }}
"""
