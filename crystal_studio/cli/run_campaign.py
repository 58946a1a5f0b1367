"""Runs campaigns in this process, tells how they go on standard error, and pauses them on Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import campaign_document, common
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.campaign.events import Event, Progress

LINE_EVERY = 10.0
"""Seconds between two progress lines where standard error is no terminal."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """How long a campaign works, and where."""
    common.worker_argument(parser)
    parser.add_argument(
        "--engine",
        default="local",
        metavar="ENGINE",
        help="where candidates are made and judged: local (default), or a cluster by its scheduler's address (tcp://host:8786,"
        " tls://host:8786) or its name (slurm:NAME)",
    )
    parser.add_argument(
        "--max-minutes", type=float, default=0.0, metavar="M", help="pause after so long (default: no limit)"
    )


def run(args: argparse.Namespace, campaign_id: int) -> dict[str, Any]:
    """Run one campaign to its end, until Ctrl-C or until its time is over; the document of what it holds."""
    from crystal_studio.campaign import runner

    project = args.project
    cancel, pause = threading.Event(), threading.Event()
    printer = Printer()
    with interruptible(cancel, pause, args.max_minutes):
        finished = runner.run(project, campaign_id, printer, cancel, pause, workers=args.workers, engine=args.engine)
    printer.end_line()
    if finished.state == "failed" or (finished.state == "paused" and not pause.is_set()):
        raise KnownError(finished.text)
    document = campaign_document.summary(project, campaign_id) | {"warnings": printer.warnings}
    if finished.state == "paused":
        document["resume"] = f"crystal-studio resume {project}"
        common.log(f"Paused; carry on with: {document['resume']}")
    return document


class Printer:
    """Events as lines on standard error; in a terminal the progress stays on one line."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._last = 0.0
        self._open = False
        self.warnings: list[str] = []

    def __call__(self, event: Event) -> None:
        from crystal_studio.campaign.events import Message, Progress

        if isinstance(event, Message):
            self.end_line()
            if event.level == "warning":
                self.warnings.append(event.text)
            common.log(event.text if event.level == "info" else f"{event.level}: {event.text}")
        elif isinstance(event, Progress):
            self.live(line(event))

    def live(self, text: str) -> None:
        """A line on how far it is, not too often."""
        if time.monotonic() - self._last < (0.2 if self._live else LINE_EVERY):
            return
        self._last = time.monotonic()
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()
            self._open = True
        else:
            common.log(text)

    def end_line(self) -> None:
        """Leave the live line standing and go on below it."""
        if self._open:
            sys.stderr.write("\n")
            self._open = False


def line(progress: Progress) -> str:
    """Like "61% Relaxation: 131 of 256 judged, 0.8/s, 2 min left"; "over 2 min" where that is a bound."""
    over = "over " if progress.left_at_least else ""
    left = f", {over}{duration(progress.seconds_left)} left" if progress.seconds_left >= 0 else ""
    made, asked, judged = progress.generated, progress.requested, progress.finished
    done = f"{made} of {asked} generated, {judged} judged" if made < asked else f"{judged} of {asked} judged"
    return f"{progress.fraction:4.0%} {progress.phase}: {done}, {progress.rate:.2g}/s{left}"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def interruptible(cancel: threading.Event, pause: threading.Event, minutes: float) -> Iterator[None]:
    """Ctrl-C, a polite kill or the end of the time pause the campaign; a second Ctrl-C ends the program at once."""

    def put_down() -> None:
        pause.set()
        cancel.set()

    def on_signal(number: int, frame: object) -> None:
        if cancel.is_set():
            os._exit(130)
        common.log("\nPausing (once more to leave at once) ...")
        put_down()

    signals: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(s, on_signal) for s in signals]
    timer = threading.Timer(minutes * 60, put_down) if minutes else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer:
            timer.cancel()
        for s, handler in zip(signals, before, strict=True):
            signal.signal(s, handler)
