"""Novelty and stability against the user's own sets, and what a campaign records of them."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from textbook import batch, found, raw_batch, structures

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.data import gathering, reference_sets
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.errors import KnownError
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.novelty import NoveltyStage
from crystal_studio.funnel.set_energies import add_energies
from crystal_studio.funnel.stability import StabilityStage


def strange() -> Structures:
    """Rock salt of plutonium and krypton."""
    rocksalt = structures("NaCl")
    return replace(rocksalt, numbers=np.where(rocksalt.numbers == 11, 94, 36).astype(np.int16))


def context() -> FunnelContext:
    return FunnelContext(references=tuple(reference_sets.checksums()))


def test_a_crystal_of_an_own_set_is_known_and_the_set_is_named() -> None:
    candidates = raw_batch(Structures.concatenate([strange(), structures("TiO2")]))
    assert found(NoveltyStage()(candidates, context()), "novel").tolist() == [1.0, 0.0]
    gathering.add_structures("exotic", strange(), ["x-1"], [])
    verdicts = NoveltyStage()(candidates, context())
    assert found(verdicts, "novel").tolist() == [0.0, 0.0]
    assert found(verdicts, "nearest_known")[0] == "x-1 (PuKr, in exotic)"
    assert found(verdicts, "nearest_known")[1].endswith("(TiO2, P4_2/mnm)")
    assert verdicts.notes["nearest_note"].tolist() == ["same crystal", "same formula"]
    assert len(verdicts.notes["nearest_several"][1].split("; ")) > 1


def test_an_entry_that_an_own_set_holds_is_left_to_the_judge() -> None:
    """The index takes the stretched rutile for the known one or not by its fingerprint; the judge compares atoms."""
    plain = NoveltyStage()(batch("NaCl"), FunnelContext())
    (name,) = found(plain, "nearest_known")
    cesium = structures("CsCl")
    other = replace(cesium, numbers=np.where(cesium.numbers == 55, 11, 17).astype(np.int16))
    every = [entry.split(" ")[0] for entry in plain.notes["nearest_several"][0].split("; ")]
    assert name.split(" ")[0] in every
    gathering.add_structures("measured", Structures.concatenate([other] * len(every)), every, [])
    verdicts = NoveltyStage()(batch("NaCl"), context())
    assert found(verdicts, "novel").tolist() == [1.0]  # what stands under those ids is another crystal
    assert found(verdicts, "nearest_known")[0].endswith("(NaCl, in measured)")


def test_own_sets_are_asked_where_the_index_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gathering.add_structures("exotic", strange(), ["x-1"], [])
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    verdicts = NoveltyStage()(raw_batch(strange()), context())
    assert found(verdicts, "novel").tolist() == [0.0]


def test_the_potential_gives_own_structures_their_energies_and_they_join_its_hull(boxes: None) -> None:
    with pytest.raises(KnownError, match="no reference hull of the potential springs"):
        add_energies("none", "springs")
    gathering.add_structures("exotic", structures("NaCl"), ["x-1"], [])
    phases = add_energies("exotic", "chgnet")
    assert phases.energy[0] == pytest.approx(-3.70, abs=0.1) and phases.counts[0, [11, 17]].tolist() == [1, 1]
    assert dict(reference_sets.card("exotic").energies) == {"chgnet": 1}
    candidates = batch("NaCl")
    energy = replace(candidates, found={"energy_per_atom@chgnet": phases.energy + 0.01})
    low = ReferenceHull(phases.counts, phases.energy - 0.5, phases.ids, "chgnet", phases.kind)
    before = found(StabilityStage()(energy, FunnelContext()), "e_hull")[0]
    reference_sets.add_energies("exotic", low)
    after = found(StabilityStage()(energy, context()), "e_hull")[0]
    assert after == pytest.approx(0.51, abs=1e-4) and before < 0.05


def test_a_campaign_goes_by_the_sets_it_recorded(tmp_path: Path) -> None:
    """Those that are added later are not asked; one that is gone is told of."""
    from crystal_studio.campaign import judging, runner
    from crystal_studio.campaign.events import Event, Message
    from crystal_studio.campaign.judge_request import JudgeRequest
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.store import ProjectWriter

    project = tmp_path / "p.crystals"
    with ProjectWriter.create(project) as writer:
        imported = writer.add_campaign("Imported", {}, {}, 1, kind="import")
        writer.add_candidates(imported, [0], Candidates.of_structures(strange()), unjudged=True)
        writer.set_campaign(imported, "finished")
    gathering.add_structures("exotic", strange(), ["x-1"], [])
    said = []
    never = threading.Event()
    for between in ("", "remove", "add"):
        campaign = judging.start(project, JudgeRequest((1,), funnel="novelty"))
        if between == "remove":
            reference_sets.remove("exotic")
        elif between == "add":
            gathering.add_structures("exotic", strange(), ["x-1"], [])
        events: list[Event] = []
        runner.run(project, campaign, events.append, never, never, workers=1)
        texts = [event.text for event in events if isinstance(event, Message)]
        with ProjectReader(project) as reader:
            recorded = reader.campaign(campaign).provenance["reference_sets"]
            said.append((list(recorded), reader.candidate(1).value("novel"), any("exotic is gone" in t for t in texts)))
    assert said == [
        (["exotic/structures.npz"], False, False),
        (["exotic/structures.npz"], True, True),
        ([], True, False),
    ]
