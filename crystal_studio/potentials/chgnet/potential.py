"""CHGNet 0.3.0: a graph network trained on relaxations of the Materials Project.

Deng et al., Nature Machine Intelligence 5, 1031 (2023). The weights come with
the ``chgnet`` package (BSD). Its energies are PBE/PBE+U total energies with the
MP2020 corrections already applied, in eV/atom.
"""

from __future__ import annotations

import contextlib
import io

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound
from crystal_studio.errors import ModelError
from crystal_studio.potentials.look import Look
from crystal_studio.potentials.protocol import Cautious, Evaluation, Relaxation, no_evaluation
from crystal_studio.potentials.reduced import ReducedCell
from crystal_studio.potentials.relaxation import AT_ONCE, relax

FEATURES = 64
"""Numbers by which the network knows a crystal."""


class CHGNet:
    """The pretrained network behind the ``Potential`` protocol; see the module for its source."""

    name = "chgnet"
    title = "CHGNet 0.3.0 (PBE+U, MP2020 corrections)"
    functional = "PBE+U with MP2020 corrections"
    package = "chgnet"

    def __init__(self, device: str = "cpu") -> None:
        """Load the weights of the installed package; raises ``ModelError`` where that is not possible."""
        try:
            from chgnet.model import CHGNet as Package
        except ImportError as error:
            raise ModelError(
                "The potential CHGNet is not installed: install it with 'pip install chgnet', "
                "or choose the funnel without relaxation."
            ) from error
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                model = Package.load(model_name="0.3.0", use_device=device, verbose=False)
        except Exception as error:  # a damaged package fails in many ways; all of them have one remedy
            raise ModelError(
                f"The weights of CHGNet cannot be read ({error}): reinstall it with "
                "'pip install --force-reinstall --no-deps chgnet'."
            ) from error
        from crystal_studio.potentials.chgnet.network import Network

        self.device = device
        self._network = Network(model.eval(), device)

    def energies(self, structures: Structures) -> NDArray[np.float64]:
        """(B,) eV/atom at the given geometry; NaN for isolated atoms and elements beyond plutonium."""
        found = np.full(len(structures), np.nan)
        rows = np.flatnonzero(is_sound(structures, COMPUTABLE))
        from crystal_studio.potentials.chgnet.evaluator import QuotientEvaluator

        evaluator = QuotientEvaluator(self._network, skin=0.0)
        for start in range(0, len(rows), AT_ONCE):
            chosen = rows[start : start + AT_ONCE].tolist()
            cells = [_reduced(structures, i) for i in chosen]
            gradients = evaluator.evaluate(
                [evaluator.prepare(cell) for cell in cells], [cell.start for cell in cells], slopes=False
            )
            for i, cell, gradient in zip(chosen, cells, gradients, strict=True):
                if gradient is not None and np.isfinite(gradient.energy):
                    found[i] = gradient.energy / len(cell.numbers)
        return found

    def features(self, structures: Structures) -> NDArray[np.float64]:
        """(B, 64) of each crystal at the given geometry, the mean over its atoms of the normalised features that
        energies are read out of; NaN where the potential has no answer."""
        from crystal_studio.potentials.chgnet.evaluator import QuotientEvaluator

        rows = np.flatnonzero(is_sound(structures, COMPUTABLE))
        evaluator = QuotientEvaluator(self._network, skin=0.0)
        found = np.full((len(structures), FEATURES), np.nan)
        for start in range(0, len(rows), AT_ONCE):
            chosen = rows[start : start + AT_ONCE]
            cells = [_reduced(structures, i) for i in chosen.tolist()]
            found[chosen] = evaluator.features([evaluator.prepare(cell) for cell in cells], [c.start for c in cells])
        return found

    def look(self, structures: Structures) -> Look:
        """Energy, and how hard it pulls along what symmetry leaves free, out of one evaluation."""
        from crystal_studio.potentials.chgnet.evaluator import QuotientEvaluator

        found = Look.unknown(len(structures))
        rows = np.flatnonzero(is_sound(structures, COMPUTABLE))
        evaluator = QuotientEvaluator(self._network, skin=0.0)
        for start in range(0, len(rows), AT_ONCE):
            chosen = rows[start : start + AT_ONCE].tolist()
            cells = [_reduced(structures, i) for i in chosen]
            gradients = evaluator.evaluate([evaluator.prepare(cell) for cell in cells], [cell.start for cell in cells])
            for i, cell, gradient in zip(chosen, cells, gradients, strict=True):
                if gradient is not None and gradient.finite:
                    found.take_in(i, cell, gradient)
        return found

    def evaluate(self, structures: Structures) -> Evaluation:
        """Energies, forces and stresses at the given geometry, of every atom without regard to symmetry."""
        from crystal_studio.potentials.chgnet.evaluator import QuotientEvaluator

        found = no_evaluation(structures)
        rows = np.flatnonzero(is_sound(structures, COMPUTABLE))
        evaluator = QuotientEvaluator(self._network, skin=0.0)
        for start in range(0, len(rows), AT_ONCE):
            chosen = rows[start : start + AT_ONCE].tolist()
            cells = [ReducedCell(*structures.cell(i), symmetric=False) for i in chosen]
            gradients = evaluator.evaluate([evaluator.prepare(cell) for cell in cells], [cell.start for cell in cells])
            for i, cell, gradient in zip(chosen, cells, gradients, strict=True):
                if gradient is not None and gradient.finite:
                    virial = 0.5 * (gradient.virial + gradient.virial.T)
                    found.energy_per_atom[i] = gradient.energy / len(cell.numbers)
                    found.forces[structures.atoms(i)] = -gradient.positions
                    found.stress[i] = virial / structures.volume[i]
        return found

    def relax(
        self,
        structures: Structures,
        max_steps: int = 120,
        fmax: float = 0.1,
        symmetric: bool = True,
        cautious: Cautious | None = None,
        moving_cell: bool = True,
    ) -> Relaxation:
        """Positions and cells moved downhill on quotient graphs, many at once; see ``relaxation.relax``."""
        from crystal_studio.potentials.chgnet.evaluator import QuotientEvaluator

        return relax(structures, QuotientEvaluator(self._network), max_steps, fmax, symmetric, cautious, moving_cell)


def _reduced(structures: Structures, i: int) -> ReducedCell:
    cell = primitive_cell(*structures.cell(i))
    return ReducedCell(cell.lattice, cell.numbers, cell.positions)
