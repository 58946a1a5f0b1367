"""Everything that a run needs, loaded and checked against what its campaign started with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign import parts as run_parts
from crystal_studio.campaign.devices import resolve
from crystal_studio.campaign.events import Event, Message
from crystal_studio.campaign.flights import Flights
from crystal_studio.campaign.generation import Chunk, Generation, missing_chunks
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.campaign.loop import Loop
from crystal_studio.campaign.parts import RunParts
from crystal_studio.campaign.provenance import changes, of_another_sampler
from crystal_studio.campaign.recording import Recorder
from crystal_studio.campaign.reporting import Reporter
from crystal_studio.campaign.tally import Tally
from crystal_studio.campaign.tasks import GeneratorMaker, Order
from crystal_studio.campaign.unfinished import Unfinished, unfinished
from crystal_studio.data import reference_sets
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.execution.engines import open_engine
from crystal_studio.generators.protocol import CancelToken
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import CampaignRow
from crystal_studio.project.store import ProjectWriter


@dataclass(frozen=True)
class Run:
    """The moving parts of one run."""

    loop: Loop
    reporter: Reporter


def prepare(
    row: CampaignRow,
    reader: ProjectReader,
    writer: ProjectWriter,
    emit: Callable[[Event], None],
    cancel: CancelToken,
    pause: CancelToken,
    engine: str,
    workers: int,
    parts: RunParts | None,
) -> Run:
    """A run of a campaign, with every candidate that waits in its place; raises ``KnownError``."""
    request = request_of(row)
    device = resolve(row.provenance.get("device", request.device)).name
    references, changed = reference_sets.unchanged(row.provenance.get("reference_sets", {}))
    parts = parts or run_parts.for_request(request, device, found(request, reader), references)
    waiting = unfinished(reader, row)
    present = reader.numbers(row.id)
    order = generation = None
    if isinstance(request, DesignRequest) and len(present) < request.count:
        order = _order(row, request, device, parts, emit)
        generation = Generation(request.count, order.size, missing_chunks(request.count, order.size, present))
    for warning in (*changed, *changes(row.provenance, parts.stages), *parts.warnings()):
        emit(Message("warning", warning))
    flights = None
    if generation or any(stage.costly or stage.remembers for stage in parts.stages):
        flights = Flights(open_engine(engine, workers), parts.worker_context, parts.resources)
    tally = Tally(row.id, row.requested, parts.stages)
    reporter = Reporter(row, writer, tally, emit)

    source = request.model if isinstance(request, DesignRequest) else ""

    def accept(chunk: Chunk) -> NDArray[np.int64]:
        """Store what is new of a chunk; unjudged for good where there is no funnel."""
        fresh = chunk.without(present)
        ids = writer.add_candidates(row.id, fresh.numbers, fresh.candidates, source, unjudged=not parts.stages)
        tally.generated += len(ids)
        if not parts.stages:
            tally.finish(ids.tolist())
        return np.asarray(ids, np.int64)

    loop = Loop(
        stages=parts.stages,
        context=parts.context(reader, waiting) if parts.stages else None,
        reader=reader,
        campaign=row.id,
        total=row.requested,
        geometry=parts.geometry,
        recorder=Recorder(writer, row.id, parts.stages, tally),
        reporter=reporter,
        tally=tally,
        emit=emit,
        accept=accept,
        generation=generation,
        order=order,
        flights=flights,
        cancel=cancel,
        pause=pause,
    )
    there = len(request.ids) if isinstance(request, JudgeRequest) else len(present)
    _restore(loop, row, reader, waiting, there)
    if present:
        emit(Message("info", f"Going on: {there} candidates are there, {len(waiting)} wait for their verdicts"))
    return Run(loop, reporter)


def request_of(row: CampaignRow) -> DesignRequest | JudgeRequest:
    """What a campaign was asked; raises ``RequestError`` for one that holds no such thing: an import."""
    if row.kind == "judge":
        return JudgeRequest.from_dict(row.request)
    if row.kind == "generate":
        return DesignRequest.from_dict(dict(row.request))
    raise RequestError(f"Campaign {row.id} is an import: there is nothing to carry on; judge its candidates instead.")


def found(request: DesignRequest | JudgeRequest, reader: ProjectReader) -> tuple[str, ...]:
    """Quantities that are known before the first stage."""
    return tuple(reader.found(request.ids)) if isinstance(request, JudgeRequest) else ()


def _order(
    row: CampaignRow, request: DesignRequest, device: str, parts: RunParts, emit: Callable[[Event], None]
) -> Order:
    """What is to be sampled, in chunks cut as the campaign began."""
    emit(Message("info", f"Loading {request.model} on {device}"))
    card = parts.card(request.model)
    sha256 = card.sha256
    if row.provenance.get("model_sha256", sha256) != sha256:
        raise ModelError(
            f"The weights of {request.model} are not those that campaign {row.id} began with: "
            "put the former ones back, or start a new campaign."
        )
    changed = of_another_sampler(row.provenance, card)
    if changed:
        emit(Message("warning", changed))
    size = row.chunk_size or parts.load(request.model, device).chunk_size
    return Order(GeneratorMaker(request.model, device, sha256, parts.load), request, size)


def _restore(loop: Loop, row: CampaignRow, reader: ProjectReader, waiting: Unfinished, there: int) -> None:
    """Where an earlier run stopped: each candidate that waits goes to the stage after the last it has passed.

    One on which its stage failed before is tried alone, so that no other is held up by it.
    """
    loop.tally.restore(there, there - len(waiting), reader.funnel(row.id))
    index_of = {tally.stage.name: i + 1 for i, tally in enumerate(loop.tally.stages)} | {"": 0}
    following = np.array([index_of.get(stage, 0) for stage in waiting.passed], np.int64)
    alone = waiting.failed
    changes = np.flatnonzero((np.diff(following) != 0) | (np.diff(alone) != 0)) + 1
    for run in np.split(np.arange(len(waiting)), changes):
        if len(run):
            loop.queue(waiting.ids[run], int(following[run[0]]), bool(alone[run[0]]))
