"""What the window says of a run of DFT that the project holds."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "campaign"))

from dft_projects import AL, AS, hand_in, three_crystals

from crystal_studio.app.run import records
from crystal_studio.campaign import runner
from crystal_studio.project.queries import ProjectReader


def test_what_waits_is_not_done(boxes, tmp_path):
    project = three_crystals(tmp_path / "three.crystals")
    handed = hand_in(project, AL, AS).campaign_id
    with ProjectReader(project) as reader:
        assert records.made_and_judged(reader, handed) == (2, 0)
        (stage,) = records.funnel_counts(reader, handed)
        assert (stage.title, stage.waiting) == ("DFT", 2)
    runner.run(project, handed, lambda event: None, threading.Event(), threading.Event(), workers=1)
    with ProjectReader(project) as reader:
        assert records.made_and_judged(reader, handed) == (2, 2)
