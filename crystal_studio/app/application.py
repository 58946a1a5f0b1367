"""Starting the window program."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

import crystal_studio
from crystal_studio.app import faults, garbage, theme
from crystal_studio.app.background import left_running
from crystal_studio.app.settings import WindowState
from crystal_studio.execution.threads import one_thread

ORGANISATION = "Crystal Studio"
NAME = "Crystal Studio"


def create_application(arguments: Sequence[str] = ()) -> QApplication:
    """The QApplication of this process, made once and set up: names, style, theme, handling of errors."""
    found = QApplication.instance()
    if isinstance(found, QApplication):
        return found
    one_thread()
    # A 3D canvas that moves between docks keeps its pictures only with shared contexts.
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    QCoreApplication.setOrganizationName(ORGANISATION)
    QCoreApplication.setApplicationName(NAME)
    QCoreApplication.setApplicationVersion(crystal_studio.__version__)
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(["crystal-studio", *arguments])
    application.setStyle("Fusion")
    theme.ThemeManager(application, WindowState().text("theme", "system"))
    return application


def run(paths: Sequence[str | Path] = (), example: bool = False) -> int:
    """Open the window (with a project, or with files to import) and run until it is closed.

    ``example`` opens the bundled example where no path is given. Returns the exit status.
    """
    application = create_application()
    faults.install()
    from crystal_studio.app.main_window import MainWindow

    gc.freeze()  # what is imported stays, and need not be looked at again
    with garbage.collected_here():
        window = MainWindow()
        window.show()
        files = [Path(p) for p in paths]
        if files:
            QTimer.singleShot(0, lambda: window.projects.open_paths(files))
        elif example:
            QTimer.singleShot(0, window.projects.open_example)
        status = application.exec()
    return _end(status)


def _end(status: int) -> int:
    """Leave at once: a thread or a process that is still ending must not hold the program, nor be torn down by Qt."""
    if left_running() or multiprocessing.active_children():
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
