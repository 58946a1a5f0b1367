"""A project of four candidates: three relaxed, two of them by two potentials, three with a prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.project.store import ProjectWriter

LEARNED = Method("head", "learned", "Head")
CHGNET, SEVENNET = Method("chgnet", "potential", "CHGNet"), Method("sevennet", "potential", "SevenNet")


def make(path: Path) -> Path:
    """Write it."""
    cells = Structures.from_lists([4 * np.eye(3)] * 4, [[11, 17]] * 4, [[[0, 0, 0], [0.5, 0.5, 0.5]]] * 4)
    nan = np.nan
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("first", {"funnel": "quick"}, {}, 4)
        writer.add_candidates(campaign, np.arange(4), Candidates(cells, np.zeros(4, np.int16)))
        ids = [1, 2, 3, 4]

        def say(stage: str, *found: Finding) -> None:
            writer.record(campaign, stage, ids, rejecting([None] * 4, found))

        def e_hull(method: Method, values: list[float], spreads: list[float] | None = None) -> Finding:
            return Finding("e_hull", method, np.array(values), None if spreads is None else np.array(spreads))

        sure = Finding("in_domain", LEARNED, np.array([1.0, 0.0, nan, 1.0]))
        say("properties", e_hull(LEARNED, [0.1, 0.3, nan, 0.2], [0.05, 0.1, nan, 0.1]), sure)
        say("stability", e_hull(CHGNET, [0.0, 0.05, 0.4, nan]))
        say("consensus", e_hull(SEVENNET, [0.02, 0.2, nan, nan]))
    return path
