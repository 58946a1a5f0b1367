"""Which blocks of a library a request allows, and of how many of them a framework can be made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.mofdiff.balance import balanced
from crystal_studio.generators.mofdiff.frameworks import MOST_BLOCKS
from crystal_studio.generators.mofdiff.options import MofDiffOptions
from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.elements import IS_METAL

_MOST_REQUIRED = 6
"""Elements that a request can require: each doubles the work of the choice of blocks."""


@dataclass(frozen=True)
class BlocksWanted:
    """L blocks as a request wants them.

    allowed : (L,) bool; holds : (L,) int64, bits of the required elements of each block; must : all those bits
    metals : (119,) bool, metals that the nodes allowed hold; required : atomic numbers of the metals required
    counts : numbers of blocks of which a framework can be made
    """

    allowed: NDArray[np.bool_]
    holds: NDArray[np.int64]
    must: int
    metals: NDArray[np.bool_]
    required: tuple[int, ...]
    counts: tuple[int, ...]


def elements_of(library: BlockLibrary) -> NDArray[np.bool_]:
    """(L, 119) which elements each block holds."""
    held = np.zeros((len(library), len(SYMBOLS)), bool)
    held[np.repeat(np.arange(len(library)), library.n_atoms), library.numbers] = True
    return held


def blocks_wanted(request: DesignRequest, library: BlockLibrary) -> BlocksWanted:
    """What a request allows; raises ``RequestError`` where no framework can be made of that."""
    options, system = MofDiffOptions.of(request), request.chemical_system
    held = elements_of(library)
    may = np.zeros(len(SYMBOLS), bool)
    may[[atomic_number(s) for s in system.allowed]] = True
    is_node = library.kind == NODE
    allowed: NDArray[np.bool_] = np.logical_not(held[:, ~may].any(1))
    if options.metal_symbols:
        named = np.zeros(len(SYMBOLS), bool)
        named[[atomic_number(s) for s in options.metal_symbols]] = True
        known = held[is_node].any(0)
        if not (named & known).any():
            raise RequestError(
                f"No node of the library holds {', '.join(options.metal_symbols)}: name another metal, such as Zn, Cu"
                " or Cd.",
                "metals",
            )
        allowed = allowed & np.logical_not(is_node & held[:, IS_METAL & ~named].any(1))
    if not allowed[is_node].any() or not allowed[~is_node].any():
        lacking = "metal node" if not allowed[is_node].any() else "linker"
        raise RequestError(
            f"No {lacking} of the library is made of the elements allowed alone: allow more, such as a metal, C, H, N"
            " and O.",
            "chemsys",
        )
    numbers = [atomic_number(s) for s in system.must]
    if len(numbers) > _MOST_REQUIRED:
        raise RequestError(
            f"{len(numbers)} elements are required, and at most {_MOST_REQUIRED} can be: let some of them be allowed"
            " (subset) in place of required.",
            "chemsys",
        )
    for number in numbers:
        if not held[allowed, number].any():
            raise RequestError(f"No block that is allowed holds {SYMBOLS[number]}: do not require it.", "chemsys")
    holds = held[:, numbers] @ (1 << np.arange(len(numbers))) if numbers else np.zeros(len(library), np.int64)
    must = (1 << len(numbers)) - 1
    points = np.where(is_node, 1, -1) * library.n_points
    counts = _counts(allowed, points, holds.astype(np.int64), must, options.blocks)
    if not counts:
        asked = f"{options.blocks} building blocks" if options.blocks else f"{MOST_BLOCKS} building blocks or fewer"
        raise RequestError(
            f"No choice of {asked} with the elements asked for has as many connection points at nodes as at linkers:"
            " ask for another number, or allow more elements.",
            "blocks" if options.blocks else "chemsys",
        )
    metals = held[allowed & is_node].any(0) & IS_METAL
    return BlocksWanted(
        allowed,
        holds.astype(np.int64),
        must,
        metals,
        tuple(n for n in numbers if IS_METAL[n]),
        counts,
    )


def _counts(
    allowed: NDArray[np.bool_], points: NDArray[np.int64], holds: NDArray[np.int64], must: int, asked: int
) -> tuple[int, ...]:
    """Numbers of blocks that can balance."""
    _, first = np.unique(np.stack([points[allowed], holds[allowed]], 1), axis=0, return_index=True)
    rows = np.flatnonzero(allowed)[first]
    sizes = [asked] if asked else range(2, MOST_BLOCKS + 1)
    if not must and len(np.unique(points[rows])) > 12:  # of so many kinds any number can be made up
        return tuple(sizes)
    even = np.zeros((MOST_BLOCKS, len(rows)))
    return tuple(n for n in sizes if balanced(even[:n], points[rows], holds[rows], must) is not None)
