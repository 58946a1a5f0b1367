"""State of the window between two starts, in QSettings; nothing here changes what is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

RECENT_LIMIT = 10


class WindowState:
    """Typed access to the remembered state; every reader has a default."""

    def __init__(self, settings: QSettings | None = None) -> None:
        self._settings = settings or QSettings()

    def bytes(self, key: str) -> QByteArray:
        """A geometry, dock or splitter state; empty where none was kept."""
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def text(self, key: str, default: str = "") -> str:
        """A remembered word."""
        value = self._settings.value(key, default)
        return value if isinstance(value, str) else default

    def words(self, key: str) -> list[str]:
        """A remembered list of words."""
        value = self._settings.value(key)
        if isinstance(value, str):
            return [value]
        return [str(v) for v in value] if isinstance(value, list) else []

    def set(self, key: str, value: Any) -> None:
        """Remember a value."""
        self._settings.setValue(key, value)

    def sync(self) -> None:
        """Write to disk now."""
        self._settings.sync()

    def recent(self) -> list[Path]:
        """Projects opened before that still exist, the latest first."""
        return [p for p in map(Path, self.words("projects/recent")) if p.exists()]

    def add_recent(self, path: Path) -> None:
        """Put a project at the head of the recent ones."""
        path = path.resolve()
        rest = [p for p in self.recent() if p != path]
        self.set("projects/recent", [str(p) for p in [path, *rest][:RECENT_LIMIT]])

    def remember_running(self, project: Path | None) -> None:
        """Note which project a campaign runs in, so that the next start can offer to carry it on; None once it ends."""
        self.set("campaign/running", str(project.resolve()) if project else "")
        self.sync()

    def interrupted(self) -> Path | None:
        """The project whose campaign was running when the window went, if it still exists."""
        kept = self.text("campaign/running")
        return Path(kept) if kept and Path(kept).exists() else None
