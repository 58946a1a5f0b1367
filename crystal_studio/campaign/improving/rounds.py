"""The rounds of an improvement: each a training, a campaign, a check and its figures.

All truth is in the project file and in files that are there whole or not at all, so an improvement that was killed,
paused or cancelled goes on where it stopped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.campaign import judging, runner
from crystal_studio.campaign.devices import resolve
from crystal_studio.campaign.events import Event, Finished, Message, Progress
from crystal_studio.campaign.improving import checking, figures, keeping, learning, material, places, tuning
from crystal_studio.campaign.improving.estimate import Estimate
from crystal_studio.campaign.improving.events import ImproveFinished, RoundEnded, RoundProgress
from crystal_studio.campaign.improving.plan import ImprovePlan
from crystal_studio.campaign.improving.tools import Tools
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.data.datasets import Dataset
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError, RequestError, RoomError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import CampaignRow, RoundRow
from crystal_studio.project.store import ProjectWriter

Told = Event | RoundProgress | RoundEnded | ImproveFinished


class Halted(Exception):
    """A part of a round ended before its end."""


class Rounds:
    """Carries one improvement on; ``run`` returns when all rounds have their figures.

    Raises ``Halted`` where it was asked to stop, ``KnownError`` for what a user can act on.
    """

    def __init__(
        self,
        project: Path,
        improvement: int,
        emit: Callable[[Told], None],
        cancel: threading.Event,
        pause: threading.Event,
        *,
        workers: int = 0,
        engine: str = "local",
        tools: Tools | None = None,
    ) -> None:
        self.project, self.improvement = project, improvement
        self._emit, self._cancel, self._pause = emit, cancel, pause
        self._workers, self._engine = workers, engine
        self._tools = tools or Tools()
        self._folder = places.folder(project, improvement)
        rows = self._rows()
        if not rows:
            raise RequestError(f"{project} has no improvement {improvement}.", "improvement")
        self.plan = ImprovePlan.from_dict(rows[-1].plan)
        self._estimate = Estimate(self.plan)

    def run(self) -> str:
        """All rounds to their end; one sentence on what came out."""
        while True:
            rows = self._rows()
            row = rows[-1]
            self._estimate.learn(rows)
            if row.state == "finished":
                if row.number >= self.plan.options.rounds:
                    return checking.summary(rows)
                self._next(rows)
            else:
                {"training": self._train, "generating": self._generate, "checking": self._check}[row.state](row)

    def _rows(self) -> list[RoundRow]:
        with ProjectReader(self.project) as reader:
            return reader.rounds(self.improvement)

    def _put(self, row: RoundRow) -> None:
        with ProjectWriter.open(self.project) as writer:
            writer.set_round(row)

    def _next(self, rows: list[RoundRow]) -> None:
        parent = [row for row in rows if row.kept][-1].model
        name = places.model_name(self.project, self.improvement, rows[-1].number + 1)
        with ProjectWriter.open(self.project) as writer:
            writer.add_round(rows[-1], parent, name)

    # Training

    def _train(self, row: RoundRow) -> None:
        plan, folder = self.plan, self._folder / f"round-{row.number}"
        family, parent = self._tools.family(plan.request.model), self._tools.folder(row.parent)
        base = self._base(row)
        if not (folder / tuning.OUT).exists():
            self._tell(row, "Choosing crystals to learn from", 0.0)
            with ProjectReader(self.project) as reader:
                chosen = learning.choose(reader, row, plan, getattr(family, "learns_failures", False))
            counts = material.write(folder, base, chosen, plan.options)
            row = replace(row, figures={**row.figures, "data": counts})
            self._put(row)
        self._message(
            f"Round {row.number}: training from {row.parent} on {row.figures['data']['found']} crystals found, "
            f"with {row.figures['data']['base']} of the base data"
        )

        def report(step: dict[str, float]) -> None:
            self._message(family.progress(step))
            self._tell(row, "Training", step.get("minutes", 0.0) / plan.options.minutes)

        began = time.monotonic()
        device = resolve(plan.request.device).name
        tuning.train(
            family,
            folder,
            parent,
            device=device,
            minutes=plan.options.minutes,
            seed=plan.request.seed + row.number,
            report=report,
            stop=self._held_up,
        )
        if self._cancel.is_set():
            raise Halted
        made = {
            "project": self.project.name,
            "improvement": row.improvement,
            "round": row.number,
            "created": row.created,
            "parent": row.parent,
            "learnt_from": row.figures["data"],
        }
        card = tuning.install(folder, row.model, parent, f"{row.parent}, improved by round {row.number}", made)
        known = {**row.figures, "loss": tuning.losses(folder), "sha256": card["sha256"]}
        self._done(row, "generating", "training", time.monotonic() - began, known)
        (folder / tuning.OUT / tuning.checkpoint.NAME).unlink(missing_ok=True)

    def _held_up(self) -> bool:
        """Whether training is to stop; holds still while there is a pause."""
        while self._pause.is_set() and not self._cancel.is_set():
            time.sleep(0.1)
        return self._cancel.is_set()

    def _base(self, row: RoundRow) -> Dataset:
        """The base data, gathered when they are first needed."""
        plan = self.plan
        found = material.read_base(self._folder)
        if found is None:
            if plan.data:
                parts = material.of_file(Path(plan.data), plan.options.rehearse, plan.request.seed)
            else:
                parts = material.of_samples(self._samples(row), plan.request.seed)
            material.write_base(self._folder, *parts)
            found = material.read_base(self._folder)
            assert found is not None
        return found

    def _samples(self, row: RoundRow) -> Path:
        """A project of its own with samples of the first model."""
        path = self._folder / "samples.crystals"
        with places.writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        request = self._tools.rehearsal(self.plan)
        self._message(f"Sampling {request.count} crystals of {request.model} to rehearse")
        self._campaign(path, row, request, "Rehearsal", "Sampling what is to be rehearsed")
        return path

    # Generating

    def _generate(self, row: RoundRow) -> None:
        request = self.plan.request_of(row.number, row.model)
        name = f"Improvement {row.improvement}, round {row.number}"
        self._message(f"Round {row.number}: {request.count} candidates by {row.model}")
        campaign = self._campaign(self.project, row, request, name, "Generating and relaxing")
        self._done(replace(row, campaign_id=campaign.id), "checking", "generating", campaign.seconds, {**row.figures})

    def _campaign(
        self, project: Path, row: RoundRow, request: DesignRequest | JudgeRequest, name: str, phase: str
    ) -> CampaignRow:
        """A campaign or judging of this name, begun if it is not there, and carried on to its end."""
        known = None
        if project.exists():
            with ProjectReader(project) as reader:
                known = next((c for c in reversed(reader.campaigns()) if c.name == name), None)
        parts = self._tools.parts(request)
        self._tell(row, phase, 0.0)
        if known is None:
            begin: Any = judging.start if isinstance(request, JudgeRequest) else runner.start
            number = begin(project, request, name, parts)
        else:
            number = known.id
        if known is None or known.state != "finished":
            ended = runner.run(
                project,
                number,
                lambda event: self._pass_on(row, phase, event),
                self._cancel,
                self._pause,
                workers=self._workers,
                engine=self._engine,
                parts=parts,
            )
            if ended.state == "failed":
                raise KnownError(ended.text)
            if ended.state == "paused" and not self._pause.is_set():
                raise RoomError(ended.text)
            if ended.state != "finished":
                raise Halted
        with ProjectReader(project) as reader:
            return reader.campaign(number)

    def _pass_on(self, row: RoundRow, phase: str, event: Event) -> None:
        if isinstance(event, Finished):
            return
        self._emit(event)
        if isinstance(event, Progress):
            self._tell(row, phase, event.fraction, event.seconds_left)

    # Checking

    def _check(self, row: RoundRow) -> None:
        plan, began = self.plan, time.monotonic()
        assert row.campaign_id is not None
        with ProjectReader(self.project) as reader:
            sample = checking.sample(reader, row, plan)
        if len(sample):
            request = checking.request(plan, sample)
            self._message(f"Round {row.number}: {len(sample)} near-hull candidates by {plan.guard}")
            name = f"Improvement {row.improvement}, round {row.number}: check"
            campaign = self._campaign(self.project, row, request, name, "Checking")
            row, sample = replace(row, check_id=campaign.id), np.array(campaign.request["ids"], np.int64)
        self._tell(row, "Counting", 0.0)
        base = self._base(row)
        with ProjectReader(self.project) as reader:
            known = {**row.figures, **checking.counted(reader, row, plan, sample, base)}
            rows = reader.rounds(self.improvement)
        before = [r for r in rows if r.kept and r.number < row.number]
        kept = not before or keeping.is_kept(known, before[-1].figures)
        if not known[f"sun_{figures.NEAR}"]["count"]:
            limit = f"{plan.options.near:g} eV/atom above the hull"
            self._message(f"Round {row.number} found no candidate that is new, unique and at most {limit}.", "warning")
        if not kept:
            self._message(
                f"Round {row.number} is not kept: its rate falls by a potential. The next one goes on from "
                f"{before[-1].model}.",
                "warning",
            )
        self._done(replace(row, kept=kept), "finished", "checking", time.monotonic() - began, known)
        self._emit(RoundEnded(self.improvement, row.number))

    # Telling

    def _done(self, row: RoundRow, state: str, part: str, seconds: float, known: dict[str, Any]) -> None:
        spent = {**dict(known.get("seconds", {})), part: round(seconds, 1)}
        self._put(replace(row, state=state, figures={**known, "seconds": spent}, seconds=sum(spent.values())))

    def _message(self, text: str, level: str = "info") -> None:
        self._emit(Message(level, text))

    def _tell(self, row: RoundRow, phase: str, fraction: float, left: float = -1.0) -> None:
        if self._estimate.due() or fraction == 0:
            seconds = self._estimate.left(row, fraction, left)
            rounds = self.plan.options.rounds
            self._emit(RoundProgress(self.improvement, row.number, rounds, phase, min(1.0, fraction), seconds))
