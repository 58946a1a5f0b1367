"""What the writer stores is what readers find, in the order asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from project_samples import batch

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError, RequestError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


def _same(a: Structures, b: Structures) -> bool:
    return all((getattr(a, n) == getattr(b, n)).all() for n in ("lattice", "offsets", "numbers", "positions", "orbit"))


def test_candidates_come_back_as_stored(project: Path) -> None:
    units, cells = batch(6)
    with ProjectReader(project) as reader:
        assert [c.formula for c in reader.candidates()] == ["NaCl", "C", "SrTiO3"] * 2
        first = reader.candidate(1)
        assert (first.chemsys, first.space_group, first.n_atoms, first.n_orbits) == ("Cl-Na", 225, 8, 2)
        assert first.density == pytest.approx(2.16, abs=0.01)
        assert first.volume_per_atom == pytest.approx(5.64**3 / 8)
        order = [5, 1, 3, 3]
        rows = np.array(order) - 1
        assert _same(reader.structures(order), cells.take(rows))
        assert (reader.units(order).positions == units.take(rows).positions).all()
        assert [c.id for c in reader.by_ids([4, 99, 2])] == [4, 2]
        assert reader.numbers(1) == set(range(6))
        assert len(reader.structures([])) == 0
        reader.check()


def test_adding_a_chunk_again_changes_nothing(project: Path) -> None:
    units, cells = batch(8)
    with ProjectWriter.open(project) as writer:
        again = writer.add_candidates(1, [3, 2, 7, 6], units.take(np.array([3, 2, 7, 6])), cells.take([3, 2, 7, 6]))
    assert again.tolist() == [4, 3, 7, 8]
    with ProjectReader(project) as reader:
        assert reader.count() == 8
        assert [c.source for c in reader.by_ids([4, 7])] == ["made by hand", ""]
        assert [c.number for c in reader.by_ids(again)] == [3, 2, 7, 6]
        assert _same(reader.structures(again), cells.take([3, 2, 7, 6]))


def test_verdicts_settle_a_candidate(project: Path) -> None:
    with ProjectReader(project) as reader:
        passed, rejected = reader.candidate(1), reader.candidate(2)
        assert (passed.status, passed.stage, passed.e_hull, passed.novel) == ("pending", "geometry", 0.05, True)
        assert (rejected.status, rejected.e_hull, rejected.novel) == ("rejected", None, None)
        assert rejected.reason == "Atoms too close: Na1 and Cl1 are 0.30 Å apart."
        ids, stages = reader.pending(1)
        assert (ids.tolist(), stages.tolist()) == ([1, 3, 4, 5, 6], ["geometry", "", "", "", ""])
        (verdict,) = reader.verdicts(1)
        assert dict(verdict.values) == {"e_hull": 0.05, "novel": True, "gap": 1.5}
        assert verdict.seconds == 1.0
        assert reader.funnel(1) == [("geometry", 2, 1, 1, {"Atoms too close": 1})]
        assert reader.funnel() == reader.funnel(1)
        assert reader.funnel(2) == []


def test_the_last_stage_and_a_second_opinion(project: Path) -> None:
    _, cells = batch(6)
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        moved = Structures(cells.lattice * 1.01, cells.offsets, cells.numbers, cells.positions, cells.orbit)
        first = moved.take([0])
        writer.record("relaxation", [1], [True], [""], {"energy_per_atom": [-3.5]}, relaxed=first, last=True)
        assert reader.candidate(1).status == "passed"
        assert _same(reader.structures([1], "best"), first)
        assert _same(reader.structures([1, 2], "best").take([1]), cells.take([1]))
        assert _same(reader.structures([1]), cells.take([0]))
        with pytest.raises(FileError, match="not been relaxed"):
            reader.structures([2], "relaxed")
        writer.record("geometry", [2], [True], [""], {})
        assert (reader.candidate(2).status, reader.candidate(2).reason) == ("pending", "")
        writer.record("geometry", [1], [False], ["Too flat: 1 Å."], {})
        assert (reader.candidate(1).status, reader.candidate(1).reason) == ("rejected", "Too flat: 1 Å.")
        assert [v.stage for v in reader.verdicts(1)] == ["geometry", "relaxation"]
        assert [row[:4] for row in reader.funnel()] == [("geometry", 2, 1, 1), ("relaxation", 1, 1, 0)]


def test_sorting_paging_and_columns(project: Path) -> None:
    with ProjectWriter.open(project) as writer:
        writer.record("stability", [3, 4, 6], [True] * 3, [""] * 3, {"e_hull": np.array([0.3, -0.1, np.inf])})
    with ProjectReader(project) as reader:
        assert reader.ids(sort="e_hull").tolist() == [4, 1, 3, 2, 5, 6]
        assert reader.ids(sort="e_hull", descending=True).tolist() == [3, 1, 4, 2, 5, 6]
        assert [c.id for c in reader.candidates(sort="e_hull", limit=2, offset=1)] == [1, 3]
        assert [c.id for c in reader.candidates(offset=4)] == [5, 6]
        assert reader.ids("formula == 'C'", descending=True).tolist() == [5, 2]
        found = reader.columns(["id", "e_hull", "formula", "novel"], "id < 4")
        assert found["id"].tolist() == [1, 2, 3] and found["id"].dtype == np.int64
        assert np.array_equal(found["e_hull"], [0.05, np.nan, 0.3], equal_nan=True)
        assert found["formula"].tolist() == ["NaCl", "C", "SrTiO3"]
        assert np.array_equal(found["novel"], [1.0, np.nan, np.nan], equal_nan=True)
        assert len(reader.columns(["density"], "id > 99")["density"]) == 0
        for wrong in (lambda: reader.ids(sort="colour"), lambda: reader.columns(["colour"])):
            with pytest.raises(RequestError, match="no column 'colour'"):
                wrong()


def test_campaigns_keep_request_provenance_and_state(project: Path) -> None:
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        before = reader.data_version()
        assert reader.data_version() == before
        second = writer.add_campaign("second", {"seed": np.int64(7)}, {"weights": ("a", "b")}, 10)
        writer.set_campaign(second, "paused", seconds=1.5)
        assert reader.data_version() != before
        row = reader.campaign(second)
        assert (row.name, row.request, row.provenance) == ("second", {"seed": 7}, {"weights": ["a", "b"]})
        assert (row.state, row.requested, row.seconds) == ("paused", 10, 1.5)
        writer.set_campaign(second, "finished")
        assert [(c.state, c.seconds) for c in reader.campaigns()] == [("running", 0.0), ("finished", 1.5)]
        for missing in (lambda: reader.campaign(9), lambda: writer.set_campaign(9, "paused")):
            with pytest.raises(FileError, match="no campaign 9"):
                missing()
        for missing in (lambda: reader.candidate(9), lambda: reader.units([9]), lambda: reader.structures([1, 9])):
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
