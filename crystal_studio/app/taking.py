"""What is on screen of an analysis, taken elsewhere: its table and its picture, to the clipboard or to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from crystal_studio.errors import FileError

if TYPE_CHECKING:
    from crystal_studio.analysis.protocol import Analysis

PICTURE_WIDTH = 2400
"""Pixels of a picture that is saved or copied: 20 cm at 300 dots an inch."""


class TakeButton(QToolButton):
    """A menu of copies and files; ``failed`` carries what could not be written, ``told`` what has been done."""

    failed = Signal(object)
    told = Signal(str)

    def __init__(
        self, table: Callable[[], Analysis | None], plot: Callable[[], Any], parent: QWidget | None = None
    ) -> None:
        """``table()`` is the analysis on screen, ``plot()`` the pyqtgraph plot in sight or None."""
        super().__init__(parent)
        self._table, self._plot = table, plot
        self.setText("Export")
        self.setToolTip("Copy or save the table and the picture")
        self.setProperty("menu", True)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        self._tables = [
            menu.addAction("Copy table", self.copy_table),
            menu.addAction("Save table as CSV…", self._ask_table),
        ]
        menu.addSeparator()
        self._pictures = [
            menu.addAction("Copy picture", self.copy_picture),
            menu.addAction("Save picture as PNG…", self._ask_picture),
        ]
        menu.aboutToShow.connect(self._offer)
        self.setMenu(menu)

    def copy_table(self) -> None:
        """The table with tabs between, for a spreadsheet."""
        found = self._table()
        if found is not None:
            from crystal_studio.analysis.writing import as_text

            QGuiApplication.clipboard().setText(as_text(found))
            self.told.emit("Copied the table to the clipboard")

    def copy_picture(self) -> None:
        """The plot at the resolution of print."""
        plot = self._plot()
        if plot is not None:
            QGuiApplication.clipboard().setImage(picture(plot))
            self.told.emit("Copied the picture to the clipboard")

    def save_table(self, path: Path) -> None:
        """The table with commas between."""
        found = self._table()
        if found is None:
            return
        from crystal_studio.analysis.writing import write_csv

        try:
            write_csv(path, found)
            self.told.emit(f"Saved {path.name}")
        except FileError as error:
            self.failed.emit(error)

    def save_picture(self, path: Path) -> None:
        """The plot as PNG."""
        plot = self._plot()
        if plot is None:
            return
        if picture(plot).save(str(path)):
            self.told.emit(f"Saved {path.name}")
        else:
            self.failed.emit(FileError(f"{path} cannot be written: choose another place."))

    def _offer(self) -> None:
        for action in self._tables:
            action.setEnabled(self._table() is not None)
        for action in self._pictures:
            action.setEnabled(self._plot() is not None)

    def _ask_table(self) -> None:
        self._ask("Save table", "table.csv", "Table (*.csv)", self.save_table)

    def _ask_picture(self) -> None:
        self._ask("Save picture", "picture.png", "PNG picture (*.png)", self.save_picture)

    def _ask(self, title: str, name: str, kinds: str, save: Callable[[Path], None]) -> None:
        path, _ = QFileDialog.getSaveFileName(self, title, name, kinds)
        if path:
            save(Path(path))


def picture(plot: Any) -> QImage:
    """A plot as an image of ``PICTURE_WIDTH``, drawn anew in that size."""
    size = plot.size()
    height = round(PICTURE_WIDTH * size.height() / max(size.width(), 1))
    image = QImage(PICTURE_WIDTH, max(height, 1), QImage.Format.Format_ARGB32)
    image.fill(plot.backgroundBrush().color())
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plot.render(painter, QRectF(image.rect()), plot.viewport().rect(), Qt.AspectRatioMode.KeepAspectRatio)
    painter.end()
    return image
