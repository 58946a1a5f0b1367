"""Small sets of crystals with known answers, and copies of them that look different."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import cell_parameters

CUBIC, HEXAGONAL = (90, 90, 90), (90, 90, 120)
PROTOTYPES = {
    "NaCl": (225, (5.64, 5.64, 5.64, *CUBIC), [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "CsCl": (221, (4.12, 4.12, 4.12, *CUBIC), [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "ZnS": (216, (5.41, 5.41, 5.41, *CUBIC), [[0, 0, 0], [0.25, 0.25, 0.25]]),
    "TiO2": (136, (4.594, 4.594, 2.959, *CUBIC), [[0, 0, 0], [0.305, 0.305, 0]]),
    "SrTiO3": (221, (3.905, 3.905, 3.905, *CUBIC), [[0.5] * 3, [0, 0, 0], [0.5, 0, 0]]),
    "CaF2": (225, (5.46, 5.46, 5.46, *CUBIC), [[0, 0, 0], [0.25, 0.25, 0.25]]),
    "GaN": (186, (3.19, 3.19, 5.19, *HEXAGONAL), [[1 / 3, 2 / 3, 0], [1 / 3, 2 / 3, 0.377]]),
}
SALTS = (
    ("NaCl", "Na", "Cl"),
    ("NaCl", "K", "Br"),
    ("NaCl", "Mg", "O"),
    ("CsCl", "Cs", "Cl"),
    ("ZnS", "Zn", "S"),
    ("TiO2", "Ti", "O"),
    ("SrTiO3", "Sr", "Ti", "O"),
    ("CaF2", "Ca", "F"),
    ("GaN", "Ga", "N"),
    ("GaN", "Zn", "S"),
)
GROUPS = [PROTOTYPES[name][0] for name, *_ in SALTS]


@cache
def salt(prototype: str, *elements: str, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lattice, numbers and fractional positions of the conventional cell."""
    from pymatgen.core import Lattice, Structure

    group, (a, b, c, *angles), positions = PROTOTYPES[prototype]
    lattice = Lattice.from_parameters(scale * a, scale * b, scale * c, *angles)
    made = Structure.from_spacegroup(group, lattice, list(elements), positions)
    return made.lattice.matrix, np.array(made.atomic_numbers), made.frac_coords


@cache
def salts() -> Structures:
    """Ten different crystals, all of them valid and charge balanced."""
    return Structures.from_lists(*zip(*(salt(*one) for one in SALTS), strict=True))


def disguised(structures: Structures, seed: int = 0) -> Structures:
    """The same crystals, in another order of atoms, turned, from another origin, every other one in a supercell."""
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(seed)
    parts = []
    for i in range(len(structures)):
        atoms = structures.atoms(i)
        numbers, positions = structures.numbers[atoms], structures.positions[atoms] + rng.random(3)
        lattice = structures.lattice[i] @ Rotation.random(random_state=rng).as_matrix()
        if i % 2:
            numbers, lattice = np.tile(numbers, 2), np.diag([1, 1, 2]) @ lattice
            positions = np.concatenate([positions, positions + np.array([0, 0, 1])]) / [1, 1, 2]
        order = rng.permutation(len(numbers))
        parts.append((lattice, numbers[order], positions[order]))
    return Structures.from_lists(*zip(*parts, strict=True))


def write_parquet(path: Path, structures: Structures, **columns: list) -> Path:
    """The layout of the training data."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [structures.atoms(i) for i in range(len(structures))]
    table = {
        "source_id": [f"salt-{i}" for i in range(len(rows))],
        "lattice": cell_parameters(structures.lattice).tolist(),
        "atomic_numbers": [structures.numbers[r].tolist() for r in rows],
        "frac_coords": [structures.positions[r].ravel().tolist() for r in rows],
        **columns,
    }
    pq.write_table(pa.table(table), path)
    return path


def cif_texts(structures: Structures) -> list[str]:
    """pymatgen's CIF of every crystal, as in the files of MP-20."""
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.cif import CifWriter

    texts = []
    for i in range(len(structures)):
        rows = structures.atoms(i)
        crystal = Structure(
            Lattice(structures.lattice[i]), structures.numbers[rows].tolist(), structures.positions[rows]
        )
        texts.append(str(CifWriter(crystal)))
    return texts
