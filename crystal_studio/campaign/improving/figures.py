"""What came of one round: read from the project, counted, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.share import wilson
from crystal_studio.crystal.composition import counts
from crystal_studio.project.queries import ProjectReader

ZERO, NEAR = "0", "near"
"""Keys of figures at the hull and at the limit of the plan."""


@dataclass(frozen=True)
class Outcome:
    """The candidates of one campaign.

    ids : (B,); chemsys : (B,) texts; passed, novel, unique : (B,) bool, unique in the whole project
    e_hull, by_guard : (B,) eV/atom, NaN where not known; relaxed : (B,) bool
    twin : (B,) id of the earlier candidate of the project that each is a copy of, 0 where none
    """

    campaign_id: int
    ids: NDArray[np.int64]
    chemsys: NDArray
    passed: NDArray[np.bool_]
    novel: NDArray[np.bool_]
    unique: NDArray[np.bool_]
    relaxed: NDArray[np.bool_]
    e_hull: NDArray[np.float64]
    by_guard: NDArray[np.float64]
    twin: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def sun(self, limit: float) -> NDArray[np.bool_]:
        """(B,) stable up to ``limit`` eV/atom above the hull, unique in the project and novel; no crystal of one
        element is."""
        compound = np.char.find(self.chemsys.astype(str), "-") >= 0
        return self.passed & self.novel & self.unique & compound & (self.e_hull <= limit)


def read(reader: ProjectReader, campaign_id: int, potential: str, guard: str) -> Outcome:
    """One campaign, judged or not."""
    of_it = f"campaign_id == {campaign_id}"
    known = {method.name for method in reader.methods()}
    names = ["id", "chemsys", "status", "stage", "novel"]
    for method in {potential, guard} & known:
        names += [f"e_hull@{method!r}", f"energy_per_atom@{method!r}"]
    found = reader.columns(names, of_it)
    none = np.full(len(found["id"]), np.nan)
    marked = np.isin(found["id"], reader.ids(f"{of_it} and 'uniqueness' in marks"))
    copies = marked | ((found["status"] == "rejected") & (found["stage"] == "uniqueness"))
    return Outcome(
        campaign_id,
        found["id"],
        found["chemsys"],
        found["status"] == "passed",
        found["novel"] == 1,
        ~copies,
        np.isfinite(found.get(f"energy_per_atom@{potential!r}", none)),
        found.get(f"e_hull@{potential!r}", none),
        found.get(f"e_hull@{guard!r}", none) if guard else none,
        _twins(reader, found["id"], copies),
    )


def _twins(reader: ProjectReader, ids: NDArray[np.int64], copies: NDArray[np.bool_]) -> NDArray[np.int64]:
    said = reader.found(ids[copies].tolist()).get("duplicate_of") if copies.any() else None
    twin = np.zeros(len(ids), np.int64)
    if said is not None:
        twin[copies] = np.nan_to_num(np.asarray(said, float)).astype(np.int64)
    return twin


def share(count: int, total: int) -> dict[str, Any]:
    """A count with its 95% interval (Wilson)."""
    return {"count": int(count), "of": int(total), "share": count / total if total else 0.0,
            "interval": list(wilson(int(count), int(total)))}  # fmt: skip


def counted(reader: ProjectReader, outcome: Outcome, near: float, potential: str) -> dict[str, Any]:
    """S.U.N. at 0 and ``near`` per generated and per relaxed candidate, validity, novelty and diversity.

    ``sun`` counts what is new in the project, ``alone`` the round as if it were the only one: copies of candidates of
    earlier campaigns count there as what those are, each once. ``weak`` is of those stable up to ``near``.
    """
    total, relaxed = len(outcome), int(outcome.relaxed.sum())
    earlier = np.unique(outcome.twin[(outcome.twin > 0) & ~np.isin(outcome.twin, outcome.ids)])
    again = _stable_again(reader, earlier, potential)
    figures: dict[str, Any] = {"generated": total, "relaxed": relaxed, "near": near}
    for key, limit in ((ZERO, 0.0), (NEAR, near)):
        count = int(outcome.sun(limit).sum())
        figures[f"sun_{key}"] = share(count, total)
        figures[f"sun_{key}_relaxed"] = share(count, relaxed)
        figures[f"alone_{key}"] = share(count + int((again <= limit).sum()), total)
    unique = outcome.unique & outcome.passed
    distinct = int(unique.sum()) + len(earlier)
    figures["unique"] = share(int(outcome.unique.sum()) + len(earlier), total)
    figures["new_to_training"] = share(int((unique & outcome.novel).sum()), int(unique.sum()))
    figures["new_to_project"] = share(int(unique.sum()), distinct)
    found = outcome.sun(near)
    figures |= _weak(reader, outcome.ids[found], potential)
    figures["systems"] = len(set(outcome.chemsys[found].tolist()))
    figures["templates"] = _templates(reader, outcome.ids[found])
    figures |= _validity(reader, outcome.campaign_id)
    return figures


def _stable_again(reader: ProjectReader, ids: NDArray[np.int64], potential: str) -> NDArray[np.float64]:
    """Energies above hull of novel compounds among ``ids``."""
    if not len(ids):
        return np.zeros(0)
    found = reader.found(ids.tolist())
    compound = (counts(reader.structures(ids.tolist())) > 0).sum(1) > 1
    e_hull = np.asarray(found.get(f"e_hull@{potential}", np.full(len(ids), np.nan)), float)
    novel = np.asarray(found.get("novel", np.zeros(len(ids))), float) == 1
    return e_hull[novel & compound & np.isfinite(e_hull)]


def _weak(reader: ProjectReader, ids: NDArray[np.int64], potential: str) -> dict[str, Any]:
    """How many of the candidates ``ids`` have energies above hull that rest on what the potential is weak at, in all
    and by kind."""
    from crystal_studio.funnel.weaknesses import WEAKNESSES, explained, of_potential

    if not len(ids):
        return {"weak": share(0, 0), "weak_kinds": {w.name: 0 for w in WEAKNESSES}}
    change = np.asarray(reader.found(ids.tolist()).get(f"volume_change@{potential}", np.full(len(ids), np.nan)), float)
    marks = [mark or "" for mark in of_potential(potential, reader.structures(ids.tolist()), change)]
    named = [weakness.name for mark in marks for weakness in explained(mark).values()]
    kinds = {w.name: named.count(w.name) for w in WEAKNESSES}
    return {"weak": share(sum(map(bool, marks)), len(ids)), "weak_kinds": kinds}


def _templates(reader: ProjectReader, ids: NDArray[np.int64]) -> int:
    """How many different templates (space group and Wyckoff letters) relaxed candidates have."""
    from crystal_studio.evaluation.symmetry import distinct, of_batch

    if not len(ids):
        return 0
    return len(set(distinct(of_batch(reader.structures(ids.tolist()), 0.1, "moyopy").template).tolist()) - {""})


def _validity(reader: ProjectReader, campaign_id: int) -> dict[str, Any]:
    """Shares that the stages of geometry, composition and symmetry let pass without a mark."""
    said = {counts.stage: counts for counts in reader.funnel(campaign_id)}
    return {
        f"valid_{name}": share(said[name].passed - said[name].marked, said[name].entered)
        for name in ("geometry", "composition", "symmetry")
        if name in said
    }


def guarded(outcome: Outcome, sample: NDArray[np.int64], near: float, alone: Mapping[str, Any]) -> dict[str, Any]:
    """The same by the second potential: the share of ``sample``, drawn from the S.U.N. candidates at ``near``, that it
    confirms, and what that makes of the share ``alone`` of all that were generated, by which rounds are compared.

    A rate is the product of two shares; its interval is Wilson's for as many candidates as would give its variance.
    """
    said = outcome.by_guard[np.isin(outcome.ids, sample)]
    said = said[np.isfinite(said)]
    figures: dict[str, Any] = {"checked": len(said)}
    for key, limit in ((ZERO, 0.0), (NEAR, near)):
        confirmed = share(int((said <= limit).sum()), len(said))
        figures[f"confirmed_{key}"] = confirmed
        figures[f"guard_{key}"] = _product(alone, confirmed)
    return figures


def _product(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    p, q, n, m = one["share"], other["share"], one["of"], other["of"]
    rate = p * q
    if not n or not m:
        return {"share": rate, "error": 1.0, "interval": [0.0, 1.0]}
    variance = q * q * p * (1 - p) / n + p * p * max(q * (1 - q), 0.25 / (m + 1)) / m
    size = max(1, round(rate * (1 - rate) / variance)) if variance and 0 < rate < 1 else min(n, m)
    low, high = wilson(round(rate * size), size)
    return {"share": rate, "error": variance**0.5, "interval": [min(low, rate), max(high, rate)]}
