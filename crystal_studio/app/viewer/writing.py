"""What is written over the drawing: title, legend, cell, the chosen atoms, and what to do where nothing is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel

from crystal_studio.app import theme
from crystal_studio.app.tokens import DARK, LIGHT
from crystal_studio.app.viewer import overlay
from crystal_studio.app.viewer.canvas import Canvas

_PLATE = {False: "rgba(255,255,255,225)", True: "rgba(24,30,39,225)"}
_AIR = 6  # pixels between what is written and the drawing
_EDGE = 10  # pixels between the border and what is written


class Writing:
    """Labels on a canvas; the structure is framed inside what they leave free."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._dark = False
        self.title = self._label()
        self.cell = self._label()
        self.cell.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.reading = self._label()
        self.legend = overlay.Legend(canvas)
        self._letters = overlay.AxisLetters(canvas)
        self.empty = overlay.EmptyState(canvas)

    def set_theme(self, dark: bool) -> None:
        """Ink and plates for a light or dark ground."""
        colours = DARK if dark else LIGHT
        self._dark = dark
        plate = f"background: {_PLATE[dark]}; border-radius: 5px; padding: 2px 6px;"
        self.title.setStyleSheet(f"color: {colours.text}; {plate} font-weight: 600;")
        self.cell.setStyleSheet(f"color: {colours.muted}; {plate}")
        self.reading.setStyleSheet(f"color: {colours.text}; {plate}")
        self.empty.heading.setStyleSheet(f"color: {colours.text}; background: transparent;")
        self.empty.advice.setStyleSheet(f"color: {colours.muted}; background: transparent;")

    def write(self, labels: overlay.Labels) -> None:
        """Legend and cell of what is drawn now."""
        scene = self._canvas.scene
        self.empty.setVisible(scene is None)
        entries = overlay.legend_entries(scene, labels) if scene else []
        plate = QColor(theme.tokens().surface)
        plate.setAlphaF(0.75)
        self.legend.set_entries(entries, QColor(overlay.ink(self._dark)), plate)
        self.cell.setText(overlay.cell_text(scene.lattice) if scene else "")
        self.follow_camera()

    def follow_camera(self) -> None:
        """Put the letters to the axes."""
        self._letters.set_view(self._canvas.camera, self._canvas.scene, self._dark)

    def say(self, text: str) -> None:
        """Tell of the chosen atoms, or of what has just been done."""
        self.reading.setText(text)
        self._canvas.setAccessibleDescription(text)
        self.arrange()

    def arrange(self) -> None:
        """Find room for everything, and keep the structure clear of it."""
        width, height = self._canvas.width(), self._canvas.height()
        self._letters.resize(width, height)
        self.empty.resize(width, height)
        for label in (self.title, self.cell, self.reading):
            label.setVisible(bool(label.text()))
            label.adjustSize()
        self.title.move(_EDGE, _EDGE)
        below = self.title.geometry().bottom() + 2 if self.title.text() else _EDGE
        self.legend.move(_EDGE, below)
        self.legend.setVisible(self.legend.height() + below < height)
        self.cell.move(width - self.cell.width() - _EDGE, _EDGE)
        self.cell.setVisible(bool(self.cell.text()) and self.title.width() + self.cell.width() + 4 * _EDGE < width)
        shown = [self.title, *([self.cell] if self.cell.isVisibleTo(self._canvas) else [])]
        top = max((label.geometry().bottom() for label in shown if label.text()), default=0)
        legend = self.legend.geometry()
        taken = (legend.right(), legend.bottom()) if self.legend.entries else (0, 0)
        self._canvas.keep_clear(overlay.free_margins(width, height, top + _AIR, (taken[0] + _AIR, taken[1] + _AIR)))
        self.reading.move(width - self.reading.width() - _EDGE, height - self.reading.height() - _EDGE)

    def _label(self) -> QLabel:
        label = QLabel(self._canvas)
        label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        label.setTextFormat(Qt.TextFormat.AutoText)
        return label
