"""What the design panel offers: space groups with their counts in the training data, and the installed models."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.errors import KnownError, ModelError
from crystal_studio.generators.family import Family
from crystal_studio.generators.protocol import ModelCard

SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic")


@dataclass(frozen=True)
class GroupInfo:
    """One space group as a designer looks for it; ``count`` training structures, -1 where unknown.

    ``aliases``: its symbols in other settings and notations.
    """

    number: int
    symbol: str
    system: str
    point_group: str
    centrosymmetric: bool
    polar: bool
    chiral: bool
    count: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """``potentials`` by name; ``problem`` says what could not be read, in one sentence."""

    groups: tuple[GroupInfo, ...] = ()
    cards: tuple[ModelCard, ...] = ()
    problem: str = ""
    potentials: tuple[str, ...] = ()

    def card(self, name: str) -> ModelCard | None:
        """The card of a model; of the first one for an empty name."""
        return next((c for c in self.cards if not name or c.name == name), None)

    def family(self, name: str) -> Family | None:
        """The family of a model, None where the model or its family is not installed."""
        from crystal_studio.generators.registry import families

        card = self.card(name)
        try:
            return families.get(card.family) if card is not None else None
        except ModelError:
            return None


def load() -> Catalogue:
    """Read tables, marginals and cards; slow the first time, so not on the GUI thread."""
    problems = []
    groups: tuple[GroupInfo, ...] = ()
    cards: tuple[ModelCard, ...] = ()
    try:
        groups = _groups()
    except KnownError as error:
        problems.append(str(error))
    try:
        from crystal_studio.generators.registry import installed

        cards = tuple(installed().values())
    except KnownError as error:
        problems.append(str(error))
    from crystal_studio.design.request import DesignRequest
    from crystal_studio.potentials.registry import available

    DesignRequest()  # the first one takes a tenth of a second, of which the page is spared here
    return Catalogue(groups, cards, " ".join(problems), available())


def _groups() -> tuple[GroupInfo, ...]:
    from crystal_studio.crystal.settings import names
    from crystal_studio.crystal.space_groups import tables

    table, known = tables(), names()
    try:
        from crystal_studio.data.marginals import marginals

        counts = [int(n) for n in marginals().space_group_counts]
    except KnownError:
        counts = [-1] * 230
    return tuple(
        GroupInfo(
            number=i + 1,
            symbol=table.symbol[i],
            system=table.crystal_system[i],
            point_group=table.point_group[i],
            centrosymmetric=bool(table.centrosymmetric[i]),
            polar=bool(table.polar[i]),
            chiral=bool(table.chiral[i]),
            count=counts[i],
            aliases=(*known[i].settings, *known[i].full, *known[i].hall, known[i].schoenflies),
        )
        for i in range(230)
    )
