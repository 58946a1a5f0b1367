"""CHGNet 0.3.0: a graph network trained on relaxations of the Materials Project.

Deng et al., Nature Machine Intelligence 5, 1031 (2023). The weights come with
the ``chgnet`` package (BSD). Its energies are PBE/PBE+U total energies with the
MP2020 corrections already applied, in eV/atom.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound
from crystal_studio.errors import ModelError
from crystal_studio.potentials.protocol import Relaxation
from crystal_studio.potentials.relaxation import Energies, relax_each

HIGHEST_NUMBER = 94
"""CHGNet embeds the elements up to plutonium."""

GPA_PER_EV_A3 = 160.21766208


class CHGNet:
    """The pretrained network behind the ``Potential`` protocol; see the module for its source."""

    name = "chgnet"
    title = "CHGNet 0.3.0 (PBE+U, MP2020 corrections)"
    functional = "PBE+U with MP2020 corrections"
    package = "chgnet"

    def __init__(self, device: str = "cpu") -> None:
        """Load the weights of the installed package; raises ``ModelError`` where that is not possible."""
        try:
            from chgnet.model import CHGNet as Network
        except ImportError as error:
            raise ModelError(
                "The potential CHGNet is not installed: install it with 'pip install chgnet', "
                "or choose the funnel without relaxation."
            ) from error
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                model = Network.load(model_name="0.3.0", use_device=device, verbose=False)
        except Exception as error:  # a damaged package fails in many ways; all of them have one remedy
            raise ModelError(
                f"The weights of CHGNet cannot be read ({error}): reinstall it with "
                "'pip install --force-reinstall --no-deps chgnet'."
            ) from error
        model.eval()
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self.device = device
        self._model = model

    def energies(self, structures: Structures) -> NDArray[np.float64]:
        """(B,) eV/atom at the given geometry; NaN for isolated atoms and elements beyond plutonium."""
        import torch

        found = np.full(len(structures), np.nan)
        for i in np.flatnonzero(is_sound(structures, COMPUTABLE)).tolist():
            rows = structures.atoms(i)
            graph = self._graph(structures.lattice[i], structures.numbers[rows], structures.positions[rows])
            if graph is None:
                continue
            with torch.no_grad():
                energy = float(self._model.forward([graph], task="e")["e"][0])
            if np.isfinite(energy):
                found[i] = energy
        return found

    def relax(self, structures: Structures, max_steps: int = 120, fmax: float = 0.1) -> Relaxation:
        """Positions and cells moved downhill, space group kept; see ``relaxation.relax_each``."""
        return relax_each(structures, self._evaluate, max_steps, fmax)

    def _evaluate(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> Energies | None:
        """Energy (eV), forces (eV/Angstrom) and stress (eV/Angstrom^3) of one crystal, None where there is none.

        One backward pass over energy alone: the package's own task "efs" builds
        the graph of second derivatives that only training needs, at twice the cost.
        """
        import torch
        from chgnet.model.model import BatchedGraph

        graph = self._graph(lattice, numbers, positions)
        if graph is None:
            return None
        model = self._model
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            batch = BatchedGraph.from_graphs(
                [graph],
                bond_basis_expansion=model.bond_basis_expansion,
                angle_basis_expansion=model.angle_basis_expansion,
                compute_stress=True,
            )
        per_atom = model._compute(batch)["e"].sum()
        energy = per_atom * len(numbers)
        forces, strain = torch.autograd.grad(energy, [batch.atom_positions[0], batch.strains[0]])
        reference = model.composition_model([graph])[0] * len(numbers) if model.composition_model is not None else 0.0
        volume = abs(np.linalg.det(lattice))
        stress = strain.cpu().double().numpy() / volume
        return Energies(
            float(energy.detach()) + float(reference),
            -forces.cpu().double().numpy(),
            0.5 * (stress + stress.T),
        )

    def _graph(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> Any:
        """CHGNet's crystal graph, or None where it cannot stand for the crystal."""
        from pymatgen.core import Lattice, Structure

        if numbers.max() > HIGHEST_NUMBER or not np.isfinite(lattice).all() or not np.isfinite(positions).all():
            return None
        structure = Structure(Lattice(lattice), numbers.tolist(), positions)
        try:
            return self._model.graph_converter(structure).to(self.device)
        except (ValueError, RuntimeError):  # an atom without neighbours within 6 Angstrom, or a crowded bond graph
            return None
