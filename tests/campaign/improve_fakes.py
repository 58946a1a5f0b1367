"""A family that learns one number, and stages that judge by it: the protocols are the real ones."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from campaign_fakes import _context
from generator_fakes import rock_salts
from stage_fakes import SPRING, Ordered, Slow, worker_context

from crystal_studio import paths
from crystal_studio.campaign.improving.tools import Tools
from crystal_studio.campaign.parts import RunParts
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, ReasonKind, Verdicts, marking
from crystal_studio.data.datasets import load
from crystal_studio.design.declared import Options
from crystal_studio.design.request import DesignRequest
from crystal_studio.funnel.protocol import Batch
from crystal_studio.generators.protocol import ModelCard, chunk_seed

OTHER = Method("other", "potential")
INDEX = Method("index", "reference")
BEST = 5.6
"""Edge (Angstrom) of the crystal on the hull."""


def write_model(name: str, edge: float) -> Path:
    folder = paths.own_models() / name
    folder.mkdir(parents=True)
    return _write(folder, edge)


def _write(folder: Path, edge: float) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.json").write_text(json.dumps(edge))
    card = {"licence": "MIT", "elements": [11, 17], "sha256": str(edge), "limits": {}, "training": {}, "data": {}}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def card_of(name: str) -> ModelCard:
    raw = json.loads((paths.own_models() / name / "card.json").read_text())
    return ModelCard(name, "salt", "Salt", "MIT", {}, {}, 0, raw["sha256"], (11, 17))


class Salt:
    """Rock salts with edges about the one that was learnt."""

    chunk_size = 10

    def __init__(self, name: str) -> None:
        self.card = card_of(name)
        self.edge = float(json.loads((paths.own_models() / name / "weights.json").read_text()))

    def check(self, request: DesignRequest) -> None:
        pass

    def sample(self, request: DesignRequest, chunk: int, cancel: Any = None, progress: Any = None) -> Candidates:
        rng = np.random.default_rng(chunk_seed(request.seed, chunk))
        return rock_salts(rng.normal(self.edge, 0.2, min(10, request.count - 10 * chunk)))


def load_salt(name: str, device: str) -> Salt:
    return Salt(name)


@dataclass(frozen=True)
class _Stage:
    title: str = "A stage"
    version: int = 1
    rejects: bool = False
    in_order: bool = False
    costly: bool = False
    remembers: bool = False
    requires: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    reasons: tuple[ReasonKind, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Edge(_Stage):
    """What ``Slow`` reads."""

    name: str = "geometry"

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        return marking(len(batch), [Finding("min_distance", SPRING, batch.structures.lattice[:, 0, 0] / 2)])


@dataclass(frozen=True)
class Novel(_Stage):
    name: str = "novelty"

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        return marking(len(batch), [Finding("novel", INDEX, np.ones(len(batch)))])


@dataclass(frozen=True)
class Hull(_Stage):
    """The farther from ``BEST`` the higher; ``known`` false: there is no reference."""

    name: str = "stability"
    known: bool = True
    best: float = BEST

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        if not self.known:
            note = np.array(["No phase with Cl is known."] * len(batch), object)
            return marking(len(batch), notes={"hull_note": note})
        above = np.abs(batch.structures.lattice[:, 0, 0] / 1.01 - self.best)
        return marking(len(batch), [Finding("e_hull", SPRING, above)])


@dataclass(frozen=True)
class Consensus(_Stage):
    """The second potential: level with the first one up to the edge ``limit`` (Angstrom), beyond it far above."""

    name: str = "consensus"
    limit: float = 100.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        far = batch.structures.lattice[:, 0, 0] / 1.01 > self.limit
        return marking(len(batch), [Finding("e_hull", OTHER, np.where(far, 1.0, 0.0))])


NO_OPTIONS = Options.stated()


@dataclass(frozen=True)
class Trainer:
    """Learns the mean edge of what it is shown; ``kill`` names a file: where it is not there, it dies half way.
    ``astray``: all that it learns is wrong."""

    kill: str = ""
    astray: bool = False
    name: str = "salt"
    title: str = "Salt"
    fine_tuning: Options | None = NO_OPTIONS

    def train(self, job: Any) -> dict[str, Any]:
        from crystal_studio.training.checkpoint import NAME

        job.out.mkdir(parents=True, exist_ok=True)
        with (job.out / "curve.jsonl").open("a") as curve:
            if not job.resume:
                curve.write(json.dumps({"epoch": 0, "minutes": 0.0, "val_total": 2.0}) + "\n")
            curve.write(json.dumps({"epoch": 1, "minutes": 0.1, "val_total": 1.0}) + "\n")
        (job.out / NAME).write_bytes(b"half way")
        if self.kill and not Path(self.kill).exists():
            Path(self.kill).touch()
            os._exit(9)
        if job.stop():
            return {}
        data = load(job.data)
        edges, weight = data.structures.lattice[:, 0, 0], np.asarray(data.columns["weight"], float)
        _write(job.out, BEST + 5 if self.astray else float((edges * weight).sum() / weight.sum()))
        job.report({"minutes": 0.1})
        return {}

    def progress(self, row: dict[str, float]) -> str:
        return "a step"


@dataclass(frozen=True)
class Made:
    """The tools; picklable."""

    hull: Hull = field(default_factory=Hull)
    consensus: Consensus = field(default_factory=Consensus)
    kill: str = ""
    takes: float = 0.0
    astray: bool = False

    def parts(self, request: Any) -> RunParts:
        stages: tuple[Any, ...] = (Edge(), Ordered(), Novel(), Slow(self.takes), self.hull)
        if not isinstance(request, DesignRequest):
            stages = (self.consensus,)
        elif request.funnel == "none":
            stages = (Edge(),)
        return RunParts(stages, _context, worker_context, model=str, card=card_of, load=load_salt)

    def family(self, model: str) -> Trainer:
        return Trainer(self.kill, self.astray)

    def folder(self, model: str) -> Path:
        return paths.own_models() / model

    def methods(self, request: DesignRequest, guarded: bool) -> tuple[str, str]:
        return SPRING.name, OTHER.name if guarded else ""

    def rehearsal(self, plan: Any) -> DesignRequest:
        return plan.request.with_(count=plan.options.rehearse, funnel="none")

    @property
    def tools(self) -> Tools:
        return Tools(self.parts, self.family, self.folder, self.methods, self.rehearsal)
