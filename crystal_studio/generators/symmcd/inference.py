"""The denoiser for sampling: the function of ``Denoiser.forward`` with a fraction of its memory traffic.

Matrix products of this size take less time than reading and writing what lies between them. So orbits are packed
without padding; all go through one layer after the other, so that its weights are read once; edges go in groups that
stay in the cache, whatever crystals they are of; sums and SiLU work in place; linear maps of the same input are one
product; and the waves of a difference of coordinates are products of the waves of the orbits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import silu

from crystal_studio.generators.symmcd.network import Denoiser, Layer, Prediction, fourier

CACHED_EDGES = 1_500
"""Edges of a group on a processor: two tensors of them, 384 wide and in 16 bits, stay in a cache of 2 MB."""
MOST_EDGES = 500_000
"""Edges of a group on other devices, where memory alone limits them."""


@dataclass(frozen=True)
class Block:
    """``crystals`` of ``width`` orbits each, of which the first is row ``start`` of the packed orbits; their edges
    begin at ``first`` of their group."""

    start: int
    crystals: int
    width: int
    first: int

    @property
    def rows(self) -> slice:
        return slice(self.start, self.start + self.crystals * self.width)

    @property
    def edges(self) -> slice:
        return slice(self.first, self.first + self.crystals * self.width**2)


def packed(mask: NDArray[np.bool_], most: int) -> tuple[NDArray[np.int64], list[list[Block]]]:
    """Rows of the orbits (B, M), flattened, in blocks of crystals with equally many; groups of blocks have at most
    ``most`` edges, but for a crystal that has more.

    mask : (B, M) orbits that exist
    """
    counts, places = mask.sum(1), np.argsort(~mask, axis=1, kind="stable")
    pieces: list[NDArray[np.int64]] = []
    groups: list[list[Block]] = [[]]
    start = used = 0
    for width in np.unique(counts[counts > 0]).tolist():
        rows = np.flatnonzero(counts == width)
        pieces.append((rows[:, None] * mask.shape[1] + places[rows, :width]).ravel())
        left = len(rows)
        while left:
            fit = min(left, max(most - used, 0) // width**2) or int(not groups[-1])
            if not fit:
                groups.append([])
                used = 0
                continue
            groups[-1].append(Block(start, fit, width, used))
            start, used, left = start + fit * width, used + fit * width**2, left - fit
    return np.concatenate(pieces), groups


class Workspace:
    """The orbits (N,) that exist of a batch (B, M), and the room in which their messages are worked out, kept from step
    to step: for many small blocks, cutting it up takes longer than the work itself.

    orbits, crystal : (N,) rows of the orbits in (B M, ...), and the crystal of each
    nodes : (N, 3 H) what orbits add to messages as receivers and as senders, and to themselves
    messages : (N, H) means of what orbits are sent
    groups : of each its edges twice (E, H), what is added up for each of its blocks, and what is averaged
    """

    def __init__(self, mask: Tensor, most: int, hidden: int, dtype: torch.dtype) -> None:
        """mask : (B, M) orbits that exist; most : edges of a group."""
        rows, self.blocks = packed(mask.cpu().numpy(), most)
        self.mask, self.orbits = mask, torch.as_tensor(rows, device=mask.device)
        self.crystal = self.orbits // mask.shape[1]
        self.nodes = torch.empty((len(rows), 3 * hidden), dtype=dtype, device=mask.device)
        self.messages = self.nodes.new_empty((len(rows), hidden))
        receiver, sender, _ = self.nodes.chunk(3, 1)
        room = self.nodes.new_empty((2, max(group[-1].edges.stop for group in self.blocks), hidden))
        self.groups: list[_Group] = []
        for group in self.blocks:
            first, second = room[:, : group[-1].edges.stop]
            sums, means = [], []
            for block in group:
                shape = (block.crystals, block.width)
                to, of = (part[block.rows].unflatten(0, shape) for part in (receiver, sender))
                sums.append((to.unsqueeze(2), of.unsqueeze(1), first[block.edges].view(*shape, block.width, hidden)))
                # A product with 1/m: the mean over senders, faster than its reduction.
                share = room.new_full((block.crystals * block.width, 1, block.width), 1 / block.width)
                edges = second[block.edges].view(-1, block.width, hidden)
                means.append((share, edges, self.messages[block.rows].unsqueeze(1)))
            self.groups.append(_Group(first, second, sums, means))

    def fits(self, mask: Tensor) -> bool:
        """Whether it is that of this mask."""
        return self.mask.shape == mask.shape and torch.equal(self.mask, mask)

    def spread(self, values: Tensor) -> Tensor:
        """(B, M, ...) in float32 of values (N, ...), zeros for orbits that do not exist."""
        room = torch.zeros((self.mask.numel(), *values.shape[1:]), device=values.device)
        return room.index_copy_(0, self.orbits, values.float()).unflatten(0, tuple(self.mask.shape))


class _Group(NamedTuple):
    first: Tensor
    second: Tensor
    sums: list[tuple[Tensor, Tensor, Tensor]]
    means: list[tuple[Tensor, Tensor, Tensor]]


class Inference:
    """Predicts what ``network`` does, in the number format of its weights; these must not change any more."""

    @torch.no_grad()
    def __init__(self, network: Denoiser) -> None:
        self.network = network
        self.layers = [_Layer(layer) for layer in network.layers if isinstance(layer, Layer)]
        self.edges = CACHED_EDGES if network.group_encoding.device.type == "cpu" else MOST_EDGES
        self._last: Workspace | None = None

    @torch.no_grad()
    def __call__(
        self,
        space_group: Tensor,
        t: Tensor,
        k: Tensor,
        elements: Tensor,
        classes: Tensor,
        x: Tensor,
        labels: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Prediction:
        """As ``Denoiser.forward``, which see, in float32; zeros for orbits that do not exist."""
        mask = torch.ones_like(elements, dtype=torch.bool) if mask is None else mask
        work = self._workspace(mask)

        def of_orbits(values: Tensor) -> Tensor:
            return values.flatten(0, 1)[work.orbits]

        whole = self.network.embed_crystals(space_group, t, k, labels)
        x = of_orbits(x)
        h = self.network.embed_orbits(of_orbits(elements), of_orbits(classes), x, whole[work.crystal])
        self._messages(h, k.to(h.dtype)[work.crystal], x, work)
        h = self.network.out_norm(h)
        mean = torch.zeros(whole.shape, device=h.device).index_add_(0, work.crystal, h.float())
        of_k, *said = self.network.read(h, (mean / mask.sum(1, keepdim=True)).to(h.dtype))
        return Prediction(of_k.float(), *(work.spread(part) for part in said))

    def _workspace(self, mask: Tensor) -> Workspace:
        """That of the step before, mostly."""
        if self._last is None or not self._last.fits(mask):
            weight = self.network.lattice.weight
            self._last = Workspace(mask, self.edges, len(weight), weight.dtype)
        return self._last

    def _messages(self, h: Tensor, k: Tensor, x: Tensor, work: Workspace) -> None:
        """Change h (N, H) of the packed orbits in place, layer by layer; k (N, 6), x (N, 3)."""
        offsets = list(_offsets(x, self.network.config.frequencies, work.blocks, h.dtype))
        for layer in self.layers:
            layer(h, k, work, offsets)


def _offsets(x: Tensor, frequencies: int, groups: list[list[Block]], dtype: torch.dtype) -> Iterator[Tensor]:
    """(E, 6 F) of each group: ``network.fourier`` of the differences of coordinates x (N, 3), from that of x."""
    half = 3 * frequencies
    waves = fourier(x, frequencies)
    for group in groups:
        made = x.new_empty((group[-1].edges.stop, 2 * half), dtype=dtype)
        for block in group:
            of = waves[block.rows].unflatten(0, (block.crystals, block.width))
            (sine_i, cosine_i), (sine_j, cosine_j) = of.unsqueeze(2).split(half, -1), of.unsqueeze(1).split(half, -1)
            here = made[block.edges].unflatten(0, (block.crystals, block.width, block.width))
            here[..., :half] = torch.addcmul(sine_j * cosine_i, cosine_j, sine_i, value=-1)
            here[..., half:] = torch.addcmul(cosine_j * cosine_i, sine_j, sine_i)
        yield made


class _Layer:
    """One round of messages; see ``network.Layer``."""

    def __init__(self, layer: Layer) -> None:
        of_node, of_message = layer.node_in.weight.chunk(2, 1)
        self.norm, self.node_out = layer.norm, layer.node_out
        lattice = layer.from_lattice.weight
        nothing = lattice.new_zeros(2 * lattice.shape[0], lattice.shape[1])
        of_orbit = torch.cat([layer.from_receiver.weight, layer.from_sender.weight, of_node])
        self.of_orbit = torch.cat([of_orbit, torch.cat([lattice, nothing])], 1).t().contiguous()
        self.bias = torch.cat([layer.from_receiver.bias, torch.zeros_like(layer.node_in.bias), layer.node_in.bias])
        self.of_offset = layer.from_offset.weight.t().contiguous()
        self.of_message = of_message.t().contiguous()
        self.edge, self.edge_bias = layer.edge.weight.t().contiguous(), layer.edge.bias.detach()

    def __call__(self, h: Tensor, k: Tensor, work: Workspace, offsets: list[Tensor]) -> None:
        """Change h (N, H) in place.

        k : (N, 6); offsets : (E, 6 F) of each group
        """
        torch.addmm(self.bias, torch.cat([self.norm(h), k], 1), self.of_orbit, out=work.nodes)
        for group, offset in zip(work.groups, offsets, strict=True):
            for to, of, edges in group.sums:
                torch.add(to, of, out=edges)
            silu(group.first.addmm_(offset, self.of_offset), inplace=True)
            silu(torch.addmm(self.edge_bias, group.first, self.edge, out=group.second), inplace=True)
            for share, edges, message in group.means:
                torch.bmm(share, edges, out=message)
        node = work.nodes[:, -h.shape[1] :]
        h.add_(self.node_out(silu(torch.addmm(node, work.messages, self.of_message), inplace=True)))
