"""Which stages judge the candidates, as a plain value: in which order, with which options, and what only marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar

from crystal_studio.design.declared import Declared, plain
from crystal_studio.errors import RequestError

FUNNELS = {
    "quick": ("Quick", "Geometry, composition, symmetry, uniqueness, novelty, relaxation, energy above hull"),
    "full": ("Full", "As quick, with the relaxation carried to 0.03 eV/Å"),
    "mof": (
        "Frameworks",
        "Metal-organic frameworks: chemical sense, uniqueness, novelty, relaxation by UFF, pores",
    ),
    "none": ("None", "Generate only; the funnel can be run later"),
}
"""The funnels that every installation has: title and what each does."""


class ChosenStage(Declared):
    """One stage of a funnel.

    stage : its name in the registry of stages
    rejects : whether its reasons reject, else they only mark; None: as is usual for the stage
    options : those that differ from the usual ones, as plain lists, strings and numbers
    """

    called: ClassVar[str] = "funnel"

    stage: str
    rejects: bool | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def given(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "options": plain(values["options"])} if "options" in values else values

    @property
    def word(self) -> str | None:
        """As the command line says it: "relaxation:fmax=0.05,rejects=no"; None where it cannot."""
        said = {name: _word(value) for name, value in self.options.items()}
        said |= {"rejects": _word(self.rejects)} if self.rejects is not None else {}
        if any(text is None for text in said.values()):
            return None
        return self.stage + ":" * bool(said) + ",".join(f"{name}={text}" for name, text in said.items())

    def plain(self) -> dict[str, Any]:
        """Fit for JSON and TOML; what is as usual is left out."""
        said: dict[str, Any] = {"stage": self.stage}
        if self.rejects is not None:
            said["rejects"] = self.rejects
        return said | ({"options": dict(self.options)} if self.options else {})


class Funnel(Declared):
    """Stages in the order in which they judge, and what the user calls them together ("": nothing).

    Whether there are such stages, with such options, and whether they work in this order, ``funnel/stages.py`` says.
    """

    called: ClassVar[str] = "funnel"

    name: str = ""
    stages: tuple[ChosenStage, ...] = ()

    @classmethod
    def given(cls, values: dict[str, Any]) -> dict[str, Any]:
        stages = values.get("stages", ())
        if not isinstance(stages, list | tuple):
            return values
        chosen = tuple(ChosenStage(**stage) if isinstance(stage, Mapping) else stage for stage in stages)
        return {**values, "stages": chosen}

    def plain(self) -> dict[str, Any]:
        """Fit for JSON and TOML."""
        named = {"name": self.name} if self.name else {}
        return named | {"stages": [stage.plain() for stage in self.stages]}

    @staticmethod
    def of(value: Mapping[str, Any]) -> Funnel:
        """The inverse of ``plain``; raises ``RequestError`` with the field "funnel"."""
        stages = value.get("stages", ())
        if not isinstance(stages, list | tuple) or not all(isinstance(s, Mapping | ChosenStage) for s in stages):
            raise RequestError(
                "The funnel is malformed: its stages are a list, each with the name of a stage.", "funnel"
            )
        try:
            return Funnel(**value)
        except RequestError as error:
            raise RequestError(str(error), "funnel") from error


def _word(value: Any) -> str | None:
    """A plain value within a word of the command line; names of a list are joined by "+"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        words = [_word(one) for one in value]
        return None if any(not w or "+" in w for w in words) else "+".join(w for w in words if w)
    text = repr(value) if isinstance(value, float) else str(value)
    return None if "," in text else text


Asked = str | Funnel
"""How a request names its funnel: names of funnels and stages with commas between them, or the stages themselves."""


def asked(value: Any) -> Asked:
    """What a request says of its funnel, from its plain form too; raises ``RequestError``."""
    if isinstance(value, str | Funnel):
        return value
    if isinstance(value, Mapping):
        return Funnel.of(value)
    raise RequestError("The funnel is malformed: it is a name such as quick, or a table with stages.", "funnel")


def said(funnel: Asked) -> str | dict[str, Any]:
    """The inverse of ``asked``, fit for JSON and TOML."""
    return funnel if isinstance(funnel, str) else funnel.plain()


def title(funnel: Any) -> str:
    """A funnel, or its plain form, in a few words: its name, or those of its stages."""
    if isinstance(funnel, str):
        return ", ".join(part.strip() for part in funnel.split(","))
    if isinstance(funnel, Mapping):
        name, stages = funnel.get("name"), [str(s.get("stage", "")) for s in funnel.get("stages", ())]
    else:
        name, stages = funnel.name, [s.stage for s in funnel.stages]
    return str(name) if name else ", ".join(stages) or "none"
