"""Rates of a model whose candidates were not all relaxed: those of the random share, scaled, and of the chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from project_samples import CHGNET, KNOWN, batch

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.share import Share, wilson
from crystal_studio.candidates.verdicts import Finding, marking
from crystal_studio.cli import campaign_document
from crystal_studio.project import accounting
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter
from crystal_studio.project.triaged import Estimate, triaged

LOT = Method("triage", "geometry")


def test_the_random_share_speaks_for_the_model_and_the_chosen_for_themselves(tmp_path: Path) -> None:
    """Of ten, eight come to the triage: four by lot, of which one is good, three for their rank, of which two are.

    (Numbers 1, 4 and 7 are diamonds, which count in no share of the good ones.)"""
    nan = np.nan
    drawn = np.array([1, 1, 1, 1, 0, 0, 0, 0, nan, nan])
    best = np.array([1, 0, 0, 0, 0, 1, 1, 0, nan, nan])
    energy = np.array([0.0, 0.5, 0.5, 0.5, nan, 0.0, 0.5, nan, nan, nan])
    with ProjectWriter.create(tmp_path / "p.crystals") as writer:
        campaign = writer.add_campaign("", {}, {}, 10)
        ids = writer.add_candidates(campaign, np.arange(10), batch(10), "")
        writer.record(campaign, "uniqueness", ids, marking(10))
        flags = [Finding("random_share", LOT, drawn), Finding("among_best", LOT, best)]
        more = [Finding("e_hull", CHGNET, energy), Finding("novel", KNOWN, np.ones(10))]
        writer.record(campaign, "stability", ids, marking(10, [*flags, *more]))
    with ProjectReader(tmp_path / "p.crystals") as reader:
        asked = accounting.voices(reader)
        found = triaged(reader, asked)
        nobody = triaged(reader, asked, "random_share is None")
    document = campaign_document.summary(str(tmp_path / "p.crystals"), campaign)
    assert document["sun"][0]["triage"]["chosen"]["count"] == 2 and document["sun"][0]["triage"]["model"]["drawn"] == 4
    told = campaign_document.text(document)
    assert "2 of 10" in told and "found, not all were relaxed" in told and "S.U.N. of the model 20.0%" in told
    assert len(found) == 1 and not nobody
    one = found[0]
    assert (one.drawn.sun, one.best.sun, one.reached) == (Share(1, 4), Share(2, 3), Share(8, 10))
    assert one.model.value == pytest.approx(0.2)
    assert one.model.interval == pytest.approx(tuple(0.8 * bound for bound in wilson(1, 4)))
    assert "by 4 taken at random; of those chosen 2 of 3" in one.text


def test_a_sample_of_all_is_a_plain_share() -> None:
    assert Estimate(Share(3, 10), Share(10, 10)).interval == wilson(3, 10)
