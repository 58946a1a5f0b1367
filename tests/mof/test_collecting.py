"""Frameworks in blocks of a library: they stand where they stood, their connection points meet, and others fit them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from known_mofs import NAMES, known

from crystal_studio.crystal.batches import Structures
from crystal_studio.mof import records
from crystal_studio.mof.block import Block
from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.collecting import Collector, coarse_grained, encode, only_used, places_of
from crystal_studio.mof.fragments import Fragments, fragment
from crystal_studio.mof.library import library_fault


def unnamed(collector: Collector) -> BlockLibrary:
    """The library without what RDKit would say."""
    return collector.library(lambda block: int(block.key, 16), lambda block: ("", ""))


def collected(names: tuple[str, ...]) -> tuple[BlockLibrary, CoarseMofs, list[Fragments]]:
    collector, mofs, fragments = Collector(), [], []
    for name in names:
        found = fragment(known(name))
        mofs.append(coarse_grained(found, [collector.add(block) for block in found.blocks], name))
        fragments.append(found)
    return unnamed(collector), CoarseMofs.concatenate(mofs), fragments


def meeting(mofs: CoarseMofs, library: BlockLibrary, i: int) -> np.ndarray:
    """Distances (c,) of the two connection points of each connection, Angstrom."""
    places, lattice = places_of(mofs, library, i), mofs.lattice[i]
    kinds = mofs.block[mofs.blocks(i)]
    rows = mofs.connections(i)
    apart = []
    for ((node, a), (linker, b)), image in zip(mofs.ends[rows].tolist(), mofs.image[rows], strict=True):
        assert library.kind[kinds[node]] == NODE and library.kind[kinds[linker]] != NODE
        first = places[node][library.n_atoms[kinds[node]] + a]
        second = places[linker][library.n_atoms[kinds[linker]] + b] + image @ lattice
        apart.append(np.linalg.norm(first - second))
    return np.array(apart)


def test_known_frameworks_in_their_blocks() -> None:
    library, mofs, fragments = collected(NAMES)
    assert library_fault(library) == ""
    # Terephthalate of MOF-5 and of UiO-66 is one block; the magnesium and the linker of MOF-74 have one shape each.
    assert Counter(library.formula.tolist()) == Counter(
        ["Cu2", "C9H3O6", "OZn4", "C8H4O4", "Zn", "C4H5N2", "Mg", "C8H2O6", "H4O8Zr6"]
    )
    assert library.count[library.formula == "C8H4O4"].tolist() == [12]
    for i, found in enumerate(fragments):
        assert meeting(mofs, library, i).max() < 0.25
        lattice, numbers, x = known(NAMES[i]).cell(0)
        places = places_of(mofs, library, i)
        worst = 0.0
        for k, atoms in enumerate(found.atoms):
            block = int(mofs.block[mofs.offsets[i] + k])
            own = places[k][: library.n_atoms[block]]
            apart = (own[:, None] @ np.linalg.inv(lattice)) - x[atoms][None]
            length = np.linalg.norm((apart - np.rint(apart)) @ lattice, axis=2)
            length[library.numbers[library.atoms(block)][:, None] != numbers[atoms][None]] = np.inf
            worst = max(worst, length.min(1).max())
        assert worst < 0.25


def test_every_point_is_used_once() -> None:
    library, mofs, _ = collected(NAMES)
    for i in range(len(mofs)):
        kinds = mofs.block[mofs.blocks(i)]
        ends = mofs.ends[mofs.connections(i)].reshape(-1, 2)
        expected = {(k, p) for k, block in enumerate(kinds) for p in range(int(library.n_points[block]))}
        assert len(ends) == len(expected) and {tuple(e) for e in ends.tolist()} == expected


def test_a_framework_in_another_setting_has_the_same_blocks() -> None:
    """Turned, in another basis and from another origin: the same library entries, as near as before."""
    library, mofs, _ = collected(("HKUST-1", "Mg-MOF-74"))
    rng = np.random.default_rng(4)
    for i, name in enumerate(("HKUST-1", "Mg-MOF-74")):
        lattice, numbers, x = known(name).cell(0)
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        rotation *= np.sign(np.linalg.det(rotation))
        shear = np.array([[1, 0, 0], [1, 1, 0], [0, -1, 1]])
        other = Structures.from_lists(
            [shear @ lattice @ rotation.T], [numbers], [(x + np.array([0.2, 0.7, 0.4])) @ np.linalg.inv(shear)]
        )
        again = encode(fragment(other), library, name)
        assert again is not None
        assert sorted(again.block.tolist()) == sorted(mofs.block[mofs.blocks(i)].tolist())
        assert again.deviation.max() < 0.1 and meeting(again, library, 0).max() < 0.25


def test_a_block_that_the_library_lacks() -> None:
    library, _, _ = collected(("MOF-5",))
    assert encode(fragment(known("HKUST-1")), library, "HKUST-1") is None


def test_a_library_cut_down_to_what_is_used() -> None:
    library, mofs, _ = collected(NAMES)
    zif = mofs.take(np.array([2]))
    small_mofs, small = only_used(zif, library)
    assert small.formula.tolist() == ["Zn", "C4H5N2"] and small.count.tolist() == [6, 12]
    for before, after in zip(places_of(zif, library, 0), places_of(small_mofs, small, 0), strict=True):
        np.testing.assert_array_equal(before, after)


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    """A line that a killed run left unfinished is passed over."""
    path = tmp_path / "cut.jsonl"
    found = fragment(known("UiO-66"))
    whole = records.line("UiO-66", found)
    path.write_text("\n".join([records.line("first", "disorder"), whole, whole[:200]]) + "\n")
    (first, reason), (second, read) = records.read(path)
    assert (first, reason, second) == ("first", "disorder", "UiO-66") and isinstance(read, Fragments)
    assert [b.key for b in read.blocks] == [b.key for b in found.blocks]
    for a, b in zip(read.blocks, found.blocks, strict=True):
        assert isinstance(b, Block)
        np.testing.assert_allclose(a.places, b.places, atol=1e-4)
    np.testing.assert_array_equal(read.ends, found.ends)
    np.testing.assert_array_equal(read.image, found.image)


def test_shape_decides() -> None:
    """Within the tolerance blocks are one entry, beyond it two."""
    block = fragment(known("MOF-5")).blocks[-1]
    rng = np.random.default_rng(0)

    def shaken(scale: float) -> Block:
        move = rng.normal(scale=scale, size=block.positions.shape)
        return Block(
            block.kind, block.numbers, block.positions + move, block.bonds, block.order, block.points, block.point_atom
        )

    collector = Collector(within=0.3)
    rows = [collector.add(b)[0] for b in (block, shaken(0.05), shaken(0.6))]
    assert rows == [0, 0, 1] and collector.count == [2, 1]
    names = unnamed(collector).name.tolist()
    assert names[0].rsplit("-", 1)[0] == names[1].rsplit("-", 1)[0] and names[0] != names[1]


@pytest.mark.parametrize("name", ["ZIF-8"])
def test_connections_of_fragments_meet(name: str) -> None:
    """Before any library: the two ends of a cut bond share their midpoint."""
    found = fragment(known(name))
    for (node, a), (linker, b), image in zip(found.ends[:, 0], found.ends[:, 1], found.image, strict=True):
        first = found.origin[node] @ found.lattice + found.blocks[node].points[a]
        second = (found.origin[linker] + image) @ found.lattice + found.blocks[linker].points[b]
        assert np.linalg.norm(first - second) < 1e-6
