"""What the rows of versions 1 and 2 become in version 3.

Values that stages had stored with their verdicts become quantities by the method that found them; English reasons
become codes; "relaxed" cells become the geometry of the campaign's potential, but those of relaxations that were
given up, which held the generated cell, are dropped.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crystal_studio.errors import FileError
from crystal_studio.project import blob, checksums
from crystal_studio.project.migrations import former_reasons
from crystal_studio.project.values import finite, from_json, to_json

_BATCH = 1000
_CHUNK_SIZE = 256
"""Candidates at a time of the only generator that wrote those versions."""

_GEOMETRY = ("geometry", "geometry", "Computed from the geometry")
_KNOWN = ("known-structures", "reference", "Known structures (Materials Project, 2018-2021)")
_TITLES = {"chgnet": "CHGNet 0.3.0 (PBE+U, MP2020 corrections)"}
_GENERATED, _HEADLINE, _PREDICTED = "generated", 1, 2

_QUANTITIES = {
    "min_distance": ("min_distance", "Å", "number", "geometry"),
    "min_radius_ratio": ("min_radius_ratio", "", "number", "geometry"),
    "nearest_known": ("nearest_known", "", "label", "known"),
    "nearest_distance": ("nearest_distance", "", "number", "known"),
    "novel": ("novel", "", "flag", "known"),
    "predicted_formation_energy_per_atom": ("formation_energy", "eV/atom", "number", "learned"),
    "predicted_e_above_hull": ("e_hull", "eV/atom", "number", "learned"),
    "predicted_band_gap": ("band_gap", "eV", "number", "learned"),
    "probability_metal": ("probability_metal", "", "number", "learned"),
    "in_domain": ("in_domain", "", "flag", "learned"),
    "energy_per_atom": ("energy_per_atom", "eV/atom", "number", "potential"),
    "relaxation_steps": ("relaxation_steps", "", "count", "potential"),
    "converged": ("converged", "", "flag", "potential"),
    "volume_change": ("volume_change", "", "number", "potential"),
    "e_hull": ("e_hull", "eV/atom", "number", "potential"),
    "formation_energy": ("formation_energy", "eV/atom", "number", "potential"),
}
"""Former name of a value: name, unit and kind of the quantity, and what found it."""

_NO_STAGES = ("import", "generation")
"""What "passed" an import, and a campaign without a funnel: nobody has judged those candidates."""

_BOUNDS = {
    f"predicted_{former}_{end}": f"{now}_{end}"
    for former, now in (
        ("formation_energy_per_atom", "formation_energy"),
        ("e_above_hull", "e_hull"),
        ("band_gap", "band_gap"),
    )
    for end in ("low", "high")
}
_COLUMNS = (
    "energy_per_atom", "formation_energy", "e_hull", "nearest_known", "nearest_distance", "novel",
    "predicted_formation_energy_per_atom", "predicted_formation_energy_per_atom_std", "predicted_e_above_hull",
    "predicted_e_above_hull_std", "predicted_band_gap", "predicted_band_gap_std", "in_domain",
)  # fmt: skip


def convert(db: sqlite3.Connection) -> None:
    """Fill the new tables from those named ``old_...``, all in the caller's transaction."""
    runs = _campaigns(db)
    names = _Names(db)
    last = 0
    while True:
        rows = db.execute(
            "SELECT id, campaign_id, number, formula, chemsys, space_group, detected_space_group, n_atoms, n_orbits, "
            "volume, volume_per_atom, density, stage, status, reason, source, created, "
            f"{', '.join(_COLUMNS)} FROM old_candidates WHERE id > ? ORDER BY id LIMIT {_BATCH}",
            (last,),
        ).fetchall()
        if not rows:
            return
        _candidates(db, names, runs, rows, last)
        last = rows[-1][0]


class _Names:
    """Numbers of quantities and methods, entered when first met."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._numbers: dict[tuple[str, str], int] = {}

    def __call__(self, table: str, name: str, *texts: str) -> int:
        key = (table, name)
        if key not in self._numbers:
            number = sum(t == table for t, _ in self._numbers) + 1
            row = (number, name, *texts, checksums.name(number, name, *texts))
            self._db.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", row)
            self._numbers[key] = number
        return self._numbers[key]


def _campaigns(db: sqlite3.Connection) -> dict[int, tuple[str, bool]]:
    """By campaign its potential and whether it asked for space groups."""
    runs = {}
    for row in db.execute(
        "SELECT id, created, name, request, provenance, state, requested, seconds FROM old_campaigns ORDER BY id"
    ).fetchall():
        number, created, name, request, provenance, state, requested, seconds = row
        asked = _loaded(request)
        imported = asked.get("model") == "import"
        fresh = (
            number,
            created,
            name,
            "import" if imported else "generate",
            request,
            provenance,
            state,
            requested,
            None if imported else _CHUNK_SIZE,
            float(seconds),
        )
        db.execute(f"INSERT INTO campaigns VALUES ({', '.join('?' * 11)})", (*fresh, checksums.campaign(*fresh)))
        runs[number] = (str(asked.get("potential") or "chgnet"), bool(asked.get("space_groups")))
    return runs


def _candidates(
    db: sqlite3.Connection, names: _Names, runs: Mapping[int, tuple[str, bool]], rows: Sequence[tuple], after: int
) -> None:
    first, last = after + 1, rows[-1][0]
    said: dict[int, list[tuple]] = {}
    for i, *rest in db.execute(
        'SELECT candidate_id, id, stage, passed, reason, "values", seconds FROM old_verdicts '
        "WHERE candidate_id BETWEEN ? AND ? ORDER BY id",
        (first, last),
    ):
        said.setdefault(i, []).append(tuple(rest))
    cells: dict[int, dict[str, bytes]] = {}
    for i, kind, data in db.execute(
        "SELECT candidate_id, kind, data FROM old_structures WHERE candidate_id BETWEEN ? AND ? ORDER BY id",
        (first, last),
    ):
        cells.setdefault(i, {})[kind] = data
    out: dict[str, list[tuple]] = {"candidates": [], "verdicts": [], "quantities": [], "parts": []}
    moved = {
        row[0]
        for row in rows
        if "relaxed" in cells.get(row[0], {})
        and not any(stage == "relaxation" and not passed for _, stage, passed, *_ in said.get(row[0], ()))
    }
    figures = _figures({i: cells[i]["relaxed"] for i in moved})
    for row in rows:
        potential, groups_asked = runs[row[1]]
        _one(names, row, potential, groups_asked, said.get(row[0], ()), row[0] in moved, figures.get(row[0]), out)
        for kind, data in cells.get(row[0], {}).items():
            if kind == "relaxed" and row[0] in moved:
                names("methods", potential, "potential", _TITLES.get(potential, ""))
                out["parts"].append(_part(row[0], "structure", potential, data))
            elif kind == "generated":
                out["parts"].append(_part(row[0], "structure", _GENERATED, data))
            elif kind == "unit" and row[5]:
                out["parts"].append(_part(row[0], "unit", _GENERATED, data))
    for table, width in (("candidates", 20), ("verdicts", 10), ("quantities", 8), ("parts", 5)):
        columns = " (candidate_id, kind, method, data, checksum)" if table == "parts" else ""
        db.executemany(f"INSERT INTO {table}{columns} VALUES ({', '.join('?' * width)})", out[table])


def _part(i: int, kind: str, method: str, data: bytes) -> tuple:
    return i, kind, method, data, checksums.part(i, kind, method, data)


def _one(
    names: _Names,
    row: tuple,
    potential: str,
    groups_asked: bool,
    said: Sequence[tuple],
    moved: bool,
    figures: tuple | None,
    out: dict[str, list[tuple]],
) -> None:
    """One candidate's row, verdicts and quantities."""
    (i, campaign, number, formula, chemsys, made, detected, n_atoms, n_orbits, volume, each, density, stage, status,
     why, source, created) = row[:17]  # fmt: skip
    values: dict[str, Any] = {name: v for name, v in zip(_COLUMNS, row[17:], strict=True) if v is not None}
    code, parameters, decided = "", {}, False
    judged_symmetry = False
    for verdict_id, at, passed, sentence, found, seconds in said:
        told = _loaded(found)
        values.update(told)
        judged_symmetry |= at in ("symmetry", "import")
        if at in _NO_STAGES:
            continue
        reason, given = former_reasons.read(at, sentence)
        verdict = "passed" if passed else "error" if reason == former_reasons.ERROR else "rejected"
        if verdict != "passed" and not decided:
            decided, stage, status, code, parameters = True, at, verdict, reason, given
        line = (i, at, campaign, verdict, reason, to_json(given), to_json(_notes(told)), float(seconds))
        out["verdicts"].append((verdict_id, *line, checksums.verdict(*line)))
    if stage in _NO_STAGES:
        stage, status = "", "unjudged"
    if not decided and why:
        code, parameters = former_reasons.read(stage, why)
    if figures is not None:
        n_atoms, volume, each, density = figures
    columns = (
        i,
        campaign,
        number,
        formula,
        chemsys,
        made if groups_asked and made else None,
        (detected if judged_symmetry else made) or None,
        n_atoms,
        n_orbits or None,
        volume,
        each,
        density,
        potential if moved else _GENERATED,
        stage,
        status,
        code,
        to_json(parameters),
        source,
        created,
    )
    out["candidates"].append((*columns, checksums.candidate(*columns)))
    out["quantities"].extend(_quantities(names, i, values, potential))


def _quantities(names: _Names, i: int, values: Mapping[str, Any], potential: str) -> Iterable[tuple]:
    methods = {
        "geometry": _GEOMETRY,
        "known": _KNOWN,
        "potential": (potential, "potential", _TITLES.get(potential, "")),
        "learned": (str(values.get("property_model") or "learned"), "learned", ""),
    }
    for former, (name, unit, kind, way) in _QUANTITIES.items():
        value = values.get(former)
        if value is None:
            continue
        number, label = (None, str(value)) if kind == "label" else (finite(value), None)
        line = (
            i,
            names("quantity_names", name, unit, kind),
            names("methods", *methods[way]),
            number,
            label,
            finite(values.get(f"{former}_std")),
            _PREDICTED if way == "learned" else _HEADLINE,
        )
        yield (*line, checksums.quantity(*line))


def _notes(found: Mapping[str, Any]) -> dict[str, Any]:
    """What was stored with a verdict and is no quantity now, by its present name."""
    gone = {*_QUANTITIES, "detected_space_group", "property_model", *(f"{name}_std" for name in _QUANTITIES)}
    return {_BOUNDS.get(name, name): value for name, value in found.items() if name not in gone}


def _loaded(text: str) -> dict[str, Any]:
    """A JSON object; a damaged text is kept as it is, so that nothing of it is lost."""
    try:
        found = from_json(text)
    except json.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"unreadable": text}


def _figures(cells: Mapping[int, bytes]) -> dict[int, tuple[int, float, float, float]]:
    """Atoms, volume, volume an atom and density of relaxed cells, by candidate; none for a damaged one."""
    from crystal_studio.project.geometries import figures_of

    keys = list(cells)
    try:
        found = figures_of(blob.decode_structures([cells[i] for i in keys]))
    except FileError:
        if len(keys) == 1:
            return {}
        return {i: figure for key in keys for i, figure in _figures({key: cells[key]}).items()}
    return {
        i: (f["n_atoms"], f["volume"], f["volume_per_atom"], f["density"]) for i, f in zip(keys, found, strict=True)
    }
