"""Whether a request would make the crystals over again that a campaign of the project has made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crystal_studio.design.request import DesignRequest
from crystal_studio.project.rows import CampaignRow

NOT_MADE_BY = ("version", "count", "device", "funnel", "potential")
"""Fields that decide how many crystals are made, where, and how they are judged, but not which."""


def made_before(request: DesignRequest, campaigns: Sequence[CampaignRow]) -> CampaignRow | None:
    """The latest campaign that made crystals by the same request from the same seed, if there is one."""
    wanted = _what(request.to_dict())
    return next((row for row in reversed(campaigns) if row.kind == "generate" and _what(row.request) == wanted), None)


def _what(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name not in NOT_MADE_BY}
