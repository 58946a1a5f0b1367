"""The shipped MOFDiff model belongs to the shipped blocks and generates frameworks; it is not the default."""

from __future__ import annotations

import numpy as np

from crystal_studio.design.request import DesignRequest
from crystal_studio.generators import registry
from crystal_studio.generators.mofdiff.labels import NAMES
from crystal_studio.mof.elements import IS_METAL


def test_the_shipped_model_generates_frameworks():
    generator = registry.load("mofdiff-core")
    generator.rounds = 1
    request = DesignRequest(count=2, model="mofdiff-core", options={"metals": "Zn", "blocks": 4, "steps": 6})
    made = generator.sample(request, 0)
    numbers = made.structures.numbers
    assert set(numbers[IS_METAL[numbers]].tolist()) == {30}
    assert made.bonds is not None and made.blocks is not None
    assert np.isfinite(made.structures.lattice).all()
    assert [label.name for label in generator.card.labels] == list(NAMES)


def test_crystals_are_the_default():
    assert registry.default() != "mofdiff-core"
    assert registry.card("mofdiff-core").family == "mofdiff"
