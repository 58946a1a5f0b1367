"""What the tests of the main window do with it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QApplication, QMessageBox

from crystal_studio.app.main_window import MainWindow

LONG = 60_000


def opened(window: MainWindow, path: Path, qtbot) -> MainWindow:
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.projects.open(path)
    qtbot.waitUntil(lambda: not window.background.busy(), timeout=LONG)
    return window


def dialog_text(qtbot) -> str:
    """The text of the message box that is or comes up; closes it."""

    def boxes() -> list[QMessageBox]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible()]

    qtbot.waitUntil(lambda: bool(boxes()), timeout=LONG)
    text = boxes()[0].text()
    boxes()[0].close()
    return text
