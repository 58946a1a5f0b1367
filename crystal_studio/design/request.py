"""What is asked of a campaign, as one validated, serialisable object."""

from __future__ import annotations

from dataclasses import field
from math import gcd
from typing import Any

from crystal_studio.crystal.formula import parse_formula
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.declared import Declared, declare, plain
from crystal_studio.design.funnel import FUNNELS, Asked, asked, said
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.design.versions import upgraded, version_of
from crystal_studio.errors import RequestError

LARGEST_SEED = 2**63 - 1


class DesignRequest(Declared):
    """Everything that decides which candidates a campaign makes and how it judges them.

    What is asked: ``chemical_system``; ``composition``, a formula such as "LiMn2O4" (any number of formula units) or
    empty; ``space_groups``, empty for any; ``max_atoms`` in the primitive cell, 0 for no limit; ``targets``; ``count``
    and ``seed``. How it is made and judged: ``model`` (empty: the default one), ``device``, ``funnel`` (names such as
    "quick" or "quick,consensus", or a ``Funnel``), ``potential``.

    ``options`` are what the family of the model lets one say beyond that, as plain lists, strings and numbers: give
    them as a dict or as the family's ``Options``, read them with ``Options.of(request)``. They are validated by the
    family (``generators/requests.py``), so that a request for a model that is not installed can still be read.
    """

    chemical_system: ChemicalSystem = declare(
        ChemicalSystem(), "Elements", "which elements, in which system", section="what", kind="chemical_system"
    )
    composition: str = declare(
        "",
        "Exact composition",
        "exactly this formula, any number of formula units",
        section="what",
        kind="composition",
        metavar="FORMULA",
    )
    space_groups: tuple[int, ...] = declare(
        (),
        "Space groups",
        'number or symbol, like 227 or "Fm-3m" (repeat for several)',
        section="what",
        kind="space_groups",
        zero="any",
        metavar="GROUP",
    )
    max_atoms: int = declare(
        0,
        "Atoms in primitive cell, at most",
        "at most N atoms in the primitive cell",
        section="what",
        low=0,
        zero="no limit",
        metavar="N",
    )
    targets: tuple[PropertyTarget, ...] = declare(
        (),
        "Property targets",
        "a property range (repeat for several)",
        section="targets",
        kind="targets",
        metavar="NAME=LOW:HIGH",
    )
    count: int = declare(64, "Candidates", "candidates to generate", metavar="N")
    seed: int = declare(0, "Seed", "same request, seed and device: same candidates", metavar="N")
    model: str = declare(
        "", "Model", "see crystal-studio models", kind="model", zero="the first installed", metavar="NAME"
    )
    device: str = declare("auto", "Device", "auto, cpu, cuda, cuda:1 or mps", kind="device", metavar="DEVICE")
    funnel: Asked = declare(
        "quick",
        "Funnel",
        "which stages judge the candidates: one that is saved, a file of one, or with stages to follow: quick,NAME",
        kind="funnel",
        labels=FUNNELS,
        metavar="NAME",
    )
    potential: str = declare("chgnet", "Potential", "potential that relaxes them", kind="potential", metavar="NAME")
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def given(cls, values: dict[str, Any]) -> dict[str, Any]:
        forms = {"funnel": asked, "options": plain}
        return {name: forms[name](value) if name in forms else value for name, value in values.items()}

    def __post_init__(self) -> None:
        for number in self.space_groups:
            if not 1 <= number <= 230:
                raise RequestError(f"There is no space group {number}: numbers go from 1 to 230.", "space_groups")
        if self.composition:
            counts = parse_formula(self.composition)
            if self.chemical_system.elements and set(self.chemical_system.elements) != set(counts):
                raise RequestError(
                    f"The composition {self.composition} does not hold exactly the elements of the chemical system.",
                    "composition",
                )
            object.__setattr__(self, "chemical_system", ChemicalSystem(tuple(counts), "exact"))
        if self.count < 1:
            raise RequestError("Ask for at least one candidate.", "count")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise RequestError("The seed must be a whole number from 0 to 2^63 - 1.", "seed")
        # Single stages may follow: "quick,my_stage".
        if isinstance(self.funnel, str) and self.funnel.split(",")[0].strip() not in FUNNELS:
            raise RequestError(f"Unknown funnel {self.funnel!r}: choose one of {', '.join(FUNNELS)}.", "funnel")
        names = [t.name for t in self.targets]
        if len(set(names)) < len(names):
            raise RequestError("A property has two targets: give one range for each property.", "targets")

    @property
    def reduced_composition(self) -> dict[str, int]:
        """Element counts divided by their greatest common divisor; empty without a composition."""
        counts = parse_formula(self.composition) if self.composition else {}
        divisor = gcd(*counts.values()) if counts else 1
        return {symbol: n // divisor for symbol, n in counts.items()}

    def with_(self, **changes: Any) -> DesignRequest:
        """A copy with some fields changed, validated again."""
        return DesignRequest(**({name: getattr(self, name) for name in self.names()} | changes))

    def with_options(self, **changes: Any) -> DesignRequest:
        """A copy with some options changed; None takes one out."""
        return self.with_(options=self.options | changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, strings and numbers, fit for JSON and TOML, with the version of the form."""
        return {"version": version_of(self.funnel), **plain(self), "funnel": said(self.funnel)}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> DesignRequest:
        """The inverse of ``to_dict``, also of earlier versions; raises ``RequestError`` on what it does not know."""
        return DesignRequest(**upgraded(values))
