"""The stages of this installation as rows: version, what they are usually set to, in the terminal and in the docs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from crystal_studio.design.forms import FormField
from crystal_studio.funnel import stage_options
from crystal_studio.funnel.stage_registry import STAGES


def shipped() -> list[str]:
    """Names of the stages of this package."""
    return [name for name, kind in STAGES.all().items() if kind.__module__.startswith("crystal_studio.")]


def rows(names: Collection[str] | None = None) -> list[dict[str, Any]]:
    """All stages, or those named: name, title, version, rejects, whether it has reasons, what it needs and gives."""
    return [
        {
            "name": name,
            "title": stage.title,
            "version": stage.version,
            "rejects": bool(stage.rejects and stage.reasons),
            "reasons": [{"code": kind.code, "title": kind.title} for kind in stage.reasons],
            "requires": list(stage.requires),
            "gives": list(stage.gives),
            "options": [_option(field) for field in stage_options.fields(stage)],
        }
        for name, stage in STAGES.all().items()
        if names is None or name in names
    ]


def text(found: Sequence[Mapping[str, Any]]) -> str:
    """For the terminal: a line a stage, a line below it for each option."""
    lines = []
    for stage in found:
        lines.append(f"{stage['name']}: {stage['title']} (version {stage['version']}; {usual(stage)})")
        lines += [f"    {o['name']}={o['text']}  {o['help']}{_bounds(o)}" for o in stage["options"]]
    return "\n".join(lines)


def markdown(found: Sequence[Mapping[str, Any]]) -> str:
    """For ``docs/funnel.md``: a table of the stages, then a table of the options of those that have any."""
    out = ["| stage | title | version | usually |", "| --- | --- | --- | --- |"]
    out += [f"| `{s['name']}` | {s['title']} | {s['version']} | {usual(s)} |" for s in found]
    out += ["", "`rejects=no` lets a stage that has reasons only mark, `rejects=yes` lets it reject.", ""]
    out += ["| stage | option | usually | what it is |", "| --- | --- | --- | --- |"]
    out += [
        f"| `{stage['name']}` | `{o['name']}` | {o['text']} | {o['help']}{_bounds(o)} |"
        for stage in found
        for o in stage["options"]
    ]
    return "\n".join(out)


def usual(stage: Mapping[str, Any]) -> str:
    """Whether a stage rejects, in a word."""
    if not stage["reasons"]:
        return "never rejects"
    return "rejects" if stage["rejects"] else "only marks"


def written(field: FormField, value: Any) -> str:
    """A value of an option as people read it, with its unit: "0.1 eV/Å", "yes", "all that have a hull"."""
    if field.kind == "flag":
        return "yes" if value else "no"
    if field.zero and not value:
        return field.zero
    shown = f"{value:g}" if field.kind == "float" else "+".join(value) if field.kind == "names" else str(value)
    return f"{shown} {field.unit}".rstrip()


def _option(field: FormField) -> dict[str, Any]:
    return asdict(field) | {"text": written(field, field.default)}


def _bounds(option: Mapping[str, Any]) -> str:
    low, high = option["low"], option["high"]
    return f" ({low:,.12g} to {high:,.12g})" if low is not None and high is not None else ""


if __name__ == "__main__":  # for docs/funnel.md
    print(markdown(rows(shipped())))
