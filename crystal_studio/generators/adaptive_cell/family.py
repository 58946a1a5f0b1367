"""The adaptive-cell model as a family of generators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from crystal_studio.design.declared import Options
from crystal_studio.design.forms import form
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.generators.adaptive_cell.options import ANCESTRAL, AdaptiveCellOptions
from crystal_studio.generators.family import Capabilities, Family, Feasibility
from crystal_studio.generators.protocol import Generator, ModelCard

if TYPE_CHECKING:
    from crystal_studio.generators.adaptive_cell.plan import Limits


class AdaptiveCellFamily:
    """Structure prediction: composition and space group are given, cell and sites are found together."""

    name = "adaptive-cell"
    title = "Adaptive cell"
    options: type[Options] = AdaptiveCellOptions
    revision = 5  # the best of four, by Langevin processes, where nothing else is asked for
    capabilities = Capabilities(
        modes=("exact",),
        composition=True,
        space_groups=True,
        max_atoms=True,
        needs=("composition",),
        instead=("inequivalent", "template", "keep"),
        completes=False,
    )

    def check(self, request: DesignRequest) -> None:
        """Cell, sites, template and numbers of inequivalent atoms against each other and the core; what only one
        sampler has."""
        from crystal_studio.generators.adaptive_cell.asked import asked

        options = AdaptiveCellOptions.of(request)
        for field in form(AdaptiveCellOptions):
            if (
                field.name in ANCESTRAL
                and options.sampler != "ancestral"
                and getattr(options, field.name) != field.default
            ):
                raise RequestError(
                    f"{field.title} can be set for the ancestral sampler alone: choose that sampler, or leave it at"
                    f" {field.default:g}.",
                    field.name,
                )
        asked(request)

    def look(self, request: DesignRequest, stop: Callable[[], bool]) -> Feasibility:
        """Whether Wyckoff positions of the groups asked for, and the known cell, can hold the composition."""
        from crystal_studio.generators.adaptive_cell import refusals

        try:
            refusals.check(request, self._limits(request))
        except RequestError as error:
            return Feasibility(error)
        return Feasibility()

    def _limits(self, request: DesignRequest) -> Limits:
        """Of the request's model, where it is installed."""
        from crystal_studio.generators import registry
        from crystal_studio.generators.adaptive_cell.expectation import volumes
        from crystal_studio.generators.adaptive_cell.plan import Limits

        try:
            card = registry.card(request.model)
        except ModelError:
            return Limits()
        return Limits.of(card, volumes(registry.folder(card.name))) if card.family == self.name else Limits()

    def cards(self) -> tuple[ModelCard, ...]:
        """None: every model has its folder of weights."""
        return ()

    def load(self, folder: Path, card: ModelCard, device: str) -> Generator:
        """The trained model in a folder."""
        from crystal_studio.generators.adaptive_cell.model import AdaptiveCell

        return AdaptiveCell.load(folder, card, device)


FAMILY: Family = AdaptiveCellFamily()
