"""Icons (``icon_paths``) drawn in the colours of the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from crystal_studio.app import theme
from crystal_studio.app.icon_paths import svg


def pixmap(name: str, colour: str, size: int) -> QPixmap:
    """The icon as pixels, ``size`` a side."""
    image = QPixmap(size, size)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(svg(name, colour))).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image


@lru_cache(maxsize=256)
def _icon(name: str, normal: str, disabled: str) -> QIcon:
    made = QIcon()
    for size in (16, 20, 24, 32, 48):
        made.addPixmap(pixmap(name, normal, size), QIcon.Mode.Normal)
        made.addPixmap(pixmap(name, disabled, size), QIcon.Mode.Disabled)
    return made


def icon(name: str, colour: str = "") -> QIcon:
    """An icon in the text colour of the theme, or in the colour given."""
    tokens = theme.tokens()
    return _icon(name, colour or tokens.text, tokens.faint)
