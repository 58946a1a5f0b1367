"""Ways to damage crystals and the files that hold them, for ``damaged.py``; the same seed gives the same damage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.design.request import DesignRequest

Cell = tuple[NDArray, NDArray, NDArray]
"""Lattice (3, 3), atomic numbers (n,), fractional positions (n, 3)."""


@dataclass(frozen=True)
class Damaged:
    """One input: a cell, or the text of a file, and what was done to it."""

    damage: str
    cell: Cell | None = None
    text: str = ""


def scaled(cell: Cell, rng: np.random.Generator) -> Cell:
    return cell[0] * 10.0 ** rng.uniform(-9, 9), *cell[1:]


def stretched(cell: Cell, rng: np.random.Generator) -> Cell:
    return cell[0] * 10.0 ** rng.uniform(-2, 3, (3, 1)), *cell[1:]


def needle(cell: Cell, rng: np.random.Generator) -> Cell:
    """A long cell of short edges and usual angles, as in the worst searches of symmetry."""
    a = float(rng.uniform(0.6, 6))
    b, c = (a, float(10 ** rng.uniform(1, 4))) if rng.random() < 0.5 else 10 ** rng.uniform(0, 3.5, 2)
    angles = [float(rng.choice([60, 90, 120, rng.uniform(30, 150)])) for _ in range(3)]
    return from_parameters(np.array([[a, b, c, *angles]]))[0], *cell[1:]


def skewed(cell: Cell, rng: np.random.Generator) -> Cell:
    """Another basis, of the same lattice where it is whole."""
    basis = np.eye(3) + np.triu(rng.integers(-40, 41, (3, 3)), 1)
    basis = basis[rng.permutation(3)] if rng.random() < 0.5 else basis + rng.normal(0, 0.3, (3, 3))
    return basis @ cell[0], cell[1], cell[2] @ np.linalg.inv(basis)


def flat(cell: Cell, rng: np.random.Generator) -> Cell:
    lattice = cell[0].copy()
    lattice[2] = rng.normal(size=2) @ lattice[:2] + lattice[2] * 10.0 ** rng.uniform(-12, -1)
    return lattice, *cell[1:]


def broken_lattice(cell: Cell, rng: np.random.Generator) -> Cell:
    lattice = cell[0].copy()
    lattice[tuple(rng.integers(0, 3, 2))] = rng.choice([np.nan, np.inf, -np.inf, 1e300, 1e-300, 0.0])
    if rng.random() < 0.3:
        lattice[rng.integers(3)] = 0.0
    return lattice, *cell[1:]


def broken_positions(cell: Cell, rng: np.random.Generator) -> Cell:
    positions = cell[2].copy()
    positions[rng.integers(len(positions))] = rng.choice([np.nan, np.inf, 1e300, -1e17, 1e-320])
    return *cell[:2], positions


def overlapping(cell: Cell, rng: np.random.Generator) -> Cell:
    positions = cell[2].copy()
    moved = rng.random(len(positions)) < rng.random()
    positions[moved] = positions[rng.integers(len(positions))] + rng.normal(0, 10.0 ** rng.uniform(-8, -1), 3)
    return *cell[:2], positions


def rattled(cell: Cell, rng: np.random.Generator) -> Cell:
    return *cell[:2], cell[2] + rng.normal(0, 10.0 ** rng.uniform(-4, 0), cell[2].shape)


def exotic(cell: Cell, rng: np.random.Generator) -> Cell:
    kinds = np.unique(cell[1])
    new = rng.choice([2, 10, 18, 36, 54, 61, 86, 87, 94, 98, 103, 110, 118], len(kinds))
    return cell[0] * rng.uniform(1, 1.5), new[np.searchsorted(kinds, cell[1])], cell[2]


def no_element(cell: Cell, rng: np.random.Generator) -> Cell:
    numbers = cell[1].copy()
    numbers[rng.integers(len(numbers))] = rng.choice([0, -1, 119, 255, 32_000, -32_000])
    return cell[0], numbers, cell[2]


def repeated(cell: Cell, rng: np.random.Generator) -> Cell:
    """A supercell of up to some 500 atoms, with a few of its atoms exchanged or gone."""
    n = int(rng.integers(1, max(2, int((500 / len(cell[1])) ** (1 / 3)) + 1)))
    shifts = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), -1).reshape(-1, 3)
    numbers = np.tile(cell[1], n**3)
    positions = ((cell[2] + shifts[:, None]) / n).reshape(-1, 3)
    keep = rng.random(len(numbers)) > rng.choice([0.0, 0.01])
    keep[0] = True
    return cell[0] * n, numbers[keep], positions[keep]


def filled(cell: Cell, rng: np.random.Generator) -> Cell:
    """Hundreds of atoms at random, thousands now and then."""
    n = int(rng.choice([500, 800, 4001, 21_000], p=[0.6, 0.37, 0.02, 0.01]))
    edge = (n * rng.uniform(5, 60)) ** (1 / 3)
    return np.eye(3) * edge + rng.normal(0, 1, (3, 3)), rng.choice(np.unique(cell[1]), n), rng.random((n, 3))


def empty(cell: Cell, rng: np.random.Generator) -> Cell:
    return cell[0], cell[1][:0], cell[2][:0]


CELLS: dict[str, Callable[[Cell, np.random.Generator], Cell]] = {
    f.__name__.replace("_", " "): f
    for f in (
        scaled, stretched, needle, skewed, flat, broken_lattice, broken_positions, overlapping, rattled, exotic,
        no_element, repeated, filled, empty,
    )
}  # fmt: skip


def mistyped(text: str, rng: np.random.Generator) -> str:
    """A few characters, numbers or lines of a text exchanged, repeated or gone."""
    for _ in range(int(rng.integers(1, 3))):
        lines = text.split("\n")
        i = int(rng.integers(len(lines)))
        words = lines[i].split()
        match int(rng.integers(6)):
            case 0:
                at = int(rng.integers(len(text)))
                text = text[:at] + chr(int(rng.choice([0, 9, 39, 40, 46, 63, 95, 233, 8364]))) + text[at + 1 :]
                continue
            case 1:
                del lines[i]
            case 2:
                lines.insert(i, lines[int(rng.integers(len(lines)))])
            case 3 if words:
                word = str(rng.choice(["nan", "inf", "-1e308", "1e-308", "0", "?", ".", "1.5(3)", "Xx", "-4", "1/3"]))
                words[int(rng.integers(len(words)))] = word
                lines[i] = " ".join(words)
            case 4:
                lines = lines[: i + 1]
            case _:
                lines[i] = lines[i][::-1]
        text = "\n".join(lines) or " "
    return text


def damaged(sources: list[Cell], texts: list[str], count: int, seed: int) -> list[Damaged]:
    """``count`` inputs, as many of each damage; texts are a quarter of them."""
    rng = np.random.default_rng(seed)
    names = list(CELLS)
    found = []
    for i in range(count):
        if i % 4 == 3:
            found.append(Damaged("mistyped file", text=mistyped(texts[int(rng.integers(len(texts)))], rng)))
            continue
        name = names[(i - i // 4) % len(names)]
        with np.errstate(all="ignore"):
            found.append(Damaged(name, CELLS[name](sources[int(rng.integers(len(sources)))], rng)))
    return found


def originals(count: int, seed: int) -> Structures:
    """Generated crystals and prototypes, whole cells of up to 80 atoms."""
    from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY

    from crystal_studio.generators import registry

    known = [entry["snl"].structure for entry in AFLOW_PROTOTYPE_LIBRARY]
    known = [s for s in known if s.is_ordered and len(s) <= 80]
    prototypes = Structures.from_lists(
        [s.lattice.matrix for s in known], [s.atomic_numbers for s in known], [s.frac_coords for s in known]
    )
    if not count:
        return prototypes
    asked = DesignRequest(count=count, seed=seed, options={"steps": 20})
    made = registry.load("symmcd-mp20-like", "cpu").sample(asked, 0)
    return Structures.concatenate([prototypes, made.structures])
