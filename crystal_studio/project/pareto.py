"""Candidates of a project compared in several quantities at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Text

from crystal_studio.candidates import pareto
from crystal_studio.candidates.objectives import Objective, Ranking, parse
from crystal_studio.candidates.registry import quantities
from crystal_studio.errors import RequestError
from crystal_studio.project import terms
from crystal_studio.project.filters import Where
from crystal_studio.project.rows import PREFIX

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader


def objectives(text: str) -> tuple[Objective, ...]:
    """From "e_hull:low band_gap=1:2", with names as in filters or of targets; raises ``RequestError``."""
    found = tuple(replace(one, name=terms.FORMER.get(one.name, one.name)) for one in parse(text))
    for objective in found:
        if isinstance(terms.find(objective.name).type, Text):
            raise RequestError(f"{objective.name} is no number: compare candidates in quantities.", "pareto")
    return found


def ranking(reader: ProjectReader, wished: Sequence[Objective], where: Where = "") -> Ranking:
    """The candidates that match, ranked against each other.

    A quantity that nothing has computed for any of them is compared as it is predicted, and named so.
    """
    learned = {
        o.name: PREFIX + o.name
        for o in wished
        if (q := quantities().get(o.name)) and q.learned and q.stored != "column"
    }
    found = reader.columns(["id", *(o.name for o in wished), *learned.values()], where)
    read = []
    for objective in wished:
        told = learned.get(objective.name, "")
        lacking = told and np.isnan(found[objective.name]).all() and not np.isnan(found[told]).all()
        read.append(replace(objective, name=told) if lacking else objective)
    costs = np.stack([objective.costs(found[objective.name]) for objective in read], 1)
    return Ranking(found["id"], pareto.ranks(costs), tuple(read))
