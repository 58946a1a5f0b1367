"""Which crystals of a project a model learns from: near the hull, unique, new, and such as it can hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.improving.figures import Outcome
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import KnownError
from crystal_studio.project.queries import ProjectReader

FARTHEST = 2.0
"""eV/atom above the hull beyond which a crystal teaches nothing: it fell apart."""

MOST_SHOWN = 8.0
"""Times an epoch that one crystal is shown at most: few crystals shown often are learnt by heart."""


@dataclass(frozen=True)
class Selected:
    """Crystals in their relaxed geometry.

    ids : (B,) candidates; e_hull, formation_energy : (B,) eV/atom by the potential of the plan, NaN if unknown
    """

    ids: NDArray[np.int64]
    structures: Structures
    e_hull: NDArray[np.float64]
    formation_energy: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)


def select(reader: ProjectReader, outcomes: Iterable[Outcome], near: float, potential: str) -> Selected:
    """Of several campaigns; those that the second potential puts beyond ``near`` are left out.

    Also left out is what has no symmetric cell within the limits of the families that learn from asymmetric units.
    """
    return _held(reader, [o.ids[o.sun(near) & ~(o.by_guard > near)] for o in outcomes], potential)


def select_far(reader: ProjectReader, outcomes: Iterable[Outcome], near: float, potential: str) -> Selected:
    """What came out farther than ``near`` above the hull, each once, whether it is known or not."""
    far = [o.ids[o.relaxed & o.unique & (o.e_hull > near) & (o.e_hull < FARTHEST)] for o in outcomes]
    return _held(reader, far, potential)


def _held(reader: ProjectReader, parts: list[NDArray[np.int64]], potential: str) -> Selected:
    from crystal_studio.training.crystals import held

    ids = np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))
    structures = reader.structures(ids.tolist())
    fits = held(structures) if len(ids) else np.zeros(0, bool)
    ids, structures = ids[fits], structures.take(fits)
    found = reader.found(ids.tolist())
    unknown = np.full(len(ids), np.nan)
    return Selected(
        ids,
        structures,
        found.get(f"e_hull@{potential}", unknown),
        found.get(f"formation_energy@{potential}", unknown),
    )


def nothing_found(reader: ProjectReader, outcomes: Sequence[Outcome], near: float) -> KnownError:
    """What to say where nothing can be learnt from: the hull may know nothing of the system."""
    unknown = [int(i) for o in outcomes for i in o.ids[o.relaxed & ~np.isfinite(o.e_hull)][:1]]
    notes = [v.notes.get("hull_note") for i in unknown for v in reader.verdicts(i)]
    note = next((str(text) for text in notes if text), "")
    judged = any(np.isfinite(o.e_hull).any() for o in outcomes)
    remedy = "Ask for more candidates (--count), other elements, or a larger --near."
    if note and not judged:
        remedy = f"The reference hull has no word on this system: {note}"
    return KnownError(
        f"No candidate so far is new, unique, symmetric and at most {near:g} eV/atom above the hull: there is nothing "
        f"to learn from. {remedy}"
    )


def weights(e_hull: NDArray[np.float64], base: float, mix: float, temperature: float) -> NDArray[np.float64]:
    """(B,) how often each is shown an epoch, so that all of them are ``mix`` of it beside ``base`` others.

    In the ratios of exp(-e_hull / temperature), none below the hull more than those on it and none more than
    ``MOST_SHOWN`` times.
    """
    odds = np.exp(-np.maximum(e_hull, 0) / temperature) if temperature > 0 else np.ones(len(e_hull))
    if not odds.sum():
        return odds
    wanted = base * mix / (1 - mix) if mix < 1 else MOST_SHOWN * len(odds)
    return np.minimum(odds * wanted / odds.sum(), MOST_SHOWN)
