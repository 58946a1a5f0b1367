"""The hull of a candidate's chemical system with the project's candidates in it, read off the GUI thread; no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.app.numbers_text import figure
from crystal_studio.app.typeset import formula_text
from crystal_studio.errors import KnownError
from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.analysis.phase_diagram import Phases
    from crystal_studio.data.hull_card import ErrorBand
    from crystal_studio.project.queries import ProjectReader

LIMIT = 2000
"""Candidates that are drawn, the lowest above the hull first."""

NO_ENERGY = (
    "No energies above hull in this chemical system yet: take its candidates through relaxation and stability "
    "with Judge… (Ctrl+J)."
)


@dataclass(frozen=True)
class HullFacts:
    """What the view shows of one chemical system by one potential.

    candidate : the one looked at, which is among ``ids`` where it has an energy
    potentials : (name, title) of all that could be asked; ``potential`` the one that was
    ids (C,), stopped (C,) : candidates in the order of ``phases``, and whether their energies are upper bounds
    problem : why there is nothing to draw
    """

    candidate: int
    system: str
    potentials: tuple[tuple[str, str], ...] = ()
    potential: str = ""
    phases: Phases | None = None
    ids: NDArray[np.int64] | None = None
    stopped: NDArray[np.bool_] | None = None
    error: ErrorBand | None = None
    problem: str = ""

    @property
    def title(self) -> str:
        """Of the potential."""
        return dict(self.potentials).get(self.potential, self.potential)

    def candidate_at(self, row: int) -> int:
        """The id of the candidate in a row of ``phases``; 0 for a known phase."""
        if self.phases is None or self.ids is None or row < self.phases.known:
            return 0
        return int(self.ids[row - self.phases.known])

    def row_of(self, candidate: int) -> int:
        """Its row in ``phases``; -1 where it has none."""
        if self.ids is None or self.phases is None or candidate not in self.ids:
            return -1
        return int(np.flatnonzero(self.ids == candidate)[0]) + self.phases.known

    def described(self, row: int) -> str:
        """One row in words: what it is, its energies, and by how much the potential errs."""
        assert self.phases is not None
        number = self.candidate_at(row)
        name = formula_text(self.phases.formulas[row])
        what = f"candidate {number}" if number else f"known as {self.phases.ids[row]}"
        bound = "≤ " if number and self.stopped is not None and self.stopped[row - self.phases.known] else ""
        above, formation = float(self.phases.e_hull[row]), float(self.phases.formation_energy[row])
        spread = ""
        if number and self.error is not None:
            spread = f" ± {figure(float(self.error.at(above)), 3)}"
        return (
            f"{name}, {what}: {bound}{figure(above, 3)}{spread} eV/atom above the hull, "
            f"formation energy {bound}{figure(formation, 3)} eV/atom"
        )


def read(reader: ProjectReader, row: CandidateRow, potential: str = "") -> HullFacts:
    """The system of one candidate by a potential; by the first that has an energy of it where that one has none."""
    from crystal_studio.data.hull import hull_path
    from crystal_studio.project import accounting
    from crystal_studio.project.statistics import in_system

    symbols = row.chemsys.split("-")
    among = in_system(reader, symbols)
    voices = [m for m in accounting.voices(reader, among) if m.kind == "potential" and hull_path(m.name).exists()]
    names = tuple((m.name, (m.title or m.name).split(" (")[0]) for m in voices)
    if not names:
        return HullFacts(row.id, row.chemsys, problem=NO_ENERGY)
    chosen = potential if potential in dict(names) else names[0][0]
    try:
        return _facts(reader, row, names, chosen)
    except KnownError as error:
        return HullFacts(row.id, row.chemsys, names, chosen, problem=str(error))


def _facts(
    reader: ProjectReader, row: CandidateRow, potentials: tuple[tuple[str, str], ...], potential: str
) -> HullFacts:
    from crystal_studio.analysis.phase_diagram import phases
    from crystal_studio.crystal.elements import atomic_number
    from crystal_studio.crystal.formula import parse_formula
    from crystal_studio.data import reference_sets
    from crystal_studio.data.hull import WIDTH, ReferenceHull
    from crystal_studio.data.hull_card import model_error
    from crystal_studio.project.statistics import in_system

    symbols = _as_in_formulas(row.chemsys.split("-"))
    names = ("id", "formula", *(f"{name}@{potential!r}" for name in ("energy_per_atom", "e_hull")), "stopped")
    found = reader.columns(names, in_system(reader, symbols))
    ids, formulas, energy, e_hull, stopped = (found[name] for name in names)
    order = np.argsort(np.where(ids == row.id, -np.inf, e_hull), kind="stable")
    chosen = order[np.isfinite(energy[order]) & np.isfinite(e_hull[order])][:LIMIT]
    counts = np.zeros((len(chosen), WIDTH), np.int64)
    for k, at in enumerate(chosen.tolist()):
        for symbol, number in parse_formula(str(formulas[at])).items():
            counts[k, atomic_number(symbol)] = number
    # Judged against the user's own phases as well, where the campaign was.
    own, _ = reference_sets.unchanged(reader.campaign(row.campaign_id).provenance.get("reference_sets", {}))
    hull = ReferenceHull.joined(potential, reference_sets.hull_files(own, potential))
    elements = np.array([atomic_number(symbol) for symbol in symbols])
    return HullFacts(
        row.id,
        row.chemsys,
        potentials,
        potential,
        phases(hull, elements, counts, energy[chosen]),
        ids[chosen],
        stopped[chosen] == 1,
        model_error(potential),
    )


def _as_in_formulas(symbols: list[str]) -> list[str]:
    """Cations first, as formulas are written."""
    from pymatgen.core import Element

    return sorted(symbols, key=lambda symbol: Element(symbol).iupac_ordering)
