"""Candidates as flat columns under fixed names: for tables, CSV and scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crystal_studio.candidates.registry import quantities
from crystal_studio.funnel import reasons
from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.crystal.batches import Structures

CORE = (
    "id", "campaign_id", "number", "formula", "chemsys", "space_group", "asked_space_group", "n_atoms", "n_orbits",
    "volume", "volume_per_atom", "density", "geometry", "stage", "status",
)  # fmt: skip
"""What every candidate has."""


def plain(row: CandidateRow) -> dict[str, Any]:
    """One candidate: what every one has, the reason as a sentence, headline values by quantity, their uncertainties
    as ``e_hull.uncertainty``, learned ones as ``predicted_e_hull``."""
    document: dict[str, Any] = {name: getattr(row, name) for name in CORE}
    document["reason"] = reasons.sentence(row.stage, row.reason, row.parameters)
    document["reason_code"] = row.reason
    document |= row.values
    document |= {f"{name}.uncertainty": value for name, value in row.uncertainties.items()}
    for name, (value, uncertainty) in row.predicted.items():
        document[f"predicted_{name}"] = value
        if uncertainty is not None:
            document[f"predicted_{name}.uncertainty"] = uncertainty
    return document | {"source": row.source, "created": row.created}


def columns(rows: Sequence[CandidateRow]) -> dict[str, list[Any]]:
    """The same of many: one value a candidate, None where there is none, quantities in the order of their registry."""
    documents = [plain(row) for row in rows]
    return {name: [document.get(name) for document in documents] for name in names(documents)}


def names(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys of all documents, each once: the core, quantities that occur, the rest."""
    found = dict.fromkeys(key for document in documents for key in document)
    order = [*CORE, "reason", "reason_code", *_quantity_keys(), *found]
    return [name for name in dict.fromkeys(order) if name in found]


def _quantity_keys() -> list[str]:
    known = [name for name, quantity in quantities().items() if quantity.stored == "quantities"]
    both = [name for quantity in known for name in (quantity, f"predicted_{quantity}")]
    return [name for key in both for name in (key, f"{key}.uncertainty")]


def of_geometry(table: Mapping[str, list[Any]], structures: Structures, geometry: str) -> dict[str, list[Any]]:
    """The same columns with the figures of other geometries (B), where not the current ones are shown."""
    if geometry == "current" or not len(structures):
        return dict(table)
    import numpy as np  # which lists of the current geometry, the usual ones, do without

    from crystal_studio.crystal.lattice import densities
    from crystal_studio.crystal.standardise import space_group_numbers

    volume, groups = structures.volume, space_group_numbers(structures).tolist()
    shown = zip(table["geometry"], table["space_group"], groups, strict=True)
    return dict(table) | {
        "space_group": [said if current == geometry else found or None for current, said, found in shown],
        "n_atoms": structures.n_atoms.tolist(),
        "volume": volume.tolist(),
        "volume_per_atom": (volume / np.maximum(structures.n_atoms, 1)).tolist(),
        "density": densities(structures).tolist(),
        "geometry": [geometry] * len(structures),
    }
