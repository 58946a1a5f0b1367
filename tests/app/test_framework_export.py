"""Frameworks as files: the bonds that they state go out of the window and come back."""

from __future__ import annotations

import numpy as np
import pytest
from framework_parts import in_blocks

from crystal_studio.app.background import TaskState
from crystal_studio.app.explore.exporting import write
from crystal_studio.candidates.bonds import Bonds
from crystal_studio.crystal.batches import Structures
from crystal_studio.exchange.one_file import read_bonded
from crystal_studio.mof.identity import identities
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


@pytest.mark.parametrize("format", ["cif", "cif-p1"])
def test_bonds_of_a_framework_go_through_a_file(tmp_path, format):
    framework = in_blocks("MOF-5")
    path = tmp_path / "frameworks.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("Frameworks", {}, {}, 1)
        writer.add_candidates(campaign, [0], framework, "known")
    with ProjectReader(path) as reader:
        written = write(reader, [1], format, tmp_path, TaskState(lambda value: None))
    assert not written.problems
    ((_, crystal, bonds),), complaints = read_bonded(written.paths[0])
    assert not complaints and bonds is not None
    assert np.sort(bonds[2]).tolist() == np.sort(framework.bonds.of(0)[2]).tolist()
    read = Structures.from_lists(*([part] for part in crystal))
    same = identities(read, Bonds.of_tables([bonds])), identities(framework.structures, framework.bonds)
    assert np.array_equal(*same)
