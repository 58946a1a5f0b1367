"""Overlaps over all periodic images, absurd volumes and cells: each rejected with its reason."""

from __future__ import annotations

import numpy as np
import pytest
from textbook import CRYSTALS, batch, found, raw_batch, sentences

from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.geometry import GeometryStage


def one(lattice: np.ndarray, numbers: list[int], positions: list[list[float]]) -> tuple[bool, str, dict]:
    verdicts = GeometryStage()(raw_batch(Structures.from_lists([lattice], [numbers], [positions])), None)
    values = {f.quantity: f.values[0] for f in verdicts.findings} | {k: v[0] for k, v in verdicts.notes.items()}
    return bool(verdicts.passed[0]), sentences(GeometryStage(), verdicts)[0], values


def test_textbook_crystals_pass() -> None:
    verdicts = GeometryStage()(batch(*CRYSTALS), None)
    assert verdicts.passed.all(), verdicts.reasons
    assert sentences(GeometryStage(), verdicts) == [""] * len(CRYSTALS)
    shortest = dict(zip(CRYSTALS, found(verdicts, "min_distance"), strict=True))
    assert shortest["C"] == pytest.approx(3.567 * np.sqrt(3) / 4, abs=1e-3)
    assert shortest["NaCl"] == pytest.approx(2.82, abs=1e-3)


def test_two_close_atoms_are_named_with_numbers_and_limit() -> None:
    passed, reason, values = one(4 * np.eye(3), [8, 8], [[0, 0, 0], [0.1775, 0, 0]])
    assert not passed
    assert reason == "Two O atoms are 0.71 Å apart (limit 0.79 Å)."
    assert values["min_distance"] == pytest.approx(0.71)
    assert values["valid_published"] == 1  # the published rule asks for 0.5 A only


def test_overlap_across_the_cell_face() -> None:
    passed, reason, _ = one(5 * np.eye(3), [3, 8], [[0.02, 0, 0], [0.96, 0, 0]])
    assert not passed and reason.startswith("Li and O are 0.30 Å apart")


def test_own_image_in_a_tiny_cell() -> None:
    passed, reason, values = one(np.diag([1.6, 6.0, 6.0]), [55], [[0, 0, 0]])
    assert not passed
    assert reason == "Cs and its own periodic image are 1.60 Å apart (limit 2.93 Å)."
    assert values["min_distance"] == pytest.approx(1.6)


def test_own_image_across_a_skewed_cell() -> None:
    """The shortest own image lies at a + b, not along an edge."""
    lattice = np.array([[6.0, 0, 0], [-5.6, 2.2, 0], [0, 0, 6.0]])
    passed, reason, values = one(lattice, [26], [[0, 0, 0]])
    assert values["min_distance"] == pytest.approx(np.hypot(0.4, 2.2))
    assert passed or "periodic image" in reason


@pytest.mark.parametrize(
    ("lattice", "said"),
    [
        (20 * np.eye(3), "8e+03 Å³ per atom"),
        (1.5 * np.eye(3), "3.38 Å³ per atom"),
        (np.diag([1.2, 6, 6]), "edge a is 1.2 Å"),
        (np.diag([3.0, 3.0, 11.0]) @ np.eye(3) * 0, "0 Å³ per atom"),
        (np.full((3, 3), np.nan), "not a finite number"),
        (np.array([[5.0, 0, 0], [4.9, 1.0, 0], [0, 0, 5.0]]), "angle γ is 12°"),
    ],
)
def test_absurd_cells(lattice: np.ndarray, said: str) -> None:
    passed, reason, _ = one(lattice, [26], [[0, 0, 0]])
    assert not passed and said in reason, reason


def test_empty_cell_and_mixed_batch() -> None:
    cells = Structures.from_lists(
        [5 * np.eye(3), 2.866 * np.eye(3)], [[], [26, 26]], [[], [[0, 0, 0], [0.5, 0.5, 0.5]]]
    )
    verdicts = GeometryStage()(raw_batch(cells), None)
    assert verdicts.passed.tolist() == [False, True]
    assert sentences(GeometryStage(), verdicts)[0] == "The cell holds no atom."
    assert np.isnan(found(verdicts, "min_distance")[0]) and np.isfinite(found(verdicts, "min_distance")[1])


@pytest.mark.parametrize("number", [0, 119, 200, -3])
def test_atoms_of_no_element_are_a_verdict(number: int) -> None:
    passed, reason, _ = one(4 * np.eye(3), [number, 8], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert not passed and reason == "Nothing can be computed of this cell: it holds atoms that are no chemical element."


@pytest.mark.filterwarnings("error")
def test_a_huge_number_is_a_verdict_without_a_warning() -> None:
    lattice = 4 * np.eye(3)
    lattice[1, 0] = 1e300
    passed, reason, _ = one(lattice, [26], [[0, 0, 0]])
    assert not passed and "edge b is" in reason


def test_a_cell_that_repeats_too_soon_is_named() -> None:
    """Hydrogen's own images 0.42 A apart are no overlap by covalent radii, and the edges tell nothing."""
    lattice = np.array([[4, 1, -2], [-1, -3, -1], [4, 3, -1]]) @ np.diag([0.42, 1.7, 8.42])
    passed, reason, _ = one(lattice, [1], [[0, 0, 0]])
    assert not passed and "repeats every 0.42 A" in reason
