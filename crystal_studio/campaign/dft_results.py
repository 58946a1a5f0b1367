"""What a DFT code has found, into the project: energy, geometry, and the formation energy where elements allow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.dft_request import STAGE
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import ERROR, PASSED, Finding, Geometry, Reason, Verdicts
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.protocol import RELAX, Result, Settings
from crystal_studio.errors import KnownError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

ENERGY, FORMATION = "energy_per_atom", "formation_energy"


def record(
    reader: ProjectReader, writer: ProjectWriter, campaign_id: int, job: Manifest, result: Result, seconds: float = 0.0
) -> Method:
    """Keep what was found for a candidate, which then no longer waits; returns the method that it is kept under.

    Raises ``KnownError`` where the result is no crystal of the job's atoms.
    """
    if not np.isfinite(result.energy) or not is_sound(result.structure, COMPUTABLE)[0]:
        raise KnownError(f"The result for {job.formula} is no crystal with an energy: look into its folder.")
    whole = job.restored(result.structure)
    method = method_of(job, result, reader.methods())
    findings = (
        Finding(ENERGY, method, np.array([result.energy / len(result.structure.numbers)])),
        Finding("converged", method, np.array([float(result.converged)])),
    )
    geometry = None
    if job.settings.task == RELAX:
        geometry = Geometry(method, whole, np.ones(1, bool))
    verdicts = Verdicts((PASSED,), (None,), findings, _notes(method, result), geometry)
    writer.record(campaign_id, STAGE, [job.candidate], verdicts, seconds=seconds, last=True)
    update_formation_energies(reader, writer, method)
    return method


def record_failure(writer: ProjectWriter, campaign_id: int, candidate_id: int, text: str, seconds: float = 0.0) -> None:
    """A job that broke: no word against the candidate, and tried again by resume."""
    verdicts = Verdicts((ERROR,), (Reason(ERROR, {"text": text}),))
    writer.record(campaign_id, STAGE, [candidate_id], verdicts, seconds=seconds)


def method_of(job: Manifest, result: Result, known: Sequence[Method]) -> Method:
    """The method under which a result is kept.

    Energies of other settings or of another version are another method, because they do not compare: the first is
    called like "gpaw-pbe", the next "gpaw-pbe-2". Titles tell them apart.
    """
    name, title = f"{job.code}-{result.functional.lower()}", describe(job.settings, result)
    there = {method.name: method for method in known}
    k = 1
    while True:
        full = name if k == 1 else f"{name}-{k}"
        if full not in there or there[full].title == title:
            return Method(full, "dft", title)
        k += 1


def describe(settings: Settings, result: Result) -> str:
    """What decides an energy, like "GPAW 26.7.0, PBE, 400 eV, k-points 0.25/Å, smearing 0.05 eV, no spin"."""
    return (
        f"{result.code}, {result.functional}, {settings.cutoff:g} eV, k-points {settings.kpoint_spacing:g}/Å, "
        f"smearing {settings.smearing:g} eV, {'spin' if settings.spin else 'no spin'}"
    )


def update_formation_energies(reader: ProjectReader, writer: ProjectWriter, method: Method) -> None:
    """From the energies by one method and no other: those of compounds less those of their elements, of which the
    project must hold relaxed crystals. Values whose elements have become lower are found anew."""
    ids, energy, table = _energies(reader, method)
    found = formation_energies(energy, table)
    before = _values(reader, ids, FORMATION, method)
    changed = ~np.isclose(found, before, rtol=0, atol=1e-9, equal_nan=True)
    if changed.any():
        writer.add_findings(ids[changed], [Finding(FORMATION, method, found[changed])])


def formation_energies(energy: NDArray[np.float64], table: NDArray) -> NDArray[np.float64]:
    """(B,) eV/atom of B crystals with energies (B,) in eV/atom and atoms ``table`` (B, elements); NaN where a crystal
    of one of its elements is missing among them."""
    present = table > 0
    elemental = np.full(table.shape[1], np.nan)
    for row in np.flatnonzero(present.sum(1) == 1):
        element = int(np.flatnonzero(present[row])[0])
        elemental[element] = np.fmin(elemental[element], energy[row])
    reference = np.where(present, table * elemental, 0.0).sum(1)
    return energy - reference / table.sum(1)


def _energies(reader: ProjectReader, method: Method) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray]:
    """Of all candidates that the method has relaxed to the end: ids, eV/atom, atoms of each element."""
    ids = reader.ids(f"converged@{method.name!r} == 1")
    return ids, _values(reader, ids, ENERGY, method), counts(reader.structures(ids))


def _values(reader: ProjectReader, ids: NDArray[np.int64], quantity: str, method: Method) -> NDArray[np.float64]:
    found = reader.found(ids).get(f"{quantity}@{method.name}")
    return np.full(len(ids), np.nan) if found is None else np.asarray(found, float)


def _notes(method: Method, result: Result) -> Mapping[str, NDArray]:
    """What is kept beside the numbers, in words where people read it."""
    notes: dict[str, object] = {
        "method": method.name,
        "code": result.code,
        "functional": result.functional,
        "settings": _in_words(result.settings),
        "max_force": result.max_force,
        "hull_note": hull_note(result),
    }
    notes |= {f"warning_{k}_note": text for k, text in enumerate(result.warnings, start=1)}
    return {name: _column(value) for name, value in notes.items() if value != ""}


def _in_words(settings: Mapping[str, object]) -> str:
    """Settings as people read them, like "cutoff 400.0, kpoints 9 x 9 x 9"; tables within them are left out."""
    words = {
        name: " x ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in sorted(settings.items())
        if value is not None and not isinstance(value, Mapping)
    }
    return ", ".join(f"{name} {word}" for name, word in words.items())


def hull_note(result: Result) -> str:
    """Why no energy above the hull comes out of a result."""
    if result.comparable_with_hull:
        return (
            f"The energy of {result.code} ({result.functional}) is on the Materials Project's scale before corrections;"
            " the reference hulls are those of potentials, so no energy above them is derived from it."
        )
    return (
        f"The energy of {result.code} ({result.functional}) does not match the reference hull, which has another scale:"
        " no energy above the hull is derived from it. Compare it with energies by the same method alone."
    )


def _column(value: object) -> NDArray:
    out = np.empty(1, float if isinstance(value, float) else object)
    out[0] = value
    return out
