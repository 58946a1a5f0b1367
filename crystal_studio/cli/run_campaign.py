"""Runs campaigns in this process, tells how they go on standard error, and pauses them on Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import common
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.campaign.events import Event, Progress

STATUSES = {
    "passed": "passed",
    "rejected": "rejected",
    "error": "could not be judged (resume tries them again)",
    "waiting": "waiting for an answer",
    "pending": "pending",
    "unjudged": "not judged",
}
"""Every status of a candidate, and how it is said."""

LINE_EVERY = 10.0
"""Seconds between two progress lines where standard error is no terminal."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """How long a campaign works, and where."""
    common.worker_argument(parser)
    parser.add_argument(
        "--engine",
        default="local",
        metavar="ENGINE",
        help="where costly stages work: local (default), or a cluster by its scheduler's address (tcp://host:8786,"
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
    with _interruptible(cancel, pause, args.max_minutes):
        finished = runner.run(project, campaign_id, printer, cancel, pause, workers=args.workers, engine=args.engine)
    printer.end_line()
    if finished.state == "failed":
        raise KnownError(finished.text)
    document = summary(project, campaign_id) | {"warnings": printer.warnings}
    if finished.state == "paused":
        document["resume"] = f"crystal-studio resume {project}"
        common.log(f"Paused; carry on with: {document['resume']}")
    return document


def summary(project: str, campaign_id: int) -> dict[str, Any]:
    """What a campaign holds: state, counts by stage, rates, candidate ids."""
    from crystal_studio.candidates.verdicts import ERROR, WAITING
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(project) as reader:
        row = reader.campaign(campaign_id)
        if row.kind == "judge":
            ids = [int(i) for i in row.request["ids"]]
        else:
            ids = reader.ids(f"campaign_id == {campaign_id}").tolist()
        statuses = {candidate.id: candidate.status for candidate in reader.by_ids(ids)}
        counts = Counter(statuses.values())
        funnel = reader.funnel(campaign_id)
    return {
        "project": project,
        "campaign_id": campaign_id,
        "name": row.name,
        "kind": row.kind,
        "state": row.state,
        "requested": row.requested,
        "generated": len(ids),
        **{status: counts[status] for status in STATUSES},
        "seconds": round(row.seconds, 3),
        "candidates_per_second": round(len(ids) / row.seconds, 4) if row.seconds else 0.0,
        "stages": [
            {
                "stage": found.stage,
                "entered": found.entered,
                "passed": found.passed,
                "failed": found.rejected,
                "error": found.error,
                "waiting": found.waiting,
                "reasons": {code: n for code, n in found.reasons.items() if code not in (ERROR, WAITING)},
            }
            for found in funnel
        ],
        "candidate_ids": ids,
        "passed_ids": [i for i in ids if statuses.get(i) == "passed"],
        "request": dict(row.request),
        "provenance": dict(row.provenance),
    }


def text(document: dict[str, Any]) -> str:
    """The same for people."""
    from crystal_studio.funnel import reasons

    judged = document["kind"] == "judge"
    made = "candidates" if judged else f"of {document['requested']} generated"
    told = [f"{document['generated']} {made}"]
    told += [f"{document[status]} {said}" for status, said in STATUSES.items() if document[status]]
    lines = [
        f"Campaign {document['campaign_id']} ({document['name']}): {document['state']} after "
        f"{document['seconds']:.1f} s; {', '.join(told)}"
    ]
    if document["stages"]:
        columns = [name for name in ("error", "waiting") if any(stage[name] for stage in document["stages"])]
        rows = [stage | {"stage": reasons.stage_title(stage["stage"])} for stage in document["stages"]]
        lines.append(common.table(rows, ("stage", "entered", "passed", "failed", *columns)))
    for stage in document["stages"]:
        lines += [
            f"  {reasons.stage_title(stage['stage'])}: {count} x {reasons.title(stage['stage'], code)}"
            for code, count in stage["reasons"].items()
        ]
    return "\n".join(lines)


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
        elif isinstance(event, Progress) and time.monotonic() - self._last >= (0.2 if self._live else LINE_EVERY):
            self._last = time.monotonic()
            if self._live:
                sys.stderr.write(f"\r\x1b[2K{line(event)}")
                sys.stderr.flush()
                self._open = True
            else:
                common.log(line(event))

    def end_line(self) -> None:
        """Leave the live line standing and go on below it."""
        if self._open:
            sys.stderr.write("\n")
            self._open = False


def line(progress: Progress) -> str:
    """Like "61% Relaxation: 256/256 generated, 131 judged, 0.8/s, 2 min left"."""
    left = f", {duration(progress.seconds_left)} left" if progress.seconds_left >= 0 else ""
    return (
        f"{progress.fraction:4.0%} {progress.phase}: {progress.generated}/{progress.requested} generated, "
        f"{progress.finished} judged, {progress.rate:.2g}/s{left}"
    )


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def _interruptible(cancel: threading.Event, pause: threading.Event, minutes: float) -> Iterator[None]:
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
