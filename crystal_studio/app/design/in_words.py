"""The whole request in a few words, while it is being written and wherever it is shown later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

from crystal_studio.app.catalogue import Catalogue, GroupInfo
from crystal_studio.app.design.aims import describe_targets
from crystal_studio.app.design.chemistry_panel import describe
from crystal_studio.app.design.form import EVERYTHING, SITE_KINDS, Form
from crystal_studio.app.design.option_texts import written
from crystal_studio.app.design.sites_panel import describe_sites
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.typeset import hm_html
from crystal_studio.design import forms
from crystal_studio.design.forms import FormField
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.family import kinds

MOST_NAMED = 4


def request_in_words(request: DesignRequest, catalogue: Catalogue) -> str:
    """Rich text; raises ``RequestError`` where the family of its model has other options than the request."""
    return in_words(Form.of_request(request, catalogue.family(request.model)), catalogue)


def in_words(form: Form, catalogue: Catalogue) -> str:
    """Rich text: how many, of which elements, groups and sites, with which targets, by which model, from which seed."""
    card, family = catalogue.card(form.model), catalogue.family(form.model)
    symmetry = "" if family is not None and not family.capabilities.space_groups else _symmetry(form, catalogue.groups)
    form = askable(form, catalogue)
    size = f"At most {plural(form.max_atoms, 'atom')} in the primitive cell." if form.max_atoms else ""
    options = _options(form, catalogue)
    others = [f"{field.title}: {text}." for field, text in options if field.section != "targets"]
    pull = [f"{field.title.lower()} {text}" for field, text in options if field.section == "targets"]
    targets = describe_targets(form, {p.name: p.unit for p in card.labels} if card else {}, pull)
    model = card.title if card is not None else form.model
    words = [
        f"<b>{count(form.count)}</b> candidate{'s' if form.count != 1 else ''}.",
        describe(form),
        symmetry,
        size,
        *map(escape, (describe_sites(form), *others, targets, f"Model: {model}." if model else "")),
        f"Seed: {form.seed}.",
    ]
    return " ".join(filter(None, words))


def askable(form: Form, catalogue: Catalogue) -> Form:
    """The form without what its model cannot be asked for, and with the model's own limit of atoms."""
    card, family = catalogue.card(form.model), catalogue.family(form.model)
    able = family.capabilities if family is not None else EVERYTHING
    atoms = [n for n in (form.max_atoms, int(card.limits.get("max_atoms", 0)) if card else 0) if n]
    return replace(
        form,
        composition=form.composition if able.composition else "",
        space_groups=form.space_groups if able.space_groups else (),
        max_atoms=min(atoms, default=0) if able.max_atoms else 0,
        sites=form.sites if family is None or form.sites in kinds(family) else "free",
    )


def _options(form: Form, catalogue: Catalogue) -> list[tuple[FormField, str]]:
    """The options that are not as usual; with targets, also how they pull where that is as usual."""
    family = catalogue.family(form.model)
    if family is None:
        return []
    fields = [f for f in forms.form(family.options) if f.kind not in SITE_KINDS]
    asked = [(f, form.option(family, f)) for f in fields if f.section != "targets" or form.targets]
    usual = [f for f, value in asked if value == f.default and (f.section != "targets" or f.advanced)]
    return [(f, _value(f, value)) for f, value in asked if f not in usual]


def _value(field: FormField, value: Any) -> str:
    if field.kind == "choice":
        return next((c.title for c in field.choices if c.value == value), str(value))
    if field.kind == "flag":
        return "yes" if value else "no"
    if not value and field.zero:
        return field.zero
    text = f"{value:g}" if field.kind == "float" else written(field, value)
    return f"{text} {field.unit}".rstrip()


def _symmetry(form: Form, groups: Sequence[GroupInfo]) -> str:
    if not form.space_groups:
        return "Space groups as in nature."
    numbers = sorted(form.space_groups)
    symbols = {g.number: hm_html(g.symbol) for g in groups if g.number in numbers}
    if len(numbers) == 1 and symbols:
        return f"Space group {symbols[numbers[0]]} ({numbers[0]})."
    if len(numbers) <= MOST_NAMED:
        named = ", ".join(symbols.get(n, str(n)) for n in numbers)
        return f"Space group{'s' if len(numbers) > 1 else ''} {named}."
    return f"Any of {plural(len(numbers), 'space group')}."
