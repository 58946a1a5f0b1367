"""One campaign from its request to judged candidates in the project file.

All truth is in the project file: a run first looks which candidates are missing
and which wait for a stage, so a campaign that was killed, paused or cancelled
goes on where it stopped. Every verdict is committed before the candidate moves on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crystal_studio.campaign import dft_request, dft_run
from crystal_studio.campaign import parts as run_parts
from crystal_studio.campaign.devices import out_of_memory, resolve
from crystal_studio.campaign.ending import keep_end, tell_end
from crystal_studio.campaign.events import Event, Finished
from crystal_studio.campaign.loop import Stopped
from crystal_studio.campaign.parts import RunParts
from crystal_studio.campaign.preparing import Run, prepare, request_of
from crystal_studio.campaign.provenance import of_stages, provenance
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError, RoomError
from crystal_studio.generators.protocol import CancelToken
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

Emit = Callable[[Event], None]


def start(project: Path | str, request: DesignRequest, name: str = "", parts: RunParts | None = None) -> int:
    """Write a new campaign into a project, made if it is not there, and return its id; nothing is generated yet.

    The model is loaded and asked whether it can answer, so that a request that
    cannot be met leaves no trace on disk. Raises ``KnownError``.
    """
    device = resolve(request.device)
    parts = parts or run_parts.for_request(request, device.name)
    request = request.with_(model=parts.model(request.model))
    generator = parts.load(request.model, device.name)
    generator.check(request)
    opened = ProjectWriter.open(project) if Path(project).exists() else ProjectWriter.create(project)
    with opened as writer:
        return writer.add_campaign(
            name or title(request),
            request.to_dict(),
            provenance(request, generator.card, device) | of_stages(parts.stages),
            request.count,
            chunk_size=generator.chunk_size,
        )


def run(
    project: Path | str,
    campaign_id: int,
    emit: Emit,
    cancel: CancelToken,
    pause: CancelToken,
    *,
    workers: int = 0,
    engine: str = "local",
    parts: RunParts | None = None,
) -> Finished:
    """Carry a campaign, generated, judged or of DFT, on to its end and return the last event, which is also emitted.

    ``pause`` set: the run holds still and goes on when it is cleared. ``cancel``
    set: it ends within a second, as "cancelled", or as "paused" if ``pause`` is
    set too. A disk that takes no more ends it as "paused" without ``pause``, what else a
    user can act on as "failed", each with the remedy as its text; any other exception is
    raised after the campaign was marked failed.
    ``engine`` names where chunks are made and costly stages work (``execution.engines``), ``workers``
    how many processes it may use, 0 for one a core.
    """
    with ProjectReader(project) as reader:
        is_dft = dft_request.is_dft(reader.campaign(campaign_id).request)
    if is_dft:
        return dft_run.run(project, campaign_id, emit, cancel, pause, workers=workers)
    with ProjectReader(project) as reader, ProjectWriter.open(project) as writer:
        at_work: Run | None = None
        error: BaseException | None = None
        row = reader.campaign(campaign_id)
        request_of(row)  # an import stays what it is
        try:
            writer.set_campaign(campaign_id, "running")
            at_work = prepare(row, reader, writer, emit, cancel, pause, engine, workers, parts)
            at_work.loop.run()
            state, text = "finished", at_work.loop.tally.summary()
        except Stopped:
            state = "paused" if pause.is_set() else "cancelled"
            generated = at_work.loop.tally.generated if at_work else 0
            text = f"Stopped with {generated} candidate{'s' if generated != 1 else ''}; everything so far is kept."
        except RoomError as full:
            state, text = "paused", str(full)
        except KnownError as known:
            state, text = "failed", str(known)
        except BaseException as caught:
            known_error = out_of_memory(caught)
            state, text = "failed", str(known_error or f"{type(caught).__name__}: {caught}")
            error = None if known_error else caught
        finally:
            if at_work:
                at_work.loop.close()
                at_work.loop.report(force=True)
        state, text = keep_end(writer, campaign_id, state, text, at_work.reporter.seconds if at_work else None)
    return tell_end(campaign_id, state, text, emit, pause, error)


def title(request: DesignRequest) -> str:
    """A short name such as "LiMn2O4 · 227" for a campaign that the user gave none."""
    system = request.composition or "-".join(request.chemical_system.elements) or "any elements"
    groups = ", ".join(map(str, request.space_groups[:3])) + (", …" if len(request.space_groups) > 3 else "")
    return f"{system} · {groups}" if groups else system
