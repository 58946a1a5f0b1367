"""What is asked of an improvement: a request, and how its model is to get better at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crystal_studio.design.declared import Options, declare
from crystal_studio.design.request import LARGEST_SEED, DesignRequest


class ImproveOptions(Options):
    """How a model is improved."""

    rounds: int = declare(
        3, "Rounds", "rounds of training and measuring, behind the first measurement", low=1, high=100
    )
    near: float = declare(
        0.1, "Near the hull", "energy above hull up to which a crystal is learnt from", unit="eV/atom", low=0, high=1
    )
    mix: float = declare(0.3, "Share of found crystals", "their share of what is shown in training", low=0.01, high=1)
    temperature: float = declare(
        0.05,
        "Temperature",
        "a crystal is shown less often by exp(-energy above hull / temperature)",
        unit="eV/atom",
        low=0,
        high=10,
        zero="all alike",
        advanced=True,
    )
    minutes: float = declare(5.0, "Minutes", "minutes of training a round", low=0.001, high=100_000)
    rehearse: int = declare(
        2000, "Rehearsed", "crystals of the base data, or samples of the first model, that are shown again", low=20
    )
    earlier: bool = declare(
        True,
        "Earlier campaigns",
        "learn also from what other campaigns of the project have relaxed, as far as it answers the request",
    )
    check: int = declare(
        50, "Checked", "near-hull candidates a round that a second potential judges", low=0, zero="none, without guard"
    )


@dataclass(frozen=True)
class ImprovePlan:
    """One improvement.

    request : what every round generates and how that is judged; its model is the first one
    potential, guard : methods whose energies above hull count: of the potential that relaxes, and of the second one
        ("" for none)
    data : file of the base data; "" for samples of the first model in its place
    first : a campaign of the project that serves as round 0; 0: one is run
    """

    request: DesignRequest
    options: ImproveOptions = field(default_factory=ImproveOptions)
    potential: str = "chgnet"
    guard: str = ""
    data: str = ""
    first: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON."""
        return {
            "request": self.request.to_dict(),
            "options": self.options.plain(),
            "potential": self.potential,
            "guard": self.guard,
            "data": self.data,
            "first": self.first,
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ImprovePlan:
        """The inverse of ``to_dict``."""
        return ImprovePlan(
            DesignRequest.from_dict(dict(values["request"])),
            ImproveOptions(**values["options"]),
            str(values["potential"]),
            str(values["guard"]),
            str(values["data"]),
            int(values["first"]),
        )

    def request_of(self, number: int, model: str) -> DesignRequest:
        """The request of one round: another seed each."""
        return self.request.with_(model=model, seed=(self.request.seed + number) % (LARGEST_SEED + 1))
