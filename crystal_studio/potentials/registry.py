"""The potentials that this installation offers."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

from crystal_studio.errors import ModelError
from crystal_studio.potentials.protocol import Potential

_PACKAGES = {"chgnet": "chgnet"}
"""Name of a potential and the package that carries its weights."""


def available() -> tuple[str, ...]:
    """Names of the potentials whose packages are installed; nothing heavy is imported."""
    return tuple(name for name, package in _PACKAGES.items() if find_spec(package) is not None)


@lru_cache(maxsize=2)
def load(name: str, device: str = "cpu") -> Potential:
    """The potential of that name, loaded once a process; raises ``ModelError`` with the remedy."""
    if name not in _PACKAGES:
        raise ModelError(f"There is no potential {name!r}: choose one of {', '.join(_PACKAGES)}.")
    from crystal_studio.potentials.chgnet import CHGNet

    return CHGNet(device)
