"""What can be picked for a declared field by its name: offered by a function that the field names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sketch:
    """Something to draw of m atoms, k bonds and p loose ends.

    symbols : m element symbols; positions (m, 3) Angstrom
    bonds : (k, 2) rows of both atoms, order (k,) 0 where not known
    ends : (p, 3) Angstrom, where it is joined to others; end_atom (p,) the atom that each hangs on
    """

    symbols: tuple[str, ...]
    positions: NDArray[np.float64]
    bonds: NDArray[np.int32]
    order: NDArray[np.float32]
    ends: NDArray[np.float64]
    end_atom: NDArray[np.int32]


@dataclass(frozen=True)
class Offer:
    """One thing to pick.

    value : the word that a request holds; title : for people; formula : "" where it has none
    points : connection points, 0 where that means nothing; count : how often it is known
    about : what else is known of it, which a search finds too
    sketch : its drawing, made when it is asked for; None where there is none
    """

    value: str
    title: str
    formula: str = ""
    points: int = 0
    count: int = 0
    about: str = ""
    sketch: Callable[[], Sketch] | None = None


@cache
def offered(source: str) -> tuple[Offer, ...]:
    """What the function ``source`` ("package.module:function") offers; raises ``KnownError`` as that does."""
    module, _, name = source.partition(":")
    found: tuple[Offer, ...] = getattr(import_module(module), name)()
    return found


def words(text: str) -> list[str]:
    """What was picked, written with spaces or commas between, each once."""
    return list(dict.fromkeys(text.replace(",", " ").split()))
