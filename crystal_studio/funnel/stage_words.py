"""A stage with its options as one word of the command line: "relaxation:fmax=0.05,cautious=no,rejects=no"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crystal_studio.design.forms import FormField
from crystal_studio.design.funnel import ChosenStage
from crystal_studio.funnel import stage_options
from crystal_studio.funnel.stage_registry import STAGES, StageError

FLAGS = {"yes": True, "true": True, "no": False, "false": False}


def parse(word: str) -> ChosenStage:
    """The inverse of ``ChosenStage.word``; raises ``StageError`` for what no stage has or cannot be read."""
    name, _, rest = word.strip().partition(":")
    kind = STAGES.get(name)
    fields = {field.name: field for field in stage_options.fields(kind)}
    rejects: bool | None = None
    options: dict[str, Any] = {}
    for part in filter(None, rest.split(",")):
        key, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise StageError(f"Stage {name}: {part!r} has no value: write it like fmax=0.05.", name, key)
        if key == "rejects":
            rejects = _flag(name, key, text)
        elif key in fields:
            options[key] = _value(name, fields[key], text)
        else:
            known = ", ".join([*fields, *(["rejects"] if kind.reasons else [])]) or "none"
            raise StageError(f"Stage {name} has no option {key!r}: its options are {known}.", name, key)
    return ChosenStage(stage=name, rejects=rejects, options=options)


def _value(stage: str, field: FormField, text: str) -> Any:
    if field.kind == "flag":
        return _flag(stage, field.name, text)
    if field.kind == "names":
        return [name for name in text.split("+") if name]
    if field.kind == "file":
        return str(Path(text).expanduser().absolute()) if text else ""
    if field.kind not in ("int", "float"):
        return text
    try:
        return int(text) if field.kind == "int" else float(text)
    except ValueError:
        whole = "a whole number" if field.kind == "int" else "a number"
        raise StageError(f"Stage {stage}: {field.name} is {whole}, not {text!r}.", stage, field.name) from None


def _flag(stage: str, name: str, text: str) -> bool:
    if text.lower() not in FLAGS:
        raise StageError(f"Stage {stage}: {name} is yes or no, not {text!r}.", stage, name)
    return FLAGS[text.lower()]
