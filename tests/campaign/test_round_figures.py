"""What is counted of one round."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crystal_studio.campaign.improving import figures
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

CHGNET, INDEX = Method("chgnet", "potential", "CHGNet"), Method("index", "reference")


def test_the_share_of_what_rests_on_weak_points_is_of_the_near_hull_candidates(tmp_path: Path) -> None:
    path = tmp_path / "weak.crystals"
    edges, metals = [4.446, 5.64, 5.64, 4.446], [25, 11, 11, 25]
    cells = Structures.from_lists(
        [(np.ones((3, 3)) - np.eye(3)) * a / 2 for a in edges],
        [[z, 8 if z == 25 else 17] for z in metals],
        [[[0, 0, 0], [0.5, 0.5, 0.5]]] * 4,
    )
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("round", {"funnel": "quick"}, {}, 4)
        writer.add_candidates(campaign, np.arange(4), Candidates(cells, np.zeros(4, np.int16)))
        ids, none = np.arange(1, 5), [None] * 4
        writer.record(campaign, "novelty", ids, rejecting(none, [Finding("novel", INDEX, np.ones(4))]))
        changed = Finding("volume_change", CHGNET, np.array([1.0, 1.0, 2.0, 2.0]))
        writer.record(campaign, "relaxation", ids, rejecting(none, [changed]))
        energies = Finding("e_hull", CHGNET, np.array([0.0, 0.05, 0.09, 0.3]))
        writer.record(campaign, "stability", ids, rejecting(none, [energies]), last=True)
    with ProjectReader(path) as reader:
        outcome = figures.read(reader, campaign, "chgnet", "")
        found = figures.counted(reader, outcome, 0.1, "chgnet")
        assert (found["weak"]["count"], found["weak"]["of"]) == (2, 3), "the fourth is far from the hull"
        assert found["weak_kinds"] == {"elements": 0, "volume": 1, "magnetic": 1, "van der Waals": 0}
        nothing = figures.counted(reader, outcome, -1.0, "chgnet")
        assert (nothing["weak"]["count"], nothing["weak"]["of"]) == (0, 0)


def test_elements_are_no_finds(tmp_path: Path) -> None:
    """As wherever the program counts what is stable, unique and novel; also where a copy stands for an earlier one."""
    path = tmp_path / "elements.crystals"
    cells = Structures.from_lists([np.eye(3) * 3.0] * 4, [[26, 26], [26, 13]] * 2, [[[0, 0, 0], [0.5, 0.5, 0.5]]] * 4)
    with ProjectWriter.create(path) as writer:
        rounds = []
        for first in (1, 3):
            rounds.append(writer.add_campaign("round", {"funnel": "quick"}, {}, 2))
            ids, none = np.arange(first, first + 2), [None] * 2
            writer.add_candidates(rounds[-1], np.arange(2), Candidates(cells.take(ids - 1), np.zeros(2, np.int16)))
            writer.record(rounds[-1], "novelty", ids, rejecting(none, [Finding("novel", INDEX, np.ones(2))]))
            if first == 3:
                same = [Reason("duplicate", {"id": i}) for i in (1, 2)]
                twins = Finding("duplicate_of", Method("geometry", "geometry"), np.array([1.0, 2.0]))
                writer.record(rounds[-1], "uniqueness", ids, rejecting(same, [twins]), last=True)
            else:
                writer.record(
                    rounds[-1], "stability", ids, rejecting(none, [Finding("e_hull", CHGNET, np.zeros(2))]), last=True
                )
    with ProjectReader(path) as reader:
        first, again = (
            figures.counted(reader, figures.read(reader, number, "chgnet", ""), 0.1, "chgnet") for number in rounds
        )
    assert first["sun_0"]["count"] == first["alone_0"]["count"] == 1
    assert again["sun_0"]["count"] == 0 and again["alone_0"]["count"] == 1
