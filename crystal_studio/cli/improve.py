"""``crystal-studio improve``: rounds of generating, relaxing, checking and training on what was found."""

from __future__ import annotations

import argparse
import threading
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import common, improve_table, run_campaign
from crystal_studio.errors import KnownError, RequestError

if TYPE_CHECKING:
    from crystal_studio.campaign.improving.events import RoundProgress
    from crystal_studio.campaign.improving.plan import ImprovePlan
    from crystal_studio.campaign.improving.rounds import Told

SUMMARY = "make a model better at a request: rounds of generating, relaxing, and training on what was found"
EXAMPLE = """crystal-studio improve battery.crystals --chemsys Li-Mn-O --target e_above_hull=0:0 --rounds 3 --minutes 5
  crystal-studio improve battery.crystals --resume"""


def arguments(parser: argparse.ArgumentParser) -> None:
    from crystal_studio.campaign.improving.plan import ImproveOptions
    from crystal_studio.cli import declared_arguments, request_arguments
    from crystal_studio.design.forms import form

    common.project_argument(parser)
    request_arguments.add(parser)
    group = parser.add_argument_group("how the model is improved")
    for field in form(ImproveOptions):
        declared_arguments.add_field(group, field.flag, f"improve_{field.name}", field)
    group.add_argument(
        "--data", metavar="FILE", help="base data that is shown again, so that nothing is forgotten: parquet, CSV with "
        "CIFs, extxyz, ASE db or a folder of CIFs (default: samples of the first model)",
    )  # fmt: skip
    group.add_argument(
        "--first", type=int, default=0, metavar="ID", help="a campaign of the project that serves as round 0"
    )
    group.add_argument("--resume", action="store_true", help="carry the last improvement of the project on")
    run_campaign.arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign.improving import improve, starting

    number = starting.last(args.project).improvement if args.resume else starting.start(args.project, _plan(args))
    cancel, pause = threading.Event(), threading.Event()
    printer = Printer()
    with run_campaign.interruptible(cancel, pause, args.max_minutes):
        ended = improve.run(args.project, number, printer, cancel, pause, workers=args.workers, engine=args.engine)
    printer.end_line()
    if ended.state == "failed" or (ended.state == "paused" and not pause.is_set()):
        raise KnownError(ended.text)
    document = improve_table.document(args.project, number)
    document |= {"state": ended.state, "summary": ended.text, "warnings": printer.warnings}
    if ended.state == "paused":
        document["resume"] = f"crystal-studio improve {args.project} --resume"
        common.log(f"Paused; carry on with: {document['resume']}")
    return document


def _plan(args: argparse.Namespace) -> ImprovePlan:
    from crystal_studio.campaign.improving.plan import ImproveOptions
    from crystal_studio.campaign.improving.starting import plan_of
    from crystal_studio.cli import request_arguments
    from crystal_studio.design.forms import form

    given = {field.name: getattr(args, f"improve_{field.name}") for field in form(ImproveOptions)}
    options = ImproveOptions(**{name: value for name, value in given.items() if value is not None})
    request = request_arguments.request(args)
    if request.funnel == "none":
        raise RequestError("Nothing is learnt from what nobody judges: choose the funnel quick or full.", "funnel")
    return plan_of(request, options, args.data or "", args.first)


class Printer(run_campaign.Printer):
    """Events of an improvement and of its campaigns."""

    def __call__(self, event: Told) -> None:
        from crystal_studio.campaign.events import Message
        from crystal_studio.campaign.improving.events import RoundProgress

        if isinstance(event, RoundProgress):
            self.live(line(event))
        elif isinstance(event, Message):
            super().__call__(event)


def line(event: RoundProgress) -> str:
    """Like "Round 1 of 3, training: 40%, 12 min left"."""
    left = f", {run_campaign.duration(event.seconds_left)} left in all" if event.seconds_left >= 0 else ""
    phase = event.phase[:1].lower() + event.phase[1:]
    return f"Round {event.number} of {event.rounds}, {phase}: {event.fraction:.0%}{left}"


text = improve_table.text
