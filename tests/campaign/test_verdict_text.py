"""What a stage found, in words."""

from __future__ import annotations

from crystal_studio.campaign.verdict_text import lines
from crystal_studio.candidates.quantities import Method
from crystal_studio.project.rows import QuantityRow, VerdictRow

CONTACTS, CHGNET = Method("contacts", "geometry", "Distances"), Method("chgnet", "potential", "CHGNet")


def distance(method: Method, value: float) -> QuantityRow:
    return QuantityRow(1, "min_distance", method, value, None, "Å", None, method == CHGNET)


def said(stage: str, known: list[QuantityRow], **notes: str) -> list[str]:
    verdict = VerdictRow(candidate_id=1, stage=stage, campaign_id=1, status="passed", reason="", notes=notes)
    return lines(verdict, known)


def test_distances_are_told_by_the_stage_that_measured_them() -> None:
    both = [distance(CONTACTS, 1.69), distance(CHGNET, 1.94)]
    assert said("geometry", both) == ["Shortest distance 1.69 Å"]
    assert said("relaxation", both) == ["Shortest distance 1.94 Å"]
    assert said("geometry", both[:1]) == ["Shortest distance 1.69 Å"]
    assert said("stability", both) == []


def test_the_phases_of_the_hull_are_named_as_such() -> None:
    told = said("stability", [], decomposition="0.50 Li2O + 0.50 MnO", hull_note="There is no hull.")
    assert told == ["Competing phases 0.50 Li2O + 0.50 MnO", "There is no hull."]
