"""Tiny trainings whose course is kept in ``kept``: any change of the loop that changes the numbers is seen.

SymmCD learns labels, extra crystals and two descriptions, and is validated; of the properties one member is trained.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.generators.symmcd.labels import NAMES, WIDTH
from crystal_studio.generators.symmcd.network import NetworkConfig
from crystal_studio.generators.symmcd.representation import Features, encode
from crystal_studio.properties.graph import build
from crystal_studio.properties.network import Size
from crystal_studio.training.properties import TRAIN, LabelledGraphs, PropertyConfig
from crystal_studio.training.symmcd import TrainConfig, TrainingSet
from tests.generators.conftest import crystals

KEPT = Path(__file__).parent / "kept"
CONFIG = TrainConfig(
    network=NetworkConfig(
        hidden=4, layers=1, frequencies=1, node_frequencies=1, time_width=4, group_width=4, labels=WIDTH
    ),
    max_minutes=1e6,  # so that the rate falls with the epochs, not with the clock
    max_epochs=5,
    batch=16,
    bf16=False,
    warm_up_steps=5,
    checkpoint_minutes=1e9,
    seed=7,
)


def learnt() -> TrainingSet:
    rng = np.random.default_rng(1)
    labels = np.where(rng.random((60, len(NAMES))) < 0.3, np.nan, rng.random((60, len(NAMES))))
    extra = rng.random(60) < 0.25
    labels[extra, NAMES.index("e_above_hull")] = 0.3
    first = encode(crystals(60))
    other = Features(**{**first.__dict__, "positions": (first.positions + 0.25) % 1.0})
    return TrainingSet((first, other), labels, extra, rng.integers(0, 2, 60))


def held_out() -> Features:
    return encode(crystals(20, seed=5))


PROPERTIES = PropertyConfig(size=Size(4, 1, 2), members=1, epochs=3, batch=16, max_minutes=1e6, seed=3)


def salts() -> LabelledGraphs:
    """Rock salts with labels drawn at random, some unknown; all to train on."""
    rng = np.random.default_rng(2)
    count = 64
    edge = rng.uniform(4.0, 6.0, count)
    lattice = edge[:, None, None] / 2 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    numbers = np.stack([rng.integers(3, 57, count), rng.choice([8, 9, 16, 17], count)], 1).astype(np.int16).ravel()
    positions = np.tile([[0.0, 0, 0], [0.5, 0.5, 0.5]], (count, 1))
    crystals = Structures(lattice, np.arange(count + 1) * 2, numbers, positions, np.full(2 * count, -1, np.int16))
    labels = np.where(rng.random((count, 3)) < 0.2, np.nan, rng.random((count, 3)))
    return LabelledGraphs(build(crystals), labels, np.full(count, TRAIN), np.zeros(count, np.int64))
