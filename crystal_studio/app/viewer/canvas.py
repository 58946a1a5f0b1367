"""The OpenGL widget: mouse and keys move the camera, clicks choose atoms. Knows nothing of toolbars."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QSurfaceFormat, QWheelEvent
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget

from crystal_studio.app.viewer.camera import Camera, direction_of, framed, looking_along, standard_rotation
from crystal_studio.app.viewer.measure import pick
from crystal_studio.app.viewer.overlay import image_of
from crystal_studio.app.viewer.renderer import Renderer
from crystal_studio.app.viewer.scene import Scene

_TURN_PER_PIXEL = 0.008  # radians
_KEY_TURN = np.radians(10.0)
_MOST_CHOSEN = 4
_SETTLE_MS = 140  # after the last movement the picture is drawn again, finer
_FAST = 0.020  # seconds: a picture drawn quicker than this can be fine while it moves


class Canvas(QOpenGLWidget):
    """Shows a ``Scene``; ``camera_changed``, ``hovered`` (row or None) and ``chosen_changed`` tell what happens."""

    camera_changed = Signal()
    hovered = Signal(object)
    chosen_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        wanted = QSurfaceFormat(QSurfaceFormat.defaultFormat())
        wanted.setDepthBufferSize(24)
        wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CompatibilityProfile)
        self.setFormat(wanted)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(QSize(160, 120))
        self.camera = Camera()
        self.scene: Scene | None = None
        self.chosen: list[int] = []
        self._dark = False
        self._accent = "#2456c5"
        self._renderer: Renderer | None = None
        self._stale = True  # the arrays on the graphics card are not those of the scene
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._moved = False
        self._moving = False
        self._quick = False
        self._margins: list[tuple[float, float, float, float]] = []
        self._fitted = True  # until the user zooms or shifts, a new size frames the structure again
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._settled)

    # what is shown

    def set_scene(self, scene: Scene | None, keep_camera: bool = False) -> None:
        """Show another scene; without ``keep_camera`` it is framed in the standard view."""
        self.scene, self.chosen, self._stale = scene, [], True
        self.chosen_changed.emit()
        if scene is not None and not keep_camera:
            self.reset()
        elif scene is not None and self._fitted:
            self.frame()
        self.update()

    def set_look(self, dark: bool, accent: str) -> None:
        """Colours of ground, rings and axes."""
        self._dark, self._accent, self._stale = dark, accent, True
        self.update()

    def choose(self, rows: list[int]) -> None:
        """Put rings around drawn atoms."""
        self.chosen, self._stale = rows, True
        self.chosen_changed.emit()
        self.update()

    # camera

    def reset(self) -> None:
        """Standard view, framed."""
        if self.scene is not None:
            self.camera = self.camera.with_(rotation=standard_rotation(self.scene.lattice))
            self.frame()

    def frame(self) -> None:
        """Fit the drawing into the view without turning it."""
        if self.scene is None:
            return
        points = np.concatenate([self.scene.positions, self.scene.corners])
        radii = np.concatenate([self.scene.radii, np.zeros(8)])
        self._fitted = True
        self._move(framed(self.camera, points, radii, self.width(), self.height(), self._margins))

    def keep_clear(self, margins: list[tuple[float, float, float, float]]) -> None:
        """Choices of margins (left, top, right, bottom; pixels) that a framed structure leaves free."""
        if margins != self._margins:
            self._margins = margins
            if self._fitted:
                self.frame()

    def look_along(self, name: str) -> None:
        """View down "a", "b", "c", "a*", "b*" or "c*"."""
        if self.scene is not None:
            direction, up = direction_of(name, self.scene.lattice)
            self.camera = self.camera.with_(rotation=looking_along(direction, up))
            self.frame()

    def set_perspective(self, on: bool) -> None:
        """Perspective or parallel projection."""
        self._move(self.camera.with_(perspective=on))

    def zoom(self, factor: float) -> None:
        """Larger than 1 comes nearer."""
        self._fitted = False
        self._move(self.camera.zoomed(factor))

    def turn(self, right: float, up: float, roll: float = 0.0) -> None:
        """Turn by radians."""
        self._move(self.camera.turned(right, up, roll))

    def shift(self, right: float, up: float) -> None:
        """Move on the screen by fractions of half its height."""
        self._fitted = False
        self._move(self.camera.shifted(right, up))

    def _move(self, camera: Camera) -> None:
        self.camera = camera
        self._moving = True
        self._settle.start()
        self.camera_changed.emit()
        self.update()

    def _settled(self) -> None:
        self._moving = False
        self.update()

    # pictures

    def render_image(self, width: int, height: int, transparent: bool) -> QImage:
        """The present view at another size; the camera keeps what is in sight."""
        self.makeCurrent()
        try:
            renderer = self._ready()
            camera = self.camera
            aspect, own = width / height, self.width() / max(self.height(), 1)
            if aspect < own:
                camera = camera.with_(half_height=camera.half_height * own / aspect)
            pixels = renderer.picture(camera, width, height, transparent, 3 if width * height < 1_000_000 else 2)
        finally:
            self.doneCurrent()
        return image_of(pixels)

    def at(self, point: QPointF) -> int | None:
        """Row of the drawn atom under a point of the widget."""
        if self.scene is None:
            return None
        return pick(self.scene, *self.camera.ray(point.x(), point.y(), self.width(), self.height()))

    # OpenGL

    def initializeGL(self) -> None:
        # Called again with a fresh context when a dock floats: everything on the card is made anew.
        self._renderer, self._stale = None, True

    def resizeGL(self, width: int, height: int) -> None:
        if self._fitted:
            self.frame()
        else:
            self.camera_changed.emit()

    def paintGL(self) -> None:
        renderer = self._ready()
        ratio = self.devicePixelRatioF()
        fine = not self._moving or self._quick
        started = time.perf_counter()
        renderer.draw(
            self.camera,
            round(self.width() * ratio),
            round(self.height() * ratio),
            self.defaultFramebufferObject(),
            2 if fine else 1,
        )
        if fine:
            self._quick = time.perf_counter() - started < _FAST

    def _ready(self) -> Renderer:
        if self._renderer is None:
            self._renderer = Renderer()
        if self._stale:
            self._renderer.set_scene(self.scene, self._dark, tuple(self.chosen), self._accent)
            self._stale = False
        return self._renderer

    # mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = self._last = event.position()
        self._moved = False
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.position()
        if self._pressed is None:
            self.hovered.emit(self.at(here))
            return
        step = here - self._last
        if not self._moved and (here - self._pressed).manhattanLength() < 4:
            return
        self._moved, self._last = True, here
        self._drag(event, step, here)

    def _drag(self, event: QMouseEvent, step: QPointF, here: QPointF) -> None:
        held, keys = event.buttons(), event.modifiers()
        if (
            held & (Qt.MouseButton.RightButton | Qt.MouseButton.MiddleButton)
            or keys & Qt.KeyboardModifier.ShiftModifier
        ):
            self.shift(2 * step.x() / self.height(), -2 * step.y() / self.height())
        elif keys & Qt.KeyboardModifier.ControlModifier:
            before, after = here - step - self._middle(), here - self._middle()
            self.turn(0, 0, np.arctan2(before.y(), before.x()) - np.arctan2(after.y(), after.x()))
        else:
            self.turn(step.x() * _TURN_PER_PIXEL, -step.y() * _TURN_PER_PIXEL)

    def _middle(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and not self._moved and event.button() == Qt.MouseButton.LeftButton:
            self._click(self.at(event.position()))
        if not event.buttons():
            self._pressed = None

    def _click(self, row: int | None) -> None:
        """Choosing is toggling: a click on an atom adds or removes it, beside all of them clears."""
        if row is None:
            self.choose([])
        elif row in self.chosen:
            self.choose([r for r in self.chosen if r != row])
        else:
            self.choose([*self.chosen, row] if len(self.chosen) < _MOST_CHOSEN else [row])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.at(event.position()) is None:
            self.reset()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(1.0015 ** event.angleDelta().y())
        event.accept()

    def leaveEvent(self, event: object) -> None:
        self.hovered.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = np.radians(2.0) if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _KEY_TURN
        arrows = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }
        key = Qt.Key(event.key())
        if key in arrows:
            right, up = arrows[key]
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.shift(0.1 * right, 0.1 * up)
            else:
                self.turn(step * right, step * up)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.15)
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self.zoom(1 / 1.15)
        elif key in (Qt.Key.Key_Comma, Qt.Key.Key_Period):
            self.turn(0, 0, step if key == Qt.Key.Key_Comma else -step)
        elif key == Qt.Key.Key_Escape and self.chosen:
            self.choose([])
        else:
            super().keyPressEvent(event)
