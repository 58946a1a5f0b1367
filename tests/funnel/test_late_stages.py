"""Vibrations and relaxation without symmetry, on toy springs between atoms."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.free_relaxation import FreeRelaxationStage
from crystal_studio.funnel.phonons import PhononStage
from crystal_studio.funnel.protocol import Batch

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


def batch(e_hull: list[float]) -> Batch:
    """Copper, face-centred and simple cubic, and face-centred once more; energies above hull by the toy springs."""
    cells = [3.7 * np.eye(3), 2.5 * np.eye(3), 3.7 * np.eye(3)]
    positions = [FCC, np.zeros((1, 3)), FCC]
    structures = Structures.from_lists(cells, [[29] * 4, [29], [29] * 4], positions)
    return Batch(np.arange(5, 8), Candidates(structures, np.zeros(3, np.int16)), {"e_hull@springs": np.array(e_hull)})


@pytest.mark.usefixtures("boxes")
def test_a_simple_cubic_crystal_of_pairs_falls_to_a_denser_one() -> None:
    found = FreeRelaxationStage()(batch([0.0, 0.05, 0.5]), FunnelContext("springs"))
    values = {(f.quantity, f.method.name): f.values for f in found.findings}
    holds, gain = values["symmetry_holds", "springs"], values["symmetry_gain", "springs"]
    assert holds[:2].tolist() == [1, 0] and np.isnan(holds[2]) and found.passed.all()
    assert gain[0] < 1e-3 and gain[1] > 0.01 and np.isnan(gain[2])
    assert values["free_space_group", "springs"][0] == 225
    assert values["e_hull", "springs-free"][1] == pytest.approx(0.05 - gain[1])
    assert np.isnan(values["e_hull", "springs-free"][[0, 2]]).all()
    assert found.geometry is not None and found.geometry.moved.tolist() == [False, True, False]
    assert found.geometry.method.name == "springs-free"


@pytest.mark.usefixtures("boxes")
def test_vibrations_tell_the_close_packed_from_the_simple_cubic() -> None:
    found = PhononStage()(batch([0.0, 0.05, 0.5]), FunnelContext("springs"))
    stable, lowest = found.findings[1].values, found.findings[0].values
    assert stable[:2].tolist() == [1, 0] and np.isnan(stable[2])
    assert lowest[0] > -0.05 and lowest[1] < -0.3
    assert found.status == ("passed", "rejected", "passed") and found.reasons[1].code == "unstable"
    large = PhononStage(most_atoms=0)(batch([0.0, 0.0, 0.0]), FunnelContext("springs"))
    assert np.isnan(large.findings[0].values).all() and "atoms" in large.notes["phonons_note"][0]
