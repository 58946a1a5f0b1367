"""What a request for a MOFDiff model can say beyond its core."""

from __future__ import annotations

from crystal_studio.design.declared import Options, declare
from crystal_studio.design.offers import words
from crystal_studio.errors import RequestError
from crystal_studio.generators.common_options import denoising_steps, strength

MOST_STEPS = 1000
"""Denoising steps, beyond which there is nothing to gain."""


MOST_BEST_OF = 100
"""Frameworks made for one that is handed over."""


class MofDiffOptions(Options):
    """``metals``: symbols of those that nodes may hold, "Zn Cu"; ``nodes`` and ``linkers``: names of those allowed, as
    ``mof/naming.py`` reads them, "Cu2/8" and "BDC BTC"; ``blocks`` 0: as many as the model likes.
    ``guidance``: the strength w of the targets where z is drawn; ``search``: steps of Adam in z. ``best_of``:
    frameworks of which one becomes the candidate, where there are targets. ``steps`` 0: the model's own.
    """

    metals: str = declare(
        "",
        "Metals",
        "metals that the nodes may hold, like Zn Cu; all else by the chemical system",
        section="what",
        kind="picked",
        zero="any",
        metavar="SYMBOLS",
        offers="crystal_studio.generators.mofdiff.offers:metals",
    )
    nodes: str = declare(
        "",
        "Nodes",
        "metal nodes allowed, by formula, like Zn4O Cu2/8 (with eight connection points)",
        section="what",
        kind="picked",
        zero="any",
        metavar="NAMES",
        offers="crystal_studio.generators.mofdiff.offers:nodes",
    )
    linkers: str = declare(
        "",
        "Linkers",
        "linkers allowed, by abbreviation or formula, like BDC C9H3O6 bpy/2 (with two connection points)",
        section="what",
        kind="picked",
        zero="any",
        metavar="NAMES",
        offers="crystal_studio.generators.mofdiff.offers:linkers",
    )
    blocks: int = declare(
        0,
        "Building blocks",
        "nodes and linkers in the primitive cell",
        section="what",
        low=0,
        high=20,
        zero="as known frameworks have",
        metavar="N",
    )
    guidance: float = strength()
    search: int = declare(
        0,
        "Search steps",
        "steps of a search in the space of frameworks towards the targets, as MOFDiff was published; 0 for guidance"
        " alone",
        section="targets",
        low=0,
        high=5000,
        step=50,
        advanced=True,
        metavar="N",
    )
    best_of: int = declare(
        8,
        "Best of",
        "N frameworks are made for each candidate, the later ones from the best of the earlier, and those nearest to"
        " the targets are handed over; 1 compares none",
        section="targets",
        low=1,
        high=MOST_BEST_OF,
        metavar="N",
    )
    steps: int = denoising_steps(MOST_STEPS)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metals", " ".join(_metals(self.metals)))
        for name in ("nodes", "linkers"):  # which of them there are, the library says when it is asked
            object.__setattr__(self, name, " ".join(words(getattr(self, name))))
        if self.blocks == 1:
            raise RequestError("A framework has at least two building blocks: ask for more, or for 0 (any).", "blocks")

    @property
    def metal_symbols(self) -> tuple[str, ...]:
        """Those asked for, none for any."""
        return tuple(self.metals.split())


def _metals(text: str) -> list[str]:
    from crystal_studio.crystal.elements import SYMBOLS, atomic_number

    found = list(dict.fromkeys(text.replace(",", " ").replace("-", " ").split()))
    for symbol in found:
        if symbol not in SYMBOLS[1:]:
            raise RequestError(f"There is no metal {symbol!r}: write symbols, like Zn Cu.", "metals")
        from crystal_studio.mof.elements import IS_METAL

        if not IS_METAL[atomic_number(symbol)]:
            raise RequestError(f"{symbol} is no metal: name metals alone, like Zn Cu.", "metals")
    return found
