"""The weights of CHGNet 0.3.0, arranged for products with whole tables of atoms, bonds and angles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

WIDTH = 64
"""Features of an atom, a bond and an angle."""


@dataclass(frozen=True)
class Matrix:
    """A matrix and, laid out as one of its own, its transpose for the way back."""

    there: Tensor
    back: Tensor

    @staticmethod
    def of(rows: Tensor) -> Matrix:
        """Of a layer's weight (out, in), to be multiplied from the left by rows of features."""
        return Matrix(rows.T.contiguous(), rows.contiguous())


@dataclass(frozen=True)
class SecondLayer:
    """The second layers of a gate: matrices (WIDTH, WIDTH) and biases (WIDTH,)."""

    core: Matrix
    core_bias: Tensor
    gate: Matrix
    gate_bias: Tensor


@dataclass(frozen=True)
class Gate:
    """A gated layer: core * gate of the sum of several inputs' products.

    inputs : one (WIDTH, 2 WIDTH) matrix an input, core and gate side by side; bias (2 WIDTH,)
    core_scale, core_shift, gate_scale, gate_shift : (WIDTH,) of the layer norms
    second : where the gate has two layers
    """

    inputs: tuple[Matrix, ...]
    bias: Tensor
    core_scale: Tensor
    core_shift: Tensor
    gate_scale: Tensor
    gate_shift: Tensor
    second: SecondLayer | None = None


@dataclass(frozen=True)
class Convolution:
    """Gated messages, and what (WIDTH, WIDTH) is done to their sum."""

    gate: Gate
    out: Matrix


@dataclass(frozen=True)
class Weights:
    """Everything that the network reads.

    elements : (94, WIDTH); references (94,) eV/atom, float64, of the linear composition model
    bond_frequencies, short_frequencies, angle_frequencies : of the basis functions
    bond : (n_bond, 2 WIDTH) embedding and message weight of a bond; short (n_bond, WIDTH); angle (n_angle, WIDTH)
    atom_layers (4), bond_layers (3), angle_layers (2, the third is never read)
    readout_scale, readout_shift : (WIDTH,); readout : matrices and biases of the last perceptron
    """

    elements: Tensor
    references: Tensor
    bond_frequencies: Tensor
    short_frequencies: Tensor
    angle_frequencies: Tensor
    bond: Matrix
    short: Matrix
    angle: Matrix
    atom_layers: tuple[Convolution, ...]
    bond_layers: tuple[Convolution, ...]
    angle_layers: tuple[Gate, ...]
    readout_scale: Tensor
    readout_shift: Tensor
    readout: tuple[tuple[Matrix, Tensor], ...]


def weights(model: Any, device: str, dtype: torch.dtype = torch.float32) -> Weights:
    """The weights of the package's model (``chgnet.model.CHGNet``, version 0.3.0) on a device."""
    # To another type on the processor: some devices know no double precision.
    found = {k: v.detach().cpu().to(dtype).to(device).contiguous() for k, v in model.state_dict().items()}

    def gate(prefix: str, layers: int) -> Gate:
        first = "layers.0" if layers == 2 else "layers.1"
        core, shut = f"{prefix}.mlp_core", f"{prefix}.mlp_gate"
        whole = torch.cat([found[f"{core}.{first}.weight"], found[f"{shut}.{first}.weight"]])
        second = None
        if layers == 2:
            second = SecondLayer(
                Matrix.of(found[f"{core}.layers.3.weight"]),
                found[f"{core}.layers.3.bias"],
                Matrix.of(found[f"{shut}.layers.3.weight"]),
                found[f"{shut}.layers.3.bias"],
            )
        return Gate(
            tuple(Matrix.of(block) for block in whole.split(WIDTH, 1)),
            torch.cat([found[f"{core}.{first}.bias"], found[f"{shut}.{first}.bias"]]),
            found[f"{prefix}.bn1.weight"],
            found[f"{prefix}.bn1.bias"],
            found[f"{prefix}.bn2.weight"],
            found[f"{prefix}.bn2.bias"],
            second,
        )

    def convolution(layer: str, two_body: str) -> Convolution:
        return Convolution(gate(f"{layer}.{two_body}", 2), Matrix.of(found[f"{layer}.mlp_out.layers.1.weight"]))

    bases = "bond_basis_expansion.rbf_expansion"
    return Weights(
        found["atom_embedding.embedding.weight"],
        model.composition_model.fc.weight.detach().cpu().double()[0],
        found[f"{bases}_ag.frequencies"],
        found[f"{bases}_bg.frequencies"],
        found["angle_basis_expansion.fourier_expansion.frequencies"],
        Matrix.of(torch.cat([found["bond_embedding.weight"], found["bond_weights_ag.weight"]])),
        Matrix.of(found["bond_weights_bg.weight"]),
        Matrix.of(found["angle_embedding.weight"]),
        tuple(convolution(f"atom_conv_layers.{i}", "twoBody_atom") for i in range(4)),
        tuple(convolution(f"bond_conv_layers.{i}", "twoBody_bond") for i in range(3)),
        tuple(gate(f"angle_layers.{i}.twoBody_bond", 1) for i in range(2)),
        found["readout_norm.weight"],
        found["readout_norm.bias"],
        tuple((Matrix.of(found[f"mlp.layers.{i}.weight"]), found[f"mlp.layers.{i}.bias"]) for i in (0, 2, 4, 7)),
    )
