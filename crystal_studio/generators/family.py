"""What every family of generators offers, whatever its models are: options, capabilities, and how a model is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crystal_studio.design.chemistry import MODES
from crystal_studio.design.declared import Options
from crystal_studio.design.forms import form
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.protocol import Generator, ModelCard


@dataclass(frozen=True)
class Capabilities:
    """Which parts of the core of a request a family can answer.

    modes : the modes of a chemical system that it can keep to
    composition : whether it makes exactly the composition asked for
    space_groups : whether it makes crystals of the space groups asked for
    max_atoms : whether it keeps to a number of atoms in the primitive cell
    needs : fields of the request that have to be given ("composition" for structure prediction)
    instead : options of which any one tells as much as what is needed
    completes : whether it makes further orbits beside those that are kept of a structure
    general : whether it makes crystals of any kind: only such a family has the default model
    funnel : the funnel that suits what it makes, and judges where none is asked for

    The properties to aim at and the elements known stand in the card of each model.
    """

    modes: tuple[str, ...] = MODES
    composition: bool = False
    space_groups: bool = False
    max_atoms: bool = False
    needs: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    completes: bool = True
    general: bool = True
    funnel: str = "quick"


@dataclass(frozen=True)
class Feasibility:
    """What can be said of a request before it is run.

    problem : why no candidate can obey it, or None
    units : by space group, the numbers of formula units that its primitive cell can hold and in how many ways each
        (NaN: too many to count); empty where the family does not tell
    """

    problem: RequestError | None = None
    units: tuple[tuple[int, tuple[tuple[int, float], ...]], ...] = ()


class Family(Protocol):
    """One kind of generator; ``name`` is its name in the registry and in the cards of its models, ``revision`` (from 1)
    is raised whenever the same seed means other candidates than before.

    Its module is imported whenever requests are read or forms drawn: heavy imports belong into ``load``.
    """

    name: str
    title: str
    options: type[Options]
    capabilities: Capabilities
    revision: int

    def check(self, request: DesignRequest) -> None:
        """Raise ``RequestError`` where core and options contradict each other, as far as that can be told
        without a model. Options and capabilities have been checked before."""

    def look(self, request: DesignRequest, stop: Callable[[], bool]) -> Feasibility:
        """What takes up to some seconds to find out of a request that has passed ``check``, asked while it is being
        written; gives up as soon as ``stop()`` is true."""

    def cards(self) -> tuple[ModelCard, ...]:
        """The models that need no folder of weights; mostly none."""

    def load(self, folder: Path, card: ModelCard, device: str) -> Generator:
        """The model of a card on a device ("cpu", "cuda:0", "mps"); ``folder`` is there if its card came from one.

        Raises ``ModelError`` where weights are missing, damaged or do not fit."""


def kinds(family: Family) -> frozenset[str]:
    """The kinds of options that a family has ("template", "keep", ...); see ``design/forms.py``."""
    return frozenset(field.kind for field in form(family.options))
