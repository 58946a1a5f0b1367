"""Potentials whose weights no package brings: adapters that open a file which the user has.

``--potential mace:/path/to/file.model`` names the adapter and the file. Energies get the MP2020 corrections, as weights
trained on the Materials Project's way of computing (MPtrj, Alexandria, OMat24: PBE and PBE+U side by side) need them;
``mace:raw:/path/to/file.model`` leaves them as they are, for weights trained on one functional throughout. The file is
read by the package that it belongs to and can hold code: open only one whose origin you trust. Its energy above hull
needs a hull of its own: ``python -m crystal_studio.funnel.build_hull --potential mace:/path/to/file.model --data DIR``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crystal_studio.errors import ModelError
from crystal_studio.execution.progress_bars import keep_in_process
from crystal_studio.potentials.ase_calculator import AseCalculator


class WeightsFile(AseCalculator):
    """What the adapters share: the file is checked, the package asked for, and failures told with a remedy.

    opens_files : true for every class whose weights are named with a file
    install : what pip installs; files : what such a file is called
    """

    functional = "that of the weights"
    opens_files = True
    install = ""
    files = ""

    def __init__(self, device: str, file: Path, raw: bool = False) -> None:
        """Open a file of weights; raises ``ModelError`` with the remedy where that is not possible."""
        try:
            calculator = self.calculator(file, device)
        except ImportError as error:
            raise ModelError(
                f"The potential {self.name} needs the package {self.install}, which is not installed ({error}):"
                f" install it with 'pip install {self.install}', in an environment of its own if pip sees conflicts."
            ) from error
        except Exception as error:  # a file of another kind, another version or damaged: packages fail in many ways
            raise ModelError(
                f"The file {file} cannot be read as weights of {self.name} ({type(error).__name__}: {error}): name"
                f" {self.files}, or update the package with 'pip install --upgrade {self.install}'."
            ) from error
        super().__init__(calculator, device, corrected=not raw)

    def calculator(self, file: Path, device: str) -> Any:
        """ASE's calculator with the weights of the file."""
        raise NotImplementedError


class Mace(WeightsFile):
    """MACE, Batatia et al., arXiv:2206.07697."""

    name = "mace"
    title = "MACE"
    package = "mace"
    install = "mace-torch"
    files = "a model of mace-torch, such as mace-mpa-0-medium.model"

    def calculator(self, file: Path, device: str) -> Any:
        from mace.calculators import MACECalculator

        keep_in_process()
        return MACECalculator(model_paths=str(file), device=device, default_dtype="float64")


class MatterSim(WeightsFile):
    """MatterSim, Yang et al., arXiv:2405.04967."""

    name = "mattersim"
    title = "MatterSim"
    package = "mattersim"
    install = "mattersim"
    files = "a checkpoint of mattersim, such as mattersim-v1.0.0-1M.pth"

    def calculator(self, file: Path, device: str) -> Any:
        from mattersim.forcefield import MatterSimCalculator
        from mattersim.forcefield.potential import Potential

        # An absolute path: the package takes the bare name of a published model as a wish to download it.
        weights = Potential.from_checkpoint(str(file.absolute()), device=device, load_training_state=False)
        return MatterSimCalculator(potential=weights, device=device)


class Orb(WeightsFile):
    """Orb, Neumann et al., arXiv:2410.22570; the name of the file says which of its networks it belongs to."""

    name = "orb"
    title = "Orb"
    package = "orb_models"
    install = "orb-models==0.5.5"
    files = "a published checkpoint under its own name, such as orb-v3-conservative-inf-mpa-20250404.ckpt"

    def calculator(self, file: Path, device: str) -> Any:
        from orb_models.forcefield import pretrained
        from orb_models.forcefield.calculator import ORBCalculator

        makers = pretrained.ORB_PRETRAINED_MODELS
        fitting = [name for name in makers if file.name.startswith(name)]
        if not fitting:
            raise ValueError(f"its name begins with none of {', '.join(makers)}")
        network = makers[max(fitting, key=len)](weights_path=str(file.absolute()), device=device, compile=False)
        return ORBCalculator(network, device=device)


class FairChem(WeightsFile):
    """UMA and eSEN of FAIR chemistry, Wood et al., arXiv:2506.23971, with the task of inorganic crystals."""

    name = "fairchem"
    title = "FAIR chemistry"
    package = "fairchem"
    install = "fairchem-core"
    files = "a checkpoint of fairchem-core, such as uma-s-1p1.pt"

    def calculator(self, file: Path, device: str) -> Any:
        from fairchem.core import FAIRChemCalculator
        from fairchem.core.units.mlip_unit import load_predict_unit

        # "batch" keeps the network ready for a crystal of other elements each time.
        unit = load_predict_unit(file, "batch", device="cuda" if device.startswith("cuda") else "cpu")
        return FAIRChemCalculator(unit, task_name="omat" if "omat" in unit.dataset_to_tasks else None)
