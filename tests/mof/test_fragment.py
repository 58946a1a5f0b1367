"""Known frameworks cut into the blocks that chemistry names, and what is refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from known_mofs import known

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.bonds import perceive_bonds
from crystal_studio.mof.fragment import REASONS, Cut, Refused, cut


def cut_one(structures: Structures) -> Cut:
    bonds = perceive_bonds(structures, orders=False)
    return cut(*structures.cell(0), bonds.atoms.astype(int), bonds.image.astype(int))


def blocks(structures: Structures) -> dict[str, int]:
    """How many of each block: kind, formula and connection points."""
    found, numbers = cut_one(structures), structures.numbers
    names: Counter[str] = Counter()
    for k, kind in enumerate(found.kind.tolist()):
        count = Counter(SYMBOLS[z] for z in numbers[found.block == k])
        formula = "".join(f"{s}{n if n > 1 else ''}" for s, n in sorted(count.items()))
        points = int((found.block[found.cut[:, 0 if kind == NODE else 1]] == k).sum())
        names[f"{'node' if kind == NODE else 'linker'} {formula} {points}"] += 1
    return dict(names)


KNOWN = {
    "HKUST-1": {"node Cu2 8": 6, "linker C9H3O6 6": 8},
    "MOF-5": {"node OZn4 12": 2, "linker C8H4O4 4": 6},
    "ZIF-8": {"node Zn 4": 6, "linker C4H5N2 2": 12},
    "Mg-MOF-74": {"node Mg 5": 6, "linker C8H2O6 10": 3},
    "UiO-66": {"node H4O8Zr6 24": 1, "linker C8H4O4 4": 6},
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_frameworks(name: str) -> None:
    structures = known(name)
    assert blocks(structures) == KNOWN[name]
    found = cut_one(structures)
    assert found.dimension == 3 and found.guests == 0


@pytest.mark.parametrize("name", KNOWN)
def test_blocks_are_whole(name: str) -> None:
    """Shifted, the atoms of a block stand within bonds of each other, and every cut bond is as long as it was."""
    structures = known(name)
    lattice, _, x = structures.cell(0)
    bonds = perceive_bonds(structures, orders=False)
    found = cut_one(structures)
    whole = x + found.shift
    inner = bonds.atoms[found.kept]
    length = np.linalg.norm((whole[inner[:, 1]] - whole[inner[:, 0]]) @ lattice, axis=1)
    assert length.max() < 2.6
    across = (x[found.cut[:, 1]] + found.cut_image - x[found.cut[:, 0]]) @ lattice
    assert np.linalg.norm(across, axis=1).max() < 2.6
    assert len(found.cut) + len(inner) == len(bonds.atoms)


def with_atoms(structures: Structures, numbers: list[int], cartesian: list[list[float]]) -> Structures:
    lattice, z, x = structures.cell(0)
    more = np.array(cartesian) @ np.linalg.inv(lattice)
    return Structures.from_lists([lattice], [np.r_[z, numbers]], [np.concatenate([x, more])])


def pore(structures: Structures) -> np.ndarray:
    """A place far from all atoms, Cartesian."""
    lattice, _, x = structures.cell(0)
    grid = np.stack(np.meshgrid(*[np.arange(12) / 12] * 3, indexing="ij"), -1).reshape(-1, 3)
    apart = grid[:, None] - x[None]
    apart -= np.rint(apart)
    return grid[np.linalg.norm(apart @ lattice, axis=2).min(1).argmax()] @ lattice


def test_guests_are_left_out() -> None:
    framework = known("HKUST-1")
    place = pore(framework)
    water = [[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]]
    wet = with_atoms(framework, [8, 1, 1], (place + water).tolist())
    found = cut_one(wet)
    assert found.guests == 3 and (found.block[-3:] == -1).all()
    assert blocks(wet) == KNOWN["HKUST-1"]


def refusal(structures: Structures) -> str:
    with pytest.raises(Refused) as refused:
        cut_one(structures)
    assert str(refused.value) == REASONS[refused.value.code]
    return refused.value.code


def cubic(edge: float, symbols: str, positions: list[list[float]]) -> Structures:
    numbers = [SYMBOLS.index(s) for s in symbols.split()]
    return Structures.from_lists([np.eye(3) * edge], [np.array(numbers)], [np.array(positions) / edge])


def rod_net(edge: float = 10.2, places: tuple[float, ...] = (0.0,)) -> Structures:
    """Cadmium on a primitive cubic lattice, joined by rods of five carbons; a net for each place on the diagonal."""
    numbers, positions = [], []
    for place in places:
        numbers.append(48)
        positions.append(np.full(3, place * edge))
        for axis in np.eye(3):
            for along in (2.2, 3.75, 5.1, 6.45, 8.0):
                numbers.append(6)
                positions.append(place * edge + along * axis)
    return cubic(edge, " ".join(SYMBOLS[z] for z in numbers), np.array(positions).tolist())


def test_what_is_refused() -> None:
    lattice, numbers, x = known("MOF-5").cell(0)

    def changed(new: np.ndarray, keep: np.ndarray | None = None) -> Structures:
        kept = np.ones(len(new), bool) if keep is None else keep
        return Structures.from_lists([lattice], [new[kept]], [x[kept]])

    assert refusal(changed(np.where(numbers == 30, 6, numbers))) == "no_metal"
    assert refusal(changed(np.where(numbers == 6, 5, numbers))) == "no_carbon"
    assert refusal(changed(numbers, (numbers != 1) & (numbers != 30) | (np.arange(len(x)) == 0))) == "no_framework"


def test_disorder_is_refused() -> None:
    framework = known("UiO-66")
    lattice, numbers, x = framework.cell(0)
    carbon = x[np.flatnonzero(numbers == 6)[0]] @ lattice
    assert refusal(with_atoms(framework, [6], [(carbon + np.array([0.5, 0, 0])).tolist()])) == "disorder"


def test_interpenetration_is_refused() -> None:
    """Two nets as two components, and two that are one component of a smaller cell."""
    assert blocks(rod_net()) == {"node Cd 6": 1, "linker C5 2": 3}
    assert refusal(rod_net(places=(0.0, 0.5))) == "interpenetrated"
    one = rod_net(places=(0.0, 0.5))
    lattice, numbers, x = one.cell(0)
    basis = np.array([[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]])
    half = len(numbers) // 2
    smaller = Structures.from_lists([basis @ lattice], [numbers[:half]], [x[:half] @ np.linalg.inv(basis)])
    assert refusal(smaller) == "interpenetrated"


def boxed(edges: list[float], structures: Structures) -> Structures:
    """The same Cartesian positions in a box."""
    lattice, numbers, x = structures.cell(0)
    return Structures.from_lists([np.diag(edges)], [numbers], [x @ lattice @ np.diag(1 / np.array(edges))])


def test_endless_blocks_are_refused() -> None:
    """A rod of aluminium and hydroxide, and an endless chain of carbon beside a metal."""
    bridge = [[0, y, 0] for y in (2.0, 3.6, 5.2, 6.8)]
    rod = cubic(20.0, "Al O H C C C C", [[0, 0, 0], [0, 0, 1.9], [0.9, 0, 2.2], *bridge])
    assert refusal(boxed([9.0, 8.8, 3.8], rod)) == "endless_node"
    chain = cubic(20.0, "Cu C C C C", [[0, 2.0, 0], *([x, 0, 0] for x in (0, 1.4, 2.8, 4.2))])
    assert refusal(boxed([5.6, 9.0, 9.0], chain)) == "endless_linker"
