"""``generate`` killed with -9, then ``resume``: the same project as without the kills."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from crystal_studio import paths
from crystal_studio.generators import registry
from crystal_studio.project.queries import ProjectReader

COUNT = 64 * 3
KILLS = 2


@pytest.fixture
def environment(tiny_models: Path) -> dict[str, str]:
    """The shipped model where it is there, else the untrained one."""
    folder = paths.models() if registry.installed() else tiny_models
    return os.environ | {"CRYSTAL_STUDIO_MODELS": str(folder)}


def content(project: Path) -> tuple:
    with ProjectReader(project) as reader:
        rows = sorted(reader.candidates(), key=lambda r: r.number)
        crystals = reader.structures([r.id for r in rows])
        verdicts = [[(v.stage, v.status, v.reason) for v in reader.verdicts(r.id)] for r in rows]
    return [(r.number, r.id, r.formula, r.space_group, r.status) for r in rows], crystals, verdicts


def test_killed_and_resumed(environment: dict[str, str], tmp_path: Path) -> None:
    project, straight = tmp_path / "killed.crystals", tmp_path / "straight.crystals"
    studio = [sys.executable, "-m", "crystal_studio"]
    text = "--chemsys Li-Mn-O --mode subset --seed 7 --steps 3 --max-atoms 10 --device cpu --funnel none"
    options = text.split()
    options += ["--count", str(COUNT)]
    moment = random.Random(3)
    there = 0
    for kill in range(KILLS):
        command = [*studio, "resume", str(project)] if kill else [*studio, "generate", str(project), *options]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while process.poll() is None and stored(project) <= there:
            time.sleep(0.02)
        time.sleep(moment.uniform(0.0, 0.3))
        process.kill()
        process.wait()
        there = stored(project)
        assert there > 0
    done = subprocess.run([*studio, "resume", str(project), "--json"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    subprocess.run([*studio, "generate", str(straight), *options], env=environment, check=True, capture_output=True)

    rows, crystals, verdicts = content(project)
    expected_rows, expected, expected_verdicts = content(straight)
    assert [row[0] for row in rows] == list(range(COUNT))
    assert rows == expected_rows and verdicts == expected_verdicts
    assert np.array_equal(crystals.lattice, expected.lattice)
    assert np.array_equal(crystals.positions, expected.positions)
    assert np.array_equal(crystals.numbers, expected.numbers)


def stored(project: Path) -> int:
    if not project.exists():
        return 0
    with ProjectReader(project) as reader:
        return len(reader.numbers(1)) if reader.campaigns() else 0
