"""A small untrained MOFDiff: the guarantees tested with it hold whatever the weights are."""

from __future__ import annotations

import numpy as np
import torch

from crystal_studio.generators.mofdiff.layers import NetworkConfig
from crystal_studio.generators.mofdiff.model import MofDiff
from crystal_studio.generators.mofdiff.network import Network
from crystal_studio.generators.mofdiff.vocabulary import Vocabulary
from crystal_studio.generators.protocol import ModelCard, PropertyRange
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.library import shipped_blocks, shipped_mofs

SIZES = NetworkConfig(
    hidden=16, edge=16, layers=2, encoder_layers=1, angle=2, neighbours=10, latent=4, prior_hidden=16, time_width=8
)


def random_embeddings(count: int) -> np.ndarray:
    """(count, 32) of unit length, in place of those of a block encoder."""
    drawn = np.random.default_rng(0).normal(size=(count, 32))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def vocabulary(library: BlockLibrary | None = None, mofs: CoarseMofs | None = None) -> Vocabulary:
    """Of the shipped blocks, or of others and frameworks made of them."""
    library, mofs = library or shipped_blocks(), mofs or shipped_mofs()
    used = np.bincount(mofs.block, minlength=len(library))
    return Vocabulary.of(library, random_embeddings(len(library)), used)


def network(seed: int = 0) -> Network:
    """Its outputs, which begin at zero, are moved away from there."""
    torch.manual_seed(seed)
    made = Network(SIZES, vocabulary())
    for last in (made.out, made.prior_out):
        torch.nn.init.normal_(last.weight, std=0.3)
    return made.eval()


def untrained() -> MofDiff:
    library = shipped_blocks()
    labels = (PropertyRange("pld", "Å", 2.4, 15.0),)
    elements = tuple(int(z) for z in np.unique(library.numbers))
    card = ModelCard("tiny-mofs", "mofdiff", "Tiny", "MIT", {}, {}, 0, "", elements, labels=labels)
    scale = torch.tensor([2.3, 2.5, 2.7, 0, 0, 0]), torch.full((6,), 0.2)
    made = MofDiff(card, network(), vocabulary(), scale, library, "cpu")
    made.chunk_size, made.rounds = 3, 1
    return made
