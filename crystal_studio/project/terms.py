"""Names in filters, sorts and columns, and the SQL that each stands for.

``e_hull`` is the headline value, ``predicted_e_hull`` what a learned model said, ``e_hull@chgnet`` the value by one
method; ``.uncertainty`` behind any of them is one standard deviation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Float, Integer, Select, Text, literal_column, select, type_coerce
from sqlalchemy.sql.type_api import TypeEngine

from crystal_studio.candidates.quantities import COUNT, FLAG, LABEL, Quantity
from crystal_studio.candidates.registry import quantities as registered
from crystal_studio.errors import RequestError
from crystal_studio.project.rows import ONLY_LEARNED, PREFIX
from crystal_studio.project.schema import HEADLINE, PREDICTED, candidates, methods, quantities, quantity_names

COLUMNS = tuple(c.name for c in candidates.c if c.name not in ("parameters", "checksum"))
SPREAD = ".uncertainty"
MOST_LIKE = 5

FORMER = {
    "detected_space_group": "space_group",
    "predicted_e_above_hull": "predicted_e_hull",
    "predicted_formation_energy_per_atom": "predicted_formation_energy",
    "predicted_e_above_hull_std": "predicted_e_hull.uncertainty",
    "predicted_formation_energy_per_atom_std": "predicted_formation_energy.uncertainty",
    "predicted_band_gap_std": "predicted_band_gap.uncertainty",
    "e_above_hull": "e_hull",
    "formation_energy_per_atom": "formation_energy",
}
"""Names that filters had before, which may stand in settings and scripts, and those of targets."""

_TYPES: dict[str, TypeEngine[Any]] = {FLAG: Boolean(), COUNT: Integer(), LABEL: Text()}


@dataclass(frozen=True)
class Term:
    """A value of a candidate that lies in ``quantities``: by ``method``, or with the mark ``headline``."""

    quantity: Quantity
    headline: int = HEADLINE
    method: str = ""
    spread: bool = False

    @property
    def type(self) -> TypeEngine[Any]:
        """The SQL type of the value."""
        return Float() if self.spread else _TYPES.get(self.quantity.kind, Float())

    @property
    def column(self) -> ColumnElement[Any]:
        """The column of ``quantities`` that holds it."""
        if self.spread:
            return quantities.c.uncertainty
        return quantities.c.label if self.quantity.kind == LABEL else quantities.c.value

    def rows(self, *columns: ColumnElement[Any]) -> Select:
        """Columns of ``quantities``, a row for each candidate that has such a value."""
        number = select(quantity_names.c.id).where(quantity_names.c.name == self.quantity.name).scalar_subquery()
        chosen = select(*columns).where(quantities.c.quantity == number)
        if self.method:
            way = select(methods.c.id).where(methods.c.name == self.method).scalar_subquery()
            return chosen.where(quantities.c.method == way)
        # A literal, so that SQLite sees that the partial index answers.
        return chosen.where(quantities.c.headline == literal_column(str(self.headline)))

    def value(self) -> ColumnElement[Any]:
        """The value of one candidate, for a row of ``candidates``; NULL where it has none."""
        own = self.rows(self.column).where(quantities.c.candidate == candidates.c.id)
        return type_coerce(own.correlate(candidates).scalar_subquery(), self.type)


def names(known: Mapping[str, Quantity] | None = None) -> tuple[str, ...]:
    """Every name that stands alone in a filter or a sort."""
    listed = [q for q in (known or registered()).values() if q.stored != "column"]
    learned = [PREFIX + q.name for q in listed if q.unit]
    return *COLUMNS, *(q.name for q in listed), *learned


def find(
    name: str, known: Mapping[str, Quantity] | None = None, ways: Collection[str] | None = None
) -> ColumnElement[Any] | Term:
    """What a name means: a column of ``candidates`` or a ``Term``; raises ``RequestError`` with names that are like it.

    known : quantities by name, those of the installation unless given
    ways : names of the methods of the file; None: any is taken
    """
    known = known or registered()
    base = FORMER.get(name, name)
    spread = base.endswith(SPREAD)
    base = base.removesuffix(SPREAD)
    base, at, method = base.partition("@")
    if not at and not spread and base in COLUMNS:
        return candidates.c[base]
    term: Term | None = None
    if at:
        if base in known and known[base].stored != "column":
            term = Term(known[base], method=method.strip("'\""))
            if ways is not None and term.method not in ways:
                listed = ", ".join(sorted(ways)) or "none yet"
                raise RequestError(
                    f"No value in this project was found by {term.method!r}: its methods are {listed}.", "where"
                )
    elif base in ONLY_LEARNED and base in known:
        term = Term(known[base], PREDICTED)
    elif base in known and known[base].stored != "column":
        term = Term(known[base])
    elif base.startswith(PREFIX) and (told := base.removeprefix(PREFIX)) in known and known[told].stored != "column":
        term = Term(known[told], PREDICTED)
    if term is None:
        raise _unknown(name, names(known))
    return replace(term, spread=spread)


def _unknown(name: str, there: Sequence[str]) -> RequestError:
    """Says which names are like it, by how they begin where any do; all of them where none is."""
    base = FORMER.get(name, name).removesuffix(SPREAD).partition("@")[0].lower()
    like = [n for n in there if n.startswith(base)] or [n for n in there if base in n]
    like = like or get_close_matches(base, there, MOST_LIKE)
    if not like:
        return RequestError(f"There is no column {name!r}: use one of {', '.join(there)}.", "where")
    more = ", …" if len(like) > MOST_LIKE else ""
    return RequestError(f"There is no column {name!r}: perhaps {', '.join(like[:MOST_LIKE])}{more or '.'}", "where")


def expression(
    name: str, known: Mapping[str, Quantity] | None = None, ways: Collection[str] | None = None
) -> ColumnElement[Any]:
    """The SQL of a name, for a row of ``candidates``: to select, group or order by."""
    found = find(name, known, ways)
    return found.value() if isinstance(found, Term) else found
