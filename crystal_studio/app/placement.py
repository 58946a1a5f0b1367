"""Where the window goes, on a screen that is there, no larger than what is free on it; and what can draw in it."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QRect
from PySide6.QtGui import QGuiApplication, QSurface
from PySide6.QtWidgets import QWidget

WIDTH, HEIGHT = 1600, 1000
FRAME = QMargins(2, 34, 2, 4)
"""Pixels that a window manager puts around a window, as a guess before the window is on screen."""


def first(free: QRect, frame: QMargins = FRAME) -> QRect:
    """The window's inside at the first start: 1600 x 1000 in the middle, or all that is free on a smaller screen."""
    room = free.marginsRemoved(frame)
    width, height = min(WIDTH, room.width()), min(HEIGHT, room.height())
    return QRect(room.left() + (room.width() - width) // 2, room.top() + (room.height() - height) // 2, width, height)


def fitted(window: QRect, screens: list[QRect], frame: QMargins = FRAME) -> QRect:
    """A remembered place made to fit the screens that are there now: the one it covers most, else the first."""
    if not screens:
        return window

    def shared(screen: QRect) -> int:
        part = screen.intersected(window)
        return part.width() * part.height() if part.isValid() else 0

    room = max(screens, key=shared).marginsRemoved(frame)
    width, height = min(window.width(), room.width()), min(window.height(), room.height())
    left = min(max(window.left(), room.left()), room.right() + 1 - width)
    top = min(max(window.top(), room.top()), room.bottom() + 1 - height)
    return QRect(left, top, width, height)


def for_opengl(window: QWidget) -> None:
    """Let OpenGL draw in a window from the start, before it is shown.

    Qt else takes the native window away and makes another when the 3D view is first looked at, and under X11 the whole
    window is black until everything in it is drawn anew.
    """
    window.winId()
    native = window.windowHandle()
    if QGuiApplication.platformName() == "xcb" and native.surfaceType() != QSurface.SurfaceType.OpenGLSurface:
        native.destroy()
        native.setSurfaceType(QSurface.SurfaceType.OpenGLSurface)
        native.create()


def place_first(window: QWidget) -> None:
    """Put a window where it goes at the first start."""
    window.setGeometry(first(QGuiApplication.primaryScreen().availableGeometry()))


def keep_on_screen(window: QWidget) -> None:
    """After its geometry was restored: move and shrink a window that would stand out of every screen."""
    if window.isMaximized() or window.isFullScreen():
        return
    place = fitted(window.geometry(), [s.availableGeometry() for s in QGuiApplication.screens()])
    if place != window.geometry():
        window.setGeometry(place)
