"""The manifest of a DFT job: written and read, damage seen, results led back to the cell of the candidate."""

from __future__ import annotations

import json

import numpy as np
import pytest

from crystal_studio.crystal.batches import Structures
from crystal_studio.dft import manifest
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.protocol import Settings
from crystal_studio.errors import FileError, KnownError

CORNERS = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
HALF = np.array([0.5, 0, 0])
ROCK_SALT = Structures.from_lists(
    [4.2 * np.eye(3)], [np.array([12] * 4 + [8] * 4)], [np.concatenate([CORNERS, CORNERS + HALF])]
)


def a_manifest(given: Structures = ROCK_SALT) -> Manifest:
    return Manifest.of("a1", 17, "MgO", "chgnet", "gpaw", Settings(cutoff=400.0), given)


def test_what_was_written_is_read(tmp_path):
    written = a_manifest()
    written.write(tmp_path)
    found = manifest.read(tmp_path)
    assert (found.run, found.candidate, found.formula, found.geometry, found.code, found.settings) == (
        "a1", 17, "MgO", "chgnet", "gpaw", Settings(cutoff=400.0),
    )  # fmt: skip
    for name in ("lattice", "numbers", "positions"):
        np.testing.assert_array_equal(getattr(found.given, name), getattr(written.given, name))
        np.testing.assert_array_equal(getattr(found.structure, name), getattr(written.structure, name))


def test_a_job_computes_the_primitive_cell_and_its_result_becomes_the_conventional_one():
    job = a_manifest()
    lattice, numbers, positions = job.structure.cell(0)
    assert len(numbers) == 2
    order = [1, 0]  # codes sort atoms as they like
    found = Structures.from_lists([1.02 * lattice], [numbers[order]], [positions[order]])
    whole = job.restored(found)
    np.testing.assert_allclose(whole.lattice[0], 1.02 * 4.2 * np.eye(3), atol=1e-12)
    np.testing.assert_array_equal(whole.numbers, ROCK_SALT.numbers)
    apart = whole.positions - ROCK_SALT.positions
    np.testing.assert_allclose(apart - np.rint(apart), 0, atol=1e-12)


def test_atoms_that_moved_across_a_face_of_the_cell_come_back_beside_where_they_were():
    tetragonal = Structures.from_lists(
        [np.diag([3.0, 3.0, 7.0])], [np.array([11, 17, 17])], [[[0, 0, 0], [0.5, 0.5, 0.001], [0.5, 0.5, 0.5]]]
    )
    job = a_manifest(tetragonal)
    lattice, numbers, positions = job.structure.cell(0)
    shifted = positions - np.array([0, 0, 0.004])
    whole = job.restored(Structures.from_lists([lattice], [numbers], [shifted]))
    apart = whole.positions - tetragonal.positions
    np.testing.assert_allclose(apart - np.rint(apart), [[0, 0, -0.004]] * 3, atol=1e-12)


def test_the_result_of_other_atoms_is_refused():
    job = a_manifest()
    lattice, numbers, positions = job.structure.cell(0)
    with pytest.raises(KnownError, match="other atoms"):
        job.restored(Structures.from_lists([lattice], [numbers + 1], [positions]))


@pytest.mark.parametrize("harm", ["missing", "torn", "changed", "newer"])
def test_a_manifest_that_cannot_be_trusted_is_refused(tmp_path, harm):
    a_manifest().write(tmp_path)
    path = tmp_path / manifest.NAME
    document = json.loads(path.read_text())
    if harm == "missing":
        path.unlink()
    elif harm == "torn":
        path.write_text(path.read_text()[:300])
    elif harm == "changed":
        path.write_text(json.dumps(document | {"candidate": 18}))
    else:
        path.write_text(json.dumps(document | {"version": 2}))
    with pytest.raises(FileError):
        manifest.read(tmp_path)
