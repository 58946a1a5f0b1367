"""SymmCD as a family of generators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crystal_studio.design.declared import Options
from crystal_studio.design.fixed_sites import check_sites
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.family import Capabilities, Family, Feasibility
from crystal_studio.generators.protocol import Generator, ModelCard
from crystal_studio.generators.symmcd.options import SymmCDOptions


class SymmCDFamily:
    """Diffusion over asymmetric units with the space group given first; see ``generators/family.py``."""

    name = "symmcd"
    title = "SymmCD"
    options: type[Options] = SymmCDOptions
    capabilities = Capabilities(composition=True, space_groups=True, max_atoms=True)
    revision = 3  # targets at the hull lead away from less stable crystals, not from no target

    def check(self, request: DesignRequest) -> None:
        """Template and kept orbits against the rest of the request."""
        options = SymmCDOptions.of(request)
        check_sites(options.template, options.keep, request)

    def look(self, request: DesignRequest, stop: Callable[[], bool]) -> Feasibility:
        """What the Wyckoff positions of the groups asked for can hold."""
        from crystal_studio.generators.symmcd.feasible import look

        return look(request, stop)

    def cards(self) -> tuple[ModelCard, ...]:
        """None: every model has its folder of weights."""
        return ()

    def load(self, folder: Path, card: ModelCard, device: str) -> Generator:
        """The trained model in a folder."""
        from crystal_studio.generators.symmcd.model import SymmCD

        return SymmCD.load(folder, card, device)


FAMILY: Family = SymmCDFamily()
