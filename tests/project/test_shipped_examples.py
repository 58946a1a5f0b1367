"""The projects that come with the program: sound, small, and what their pages say of them."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path

import pytest

from crystal_studio import paths
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.data.reference import ReferenceIndex
from crystal_studio.project.queries import ProjectReader

SHIPPED = sorted((paths.resources() / "example").glob("*.crystals"))


def systems(formulas: set[str]) -> set[frozenset[str]]:
    """The elements of each formula."""
    return {frozenset(parse_formula(formula)) for formula in formulas}


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda path: path.stem)
def test_every_example_is_whole_finished_and_small(shipped: Path, tmp_path: Path) -> None:
    own = tmp_path / shipped.name
    shutil.copy(shipped, own)
    assert own.stat().st_size < 1_050_000
    with ProjectReader(own) as reader:
        reader.check()
        assert all(campaign.state == "finished" for campaign in reader.campaigns())
        assert reader.count("status == 'passed'") > 20
        assert reader.count("status in ('pending', 'error')") == 0


def test_no_ternary_compound_is_known_in_the_systems_of_the_walk(tmp_path: Path) -> None:
    own = tmp_path / "ternaries.crystals"
    shutil.copy(paths.resources() / "example" / own.name, own)
    with ProjectReader(own) as reader:
        made = systems(set(reader.columns(["formula"])["formula"].tolist()))
        groups = set(reader.columns(["asked_space_group"])["asked_space_group"].tolist())
    hull, index = ReferenceHull.load(), ReferenceIndex.load()
    known = systems({hull.formula(row) for row in range(len(hull))} | set(index.formulas.tolist()))
    assert len(made) == 3 and all(len(system) == 3 for system in made)
    assert not made & known
    assert all(frozenset(pair) in known for system in made for pair in combinations(system, 2))
    assert 0 not in groups and len(groups) <= 32
