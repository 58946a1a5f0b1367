"""What a judging is asked: which stored candidates, by which stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crystal_studio.design.funnel import Asked, asked, said


@dataclass(frozen=True)
class JudgeRequest:
    """Which candidates of a project are judged by what.

    ids : candidates, ascending
    funnel : names of funnels and stages, or the stages themselves, as ``funnel.stages.for_funnel`` takes them
    potential : name of the potential that relaxes
    device : where the stages compute: auto, cpu, cuda, cuda:1 or mps
    """

    ids: tuple[int, ...]
    funnel: Asked = "quick"
    potential: str = "chgnet"
    device: str = "auto"

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON."""
        return {"ids": self.ids, "funnel": said(self.funnel), "potential": self.potential, "device": self.device}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> JudgeRequest:
        """What ``to_dict`` gave."""
        ids = tuple(int(i) for i in data["ids"])
        return JudgeRequest(ids, asked(data["funnel"]), str(data["potential"]), str(data["device"]))

    @staticmethod
    def of(ids: Iterable[int], **more: Any) -> JudgeRequest:
        """Of candidates in any order."""
        return JudgeRequest(tuple(sorted({int(i) for i in ids})), **more)
