"""What came out far above the hull teaches where it is aimed at the hull, and nowhere else."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from improve_fakes import BEST, Made, Trainer, write_model

from crystal_studio.campaign.improving import improve, material, starting
from crystal_studio.campaign.improving.plan import ImproveOptions
from crystal_studio.design.request import DesignRequest, PropertyTarget
from crystal_studio.project.queries import ProjectReader

ONE = ImproveOptions(rounds=1, near=0.1, mix=0.5, minutes=1, rehearse=40, check=0)
AT_THE_HULL = (PropertyTarget("e_above_hull", 0.0, 0.0),)


@dataclass(frozen=True)
class Learner(Trainer):
    """Writes down what it got beside its data."""

    learns_failures: bool = True

    def train(self, job):
        (job.out.parent / "extra.txt").write_text(" ".join(path.name for path in job.extra))
        return super().train(job)


@dataclass(frozen=True)
class Learning(Made):
    learns: bool = True

    def family(self, model):
        return Learner(learns_failures=self.learns)


def one_round(folder: Path, made: Made, targets=AT_THE_HULL) -> Path:
    """The folder of the first round after one improvement."""
    write_model("first", BEST - 0.2)
    request = DesignRequest(model="first", count=60, seed=3, device="cpu", potential="spring", targets=targets)
    project = folder / "salt.crystals"
    number = starting.start(project, starting.plan_of(request, ONE, tools=made.tools))
    events: list = []
    stop = threading.Event()
    ended = improve.run(project, number, events.append, stop, threading.Event(), workers=1, tools=made.tools)
    assert ended.state == "finished", ended.text
    return folder / "salt.improve" / "1" / "round-1"


def test_failures_are_learnt_from_with_their_energies(tmp_path: Path) -> None:
    made = Learning()
    round_one = one_round(tmp_path, made)
    assert (round_one / "extra.txt").read_text() == "far.parquet"
    far = material.load(round_one / "far.parquet")
    energies = np.asarray(far.columns["e_above_hull"], float)
    ids = [int(name.removeprefix("candidate-")) for name in far.ids]
    with ProjectReader(tmp_path / "salt.crystals") as reader:
        row = reader.rounds()[1]
        known = reader.columns(["id", "e_hull"], f"campaign_id == {reader.rounds()[0].campaign_id}")
    e_hull = dict(zip(known["id"].tolist(), known["e_hull"], strict=True))
    assert energies.min() > ONE.near and row.figures["data"]["far"] == len(far) > 0
    assert energies == pytest.approx([e_hull[i] for i in ids])
    near = {i for i, e in e_hull.items() if e <= ONE.near}
    assert not near & set(ids)
    shown = np.asarray(far.columns["weight"], float)
    base = row.figures["data"]["base"]
    assert shown == pytest.approx(min(base * ONE.mix / (1 - ONE.mix) / len(far), 8.0))


@pytest.mark.parametrize(("learns", "targets"), [(False, AT_THE_HULL), (True, ())])
def test_failures_are_left_out_where_nothing_can_be_learnt_of_them(tmp_path: Path, learns, targets) -> None:
    round_one = one_round(tmp_path, Learning(learns=learns), targets)
    assert (round_one / "extra.txt").read_text() == "" and not (round_one / "far.parquet").exists()
