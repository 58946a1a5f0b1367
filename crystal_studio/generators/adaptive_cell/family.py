"""The adaptive-cell model as a family of generators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crystal_studio.design.declared import Options
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions
from crystal_studio.generators.family import Capabilities, Family, Feasibility
from crystal_studio.generators.protocol import Generator, ModelCard


class AdaptiveCellFamily:
    """Structure prediction: composition and space group are given, cell and sites are found together."""

    name = "adaptive-cell"
    title = "Adaptive cell"
    options: type[Options] = AdaptiveCellOptions
    revision = 1
    capabilities = Capabilities(
        modes=("exact",), composition=True, space_groups=True, max_atoms=True, needs=("composition",)
    )

    def check(self, request: DesignRequest) -> None:
        """Nothing beyond what core and options say."""

    def look(self, request: DesignRequest, stop: Callable[[], bool]) -> Feasibility:
        """Whether the Wyckoff positions of the groups asked for can hold the composition."""
        from crystal_studio.generators.adaptive_cell import plan

        if not request.composition:
            return Feasibility()
        try:
            plan.check(request)
        except RequestError as error:
            return Feasibility(error)
        return Feasibility()

    def cards(self) -> tuple[ModelCard, ...]:
        """None: every model has its folder of weights."""
        return ()

    def load(self, folder: Path, card: ModelCard, device: str) -> Generator:
        """The trained model in a folder."""
        from crystal_studio.generators.adaptive_cell.model import AdaptiveCell

        return AdaptiveCell.load(folder, card, device)


FAMILY: Family = AdaptiveCellFamily()
