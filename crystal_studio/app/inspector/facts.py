"""What the inspector shows of a candidate, read and computed off the GUI thread; no Qt here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from crystal_studio.app.inspector.framework_facts import FrameworkFacts, framework_facts
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.project.rows import CampaignRow, CandidateRow, QuantityRow, VerdictRow

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

GENERATED = "generated"
TOLERANCES = (0.001, 0.01, 0.1)
"""Angstrom: how far atoms may lie off a symmetry operation that is still accepted."""


@dataclass(frozen=True)
class OrbitFacts:
    """One row of the Wyckoff table; coordinates as text, fixed ones as fractions."""

    symbol: str
    wyckoff: str
    site_symmetry: str
    coordinates: tuple[str, str, str]
    free: str


@dataclass(frozen=True)
class SymmetryFacts:
    """Space group and occupied Wyckoff positions; ``tolerance`` None for the symmetry as generated.

    ``problem`` says why there is no table.
    """

    tolerance: float | None
    space_group: int = 0
    symbol: str = ""
    crystal_system: str = ""
    point_group: str = ""
    orbits: tuple[OrbitFacts, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class CandidateFacts:
    """Everything about one candidate.

    cell : of the current geometry: a, b, c in Angstrom, alpha, beta, gamma in degrees; cell_kind : what cell it is
    generated_cell : the same as generated; empty where that is the current geometry
    generated_volume : cubic Angstrom, as generated
    framework : the building blocks that it is made of, None where they are not known
    symbol, crystal_system : of the group that it has; symmetry : as its maker knows it, maybe less
    geometry : title of the method that moved the atoms, "" as generated
    quantities : every value by every method
    runs : the campaigns whose stages have judged it, in the order in which they spoke first
    """

    row: CandidateRow
    campaign: CampaignRow
    runs: tuple[CampaignRow, ...]
    verdicts: tuple[VerdictRow, ...]
    quantities: tuple[QuantityRow, ...]
    structure: Structures
    geometry: str
    cell: tuple[float, ...]
    cell_kind: str
    generated_cell: tuple[float, ...]
    generated_volume: float
    asked_symbol: str
    symbol: str
    crystal_system: str
    symmetry: SymmetryFacts
    framework: FrameworkFacts | None


def gather(row: CandidateRow, reader: ProjectReader) -> CandidateFacts:
    """Read one candidate; ``FileError`` where the project cannot be read."""
    from crystal_studio.crystal.lattice import cell_parameters
    from crystal_studio.crystal.space_groups import tables

    current = reader.batch([row.id])
    structure = current.structures
    moved = row.geometry != GENERATED
    generated = reader.structures([row.id], GENERATED) if moved else structure
    # What stands in brackets behind a potential's name is too long for a heading.
    titles = {m.name: (m.title or m.name).split(" (")[0] for m in reader.geometries(row.id)}
    symbol = tables().symbol
    units = reader.units([row.id])
    verdicts = tuple(reader.verdicts(row.id))
    return CandidateFacts(
        row=row,
        campaign=reader.campaign(row.campaign_id),
        runs=tuple(reader.campaign(run) for run in dict.fromkeys(v.campaign_id for v in verdicts)),
        verdicts=verdicts,
        quantities=tuple(reader.quantities(row.id)),
        structure=structure,
        geometry=titles.get(row.geometry, row.geometry) if moved else "",
        cell=tuple(float(v) for v in cell_parameters(structure.lattice)[0]),
        cell_kind="Conventional cell" if units.space_group[0] else cell_kind(structure),
        generated_cell=tuple(float(v) for v in cell_parameters(generated.lattice)[0]) if moved else (),
        generated_volume=float(generated.volume[0]),
        asked_symbol=symbol[row.asked_space_group - 1] if row.asked_space_group else "",
        symbol=symbol[row.space_group - 1] if row.space_group else "",
        crystal_system=tables().crystal_system[row.space_group - 1] if row.space_group else "",
        symmetry=describe(units, None),
        framework=framework_facts(current),
    )


def cell_kind(structure: Structures) -> str:
    """What the cell of one crystal is whose setting is not known: the primitive one, or how many of those."""
    from crystal_studio.crystal.primitive import primitive_cell

    times = len(structure.numbers) // max(len(primitive_cell(*structure.cell(0)).numbers), 1)
    return "Primitive cell" if times <= 1 else f"Cell of {times} primitive ones"


def find_symmetry(structure: Structures, tolerance: float) -> SymmetryFacts:
    """The symmetry of a structure at a tolerance in Angstrom."""
    from crystal_studio.crystal.standardise import to_asymmetric_units

    units, ok, reasons = to_asymmetric_units(structure, tolerance)
    if not ok[0]:
        return SymmetryFacts(tolerance, problem=f"No space group was found at {tolerance:g} Å: {reasons[0]}")
    return describe(units, tolerance)


def describe(units: AsymmetricUnits, tolerance: float | None) -> SymmetryFacts:
    """The Wyckoff table of the first crystal of a batch."""
    from crystal_studio.crystal.space_groups import tables

    table = tables()
    number = int(units.space_group[0])
    if not number:
        return SymmetryFacts(
            tolerance, problem="Its maker knows no asymmetric unit: choose a tolerance to look for one."
        )
    orbits = []
    for z, row, position in zip(units.numbers[0], units.wyckoff[0], units.positions[0], strict=True):
        if z <= 0:
            continue
        linear, origin = table.linear[row], table.origin[row]
        orbits.append(
            OrbitFacts(
                symbol=SYMBOLS[int(z)],
                wyckoff=f"{table.multiplicity[row]}{table.letter[row]}",
                site_symmetry=table.site_symmetry[row],
                coordinates=tuple(  # type: ignore[arg-type]
                    _coordinate(value, not linear[k].any(), origin[k]) for k, value in enumerate(position)
                ),
                free=", ".join("xyz"[k] for k in range(3) if linear[:, k].any()) or "none",
            )
        )
    return SymmetryFacts(
        tolerance,
        number,
        table.symbol[number - 1],
        table.crystal_system[number - 1],
        table.point_group[number - 1],
        tuple(orbits),
    )


def _coordinate(value: float, fixed: bool, exact: float) -> str:
    """Free coordinates with four decimals; those fixed by symmetry as the fraction they are."""
    if fixed:
        fraction = Fraction(float(exact) % 1.0).limit_denominator(24)
        if abs(float(fraction) - float(exact) % 1.0) < 1e-6:
            return str(fraction)
    return f"{value % 1.0:.4f}"


def as_lines(facts: Mapping[str, Any], indent: int = 0) -> list[tuple[int, str, str]]:
    """A nested mapping as (indent, name, value) lines; empty values are left out."""
    lines: list[tuple[int, str, str]] = []
    for name, value in facts.items():
        title = str(name).replace("_", " ")
        if isinstance(value, Mapping):
            inner = as_lines(value, indent + 1)
            if inner:
                lines += [(indent, title, ""), *inner]
        elif isinstance(value, (list, tuple)):
            if value and isinstance(value[0], Mapping):
                lines.append((indent, title, ""))
                lines += [(indent + 1, str(i), _in_words(one)) for i, one in enumerate(value, 1)]
            elif value:
                lines.append((indent, title, ", ".join(str(v) for v in value)))
        elif value is not None and value != "":
            lines.append((indent, title, str(value)))
    return lines


def _in_words(facts: Mapping[str, Any]) -> str:
    """A flat mapping on one line: "name band_gap, low 1, high 2"."""
    texts = {k: " ".join(map(str, v)) if isinstance(v, (list, tuple)) else str(v) for k, v in facts.items()}
    return ", ".join(f"{name} {text}" for name, text in texts.items())
