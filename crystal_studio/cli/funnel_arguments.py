"""Which stages judge, on the command line: a funnel by its name or file, and stages with their options."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crystal_studio.design.funnel import Asked


def add_stages(group: Any) -> None:
    """``--stage``: alone, the stages that judge, in order; with a funnel, what is changed of it or added."""
    group.add_argument(
        "--stage",
        action="append",
        metavar="NAME[:OPTION=VALUE,...]",
        help="a single stage, with rejects=no only marking (repeat for several, in order; with --funnel: set in that"
        " funnel, or added to it); see crystal-studio funnels --stages",
    )


def read(args: argparse.Namespace) -> Asked:
    """What ``--funnel`` and ``--stage`` say, the quick funnel where they say nothing; raises ``KnownError``."""
    from crystal_studio.design.funnel import Funnel
    from crystal_studio.funnel import presets, stage_words, stages

    chosen = [stage_words.parse(word) for word in args.stage or ()]
    if not chosen:
        return presets.find(args.funnel or "quick")
    if not args.funnel:
        return Funnel(stages=tuple(chosen))
    whole = stages.expand(presets.find(args.funnel))
    changed = {stage.stage: stage for stage in whole.stages}
    for stage in chosen:
        changed = stages.added(changed, stage)
    return Funnel(stages=tuple(changed.values()))
