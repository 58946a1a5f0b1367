"""The funnels that a request can ask for, as sequences of stages."""

from __future__ import annotations

from crystal_studio.errors import RequestError
from crystal_studio.funnel.composition import Composition
from crystal_studio.funnel.geometry import Geometry
from crystal_studio.funnel.novelty import Novelty
from crystal_studio.funnel.properties import Properties
from crystal_studio.funnel.protocol import Stage
from crystal_studio.funnel.relaxation import Relaxation
from crystal_studio.funnel.stability import Stability
from crystal_studio.funnel.symmetry import SpaceGroup
from crystal_studio.funnel.uniqueness import Uniqueness


def _cheap() -> tuple[Stage, ...]:
    return Geometry(), Composition(), SpaceGroup(), Uniqueness(), Novelty(), Properties()


def quick() -> tuple[Stage, ...]:
    """Geometry to predicted properties, then a relaxation to 0.1 eV/Angstrom and the energy above hull."""
    return *_cheap(), Relaxation(), Stability()


def full() -> tuple[Stage, ...]:
    """The quick funnel with a relaxation to 0.03 eV/Angstrom in up to 500 steps."""
    return *_cheap(), Relaxation(max_steps=500, fmax=0.03), Stability()


def for_funnel(name: str) -> tuple[Stage, ...]:
    """The stages of a funnel by its name in a request: none, quick or full; ``RequestError`` otherwise."""
    makers = {"none": tuple, "quick": quick, "full": full}
    if name not in makers:
        raise RequestError(f"Unknown funnel {name!r}: choose one of {', '.join(makers)}.", "funnel")
    return makers[name]()
