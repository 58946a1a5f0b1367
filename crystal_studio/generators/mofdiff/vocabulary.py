"""The blocks that a model can place: what it is shown of each, and what is known of each beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.elements import IS_METAL

N_TRAITS = 4
"""Numbers that are told of a block beside its embedding: kind, connection points, their distance, diameter."""
_TRAIT_WEIGHT = 1.5
"""Standard deviation of a trait, where that of a component of an embedding is 1 at the mean."""


@dataclass(frozen=True)
class Vocabulary:
    """The L blocks of a library as a network sees them.

    features : (L, F) float32, embedding and traits of each, of zero mean over the blocks of frameworks and about unit
        variance a component: what is noised, and the clean values that are expected
    radius : (L,) float32, Angstrom, mean distance of the connection points from the block's origin
    points : (L,) int64, connection points; negative for linkers, so that those of a framework sum to 0
    metals : (L, 119) float32, 1 for each metal that a node holds
    """

    features: Tensor
    radius: Tensor
    points: Tensor
    metals: Tensor

    def __len__(self) -> int:
        return len(self.radius)

    @property
    def width(self) -> int:
        """Components of the features of a block."""
        return self.features.shape[1]

    def to(self, device: str) -> Vocabulary:
        """The same on a device."""
        return Vocabulary(*(t.to(device) for t in (self.features, self.radius, self.points, self.metals)))

    def to_tensors(self) -> dict[str, Tensor]:
        """For a file."""
        return {f"vocabulary.{name}": getattr(self, name) for name in ("features", "radius", "points", "metals")}

    @staticmethod
    def from_tensors(tensors: dict[str, Tensor]) -> Vocabulary:
        """The inverse; raises ``KeyError``."""
        return Vocabulary(*(tensors[f"vocabulary.{name}"] for name in ("features", "radius", "points", "metals")))

    @staticmethod
    def of(library: BlockLibrary, embeddings: NDArray, used: NDArray[np.int64]) -> Vocabulary:
        """Of a library with the embedding (L, E) of each block; ``used`` (L,): how often each occurs in frameworks."""
        owner = np.repeat(np.arange(len(library)), library.n_points)
        distance = np.linalg.norm(library.points, axis=-1)
        radius = np.bincount(owner, distance, minlength=len(library)) / library.n_points
        is_node = library.kind == NODE
        traits = np.stack(
            [np.where(is_node, 1.0, -1.0), np.log(library.n_points), np.sqrt(radius), np.sqrt(library.diameter)], 1
        )
        share = used / used.sum()
        told = embeddings - share @ embeddings
        told = told / np.sqrt((share @ told**2).mean())
        traits = traits - share @ traits
        traits = _TRAIT_WEIGHT * traits / np.sqrt(share @ traits**2)
        metals = np.zeros((len(library), 119))
        atom_owner = np.repeat(np.arange(len(library)), library.n_atoms)
        of_node = is_node[atom_owner] & IS_METAL[library.numbers]
        metals[atom_owner[of_node], library.numbers[of_node]] = 1
        return Vocabulary(
            torch.as_tensor(np.concatenate([told, traits], 1)).float(),
            torch.as_tensor(radius).float(),
            torch.as_tensor(np.where(is_node, 1, -1) * library.n_points).long(),
            torch.as_tensor(metals).float(),
        )
