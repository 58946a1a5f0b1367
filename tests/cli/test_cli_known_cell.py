"""A known cell, known sites, inequivalent atoms and templates with elements, asked for on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.project.queries import ProjectReader

MODEL = ["--model", "adaptive-cell-mp20-like"]
PNMA = [*MODEL, "--composition", "CaTiO3", "--space-group", "62"]
HOW = "--count 2 --seed 3 --steps 2 --funnel none --device cpu --json".split()  # noqa: SIM905


def test_sites_are_found_for_a_cell_that_is_typed(studio, tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    answer = studio("generate", path, *PNMA, "--cell", "5.44 7.64 5.38 90 90 90", *HOW)
    assert answer.code == 0, answer.err
    with ProjectReader(path) as reader:
        units = reader.units(reader.ids())
    assert len(units) == 2 and np.allclose(cell_parameters(units.lattice), (5.44, 7.64, 5.38, 90, 90, 90), atol=1e-6)


def test_a_cell_is_found_for_the_sites_of_a_file(studio, tmp_path: Path) -> None:
    from ase.spacegroup import crystal

    file, path = tmp_path / "rutile.cif", tmp_path / "p.crystals"
    rutile = crystal(
        ["Ti", "O"], [(0, 0, 0), (0.305, 0.305, 0)], spacegroup=136, cellpar=[4.59, 4.59, 2.96, 90, 90, 90]
    )
    rutile.write(str(file), format="cif")
    answer = studio("generate", path, *MODEL, "--keep", file, *HOW)
    assert answer.code == 0, answer.err
    with ProjectReader(path) as reader:
        units = reader.units(reader.ids())
    oxygen = units.positions[units.numbers == 8]
    assert np.allclose(np.sort(np.minimum(oxygen, 1 - oxygen), axis=1)[:, 1:], 0.305, atol=1e-6)
    assert answer.json["request"]["space_groups"] == [136]


@pytest.mark.parametrize(
    ("said", "part"),
    [
        (["--cell", "5.44 7.64"], "An orthorhombic cell, which Pnma (62) needs, is given by a b c"),
        (["--cell", "5.4 five"], "'5.4 five' is no cell"),
        (["--cell", "5.4 5.4 7.6 90 90 120"], "does not have the shape of an orthorhombic cell"),
        (["--cell", "2 2 3"], "one formula unit of CaTiO3 takes about"),
        (["--template", "Ca 4c, Ti"], "Ti has no position"),
        (["--template", "Ca 4c, Ti 9z"], "no Wyckoff position '9z'"),
        (["--template", "Ca 8d, Ti 4a, O 8d"], "cannot be shared out"),
        (["--inequivalent", "Ca:1 Ti:1 O:9"], "inequivalent atoms"),
        (["--inequivalent", "Ca-1"], "'Ca-1' is no number of inequivalent atoms"),
        (["--composition", "CaPoO3"], "never seen Po"),
        (["--space-group", "230"], "more atoms than the model has seen"),
        (["--composition", "Ca9Ti8O17"], "has seen crystals of at most 20"),
        (["--add", "2"], "Say which structure to keep"),
    ],
    ids=lambda said: " ".join(said) if isinstance(said, list) else "",
)
def test_what_cannot_be_is_said_in_one_sentence(studio, tmp_path: Path, said: list[str], part: str) -> None:
    asked = {"--composition": "CaTiO3", "--space-group": "62", said[0]: said[1]}
    words = [word for pair in asked.items() for word in pair]
    answer = studio("generate", tmp_path / "p.crystals", *MODEL, *words, *HOW[:-1])
    assert answer.code in (1, 2) and part in answer.complaint and "\n" not in answer.complaint.strip()
