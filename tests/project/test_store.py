"""What the writer stores is what readers find, in the order asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from project_samples import CHGNET, batch, moved, said

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.blocks import Blocks
from crystal_studio.candidates.bonds import Bonds
from crystal_studio.candidates.verdicts import Reason, failing
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError, RequestError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import StageCounts
from crystal_studio.project.store import ProjectWriter

FLAT = Reason("edge", {"edge": "a", "length": 1.0})


def _same(a: Structures, b: Structures) -> bool:
    return all((getattr(a, n) == getattr(b, n)).all() for n in ("lattice", "offsets", "numbers", "positions", "orbit"))


def test_candidates_come_back_as_stored(project: Path) -> None:
    made = batch(6)
    with ProjectReader(project) as reader:
        assert [c.formula for c in reader.candidates()] == ["NaCl", "C", "SrTiO3"] * 2
        first = reader.candidate(1)
        assert (first.chemsys, first.space_group, first.n_atoms, first.n_orbits) == ("Cl-Na", 225, 8, 2)
        assert (first.asked_space_group, first.geometry) == (225, "generated")
        assert first.density == pytest.approx(2.16, abs=0.01)
        assert first.volume_per_atom == pytest.approx(5.64**3 / 8)
        order = [5, 1, 3, 3]
        rows = np.array(order) - 1
        assert _same(reader.structures(order), made.structures.take(rows))
        assert made.units is not None
        assert (reader.units(order).positions == made.units.take(rows).positions).all()
        assert [c.id for c in reader.by_ids([4, 99, 2])] == [4, 2]
        assert reader.numbers(1) == set(range(6))
        assert len(reader.structures([])) == 0 and len(reader.batch([])) == 0
        reader.check()


def test_bonds_blocks_and_a_group_that_nobody_asked_for(tmp_path: Path) -> None:
    cells = batch(3).structures
    sizes = cells.n_atoms
    bonds = Bonds(
        np.array([True, False, True]),
        np.array([0, 2, 2, 2]),
        np.array([[0, 1], [0, 4]], np.int32),
        np.array([[0, 0, 0], [-1, 0, 1]], np.int16),
        np.array([1.5, 2], np.float32),
    )
    names = np.empty(2, object)
    names[:] = ["Zn4O", "BDC-ä"]
    blocks = Blocks(
        np.array([False, True, False]),
        np.array([0, 0, 2, 2]),
        names,
        cells.offsets,
        np.concatenate([np.full(sizes[0], -1), np.arange(sizes[1]) % 2, np.full(sizes[2], -1)]).astype(np.int32),
    )
    made = Candidates(cells, np.zeros(3, np.int16), None, bonds, blocks)
    with ProjectWriter.create(tmp_path / "p1.crystals") as writer:
        campaign = writer.add_campaign("molecules", {}, {}, 3, chunk_size=16)
        writer.add_candidates(campaign, range(3), made)
    with ProjectReader(tmp_path / "p1.crystals") as reader:
        assert reader.campaign(1).chunk_size == 16
        row = reader.candidate(2)
        assert (row.asked_space_group, row.space_group, row.n_orbits) == (None, None, None)
        back = reader.batch([3, 1, 2])
        assert back.units is None and back.asked_space_group.tolist() == [0, 0, 0]
        assert not reader.units([1, 2]).space_group.any()
        assert back.bonds is not None and back.bonds.known.tolist() == [True, True, False]
        assert back.bonds.count.tolist() == [0, 2, 0]
        assert back.bonds.atoms.tolist() == [[0, 1], [0, 4]] and back.bonds.image.tolist() == [[0, 0, 0], [-1, 0, 1]]
        assert back.bonds.order.tolist() == [1.5, 2]
        assert back.blocks is not None and back.blocks.known.tolist() == [False, False, True]
        assert back.blocks.name.tolist() == ["Zn4O", "BDC-ä"]
        assert back.blocks.block.tolist() == made.blocks.take(np.array([2, 0, 1])).block.tolist()


def test_adding_a_chunk_again_changes_nothing(project: Path) -> None:
    made = batch(8).take(np.array([3, 2, 7, 6]))
    with ProjectWriter.open(project) as writer:
        again = writer.add_candidates(1, [3, 2, 7, 6], made)
    assert again.tolist() == [4, 3, 7, 8]
    with ProjectReader(project) as reader:
        assert reader.count() == 8
        assert [c.source for c in reader.by_ids([4, 7])] == ["made by hand", ""]
        assert [c.number for c in reader.by_ids(again)] == [3, 2, 7, 6]
        assert _same(reader.structures(again), made.structures)


def test_verdicts_settle_a_candidate(project: Path) -> None:
    with ProjectReader(project) as reader:
        passed, rejected = reader.candidate(1), reader.candidate(2)
        assert (passed.status, passed.stage, dict(passed.values)) == (
            "pending",
            "geometry",
            {"e_hull": 0.05, "novel": True},
        )
        assert (rejected.status, rejected.values, rejected.value("e_hull")) == ("rejected", {}, None)
        assert (rejected.reason, rejected.parameters["atoms"]) == ("overlap", "Cl and Na")
        ids, stages = reader.pending(1)
        assert (ids.tolist(), stages.tolist()) == ([1, 3, 4, 5, 6], ["geometry", "", "", "", ""])
        (verdict,) = reader.verdicts(1)
        assert (dict(verdict.notes), verdict.passed, verdict.campaign_id) == ({"gap": 1.5}, True, 1)
        assert verdict.seconds == 1.0
        assert reader.funnel(1) == [StageCounts("geometry", 1, 1, 0, 0, {"overlap": 1})]
        assert reader.funnel(1)[0].entered == 2
        assert reader.funnel() == reader.funnel(1)
        assert reader.funnel(2) == []
        found = reader.found([2, 1])
        assert np.array_equal(found["e_hull"], [np.nan, 0.05], equal_nan=True)
        assert np.array_equal(found["e_hull@chgnet"], [np.nan, 0.05], equal_nan=True)
        assert found["gap"].tolist() == [2.5, 1.5]


def test_the_last_stage_and_a_second_opinion(project: Path) -> None:
    cells = batch(6).structures
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        geometry = moved(cells.take([0]), CHGNET)
        writer.record(1, "relaxation", [1], said([None], {"energy_per_atom": [-3.5]}, geometry=geometry), last=True)
        assert reader.candidate(1).status == "passed"
        writer.record(1, "geometry", [2], said([None]))
        assert (reader.candidate(2).status, reader.candidate(2).reason) == ("pending", "")
        writer.record(1, "geometry", [1], said([FLAT], {"e_hull": [np.nan]}))
        row = reader.candidate(1)
        assert (row.status, row.reason, dict(row.parameters)) == ("rejected", "edge", {"edge": "a", "length": 1.0})
        assert row.value("e_hull") is None  # asked again, the stage found none
        assert [v.stage for v in reader.verdicts(1)] == ["geometry", "relaxation"]
        assert [(s.stage, s.passed, s.rejected) for s in reader.funnel()] == [("geometry", 1, 1), ("relaxation", 1, 0)]
        writer.record(1, "relaxation", [1], said([None]), last=True)
        assert (reader.candidate(1).status, reader.candidate(1).stage) == ("rejected", "geometry")


def test_a_failure_is_no_verdict_and_is_tried_again(project: Path) -> None:
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        writer.record(1, "symmetry", [1], failing(1, "ValueError: no"))
        row = reader.candidate(1)
        assert (row.status, row.stage, row.reason) == ("error", "symmetry", "error")
        assert row.parameters["text"] == "ValueError: no"
        ids, stages = reader.pending(1)
        assert (ids.tolist(), stages.tolist()) == ([1, 3, 4, 5, 6], ["geometry", "", "", "", ""])
        assert reader.funnel()[1] == StageCounts("symmetry", error=1, reasons={"error": 1})
        writer.record(1, "symmetry", [1], said([None]))
        assert (reader.candidate(1).status, reader.candidate(1).reason) == ("pending", "")


def test_sorting_paging_and_columns(project: Path) -> None:
    with ProjectWriter.open(project) as writer:
        writer.record(1, "stability", [3, 4, 6], said([None] * 3, {"e_hull": [0.3, -0.1, np.inf]}))
    with ProjectReader(project) as reader:
        assert reader.ids(sort="e_hull").tolist() == [4, 1, 3, 2, 5, 6]
        assert reader.ids(sort="e_hull", descending=True).tolist() == [3, 1, 4, 2, 5, 6]
        assert reader.ids("id > 2", sort="e_hull@chgnet").tolist() == [4, 3, 5, 6]
        assert [c.id for c in reader.candidates(sort="e_hull", limit=2, offset=1)] == [1, 3]
        assert [c.id for c in reader.candidates(offset=4)] == [5, 6]
        assert [c.id for c in reader.candidates(sort="density", limit=2, offset=1)] == [1, 5]
        assert reader.ids("formula == 'C'", descending=True).tolist() == [5, 2]
        found = reader.columns(["id", "e_hull", "formula", "novel"], "id < 4")
        assert found["id"].tolist() == [1, 2, 3] and found["id"].dtype == np.int64
        assert np.array_equal(found["e_hull"], [0.05, np.nan, 0.3], equal_nan=True)
        assert found["formula"].tolist() == ["NaCl", "C", "SrTiO3"]
        assert np.array_equal(found["novel"], [1.0, np.nan, np.nan], equal_nan=True)
        assert len(reader.columns(["density", "e_hull"], "id > 99")["density"]) == 0
        for wrong in (lambda: reader.ids(sort="colour"), lambda: reader.columns(["colour"])):
            with pytest.raises(RequestError, match="no column 'colour'"):
                wrong()


def test_campaigns_keep_request_provenance_and_state(project: Path) -> None:
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        before = reader.data_version()
        assert reader.data_version() == before
        second = writer.add_campaign("second", {"seed": np.int64(7)}, {"weights": ("a", "b")}, 10, kind="import")
        writer.set_campaign(second, "paused", seconds=1.5)
        assert reader.data_version() != before
        row = reader.campaign(second)
        assert (row.name, row.request, row.provenance) == ("second", {"seed": 7}, {"weights": ["a", "b"]})
        assert (row.state, row.requested, row.seconds) == ("paused", 10, 1.5)
        assert (row.kind, row.chunk_size, reader.campaign(1).kind) == ("import", None, "generate")
        writer.set_campaign(second, "finished")
        assert [(c.state, c.seconds) for c in reader.campaigns()] == [("running", 0.0), ("finished", 1.5)]
        for missing in (lambda: reader.campaign(9), lambda: writer.set_campaign(9, "paused")):
            with pytest.raises(FileError, match="no campaign 9"):
                missing()
        for missing in (
            lambda: reader.candidate(9),
            lambda: reader.units([9]),
            lambda: reader.structures([1, 9]),
            lambda: reader.batch([9]),
            lambda: writer.record(1, "geometry", [9], said([None])),
        ):
            with pytest.raises(FileError, match="no candidate 9"):
                missing()


def test_a_closed_project_is_one_file_even_beside_a_reader(project: Path) -> None:
    with ProjectReader(project):
        with ProjectWriter.open(project) as writer:
            writer.add_campaign("late", {}, {}, 1)
        alone = project.with_name("alone.crystals")
        alone.write_bytes(project.read_bytes())
    with ProjectReader(alone) as reader:
        assert [c.name for c in reader.campaigns()] == ["six", "late"]
    assert not list(project.parent.glob("*.lock"))


def test_a_copy_holds_what_still_lies_in_the_log(project: Path) -> None:
    target = project.with_name("copy.crystals")
    with ProjectWriter.open(project) as writer:
        writer.add_campaign("late", {}, {}, 1)
        assert writer.copy_to(target) == target
        with pytest.raises(FileError, match="exists already"):
            writer.copy_to(target)
        with pytest.raises(FileError, match="project itself"):
            writer.copy_to(project, overwrite=True)
        with pytest.raises(FileError, match="does not exist"):
            writer.copy_to(project.parent / "nowhere" / "copy.crystals")
        with ProjectReader(project) as reader:
            reader.copy_to(target, overwrite=True)
    with ProjectReader(target) as reader:
        assert len(reader.campaigns()) == 2 and reader.count() == 6
    assert sorted(p.name for p in project.parent.glob("*crystals")) == ["copy.crystals", "six.crystals"]
    assert not list(project.parent.glob(".*"))
