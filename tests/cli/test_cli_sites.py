"""Templates, kept orbits and lattice from the command line, with a real (if untrained) model."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.crystal.space_groups import tables
from crystal_studio.project.queries import ProjectReader

HOW = "--count 6 --seed 3 --steps 2 --funnel none --device cpu --json".split()  # noqa: SIM905


def positions(path: Path) -> list[Counter[str]]:
    """The Wyckoff positions of every candidate, like {"4a": 1}."""
    table = tables()
    with ProjectReader(path) as reader:
        units = reader.units(reader.ids())
    return [Counter(f"{table.multiplicity[r]}{table.letter[r]}" for r in rows if r >= 0) for rows in units.wyckoff]


def test_every_candidate_has_the_template(studio, models, tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    template = ["--space-group", "225", "--template", "4a,4b,24e", "--chemsys", "Li-Mn-O"]
    answer = studio("generate", path, *template, *HOW)
    assert answer.code == 0, answer.err
    assert answer.json["request"]["options"]["template"] == ["4a", "4b", "24e"]
    found = positions(path)
    assert len(found) == 6 and all(p == Counter({"4a": 1, "4b": 1, "24e": 1}) for p in found)


def test_what_is_kept_stays_and_the_rest_is_added(studio, models, tmp_path: Path) -> None:
    from ase.spacegroup import crystal

    file, path = tmp_path / "halite.cif", tmp_path / "p.crystals"
    basis = [(0, 0, 0), (0.5, 0.5, 0.5)]
    crystal(["Na", "Cl"], basis, spacegroup=225, cellpar=[5.64] * 3 + [90] * 3).write(str(file), format="cif")
    keep = ["--keep", file, "--keep-elements", "Cl", "--keep-lattice", "--add", "2", "--chemsys", "Li-Cl-O"]
    answer = studio("generate", path, *keep, "--mode", "subset", *HOW)
    assert answer.code == 0, answer.err
    with ProjectReader(path) as reader:
        units = reader.units(reader.ids())
    chlorine = next(o["wyckoff"] for o in answer.json["request"]["options"]["keep"]["orbits"])
    assert len(units) == 6 and (units.n_orbits == 3).all() and (units.space_group == 225).all()
    assert cell_parameters(units.lattice) == pytest.approx(np.tile([5.64] * 3 + [90.0] * 3, (6, 1)), abs=0.02)
    table = tables()
    for numbers, rows in zip(units.numbers, units.wyckoff, strict=True):
        held = [(int(z), f"{table.multiplicity[r]}{table.letter[r]}") for z, r in zip(numbers, rows, strict=True)]
        assert (17, chlorine) in held


def test_a_target_needs_a_model_that_knows_the_property(studio, models, tmp_path: Path) -> None:
    answer = studio("generate", tmp_path / "p.crystals", "--target", "density=3:4", *HOW[:-1])
    assert answer.code == 2 and "density" in answer.complaint
