"""Several values and geometries of one candidate stand side by side; one of them is what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from project_samples import CHGNET, DFT, HEADS, MACE, batch, moved, said

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, marking
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

GAVE_UP = Reason("swelled", {"ratio": 9.0, "steps": 3})


@pytest.fixture
def both(project: Path) -> Iterator[tuple[ProjectWriter, ProjectReader]]:
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        yield writer, reader


def test_a_relaxed_candidate_is_its_relaxed_geometry(both) -> None:
    writer, reader = both
    made = batch(6).structures.take([0, 2])
    geometry = moved(made, CHGNET, 1.1, [True, False])
    writer.record(1, "relaxation", [1, 3], said([None, GAVE_UP], geometry=geometry))
    relaxed, given_up = reader.by_ids([1, 3])
    assert (relaxed.geometry, given_up.geometry) == ("chgnet", "generated")
    assert relaxed.volume == pytest.approx(made.volume[0] * 1.331)
    assert relaxed.volume_per_atom == pytest.approx(relaxed.volume / 8)
    assert relaxed.density == pytest.approx(2.16 / 1.331, abs=0.01)
    assert given_up.volume == pytest.approx(made.volume[1])
    assert [m.name for m in reader.geometries(1)] == ["chgnet"] and reader.geometries(3) == []
    now, then = reader.batch([1, 3]), reader.batch([1, 3], "generated")
    assert now.has_unit.tolist() == [False, True] and then.has_unit.tolist() == [True, True]
    assert now.structures.volume == pytest.approx([relaxed.volume, given_up.volume])
    assert then.structures.volume == pytest.approx(made.volume)
    assert reader.batch([1]).units is None
    with pytest.raises(Exception, match="has no geometry 'chgnet': relax it first"):
        reader.structures([1, 3], "chgnet")


def test_a_relaxation_given_up_the_second_time_takes_back_the_first(both) -> None:
    writer, reader = both
    made = batch(1).structures
    writer.record(1, "relaxation", [1], said([None], {"energy_per_atom": [-3.0]}, geometry=moved(made, MACE, 1.2)))
    writer.record(1, "again", [1], said([None], {"energy_per_atom": [-2.0]}, geometry=moved(made, CHGNET, 1.1)))
    assert (reader.candidate(1).geometry, reader.candidate(1).value("energy_per_atom")) == ("mace", -2.0)
    geometry = moved(made, MACE, 1.2, [False])
    writer.record(1, "relaxation", [1], said([GAVE_UP], {"energy_per_atom": [np.nan]}, MACE, geometry=geometry))
    row = reader.candidate(1)
    assert (row.geometry, row.status) == ("chgnet", "rejected")
    assert row.volume == pytest.approx(made.volume[0] * 1.331)
    assert [m.name for m in reader.geometries(1)] == ["chgnet"]


def test_the_space_group_is_that_of_the_current_geometry(both) -> None:
    """Rows, filters and the exported file; what was asked for stays."""
    writer, reader = both
    made = batch(1).structures
    asked = reader.candidate(1).asked_space_group
    group = {"space_group": [float(asked)]}
    writer.record(1, "symmetry", [1], said([None], group, Method("geometry", "geometry", "")))
    long = replace(made, lattice=made.lattice * np.array([1, 1, 1.1])[:, None])
    writer.record(1, "relaxation", [1], said([None], geometry=moved(long, CHGNET, 1.0)))
    row = reader.candidate(1)
    assert (row.geometry, row.space_group, row.asked_space_group) == ("chgnet", 139, asked) and asked == 225
    assert reader.ids("space_group == 139").tolist() == [1] and 1 not in reader.ids("space_group == 225")
    writer.record(1, "dft", [1], said([None], geometry=moved(made, DFT, 1.02)))
    assert reader.candidate(1).space_group == 225
    writer.record(1, "relaxation", [1], said([None], geometry=moved(long, CHGNET, 1.0)))
    assert reader.candidate(1).space_group == 225, "the current geometry is still that of DFT"
    writer.record(1, "dft", [1], said([GAVE_UP], geometry=moved(made, DFT, 1.02, [False])))
    assert reader.candidate(1).space_group == 139


def test_dft_moves_more_trustworthily_than_a_potential_and_a_learned_model_never(both) -> None:
    writer, reader = both
    made = batch(1).structures
    for stage, method, scale, current in (
        ("guess", HEADS, 1.5, "generated"),
        ("relaxation", CHGNET, 1.1, "chgnet"),
        ("mace", MACE, 1.2, "chgnet"),
        ("dft", DFT, 1.05, "pbe"),
        ("relaxation", CHGNET, 1.12, "pbe"),
    ):
        writer.record(1, stage, [1], said([None], geometry=moved(made, method, scale)))
        assert reader.candidate(1).geometry == current
    assert reader.candidate(1).volume == pytest.approx(made.volume[0] * 1.05**3)
    for name, scale in (("current", 1.05), ("chgnet", 1.12), ("mace", 1.2), ("generated", 1.0)):
        assert reader.structures([1], name).volume == pytest.approx(made.volume * scale**3)


def test_values_of_several_methods_and_which_is_the_headline(both) -> None:
    writer, reader = both

    def find(stage: str, method: Method, value: float, spread: float | None = None) -> None:
        uncertainty = None if spread is None else np.array([spread])
        writer.record(1, stage, [4], marking(1, [Finding("e_hull", method, np.array([value]), uncertainty)]))

    find("properties", HEADS, 0.2, 0.05)
    row = reader.candidate(4)
    assert row.values == {} and row.predicted == {"e_hull": (0.2, 0.05)}
    assert (row.value("predicted_e_hull"), row.value("predicted_e_hull.uncertainty"), row.value("e_hull")) == (
        0.2,
        0.05,
        None,
    )
    find("relaxation", CHGNET, 0.1)
    find("other", MACE, 0.3)
    assert reader.candidate(4).value("e_hull") == 0.1
    find("relaxation", CHGNET, 0.11)
    assert reader.candidate(4).value("e_hull") == 0.11
    find("dft", DFT, 0.07, 0.001)
    row = reader.candidate(4)
    assert (row.value("e_hull"), row.value("e_hull.uncertainty")) == (0.07, 0.001)
    assert [(q.method.name, q.value, q.headline, q.unit) for q in reader.quantities(4)] == [
        ("chgnet", 0.11, False, "eV/atom"),
        ("properties-mp20-like", 0.2, False, "eV/atom"),
        ("mace", 0.3, False, "eV/atom"),
        ("pbe", 0.07, True, "eV/atom"),
    ]
    find("dft", DFT, np.nan)
    assert reader.candidate(4).value("e_hull") == 0.11
    assert reader.columns(["e_hull@mace", "predicted_e_hull"], "id == 4")["e_hull@mace"].tolist() == [0.3]
    assert reader.found([4])["e_hull@properties-mp20-like"].tolist() == [0.2]
    with pytest.raises(ValueError, match="is potential in this project"):
        find("dft", replace(CHGNET, kind="dft"), 0.1)


def test_the_group_that_it_has_and_a_quantity_that_no_registry_knows(both) -> None:
    writer, reader = both
    method = Method("geometry", "geometry")
    findings = [
        Finding("space_group", method, np.array([221.0, np.nan])),
        Finding("colour", method, np.array(["red", None], object)),
        Finding("hardness", method, np.array([3.5, np.nan])),
    ]
    writer.record(1, "symmetry", [3, 4], marking(2, findings))
    one, other = reader.by_ids([3, 4])
    assert (one.space_group, other.space_group, one.asked_space_group) == (221, None, 221)
    assert (one.values, other.values) == ({"colour": "red", "hardness": 3.5}, {})
    assert reader.ids("colour == 'red' and hardness > 3 and space_group == 221").tolist() == [3]
    assert reader.ids(sort="colour").tolist()[0] == 3
    assert reader.columns(["colour"], "id in (3, 4)")["colour"].tolist() == ["red", None]


def test_in_domain_is_what_the_model_says_of_itself(both) -> None:
    writer, reader = both
    writer.record(1, "properties", [1, 2], said([None, None], {"in_domain": [1.0, 0.0]}, HEADS))
    assert reader.ids("in_domain").tolist() == [1] and reader.ids("not in_domain").tolist() == [2]
    assert reader.candidate(1).value("in_domain") is True


def test_judging_again_is_settled_by_what_this_run_says(both) -> None:
    writer, reader = both
    judge = writer.add_campaign("again", {"ids": [1, 2, 3], "stages": ["geometry", "symmetry"]}, {}, 3, kind="judge")
    assert _pending(reader, judge) == {1: "", 2: "", 3: ""}
    writer.record(1, "composition", [2], said([None]))  # another run, which does not count
    writer.record(judge, "geometry", [1, 2], said([None, None]))
    assert _pending(reader, judge) == {1: "geometry", 2: "geometry", 3: ""}
    writer.record(judge, "symmetry", [1, 2], said([GAVE_UP, None]), last=True)
    assert _pending(reader, judge) == {3: ""}
    assert [(c.status, c.campaign_id) for c in reader.by_ids([1, 2])] == [("rejected", 1), ("passed", 1)]
    assert [(s.stage, s.entered) for s in reader.funnel(judge)] == [("geometry", 2), ("symmetry", 2)]
    assert {v.stage: v.campaign_id for v in reader.verdicts(2)} == {
        "geometry": judge,
        "composition": 1,
        "symmetry": judge,
    }


def test_an_old_rejection_by_a_stage_that_is_run_again_does_not_count(both) -> None:
    writer, reader = both
    writer.record(1, "relaxation", [1], said([GAVE_UP]))
    judge = writer.add_campaign("again", {"ids": [1], "stages": ["geometry", "relaxation"]}, {}, 1, kind="judge")
    writer.record(judge, "geometry", [1], said([None]))
    assert reader.candidate(1).status == "rejected"  # as it was, until the judging is through with it
    writer.record(judge, "relaxation", [1], said([None]), last=True)
    assert (reader.candidate(1).status, reader.candidate(1).reason) == ("passed", "")


def _pending(reader: ProjectReader, campaign: int) -> dict[int, str]:
    ids, stages = reader.pending(campaign)
    return dict(zip(ids.tolist(), stages.tolist(), strict=True))
