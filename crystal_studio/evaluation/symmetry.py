"""Space groups of whole sets by spglib, as in the published evaluation, and templates by moyopy, 15 times faster.

A template is a space group and the multiset of the Wyckoff letters of its
orbits, in the standard setting, elements left out (Levy et al., ICLR 2025).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.normalizers import normalizer
from crystal_studio.crystal.operations import dataset
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import searchable
from crystal_studio.evaluation.parallel import Failure, Workers, parts_of

GENERATED_SYMPREC, REFERENCE_SYMPREC = 0.1, 0.01
"""Angstrom: the published tolerances for generated crystals and for known ones."""

_BLOCK = 50


@dataclass(frozen=True)
class Symmetries:
    """space_group : (B,) int16, 0 where none was found; template : (B,) strings like "221 1a 1b", "" likewise."""

    space_group: NDArray[np.int16]
    template: NDArray

    def take(self, index: NDArray) -> Symmetries:
        """The rows named by an index array or Boolean mask."""
        return Symmetries(self.space_group[index], self.template[index])


def find(
    structures: Structures, symprec: float, workers: Workers, title: str = "Space groups", finder: str = "spglib"
) -> Symmetries:
    """Space group and template of every crystal at ``symprec`` Angstrom; ``finder`` is spglib or moyopy."""
    blocks = parts_of(structures, _BLOCK)
    answers = workers.map(partial(of_batch, symprec=symprec, finder=finder), blocks, title)
    groups = np.zeros(len(structures), np.int16)
    templates = np.full(len(structures), "", object)
    for k, answer in enumerate(answers):
        if not isinstance(answer, Failure):
            rows = slice(k * _BLOCK, k * _BLOCK + len(blocks[k]))
            groups[rows], templates[rows] = answer.space_group, answer.template
    return Symmetries(groups, templates)


def of_batch(structures: Structures, symprec: float, finder: str = "spglib") -> Symmetries:
    """The same in this process."""
    search = {"spglib": _by_spglib, "moyopy": _by_moyopy}[finder]
    groups = np.zeros(len(structures), np.int16)
    templates = np.full(len(structures), "", object)
    for i in np.flatnonzero(searchable(structures, symprec)).tolist():
        atoms = structures.atoms(i)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = search(structures.lattice[i], structures.positions[atoms], structures.numbers[atoms], symprec)
            except Exception:  # both raise errors of their own kinds where there is no answer
                continue
        if found is not None:
            groups[i], templates[i] = found[0], template(*found)
    return Symmetries(groups, templates)


_Found = tuple[int, list[str], NDArray]


def _by_spglib(lattice: NDArray, positions: NDArray, numbers: NDArray, symprec: float) -> _Found | None:
    import spglib

    found = spglib.get_symmetry_dataset((lattice, positions, numbers), symprec=symprec)  # type: ignore[arg-type]
    return None if found is None else (int(found.number), list(found.wyckoffs), found.crystallographic_orbits)


def _by_moyopy(lattice: NDArray, positions: NDArray, numbers: NDArray, symprec: float) -> _Found:
    found = dataset(lattice, numbers, positions, symprec, standard=True)
    return int(found.number), list(found.wyckoffs), np.asarray(found.orbits)


def template(group: int, letters: list[str], orbits: NDArray) -> str:
    """ "221 1a 1b" from the Wyckoff letter and the orbit of every atom."""
    of_orbit = dict(zip(np.asarray(orbits).tolist(), letters, strict=True))
    names, times = np.unique(list(of_orbit.values()), return_counts=True)
    return " ".join([str(group), *(f"{n}{name}" for n, name in zip(times, names, strict=True))])


def distinct(templates: NDArray) -> NDArray:
    """Templates told apart by the crystal alone: letters as in the first of all equivalent coordinate systems.

    Which of several equivalent origins and axes a crystal is standardised to depends on
    the cell it came in, so that copies of one crystal may have different templates. The
    normalizer of the group carries the letters into one another; "" stays "".
    """
    words, index = np.unique(np.asarray(templates, str), return_inverse=True)
    return np.array([_first_equivalent(word) for word in words], object)[index]


def _first_equivalent(word: str) -> str:
    if not word:
        return ""
    group, *parts = word.split()
    table = tables()
    start = int(table.wyckoff_start[int(group) - 1])
    rows = normalizer(int(group)).row
    letters = table.letter
    own = {str(letters[start + w]): w for w in range(rows.shape[1])}
    choices = []
    for coset in rows:
        renamed = sorted((str(letters[coset[own[part[-1]]]]), part[:-1]) for part in parts)
        choices.append(renamed)
    return " ".join([group, *(times + letter for letter, times in min(choices))])


def is_supergroup(found: NDArray, asked: NDArray) -> NDArray[np.bool_]:
    """(B,) whether a detected group, other than the one asked for, can hold it.

    A crystal built from its asymmetric unit has the asked group by construction, so that what is
    detected holds it, unless the tolerance let operations slip. What can be told from the groups
    alone is asked for: the order of the point group divides, and no kind of rotation is missing.
    """
    answer = np.zeros(len(found), bool)
    for i in np.flatnonzero((found > 0) & (asked > 0) & (found != asked)).tolist():
        whole, part = _rotations(int(found[i])), _rotations(int(asked[i]))
        answer[i] = whole.sum() % part.sum() == 0 and (part <= whole).all()
    return answer


@cache
def _rotations(group: int) -> NDArray[np.int64]:
    """(14,) how many proper and improper rotations of each trace -3..3 a point group has."""
    rotations = np.unique(tables().operations(group)[0].astype(int), axis=0)
    kind = np.trace(rotations, axis1=1, axis2=2) + 3
    improper = np.linalg.det(rotations) < 0
    return np.bincount(kind + 7 * improper, minlength=14)
