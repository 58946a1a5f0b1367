"""The denoiser for sampling: the function of ``Denoiser.forward`` with a fraction of its memory traffic.

Matrix products of this size take less time than reading and writing what lies between them. So orbits are packed
without padding; all go through one layer after the other, so that its weights are read once; edges go in blocks that
stay in the cache; sums and SiLU work in place; and linear maps of the same input are one product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import silu

from crystal_studio.generators.symmcd.network import Denoiser, Layer, Prediction, fourier

CACHED_EDGES = 1_500
"""Edges of a block on a processor: two tensors of them, 384 wide and in 16 bits, stay in a cache of 2 MB."""
MOST_EDGES = 500_000
"""Edges of a block on other devices, where memory alone limits them."""


@dataclass(frozen=True)
class Block:
    """``crystals`` of ``width`` orbits each, of which the first is row ``start`` of the packed orbits."""

    start: int
    crystals: int
    width: int

    @property
    def rows(self) -> slice:
        return slice(self.start, self.start + self.crystals * self.width)

    @property
    def edges(self) -> int:
        return self.crystals * self.width**2


def packed(mask: NDArray[np.bool_], edges: int) -> tuple[NDArray[np.int64], list[Block]]:
    """Rows of the orbits (B, M), flattened, in blocks of crystals with equally many; at most ``edges`` edges a block.

    mask : (B, M) orbits that exist
    """
    counts, places = mask.sum(1), np.argsort(~mask, axis=1, kind="stable")
    pieces: list[NDArray[np.int64]] = []
    blocks: list[Block] = []
    start = 0
    for width in np.unique(counts[counts > 0]).tolist():
        rows = np.flatnonzero(counts == width)
        pieces.append((rows[:, None] * mask.shape[1] + places[rows, :width]).ravel())
        for some in np.array_split(rows, -(-len(rows) * width**2 // max(edges, width**2))):
            blocks.append(Block(start, len(some), width))
            start += len(some) * width
    return np.concatenate(pieces), blocks


class Inference:
    """Predicts what ``network`` does, in the number format of its weights; these must not change any more."""

    @torch.no_grad()
    def __init__(self, network: Denoiser) -> None:
        self.network = network
        self.layers = [_Layer(layer) for layer in network.layers if isinstance(layer, Layer)]
        self.edges = CACHED_EDGES if network.group_encoding.device.type == "cpu" else MOST_EDGES

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
        rows, blocks = packed(mask.cpu().numpy(), self.edges)
        index = torch.as_tensor(rows, device=x.device)
        crystal = index // mask.shape[1]

        def of_orbits(values: Tensor) -> Tensor:
            return values.flatten(0, 1)[index]

        whole = self.network.embed_crystals(space_group, t, k, labels)
        x = of_orbits(x)
        h = self.network.embed_orbits(of_orbits(elements), of_orbits(classes), x, whole[crystal])
        self._messages(h, k.to(h.dtype), x, crystal, blocks)
        h = self.network.out_norm(h)
        mean = torch.zeros(whole.shape, device=h.device).index_add_(0, crystal, h.float()) / mask.sum(1, keepdim=True)
        of_k, *said = self.network.read(h, mean.to(h.dtype))
        spread = []
        for part in said:
            room = torch.zeros((mask.numel(), *part.shape[1:]), device=h.device)
            spread.append(room.index_copy_(0, index, part.float()).unflatten(0, tuple(mask.shape)))
        return Prediction(of_k.float(), *spread)

    def _messages(self, h: Tensor, k: Tensor, x: Tensor, crystal: Tensor, blocks: list[Block]) -> None:
        """Change h (N, H) of the packed orbits in place, layer by layer."""
        offsets = []
        for block in blocks:
            points = x[block.rows].view(block.crystals, block.width, 3)
            features = fourier(points.unsqueeze(1) - points.unsqueeze(2), self.network.config.frequencies)
            offsets.append(features.to(h.dtype).flatten(0, 2))
        most = max(block.edges for block in blocks)
        room = (h.new_empty(most, h.shape[1]), h.new_empty(most, h.shape[1]))
        for layer in self.layers:
            layer(h, k, crystal, blocks, offsets, room)


class _Layer:
    """One round of messages; see ``network.Layer``."""

    def __init__(self, layer: Layer) -> None:
        of_node, of_message = layer.node_in.weight.chunk(2, 1)
        self.norm, self.node_out, self.from_lattice = layer.norm, layer.node_out, layer.from_lattice
        self.of_node = torch.cat([layer.from_receiver.weight, layer.from_sender.weight, of_node]).t().contiguous()
        nothing = torch.zeros_like(layer.node_in.bias)
        self.bias = torch.cat([layer.from_receiver.bias, nothing, layer.node_in.bias])
        self.of_offset, self.of_message = layer.from_offset.weight.t().contiguous(), of_message.t().contiguous()
        self.edge, self.edge_bias = layer.edge.weight.t().contiguous(), layer.edge.bias.detach()

    def __call__(
        self,
        h: Tensor,
        k: Tensor,
        crystal: Tensor,
        blocks: list[Block],
        offsets: list[Tensor],
        room: tuple[Tensor, Tensor],
    ) -> None:
        """Change h (N, H) in place.

        k : (B, 6); crystal : (N,) rows of k; offsets : (E, 6 F) of each block; room : two of the most edges (E, H)
        """
        hidden = h.shape[1]
        receiver, sender, node = torch.addmm(self.bias, self.norm(h), self.of_node).chunk(3, 1)
        receiver = receiver + self.from_lattice(k)[crystal]
        message = torch.empty_like(h)
        for block, offset in zip(blocks, offsets, strict=True):
            b, m, rows = block.crystals, block.width, block.rows
            first, second = room[0][: block.edges], room[1][: block.edges]
            to, of = receiver[rows].unflatten(0, (b, m)), sender[rows].unflatten(0, (b, m))
            torch.add(to.unsqueeze(2), of.unsqueeze(1), out=first.view(b, m, m, hidden))
            silu(first.addmm_(offset, self.of_offset), inplace=True)
            silu(torch.addmm(self.edge_bias, first, self.edge, out=second), inplace=True)
            # A product with 1/m: the mean over senders, faster than its reduction.
            torch.bmm(h.new_full((b * m, 1, m), 1 / m), second.view(b * m, m, hidden), out=message[rows].unsqueeze(1))
        h.add_(self.node_out(silu(torch.addmm(node, message, self.of_message), inplace=True)))
