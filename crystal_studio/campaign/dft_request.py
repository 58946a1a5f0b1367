"""What a run of DFT is asked: which stored candidates, by which code with which settings, here or elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from crystal_studio.dft.protocol import Settings
from crystal_studio.errors import RequestError

STAGE = "dft"
"""The stage that verdicts of DFT are stored under; the run is stored as a judging of the funnel of that name."""

LOCAL, BUNDLE = "local", "bundle"


@dataclass(frozen=True)
class DftRequest:
    """Which candidates of a project are computed.

    ids : candidates, ascending
    code : name of the DFT code
    submit : "local" (computed here) or "bundle" (inputs for elsewhere, results are collected)
    folder : where the folders of the jobs lie, one a candidate; "" for beside the project
    run : key that ties the folders of the jobs to this run
    """

    ids: tuple[int, ...]
    code: str = "gpaw"
    submit: str = LOCAL
    settings: Settings = field(default_factory=Settings)
    folder: str = ""
    run: str = field(default_factory=lambda: uuid4().hex)

    def __post_init__(self) -> None:
        if self.submit not in (LOCAL, BUNDLE):
            raise RequestError(f"DFT is not handed in to {self.submit!r}: choose {LOCAL} or {BUNDLE}.", "submit")

    def to_dict(self) -> dict[str, Any]:
        """Fit for JSON, and a request for a judging."""
        about = {name: getattr(self, name) for name in ("code", "submit", "folder", "run")}
        return {
            "ids": list(self.ids),
            "funnel": STAGE,
            "stages": [STAGE],
            "potential": "",
            "device": "cpu",
            STAGE: about | {"settings": self.settings.as_json()},
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> DftRequest:
        """What ``to_dict`` gave."""
        about = dict(data[STAGE])
        settings = Settings.of_json(about.pop("settings"))
        return DftRequest(tuple(int(i) for i in data["ids"]), settings=settings, **about)

    @staticmethod
    def of(ids: Iterable[int], **more: Any) -> DftRequest:
        """Of candidates in any order."""
        return DftRequest(tuple(sorted({int(i) for i in ids})), **more)


def is_dft(request: Mapping[str, Any]) -> bool:
    """Whether the request of a campaign asks for DFT."""
    return STAGE in request
