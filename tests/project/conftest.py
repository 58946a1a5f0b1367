"""A small project that most tests of the store start from."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.project.store import ProjectWriter

# The helper modules beside the tests, in every import mode of pytest.
sys.path.insert(0, str(Path(__file__).parent))

from project_samples import batch


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one campaign with six candidates, two of them judged."""
    path = tmp_path / "six.crystals"
    units, cells = batch(6)
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("six", {"count": 6}, {"version": "test"}, 6)
        ids = writer.add_candidates(campaign, range(6), units, cells, "made by hand")
        writer.record(
            "geometry",
            ids[:2],
            [True, False],
            ["", "Atoms too close: Na1 and Cl1 are 0.30 Å apart."],
            {"e_hull": np.array([0.05, np.nan]), "novel": np.array([True, None], object), "gap": np.array([1.5, 2.5])},
            seconds=2.0,
        )
    return path
