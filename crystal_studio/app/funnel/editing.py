"""A funnel while it is edited, without Qt: stages that are switched off keep their place and their options."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crystal_studio.candidates.registry import quantities
from crystal_studio.design.funnel import FUNNELS, Asked, ChosenStage, Funnel, asked, said
from crystal_studio.errors import KnownError
from crystal_studio.funnel import stage_options, stages
from crystal_studio.funnel.presets import Preset
from crystal_studio.funnel.stage_registry import STAGES, StageError
from crystal_studio.funnel.stage_table import written


@dataclass(frozen=True)
class Row:
    """One stage of the list; ``rejects`` is false too where it has no reason to reject anything; ``options`` are those
    that differ from the usual ones."""

    stage: str
    on: bool = False
    rejects: bool = False
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Any:
        """The class of the stage."""
        return STAGES.get(self.stage)

    @property
    def may_reject(self) -> bool:
        """Whether it has reasons to reject for."""
        return bool(self.kind.reasons)

    @property
    def chosen(self) -> ChosenStage:
        """As a funnel says it."""
        usual = self.rejects == self.kind.rejects or not self.may_reject
        return ChosenStage(stage=self.stage, rejects=None if usual else self.rejects, options=self.options)

    @property
    def note(self) -> str:
        """What it does, in a few words: "only marks · 2 options set"."""
        words = ["rejects" if self.rejects else "only marks" if self.may_reject else "finds values"]
        if self.options:
            words.append(f"{len(self.options)} option{'s' if len(self.options) > 1 else ''} set")
        return " · ".join(words)

    def value(self, option: str, default: Any) -> Any:
        """What an option is set to."""
        return self.options.get(option, default)

    def with_value(self, option: str, value: Any, default: Any) -> Row:
        """The row with an option set; one that is as usual is not said."""
        others = {name: kept for name, kept in self.options.items() if name != option}
        usual = value == default or (isinstance(value, list) and value == list(default))
        return replace(self, options=others if usual else others | {option: value})


@dataclass(frozen=True)
class Editing:
    """All stages in the order of the list; ``preset``: the name of the funnel that was begun with, "" for none."""

    rows: tuple[Row, ...]
    preset: str = ""

    @staticmethod
    def of(funnel: Funnel, preset: str = "") -> Editing:
        """A funnel, with the stages that it has not, switched off, where they usually stand among its own; among those
        of frameworks none of them, but behind. Raises ``StageError`` as ``tidy`` does."""
        funnel = stages.tidy(funnel)
        rows = [
            Row(c.stage, True, usual_rejects(c.stage) if c.rejects is None else c.rejects, dict(c.options))
            for c in funnel.stages
        ]
        off = [name for name in STAGES.all() if all(row.stage != name for row in rows)]
        behind = any(row.stage in stages.FRAMEWORKS for row in rows)
        if behind:
            off.sort(key=lambda name: _place(rows, name) < len(rows))  # what usually comes last stays next to them
        for name in off:
            rows.insert(len(rows) if behind else _place(rows, name), Row(name, False, usual_rejects(name)))
        return Editing(tuple(rows), preset or funnel.name)

    @property
    def funnel(self) -> Funnel:
        """The stages that are on, without a name."""
        return Funnel(stages=tuple(row.chosen for row in self.rows if row.on))

    def row(self, stage: str) -> Row:
        """The row of a stage."""
        return next(row for row in self.rows if row.stage == stage)

    def with_row(self, changed: Row) -> Editing:
        """The same with one row changed."""
        return replace(self, rows=tuple(changed if row.stage == changed.stage else row for row in self.rows))

    def switched(self, stage: str, on: bool) -> Editing:
        """The same with a stage on or off; one behind all that are on comes where it usually stands among them."""
        at = [row.stage for row in self.rows].index(stage)
        changed = replace(self.rows[at], on=on)
        if not on or any(row.on for row in self.rows[at:]):
            return self.with_row(changed)
        others = [row for row in self.rows if row.stage != stage]
        others.insert(_place(others, stage, among_on=True), changed)
        return replace(self, rows=tuple(others))

    def moved(self, stage: str, by: int) -> Editing:
        """The same with one stage some places further down, or up; it stops at the ends."""
        order = [row.stage for row in self.rows]
        at = order.index(stage)
        to = min(max(at + by, 0), len(order) - 1)
        order.insert(to, order.pop(at))
        return self.ordered(order)

    def ordered(self, order: Collection[str]) -> Editing:
        """The same in another order of all stages."""
        return replace(self, rows=tuple(self.row(stage) for stage in order))

    def problem(self, found: Collection[str] = ()) -> StageError | None:
        """Why these stages do not work in this order, or with these options; ``found``: what is known before."""
        if not any(row.on for row in self.rows):
            return StageError("No stage is on: tick one at least.")
        try:
            stages.check([stages.make(row.chosen) for row in self.rows if row.on], found)
        except StageError as error:
            return error
        return None


def _place(rows: Sequence[Row], stage: str, among_on: bool = False) -> int:
    """Where a stage usually stands among others, or among those that are on."""
    usual = list(STAGES.all())
    before = usual[: usual.index(stage)]
    return max((i + 1 for i, row in enumerate(rows) if row.stage in before and row.on >= among_on), default=0)


def usual_rejects(stage: str) -> bool:
    """Whether a stage rejects unless it is told otherwise."""
    kind = STAGES.get(stage)
    return bool(kind.rejects and kind.reasons)


def in_words(funnel: Funnel) -> str:
    """What is unusual of every stage: "Geometry (Least distance 0.5), Charge balance (only marks)"."""
    parts = []
    for chosen in funnel.stages:
        kind = STAGES.get(chosen.stage)
        titles = {field.name: field for field in stage_options.fields(kind)}
        more = [] if chosen.rejects is None else ["rejects" if chosen.rejects else "only marks"]
        more += [f"{titles[n].title.lower()} {written(titles[n], v)}" for n, v in chosen.options.items() if n in titles]
        parts.append(f"{kind.title} ({', '.join(more)})" if more else kind.title)
    return ", ".join(parts)


def titled(preset: Preset) -> str:
    """A preset as it is listed: those of the program by their titles."""
    return preset.name if preset.own else FUNNELS[preset.name][0]


def about(funnel: Asked) -> str:
    """A funnel in a sentence."""
    if isinstance(funnel, str) and funnel in FUNNELS:
        return FUNNELS[funnel][1]
    try:
        return in_words(stages.expand(funnel))
    except KnownError as error:
        return str(error)


def problem(funnel: Asked, found: Collection[str] = ()) -> KnownError | None:
    """Why nothing can be judged by a funnel; those of the program are not looked into."""
    if isinstance(funnel, str) and funnel in FUNNELS:
        return None
    try:
        stages.for_funnel(funnel, found=found)
    except KnownError as error:
        return error
    return None


def remembered(funnel: Asked) -> str:
    """A funnel as a text for the settings."""
    return json.dumps(said(funnel))


def recalled(text: str) -> Asked:
    """The inverse of ``remembered``; the quick funnel for what is no funnel that can be used here."""
    try:
        funnel = asked(json.loads(text))
    except (ValueError, KnownError):
        return "quick"
    return "quick" if problem(funnel, quantities()) else funnel
