"""The potentials that this installation offers."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

from crystal_studio.candidates.quantities import Method
from crystal_studio.errors import ModelError
from crystal_studio.potentials.protocol import Potential, PotentialClass
from crystal_studio.registry import Registry

POTENTIALS: Registry[PotentialClass] = Registry(
    "potential",
    "crystal_studio.potentials",
    {
        "chgnet": "crystal_studio.potentials.chgnet:CHGNet",
        "sevennet": "crystal_studio.potentials.sevennet:SevenNet",
    },
    ModelError,
)
"""Classes of potentials; what they need beyond numpy is imported when one is made."""


def available() -> tuple[str, ...]:
    """Names of the potentials whose packages are installed; nothing heavy is imported."""
    return tuple(name for name, entry in POTENTIALS.all().items() if not entry.package or _installed(entry.package))


def method(name: str) -> Method:
    """The method that stands beside the values of a potential; raises ``ModelError`` for one that is not known."""
    return Method(name, "potential", POTENTIALS.get(name).title)


def load(name: str, device: str = "cpu") -> Potential:
    """The potential of that name on a device (as torch calls it: "cpu", "cuda:1", "mps"), loaded once a process;
    raises ``ModelError`` with the remedy."""
    return _loaded(name, device)


@lru_cache(maxsize=4)
def _loaded(name: str, device: str) -> Potential:
    return POTENTIALS.get(name)(device)


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False
