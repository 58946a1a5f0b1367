"""A writer killed at any moment: every acknowledged row is there, none twice, and the work goes on."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

_CHILD = """
import sys
sys.path.insert(0, sys.argv[2])
from project_samples import CHGNET, batch, moved, said
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

made = batch(8)
geometry = moved(made.structures, CHGNET)
with ProjectWriter.open(sys.argv[1]) as writer:
    done = len(ProjectReader(sys.argv[1]).numbers(1))
    for start in range(done - done % 8, 4000, 8):
        ids = writer.add_candidates(1, range(start, start + 8), made, "child")
        print("added", start, flush=True)
        writer.record(1, "geometry", ids, said([None] * 8, {"e_hull": [0.1] * 8}, geometry=geometry))
        print("judged", start, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    path = tmp_path / "killed.crystals"
    with ProjectWriter.create(path) as writer:
        writer.add_campaign("killed", {}, {}, 4000)
    rng = random.Random(4)
    acknowledged: dict[str, set[int]] = {"added": set(), "judged": set()}
    for _ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(path), str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(rng.randrange(2, 40))]
        time.sleep(rng.uniform(0.0, 0.05))
        child.kill()
        lines += child.stdout.read().splitlines()
        child.wait()
        child.stdout.close()
        for line in lines:
            word = line.split()
            if len(word) == 2 and word[0] in acknowledged:
                acknowledged[word[0]].update(range(int(word[1]), int(word[1]) + 8))
        with ProjectReader(path) as reader:
            reader.check()
            numbers = reader.columns(["number"])["number"].tolist()
            assert len(numbers) == len(set(numbers)) and len(numbers) % 8 == 0
            assert acknowledged["added"] <= set(numbers)
            judged = set(reader.columns(["number"], "stage == 'geometry'")["number"].tolist())
            assert acknowledged["judged"] <= judged
            everyone = reader.ids()
            assert len(reader.units(everyone)) == len(reader.structures(everyone)) == len(numbers)
            done = reader.ids("stage == 'geometry'")
            assert np.array_equal(done, reader.ids("e_hull == 0.1 and geometry == 'chgnet'"))
            assert len(reader.candidates()) == len(numbers)
            assert len(reader.structures(done, "chgnet")) == len(done)
    assert len(acknowledged["judged"]) >= 24
