"""The fields of the DFT dialog, without what follows from them."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.dft.settings_fields import SettingsFields
from crystal_studio.app.widgets import GAP, Segments, label, restyle
from crystal_studio.dft.registry import CODES

HERE, FOLDER, ZIP = "here", "folder", "zip"
WAYS = (
    (HERE, "Compute here", "Runs on this machine, in the background; it can be paused and carried on"),
    (FOLDER, "Bundle: a folder", "Inputs and scripts for a cluster; its results are collected later"),
    (ZIP, "Bundle: a .zip", "The same as one file"),
)


class DftForm(QDialog):
    """Candidates, code, where, settings, and what is to be said of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("DFT of candidates")
        self.setMinimumWidth(620)
        self.candidates = label("Looking for primitive cells …", wrap=True)
        self.code = QComboBox()
        for name, code in CODES.all().items():
            self.code.addItem(code.title, name)
        self.needs = label("", "small", wrap=True)
        self.needs.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.way = Segments(WAYS, "Where")
        self.place = QLineEdit()
        self.browse = QPushButton("Browse…")
        self._place_row = QWidget()
        row = QHBoxLayout(self._place_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.place, 1)
        row.addWidget(self.browse)
        self.fields = SettingsFields()
        self.compares = label("", "small", wrap=True)
        self.warning = label("", "warning", wrap=True)
        self.message = label("", "error", wrap=True)
        self.message.setMinimumHeight(self.fontMetrics().height())  # so that a word on what is typed moves nothing
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(GAP)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Candidates", self.candidates),
            ("Code", self.code),
            ("", self.needs),
            ("Where", self.way),
            ("Place", self._place_row),
            ("Settings", self.fields),
            ("", self.compares),
            ("", self.warning),
        )
        self._place_title = label("Place", "muted")
        top, middle = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignVCenter
        for place, (title, widget) in enumerate(rows):
            if title:
                named = self._place_title if title == "Place" else label(title, "muted")
                grid.addWidget(named, place, 0, top if widget in (self.candidates, self.fields) else middle)
            grid.addWidget(widget, place, 1)
        grid.setColumnStretch(1, 1)
        self.code.setAccessibleName("Code")
        self.place.setAccessibleName("Place of the bundle")
        self.usual = QPushButton("As usual")
        self.usual.setToolTip("Settings of the Materials Project's PBE calculations")
        self.show_folder = QPushButton("Open the folder")
        self.show_folder.hide()
        self.close_button = QPushButton("Cancel")
        self.go = QPushButton("Compute")
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.usual)
        buttons.addStretch(1)
        for button in (self.show_folder, self.close_button, self.go):
            buttons.addWidget(button)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(14)
        column.addLayout(grid)
        column.addWidget(self.message)
        column.addLayout(buttons)

    def _say(self, where: QLabel, text: str, role: str = "warning") -> None:
        where.setProperty("role", role)
        restyle(where)
        where.setText(text)
        where.setVisible(bool(text) or where is self.message)
        QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        """Be high enough for what is said."""
        self.setMinimumHeight(max(self._column.totalHeightForWidth(self.width()), 0))
