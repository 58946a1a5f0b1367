"""What is drawn before denoising starts: groups, orbit counts and the marginals of the discrete noise."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.crystal.space_groups import N_GROUPS, tables
from crystal_studio.generators.symmcd.labels import MAX_DISTINCT, distinct_elements
from crystal_studio.generators.symmcd.representation import N_AXES, N_CLASSES, N_ELEMENTS, Features

_PSEUDO_COUNT = 0.05
_REMEMBERED = 0.1
"""Share that the priors of a model have in those of one that is trained on from it."""
_KEPT_GROUPS = 1.0
"""The same of groups, where the numbers of orbits and elements stay: half of each."""
_BORROWED = 5.0
"""Crystals' worth of weight that all groups together have beside a group's own counts."""


@dataclass(frozen=True)
class Priors:
    """Counts in the training set and scales of the lattice; tensors, float32.

    groups (230,), orbits (230, M_max + 1): crystals of each group, and with how many orbits;
    distinct (230, M_max + 1, 10): crystals by group, orbits and distinct elements, all zero if not counted;
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
    distinct: Tensor

    def to_tensors(self) -> dict[str, Tensor]:
        return {f"prior.{f.name}": getattr(self, f.name) for f in fields(self)}

    @staticmethod
    def from_tensors(tensors: dict[str, Tensor]) -> Priors:
        """The inverse of ``to_tensors``; models made before elements were counted lack ``distinct``."""
        found = {f.name: tensors[f"prior.{f.name}"].float() for f in fields(Priors) if f"prior.{f.name}" in tensors}
        found.setdefault("distinct", torch.zeros(*found["orbits"].shape, MAX_DISTINCT + 1))
        return Priors(**found)

    def after(self, parent: Priors, keep_orbit_counts: bool = False) -> Priors:
        """Of a model that begins with the network of ``parent`` and goes on with the crystals that were counted here.

        What that network has learnt to undo stays: the marginals of the noise and the scale of the lattice. Groups,
        orbits and numbers of elements are those counted here, and of the parent's a tenth as many. With
        ``keep_orbit_counts`` the groups alone are, and half of them are the parent's: in each that it knows, numbers of
        orbits and elements keep their shares.
        """
        width = max(self.orbits.shape[1], parent.orbits.shape[1])
        kept = _KEPT_GROUPS if keep_orbit_counts else _REMEMBERED
        share = kept * float(self.groups.sum()) / max(float(parent.groups.sum()), 1.0)
        groups = self.groups + share * parent.groups

        def joined(mine: Tensor, theirs: Tensor) -> Tensor:
            ours, parents = _widened(mine, width), _widened(theirs, width)
            if not keep_orbit_counts:
                return ours + share * parents
            of_group = (-1,) + (1,) * (mine.ndim - 1)
            scaled = parents * (groups / parent.groups.clamp_min(1e-9)).reshape(of_group)
            return torch.where((parent.groups > 0).reshape(of_group), scaled, ours)

        return Priors(
            groups,
            joined(self.orbits, parent.orbits),
            torch.where(parent.elements > 0, parent.elements, self.elements),
            parent.classes,
            parent.k_mean,
            parent.k_std,
            joined(self.distinct, parent.distinct),
        )

    def distinct_odds(self, group: int, n_orbits: int, low: int, high: int) -> NDArray[np.float64]:
        """(10,) odds of 0..9 distinct elements within bounds; groups lend to one another. All zero if not counted."""
        counts = self.distinct.numpy().astype(float)
        shared = counts[:, n_orbits].sum(0) if n_orbits < counts.shape[1] else counts.sum((0, 1))
        own = counts[group - 1, n_orbits] if n_orbits < counts.shape[1] else np.zeros(len(shared))
        odds = own + _BORROWED * shared / max(shared.sum(), 1.0)
        odds[: max(low, 1)] = 0
        odds[min(high, n_orbits) + 1 :] = 0
        return odds / max(odds.sum(), 1e-300)

    def element_marginal(self, allowed: Tensor | None = None) -> Tensor:
        """(94,) probabilities, restricted to ``allowed`` (94,) bool."""
        counts = self.elements.clamp_min(0)
        if allowed is not None:
            # An element that the training set lacks still gets a small share if it is asked for.
            counts = torch.where(allowed, counts.clamp_min(1.0), torch.zeros(()))
        return counts / counts.sum()


def _widened(counts: Tensor, width: int) -> Tensor:
    """(230, width, ...) the same counts, none of more orbits."""
    out = torch.zeros(counts.shape[0], width, *counts.shape[2:])
    out[:, : counts.shape[1]] = counts
    return out


def estimate(features: Features, weight: NDArray[np.float64] | None = None) -> Priors:
    """Priors of a training set, in which each crystal counts for its ``weight`` (B,), 1 where none is given.

    The scale of the lattice is that of all alike.
    """
    share = torch.ones(len(features)) if weight is None else torch.as_tensor(weight, dtype=torch.float32)
    group = torch.as_tensor(features.space_group) - 1
    n_orbits = torch.as_tensor(features.n_orbits)
    width = features.elements.shape[1]
    mask = torch.arange(width) < n_orbits[:, None]
    orbits = torch.zeros(N_GROUPS, width + 1)
    orbits.index_put_((group, n_orbits), share, accumulate=True)
    of_orbit = share[:, None].expand(-1, width)[mask]
    kinds = torch.as_tensor(features.elements.astype("int64"))[mask]
    elements = torch.bincount(kinds, of_orbit, minlength=N_ELEMENTS).float()
    distinct = torch.zeros(N_GROUPS, width + 1, MAX_DISTINCT + 1)
    found = torch.as_tensor(distinct_elements(features.elements, features.n_orbits)).clamp_max(MAX_DISTINCT)
    distinct.index_put_((group, n_orbits, found), share, accumulate=True)
    classes = torch.zeros(N_GROUPS, N_AXES, N_CLASSES)
    table = tables()
    for row in range(len(table.wyckoff_group)):
        site = torch.as_tensor(table.site_class[row].astype("int64"))
        classes[table.wyckoff_group[row] - 1, torch.arange(N_AXES), site] += _PSEUDO_COUNT
    owner = group[:, None].expand(-1, width)[mask]
    sites = torch.as_tensor(features.classes.astype("int64"))[mask]
    for axis in range(N_AXES):
        classes[:, axis].index_put_((owner, sites[:, axis]), of_orbit, accumulate=True)
    from crystal_studio.crystal.lattice import free_components

    free = torch.as_tensor(free_components(features.space_group))
    k = torch.as_tensor(features.k)
    mean = torch.stack([k[free[:, i], i].mean() if free[:, i].any() else torch.zeros(()) for i in range(6)])
    std = torch.stack([k[free[:, i], i].std() if free[:, i].sum() > 1 else torch.ones(()) for i in range(6)])
    return Priors(
        torch.bincount(group, share, minlength=N_GROUPS).float(),
        orbits,
        elements,
        classes / classes.sum(-1, keepdim=True),
        mean,
        std.clamp_min(1e-3),
        distinct,
    )
