"""How long a campaign will take, from what earlier campaigns of the project took on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crystal_studio.design.forms import FormField
from crystal_studio.design.funnel import said
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.versions import upgraded
from crystal_studio.project.rows import CampaignRow


@dataclass(frozen=True)
class Sample:
    """A finished campaign: what decides its speed (``funnel`` in its plain form), and the seconds that each of its
    candidates took."""

    model: str
    funnel: Any
    options: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """``samples`` of a project, the latest first."""

    samples: tuple[Sample, ...] = ()

    def seconds(self, request: DesignRequest, fields: Sequence[FormField] = ()) -> float | None:
        """Seconds for a request, None where nothing comparable has run; ``fields``: the options of its family."""
        alike = [s for s in self.samples if s.funnel == said(request.funnel)]
        alike = [s for s in alike if not request.model or s.model in ("", request.model)]
        how = [f for f in fields if f.section == "how"]
        alike = [s for s in alike if _same(s, request, [f for f in how if f.kind == "choice"])]
        best = [s for s in alike if _same(s, request, how)] or alike
        return best[0].seconds * request.count if best else None


def _same(sample: Sample, request: DesignRequest, fields: Sequence[FormField]) -> bool:
    return all(sample.options.get(f.name, f.default) == request.options.get(f.name, f.default) for f in fields)


def measure(campaigns: Sequence[CampaignRow]) -> Estimate:
    """The rates of the finished campaigns of a project."""
    samples = []
    for row in reversed(list(campaigns)):
        if row.kind == "generate" and row.state == "finished" and row.requested > 0 and row.seconds > 0:
            asked = upgraded(row.request)
            each = row.seconds / row.requested
            samples.append(Sample(str(asked.get("model", "")), asked["funnel"], dict(asked["options"]), each))
    return Estimate(tuple(samples))
