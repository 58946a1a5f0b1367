"""The stage that estimates CO2 working capacities: what it finds, rejects, and says where it cannot."""

from __future__ import annotations

import numpy as np
from textbook import raw_batch

from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.co2_estimate import Co2EstimateStage
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.reasons import sentence
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.whole import whole_atoms


def frameworks(count: int) -> Structures:
    """The smallest that ship."""
    mofs = shipped_mofs()
    small = np.argsort([mofs.block[mofs.blocks(i)].size for i in range(300)], kind="stable")[:count]
    return whole_atoms(mofs.take(small), shipped_blocks()).structures


def test_frameworks_get_a_figure_and_too_little_is_a_reason() -> None:
    batch = raw_batch(frameworks(3))
    found = Co2EstimateStage()(batch, FunnelContext())
    capacity, uptake = (finding.values for finding in found.findings)
    assert np.isfinite(capacity).all() and (uptake >= capacity).all()
    middle = float(np.sort(capacity)[1])
    strict = Co2EstimateStage(least=middle, rejects=True)(batch, FunnelContext())
    assert strict.passed.tolist() == (capacity >= middle).tolist()
    lost = int(np.argmin(capacity))
    assert f"estimated at {capacity[lost]:.2f} mmol/g" in sentence(
        "co2_estimate", strict.reasons[lost].code, strict.reasons[lost].parameters
    )


def test_what_cannot_be_estimated_passes_with_the_reason() -> None:
    lattice, numbers, positions = frameworks(1).cell(0)
    unknown = numbers.copy()
    unknown[0] = 110
    cells = Structures.from_lists([9 * lattice, lattice], [numbers, unknown], [positions, positions])
    found = Co2EstimateStage(least=1.0)(raw_batch(cells), FunnelContext())
    assert found.passed.all() and np.isnan(found.findings[0].values).all()
    assert "is larger than" in found.notes["co2_note"][0] and found.notes["co2_note"][1]
