"""MOFDiff as a family of generators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crystal_studio.design.declared import Options
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError, RequestError
from crystal_studio.generators.family import Capabilities, Family, Feasibility
from crystal_studio.generators.mofdiff.options import MofDiffOptions
from crystal_studio.generators.protocol import Generator, ModelCard


class MofDiffFamily:
    """Metal-organic frameworks: a coarse-grained one is drawn, then put together from building blocks."""

    name = "mofdiff"
    title = "MOFDiff"
    options: type[Options] = MofDiffOptions
    capabilities = Capabilities(completes=False, general=False, funnel="mof")
    revision = 2  # towards targets the best of eight, by what they are once built

    def check(self, request: DesignRequest) -> None:
        """Metals against the chemical system."""
        options = MofDiffOptions.of(request)
        allowed = set(request.chemical_system.allowed)
        if options.metal_symbols and not allowed & set(options.metal_symbols):
            raise RequestError(
                f"The chemical system allows none of the metals {', '.join(options.metal_symbols)}: add one of them, or"
                " name others.",
                "metals",
            )

    def look(self, request: DesignRequest, stop: Callable[[], bool]) -> Feasibility:
        """Whether blocks of the library can be put together as is asked."""
        from crystal_studio.generators.mofdiff.wanted import blocks_wanted
        from crystal_studio.mof.library import shipped_blocks

        try:
            blocks_wanted(request, shipped_blocks())
        except RequestError as error:
            return Feasibility(error)
        except KnownError:  # a damaged library is told where the model is loaded
            return Feasibility()
        return Feasibility()

    def cards(self) -> tuple[ModelCard, ...]:
        """None: every model has its folder of weights."""
        return ()

    def load(self, folder: Path, card: ModelCard, device: str) -> Generator:
        """The trained model in a folder."""
        from crystal_studio.generators.mofdiff.model import MofDiff

        return MofDiff.load(folder, card, device)


FAMILY: Family = MofDiffFamily()
