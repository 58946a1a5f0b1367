"""One campaign from its request to judged candidates in the project file.

All truth is in the project file: a run first looks which candidates are missing
and which wait for a stage, so a campaign that was killed, paused or cancelled
goes on where it stopped. Every verdict is committed before the candidate moves on.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from crystal_studio.campaign import plan as plans
from crystal_studio.campaign.devices import out_of_memory, resolve
from crystal_studio.campaign.events import Event, Finished, Message
from crystal_studio.campaign.plan import Plan
from crystal_studio.campaign.provenance import provenance
from crystal_studio.campaign.work import Stopped, Work
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError, ModelError
from crystal_studio.execution.engines import cores
from crystal_studio.generators.protocol import CancelToken
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

Emit = Callable[[Event], None]


def start(project: Path | str, request: DesignRequest, name: str = "", plan: Plan | None = None) -> int:
    """Write a new campaign into a project, made if it is not there, and return its id; nothing is generated yet.

    The model is loaded and asked whether it can answer, so that a request that
    cannot be met leaves no trace on disk. Raises ``KnownError``.
    """

    plan = plan or plans.for_request(request)
    device = resolve(request.device)
    request = request.with_(model=plan.model(request.model))
    generator = plan.load(request.model, device.name)
    generator.check(request)
    opened = ProjectWriter.open(project) if Path(project).exists() else ProjectWriter.create(project)
    with opened as writer:
        return writer.add_campaign(
            name or title(request), request.to_dict(), provenance(request, generator.card, device), request.count
        )


def run(
    project: Path | str,
    campaign_id: int,
    emit: Emit,
    cancel: CancelToken,
    pause: CancelToken,
    *,
    workers: int = 0,
    plan: Plan | None = None,
) -> Finished:
    """Carry a campaign on to its end and return the last event, which is also emitted.

    ``pause`` set: the run holds still and goes on when it is cleared. ``cancel``
    set: it ends within a second, as "cancelled", or as "paused" if ``pause`` is
    set too. What a user can act on ends the run as "failed" with the remedy as
    its text; any other exception is raised after the campaign was marked failed.
    ``workers`` 0 means one a core.
    """
    with ProjectReader(project) as reader, ProjectWriter.open(project) as writer:
        work: Work | None = None
        error: BaseException | None = None
        writer.set_campaign(campaign_id, "running")
        try:
            work = _prepare(Path(project), campaign_id, reader, writer, emit, cancel, pause, workers, plan)
            work.run()
            state, text = "finished", work.summary()
        except Stopped:
            state = "paused" if pause.is_set() else "cancelled"
            text = f"Stopped with {work.tally.generated if work else 0} candidates; everything so far is kept."
        except KnownError as known:
            state, text = "failed", str(known)
        except BaseException as caught:
            known_error = out_of_memory(caught)
            state, text = "failed", str(known_error or f"{type(caught).__name__}: {caught}")
            error = None if known_error else caught
        finally:
            if work:
                work.close()
                work.report(force=True)
        writer.set_campaign(campaign_id, state, seconds=work.seconds if work else None)
    if state == "failed":
        emit(Message("error", text))
    finished = Finished(campaign_id, state, text)
    emit(finished)
    if error is not None:
        emit(Message("error", "".join(traceback.format_exception(error))))
        raise error
    return finished


def title(request: DesignRequest) -> str:
    """A short name such as "LiMn2O4 · 227" for a campaign that the user gave none."""
    system = request.composition or "-".join(request.chemical_system.elements) or "any elements"
    groups = ", ".join(map(str, request.space_groups[:3])) + (", …" if len(request.space_groups) > 3 else "")
    return f"{system} · {groups}" if groups else system


def _prepare(
    project: Path,
    campaign_id: int,
    reader: ProjectReader,
    writer: ProjectWriter,
    emit: Emit,
    cancel: CancelToken,
    pause: CancelToken,
    workers: int,
    plan: Plan | None,
) -> Work:
    """Everything that a run needs, loaded and checked against what the campaign started with."""
    row = reader.campaign(campaign_id)
    request = DesignRequest.from_dict(dict(row.request))
    plan = plan or plans.for_request(request)
    device = row.provenance.get("device", request.device)
    emit(Message("info", f"Loading {request.model} on {device}"))
    generator = plan.load(request.model, resolve(device).name)
    recorded = row.provenance.get("model_sha256")
    if recorded and recorded != generator.card.sha256:
        raise ModelError(
            f"The weights of {request.model} are not those that campaign {campaign_id} began with: "
            "put the former ones back, or start a new campaign."
        )
    generator.check(request)
    for warning in plan.warnings():
        emit(Message("warning", warning))
    return Work(
        project=project,
        row=row,
        request=request,
        plan=plan,
        generator=generator,
        reader=reader,
        writer=writer,
        emit=emit,
        cancel=cancel,
        pause=pause,
        workers=workers or cores(),
    )
