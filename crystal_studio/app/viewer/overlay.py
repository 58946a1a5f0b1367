"""What is written over the drawing: title and cell, legend, axis letters, readings, and the empty state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from crystal_studio.app.typeset import formula_text
from crystal_studio.app.viewer import colours
from crystal_studio.app.viewer.camera import Camera
from crystal_studio.app.viewer.measure import angle, dihedral, distance
from crystal_studio.app.viewer.renderer import TRIAD_HALF_HEIGHT, triad_square
from crystal_studio.app.viewer.scene import Scene
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.mof.makeup import Makeup

_INSET = 6  # pixels between the legend and the border of its plate
LegendEntry = tuple[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Labels:
    """What orbits and kinds of building blocks are called, such as ("8a", "16d") and ("Node Cu₂", "Linker C₉H₃O₆")."""

    orbits: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()

    @staticmethod
    def of(orbits: Sequence[str], makeup: Makeup | None) -> Labels:
        """Blocks by what they are and their formula; those that share one are counted."""
        names = [f"{kind.title} {formula_text(kind.formula)}" for kind in makeup.kinds] if makeup else []
        again = [names[:k].count(name) for k, name in enumerate(names)]
        return Labels(tuple(orbits), tuple(f"{n} ({k + 1})" if k else n for n, k in zip(names, again, strict=True)))


def legend_entries(scene: Scene, labels: Labels) -> list[LegendEntry]:
    """Name and colour of every kind of atom: by element in order of atomic number, by orbit or by building block."""
    key = {"element": scene.numbers, "orbit": scene.orbit, "block": scene.block}[scene.colour_by]
    _, first = np.unique(key, return_index=True)
    return [(atom_name(scene, int(row), scene.colour_by, labels), tuple(scene.atom_colours[row])) for row in first]


def atom_name(scene: Scene, row: int, colour_by: str, labels: Labels) -> str:
    """ "Mn", by orbit "Mn 16d" ("Mn, orbit 2" where the Wyckoff position is unknown), by block "Linker C₉H₃O₆"."""
    symbol, orbit, block = SYMBOLS[int(scene.numbers[row])], int(scene.orbit[row]), int(scene.block[row])
    if colour_by == "block":
        return labels.blocks[block] if 0 <= block < len(labels.blocks) else "In no block"
    if colour_by == "element" or orbit < 0:
        return symbol
    if orbit < len(labels.orbits) and labels.orbits[orbit]:
        return f"{symbol} {labels.orbits[orbit]}"
    return f"{symbol}, orbit {orbit + 1}"


def describe_atom(scene: Scene, row: int, labels: Labels) -> str:
    """ "Mn 16d   x 0.5000  y 0.5000  z 0.5000", and the building block that it is of."""
    where = "  ".join(
        f"{axis}\u2009{_number(value, 4)}" for axis, value in zip("xyz", scene.fractional[row], strict=True)
    )
    block = int(scene.block[row])
    of = f"   {labels.blocks[block]}" if 0 <= block < len(labels.blocks) else ""
    return f"{atom_name(scene, row, 'orbit', labels)}{of}   {where}"


def describe_measure(scene: Scene, rows: list[int]) -> str:
    """Distance, angle or dihedral of two, three or four chosen atoms; "" for fewer."""
    points = scene.positions[rows]
    path = "–".join(SYMBOLS[int(scene.numbers[row])] for row in rows)
    if len(rows) == 2:
        return f"Distance {path}   {distance(points):.3f} Å"
    if len(rows) == 3:
        return f"Angle {path}   {angle(points):.2f}°"
    if len(rows) == 4:
        return f"Dihedral {path}   {_number(dihedral(points), 2)}°"
    return ""


def _number(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\u2212")  # + 0.0: no minus zero


def cell_text(lattice: NDArray[np.float64]) -> str:
    """Cell parameters in two lines."""
    lengths = np.linalg.norm(lattice, axis=1)
    unit = lattice / lengths[:, None]
    angles = np.degrees(np.arccos(np.clip([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]], -1, 1)))
    first = "   ".join(f"{name} {value:.3f}" for name, value in zip("abc", lengths, strict=True))
    second = "   ".join(f"{name} {value:.2f}" for name, value in zip("αβγ", angles, strict=True))
    return f"{first} Å\n{second} °"


class Legend(QWidget):
    """Coloured discs with names; also drawn onto saved pictures."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.entries: list[LegendEntry] = []
        self.ink, self.plate = QColor("black"), QColor("transparent")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Legend of atom colours")

    def set_entries(self, entries: list[LegendEntry], ink: QColor, plate: QColor) -> None:
        """What to list, in which colour of text, on which ground."""
        self.entries, self.ink, self.plate = entries, ink, plate
        self.setAccessibleDescription(", ".join(name for name, _ in entries))
        self.resize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        width, height = legend_size(self.entries, self.font())
        return QSize(int(np.ceil(width)) + 2 * _INSET, int(np.ceil(height)) + (_INSET if self.entries else 0))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.plate)
        painter.drawRoundedRect(QRectF(self.rect()), 5, 5)
        draw_legend(painter, QPointF(_INSET, _INSET / 2), self.entries, self.font(), self.ink)
        painter.end()


def legend_size(entries: list[LegendEntry], font: QFont) -> tuple[float, float]:
    """Width and height of a drawn legend in the units of the font."""
    metrics = QFontMetricsF(font)
    row = metrics.height() * 1.35
    return max((metrics.horizontalAdvance(name) for name, _ in entries), default=0.0) + 1.6 * row, row * len(entries)


def draw_legend(painter: QPainter, corner: QPointF, entries: list[LegendEntry], font: QFont, ink: QColor) -> None:
    """Discs and names, one a row, from an upper left corner."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    row = metrics.height() * 1.35
    disc = metrics.height() * 0.82
    for at, (name, colour) in enumerate(entries):
        top = corner.y() + at * row
        outline = QColor(ink)
        outline.setAlphaF(0.45)
        painter.setPen(QPen(outline, max(1.0, disc / 16)))
        painter.setBrush(QColor.fromRgbF(*colour))
        painter.drawEllipse(QRectF(corner.x() + 1, top + (row - disc) / 2, disc, disc))
        painter.setPen(ink)
        box = QRectF(corner.x() + disc + 0.45 * row, top, 1e4, row)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)


def free_margins(
    width: int, height: int, top: float, legend: tuple[float, float]
) -> list[tuple[float, float, float, float]]:
    """Margins (left, top, right, bottom) in pixels that keep a drawing clear of what is written over it.

    ``top`` is the lower border of title and cell, ``legend`` the right and lower border of the legend in the upper
    left corner; the axes stand in the lower left. One choice leaves a column on the left, the other a row on either
    end: the drawing takes the one that makes it larger.
    """
    side, inset = triad_square(width, height)
    across, down = legend
    return [
        (max(across, side + inset), top, 0.0, 0.0),
        (0.0, max(top, down), 0.0, side + inset),
    ]


def axis_letters(camera: Camera, scene: Scene, width: int, height: int) -> list[tuple[str, float, float]]:
    """Letter and place in pixels of the three axes of the triad, nearest last."""
    side, inset = triad_square(width, height)
    tips = 1.16 * scene.axes @ camera.rotation.T
    place = tips[:, :2] * side / (2 * TRIAD_HALF_HEIGHT)
    middle = np.array([inset + side / 2, height - inset - side / 2])
    order = np.argsort(tips[:, 2])
    return [("abc"[k], float(middle[0] + place[k, 0]), float(middle[1] - place[k, 1])) for k in order]


def draw_axis_letters(
    painter: QPainter, camera: Camera, scene: Scene, width: int, height: int, font: QFont, dark: bool
) -> None:
    """a, b and c at the tips of the triad, in the axes' colours."""
    font = QFont(font)
    font.setItalic(True)
    font.setBold(True)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    for letter, x, y in axis_letters(camera, scene, width, height):
        painter.setPen(QColor.fromRgbF(*colours.axis_colour("abc".index(letter), dark)))
        painter.drawText(QPointF(x - metrics.horizontalAdvance(letter) / 2, y + metrics.xHeight() / 2), letter)


def _font_of(width: int, height: int) -> QFont:
    """What a picture is lettered in."""
    font = QFont()
    font.setPixelSize(max(9, round(min(width, height) / 38)))
    return font


def annotated(width: int, height: int, entries: list[LegendEntry]) -> tuple[float, float]:
    """Right and lower border of the legend that ``annotate`` draws onto a picture, pixels."""
    font = _font_of(width, height)
    across, down = legend_size(entries, font)
    return (across + 1.5 * font.pixelSize(), down + 1.5 * font.pixelSize()) if entries else (0.0, 0.0)


def annotate(image: QImage, camera: Camera, scene: Scene, entries: list[LegendEntry], dark: bool) -> None:
    """Draw legend and axis letters onto a rendered picture, in a size that suits it."""
    width, height = image.width(), image.height()
    font = _font_of(width, height)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_axis_letters(painter, camera, scene, width, height, font, dark)
    edge = float(font.pixelSize())
    draw_legend(painter, QPointF(edge, edge), entries, font, QColor(ink(dark)))
    painter.end()


def image_of(pixels: NDArray[np.uint8]) -> QImage:
    """A picture (height, width, 4) RGBA as Qt's own image."""
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def ink(dark: bool) -> str:
    """Colour of text over the drawing."""
    return "#e7ebf2" if dark else "#17202c"


class AxisLetters(QWidget):
    """The letters over the triad on the screen."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._shown: tuple[Camera, Scene, bool] | None = None

    def set_view(self, camera: Camera, scene: Scene | None, dark: bool) -> None:
        self._shown = None if scene is None else (camera, scene, dark)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._shown is not None:
            camera, scene, dark = self._shown
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_axis_letters(painter, camera, scene, self.width(), self.height(), self.font(), dark)
            painter.end()


class EmptyState(QWidget):
    """Says what to do when there is nothing to show."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.heading = QLabel("No structure to show")
        self.advice = QLabel("Select a candidate in the table to see it here.")
        font = self.heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.heading.setFont(font)
        column = QVBoxLayout(self)
        column.addStretch()
        for line in (self.heading, self.advice):
            line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            line.setWordWrap(True)
            line.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
            column.addWidget(line)
        column.addStretch()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
