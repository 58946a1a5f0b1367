"""Small dialogs of the window: shortcuts, about, what could not be imported."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QMessageBox, QScrollArea, QVBoxLayout, QWidget

import crystal_studio
from crystal_studio.app.actions import ActionSet
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.widgets import label


def shortcuts(parent: QWidget, actions: ActionSet) -> QDialog:
    """Every shortcut, by menu."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle("Keyboard shortcuts")
    inside = QWidget()
    inside.setProperty("role", "plain")
    grid = QGridLayout(inside)
    grid.setHorizontalSpacing(28)
    menu, row = "", 0
    for spec in actions.specs():
        keys = actions[spec.id].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        if not keys:
            continue
        if spec.menu != menu:
            menu = spec.menu
            grid.addWidget(label(menu, "section"), row, 0)
            row += 1
        grid.addWidget(label(spec.text), row, 0)
        grid.addWidget(label(keys, "muted"), row, 1)
        row += 1
    for keys, text in (
        ("A  R  X  Del", "Periodic table: allow, require, exclude, leave open"),
        ("Arrows", "Periodic table: move"),
    ):
        grid.addWidget(label(text), row, 0)
        grid.addWidget(label(keys, "muted"), row, 1)
        row += 1
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(inside)
    column = QVBoxLayout(dialog)
    column.addWidget(area)
    dialog.resize(560, 640)
    dialog.open()
    return dialog


def about(parent: QWidget) -> QMessageBox:
    """Version and licence."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle("About Crystal Studio")
    box.setText(f"<b>Crystal Studio {crystal_studio.__version__}</b>")
    box.setInformativeText(
        "Inverse design of crystals by point and click. MIT licence.\n\n"
        "Built with Qt for Python (LGPL), PyTorch, pymatgen, spglib, vispy, pyqtgraph and CHGNet."
    )
    box.open()
    return box


def ask_to_close(parent: QWidget, begun: bool, close: Callable[[], object]) -> QMessageBox:
    """A campaign is running (``begun``: it stands in the project by now): pause it and close, or stay."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Close Crystal Studio")
    if begun:
        box.setText("A campaign is running.")
        box.setInformativeText("Everything made so far is kept. The next start offers to carry the campaign on.")
    else:
        box.setText("A campaign is about to begin.")
        box.setInformativeText("It is still being prepared and nothing has been made: closing drops the campaign.")
    leave = box.addButton("Pause and close" if begun else "Close", QMessageBox.ButtonRole.AcceptRole)
    stay = box.addButton("Keep open", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    leave.clicked.connect(lambda _=False: close())
    box.open()
    return box


def import_problems(parent: QWidget, imported: int, problems: list[str]) -> QMessageBox:
    """Which files could not be read, and why; the others are in."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Import")
    box.setText(f"{plural(imported, 'structure')} imported; {plural(len(problems), 'file')} could not be read.")
    shown = "<br>".join(escape(p) for p in problems[:8])
    more = f"<br>and {len(problems) - 8} more" if len(problems) > 8 else ""
    box.setInformativeText(shown + more)
    box.setDetailedText("\n".join(problems))
    box.open()
    return box
