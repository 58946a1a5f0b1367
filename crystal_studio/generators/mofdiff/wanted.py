"""Which blocks of a library a request allows, and of how many of them a framework can be made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.design.offers import words
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.mofdiff.balance import balanced
from crystal_studio.generators.mofdiff.frameworks import MOST_BLOCKS
from crystal_studio.generators.mofdiff.options import MofDiffOptions
from crystal_studio.mof.block_validity import shipped_sound
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.elements import IS_METAL
from crystal_studio.mof.naming import KINDS, UnknownBlock, rows_called

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
    is_node = library.kind == NODE
    allowed = _by_elements(options, system.allowed, held, is_node)
    for kind, field in ((NODE, "nodes"), (LINKER, "linkers")):
        allowed = _by_name(allowed, library, kind, field, words(getattr(options, field)), held, options)
    if not allowed[is_node].any() or not allowed[~is_node].any():
        lacking = "metal node" if not allowed[is_node].any() else "linker"
        raise RequestError(
            f"No {lacking} of the library is made of the elements allowed alone: allow more, such as a metal, C, H, N"
            " and O.",
            "chemsys",
        )
    numbers = [atomic_number(s) for s in system.must]
    allowed = _sound(allowed, library, options, held[:, numbers])
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
        raise _unbalanced(options)
    metals = held[allowed & is_node].any(0) & IS_METAL
    return BlocksWanted(
        allowed,
        holds.astype(np.int64),
        must,
        metals,
        tuple(n for n in numbers if IS_METAL[n]),
        counts,
    )


def _sound(
    allowed: NDArray[np.bool_], library: BlockLibrary, options: MofDiffOptions, required: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(L,) without blocks of which no framework is valid, but where they are named or nothing else is left."""
    for kind, names in ((NODE, options.nodes), (LINKER, options.linkers)):
        fewer = allowed & (shipped_sound() | (library.kind != kind))
        if not words(names) and fewer[library.kind == kind].any() and required[fewer].any(0).all():
            allowed = fewer
    return allowed


def _by_elements(
    options: MofDiffOptions, symbols: Collection[str], held: NDArray[np.bool_], is_node: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(L,) blocks made of elements allowed alone, nodes of metals asked for."""
    may = np.zeros(len(SYMBOLS), bool)
    may[[atomic_number(s) for s in symbols]] = True
    allowed: NDArray[np.bool_] = np.logical_not(held[:, ~may].any(1))
    if not options.metal_symbols:
        return allowed
    named = np.zeros(len(SYMBOLS), bool)
    named[[atomic_number(s) for s in options.metal_symbols]] = True
    if not (named & held[is_node].any(0)).any():
        raise RequestError(
            f"No node of the library holds {', '.join(options.metal_symbols)}: name another metal, such as Zn, Cu"
            " or Cd.",
            "metals",
        )
    return allowed & np.logical_not(is_node & held[:, IS_METAL & ~named].any(1))


def _by_name(
    allowed: NDArray[np.bool_],
    library: BlockLibrary,
    kind: int,
    field: str,
    names: list[str],
    held: NDArray[np.bool_],
    options: MofDiffOptions,
) -> NDArray[np.bool_]:
    """(L,) those allowed, of a kind only those that are named, where any are."""
    if not names:
        return allowed
    named = np.zeros(len(library), bool)
    for name in names:
        try:
            rows = rows_called(library, kind, name)
        except UnknownBlock as error:
            raise RequestError(str(error), field) from error
        if not allowed[rows].any():
            metals = set(np.flatnonzero(held[rows[0]] & IS_METAL))
            foreign = metals - {atomic_number(s) for s in options.metal_symbols} if options.metal_symbols else set()
            if kind == NODE and foreign:
                raise RequestError(
                    f"The node {name} holds {SYMBOLS[min(foreign)]}, and the metals asked for are"
                    f" {', '.join(options.metal_symbols)}: add it to them, or leave the node out.",
                    field,
                )
            raise RequestError(
                f"The {KINDS[kind]} {name} holds an element that the chemical system does not allow: allow all of"
                f" {', '.join(SYMBOLS[z] for z in np.flatnonzero(held[rows[0]]))}, or leave the {KINDS[kind]} out.",
                field,
            )
        named[rows] = True
    return allowed & (named | (library.kind != kind))


def _unbalanced(options: MofDiffOptions) -> RequestError:
    """Why no number of blocks can be put together, and what to change."""
    asked = f"{options.blocks} building blocks" if options.blocks else f"{MOST_BLOCKS} building blocks or fewer"
    named = [field for field in ("linkers", "nodes") if getattr(options, field)]
    if named:
        more = " and ".join(named)
        return RequestError(
            f"No choice of {asked} of the {more} named has as many connection points at nodes as at linkers: allow"
            f" other {' or '.join(named)}{', or ask for another number' if options.blocks else ''}.",
            named[0],
        )
    return RequestError(
        f"No choice of {asked} with the elements asked for has as many connection points at nodes as at linkers: ask"
        " for another number, or allow more elements.",
        "blocks" if options.blocks else "chemsys",
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
