"""The whole request in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from crystal_studio.app.catalogue import GroupInfo
from crystal_studio.app.design.aims import describe_targets
from crystal_studio.app.design.chemistry_panel import describe
from crystal_studio.app.design.form import Form
from crystal_studio.app.design.sites_panel import describe_sites
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.typeset import hm_html


def in_words(form: Form, groups: Sequence[GroupInfo] | None, units: dict[str, str], known: Sequence[str] = ()) -> str:
    """Rich text; ``groups`` that were picked, None where the model knows none; ``units`` of its targets by name;
    ``known``: what is said beside template and structure, of sites, cell and what it is made of."""
    symmetry = "" if groups is None else _symmetry(form, groups)
    size = f" At most {plural(form.max_atoms, 'atom')} in the primitive cell." if form.max_atoms else ""
    sites = [escape(describe_sites(form)), *(f"{escape(text)}." for text in known)]
    more = [t for t in (*sites, describe_targets(form, units)) if t]
    said = " ".join([describe(form), f"{symmetry}{size}", *more])
    return f"<b>{count(form.count)}</b> candidate{'s' if form.count != 1 else ''}. {said}"


def _symmetry(form: Form, groups: Sequence[GroupInfo]) -> str:
    if not form.space_groups:
        return "Space groups as in nature."
    if len(groups) == 1:
        return f"Space group {hm_html(groups[0].symbol)} ({groups[0].number})."
    if 1 < len(groups) <= 4:
        return "Space groups " + ", ".join(hm_html(g.symbol) for g in groups) + "."
    return f"Any of {plural(len(form.space_groups), 'space group')}."
