"""What is drawn before denoising starts: groups, orbit counts and the marginals of the discrete noise."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from crystal_studio.crystal.space_groups import N_GROUPS, tables
from crystal_studio.generators.symmcd.representation import N_AXES, N_CLASSES, N_ELEMENTS, Features

_PSEUDO_COUNT = 0.05


@dataclass(frozen=True)
class Priors:
    """Counts in the training set and scales of the lattice; tensors, float32.

    groups (230,), orbits (230, M_max + 1): crystals of each group, and with how many orbits;
    elements (94,): orbits of each element; classes (230, 15, 13): marginal site symmetry of each
    group and axis, normalised and never zero where some Wyckoff position of the group has the class;
    k_mean, k_std (6,): over the components that are free.
    """

    groups: Tensor
    orbits: Tensor
    elements: Tensor
    classes: Tensor
    k_mean: Tensor
    k_std: Tensor

    def to_tensors(self) -> dict[str, Tensor]:
        return {f"prior.{f.name}": getattr(self, f.name) for f in fields(self)}

    @staticmethod
    def from_tensors(tensors: dict[str, Tensor]) -> Priors:
        return Priors(**{f.name: tensors[f"prior.{f.name}"].float() for f in fields(Priors)})

    def element_marginal(self, allowed: Tensor | None = None) -> Tensor:
        """(94,) probabilities, restricted to ``allowed`` (94,) bool."""
        counts = self.elements.clamp_min(0)
        if allowed is not None:
            # An element that the training set lacks still gets a small share if it is asked for.
            counts = torch.where(allowed, counts.clamp_min(1.0), torch.zeros(()))
        return counts / counts.sum()


def estimate(features: Features) -> Priors:
    """Priors of a training set."""
    group = torch.as_tensor(features.space_group) - 1
    n_orbits = torch.as_tensor(features.n_orbits)
    width = features.elements.shape[1]
    mask = torch.arange(width) < n_orbits[:, None]
    orbits = torch.zeros(N_GROUPS, width + 1)
    orbits.index_put_((group, n_orbits), torch.ones(len(group)), accumulate=True)
    elements = torch.bincount(torch.as_tensor(features.elements)[mask], minlength=N_ELEMENTS).float()
    classes = torch.zeros(N_GROUPS, N_AXES, N_CLASSES)
    table = tables()
    for row in range(len(table.wyckoff_group)):
        site = torch.as_tensor(table.site_class[row].astype("int64"))
        classes[table.wyckoff_group[row] - 1, torch.arange(N_AXES), site] += _PSEUDO_COUNT
    owner = group[:, None].expand(-1, width)[mask]
    sites = torch.as_tensor(features.classes)[mask]
    for axis in range(N_AXES):
        classes[:, axis].index_put_((owner, sites[:, axis]), torch.ones(len(owner)), accumulate=True)
    from crystal_studio.crystal.lattice import free_components

    free = torch.as_tensor(free_components(features.space_group))
    k = torch.as_tensor(features.k)
    mean = torch.stack([k[free[:, i], i].mean() if free[:, i].any() else torch.zeros(()) for i in range(6)])
    std = torch.stack([k[free[:, i], i].std() if free[:, i].sum() > 1 else torch.ones(()) for i in range(6)])
    return Priors(
        torch.bincount(group, minlength=N_GROUPS).float(),
        orbits,
        elements,
        classes / classes.sum(-1, keepdim=True),
        mean,
        std.clamp_min(1e-3),
    )
