"""What every interatomic potential offers to the funnel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.verdicts import Reason, ReasonKind
from crystal_studio.crystal.batches import Structures

GIVEN_UP = (
    ReasonKind("empty", "No atom in the cell", "The cell holds no atom."),
    ReasonKind("not_finite", "Not a finite number", "The cell or a position is not a finite number."),
    ReasonKind("no_crystal", "No crystal", "This is no crystal: {text}."),
    ReasonKind("no_volume", "Cell without volume", "The cell has hardly any volume ({volume:.2g} Å³)."),
    ReasonKind(
        "swelled", "Cell swelled", "The cell swelled to {ratio:.2g} times its volume (step {steps} of the relaxation)."
    ),
    ReasonKind(
        "shrank", "Cell shrank", "The cell shrank to {ratio:.2g} times its volume (step {steps} of the relaxation)."
    ),
    ReasonKind(
        "no_answer",
        "Outside what the potential knows",
        "The potential has no answer (step {steps} of the relaxation): an element is unknown to it, or an atom lies"
        " upon others or has none within reach. Judge the candidate by another potential, or look at its distances.",
    ),
    ReasonKind(
        "no_energy",
        "Energy not finite",
        "The potential gives no finite energy, forces or stress (step {steps} of the relaxation): atoms lie where it is"
        " not to be trusted. Judge the candidate by another potential, or look at its distances.",
    ),
    ReasonKind("given_up", "Relaxation given up", "{text}"),
)
"""Every reason for which a relaxation may be given up; ``given_up`` is for words of a potential's own."""

_SENTENCES = {kind.code: kind for kind in GIVEN_UP}


def why(reason: Reason) -> str:
    """The sentence of a reason out of ``GIVEN_UP``."""
    return _SENTENCES[reason.code].text(reason.parameters)


@dataclass(frozen=True)
class Cautious:
    """When to leave a crystal that will not come near the hull; its energy then is an upper bound.

    hull : (B,) eV/atom, energy of the hull of the same potential at each composition, NaN where there is none: such
        crystals are never left
    settled : eV/atom above the hull from which a crystal is left whose search expects to gain less than ``gain``
    far : eV/atom above the hull to which the gain of the last ``calls`` evaluations, made once more, must bring it
    """

    hull: NDArray[np.float64]
    settled: float = 0.15
    gain: float = 0.003
    far: float = 0.2
    calls: int = 10

    def without(self, corrections: NDArray) -> Cautious:
        """The same for energies that lack corrections (B,) eV/atom, where a potential is corrected afterwards."""
        return replace(self, hull=self.hull - corrections)

    def hopeless(self, row: int, path: Sequence[float], gain: float) -> bool:
        """Whether to leave crystal ``row``, after energies (eV/atom) on its ``path``, where ``gain`` is expected."""
        above = path[-1] - float(self.hull[row])
        if above > self.settled and gain < self.gain:
            return True
        return len(path) > self.calls and above - self.far > path[-1 - self.calls] - path[-1]


@dataclass(frozen=True)
class Evaluation:
    """What a potential says of B crystals of M atoms at the geometry given; NaN where it has no answer.

    energy_per_atom : (B,) float64 eV/atom
    forces : (M, 3) eV/Angstrom, Cartesian, in the order of the atoms
    stress : (B, 3, 3) eV/Angstrom^3, positive where the cell would rather be smaller
    """

    energy_per_atom: NDArray[np.float64]
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]


def no_evaluation(structures: Structures) -> Evaluation:
    """Nothing known of any crystal, to be filled in."""
    size, atoms = len(structures), len(structures.numbers)
    return Evaluation(np.full(size, np.nan), np.full((atoms, 3), np.nan), np.full((size, 3, 3), np.nan))


@dataclass(frozen=True)
class Relaxation:
    """The outcome of relaxing B crystals.

    structures : the relaxed crystals, same cells settings, atoms and order as what went in; as they came where a
        relaxation was given up
    energy_per_atom : (B,) float64, eV/atom of the last geometry, NaN where a relaxation was given up
    converged : (B,) bool, whether forces and stress fell below the limit
    steps : (B,) int64, evaluations of energy, forces and stress
    reasons : B, one of ``GIVEN_UP`` where a relaxation was given up, else None
    stopped : (B,) bool, left before it was relaxed: its energy is an upper bound (see ``Cautious``)
    """

    structures: Structures
    energy_per_atom: NDArray[np.float64]
    converged: NDArray[np.bool_]
    steps: NDArray[np.int64]
    reasons: tuple[Reason | None, ...]
    stopped: NDArray[np.bool_]


class Potential(Protocol):
    """A machine-learned interatomic potential on one device.

    name : the key of the registry, of the method in the project file and of the hull computed by it
    title : for people
    functional : whose energies it speaks of, such as "PBE+U with MP2020 corrections"; energies of two potentials
        compare only where their hulls do
    package : the importable package that it needs; "" where it brings everything itself
    device : where it computes, as torch writes it
    """

    name: str
    title: str
    functional: str
    package: str
    device: str

    def energies(self, structures: Structures) -> NDArray[np.float64]:
        """(B,) eV/atom at the given geometry; NaN where the potential has no answer."""

    def evaluate(self, structures: Structures) -> Evaluation:
        """Energies, forces and stresses at the given geometry."""

    def relax(
        self,
        structures: Structures,
        max_steps: int = 120,
        fmax: float = 0.1,
        symmetric: bool = True,
        cautious: Cautious | None = None,
        moving_cell: bool = True,
    ) -> Relaxation:
        """Positions and cells moved downhill until every force is below ``fmax`` (eV/Angstrom).

        ``symmetric`` keeps the space group that each has; ``cautious`` leaves those that cannot come near the hull;
        without ``moving_cell`` only atoms move.
        A crystal that cannot be relaxed is given up with its reason; an exception means that the potential failed.
        """


class PotentialClass(Protocol):
    """What the registry of potentials holds: a class whose facts are there before anything heavy is imported.

    One with an attribute ``opens_files`` that is true is named with a file of weights, and called with the device, the
    path of the file and whether its energies are to be left without corrections.
    """

    name: str
    title: str
    functional: str
    package: str

    def __call__(self, device: str, *of_file: Any) -> Potential:
        """The potential on a device; raises ``ModelError`` with the remedy where that is not possible."""
