"""The stage of predicted properties marks and never rejects."""

from __future__ import annotations

import numpy as np
import pytest
from textbook import batch

from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.properties import Properties
from crystal_studio.project.schema import VALUE_COLUMNS


def test_values_of_known_crystals() -> None:
    verdicts = Properties()(batch("NaCl", "Fe", "SrTiO3"), FunnelContext())
    assert verdicts.passed.all() and verdicts.relaxed is None
    values = verdicts.values
    np.testing.assert_allclose(values["predicted_formation_energy_per_atom"], [-2.1, 0.0, -3.5], atol=0.35)
    assert values["probability_metal"][1] > 0.8 > values["probability_metal"][0]
    assert values["in_domain"].tolist() == [True, True, True] and values["property_note"].tolist() == [None] * 3
    for name in ("formation_energy_per_atom", "e_above_hull", "band_gap"):
        low, mean, high = (values[f"predicted_{name}{part}"] for part in ("_low", "", "_high"))
        assert (low <= mean).all() and (mean <= high).all()
    assert {n for n in VALUE_COLUMNS if n.startswith("predicted_")} <= set(values)


def test_without_a_model_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path))
    verdicts = Properties()(batch("NaCl"), FunnelContext())
    assert verdicts.passed.all() and np.isnan(verdicts.values["predicted_band_gap"]).all()
    assert "train properties" in verdicts.values["property_note"][0]
