"""One application for all window tests, settings of their own, and no thread or child process left behind."""

from __future__ import annotations

import gc
import multiprocessing
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from PySide6.QtCore import QSettings, QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crystal_studio.app import application, files, garbage, theme
from crystal_studio.app.background import Background
from crystal_studio.app.settings import WindowState

# How long an example takes says how busy the machine is, not whether the window is right.
settings.register_profile("window", deadline=None)
settings.load_profile("window")

# Projects made for these tests, and the stand-in generator of the campaign tests,
# which the campaign's own process must find too.
_HERE = Path(__file__).resolve().parent
for folder in (_HERE, _HERE.parent / "campaign"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


@pytest.fixture(scope="session")
def qapp(tmp_path_factory: pytest.TempPathFactory) -> QApplication:
    """The application as the program sets it up, with settings in a folder of the tests."""
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    folder = str(tmp_path_factory.mktemp("settings"))
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
    return application.create_application()


@pytest.fixture
def qtbot(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> QtBot:
    """Waits for a state for a minute at least: how long it takes says how busy the machine is."""
    for name in ("waitUntil", "waitSignal", "waitActive", "waitExposed"):
        wait = getattr(qtbot, name)

        def patiently(*asked: Any, wait: Any = wait, timeout: int = 0, **more: Any) -> Any:
            return wait(*asked, timeout=max(timeout, 60_000), **more)

        monkeypatch.setattr(qtbot, name, patiently)
    return qtbot


@pytest.fixture
def state(tmp_path: Path) -> WindowState:
    """Window state that nobody else sees."""
    return WindowState(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))


@pytest.fixture(autouse=True)
def _light_theme(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every window test starts with the light theme and ends without threads or child processes."""
    if "qapp" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("qapp")
    theme.manager().set_scheme("light")
    with garbage.collected_here():
        yield
    threads = [t for w in QApplication.topLevelWidgets() for t in w.findChildren(QThread)]
    running = [t for t in threads if t.isRunning()]
    assert not running, f"threads left running: {running}"
    assert not multiprocessing.active_children(), "child processes left running"
    # What a test leaves is destroyed in this thread, before one that has no window begins threads of its own.
    gc.collect()


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A project with a finished campaign."""
    import projects

    return projects.make(tmp_path_factory.mktemp("window") / "finished.crystals", 120)


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copyfile(finished, tmp_path / "work.crystals"))


@pytest.fixture
def reader(project):
    """The project, or that of the test's own module, opened."""
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(project) as opened:
        yield opened


@pytest.fixture
def background():
    """Threads that end with the test."""
    made = Background()
    yield made
    made.close()


@pytest.fixture
def window(qapp, qtbot, state, tmp_path, monkeypatch):
    """The main window with a stand-in generator, once it knows its models."""
    import campaign_fakes
    import stage_fakes

    from crystal_studio.app.main_window import MainWindow

    monkeypatch.setattr(files, "projects_folder", lambda: tmp_path / "projects")
    parts = campaign_fakes.parts(*stage_fakes.FUNNEL, delay=0.02)
    made = MainWindow(state, parts=parts, probe_devices=False)
    qtbot.addWidget(made)
    made.resize(1300, 850)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: not made.background.busy("catalogue"), timeout=60_000)
    yield made
    made.close()
