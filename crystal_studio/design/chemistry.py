"""Which elements a crystal may, must and must not hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.errors import RequestError

MODES = ("exact", "subset", "contains", "any")


@dataclass(frozen=True)
class ChemicalSystem:
    """Which elements a crystal may, must and must not hold.

    ``exact``: all of ``elements`` and no other. ``subset``: only elements among
    them. ``contains``: all of them, others allowed. ``any``: no restriction but
    ``excluded``. ``required`` are elements that must occur in every mode.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    elements: tuple[str, ...] = ()
    mode: str = "any"
    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise RequestError(f"Unknown mode {self.mode!r}: choose one of {', '.join(MODES)}.", "mode")
        for symbol in (*self.elements, *self.required, *self.excluded):
            atomic_number(symbol)
        if self.mode != "any" and not self.elements:
            raise RequestError("The chemical system is empty: pick at least one element.", "chemsys")
        clash = sorted(set(self.must) & set(self.excluded))
        if clash:
            raise RequestError(f"{', '.join(clash)} cannot be both required and excluded.", "chemsys")
        if self.mode in ("exact", "subset"):
            outside = sorted(set(self.required) - set(self.elements))
            if outside:
                raise RequestError(
                    f"{', '.join(outside)} is required but not among the allowed elements: add it or drop it.",
                    "chemsys",
                )
            if not self.allowed:
                raise RequestError("Every element of the chemical system is excluded.", "chemsys")

    @property
    def must(self) -> tuple[str, ...]:
        """Elements that have to be in every crystal."""
        base = self.elements if self.mode in ("exact", "contains") else ()
        return tuple(sorted({*base, *self.required}, key=SYMBOLS.index))

    @property
    def allowed(self) -> tuple[str, ...]:
        """Elements that may be in a crystal."""
        base = self.elements if self.mode in ("exact", "subset") else SYMBOLS[1:]
        return tuple(s for s in base if s not in self.excluded)

    @staticmethod
    def parse(text: str, mode: str = "exact", **more: tuple[str, ...]) -> ChemicalSystem:
        """From typed text: "Li-Mn-O", "LiMn2O4" or "*-O" (contains O)."""
        text = text.strip()
        if "*" in text:
            mode, text = "contains", text.replace("*", "")
        parts = [p for p in re.split(r"[\s,\-]+", text) if p]
        symbols: list[str] = []
        for part in parts:
            symbols += list(parse_formula(part)) if not _is_symbol(part) else [part]
        return ChemicalSystem(tuple(dict.fromkeys(symbols)), mode, **more)


def _is_symbol(text: str) -> bool:
    return text in SYMBOLS
