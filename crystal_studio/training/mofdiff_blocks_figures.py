"""How good a block encoder is: whether embeddings find their blocks again, and what can be read off them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from crystal_studio.generators.mofdiff.block_encoder import WIDTH, BlockEncoder, embed
from crystal_studio.generators.mofdiff.block_graphs import BlockGraphs, groups, places
from crystal_studio.generators.mofdiff.decoding import nearest_blocks
from crystal_studio.mof.blocks import BlockLibrary

NOISES = (0.05, 0.1, 0.2)
"""Angstrom a coordinate: what blocks are disturbed by."""
BLURS = (0.25, 0.5)
"""Of the standard deviation of each component over the library: what embeddings are disturbed by."""


@torch.no_grad()
def disturbed_embeddings(
    network: BlockEncoder, library: BlockLibrary, sigma: float, seed: int = 0, device: str = "cpu"
) -> NDArray[np.float32]:
    """(L, 32) of the blocks with normal noise of ``sigma`` Angstrom in every coordinate; the bonds stay."""
    generator = torch.Generator(device).manual_seed(seed)
    found = np.zeros((len(library), WIDTH), np.float32)
    for rows in groups(places(library)):
        graphs = BlockGraphs.of(library, rows, device)
        noise = torch.full((len(rows),), sigma, device=device)
        found[rows] = network(graphs.disturbed(noise, generator)).cpu().numpy()
    return found


@torch.no_grad()
def figures(
    network: BlockEncoder, library: BlockLibrary, held_out: NDArray[np.int64], device: str = "cpu"
) -> dict[str, float]:
    """Shares in [0, 1], and the mean error of the diameter in Angstrom.

    val_conformers : of the held-out shapes, whose nearest block among all others has their identity
    val_noised_S, val_same_S : of all blocks disturbed by S Angstrom, whose nearest block of the undisturbed library has
        their identity, and is that block itself or one that embeds equally (its mirror image)
    val_blurred_S : of all embeddings with normal noise of S standard deviations in every component (what a generator
        may get wrong), whose nearest block has their identity
    val_formula, val_points, val_diameter : what the held-out embeddings tell: every count of every element right, the
        number of connection points right, mean absolute error of the diameter
    """
    known = embed(network, library, device)
    others = np.setdiff1d(np.arange(len(library)), held_out)
    found: dict[str, float] = {}
    if len(held_out):
        nearest = others[nearest_blocks(known[held_out], known[others])]
        found["val_conformers"] = float((library.identity[nearest] == library.identity[held_out]).mean())
    for sigma in NOISES:
        nearest = nearest_blocks(disturbed_embeddings(network, library, sigma, device=device), known)
        found[f"val_noised_{sigma:g}"] = float((library.identity[nearest] == library.identity).mean())
        same = np.abs(known[nearest] - known).max(1) < 1e-4
        found[f"val_same_{sigma:g}"] = float(same.mean())
    rng = np.random.default_rng(0)
    for share in BLURS:
        noise = rng.normal(size=known.shape) * share * known.std(0)
        nearest = nearest_blocks(known + noise, known)
        found[f"val_blurred_{share:g}"] = float((library.identity[nearest] == library.identity).mean())
    return found | told(network, library, known, held_out if len(held_out) else np.arange(len(library)), device)


@torch.no_grad()
def told(
    network: BlockEncoder, library: BlockLibrary, known: NDArray, rows: NDArray[np.int64], device: str = "cpu"
) -> dict[str, float]:
    """The last three of ``figures`` for embeddings of the blocks of ``rows``."""
    said = network.told(torch.as_tensor(known[rows], device=device))
    counts = said.counts.clamp_min(0).square().round().cpu().numpy()
    owner = np.repeat(np.arange(len(library)), library.n_atoms)
    true = np.zeros((len(library), counts.shape[1]))
    np.add.at(true, (owner, library.numbers), 1)
    diameter = said.diameter.exp().cpu().numpy() - 1
    return {
        "val_formula": float((counts == true[rows]).all(1).mean()),
        "val_elements": float(((counts > 0) == (true[rows] > 0)).all(1).mean()),
        "val_points": float((said.points.argmax(1).cpu().numpy() == library.n_points[rows]).mean()),
        "val_diameter": float(np.abs(diameter - library.diameter[rows]).mean()),
    }
