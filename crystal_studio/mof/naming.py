"""Blocks of a library by the names that people write: BDC, Zn4O, Cu2/8 (with eight connection points)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.errors import KnownError
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.contents import stem_of
from crystal_studio.mof.linker_names import LINKER_NAMES
from crystal_studio.mof.makeup import block_formula

KINDS = ("node", "linker")
"""Words for ``blocks.NODE`` and ``blocks.LINKER``."""


class UnknownBlock(KnownError):
    """A name that no block of the library has."""


@dataclass(frozen=True)
class NamedBlock:
    """Shapes of one bond graph, or of linkers of one name that have as many connection points.

    name : what to write, which means these alone: "BDC/4", or that of the bond graph where the formula is shared
    called : abbreviation of a linker, else "" ; in_full : its full name, else ""
    formula : metals first, the rest in Hill order; points : connection points
    rows : (k,) rows of the library, the commonest first; count : how often they were seen
    """

    name: str
    called: str
    in_full: str
    formula: str
    points: int
    rows: NDArray[np.int64]
    count: int


def named_blocks(library: BlockLibrary, kind: int) -> tuple[NamedBlock, ...]:
    """Every block of a kind, the commonest first."""
    groups: dict[tuple[str, int, str], list[int]] = {}
    for row in np.flatnonzero(library.kind == kind).tolist():
        short, formula = _called(library, row)
        graph = "" if short else stem_of(str(library.name[row]))
        groups.setdefault((short or formula, int(library.n_points[row]), graph), []).append(row)
    # One name may stand for several formulas: a carboxylate and its acid.
    formulas = Counter(
        (formula, points)
        for (_, points, _), rows in groups.items()
        for formula in {_called(library, row)[1] for row in rows}
    )
    found = []
    for (word, points, graph), rows in groups.items():
        rows.sort(key=lambda row: -int(library.count[row]))
        short, formula = _called(library, rows[0])
        name = graph if graph and formulas[formula, points] > 1 else f"{word}/{points}"
        in_full = LINKER_NAMES.get(str(library.inchikey[rows[0]]), ("", ""))[1]
        found.append(NamedBlock(name, short, in_full, formula, points, np.array(rows), int(library.count[rows].sum())))
    return tuple(sorted(found, key=lambda block: -block.count))


def rows_called(library: BlockLibrary, kind: int, name: str) -> NDArray[np.int64]:
    """Rows of the blocks of a kind that a name means; raises ``UnknownBlock``.

    An abbreviation or formula, with "/" and a number those with so many connection points; the name of a bond graph or
    of one shape in the library; an InChIKey. Capitals count in formulas alone.
    """
    word, _, points = name.partition("/")
    rows = np.flatnonzero(library.kind == kind)
    found = []
    for row in rows.tolist():
        short, formula = _called(library, row)
        whole = str(library.name[row])
        exact = (formula, str(library.formula[row]), whole, stem_of(whole), str(library.inchikey[row]))
        if word and (word in exact or (short and word.casefold() == short.casefold())):
            found.append(row)
    if points and found:
        several = sorted({int(library.n_points[row]) for row in found})
        kept = [row for row in found if str(library.n_points[row]) == points]
        if not kept:
            raise UnknownBlock(
                f"No {KINDS[kind]} {word} of the library has {points} connection points: ask for"
                f" {_either([f'{word}/{n}' for n in several])}."
            )
        found = kept
    if not found:
        raise UnknownBlock(f"There is no {KINDS[kind]} {name!r} in the library: {_advice(library, kind, word)}")
    return np.array(found)


def _called(library: BlockLibrary, row: int) -> tuple[str, str]:
    """Abbreviation ("" where there is none) and formula."""
    short = LINKER_NAMES.get(str(library.inchikey[row]), ("", ""))[0]
    return short, block_formula(library.numbers[library.atoms(row)])


def _advice(library: BlockLibrary, kind: int, word: str) -> str:
    from difflib import get_close_matches

    blocks = named_blocks(library, kind)
    words = {(block.called or block.formula).casefold(): block.called or block.formula for block in blocks}
    near = get_close_matches(word.casefold(), words, 3, 0.6)
    if near:
        return f"did you mean {_either([words[one] for one in near])}?"
    common = list(dict.fromkeys(block.called or block.formula for block in blocks))[:3]
    return f"write an abbreviation or a formula, such as {_either(common)}."


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
