"""The nodes and linkers of a framework in a few words: "Cu2" and "BTC"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

from crystal_studio.candidates.batch import Candidates
from crystal_studio.errors import KnownError
from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.fragment import Refused
from crystal_studio.mof.fragments import fragment
from crystal_studio.mof.library import shipped_blocks
from crystal_studio.mof.linker_names import linker_name
from crystal_studio.mof.makeup import block_formula, makeup_of

_SHAPE = re.compile(r"-\d+$")
AND = " + "
"""Between blocks of one framework."""


def contents(candidates: Candidates, i: int) -> tuple[str, str] | None:
    """Nodes and linkers of candidate i of a batch, the commonest first, each kind once; None where it cannot be cut.

    Linkers by their abbreviation where they have one, else by formula. Of its stated blocks, else cut anew.
    """
    made = makeup_of(candidates, i)
    if made is not None and made.kinds and not made.loose:
        counted = [(k.kind, called(k.name, k.formula), k.count) for k in made.kinds if k.points]
    else:
        try:
            found = fragment(candidates.structures, i, candidates.bonds)
        except Refused:
            return None
        counted = [(b.kind, called(b.stem, block_formula(b.numbers)), 1) for b in found.blocks]
    return _listed(counted, NODE), _listed(counted, LINKER)


def stem_of(name: str) -> str:
    """The name of a block's bond graph, from that of one of its shapes in a library."""
    return _SHAPE.sub("", name)


def called(stem: str, formula: str) -> str:
    """A block by the abbreviation of its linker, else by its formula; ``stem``: its name without that of its shape."""
    return _abbreviations().get(stem) or formula


@cache
def _abbreviations() -> dict[str, str]:
    """Of the linkers of the shipped library, by the names of their bond graphs."""
    try:
        library = shipped_blocks()
    except KnownError:  # a damaged library is told where it is needed
        return {}
    named = zip(library.name.tolist(), library.inchikey.tolist(), strict=True)
    return {stem_of(name): short for name, key in named if (short := linker_name(key))}


def _listed(counted: Iterable[tuple[int, str, int]], kind: int) -> str:
    found: Counter[str] = Counter()
    for of, name, number in counted:
        if of == kind:
            found[name] += number
    return AND.join(sorted(found, key=lambda name: (-found[name], name)))
