"""What happens when something goes wrong: one sentence with a remedy, or a report with the log."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO

import platformdirs
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from crystal_studio.app import notices
from crystal_studio.errors import KnownError

log = logging.getLogger("crystal_studio.app")
_fault_file: IO[str] | None = None

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def log_folder() -> Path:
    """Where the log and the record of crashes lie."""
    return Path(platformdirs.user_log_dir("Crystal Studio", False))


def install() -> None:
    """Take every uncaught exception, Qt's messages and hard crashes of the window."""
    folder = log_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / "window.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8"
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.getLogger().addHandler(handler)
        global _fault_file
        _fault_file = (folder / "crash.log").open("a", encoding="utf-8")
        faulthandler.enable(_fault_file)
    except OSError as error:
        faulthandler.enable()
        log.warning("no log file: %s", error)
    notices.install()
    install_message_handler()
    sys.excepthook = _uncaught


def install_message_handler() -> None:
    """Send Qt's messages to the log; call again after vispy was imported, which takes the handler."""
    qInstallMessageHandler(_qt_message)


def _qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    logging.getLogger("crystal_studio.app.qt").log(_LEVELS.get(kind, logging.INFO), text)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    show(error.with_traceback(trace))


def sentence(error: BaseException) -> str:
    """What to tell of an error in one line."""
    return str(error) if isinstance(error, KnownError) else f"{type(error).__name__}: {error}"


def show(error: BaseException, parent: QWidget | None = None) -> QMessageBox | None:
    """Tell of an error without stopping the event loop: a sentence for a KnownError, else a report."""
    details = "".join(traceback.format_exception(error))
    known = isinstance(error, KnownError)
    notices.record(error, sentence(error), known, shown=QApplication.instance() is not None)
    if QApplication.instance() is None:
        sys.stderr.write(details)
        return None
    box = QMessageBox(parent or QApplication.activeWindow())
    box.setWindowTitle("Crystal Studio")
    if known:
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(str(error))
    else:
        box.setIcon(QMessageBox.Icon.Critical)
        box.setText("Something went wrong inside the program. Your project file is safe.")
        box.setInformativeText(
            f"{type(error).__name__}: {error}\n\nThe log is in {log_folder()}. Details can be copied below."
        )
        box.setDetailedText(details)
    box.setModal(False)
    box.open()
    return box
