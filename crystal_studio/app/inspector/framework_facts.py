"""What the inspector shows of a framework of building blocks, computed off the GUI thread; no Qt here."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.candidates.batch import Candidates
from crystal_studio.errors import KnownError
from crystal_studio.mof.key import key_of_candidate
from crystal_studio.mof.library import shipped_blocks
from crystal_studio.mof.makeup import Makeup, makeup_of


@dataclass(frozen=True)
class FrameworkFacts:
    """What a candidate is made of.

    key : the MOF key, "" where one of its blocks is not of the library
    smiles : by kind of block, in the order of ``makeup.kinds``; "" for nodes and where it is not known
    """

    makeup: Makeup
    key: str
    smiles: tuple[str, ...]


def framework_facts(candidates: Candidates) -> FrameworkFacts | None:
    """Of the first candidate of a batch; None where its bonds or its blocks are not known."""
    found = makeup_of(candidates)
    if found is None or candidates.blocks is None:
        return None
    try:
        library = shipped_blocks()
    except KnownError:  # a damaged library is told where it is needed
        return FrameworkFacts(found, "", ("",) * len(found.kinds))
    known = dict(zip(library.name.tolist(), library.smiles.tolist(), strict=True))
    names = candidates.blocks.name.tolist()
    smiles = [""] * len(found.kinds)
    for name, kind in zip(names, found.kind_of_block.tolist(), strict=True):
        smiles[kind] = smiles[kind] or known.get(name, "")
    return FrameworkFacts(found, key_of_candidate(candidates, 0, library), tuple(smiles))
