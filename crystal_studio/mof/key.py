"""The MOF key: what a framework is made of and how it is connected, as one string for novelty and uniqueness.

Metal nodes by formula, linkers by InChIKey, each with its share, and a hash of the net that they form: the
coordination sequences of its vertices (O'Keeffe; ten shells), which tell nets such as tbo and pto apart. It does not
depend on the cell, the order of atoms or small changes of shape. It is no MOFid, whose topology names RCSR nets.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from math import gcd

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.bond_graph import parts_of
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.collecting import blocks_of
from crystal_studio.mof.fragments import Fragments
from crystal_studio.mof.together import together

SHELLS = 10


def key_of_fragments(fragments: Fragments) -> str:
    """The key of one cut framework; linkers are named by RDKit, which must be installed."""
    from crystal_studio.mof.chemistry import names

    known: dict[str, str] = {}
    labels = []
    for block in fragments.blocks:
        if block.kind == LINKER and block.key not in known:
            known[block.key] = names(block)[1] or f"{block.formula}-{block.key}"
        labels.append(block.formula if block.kind == NODE else known[block.key])
    return _key([b.kind for b in fragments.blocks], labels, fragments.ends, fragments.image, fragments.dimension)


def key_of_candidate(candidates: Candidates, i: int, library: BlockLibrary) -> str:
    """The key of a candidate by its stated bonds and blocks, as ``keys_of_mofs``.

    Empty where they are not known, where a block is not of the library or an atom is in none.
    """
    bonds = None if candidates.bonds is None else candidates.bonds.of(i)
    blocks = None if candidates.blocks is None else candidates.blocks.of(i)
    if bonds is None or blocks is None or not len(blocks[0]) or (blocks[1] < 0).any():
        return ""
    row = {name: k for k, name in enumerate(library.name.tolist())}
    rows = [row.get(name, -1) for name in blocks[0].tolist()]
    if min(rows) < 0 or len(np.unique(blocks[1])) != len(rows):
        return ""
    pairs, image = bonds[0].astype(np.int64), bonds[1].astype(np.int64)
    moved, own = together(candidates.structures.cell(i)[2], blocks[1].astype(np.int64), pairs, image)
    image = image + moved[pairs[:, 0]] - moved[pairs[:, 1]]
    between = own[pairs[:, 0]] != own[pairs[:, 1]]
    dimension = int(parts_of(len(own), pairs, image).dimension.max(initial=0))
    ends = np.repeat(own[pairs[between]][:, :, None], 2, axis=2)  # at which point they meet does not count
    labels = _labels(library.take(np.array(rows))).tolist()
    return _key(library.kind[rows].tolist(), labels, ends, image[between], dimension)


def graph_key(fragments: Fragments) -> str:
    """The same with each block named by its formula and bond graph instead: needs no RDKit, on any machine the same."""
    labels = [f"{block.formula}-{block.key}" for block in fragments.blocks]
    return _key([b.kind for b in fragments.blocks], labels, fragments.ends, fragments.image, fragments.dimension)


def graph_keys_of_mofs(mofs: CoarseMofs, library: BlockLibrary) -> list[str]:
    """``graph_key`` of B frameworks in blocks of a library."""
    label = np.array([f"{block.formula}-{block.key}" for block in blocks_of(library)], object)
    return _keys(mofs, library, label)


def keys_of_mofs(mofs: CoarseMofs, library: BlockLibrary) -> list[str]:
    """B keys of frameworks in blocks of a library."""
    return _keys(mofs, library, _labels(library))


def _labels(library: BlockLibrary) -> NDArray:
    label = np.where(library.kind == NODE, library.formula, library.inchikey)
    unnamed = label == ""
    # Without its shape number, the name of a block tells bond graphs apart.
    label[unnamed] = [name.rsplit("-", 1)[0] for name in library.name[unnamed]]
    return label


def _keys(mofs: CoarseMofs, library: BlockLibrary, label: NDArray) -> list[str]:
    found = []
    for i in range(len(mofs)):
        block, rows = mofs.block[mofs.blocks(i)], mofs.connections(i)
        dimension = int(mofs.dimension[i])
        found.append(
            _key(library.kind[block].tolist(), label[block].tolist(), mofs.ends[rows], mofs.image[rows], dimension)
        )
    return found


def _key(kinds: list[int], labels: list[str], ends: NDArray, image: NDArray, dimension: int) -> str:
    nodes = Counter(label for kind, label in zip(kinds, labels, strict=True) if kind == NODE)
    linkers = Counter(label for kind, label in zip(kinds, labels, strict=True) if kind == LINKER)
    share = gcd(*nodes.values(), *linkers.values())
    parts = [".".join(f"{name}x{n // share}" for name, n in sorted(counted.items())) for counted in (nodes, linkers)]
    return f"{parts[0]}|{parts[1]}|{dimension}D-{net_hash(kinds, ends, image)}"


def net_hash(kinds: list[int], ends: NDArray, image: NDArray) -> str:
    """12 hexadecimal digits of the net of blocks: the shares of its coordination sequences, by kind of vertex."""
    sequences = coordination_sequences(len(kinds), ends[:, :, 0], image)
    counted = Counter((kind, tuple(row)) for kind, row in zip(kinds, sequences.tolist(), strict=True))
    share = gcd(*counted.values())
    text = repr(sorted((vertex, n // share) for vertex, n in counted.items()))
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def coordination_sequences(n: int, pairs: NDArray, image: NDArray) -> NDArray[np.int64]:
    """(n, SHELLS) vertices of a net at 1, 2, ... edges from each, for edges (c, 2) to the ``image`` (c, 3).

    Several edges between the same two vertices count as one.
    """
    edges = np.concatenate([np.c_[pairs, image], np.c_[pairs[:, ::-1], -image]]).astype(np.int64)
    edges = np.unique(edges.reshape(-1, 5), axis=0)
    start = np.searchsorted(edges[:, 0], np.arange(n + 1))
    found = np.zeros((n, SHELLS), np.int64)
    for first in range(n):
        before = np.zeros((0, 4), np.int64)
        shell = np.array([[first, 0, 0, 0]], np.int64)
        for step in range(SHELLS):
            count = start[shell[:, 0] + 1] - start[shell[:, 0]]
            rows = np.repeat(start[shell[:, 0]] - np.r_[0, np.cumsum(count)[:-1]], count) + np.arange(count.sum())
            reached = np.repeat(shell, count, axis=0)
            reached = np.c_[edges[rows, 1], reached[:, 1:] + edges[rows, 2:]]
            reached = np.unique(reached, axis=0)
            known = np.concatenate([before, shell])
            fresh = ~np.isin(_code(reached), _code(known))
            before, shell = shell, reached[fresh]
            found[first, step] = len(shell)
    return found


def _code(vertices: NDArray) -> NDArray[np.int64]:
    """One number for each (vertex, image); images stay far below the 500 cells that it has room for."""
    return ((vertices[:, 0] * 1000 + vertices[:, 1] + 500) * 1000 + vertices[:, 2] + 500) * 1000 + vertices[:, 3] + 500
