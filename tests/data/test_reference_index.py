"""Fingerprints and the index of known structures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.data import reference
from crystal_studio.data.fingerprints import K_PLAIN, WIDTH, distance, fingerprints, type_distance
from crystal_studio.data.reference import SAME_STRUCTURE, ReferenceIndex
from crystal_studio.errors import FileError, KnownError


def cubic(a: float, numbers: list[int], positions: list[list[float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return a * np.eye(3), np.array(numbers), np.array(positions)


FCC = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
SHIFTED = [[x + 0.5, y, z] for x, y, z in FCC]


def rocksalt(a: float, cation: int, anion: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return cubic(a, [cation] * 4 + [anion] * 4, FCC + SHIFTED)


def half_heusler(corner: int, octahedral: int, centre: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    quarter = [[x + 0.25, y + 0.25, z + 0.25] for x, y, z in FCC]
    return cubic(5.9, [corner] * 4 + [octahedral] * 4 + [centre] * 4, FCC + SHIFTED + quarter)


def batch(*crystals: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Structures:
    return Structures.from_lists(*zip(*crystals, strict=True))


def test_fcc_distances() -> None:
    """12 neighbours at a/sqrt(2), 6 at a, then 6 of 24 at a sqrt(3/2); a = 4^(1/3) in units of the spacing."""
    vector = fingerprints(batch(cubic(3.6, [29] * 4, FCC)))[0, :K_PLAIN]
    a = 4 ** (1 / 3)
    assert np.allclose(vector, [a / np.sqrt(2)] * 12 + [a] * 6 + [a * np.sqrt(1.5)] * 6, atol=1e-6)


def test_cell_choice_shift_and_size_do_not_matter() -> None:
    lattice, numbers, positions = rocksalt(5.64, 11, 17)
    primitive = 5.64 / 2 * (1 - np.eye(3))
    skew = np.array([[1, 0, 0], [3, 1, 0], [-2, 5, 1]])
    vectors = fingerprints(
        batch(
            (lattice, numbers, positions),
            (primitive, np.array([11, 17]), np.array([[0.1, 0.2, 0.3], [0.6, 0.7, 0.8]])),
            (lattice * 1.7, numbers, positions + 0.21),
            (skew @ lattice, numbers, positions @ np.linalg.inv(skew)),
        )
    )
    assert np.allclose(vectors, vectors[0], atol=1e-5)


def test_orbits_give_the_same_as_all_atoms() -> None:
    cells = batch(rocksalt(5.64, 11, 17), half_heusler(12, 28, 50))
    units, ok, _ = to_asymmetric_units(cells)
    assert ok.all()
    expanded = expand(units)
    assert (expanded.orbit >= 0).all()
    assert np.allclose(fingerprints(expanded), fingerprints(cells), atol=1e-5)


def test_which_element_sits_where_is_seen() -> None:
    """The permutations of a half-Heusler have the same distances, also for elements next to each other."""
    vectors = fingerprints(batch(half_heusler(25, 26, 27), half_heusler(27, 26, 25), half_heusler(25, 27, 26)))
    assert type_distance(vectors[0], vectors[1:]).max() < 1e-5
    assert distance(vectors[0], vectors[1:]).min() > 0.01


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_continuous_under_small_moves(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 7))
    lattice = 4 * np.eye(3) + rng.normal(scale=0.8, size=(3, 3))
    numbers, positions = rng.integers(1, 90, n), rng.random((n, 3))
    moved = positions + 1e-4 * rng.normal(size=(n, 3))
    first, second = fingerprints(batch((lattice, numbers, positions), (lattice, numbers, moved)))
    if not np.isnan(first).any():
        assert distance(first, second) < 0.01


def test_a_cell_of_a_thousand_atoms_is_the_same_crystal() -> None:
    """Neighbours of large cells come from a tree, those of small ones from all distances."""
    lattice, numbers, positions = rocksalt(5.64, 11, 17)
    shifts = np.stack(np.meshgrid(*[np.arange(5)] * 3, indexing="ij"), -1).reshape(-1, 1, 3)
    wide = (5 * lattice, np.tile(numbers, 125), ((positions + shifts) / 5).reshape(-1, 3))
    one, many = fingerprints(batch((lattice, numbers, positions), wide))
    assert distance(one, many) < 1e-6


def test_cells_without_answer_are_nan_not_errors() -> None:
    nothing = (np.eye(3) * 4, np.zeros(0, int), np.zeros((0, 3)))
    flat = (np.zeros((3, 3)), np.array([26]), np.zeros((1, 3)))
    broken = (np.full((3, 3), np.nan), np.array([26]), np.zeros((1, 3)))
    needle = (np.diag([1e-3, 1e-3, 1e5]), np.array([26]), np.zeros((1, 3)))
    strange = cubic(4.0, [26, 200], [[0, 0, 0], [0.5, 0.5, 0.5]])
    vectors = fingerprints(batch(nothing, flat, broken, needle, strange))
    assert vectors.shape == (5, WIDTH) and np.isnan(vectors).any(1).all()


@pytest.fixture
def small_index(tmp_path: Path) -> Path:
    cells = batch(rocksalt(5.64, 11, 17), rocksalt(4.21, 12, 8), half_heusler(12, 28, 50))
    path = tmp_path / "known.npz"
    reference.save(
        path, ["mp-22862", "mp-1265", "mvc-7"], ["NaCl", "MgO", "MgNiSn"], np.array([225, 225, 216]),
        ["1a 1b", "1a 1b", "1a 1b 1c"], fingerprints(cells),
    )  # fmt: skip
    return path


def test_nearest_by_formula_by_type_and_novelty(small_index: Path) -> None:
    index = ReferenceIndex.load(small_index)
    caesium_chloride = cubic(3.4, [11, 17], [[0, 0, 0], [0.5, 0.5, 0.5]])
    found = index.nearest(
        batch(rocksalt(5.8, 11, 17), rocksalt(5.1, 20, 16), caesium_chloride, half_heusler(28, 12, 50))
    )
    assert found.ids[[0, 2, 3]].tolist() == ["mp-22862", "mp-22862", "mvc-7"]
    assert found.ids[1] in ("mp-22862", "mp-1265")  # CaS has the structure type of both
    assert found.same_formula.tolist() == [True, False, True, True]
    assert found.novel.tolist()[:3] == [False, True, True]
    assert found.distance[0] < 0.002 and found.distance[1] < 0.002
    assert found.distance[2] > SAME_STRUCTURE
    assert found.label(0) == "mp-22862 (NaCl, Fm-3m)"


def test_without_some_entries_and_without_all(small_index: Path) -> None:
    index, salt = ReferenceIndex.load(small_index), batch(rocksalt(5.8, 11, 17))
    less = index.without(np.array(["mp-22862", "mp-5"])).nearest(salt)
    assert less.novel.tolist() == [True] and less.label(0).startswith("mp-1265")
    nothing = index.without(index.ids).nearest(salt)
    assert nothing.novel.tolist() == [True] and nothing.label(0) == "" and np.isnan(nothing.distance[0])


def test_crystals_that_cannot_be_compared(small_index: Path) -> None:
    flat = (np.zeros((3, 3)), np.array([26]), np.zeros((1, 3)))
    found = ReferenceIndex.load(small_index).nearest(batch(flat))
    assert found.ids.tolist() == [""] and found.label(0) == "" and np.isnan(found.distance[0])


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 torn"])
def test_damaged_index_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "known.npz").write_bytes(content)
    with pytest.raises(FileError, match=r"damaged.*build_reference"):
        ReferenceIndex.load(tmp_path / "known.npz")


def test_missing_index_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    with pytest.raises(KnownError, match="missing: reinstall"):
        ReferenceIndex.load()


def test_shipped_index_finds_rock_salt_and_spinel() -> None:
    index = ReferenceIndex.load()
    assert len(index) > 70_000
    assert reference.index_path().stat().st_size < 12 << 20
    found = index.nearest(batch(rocksalt(5.7, 11, 17), rocksalt(4.3, 12, 8)))
    assert found.formulas.tolist() == ["NaCl", "MgO"] and not found.novel.any()
    assert found.space_group.tolist() == [225, 225]


def test_every_known_structure_is_filed_under_its_own_type() -> None:
    """The type comes from the whole formula: Ca3(PO4)2 is (2, 3, 8), whatever its parentheses."""
    from pymatgen.core import Composition

    index = ReferenceIndex.load()
    type_of = {row: kind for kind, rows in index.by_type.items() for row in rows}
    assert len(type_of) == len(index)
    for row in np.random.default_rng(0).choice(len(index), 1000, replace=False).tolist():
        amounts = Composition(str(index.formulas[row])).get_el_amt_dict().values()
        assert reference.stoichiometry(np.array([int(n) for n in amounts])) == type_of[row]
    phosphate = int(np.flatnonzero(index.formulas == "Ca3(PO4)2")[0])
    assert phosphate in index.by_type[2, 3, 8]


def test_what_is_known_is_what_is_not_novel() -> None:
    """Rock salt, the same in a larger cell, chains of the formula, an unheard-of compound, atoms on each other."""
    found = batch(
        rocksalt(5.64, 11, 17),
        rocksalt(6.5, 11, 17),
        (np.diag([5.0, 9.0, 9.0]), np.array([11, 17]), np.array([[0, 0, 0], [0.5, 0, 0]])),
        half_heusler(11, 17, 92),
        cubic(5.0, [11, 17], [[0, 0, 0], [0, 0, 0]]),
    )
    index = ReferenceIndex.load()
    assert index.known(found).tolist() == (~index.nearest(found).novel).tolist()
    assert index.known(found)[:2].all() and not index.known(found)[2:4].any()
    assert index.known(found.take(np.zeros(0, int))).shape == (0,)
