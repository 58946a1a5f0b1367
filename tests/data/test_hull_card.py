"""The band of error that a hull's card tells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.data.hull import hull_path
from crystal_studio.data.hull_card import model_error


@pytest.mark.parametrize("potential", ["chgnet", "sevennet"])
def test_shipped_hulls_have_a_measured_band(potential: str) -> None:
    band = model_error(potential)
    assert band is not None and 0.001 < band.below < band.above < 0.2
    assert band.at([0.0, 0.08, 0.3]).tolist() == [band.below, band.below, band.above]
    assert np.isnan(band.at(np.nan))


@pytest.mark.parametrize("text", ["", "[]", '{"validation_below_80_mev": 3}', '{"validation_below_80_mev": {}}'])
def test_a_card_without_figures_gives_no_band(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    assert model_error("nobody") is None
    card = hull_path("nobody").with_suffix(".card.json")
    card.parent.mkdir(parents=True)
    card.write_text(text)
    assert model_error("nobody") is None


def test_figures_are_in_ev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    card = hull_path("new").with_suffix(".card.json")
    card.parent.mkdir(parents=True)
    sides = {"below": 12.5, "above": 40}
    card.write_text(json.dumps({f"validation_{s}_80_mev": {"e_above_hull_mae_mev": x} for s, x in sides.items()}))
    band = model_error("new")
    assert band is not None and (band.below, band.above) == (0.0125, 0.04)
