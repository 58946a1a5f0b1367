"""What a sampler of the adaptive-cell model makes of held-out crystals whose group, elements and positions are told."""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matches
import numpy as np
import torch

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.primitive import primitive
from crystal_studio.generators import registry
from crystal_studio.generators.adaptive_cell.model import AdaptiveCell
from crystal_studio.generators.adaptive_cell.sampler import Config, sample
from crystal_studio.generators.adaptive_cell.score import ScoreNetwork, Shown
from crystal_studio.training.crystals import held_units, splits

AT_ONCE = 64
KNOWN = ("nothing", "cell", "sites")


def seconds() -> float:
    """Of the processor, so that other work on the machine does not count."""
    return sum(os.times()[:2])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which model, and which crystals it is told of."""
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained model")
    parser.add_argument("--reference", type=Path, required=True, help="data with a column 'split'")


def read(args: argparse.Namespace, count: int) -> tuple[AdaptiveCell, AsymmetricUnits]:
    """The model on one thread, and ``count`` held-out crystals."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    held_out = splits(args.reference, 42)[1]
    assert held_out is not None, "the reference keeps no crystals back"
    chosen = np.sort(np.random.default_rng(0).permutation(len(held_out))[:count])
    units, _ = held_units(held_out.take(chosen))
    return AdaptiveCell.load(args.model, registry.read_card(args.model), "cpu"), units


def drawn(
    model: AdaptiveCell, units: AsymmetricUnits, config: Config, seed: int = 0, known: str = KNOWN[0]
) -> AsymmetricUnits:
    """One crystal for each of ``units``."""
    generator = torch.Generator().manual_seed(seed)
    know = known == "cell", known == "sites"
    parts = [units.take(slice(i, i + AT_ONCE)) for i in range(0, len(units), AT_ONCE)]
    made = (sample(model.network, model.prior, part, config, generator, *know) for part in parts)
    return AsymmetricUnits.concatenate(list(made))


def cells(units: AsymmetricUnits) -> Structures:
    """Primitive."""
    return primitive(expand(units), units.space_group)


def compared(true: AsymmetricUnits, made: AsymmetricUnits) -> np.ndarray:
    """(B, 2) RMSD by published and by default tolerances, NaN where there is no match."""
    pairs = zip(matches.wholes(cells(true)), matches.wholes(cells(made)), strict=True)
    return np.array([matches.compare(*pair) for pair in pairs], float)


@contextmanager
def clocked(network: ScoreNetwork) -> Iterator[dict[str, float]]:
    """Adds up the processor seconds of building multigraphs."""
    spent, build = {"graph": 0.0}, network.graph

    def timed(shown: Shown) -> object:
        before = seconds()
        try:
            return build(shown)
        finally:
            spent["graph"] += seconds() - before

    network.graph = timed
    try:
        yield spent
    finally:
        del network.graph
