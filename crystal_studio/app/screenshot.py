"""A picture of the real main window with a project open."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from crystal_studio.app import application, garbage, theme
from crystal_studio.app.main_window import MainWindow
from crystal_studio.app.settings import WindowState
from crystal_studio.app.window_parts import PAGES
from crystal_studio.errors import FileError, KnownError

PATIENCE = 60.0
SETTLE_MS = 600


def take(
    project: Path | str | None,
    to: Path | str,
    size: tuple[int, int] = (1600, 1000),
    theme_name: str = "light",
    page: str = "explore",
) -> Path:
    """Write a PNG of the window, ``size`` in pixels; without a project, of the empty window.

    Nothing of the user's window state is read or written. Raises ``FileError``
    for a project that cannot be opened or a picture that cannot be written.
    """
    if page not in PAGES:
        raise KnownError(f"There is no page {page!r}: choose one of {', '.join(PAGES)}.")
    app = application.create_application()
    before = theme.manager().scheme
    theme.manager().set_scheme(theme_name)
    try:
        with tempfile.TemporaryDirectory(prefix="crystal-studio-") as folder, garbage.collected_here():
            settings = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
            _draw(app, WindowState(settings), project, Path(to), size, page)
            settings.sync()  # what is still to be written would make the folder anew
    finally:
        theme.manager().set_scheme(before)
    return Path(to)


def _draw(
    app: QApplication, state: WindowState, project: Path | str | None, to: Path, size: tuple[int, int], page: str
) -> None:
    window = MainWindow(state, probe_devices=False)
    problems: list[BaseException] = []
    window.session.failed.disconnect()
    window.session.failed.connect(problems.append)
    try:
        window.resize(*size)
        window.show()
        _wait(app, lambda: not window.background.busy("catalogue"))
        if project is not None:
            window.session.open(Path(project))
            _wait(app, lambda: window.session.reader is not None or bool(problems))
        if problems:
            raise problems[0]
        window.show_page(page)
        _wait(app, lambda: not window.background.busy())
        _spin(SETTLE_MS)
        _wait(app, lambda: not window.background.busy())
        to.parent.mkdir(parents=True, exist_ok=True)
        if not window.grab().save(str(to), "PNG"):
            raise FileError(f"The picture {to} cannot be written: choose another folder.")
    except OSError as error:
        raise FileError(f"The picture {to} cannot be written: {error.strerror}.") from error
    finally:
        window.close()
        window.deleteLater()
        _spin(0)


def _spin(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _wait(app: QApplication, ready: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not ready() and time.monotonic() < end:
        _spin(20)
