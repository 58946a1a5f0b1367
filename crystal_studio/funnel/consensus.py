"""Do other potentials agree that the crystal is stable, and that it looks like this?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Geometry, Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.data.hull import ReferenceHull, hull_path
from crystal_studio.data.same_crystal import reduced, same
from crystal_studio.errors import KnownError
from crystal_studio.funnel import weaknesses
from crystal_studio.funnel.batch_parts import geometry, spread_out
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.context import FunnelContext, hull_of
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import largest_force, most_evaluations, option, time_limit
from crystal_studio.potentials import registry
from crystal_studio.potentials.protocol import Relaxation, why

METHOD = Method("consensus", "potential", "Consensus of potentials")

FELL_APART = ("swelled", "shrank")
"""Reasons for giving up a relaxation that speak against the crystal; the others say that the potential has no word."""


@dataclass(frozen=True)
class _Voice:
    """What one other potential says of n crystals; NaN where it says nothing. ``weaknesses``: n texts, None for none;
    ``notes``: n texts, "" for none."""

    method: Method
    relaxed: Relaxation
    e_hull: NDArray[np.float64]
    formation_energy: NDArray[np.float64]
    weaknesses: NDArray[np.object_]
    notes: tuple[str, ...]

    @property
    def fell_apart(self) -> NDArray[np.bool_]:
        """(n,) whether the crystal did not hold together."""
        return np.array([r is not None and r.code in FELL_APART for r in self.relaxed.reasons], bool)


@dataclass(frozen=True)
class ConsensusStage:
    """Relaxes what the potential of the context finds stable with every other one, each judged by its own hull.

    Marks those that another potential puts above the cutoff, or that fall apart in its hands.
    """

    cutoff: float = option(
        0.1,
        "Cutoff",
        "energy above hull up to which a candidate is judged, and counts as stable",
        unit="eV/atom",
        low=0,
        high=10,
        step=0.01,
    )
    potentials: tuple[str, ...] = option(
        (), "Potentials", "names of the other potentials", kind="names", zero="all that have a hull", metavar="NAMES"
    )
    max_steps: int = most_evaluations(120)
    fmax: float = largest_force(0.1)
    seconds: float = time_limit(1200.0)
    rejects: bool = False

    name = "consensus"
    version = 2
    title = "Consensus"
    in_order = False
    costly = True
    remembers = False
    requires = ("energy_per_atom", "e_hull")
    follows = ("relaxation",)
    gives = (
        "e_hull",
        "formation_energy",
        "energy_per_atom",
        "weaknesses",
        "e_hull_spread",
        "structures_agree",
        "verdicts_agree",
    )
    reasons = (
        ReasonKind(
            "disagreement",
            "Another potential finds it unstable",
            "{potential} puts it {e_hull:.3f} eV/atom above its hull (limit {cutoff:.3f}).",
        ),
        ReasonKind("falls_apart", "Falls apart with another potential", "{potential}: {text}"),
    )

    def others(self, context: FunnelContext) -> tuple[str, ...]:
        """Names of the potentials that are asked; raises ``KnownError`` with the remedy where there is none."""
        first = registry.key(context.potential)
        if self.potentials:
            for name in self.potentials:
                registry.check(name)
                ReferenceHull.load(registry.key(name))
            return tuple(name for name in self.potentials if registry.key(name) != first)
        found = tuple(name for name in registry.available() if name != first and hull_path(name).exists())
        if not found:
            raise KnownError(
                f"No potential but {first} is installed with a reference hull: install one with"
                " 'pip install crystal-studio[sevennet]', or leave the stage consensus out."
            )
        return found

    def reference(self, context: FunnelContext) -> tuple[ReferenceHull, ...]:
        """The hulls of the other potentials; raises ``KnownError`` where there is none."""
        return tuple(hull_of(registry.key(name), context) for name in self.others(context))

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Finds energy_per_atom, formation_energy and e_hull (eV/atom) by each other potential with its weaknesses
        (None where there are none, or no e_hull), and over all of them e_hull_spread (eV/atom, highest less lowest),
        structures_agree (whether all relax to the crystal that was judged) and verdicts_agree (whether all put it
        below the cutoff); NaN for candidates above the cutoff and where no other potential has a word. Notes
        consensus_note (what an other potential could not do); the geometry is that by the first of the others.

        Raises ``ModelError`` if a potential cannot be loaded.
        """
        size = len(batch)
        first = registry.key(context.potential)
        own = np.asarray(batch.value("e_hull", first), float)
        rows = np.flatnonzero(own <= self.cutoff)
        try:
            names = self.others(context)
        except KnownError as error:
            return rejecting([None] * size, notes={"consensus_note": objects([str(error)] * size)})
        cells = batch.structures.take(rows)
        before = np.asarray(batch.value("volume_change", first), float)[rows]
        voices = [self._ask(name, context, cells, before) for name in names]
        energies = np.stack([own[rows], *(voice.e_hull for voice in voices)])
        # NaN below the cutoff is no agreement: a comparison with it is unknown, unless the crystal fell apart.
        stable = np.stack([_verdict(voice, self.cutoff) for voice in voices])
        alike = np.stack([_alike(cells, voice) for voice in voices])
        findings = [
            Finding(quantity, voice.method, spread_out(values, rows, size))
            for voice in voices
            for quantity, values in (
                ("energy_per_atom", voice.relaxed.energy_per_atom),
                ("formation_energy", voice.formation_energy),
                ("e_hull", voice.e_hull),
                ("weaknesses", voice.weaknesses),
            )
        ]
        heard = np.isfinite(energies[1:]).any(0)
        apart = np.where(heard, np.nanmax(energies, 0) - np.nanmin(energies, 0), np.nan)
        findings += [
            Finding("e_hull_spread", METHOD, spread_out(apart, rows, size)),
            Finding("structures_agree", METHOD, spread_out(_all(alike), rows, size)),
            Finding("verdicts_agree", METHOD, spread_out(_all(stable), rows, size)),
        ]
        notes = objects([f"There is no energy above hull by {first}." if np.isnan(e) else None for e in own])
        notes[rows] = [" ".join(filter(None, said)) or None for said in zip(*(v.notes for v in voices), strict=True)]
        reasons: list[Reason | None] = [None] * size
        for at, row in enumerate(rows.tolist()):
            reasons[row] = self._against(voices, at)
        return rejecting(reasons, findings, {"consensus_note": notes}, self._geometry(batch, rows, voices[0]))

    def _ask(self, name: str, context: FunnelContext, cells: Structures, before: NDArray[np.float64]) -> _Voice:
        """``before``: (n,) volume of the cells over the generated one, NaN where not known."""
        method = registry.method(name)
        if not len(cells):  # nothing is loaded for nothing
            nothing = np.zeros(0)
            return _Voice(
                method,
                Relaxation(cells, nothing, nothing > 0, nothing.astype(int), (), nothing > 0),
                nothing,
                nothing,
                objects([]),
                (),
            )
        relaxed = registry.load(name, context.device).relax(cells, self.max_steps, self.fmax)
        found = hull_of(method.name, context).distances(counts(cells), relaxed.energy_per_atom)
        notes = tuple(
            f"{method.title}: {why(reason) if reason is not None else text}" if reason is not None or text else ""
            for reason, text in zip(relaxed.reasons, found.reasons, strict=True)
        )
        weak = _weak_points(method.name, found.e_above_hull, cells, relaxed.structures, before)
        return _Voice(method, relaxed, found.e_above_hull, found.formation_energy, weak, notes)

    @staticmethod
    def _geometry(batch: Batch, rows: NDArray, voice: _Voice) -> Geometry | None:
        moved = np.array([reason is None for reason in voice.relaxed.reasons], bool)
        return geometry(voice.method, batch.structures, rows, voice.relaxed.structures, moved)

    def _against(self, voices: Sequence[_Voice], at: int) -> Reason | None:
        """The first word against a candidate."""
        for voice in voices:
            title, reason = voice.method.title, voice.relaxed.reasons[at]
            if reason is not None and voice.fell_apart[at]:
                return Reason("falls_apart", {"potential": title, "text": why(reason)})
            if voice.e_hull[at] > self.cutoff:
                e_hull = float(voice.e_hull[at])
                return Reason("disagreement", {"potential": title, "e_hull": e_hull, "cutoff": self.cutoff})
        return None


def _verdict(voice: _Voice, cutoff: float) -> NDArray[np.float64]:
    """(n,) 1 where it is stable for one potential, 0 where not, NaN where that has no word."""
    known = np.where(np.isfinite(voice.e_hull), voice.e_hull <= cutoff, np.nan)
    return np.where(voice.fell_apart, 0.0, known)


def _weak_points(
    potential: str, e_hull: NDArray[np.float64], cells: Structures, relaxed: Structures, before: NDArray[np.float64]
) -> NDArray[np.object_]:
    """(n,) what a potential is weak at in the crystals that it puts a number on."""
    found, rows = objects([None] * len(cells)), np.flatnonzero(np.isfinite(e_hull))
    after, first = relaxed.take(rows), np.where(np.isfinite(before), before, 1.0)[rows]
    found[rows] = weaknesses.of_potential(potential, after, first * after.volume / cells.take(rows).volume)
    return found


def _alike(cells: Structures, voice: _Voice) -> NDArray[np.float64]:
    """(n,) 1 where a potential relaxes to the crystal that it was given, 0 where not, NaN where it has no word."""
    found = np.full(len(cells), np.nan)
    found[voice.fell_apart] = 0.0
    for i in np.flatnonzero([reason is None for reason in voice.relaxed.reasons]).tolist():
        before, after = (
            reduced(s.lattice[i], s.numbers[s.atoms(i)], s.positions[s.atoms(i)])
            for s in (cells, voice.relaxed.structures)
        )
        found[i] = float(same(before, after))
    return found


def _all(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) of (voices, n): 0 where any says no, NaN where none says anything, else 1."""
    return np.where(np.isnan(answers).all(0), np.nan, np.where((answers == 0).any(0), 0.0, 1.0))
