"""The denoiser: a fully connected graph network over the orbits of one crystal.

After Levy et al. (SymmCD, ICLR 2025, appendix B) and Jiao et al. (DiffCSP, 2023),
on dense batches of crystals with equally many orbits, so that no padding and no
scatter is needed. The first linear map of each edge network is split into its
parts for node i, node j, the lattice and the coordinate difference: the node
parts are computed once a node instead of once an edge.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import pi
from typing import NamedTuple

import torch
from torch import Tensor, nn

from crystal_studio.crystal.symmetry_elements import GROUP_WIDTH
from crystal_studio.generators.symmcd.representation import N_AXES, N_CLASSES, N_ELEMENTS


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network; the published one is 1024 x 8 with 128 frequencies.

    ``labels`` is the width of the property features, 0 for a network that takes none.
    """

    hidden: int = 256
    layers: int = 6
    frequencies: int = 24
    node_frequencies: int = 16
    time_width: int = 64
    group_width: int = 128
    class_width: int = 4
    labels: int = 0

    def to_dict(self) -> dict[str, int]:
        return asdict(self)


class Prediction(NamedTuple):
    """k (B, 6): noise of the lattice; x (B, M, 3): scaled score of the coordinates;
    elements (B, M, 94) and classes (B, M, 15, 13): logits of the clean categories."""

    k: Tensor
    x: Tensor
    elements: Tensor
    classes: Tensor


def fourier(x: Tensor, frequencies: int) -> Tensor:
    """(..., 3) fractional coordinates to (..., 6 * frequencies) periodic features."""
    n = torch.arange(1, frequencies + 1, device=x.device, dtype=x.dtype)
    phase = (2 * pi * x.unsqueeze(-1) * n).flatten(-2)
    return torch.cat([phase.sin(), phase.cos()], -1)


def time_embedding(t: Tensor, width: int) -> Tensor:
    """(B,) time in [0, 1] to (B, width) sinusoids."""
    scale = torch.exp(torch.linspace(0, 6.9, width // 2, device=t.device))
    phase = t.unsqueeze(-1) * scale
    return torch.cat([phase.sin(), phase.cos()], -1)


class Layer(nn.Module):
    """One round of messages between all pairs of orbits, self-loops included."""

    def __init__(self, hidden: int, frequencies: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.from_receiver = nn.Linear(hidden, hidden)
        self.from_sender = nn.Linear(hidden, hidden, bias=False)
        self.from_lattice = nn.Linear(6, hidden, bias=False)
        self.from_offset = nn.Linear(6 * frequencies, hidden, bias=False)
        self.edge = nn.Linear(hidden, hidden)
        self.node_in = nn.Linear(2 * hidden, hidden)
        self.node_out = nn.Linear(hidden, hidden)
        self.act = nn.SiLU()

    def forward(self, h: Tensor, k: Tensor, offsets: Tensor, share: Tensor | None = None) -> Tensor:
        """h (B, M, H), k (B, 6), offsets (B, M, M, 6 F), share (B, 1, M, 1) of each sender -> (B, M, H)."""
        z = self.norm(h)
        receiver = self.from_receiver(z) + self.from_lattice(k).unsqueeze(1)
        edge = self.from_offset(offsets) + receiver.unsqueeze(2) + self.from_sender(z).unsqueeze(1)
        message = self.act(self.edge(self.act(edge)))
        message = message.mean(2) if share is None else (message * share).sum(2)
        return h + self.node_out(self.act(self.node_in(torch.cat([z, message], -1))))


class Denoiser(nn.Module):
    """Predicts the noise of lattice and coordinates and the clean categories of one batch.

    ``group_encoding`` (230, 397) is held as a buffer, so that the weights do not
    depend on the installed symmetry libraries.
    """

    group_encoding: Tensor

    def __init__(self, config: NetworkConfig, group_encoding: Tensor) -> None:
        super().__init__()
        self.config = config
        hidden = config.hidden
        self.register_buffer("group_encoding", group_encoding.float(), persistent=False)
        self.group = nn.Sequential(
            nn.Linear(GROUP_WIDTH, config.group_width),
            nn.LayerNorm(config.group_width),
            nn.SiLU(),
            nn.Linear(config.group_width, hidden),
        )
        self.time = nn.Linear(config.time_width, hidden)
        self.element = nn.Embedding(N_ELEMENTS, hidden)
        self.site_class = nn.Embedding(N_CLASSES, config.class_width)
        self.site = nn.Linear(N_AXES * config.class_width, hidden)
        self.place = nn.Linear(6 * config.node_frequencies, hidden)
        self.lattice = nn.Linear(6, hidden)
        if config.labels:
            self.labels = nn.Linear(config.labels, hidden, bias=False)
            # So that a trained network without labels can be carried on as one with them.
            nn.init.zeros_(self.labels.weight)
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(hidden, hidden))
        self.layers = nn.ModuleList(Layer(hidden, config.frequencies) for _ in range(config.layers))
        self.out_norm = nn.LayerNorm(hidden)
        self.to_x = nn.Linear(hidden, 3)
        self.to_k = nn.Linear(hidden, 6)
        self.to_elements = nn.Linear(hidden, N_ELEMENTS)
        self.to_classes = nn.Linear(hidden, N_AXES * N_CLASSES)

    def forward(
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
        """space_group (B,) 1..230, t (B,) in [0, 1], k (B, 6), elements (B, M), classes (B, M, 15), x (B, M, 3),
        labels (B, L) features of ``labels.embed``, mask (B, M) bool: orbits that exist, None if all do."""
        whole = self.embed_crystals(space_group, t, k, labels)
        h = self.embed_orbits(elements, classes, x, whole.unsqueeze(1))
        offsets = fourier(x.unsqueeze(1) - x.unsqueeze(2), self.config.frequencies)
        share = None if mask is None else (mask / mask.sum(1, keepdim=True)).to(offsets.dtype)
        for layer in self.layers:
            h = layer(h, k, offsets, None if share is None else share[:, None, :, None])
        h = self.out_norm(h)
        return self.read(h, h.mean(1) if share is None else (h * share[..., None]).sum(1))

    def embed_crystals(self, space_group: Tensor, t: Tensor, k: Tensor, labels: Tensor | None) -> Tensor:
        """(B, H) of what belongs to a crystal as a whole; arguments as for ``forward``."""
        dtype = self.lattice.weight.dtype
        whole = self.group(self.group_encoding[space_group - 1]) + self.lattice(k.to(dtype))
        whole = whole + self.time(time_embedding(t, self.config.time_width).to(dtype))
        if labels is not None and self.config.labels:
            whole = whole + self.labels(labels.to(dtype))
        return whole

    def embed_orbits(self, elements: Tensor, classes: Tensor, x: Tensor, whole: Tensor) -> Tensor:
        """(..., H) before the first message: elements (...), classes (..., 15), x (..., 3), whole like the result."""
        h = self.element(elements) + self.site(self.site_class(classes).flatten(-2))
        place = self.place(fourier(x, self.config.node_frequencies).to(self.place.weight.dtype))
        return torch.as_tensor(self.mix(h + place + whole))

    def read(self, h: Tensor, mean: Tensor) -> Prediction:
        """What orbits h (..., H) and crystals mean (B, H) say after the last message, normalised."""
        classes = self.to_classes(h).unflatten(-1, (N_AXES, N_CLASSES))
        return Prediction(self.to_k(mean), self.to_x(h), self.to_elements(h), classes)
