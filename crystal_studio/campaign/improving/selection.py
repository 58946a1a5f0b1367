"""Which crystals of a project a model learns from: near the hull, unique, new, and such as it can hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.improving.figures import Outcome
from crystal_studio.candidates.share import wilson
from crystal_studio.crystal.batches import Structures
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.errors import KnownError
from crystal_studio.project.queries import ProjectReader

FARTHEST = 2.0
"""eV/atom above the hull beyond which a crystal teaches nothing: it fell apart."""

MOST_SHOWN = 8.0
"""Times an epoch that one crystal is shown at most: few crystals shown often are learnt by heart."""

MOST_ENRICHED = 2.0
"""How many times as often as round 0 made an element it may be learnt: elements on whose crystals a potential is too
kind would take over round by round."""


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


def weights(odds: NDArray[np.float64], base: float, mix: float, most: float = MOST_SHOWN) -> NDArray[np.float64]:
    """(B,) how often each is shown an epoch, in the ratios of ``odds``, so that all of them are ``mix`` of it beside
    ``base`` others; none more than ``most`` times."""
    if not odds.sum():
        return odds
    wanted = base * mix / (1 - mix) if mix < 1 else most * len(odds)
    return np.minimum(odds * wanted / odds.sum(), most)


def by_energy(e_hull: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """(B,) odds exp(-e_hull / temperature), none below the hull more than those on it; all alike at temperature 0."""
    return np.exp(-np.maximum(e_hull, 0) / temperature) if temperature > 0 else np.ones(len(e_hull))


def held_back(
    odds: NDArray[np.float64], held: NDArray[np.bool_], made: NDArray[np.bool_], most: float = MOST_ENRICHED
) -> NDArray[np.float64]:
    """``odds`` lowered until no element is in more than ``most`` times the share of what was made at first.

    held : (B, Z), which elements each crystal holds; made : (M, Z), the same of the candidates of round 0, whose shares
    count with the upper end of their 95% interval, so that few candidates hold nothing back

    An element that cannot be lowered beside the others, since nearly all hold it, ends as near as 50 passes bring it.
    """
    total = odds.sum()
    if not total or not len(made):
        return odds
    limits = most * np.array([wilson(int(count), len(made))[1] for count in made.sum(0)])
    odds = odds.copy()
    for _ in range(50):
        shares = odds @ held / odds.sum()
        worst = int(np.argmax(shares / limits))
        if shares[worst] <= limits[worst] * 1.001:
            break
        with_it = held[:, worst]
        rest = odds[~with_it].sum()
        if not rest:
            break
        # Of what is left without it, such a part that it comes to its limit
        odds[with_it] *= limits[worst] / (1 - limits[worst]) * rest / odds[with_it].sum()
    return odds * (total / odds.sum())


def answering(outcome: Outcome, system: ChemicalSystem) -> Outcome:
    """Those candidates of a campaign that hold what a request allows and all that it asks for."""
    must, allowed = set(system.must), set(system.allowed)
    there = [set(text.split("-")) for text in outcome.chemsys.tolist()]
    fits = np.array([must <= elements <= allowed for elements in there], bool)
    parts = {f.name: getattr(outcome, f.name)[fits] for f in fields(outcome) if f.name != "campaign_id"}
    return replace(outcome, **parts)
