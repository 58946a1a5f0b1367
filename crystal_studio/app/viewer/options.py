"""How structures are shown, as a model: the view and every control listen to it, none reads another."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from crystal_studio.app.viewer.scene import SceneOptions


class ViewOptions(QObject):
    """``changed`` carries the options before and after; ``projected`` whether the view is in perspective."""

    changed = Signal(object, object)
    projected = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scene = SceneOptions()
        self._perspective = True

    @property
    def scene(self) -> SceneOptions:
        """Style, colours, cells and bonds."""
        return self._scene

    @property
    def perspective(self) -> bool:
        """Perspective, or parallel projection."""
        return self._perspective

    def set(self, **changes: object) -> None:
        """Change some of the options of ``SceneOptions``; raises ``ValueError`` for impossible ones."""
        before, self._scene = self._scene, self._scene.with_(**changes)
        if self._scene != before:
            self.changed.emit(before, self._scene)

    def set_perspective(self, on: bool) -> None:
        """Perspective, or parallel projection."""
        if on != self._perspective:
            self._perspective = on
            self.projected.emit(on)
