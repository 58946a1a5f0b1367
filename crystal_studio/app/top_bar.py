"""The bar at the top: project, page switch, device and the command palette."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from crystal_studio.app import theme
from crystal_studio.app.icons import icon, pixmap
from crystal_studio.app.widgets import Segments, label

PAGES = (
    ("design", "Design", "Say what crystals you want (Ctrl+1)"),
    ("run", "Run", "Watch the campaign (Ctrl+2)"),
    ("explore", "Explore", "Look through the candidates (Ctrl+3)"),
)


class TopBar(QWidget):
    """``page_chosen`` carries design, run or explore."""

    page_chosen = Signal(str)

    def __init__(self, palette_action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 14, 7)
        row.setSpacing(8)
        left = QHBoxLayout()
        left.setSpacing(8)
        self._logo = QLabel()
        left.addWidget(self._logo)
        self.project = QToolButton()
        self.project.setProperty("role", "quiet")
        self.project.setProperty("menu", True)
        self.project.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.project.setToolTip("The open project; click for others")
        self.project.setAccessibleName("Project")
        left.addWidget(self.project)
        left.addStretch(1)
        row.addLayout(left, 1)
        self.pages = Segments(PAGES, "Page")
        self.pages.chosen.connect(self.page_chosen)
        for button in self.pages.buttons.values():
            button.setMinimumWidth(112)
        row.addWidget(self.pages)
        right = QHBoxLayout()
        right.setSpacing(8)
        right.addStretch(1)
        self.device = label("", "muted")
        self.device.setToolTip("What generation and relaxation run on")
        right.addWidget(self.device)
        self._palette = QToolButton()
        self._palette.setText("Ctrl+K")
        self._palette.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._palette.setToolTip("Find and do anything by name")
        self._palette.setAccessibleName("Command palette")
        self._palette.clicked.connect(palette_action.trigger)
        right.addWidget(self._palette)
        row.addLayout(right, 1)
        theme.manager().changed.connect(self._recolour)
        self._recolour()
        self.show_project("")

    def set_menu(self, menu: QMenu) -> None:
        """What the project button opens."""
        self.project.setMenu(menu)

    def show_project(self, name: str, note: str = "") -> None:
        """Name the open project."""
        self.project.setText((f"{name}  {note}" if note else name) or "No project")

    def _recolour(self) -> None:
        t = theme.tokens()
        self._logo.setPixmap(pixmap("crystal", t.accent, 22))
        self._palette.setIcon(icon("search", t.muted))
        self._palette.setIconSize(QSize(15, 15))
        for key, button in self.pages.buttons.items():
            button.setAccessibleDescription(f"Go to the {key} page")
