"""The potentials that this installation offers.

A potential is named by its key ("chgnet"), or by the key of an adapter and a file of weights after a colon
("mace:/path/to/file.model"; see ``weights_files``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from crystal_studio.candidates.quantities import Method
from crystal_studio.errors import ModelError
from crystal_studio.potentials.protocol import Potential, PotentialClass
from crystal_studio.registry import Registry

POTENTIALS: Registry[PotentialClass] = Registry(
    "potential",
    "crystal_studio.potentials",
    {
        "chgnet": "crystal_studio.potentials.chgnet.potential:CHGNet",
        "sevennet": "crystal_studio.potentials.sevennet:SevenNet",
        "mace": "crystal_studio.potentials.weights_files:Mace",
        "mattersim": "crystal_studio.potentials.weights_files:MatterSim",
        "orb": "crystal_studio.potentials.weights_files:Orb",
        "fairchem": "crystal_studio.potentials.weights_files:FairChem",
    },
    ModelError,
)
"""Classes of potentials; what they need beyond numpy is imported when one is made."""

RAW = "raw:"
"""Stands before the path of a file whose energies are to be left without corrections."""


def available() -> tuple[str, ...]:
    """Names of the potentials that can be used as they are: their packages are installed and bring the weights;
    nothing heavy is imported."""
    return tuple(
        name
        for name, entry in POTENTIALS.all().items()
        if not opens_files(entry) and (not entry.package or _installed(entry.package))
    )


def opens_files(entry: PotentialClass) -> bool:
    """Whether such a potential is named with a file of weights."""
    return bool(getattr(entry, "opens_files", False))


def check(name: str) -> None:
    """Raises ``ModelError`` with the remedy where no potential is named so, or its file is not there."""
    word, _, text = name.partition(":")
    entry = POTENTIALS.get(word)
    if not opens_files(entry):
        if text:
            raise ModelError(f"The potential {word} brings its weights: name it without a file, --potential {word}.")
        return
    if not text.removeprefix(RAW):
        raise ModelError(
            f"The potential {word} needs a file of weights, {getattr(entry, 'files', '')}: name it with its path,"
            f" --potential {word}:/path/to/file."
        )
    if not Path(text.removeprefix(RAW)).is_file():
        raise ModelError(f"There is no file {text.removeprefix(RAW)} with weights for {word}: correct its path.")


def key(name: str) -> str:
    """What stands for a potential beside its values and names its hull: "chgnet", or of "mace:/path/to/small.model"
    "mace-small"."""
    word, _, text = name.partition(":")
    if not text:
        return word
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(text.removeprefix(RAW)).stem)
    return f"{word}-{stem}" + ("-raw" if text.startswith(RAW) else "")


def method(name: str) -> Method:
    """The method that stands beside the values of a potential; raises ``ModelError`` for one that is not known."""
    word, _, text = name.partition(":")
    title = POTENTIALS.get(word).title
    return Method(key(name), "potential", f"{title} ({Path(text.removeprefix(RAW)).name})" if text else title)


def load(name: str, device: str = "cpu") -> Potential:
    """The potential of that name on a device (as torch calls it: "cpu", "cuda:1", "mps"), loaded once a process;
    raises ``ModelError`` with the remedy."""
    return _loaded(name, device)


@lru_cache(maxsize=4)
def _loaded(name: str, device: str) -> Potential:
    check(name)
    word, _, text = name.partition(":")
    entry = POTENTIALS.get(word)
    if not text:
        return entry(device)
    made = entry(device, Path(text.removeprefix(RAW)), text.startswith(RAW))
    made.name, made.title = key(name), method(name).title
    return made


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False
