"""Names and cutoffs of pseudopotentials for Quantum ESPRESSO, from a table that the user can change.

Shipped is the table of SSSP PBE efficiency 1.3.0 (``resources/dft``): names, checksums and recommended cutoffs; the
files are the user's to get. ``CRYSTAL_STUDIO_PSEUDOPOTENTIALS`` names another table in the same format, which is that
of the JSON file of every SSSP library: ``{"Si": {"filename": "Si.UPF", "cutoff_wfc": 30, "cutoff_rho": 240}}``.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from crystal_studio import paths
from crystal_studio.errors import FileError, KnownError

VARIABLE = "CRYSTAL_STUDIO_PSEUDOPOTENTIALS"
"""Environment variable with the path of the user's own table."""


@dataclass(frozen=True)
class Pseudopotential:
    """``filename``; recommended cutoffs of wave functions and density in Ry; ``md5`` of the file, "" where unknown."""

    filename: str
    cutoff_wfc: float
    cutoff_rho: float
    md5: str = ""


def table_path() -> Path:
    """The table in use."""
    return Path(os.environ.get(VARIABLE) or paths.resources() / "dft" / "sssp_pbe_efficiency.json").expanduser()


def pseudopotentials(symbols: Iterable[str]) -> dict[str, Pseudopotential]:
    """That of each element; raises ``KnownError`` where the table lacks one and ``FileError`` where it is none."""
    path, symbols = table_path(), list(symbols)
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        unknown = [symbol for symbol in symbols if symbol not in table]
        found = {symbol: _entry(table[symbol]) for symbol in symbols if symbol in table}
    except OSError as error:
        raise FileError(
            f"The table of pseudopotentials {path} cannot be read ({error.strerror or error}): correct {VARIABLE} or"
            " unset it."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise FileError(
            f"{path} is no table of pseudopotentials ({type(error).__name__}: {error}): write it as"
            ' {"Si": {"filename": "Si.UPF", "cutoff_wfc": 30, "cutoff_rho": 240}}, cutoffs in Ry.'
        ) from error
    if unknown:
        raise KnownError(
            f"The table of pseudopotentials {path} names none for {', '.join(unknown)}: add it there, or name a table"
            f" of your own in {VARIABLE}."
        )
    return found


def _entry(given: dict) -> Pseudopotential:
    cutoffs = float(given["cutoff_wfc"]), float(given["cutoff_rho"])
    name = given["filename"]
    if not isinstance(name, str) or not name or name != Path(name).name or len(name.split()) != 1:
        raise ValueError(f"{name!r} is no name of a file")
    if not all(math.isfinite(value) and value > 0 for value in cutoffs):
        raise ValueError(f"the cutoffs of {name} are not positive")
    return Pseudopotential(name, *cutoffs, str(given.get("md5", "")))
