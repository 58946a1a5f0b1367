"""What is known of candidates before a costly step, and what came of it, read from a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crystal_studio.analysis.triage import Evidence
from crystal_studio.errors import RequestError
from crystal_studio.project.statistics import Where

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

LEARNED = "predicted"
"""The learned prediction, made before the relaxation."""


def sources(reader: ProjectReader, where: Where = "") -> list[str]:
    """What could decide: the learned prediction, and potentials whose word came before that of another one."""
    from crystal_studio.project.accounting import CONSENSUS, voices

    asked = [m.name for m in voices(reader, where) if m.name != CONSENSUS]
    learned = any(m.kind == "learned" for m in reader.methods()) and bool(asked)
    return ([LEARNED] if learned else []) + (asked if len(asked) > 1 else [])


def evidence(
    reader: ProjectReader, source: str = LEARNED, by: str = "", where: Where = "", outside: bool = False
) -> Evidence:
    """Energies above hull by ``source`` with their uncertainties, and by ``by`` in the end.

    source : ``LEARNED``; a learned model by name, such as the one that a triage went by; or a potential, whose
        uncertainty is its known error near or far from the hull
    by : the method with the last word; "" the headline value, or where a potential decides the first other one
    outside : take predictions for crystals that are unlike the training data, too, instead of as unknown
    Candidates without a last word are left out. Raises ``RequestError`` for what the project does not hold.
    """
    from crystal_studio.data.hull_card import model_error

    if source == LEARNED:
        value, spread = f"{LEARNED}_e_hull", f"{LEARNED}_e_hull.uncertainty"
    elif any(m.name == source and m.kind == "learned" for m in reader.methods()):
        value, spread = f"e_hull@{source!r}", f"e_hull@{source!r}.uncertainty"
    else:
        value, spread = f"e_hull@{source!r}", ""
        others = [name for name in sources(reader, where) if name not in (LEARNED, source)]
        if not by and not others:
            raise RequestError(
                f"No other potential than {source} has judged: add the stage consensus, or let the prediction decide.",
                "where",
            )
        by = by or others[0]
    final = f"e_hull@{by!r}" if by else "e_hull"
    domain = "in_domain" if source == LEARNED and not outside else ""
    found = reader.columns([name for name in (value, spread, final, domain) if name], where)
    known = np.isfinite(found[final])
    before = found[value][known]
    if domain:
        before = np.where(found[domain][known] == 0, np.nan, before)
    if spread:
        doubt = found[spread][known]
    else:
        error = model_error(source)
        doubt = np.full(len(before), np.nan) if error is None else error.at(before)
    return Evidence(before, doubt, found[final][known])
