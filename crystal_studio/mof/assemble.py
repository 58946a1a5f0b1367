"""From blocks, their places and a lattice to a bonded framework: how each block is turned, and what meets what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.ragged import offsets_of
from crystal_studio.candidates.verdicts import Reason, ReasonKind
from crystal_studio.crystal.neighbours import minimum_radius_ratios, reduce_cells
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.orienting import Annealing, Points, anneal, distances, fit, gather, point_table, rotations
from crystal_studio.mof.shells import first_turns
from crystal_studio.mof.whole import whole_atoms

if TYPE_CHECKING:
    import torch

FARTHEST = 1.5
"""Angstrom between two connection points that still count as met. Each is the middle of one bond."""

REASONS = (
    ReasonKind(
        "unbalanced",
        "Connection points do not match",
        "Its metal nodes have {nodes} connection points and its linkers {linkers}: they cannot all meet.",
    ),
    ReasonKind(
        "open",
        "Blocks do not meet",
        "In the best orientations found, two blocks that should be bonded are {gap:.2f} Å apart ({most:g} Å at most).",
    ),
)

_PAIRS_AT_ONCE = 1_000_000
_CLASH = 0.9
"""Sums of covalent radii; atoms farther apart are no clash."""
_AS_GOOD = 0.05
"""Angstrom: starts that end with gaps as near to the smallest differ in clashes alone."""


@dataclass(frozen=True)
class Assembled:
    """B frameworks put together.

    mofs : with rotations, and connections of those that could be made
    gap : (B,) Angstrom, root mean square distance of connection points that were joined; NaN where none were
    widest : (B,) Angstrom, largest of them
    reasons : B, None where all blocks meet
    """

    mofs: CoarseMofs
    gap: NDArray[np.float64]
    widest: NDArray[np.float64]
    reasons: tuple[Reason | None, ...]

    @property
    def made(self) -> NDArray[np.bool_]:
        """(B,) which frameworks hold together."""
        return np.array([reason is None for reason in self.reasons], bool)


def assemble(
    mofs: CoarseMofs,
    library: BlockLibrary,
    seed: int = 0,
    options: Annealing | None = None,
    farthest: float = FARTHEST,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Assembled:
    """Turn the blocks so that connection points of nodes and linkers meet, and join those that do.

    Of ``mofs`` only lattice, blocks and positions are read. Every framework is searched from ``options.starts`` sets
    of orientations, chosen among random ones with a seed of its own, drawn from ``seed`` and its row: what it becomes
    does not depend on its neighbours in the batch beyond the rounding of sums. Of starts that end equally well, the
    one with the least clash of atoms is kept.
    ``progress(done, total)`` may raise to stop.
    """
    options = options or Annealing()
    counts = np.array([[len(point_table(mofs, library, i, k)) for k in (NODE, LINKER)] for i in range(len(mofs))])
    counts = counts.reshape(-1, 2)
    whole = (counts[:, 0] == counts[:, 1]) & (counts[:, 0] > 0)
    rotation = np.tile(np.eye(3), (len(mofs.block), 1, 1))
    joins: list[tuple[NDArray, NDArray]] = [(np.zeros((0, 2, 2), np.int32), np.zeros((0, 3), np.int16))] * len(mofs)
    gap, widest = np.full(len(mofs), np.nan), np.full(len(mofs), np.nan)
    done = 0
    for rows in _batches(np.flatnonzero(whole), counts[:, 0], options.starts):
        part = mofs.take(rows)
        start = _start(part, library, rows, seed, options, device)
        for k, found in enumerate(_oriented(part, library, options, start, device)):
            i = int(rows[k])
            rotation[mofs.blocks(i)], joins[i] = found.rotation, (found.ends, found.image)
            gap[i], widest[i] = found.gap, found.widest
        done += len(rows)
        if progress:
            progress(done, int(whole.sum()))
    reasons: list[Reason | None] = []
    for (nodes, linkers), wide in zip(counts.tolist(), widest.tolist(), strict=True):
        if np.isnan(wide):
            reasons.append(Reason("unbalanced", {"nodes": nodes, "linkers": linkers}))
        else:
            reasons.append(Reason("open", {"gap": wide, "most": farthest}) if wide > farthest else None)
    made = replace(
        mofs,
        rotation=rotation,
        connection_offsets=offsets_of(np.array([len(ends) for ends, _ in joins])),
        ends=np.concatenate([np.zeros((0, 2, 2), np.int32), *(ends for ends, _ in joins)]),
        image=np.concatenate([np.zeros((0, 3), np.int16), *(image for _, image in joins)]),
    )
    return Assembled(made, gap, widest, tuple(reasons))


@dataclass(frozen=True)
class _One:
    """One framework: as in ``CoarseMofs`` and ``Assembled``."""

    rotation: NDArray[np.float64]
    ends: NDArray[np.int32]
    image: NDArray[np.int16]
    gap: float
    widest: float


def _batches(rows: NDArray, width: NDArray, starts: int) -> list[NDArray[np.int64]]:
    """Rows of like numbers of points together, so that little is padded."""
    order = rows[np.argsort(width[rows], kind="stable")]
    batches: list[list[int]] = []
    for row in order.tolist():
        most = int(width[row]) ** 2 * starts
        if batches and (len(batches[-1]) + 1) * most <= _PAIRS_AT_ONCE:
            batches[-1].append(row)
        else:
            batches.append([row])
    return [np.array(batch, np.int64) for batch in batches]


def _start(
    mofs: CoarseMofs, library: BlockLibrary, rows: NDArray, seed: int, options: Annealing, device: str
) -> torch.Tensor:
    """(starts, K, 4) unit quaternions, from a seed a framework: the first start the best by itself of those tried."""
    import torch

    turns, noise = [], []
    for row, count in zip(rows, mofs.n_blocks.tolist(), strict=True):
        random = np.random.default_rng([seed, int(row)])
        turns.append(random.normal(size=(count, options.tried, 4)))
        noise.append(options.noise * random.gumbel(size=(options.starts, count, options.tried)))
        noise[-1][0] = 0.0
    turned = torch.as_tensor(np.concatenate(turns), dtype=torch.float32, device=device)
    turned = turned / turned.norm(dim=-1, keepdim=True)
    spread = torch.as_tensor(np.concatenate(noise, 1), dtype=torch.float32, device=device)
    chosen = first_turns(mofs, library, rotations(turned), spread, device)
    return turned[torch.arange(len(turned), device=device), chosen]


def _oriented(
    mofs: CoarseMofs, library: BlockLibrary, options: Annealing, start: torch.Tensor, device: str
) -> list[_One]:
    import torch

    points = gather(mofs, library, device)
    turned = anneal(points, start, options)
    for _ in range(2):
        turned = fit(points, turned, _partners(points, turned), options.sweeps)
    partner = _partners(points, turned)
    square = torch.gather(distances(points, turned), -1, partner[..., None])[..., 0].cpu().numpy()
    found = []
    for i in range(len(mofs)):
        n = int(points.mask[i].sum())
        each = square[:, i, :n]
        gaps = np.sqrt(each.mean(1))
        ones = []
        for k in np.flatnonzero(gaps <= gaps.min() + _AS_GOOD).tolist():
            rotation = turned[k, mofs.blocks(i)].double().cpu().numpy()
            ends, image = _joined(mofs, library, i, rotation, partner[k, i, :n].cpu().numpy())
            ones.append(_One(rotation, ends, image, float(gaps[k]), float(np.sqrt(each[k].max()))))
        found.append(ones[0] if len(ones) == 1 else _least_clash(mofs, library, i, ones))
    return found


def _partners(points: Points, turned: torch.Tensor) -> torch.Tensor:
    """(starts, S, P) the linkers' point that each of the nodes' meets, with the least sum of squared distances."""
    import torch
    from scipy.optimize import linear_sum_assignment

    square = distances(points, turned).cpu().numpy()
    found = np.tile(np.arange(square.shape[-1]), (*square.shape[:2], 1))
    for k in range(square.shape[0]):
        for i, n in enumerate(points.mask.sum(-1).tolist()):
            found[k, i, :n] = linear_sum_assignment(square[k, i, :n, :n])[1]
    return torch.as_tensor(found, device=turned.device)


def _joined(
    mofs: CoarseMofs, library: BlockLibrary, i: int, rotation: NDArray, partner: NDArray
) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Connections (n, 2, 2) and images (n, 3) of framework i, as in ``CoarseMofs``."""
    start = int(mofs.offsets[i])
    nodes, linkers = (point_table(mofs, library, i, kind) for kind in (NODE, LINKER))
    ends = np.stack([nodes, linkers[partner]], 1)
    rows = start + ends[..., 0]
    local = library.points[library.point_offsets[mofs.block[rows]] + ends[..., 1]]
    places = np.einsum("ncij,ncj->nci", rotation[ends[..., 0]], local) + mofs.positions[rows] @ mofs.lattice[i]
    reduced, change = reduce_cells(mofs.lattice[i : i + 1])
    steps = -np.rint((places[:, 1] - places[:, 0]) @ np.linalg.inv(reduced[0]))
    return ends.astype(np.int32), (steps @ change[0]).astype(np.int16)


def _least_clash(mofs: CoarseMofs, library: BlockLibrary, i: int, ones: list[_One]) -> _One:
    """That in which the nearest two atoms are farthest apart; of those without any clash, the one of least gaps."""
    one = mofs.take(np.array([i]))
    copies = replace(
        CoarseMofs.concatenate([one] * len(ones)),
        rotation=np.concatenate([o.rotation for o in ones]),
        connection_offsets=np.arange(len(ones) + 1) * len(ones[0].ends),
        ends=np.concatenate([o.ends for o in ones]),
        image=np.concatenate([o.image for o in ones]),
    )
    room = np.minimum(minimum_radius_ratios(whole_atoms(copies, library).structures), _CLASH)
    return ones[int(np.lexsort((np.array([o.gap for o in ones]), -room))[0])]
