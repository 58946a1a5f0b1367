"""The one place where errors, warnings and news come together, from whatever thread they come.

Everything travels as a log record: exceptions nobody caught (in any thread),
Python's warnings, what libraries log, what a campaign says. The record goes to
the log file, and as a ``Notice`` to the window.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import traceback
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Qt, Signal, Slot

log = logging.getLogger("crystal_studio.app")

MOST = 500
"""Notices that are kept; the oldest go first."""

_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"))
_FOR_PROGRAMMERS = ("DeprecationWarning", "FutureWarning", "ResourceWarning")  # kinds that no user can act on
_QUIET = "crystal_studio.app.qt"  # what Qt says of itself is for the log file


@dataclass(frozen=True)
class Notice:
    """``level`` is info, warning or error; ``shown`` that the user has been told in another way already."""

    level: str
    text: str
    details: str = ""
    when: float = 0.0
    times: int = 1
    shown: bool = False


class Notices(QObject):
    """What has been said, the oldest first. ``tell`` may be called in any thread; the signals come in the window's."""

    added = Signal(object)  # Notice
    changed = Signal()
    _news = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[Notice] = []
        self.unread = 0
        # Notices cross threads in a queue of Python's own, see ``run/supervisor.py``.
        self._inbox: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._news.connect(self._take, Qt.ConnectionType.AutoConnection)

    def tell(self, level: str, text: str, details: str = "", shown: bool = False) -> None:
        """Add a notice."""
        self._inbox.put(Notice(level, text.strip(), details, time.time(), shown=shown))
        self._news.emit()

    def all(self) -> tuple[Notice, ...]:
        """Every notice that is kept."""
        return tuple(self._all)

    def read(self) -> None:
        """The user has looked at them."""
        self.unread = 0
        self.changed.emit()

    def clear(self) -> None:
        """Forget them."""
        self._all.clear()
        self.read()

    @Slot()
    def _take(self) -> None:
        """One notice for each piece of news."""
        notice = self._inbox.get_nowait()
        same = next((n for n in reversed(self._all) if (n.level, n.text) == (notice.level, notice.text)), None)
        if same is not None:  # a warning in a loop is one notice, not a thousand
            self._all.remove(same)
            notice = replace(notice, times=same.times + 1)
        self._all.append(notice)
        del self._all[:-MOST]
        if notice.level != "info" and not notice.shown and same is None:
            self.unread += 1
        if same is None:
            self.added.emit(notice)
        self.changed.emit()


class _Handler(logging.Handler):
    """Passes warnings and errors of every logger on."""

    def __init__(self, notices: Notices) -> None:
        super().__init__(logging.WARNING)
        self._notices = notices

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(_QUIET) and record.levelno < logging.ERROR:
            return
        level = next(name for least, name in _LEVELS if record.levelno >= least)
        details = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
        text = record.getMessage()
        if record.name == "py.warnings":
            kind, text, details = _warning(text)
            if kind.endswith(_FOR_PROGRAMMERS):
                return
        try:
            self._notices.tell(level, text, details, bool(getattr(record, "shown", False)))
        except RuntimeError:
            return  # the window has gone


def _warning(text: str) -> tuple[str, str, str]:
    """Kind, message and the whole of a warning that reads "file.py:12: UserWarning: what it says"."""
    first = text.splitlines()[0] if text else ""
    parts = first.split(": ", 2)
    return (parts[1], parts[2], text) if len(parts) == 3 else ("", first, text)


_centre: Notices | None = None


def centre() -> Notices:
    """The notices of this process; first asked for in the window's thread."""
    global _centre
    if _centre is None:
        _centre = Notices()
    return _centre


def install() -> None:
    """Take warnings, log records and the exceptions that end a thread, from now on."""
    logging.captureWarnings(True)
    logging.getLogger().addHandler(_Handler(centre()))
    threading.excepthook = _thread_died


def record(error: BaseException, text: str, known: bool, shown: bool) -> None:
    """Log an error; ``known`` ones are no mistakes of the program, ``shown`` ones stand in a dialog."""
    extra = {"shown": shown}
    if known:
        log.warning("%s", text, extra=extra)
    else:
        log.error("%s", text, exc_info=error, extra=extra)


def _thread_died(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        name = args.thread.name if args.thread is not None else "a thread"
        text = f"{type(args.exc_value).__name__} in {name}: {args.exc_value}"
        record(args.exc_value, text, known=False, shown=False)
