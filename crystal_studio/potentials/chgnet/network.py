"""CHGNet 0.3.0 as a function of bond lengths and angle cosines, for the quotient graphs of many crystals at once.

Deng et al., Nature Machine Intelligence 5, 1031 (2023). The same network as the package's, with one row for each orbit
of atoms, bonds and angles, messages weighted by multiplicity, and a backward pass of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.potentials.chgnet.layers import (
    GateTape,
    RadialTape,
    Scatter,
    add_product,
    flushing_denormals,
    gated,
    gated_back,
    norm,
    norm_back,
    product,
    radial,
    radial_back,
)
from crystal_studio.potentials.chgnet.weights import WIDTH, Gate, weights
from crystal_studio.potentials.quotient_batch import Measured

BOND_CUTOFF, ANGLE_CUTOFF = 6.0, 3.0
"""Angstrom: bonds that carry messages, and sides of angles."""

_ALMOST = 1 - 1e-6
"""Cosines are shrunk by this, as the package does, so that straight angles have a slope."""


@dataclass
class _Indices:
    """Rows that messages come from and go to, in the tables of atoms (O), bonds (U), short bonds (T), angles (A)."""

    atoms: Tensor
    centre: Tensor
    bond: Tensor
    of_edge: Tensor
    to_centre: Scatter
    to_other: Scatter
    to_bond: Scatter
    weight: Tensor
    short: Tensor
    of_angle: Tensor
    first: Tensor
    second: Tensor
    to_first: Scatter
    to_second: Scatter
    to_corner: Scatter
    angle_weight: Tensor


@dataclass
class _Tape:
    """What one round of messages leaves for the backward pass."""

    atom: tuple[GateTape, Tensor]
    bond: tuple[GateTape, Tensor] | None = None
    angle: GateTape | None = None


@dataclass
class _Basis:
    """Embeddings of bonds and angles, the weights of their messages, and what their slopes need."""

    bond: Tensor
    edge_weight: Tensor
    bond_tape: RadialTape
    angle: Tensor
    angle_weight: Tensor
    short_tape: RadialTape
    side_1: Tensor
    side_2: Tensor
    sine: Tensor
    cosine: Tensor
    shrunk: Tensor
    rounds: list[_Tape] = field(default_factory=list)


class Network:
    """The package's model with its weights rearranged, on one device."""

    def __init__(self, model: Any, device: str) -> None:
        self.device = device
        self.w = weights(model, device)
        self._references = self.w.references.numpy()

    def energies(
        self, measured: Measured, slopes: bool = True
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Energy of one atom of each orbit (O,) eV; of all of them the derivatives by lengths (U,) and cosines (A,).

        The derivatives are empty where no ``slopes`` are asked for.
        """
        energy, slope, bend = (found.cpu().double().numpy() for found in self.on_device(measured, slopes))
        return energy + self._references[measured.numbers - 1], slope, bend

    def on_device(self, measured: Measured, slopes: bool = True) -> tuple[Tensor, Tensor, Tensor]:
        """The same in single precision where the weights are, energies less those of the elements."""
        with torch.inference_mode(), flushing_denormals():
            at = self._indices(measured)
            basis = self._basis(at, self._tensor(measured.lengths), self._tensor(measured.cosines))
            energy, back = self._forward(at, basis)
            if not slopes:
                return energy, energy[:0], energy[:0]
            return energy, *self._backward(at, basis, back, self._tensor(measured.multiplicity))

    def features(self, measured: Measured) -> NDArray[np.float64]:
        """(O, 64) what the network knows of one atom of each orbit before its energy is read out of it."""
        with torch.inference_mode(), flushing_denormals():
            at = self._indices(measured)
            basis = self._basis(at, self._tensor(measured.lengths), self._tensor(measured.cosines))
            known = norm(self._messages(at, basis), self.w.readout_scale, self.w.readout_shift)[0]
            return known.cpu().double().numpy()

    def _tensor(self, values: NDArray) -> Tensor:
        return torch.as_tensor(np.asarray(values, np.float32), device=self.device)

    def _indices(self, m: Measured) -> _Indices:
        n_atoms, n_bonds, n_short = len(m.numbers), len(m.lengths), len(m.short)
        centre, other, bond, short, corner = (
            torch.as_tensor(x, device=self.device) for x in (m.centre, m.other, m.bond, m.short, m.corner)
        )
        first, second = (torch.as_tensor(np.ascontiguousarray(side), device=self.device) for side in m.sides.T)
        return _Indices(
            torch.as_tensor(m.numbers - 1, device=self.device),
            centre,
            bond,
            torch.stack([centre, other + n_atoms, bond + 2 * n_atoms], 1),
            Scatter(centre, n_atoms, ordered=True),
            Scatter(other, n_atoms),
            Scatter(bond, n_bonds),
            self._tensor(m.weight)[:, None],
            short,
            torch.stack([first, second + n_short, corner + 2 * n_short], 1),
            first,
            second,
            Scatter(first, n_short),
            Scatter(second, n_short),
            Scatter(corner, n_atoms),
            self._tensor(m.angle_weight)[:, None],
        )

    def _basis(self, at: _Indices, lengths: Tensor, cosines: Tensor) -> _Basis:
        w = self.w
        bessel, bond_tape = radial(lengths, BOND_CUTOFF, w.bond_frequencies)
        embedded = product(bessel, w.bond.there)
        bond, message = embedded[:, :WIDTH].contiguous(), embedded[:, WIDTH:].contiguous()
        edge_weight = message.index_select(0, at.bond).mul_(at.weight)
        bessel, short_tape = radial(lengths[at.short], ANGLE_CUTOFF, w.short_frequencies)
        message = product(bessel, w.short.there)
        side_1, side_2 = message.index_select(0, at.first), message.index_select(0, at.second)
        shrunk = cosines * _ALMOST
        angle = torch.acos(shrunk)[:, None] * w.angle_frequencies
        sine, cosine = torch.sin(angle), torch.cos(angle)
        constant = torch.full_like(shrunk, 1 / math.sqrt(2))[:, None]
        fourier = torch.cat([constant, sine, cosine], 1) / math.sqrt(math.pi)
        weight = (side_1 * side_2).mul_(at.angle_weight)
        return _Basis(
            bond,
            edge_weight,
            bond_tape,
            product(fourier, w.angle.there),
            weight,
            short_tape,
            side_1,
            side_2,
            sine,
            cosine,
            shrunk,
        )

    def _messages(self, at: _Indices, basis: _Basis) -> Tensor:
        """(O, 64) atoms after all rounds of messages, each of which leaves its tape in ``basis``."""
        w = self.w
        atom, bond, angle = w.elements.index_select(0, at.atoms), basis.bond, basis.angle
        short = bond.index_select(0, at.short)
        for layer, layers in enumerate(w.atom_layers):
            of_centre, of_bond, of_other = (matrix.there for matrix in layers.gate.inputs)
            centre = product(atom, of_centre, layers.gate.bias)
            table = torch.cat([centre, product(atom, of_other), product(bond, of_bond)])
            message, gate = gated(F.embedding_bag(at.of_edge, table, mode="sum"), layers.gate)
            atom = product(at.to_centre(message * basis.edge_weight), layers.out.there, atom)
            tape = _Tape((gate, message))
            if layer < len(w.bond_layers):
                layers = w.bond_layers[layer]
                message, gate = gated(self._at_angles(at, layers.gate, short, atom, angle), layers.gate)
                short = product(at.to_first(message * basis.angle_weight), layers.out.there, short)
                bond = bond.index_copy(0, at.short, short)
                tape.bond = (gate, message)
            if layer < len(w.angle_layers):
                weight = w.angle_layers[layer]
                message, tape.angle = gated(self._at_angles(at, weight, short, atom, angle), weight)
                angle = angle + message
            basis.rounds.append(tape)
        return atom

    def _forward(self, at: _Indices, basis: _Basis) -> tuple[Tensor, tuple[Any, ...]]:
        """Energies (O,), and what the backward pass of the readout needs."""
        w = self.w
        atom = self._messages(at, basis)
        x, *statistics = norm(atom, w.readout_scale, w.readout_shift)
        hidden = []
        for matrix, bias in w.readout[:-1]:
            hidden.append(product(x, matrix.there, bias))
            x = F.silu(hidden[-1])
        matrix, bias = w.readout[-1]
        return (x * matrix.back[0]).sum(1) + bias, (atom, tuple(statistics), hidden)

    @staticmethod
    def _at_angles(at: _Indices, weight: Gate, short: Tensor, atom: Tensor, angle: Tensor) -> Tensor:
        of_first, of_second, of_angle, of_corner = (matrix.there for matrix in weight.inputs)
        table = torch.cat([product(short, of_first), product(short, of_second), product(atom, of_corner, weight.bias)])
        return product(angle, of_angle, F.embedding_bag(at.of_angle, table, mode="sum"))

    def _backward(
        self, at: _Indices, basis: _Basis, back: tuple[Any, ...], multiplicity: Tensor
    ) -> tuple[Tensor, Tensor]:
        w = self.w
        atom, statistics, hidden = back
        slope = multiplicity[:, None] * w.readout[-1][0].back
        for (matrix, _), pre in zip(reversed(w.readout[:-1]), reversed(hidden), strict=True):
            slope = product(torch.ops.aten.silu_backward(slope, pre), matrix.back)
        of_atom = norm_back(slope, atom, statistics, w.readout_scale, w.readout_shift)
        of_bond, of_angle = torch.zeros_like(basis.bond), torch.zeros_like(basis.angle)
        of_edge_weight, of_angle_weight = torch.zeros_like(basis.edge_weight), torch.zeros_like(basis.angle_weight)
        for layer in reversed(range(len(w.atom_layers))):
            tape = basis.rounds[layer]
            of_short = of_bond.index_select(0, at.short)
            if tape.angle is not None:
                weight = w.angle_layers[layer]
                pre = gated_back(of_angle.clone(), tape.angle, weight)
                self._to_angles(at, weight, pre, of_short, of_atom, of_angle)
            if tape.bond is not None:
                layers, (gate, message) = w.bond_layers[layer], tape.bond
                slope = product(of_short, layers.out.back).index_select(0, at.first)
                of_angle_weight.addcmul_(slope, message)
                pre = gated_back(slope.mul_(basis.angle_weight), gate, layers.gate)
                self._to_angles(at, layers.gate, pre, of_short, of_atom, of_angle)
                of_bond.index_copy_(0, at.short, of_short)
            layers, (gate, message) = w.atom_layers[layer], tape.atom
            of_centre, of_side, of_other = (matrix.back for matrix in layers.gate.inputs)
            slope = product(of_atom, layers.out.back).index_select(0, at.centre)
            of_edge_weight.addcmul_(slope, message)
            pre = gated_back(slope.mul_(basis.edge_weight), gate, layers.gate)
            add_product(of_bond, at.to_bond(pre), of_side)
            if layer > 0:  # what atoms begin with does not depend on the geometry
                add_product(of_atom, at.to_centre(pre), of_centre)
                add_product(of_atom, at.to_other(pre), of_other)
        return self._to_geometry(at, basis, of_bond, of_angle, of_edge_weight, of_angle_weight)

    @staticmethod
    def _to_angles(
        at: _Indices, weight: Gate, pre: Tensor, of_short: Tensor, of_atom: Tensor, of_angle: Tensor
    ) -> None:
        """Adds to the slopes of short bonds, atoms and angles what comes through the first products."""
        first, second, angle, corner = (matrix.back for matrix in weight.inputs)
        add_product(of_angle, pre, angle)
        add_product(of_short, at.to_first(pre), first)
        add_product(of_short, at.to_second(pre), second)
        add_product(of_atom, at.to_corner(pre), corner)

    def _to_geometry(
        self, at: _Indices, basis: _Basis, of_bond: Tensor, of_angle: Tensor, of_edge: Tensor, of_side: Tensor
    ) -> tuple[Tensor, Tensor]:
        w = self.w
        of_message = at.to_bond(of_edge.mul_(at.weight))
        slope = radial_back(product(torch.cat([of_bond, of_message], 1), w.bond.back), basis.bond_tape)
        of_side.mul_(at.angle_weight)
        of_message = at.to_first(of_side * basis.side_2) + at.to_second(of_side * basis.side_1)
        slope.index_add_(0, at.short, radial_back(product(of_message, w.short.back), basis.short_tape))
        fourier = product(of_angle, w.angle.back) / math.sqrt(math.pi)
        k = len(w.angle_frequencies)
        turned = fourier[:, 1 : k + 1] * basis.cosine - fourier[:, k + 1 :] * basis.sine
        bend = -(turned * w.angle_frequencies).sum(1) * _ALMOST / torch.sqrt(1 - basis.shrunk**2)
        return slope, bend
