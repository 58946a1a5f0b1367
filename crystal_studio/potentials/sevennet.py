"""SevenNet-0: an equivariant network trained on relaxations of the Materials Project.

Park et al., J. Chem. Theory Comput. 20, 4857 (2024). The weights come with the
``sevenn`` package (MIT; the version of 11 July 2024, trained on MPtrj). They give
uncorrected PBE/PBE+U total energies, to which the MP2020 corrections of the
Materials Project are added (``mp2020``), so that energies of oxides, of other
compounds and of metals stand on one scale.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.errors import ModelError
from crystal_studio.execution.progress_bars import keep_in_process
from crystal_studio.potentials import mp2020
from crystal_studio.potentials.one_by_one import Energies, OneByOne

CHECKPOINT = "7net-0_11July2024"

CUTOFF = 5.0
"""Angstrom: atoms closer than this are neighbours."""

BOUND = 1.25
"""Times the sum of the covalent radii: atoms so near are bound, even where the network does not see so far. Of caesium
metal, whose atoms are 5.3 Angstrom apart, it has learned the energy without seeing a neighbour."""

TOO_CLOSE = 0.4
"""Of the sum of the covalent radii: of atoms that are nearer the network has learned nothing, and says -1e13 eV."""

DEEPEST = 100.0
"""eV/atom: no crystal is bound so strongly."""

MOST_EDGES = 30_000
"""A cell with more pairs of neighbours, some 600 atoms, would fill the memory: each takes 0.13 MB."""


@dataclass(frozen=True)
class _Graph:
    """Neighbours in one crystal: numbers (N,); atoms first, second (E,); vector (E, 3) Angstrom between them."""

    numbers: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    vector: NDArray[np.float64]


class SevenNet(OneByOne):
    """The pretrained network behind the ``Potential`` protocol; see the module for its source."""

    name = "sevennet"
    title = "SevenNet-0 (PBE+U, MP2020 corrections)"
    functional = "PBE+U with MP2020 corrections"
    package = "sevenn"

    def __init__(self, device: str = "cpu") -> None:
        """Load the weights of the installed package; raises ``ModelError`` where that is not possible."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from sevenn import util
        except ImportError as error:
            raise ModelError(
                "The potential SevenNet is not installed: install it with 'pip install crystal-studio[sevennet]', "
                "or choose another potential."
            ) from error
        keep_in_process()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = util.load_checkpoint(CHECKPOINT).build_model()
        except Exception as error:  # a damaged package fails in many ways; all of them have one remedy
            raise ModelError(
                f"The weights of SevenNet cannot be read ({error}): reinstall it with "
                "'pip install --force-reinstall --no-deps sevenn'."
            ) from error
        model.delete_module_by_key("force_output")  # one backward pass of our own gives forces and stress
        model.key_grad = None
        model.set_is_batch_data(True)
        model.eval()
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self.device = device
        self._model = model.to(device)
        self._known = np.zeros(256, bool)
        self._known[list(model.type_map or ())] = True

    def corrections(self, structures: Structures) -> NDArray[np.float64]:
        """(B,) eV/atom that put PBE and PBE+U on one scale."""
        return mp2020.corrections(structures)

    def energy_of(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> float | None:
        """Uncorrected energy (eV); None for isolated atoms, elements that it was not trained on and absurd energies."""
        import torch

        graph = self._graph(lattice, numbers, positions)
        if graph is None:
            return None
        with torch.no_grad():
            energy = float(self._energy(graph, self._tensor(graph.vector)))
        return energy if energy > -DEEPEST * len(numbers) else None

    def evaluation_of(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> Energies | None:
        """Uncorrected energy (eV), forces (eV/Angstrom) and stress (eV/Angstrom^3), None where there is none."""
        import torch

        graph = self._graph(lattice, numbers, positions)
        if graph is None:
            return None
        vector = self._tensor(graph.vector).requires_grad_(True)
        energy = self._energy(graph, vector)
        if not float(energy.detach()) > -DEEPEST * len(numbers):
            return None
        (slope,) = torch.autograd.grad(energy, [vector])
        pull = slope.cpu().double().numpy()  # (E, 3) eV/Angstrom: how the energy grows with each vector
        forces = np.zeros((len(numbers), 3))
        np.add.at(forces, graph.first, pull)
        np.add.at(forces, graph.second, -pull)
        stress = graph.vector.T @ pull / abs(np.linalg.det(lattice))
        return Energies(float(energy.detach()), forces, 0.5 * (stress + stress.T))

    def _energy(self, graph: _Graph, vector: Any) -> Any:
        """Energy (eV) of the cell as a tensor; ``vector`` is the graph's own, tracked where a gradient is wanted."""
        import torch
        from sevenn import _keys

        numbers = torch.from_numpy(graph.numbers).to(self.device)
        size = len(graph.numbers)
        data = {
            _keys.NODE_FEATURE: numbers,
            _keys.ATOMIC_NUMBERS: numbers,
            _keys.EDGE_IDX: torch.from_numpy(np.stack([graph.first, graph.second])).to(self.device),
            _keys.EDGE_VEC: vector,
            _keys.BATCH: torch.zeros(size, dtype=torch.int64, device=self.device),
            _keys.NUM_ATOMS: torch.tensor([size], device=self.device),
        }
        return self._model(data)[_keys.PRED_TOTAL_ENERGY].sum()

    def _tensor(self, vector: NDArray) -> Any:
        import torch

        return torch.tensor(vector, dtype=torch.float32, device=self.device)

    def _graph(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> _Graph | None:
        """All pairs within the cutoff, or None where they cannot stand for the crystal."""
        from pymatgen.optimization.neighbors import find_points_in_spheres

        if (
            not self._known[np.clip(numbers, 0, 255)].all()
            or not np.isfinite(lattice).all()
            or not np.isfinite(positions).all()
        ):
            return None
        cell = np.ascontiguousarray(lattice, float)
        atoms = np.ascontiguousarray((positions % 1.0) @ cell)
        periodic = np.ones(3, np.int64)
        first, second, image, distance = find_points_in_spheres(atoms, atoms, CUTOFF, periodic, cell, 1e-8)
        pairs = distance > 1e-8
        first, second, image = first[pairs].astype(np.int64), second[pairs].astype(np.int64), image[pairs]
        radius = COVALENT_RADII[numbers]
        close = distance[pairs] < TOO_CLOSE * (radius[first] + radius[second])
        if len(first) > MOST_EDGES or close.any():
            return None
        lonely = np.setdiff1d(np.arange(len(numbers)), first)
        if len(lonely) and not np.isin(lonely, _bound(cell, numbers, positions)).all():
            return None
        return _Graph(numbers.astype(np.int64), first, second, atoms[second] + image @ cell - atoms[first])


def _bound(lattice: NDArray, numbers: NDArray, positions: NDArray) -> NDArray[np.int64]:
    """Atoms that have a neighbour as near as a bond."""
    radius = BOUND * COVALENT_RADII[numbers]
    return np.unique(neighbours_within(lattice, positions, radius[:, None] + radius)[0])
