"""The stage of predicted properties marks and never rejects."""

from __future__ import annotations

import numpy as np
import pytest
from textbook import batch, found

from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.properties import PropertiesStage


def test_values_of_known_crystals() -> None:
    verdicts = PropertiesStage()(batch("NaCl", "Fe", "SrTiO3"), FunnelContext())
    assert verdicts.passed.all() and verdicts.geometry is None
    np.testing.assert_allclose(found(verdicts, "formation_energy"), [-2.1, 0.0, -3.5], atol=0.35)
    metal = found(verdicts, "probability_metal")
    assert metal[1] > 0.8 > metal[0]
    assert found(verdicts, "in_domain").tolist() == [1.0] * 3 and verdicts.notes["property_note"].tolist() == [None] * 3
    assert {(f.method.name, f.method.kind) for f in verdicts.findings} == {("properties-mp20-like", "learned")}
    for finding in verdicts.findings:
        if finding.quantity in ("formation_energy", "e_hull", "band_gap"):
            low, high = (verdicts.notes[f"{finding.quantity}_{end}"] for end in ("low", "high"))
            assert (low <= finding.values).all() and (finding.values <= high).all()
            assert finding.uncertainty is not None and (finding.uncertainty > 0).all()


def test_without_a_model_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path))
    verdicts = PropertiesStage()(batch("NaCl"), FunnelContext())
    assert verdicts.passed.all() and verdicts.findings == ()
    assert "train properties" in verdicts.notes["property_note"][0]
