"""What a request makes of a run: its stages, and where and with what they compute."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from campaign_fakes import parts, rock_salts
from stage_fakes import Ordered, Slow

from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.campaign.parts import RunParts, for_request
from crystal_studio.campaign.unfinished import NONE, Unfinished
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

REQUEST = DesignRequest(count=4, funnel="quick")


def names(made: RunParts) -> list[str]:
    return [stage.name for stage in made.stages]


def test_device_and_potential_of_the_request_reach_the_stages(tmp_path: Path) -> None:
    with ProjectWriter.create(tmp_path / "p.crystals"):
        pass
    made = for_request(REQUEST, "cuda:1")
    worker = made.worker_context()
    assert (worker.potential, worker.device) == ("chgnet", "cuda:1") and made.resources.gpus == 1
    assert for_request(REQUEST, "cpu").resources.gpus == 0
    with ProjectReader(tmp_path / "p.crystals") as reader:
        context = made.context(reader, NONE)
    assert (context.potential, context.device) == ("chgnet", "cuda:1")
    again = pickle.loads(pickle.dumps(made.worker_context))
    assert again == made.worker_context and hash(again) == hash(made.worker_context)  # made once a worker


def test_a_potential_that_is_not_known_is_refused_before_anything_is_made() -> None:
    with pytest.raises(KnownError, match="chgnet"):
        for_request(REQUEST.with_(potential="crystal-ball"), "cpu")


def test_funnels_and_single_stages() -> None:
    assert names(for_request(REQUEST.with_(funnel="none"), "cpu")) == []
    assert names(for_request(JudgeRequest((1,), funnel="geometry,relaxation"), "cpu")) == ["geometry", "relaxation"]
    assert names(for_request(JudgeRequest((1,), funnel="stability"), "cpu", ["energy_per_atom"])) == ["stability"]
    with pytest.raises(KnownError, match="relaxation"):
        for_request(JudgeRequest((1,), funnel="stability"), "cpu")


def test_a_late_stage_that_needs_order_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="uniqueness"):
        parts(Slow(), Ordered())


def test_uniqueness_is_told_of_every_candidate_of_the_project_but_those_of_its_own_run(tmp_path: Path) -> None:
    """Imported ones and those of a campaign without a funnel too."""
    with ProjectWriter.create(tmp_path / "p.crystals") as writer:
        imported = writer.add_campaign("Imported", {}, {}, 1, kind="import")
        writer.add_candidates(imported, [0], rock_salts([5.6]), unjudged=True)
        plain = writer.add_campaign("No funnel", {}, {}, 1)
        writer.add_candidates(plain, [0], rock_salts([9.0]), unjudged=True)
        mine = writer.add_campaign("Mine", {}, {}, 2)
        writer.add_candidates(mine, [0, 1], rock_salts([6.0, 6.5]))
    made = for_request(REQUEST.with_(funnel="none,geometry,composition,symmetry,uniqueness"), "cpu")
    with ProjectReader(tmp_path / "p.crystals") as reader:
        waiting = Unfinished(np.array([3, 4]), ("", ""), np.zeros(2, bool))
        context = made.context(reader, waiting)
    uniqueness = made.stages[-1]
    assert len(context.memory(uniqueness)) == 2
