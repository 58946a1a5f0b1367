"""Whether later rounds go on from a round's model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_kept(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Of two rounds' figures: false where the S.U.N. rate near the hull falls, by the second potential or by the first
    one, by more than the standard error of the difference.

    So a gain that only the first potential sees is none, and neither is one that nobody sees.
    """
    if "guard_near" in now and "guard_near" in before and _falls(now["guard_near"], before["guard_near"]):
        return False
    return not _falls(_with_error(now["alone_near"]), _with_error(before["alone_near"]))


def _falls(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return before["share"] - now["share"] > (now["error"] ** 2 + before["error"] ** 2) ** 0.5


def _with_error(one: Mapping[str, Any]) -> dict[str, float]:
    share, size = one["share"], max(int(one["of"]), 1)
    return {"share": share, "error": (share * (1 - share) / size) ** 0.5}
