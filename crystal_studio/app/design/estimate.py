"""How long a campaign will take, from what earlier campaigns of the project took on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crystal_studio.app.design.form import Form
from crystal_studio.design.versions import upgraded
from crystal_studio.project.rows import CampaignRow


@dataclass(frozen=True)
class Estimate:
    """``samples``: (model, funnel, (sampler, steps), seconds a candidate) of finished campaigns, the latest first."""

    samples: tuple[tuple[str, str, tuple[str, int], float], ...] = ()

    def seconds(self, form: Form) -> float | None:
        """Seconds for a request, None where nothing comparable has run."""
        alike = [s for s in self.samples if s[1] == form.funnel and (not form.model or s[0] in ("", form.model))]
        alike = [s for s in alike if s[2][0] == form.sampler]
        same = [s for s in alike if s[2][1] == form.steps] or alike
        return same[0][3] * form.count if same else None


def measure(campaigns: Sequence[CampaignRow]) -> Estimate:
    """The rates of the finished campaigns of a project."""
    samples = []
    for row in reversed(list(campaigns)):
        if row.state == "finished" and row.requested > 0 and row.seconds > 0 and row.request.get("funnel"):
            request = upgraded(row.request)
            options = request["options"]
            samples.append(
                (
                    str(request.get("model", "")),
                    str(request["funnel"]),
                    (str(options.get("sampler", "fast")), int(options.get("steps", 0))),
                    row.seconds / row.requested,
                )
            )
    return Estimate(tuple(samples))
