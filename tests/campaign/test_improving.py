"""Improvements: rounds of generating, checking and training; what is kept, what is carried on, what is said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from improve_fakes import BEST, Consensus, Hull, Made, write_model

from crystal_studio import paths
from crystal_studio.campaign.improving import improve, keeping, material, selection, starting
from crystal_studio.campaign.improving.events import ImproveFinished, RoundProgress
from crystal_studio.campaign.improving.plan import ImproveOptions
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import RoundRow

OPTIONS = ImproveOptions(rounds=2, near=0.1, mix=0.5, minutes=1, rehearse=40, check=10)
ONE = ImproveOptions(rounds=1, near=0.1, mix=0.5, minutes=1, rehearse=40, check=0)


def begin(project: Path, made: Made, options: ImproveOptions = OPTIONS, seed: int = 3) -> int:
    request = DesignRequest(model="first", count=60, seed=seed, device="cpu", potential="spring")
    return starting.start(project, starting.plan_of(request, options, tools=made.tools))


def carry_on(project: Path, number: int, made: Made) -> tuple[ImproveFinished, list]:
    events: list = []
    stop = threading.Event()
    ended = improve.run(project, number, events.append, stop, threading.Event(), workers=1, tools=made.tools)
    return ended, events


def rounds(project: Path) -> list[RoundRow]:
    with ProjectReader(project) as reader:
        return reader.rounds()


def test_rounds_get_better_and_leave_models_behind(tmp_path: Path) -> None:
    write_model("first", BEST - 0.3)
    project, made = tmp_path / "salt.crystals", Made()
    ended, events = carry_on(project, begin(project, made), made)
    assert ended.state == "finished", ended.text
    rows = rounds(project)
    assert [row.number for row in rows] == [0, 1, 2] and all(row.state == "finished" for row in rows)
    shares = [row.figures["alone_near"]["share"] for row in rows]
    assert shares[0] < shares[1] < shares[2] and all(row.kept for row in rows)
    assert [row.parent for row in rows] == ["", "first", rows[1].model]
    for row in rows[1:]:
        card = json.loads((paths.own_models() / row.model / "card.json").read_text())
        assert card["improvement"]["parent"] == row.parent and card["sha256"] == row.figures["sha256"]
        assert row.figures["data"]["found"] > 0 and row.figures["loss"] == {
            "minutes": 0.1,
            "epochs": 1,
            "before": 2.0,
            "after": 1.0,
        }
    assert rows[0].figures["checked"] == min(10, rows[0].figures["sun_near"]["count"])
    for row in rows:
        alone, confirmed = row.figures["alone_near"]["share"], row.figures["confirmed_near"]["share"]
        assert row.figures["guard_near"]["share"] == pytest.approx(alone * confirmed)
    assert {"distance_density", "distance_elements", "valid_geometry", "templates"} <= rows[2].figures.keys()
    assert any(isinstance(e, RoundProgress) and e.seconds_left >= 0 for e in events)
    assert starting.start(project, starting.plan_of(_request(project), OPTIONS, tools=made.tools)) == 1
    with ProjectReader(project) as reader:
        assert reader.count() == 180


def _request(project: Path) -> DesignRequest:
    return DesignRequest.from_dict(dict(rounds(project)[0].plan["request"]))


def test_more_rounds_carry_on_and_another_plan_begins_anew(tmp_path: Path) -> None:
    write_model("first", BEST - 0.2)
    project, made = tmp_path / "salt.crystals", Made()
    assert carry_on(project, begin(project, made, ONE), made)[0].state == "finished"
    assert begin(project, made, ImproveOptions(**{**ONE.plain(), "rounds": 2})) == 1
    assert carry_on(project, 1, made)[0].state == "finished" and len(rounds(project)) == 3
    assert begin(project, made, ONE, seed=4) == 2


def test_a_gain_that_the_second_potential_does_not_see_is_not_kept(tmp_path: Path) -> None:
    write_model("first", BEST - 0.25)
    project, made = tmp_path / "salt.crystals", Made(consensus=Consensus(limit=BEST - 0.3))
    options = ImproveOptions(**{**OPTIONS.plain(), "check": 25, "near": 0.5})
    ended, _ = carry_on(project, begin(project, made, options), made)
    assert ended.state == "finished"
    rows = rounds(project)
    lost = [row for row in rows if not row.kept]
    assert lost and all(r.figures["alone_near"]["share"] > rows[0].figures["alone_near"]["share"] for r in lost)
    for row in rows[1:]:
        assert row.parent == [r.model for r in rows[: row.number] if r.kept][-1]
    learnt = set()
    for row in rows[1:]:
        data = material.load(tmp_path / "salt.improve" / "1" / f"round-{row.number}" / "data.parquet")
        learnt |= {int(name.removeprefix("candidate-")) for name in data.ids if name.startswith("candidate-")}
    with ProjectReader(project) as reader:
        refuted = set(reader.ids("e_hull@other > 0.5").tolist())
    assert refuted and learnt and not refuted & learnt


@pytest.mark.parametrize(
    ("first", "guards", "kept"),
    [
        ((0.2, 0.4), (0.2, 0.1), False),
        ((0.2, 0.4), (0.2, 0.19), True),
        ((0.2, 0.4), (0.1, 0.2), True),
        ((0.4, 0.2), (0.2, 0.2), False),
        ((0.4, 0.38), (0.2, 0.2), True),
    ],
)
def test_a_round_is_kept_where_neither_potential_sees_a_loss(first, guards, kept) -> None:
    before, now = (
        {"alone_near": {"share": a, "of": 1000}, "guard_near": {"share": b, "error": 0.02}}
        for a, b in zip(first, guards, strict=True)
    )
    assert keeping.is_kept(now, before) is kept


def test_nothing_to_learn_from_is_said_in_one_sentence(tmp_path: Path) -> None:
    write_model("first", BEST + 5)
    for name, made, says in (
        ("far", Made(), "nothing to learn from. Ask for more candidates"),
        ("unknown", Made(hull=Hull(known=False)), "no word on this system: No phase with Cl is known."),
    ):
        project = tmp_path / f"{name}.crystals"
        ended, events = carry_on(project, begin(project, made, ONE), made)
        assert ended.state == "failed" and says in ended.text
        assert any("found no candidate that is new" in getattr(e, "text", "") for e in events)
        assert len(rounds(project)) == 2 and not (tmp_path / f"{name}.improve" / "1" / "round-1").exists()


def test_a_round_that_finds_nothing_is_said_and_the_next_goes_on_from_the_one_before(tmp_path: Path) -> None:
    write_model("first", BEST - 0.2)
    project, made = tmp_path / "salt.crystals", Made(astray=True)
    ended, events = carry_on(project, begin(project, made), made)
    assert ended.state == "finished", ended.text
    rows = rounds(project)
    assert [row.kept for row in rows] == [True, False, False] and [r.parent for r in rows[1:]] == ["first", "first"]
    assert rows[0].figures["sun_near"]["count"] > 0 == rows[1].figures["sun_near"]["count"]
    told = [e.text for e in events if getattr(e, "level", "") == "warning"]
    for number in (1, 2):
        assert (
            told.count(f"Round {number} found no candidate that is new, unique and at most 0.1 eV/atom above the hull.")
            == 1
        )
    assert (
        rows[2].figures["data"]["found"] == rows[1].figures["data"]["found"] > 0
    )  # what was found is learnt from again


def test_cancelled_it_is_carried_on(tmp_path: Path) -> None:
    write_model("first", BEST - 0.2)
    project, made = tmp_path / "salt.crystals", Made(takes=0.002)
    number, cancel = begin(project, made, ONE), threading.Event()
    seen: list = []

    def emit(event: object) -> None:
        seen.append(event)
        if isinstance(event, RoundProgress) and event.number == 1 and event.phase.startswith("Generating"):
            cancel.set()

    ended = improve.run(project, number, emit, cancel, threading.Event(), workers=1, tools=made.tools)
    assert ended.state == "cancelled" and len(rounds(project)) == 2
    assert carry_on(project, number, made)[0].state == "finished"


_RUN = """
import os, signal, sys, threading
from pathlib import Path
from improve_fakes import Made
from crystal_studio.campaign.improving import improve
from crystal_studio.campaign.events import Progress
from crystal_studio.campaign.improving.events import RoundProgress
project, phase, number, kill = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
now = []
def emit(event):
    if isinstance(event, RoundProgress):
        now[:] = [event]
    here = now and now[0].phase.startswith(phase) and now[0].number == number
    if here and (phase == "Counting" or isinstance(event, Progress) and event.finished):
        os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    stop = threading.Event()
    improve.run(project, 1, emit, stop, threading.Event(), workers=1, tools=Made(takes=0.001, kill=kill).tools)
"""


def test_killed_in_every_phase_it_comes_out_as_if_it_had_never_been_stopped(tmp_path: Path) -> None:
    write_model("first", BEST - 0.3)
    script, project, made = tmp_path / "run.py", tmp_path / "salt.crystals", Made()
    script.write_text(_RUN)
    options = ImproveOptions(**{**OPTIONS.plain(), "rounds": 1})
    begin(project, made, options)
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "execution"), str(Path(__file__).parents[2])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    moments = [("Generating", 0), ("Checking", 0), ("Sampling", 0), ("killed", 1), ("Generating", 1), ("Counting", 1)]
    for phase, number in moments:
        kill = str(tmp_path / "killed") if phase == "killed" else ""
        command = [sys.executable, str(script), str(project), phase, str(number), kill]
        ended = subprocess.run(command, env=environment).returncode
        assert ended == (9 if phase == "killed" else -signal.SIGKILL), phase
        assert rounds(project)[-1].number <= number
    assert carry_on(project, 1, made)[0].state == "finished"

    straight = tmp_path / "straight.crystals"
    assert carry_on(straight, begin(straight, made, options), made)[0].state == "finished"
    for path in (project, straight):
        with ProjectReader(path) as reader:
            assert [c.name for c in reader.campaigns() if c.kind == "generate"] == [
                f"Improvement 1, round {n}" for n in range(2)
            ]
    assert [_told(row) for row in rounds(project)] == [_told(row) for row in rounds(straight)]


def _told(row: RoundRow) -> dict:
    figures = {k: v for k, v in row.figures.items() if k not in ("seconds", "loss")}
    return {"number": row.number, "kept": row.kept, "campaign": row.campaign_id, "check": row.check_id} | figures


def test_a_campaign_of_the_project_can_be_the_first_round(tmp_path: Path) -> None:
    write_model("first", BEST - 0.2)
    write_model("second", BEST)
    project, made = tmp_path / "salt.crystals", Made()
    carry_on(project, begin(project, made, ONE), made)
    request = DesignRequest(model="first", count=60, seed=3, device="cpu", potential="spring")
    plan = starting.plan_of(request, ONE, first=1, tools=made.tools)
    number = starting.start(project, plan)
    ended, _ = carry_on(project, number, made)
    first, *_ = [row for row in rounds(project) if row.improvement == number]
    assert ended.state == "finished" and first.campaign_id == 1
    with pytest.raises(RequestError, match="made by first, not by second"):
        starting.start(project, starting.plan_of(request.with_(model="second"), ONE, first=1, tools=made.tools))


def test_weights_make_the_share_that_was_asked_for() -> None:
    odds = selection.by_energy(np.array([-0.05, 0.0, 0.05, 0.1]), 0.05)
    weight = selection.weights(odds, 20, 0.3)
    assert weight.sum() / (weight.sum() + 20) == pytest.approx(0.3)
    assert weight[0] == weight[1] and weight[1] / weight[2] == pytest.approx(np.e)
    assert np.ptp(selection.weights(selection.by_energy(np.array([0.0, 0.1]), 0.0), 20, 0.3)) == 0
    assert selection.weights(odds, 10_000, 0.3).max() == selection.MOST_SHOWN
