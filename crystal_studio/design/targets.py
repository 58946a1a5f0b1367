"""Properties to aim at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from crystal_studio.errors import RequestError


@dataclass(frozen=True)
class PropertyTarget:
    """A property asked to lie in ``[low, high]``, in the unit that the property head states."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    name: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z]\w*", self.name):
            raise RequestError(f"{self.name!r} is not the name of a property: write it like band_gap.", "target")
        if not (isfinite(self.low) and isfinite(self.high)):
            raise RequestError(f"The range of {self.name} needs two finite numbers.", "target")
        if not self.low <= self.high:
            raise RequestError(f"The range of {self.name} is upside down: {self.low} > {self.high}.", "target")

    @staticmethod
    def parse(text: str) -> PropertyTarget:
        """From "band_gap=1.0:2.0"."""
        try:
            name, span = text.split("=", 1)
            low, high = span.split(":", 1)
            return PropertyTarget(name.strip(), float(low), float(high))
        except ValueError as error:
            raise RequestError(f"{text!r} is not a target: write it like band_gap=1.0:2.0.", "target") from error
