"""How blocks meet in known frameworks: as which atoms of a linker, at how many atoms of a node.

That connection points are as many at nodes as at linkers does not make a framework of them: a node that is bridged by
carboxylates holds no pyridine. So blocks are balanced contact by contact where that can be done.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.library import shipped_blocks, shipped_mofs

Kind = tuple[tuple[int, ...], int, int]
"""Elements of the linker's ends of all bonds of one contact; how many atoms of the node and of the linker they join."""


@cache
def shipped_contacts() -> NDArray[np.int64]:
    """``contacts`` of the library that ships, in the frameworks that ship."""
    found = contacts(shipped_mofs(), shipped_blocks())
    found.flags.writeable = False
    return found


def contacts(mofs: CoarseMofs, library: BlockLibrary) -> NDArray[np.int64]:
    """(L, D) how many contacts of each of D kinds a block has, as it has them most often; negative for linkers.

    A contact is all bonds between one node and one image of one linker. 0 throughout for a block that occurs nowhere.
    """
    usual = [tuple(sorted(kind for kind, _ in own)) for own in _usual(mofs, library)]
    number = {kind: k for k, kind in enumerate(sorted({kind for kinds in usual for kind in kinds}))}
    found = np.zeros((len(library), len(number)), np.int64)
    for row, often in enumerate(usual):
        for kind in often:
            found[row, number[kind]] += 1 if library.kind[row] == NODE else -1
    return found


@dataclass(frozen=True)
class Arms:
    """The contacts of one block as a net has them: in which direction it meets another, and as what.

    points : (A, 3) Angstrom, where each contact is in the frame of the block: the mean of its connection points
    kinds : (A,) int64, equal where a node's contact and a linker's are of one ``Kind``
    """

    points: NDArray[np.float64]
    kinds: NDArray[np.int64]


def arms(mofs: CoarseMofs, library: BlockLibrary) -> list[Arms]:
    """Of each block of a library, as it meets others most often in frameworks; none where it occurs nowhere."""
    usual = _usual(mofs, library)
    number = {kind: k for k, kind in enumerate(sorted({kind for own in usual for kind, _ in own}))}
    found = []
    for row, own in enumerate(usual):
        points = library.points[library.point_rows(row)]
        places = [points[list(members)].mean(0) for _, members in own]
        kinds = [number[kind] for kind, _ in own]
        found.append(Arms(np.array(places, float).reshape(-1, 3), np.array(kinds, np.int64)))
    return found


Contact = tuple[Kind, tuple[int, ...]]
"""Its kind, and the connection points of the block that take part in it."""


def _usual(mofs: CoarseMofs, library: BlockLibrary) -> list[tuple[Contact, ...]]:
    """The contacts of each block, as it has them most often: of the commonest kinds the commonest points."""
    seen: list[dict[tuple[Kind, ...], Counter[tuple[Contact, ...]]]] = [{} for _ in range(len(library))]
    for i in range(len(mofs)):
        for row, own in _contacts_in(mofs, library, i):
            kinds = tuple(sorted(kind for kind, _ in own))
            seen[row].setdefault(kinds, Counter())[tuple(sorted(own))] += 1
    usual: list[tuple[Contact, ...]] = []
    for counts in seen:
        most = max(counts.values(), key=Counter.total, default=Counter())
        usual.append(most.most_common(1)[0][0] if most else ())
    return usual


def _contacts_in(mofs: CoarseMofs, library: BlockLibrary, i: int) -> list[tuple[int, list[Contact]]]:
    """Row in the library and contacts of each block of framework i."""
    rows, joined = mofs.block[mofs.blocks(i)], mofs.connections(i)
    ends, image = mofs.ends[joined], mofs.image[joined]
    own: list[list[Contact]] = [[] for _ in rows]
    if len(ends):
        atom = library.point_atom[library.point_offsets[rows[ends[..., 0]]] + ends[..., 1]]
        element = library.numbers[library.atom_offsets[rows[ends[:, 1, 0]]] + atom[:, 1]]
        pair = np.concatenate([ends[..., 0], image], 1)
        _, contact = np.unique(pair, axis=0, return_inverse=True)
        contact = contact.ravel()
        for k in range(int(contact.max()) + 1):
            bonds = np.flatnonzero(contact == k)
            kind = (
                tuple(sorted(element[bonds].tolist())),
                len(np.unique(atom[bonds, 0])),
                len(np.unique(atom[bonds, 1])),
            )
            for side in (0, 1):
                own[int(ends[bonds[0], side, 0])].append((kind, tuple(sorted(ends[bonds, side, 1].tolist()))))
    return list(zip(rows.tolist(), own, strict=True))
