"""What a judging is asked: which stored candidates, by which stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class JudgeRequest:
    """Which candidates of a project are judged by what.

    ids : candidates, ascending
    funnel : names of funnels and stages, as ``funnel.stages.for_funnel`` takes them
    potential : name of the potential that relaxes
    device : where the stages compute: auto, cpu, cuda, cuda:1 or mps
    """

    ids: tuple[int, ...]
    funnel: str = "quick"
    potential: str = "chgnet"
    device: str = "auto"

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> JudgeRequest:
        """What ``to_dict`` gave."""
        ids = tuple(int(i) for i in data["ids"])
        return JudgeRequest(ids, str(data["funnel"]), str(data["potential"]), str(data["device"]))

    @staticmethod
    def of(ids: Iterable[int], **more: str) -> JudgeRequest:
        """Of candidates in any order."""
        return JudgeRequest(tuple(sorted({int(i) for i in ids})), **more)
