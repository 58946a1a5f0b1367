"""A small project that most tests of the store start from."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.candidates.verdicts import Reason
from crystal_studio.project.store import ProjectWriter

# The helper modules beside the tests, in every import mode of pytest.
sys.path.insert(0, str(Path(__file__).parent))

from project_samples import batch, said


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one campaign with six candidates, two of them judged."""
    path = tmp_path / "six.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("six", {"count": 6}, {"version": "test"}, 6)
        ids = writer.add_candidates(campaign, range(6), batch(6), "made by hand")
        overlap = Reason("overlap", {"atoms": "Cl and Na", "distance": 0.3, "limit": 1.6})
        verdicts = said([None, overlap], {"e_hull": [0.05, np.nan], "novel": [1.0, np.nan]}, notes={"gap": [1.5, 2.5]})
        writer.record(campaign, "geometry", ids[:2], verdicts, seconds=2.0)
    return path
