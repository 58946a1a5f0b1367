"""All published metrics of one generated set, part after part; what is done stays done when it is interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from crystal_studio.candidates.share import wilson
from crystal_studio.data.datasets import splits
from crystal_studio.evaluation import crystal_set, energies, metrics, predicted, symmetry, validity
from crystal_studio.evaluation import matching as same
from crystal_studio.evaluation.crystal_set import CrystalSet
from crystal_studio.evaluation.parallel import Progress, Workers
from crystal_studio.evaluation.plan import EvaluationPlan
from crystal_studio.evaluation.stability import novel_to_index

PER = 10_000


def evaluate(plan: EvaluationPlan, progress: Progress | None = None) -> dict[str, Any]:
    """The report as a document that JSON can hold.

    ``metrics`` maps a name to ``value``, for shares ``count``, ``of`` and ``interval`` (95%), and a ``note`` that
    says set, tolerance and method. ``interrupted`` names the part in which Ctrl-C came, "" if none did.
    """
    with Workers(plan.workers, progress) as workers:
        return _Evaluation(plan, workers, progress).run()


def share(count: int, of: int, note: str = "") -> dict[str, Any]:
    """An entry of the report for a share."""
    return {
        "value": count / of if of else None,
        "count": int(count),
        "of": int(of),
        "interval": list(wilson(int(count), int(of))),
        "note": note,
    }


class _Evaluation:
    """State of one evaluation: the sets, what is known of each crystal, the report so far."""

    def __init__(self, plan: EvaluationPlan, workers: Workers, progress: Progress | None) -> None:
        self.plan, self.workers, self.progress = plan, workers, progress
        self.metrics: dict[str, dict[str, Any]] = {}
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []

    def run(self) -> dict[str, Any]:
        plan = self.plan
        started = time.monotonic()
        self.generated = crystal_set.read(plan.generated, self.workers, plan.generated_split, plan.count, plan.campaign)
        self.reference = self._other(plan.reference, plan.split)
        self.train = self._other(plan.train, plan.train_split or self._train_split(plan.train))
        self.seconds["reading"] = time.monotonic() - started
        self.valid = np.ones(len(self.generated), bool)
        self.sound = self.valid
        interrupted = ""
        parts: dict[str, Callable[[], None]] = {
            "validity": self._validity,
            "distances": self._distances,
            "symmetry": self._symmetry,
            "templates": self._templates,
            "coverage": self._coverage,
            "features": self._features,
            "unique": self._unique,
            "novel": self._novel,
            "relaxation": self._relaxation,
        }
        for name, part in parts.items():
            if name in plan.skip:
                continue
            started = time.monotonic()
            try:
                part()
            except KeyboardInterrupt:
                interrupted = name
                break
            finally:
                self.seconds[name] = time.monotonic() - started
        return self._document(interrupted)

    def _other(self, path: Path | None, split: str) -> CrystalSet | None:
        return None if path is None else crystal_set.read(path, self.workers, split)

    def _train_split(self, path: Path | None) -> str:
        return "train" if path is not None and "train" in splits(path) else ""

    def _document(self, interrupted: str) -> dict[str, Any]:
        def about(one: CrystalSet | None) -> dict[str, Any] | None:
            if one is None:
                return None
            listed = [{"id": name, "reason": reason} for name, reason in one.unreadable]
            return {"name": one.name, "entries": one.total, "read": len(one), "unreadable": listed}

        return {
            "generated": about(self.generated),
            "reference": about(self.reference),
            "train": about(self.train),
            "metrics": self.metrics,
            "notes": self.notes,
            "interrupted": interrupted,
            "seconds": {k: round(v, 3) for k, v in self.seconds.items()},
            "workers": self.workers.count,
            "seed": self.plan.seed,
            "versions": {n: version(n) for n in ("pymatgen", "spglib", "moyopy", "smact", "chgnet", "scipy")},
        }

    def _validity(self) -> None:
        made, total = self.generated.structures, self.generated.total
        ours = validity.structurally_valid(made)
        self.sound = validity.structurally_valid(made, own_images=False)
        physical = validity.physically_valid(made)
        composed = validity.compositionally_valid(made)
        self.valid = self.sound & composed
        limits = "distances >= 0.5 A, volume >= 0.1 A^3, edges <= 40 A"
        self._share("structural_validity", self.sound, total, f"{limits}; own periodic images ignored, as published")
        self._share("structural_validity_images", ours, total, f"{limits}; own periodic images counted")
        self._share(
            "physical_validity", physical, total, "distances >= 0.6 of the covalent radii, volume 5.5 to 106 A^3/atom"
        )
        self._share(
            "compositional_validity", composed, total, "SMACT with its first list of oxidation states, Pauling test"
        )
        self._share("validity", self.valid, total, "structural and compositional, as published")
        if self.generated.unreadable:
            self.notes.append(
                f"{len(self.generated.unreadable)} entries hold no readable crystal and count as invalid."
            )

    def _share(self, name: str, which: NDArray, of: int, note: str) -> None:
        self.metrics[name] = share(int(np.count_nonzero(which)), of, note)

    def _value(self, name: str, value: float, unit: str, note: str) -> None:
        self.metrics[name] = {"value": float(value) if np.isfinite(value) else None, "unit": unit, "note": note}

    def _distances(self) -> None:
        if self.reference is None:
            self.notes.append("No --reference: no distances of distributions and no coverage.")
            return
        if not self.valid.any():
            self.notes.append("No generated crystal is valid: no distances of metrics.")
            return
        rows = self._valid_sample()
        made, known = self.generated.structures.take(rows), self.reference.structures
        note = f"Wasserstein-1, {len(rows):,} random valid against {self.reference.label}"
        self._value("density_distance", metrics.density_distance(made, known), "g/cm3", note)
        self._value("element_count_distance", metrics.element_count_distance(made, known), "", note)

        self._energies(rows)

    def _energies(self, rows: NDArray[np.int64]) -> None:
        """Distance of predicted formation energies; the same predictor for both sets."""
        assert self.reference is not None
        name = predicted.predictor()
        if not name:
            self.notes.append("No property model is installed: no distance of formation energies.")
            return
        made = self.generated.structures.take(rows)
        mine = predicted.formation_energies(made, self.workers, name, "Formation energies")
        title = "Formation energies of the reference"
        theirs = predicted.formation_energies(self.reference.structures, self.workers, name, title)
        known, other = np.isfinite(mine), np.isfinite(theirs)
        if known.any() and other.any():
            note = (
                f"Wasserstein-1 of predictions by {name}, {known.sum():,} random valid against {self.reference.label}"
            )
            self._value("formation_energy_distance", wasserstein_distance(mine[known], theirs[other]), "eV/atom", note)

    def _valid_sample(self) -> NDArray[np.int64]:
        rows = np.flatnonzero(self.valid)
        size = min(self.plan.sample or len(rows), len(rows))
        return np.sort(np.random.default_rng(self.plan.seed).permutation(rows)[:size])

    def _symmetry(self) -> None:
        made, total = self.generated, self.generated.total
        groups = symmetry.find(made.structures, symmetry.GENERATED_SYMPREC, self.workers).space_group
        self._share("p1", groups == 1, total, "space group P1 by spglib at 0.1 A")
        self._share("no_group", groups == 0, total, "no space group found by spglib at 0.1 A")
        if self.reference is not None:
            known = symmetry.find(
                self.reference.structures, symmetry.REFERENCE_SYMPREC, self.workers, "Space groups of the reference"
            ).space_group
            if (groups > 0).any() and (known > 0).any():
                self._value(
                    "space_group_distance",
                    metrics.space_group_distance(groups, known),
                    "",
                    f"Jensen-Shannon distance, natural logarithm, 230 bins, spglib at 0.1 A (reference 0.01 A), "
                    f"{self.reference.label}",
                )
            self._share("p1_reference", known == 1, self.reference.total, "the same of the reference at 0.01 A")
        asked = made.asked
        if asked is None or not (asked > 0).any():
            return
        fine = symmetry.find(made.structures, symmetry.REFERENCE_SYMPREC, self.workers, "Space groups at 0.01 A")
        named = int((asked > 0).sum()) + len(made.unreadable)
        for label, found in (("0.1", groups), ("0.01", fine.space_group)):
            exact = (found == asked) & (asked > 0)
            self._share(f"symmetry_kept_{label}", exact, named, f"the group asked for, by spglib at {label} A")
            self._share(
                f"symmetry_raised_{label}",
                symmetry.is_supergroup(found, asked),
                named,
                f"a supergroup of it, by spglib at {label} A",
            )

    def _templates(self) -> None:
        found = symmetry.find(self.generated.structures, 0.1, self.workers, "Templates", "moyopy").template
        known = None
        if self.train is not None:
            known = symmetry.find(self.train.structures, 0.1, self.workers, "Templates of the training set", "moyopy")
        for suffix, rename, text in (
            ("", lambda names: names, "letters as standardised by moyopy at 0.1 A, as published"),
            ("_distinct", symmetry.distinct, "the same up to the choice of origin and axes (normalizer)"),
        ):
            mine = set(rename(found).tolist()) - {""}
            self._count(f"templates_unique{suffix}", len(mine), text)
            if known is not None:
                assert self.train is not None
                theirs = set(rename(known.template).tolist()) - {""}
                self._count(f"templates_new{suffix}", len(mine - theirs), f"not in {self.train.label}; {text}")
                self.metrics[f"templates_in_train{suffix}"] = share(
                    len(mine & theirs),
                    len(mine),
                    f"of the unique ones, in {self.train.label} ({len(theirs):,}); {text}",
                )

    def _count(self, name: str, count: int, note: str) -> None:
        total = self.generated.total
        self.metrics[name] = {"value": count, "of": total, "per_10000": count / total * PER, "note": note}

    def _coverage(self) -> None:
        if self.reference is None:
            return
        from crystal_studio.evaluation import coverages

        self.metrics |= coverages.entries(self.generated, self.reference, self.sound, self.workers)

    def _features(self) -> None:
        if self.reference is None:
            return
        from crystal_studio.evaluation import learned

        if learned.available():
            self.metrics |= learned.entries(self.generated, self.reference, self.sound, self.workers)
        else:
            self.notes.append(f"{learned.NAME} is not installed: no Fréchet distance of a network's features.")

    def _unique(self) -> None:
        self.kinds = same.unique(self.generated.structures.take(self.sound), self.workers)
        rows = np.zeros(len(self.generated), bool)
        rows[np.flatnonzero(self.sound)[self.kinds.is_first]] = True
        self.first = rows
        note = "StructureMatcher() defaults, among the structurally valid" + _late(self.kinds.undecided)
        self._share("unique", rows, self.generated.total, note)

    def _novel(self) -> None:
        made, total = self.generated.structures, self.generated.total
        rows = np.flatnonzero(self.sound)
        sound = made.take(rows)
        first = getattr(self, "first", None)
        for name, hits, text in self._novelties(sound):
            novel = np.zeros(len(made), bool)
            novel[rows[hits]] = True
            self._share(name, novel, total, text)
            if first is not None:
                self._share(name.replace("novel", "unique_novel"), novel & first, total, f"unique, and {text}")

    def _novelties(self, sound):
        if self.train is not None:
            hits, late = same.known(sound, self.train.structures, self.workers, "Crystals in the training set")
            text = f"no match in {self.train.label} by StructureMatcher() defaults{_late(late)}"
            yield "novel_train", hits < 0, text
        index = novel_to_index(sound, self.workers)
        yield "novel_index", index, "no like fingerprint (within 0.1 spacings) in the shipped index of known structures"

    def _relaxation(self) -> None:
        if not self.plan.relax:
            return
        found, complete = energies.entries(
            self.plan, self.generated, self.train, self.sound, self.workers, self.progress
        )
        self.metrics |= found
        if not complete:
            size = found["relaxed"]["of"]
            self.notes.append(f"Relaxation was interrupted: shares are of the first {size} of {self.plan.relax} drawn.")
            raise KeyboardInterrupt


def _late(undecided: int) -> str:
    return f" ({undecided} pairs without a decision in time count as different)" if undecided else ""
