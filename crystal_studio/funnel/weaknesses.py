"""What potentials are known to be weak at, and which crystals' energies above hull rest on it.

A mark says that an energy is less sure than others, not that it is wrong: nothing is rejected for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.data.weakness_tables import ElementErrors, Volumes
from crystal_studio.mof.bond_graph import parts_of

FEW = 100
"""Phases with an element; the error of fewer is not known well enough, and the potential has hardly learnt it."""

LARGE = 1.5
"""Times the usual error that an element's has to be to count as large."""

SHRINKS, SWELLS = 0.7, 1.4
"""Volume after relaxation over that before, beyond which another crystal was relaxed than the one that was made."""

REACH = 1.25
"""Bonds are shorter than this times the sum of the covalent radii: longer than those of metals (lead 1.20), shorter
than the gaps between layers of tellurides (Bi2Te3 1.32)."""

MOMENTS = (23, 24, 25, 26, 27, 28, 58, 63, 64, 91, 92, 93, 94, 95, 96)
"""V to Ni; Ce, Eu, Gd; Pa to Cm: atoms whose moments decide energies. The 4f electrons of the other lanthanides are
frozen in the cores of the training data (as in pymatgen's MPRelaxSet), which know nothing of their small order."""

_BODIES = ("molecules", "chains", "layers")


@dataclass(frozen=True)
class Weakness:
    """One kind of mark. name : as in the text of a mark; why : what it is; what to do about it."""

    name: str
    why: str
    todo: str


WEAKNESSES = (
    Weakness(
        "elements",
        "The potential errs more on the known phases with these elements than on others, or hardly any are known.",
        "Ask a second potential (the stage consensus), and compute it by DFT before you rely on it.",
    ),
    Weakness(
        "volume",
        "The relaxed cell is far from those of the known phases with these elements, or from the cell that was made:"
        " the potential has learnt from crystals near their equilibrium, and is too soft away from them.",
        "Look at the structure, relax it with a second potential (the stage consensus) or by DFT.",
    ),
    Weakness(
        "magnetic",
        "Moments on these atoms decide the energy, and the potential knows one magnetic state, as a rule the"
        " ferromagnetic one of its training data. A second potential that has learnt from the same data shows nothing.",
        "Compute the likely magnetic orders by DFT+U and take the lowest.",
    ),
    Weakness(
        "van der Waals",
        "Its parts are held together by dispersion, which PBE, and what is trained on it, lacks: the distance between"
        " them and the energy of their cohesion are not to be relied on.",
        "Relax it by a functional with dispersion (PBE-D3, r2SCAN+rVV10, optB88-vdW).",
    ),
)  # fmt: skip


def marks(
    structures: Structures,
    volume_change: NDArray[np.float64] | None = None,
    errors: ElementErrors | None = None,
    volumes: Volumes | None = None,
) -> NDArray[np.object_]:
    """(B,) texts such as "magnetic (Mn), van der Waals (layers)", None where nothing is to be said.

    structures : as relaxed; volume_change : (B,) relaxed over generated volume, NaN where not known
    errors : of the potential, volumes : of the reference phases; what is left out is not looked at
    """
    amounts = counts(structures)
    change = np.full(len(structures), np.nan) if volume_change is None else np.asarray(volume_change, float)
    with np.errstate(invalid="ignore"):
        volume = np.asarray(structures.volume, float)
    sides = (
        by_elements(amounts, errors),
        by_volume(amounts, volume, change, volumes),
        magnetic(amounts),
        van_der_waals(structures),
    )
    found = np.full(len(structures), None, object)
    for i, said in enumerate(zip(*sides, strict=True)):
        found[i] = ", ".join(f"{w.name} ({text})" for w, text in zip(WEAKNESSES, said, strict=True) if text) or None
    return found


def of_potential(potential: str, structures: Structures, volume_change: NDArray[np.float64]) -> NDArray[np.object_]:
    """The same with the shipped tables, of the potential with that key."""
    return marks(structures, volume_change, ElementErrors.load(potential), Volumes.load())


def explained(mark: str) -> dict[str, Weakness]:
    """The parts of a text of ``marks``, such as "magnetic (Mn)", in its order, and what each means."""
    said = [f"{part.removesuffix(')')})" for part in mark.split("), ") if part]
    return {part: weakness for part in said for weakness in WEAKNESSES if part.startswith(f"{weakness.name} (")}


def weak(errors: ElementErrors) -> NDArray[np.bool_]:
    """(119,) elements of which few phases were compared, or on which the error of an energy above hull is large."""
    with np.errstate(invalid="ignore"):
        return (errors.phases < FEW) | (errors.left > LARGE * errors.usual)


def by_elements(amounts: NDArray, errors: ElementErrors | None) -> list[str]:
    """B texts: elements (columns of ``amounts``, (B, 119)) that the potential is weak at, such as "Pu"."""
    if errors is None:
        return [""] * len(amounts)
    return _symbols((amounts > 0) & weak(errors))


def magnetic(amounts: NDArray) -> list[str]:
    """B texts: the elements of ``MOMENTS`` that a crystal holds.

    The Materials Project as a rule starts from ferromagnetic moments; of 64 magnets known to order in another way, a
    search over orders finds another ground state for 95% (Horton et al., npj Comput. Mater. 5, 64 (2019)).
    """
    known = np.zeros(amounts.shape[1], bool)
    known[list(MOMENTS)] = True
    return _symbols((amounts > 0) & known)


def by_volume(
    amounts: NDArray, volume: NDArray[np.float64], change: NDArray[np.float64], volumes: Volumes | None
) -> list[str]:
    """B texts: "small" or "large" where hardly any phases with one of a compound's elements have such a volume,
    "shrank" or "swelled" where the relaxation changed it much.

    Universal potentials are too soft away from the equilibrium of what they have learnt from (Deng et al., npj
    Comput. Mater. 11, 9 (2025)).
    """
    said: list[list[str]] = [[] for _ in amounts]
    if volumes is not None:
        present = amounts > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = volume / (amounts @ np.nan_to_num(volumes.atomic))
        # The volumes of the elements are those in compounds, of which diamond has half.
        known = ~(present & np.isnan(volumes.atomic)).any(1) & np.isfinite(ratio) & (present.sum(1) > 1)
        low = np.where(present, np.nan_to_num(volumes.low), 0.0).max(1)
        high = np.where(present, np.nan_to_num(volumes.high, nan=np.inf), np.inf).min(1)
        _say(said, known & (ratio < low), "small")
        _say(said, known & (ratio > high), "large")
    _say(said, change < SHRINKS, "shrank")
    _say(said, change > SWELLS, "swelled")
    return [", ".join(words) for words in said]


def van_der_waals(structures: Structures) -> list[str]:
    """B texts: "layers", "chains" or "molecules" where nothing that hangs together by bonds is endless in all three
    directions.

    Bonds are told by distances over sums of covalent radii, dimensions by the rank of the closed paths (Larsen et al.,
    Phys. Rev. Materials 3, 034003 (2019)); PBE lacks dispersion (Bjorkman et al., Phys. Rev. Lett. 108, 235502
    (2012)). One dimension for a crystal, that of its largest part: ions between layers are not told from molecules.
    """
    found = []
    for i in range(len(structures)):
        dimension = bonded_dimension(*structures.cell(i))
        found.append(_BODIES[dimension] if dimension < 3 else "")
    return found


def bonded_dimension(lattice: NDArray, numbers: NDArray, positions: NDArray) -> int:
    """In how many directions the bonds of a crystal are endless, 0 to 3; 3 for a cell that is none."""
    if not len(numbers) or not _sound(lattice, positions):
        return 3
    radii = COVALENT_RADII[numbers]
    i, j, image, _ = neighbours_within(lattice, positions, REACH * (radii[:, None] + radii[None]))
    one_way = i <= j  # each bond is listed from both of its ends
    return int(parts_of(len(numbers), np.stack([i, j], 1)[one_way], image[one_way]).dimension.max())


def _sound(lattice: NDArray, positions: NDArray) -> bool:
    """Whether neighbours can be looked for: a flat cell has far too many."""
    if not (np.isfinite(lattice).all() and np.isfinite(positions).all() and np.linalg.det(lattice)):
        return False
    return bool((np.linalg.norm(np.linalg.inv(lattice), axis=0) < 1).all())  # all heights above 1 Angstrom


def _symbols(chosen: NDArray[np.bool_]) -> list[str]:
    return [" ".join(SYMBOLS[z] for z in np.flatnonzero(row)) for row in chosen]


def _say(said: Sequence[list[str]], where: NDArray[np.bool_], word: str) -> None:
    for i in np.flatnonzero(where).tolist():
        said[i].append(word)
