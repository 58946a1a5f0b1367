"""What is asked of a campaign, as one validated, serialisable object."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields, replace
from math import gcd
from typing import Any

from crystal_studio.crystal.composition import parse_formula
from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.design.fixed_sites import Kept, check_occupancy, wyckoff_row
from crystal_studio.errors import RequestError

MODES = ("exact", "subset", "contains", "any")
FUNNELS = ("none", "quick", "full")
SAMPLERS = ("fast", "published")


@dataclass(frozen=True)
class ChemicalSystem:
    """Which elements a crystal may, must and must not hold.

    ``exact``: all of ``elements`` and no other. ``subset``: only elements among
    them. ``contains``: all of them, others allowed. ``any``: no restriction but
    ``excluded``. ``required`` are elements that must occur in every mode.
    """

    elements: tuple[str, ...] = ()
    mode: str = "any"
    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise RequestError(f"Unknown mode {self.mode!r}: choose one of {', '.join(MODES)}.", "mode")
        for symbol in (*self.elements, *self.required, *self.excluded):
            atomic_number(symbol)
        if self.mode != "any" and not self.elements:
            raise RequestError("The chemical system is empty: pick at least one element.", "chemsys")
        clash = sorted(set(self.must) & set(self.excluded))
        if clash:
            raise RequestError(f"{', '.join(clash)} cannot be both required and excluded.", "chemsys")
        if self.mode in ("exact", "subset"):
            outside = sorted(set(self.required) - set(self.elements))
            if outside:
                raise RequestError(
                    f"{', '.join(outside)} is required but not among the allowed elements: add it or drop it.",
                    "chemsys",
                )
            if not self.allowed:
                raise RequestError("Every element of the chemical system is excluded.", "chemsys")

    @property
    def must(self) -> tuple[str, ...]:
        """Elements that have to be in every crystal."""
        base = self.elements if self.mode in ("exact", "contains") else ()
        return tuple(sorted({*base, *self.required}, key=SYMBOLS.index))

    @property
    def allowed(self) -> tuple[str, ...]:
        """Elements that may be in a crystal."""
        base = self.elements if self.mode in ("exact", "subset") else SYMBOLS[1:]
        return tuple(s for s in base if s not in self.excluded)

    @staticmethod
    def parse(text: str, mode: str = "exact", **more: tuple[str, ...]) -> ChemicalSystem:
        """From typed text: "Li-Mn-O", "LiMn2O4" or "*-O" (contains O)."""
        text = text.strip()
        if "*" in text:
            mode, text = "contains", text.replace("*", "")
        parts = [p for p in re.split(r"[\s,\-]+", text) if p]
        symbols: list[str] = []
        for part in parts:
            symbols += list(parse_formula(part)) if not _is_symbol(part) else [part]
        return ChemicalSystem(tuple(dict.fromkeys(symbols)), mode, **more)


def _is_symbol(text: str) -> bool:
    return text in SYMBOLS


@dataclass(frozen=True)
class PropertyTarget:
    """A property asked to lie in ``[low, high]``, in the unit that the property head states."""

    name: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise RequestError(f"The range of {self.name} is upside down: {self.low} > {self.high}.", "target")

    @staticmethod
    def parse(text: str) -> PropertyTarget:
        """From "band_gap=1.0:2.0"."""
        try:
            name, span = text.split("=", 1)
            low, high = span.split(":", 1)
            return PropertyTarget(name.strip(), float(low), float(high))
        except ValueError as error:
            raise RequestError(f"{text!r} is not a target: write it like band_gap=1.0:2.0.", "target") from error


@dataclass(frozen=True)
class DesignRequest:
    """Everything that decides which candidates a campaign makes and how it judges them.

    ``composition`` is a formula such as "LiMn2O4" (any number of formula units)
    or empty. ``space_groups`` empty means "as in nature": drawn from the training
    distribution. ``max_atoms`` counts atoms in the primitive cell. ``steps`` 0
    means the model's own default. ``potential`` names the model that relaxes.
    ``template`` lists the Wyckoff position of every orbit ("4a"), ``keep`` what stays
    of a given crystal; both need exactly one space group. ``guidance`` is the strength
    w of the targets (1: conditional sampling, above: classifier-free guidance).
    ``sampler`` "published" is SymmCD's own: 1000 steps with a corrector.
    """

    chemical_system: ChemicalSystem = field(default_factory=ChemicalSystem)
    composition: str = ""
    space_groups: tuple[int, ...] = ()
    max_orbits: int = 0
    max_atoms: int = 0
    targets: tuple[PropertyTarget, ...] = ()
    guidance: float = 2.0
    template: tuple[str, ...] = ()
    keep: Kept | None = None
    sampler: str = "fast"
    count: int = 64
    seed: int = 0
    model: str = ""
    steps: int = 0
    device: str = "auto"
    funnel: str = "quick"
    potential: str = "chgnet"

    def __post_init__(self) -> None:
        for number in self.space_groups:
            if not 1 <= number <= 230:
                raise RequestError(f"There is no space group {number}: numbers go from 1 to 230.", "space_groups")
        if self.composition:
            counts = parse_formula(self.composition)
            system = ChemicalSystem(tuple(counts), "exact")
            if self.chemical_system.elements and set(self.chemical_system.elements) != set(counts):
                raise RequestError(
                    f"The composition {self.composition} does not hold exactly the elements of the chemical system.",
                    "composition",
                )
            object.__setattr__(self, "chemical_system", system)
        if self.count < 1:
            raise RequestError("Ask for at least one candidate.", "count")
        if not 0 <= self.seed < 2**63:
            raise RequestError("The seed must be a whole number from 0 to 2^63 - 1.", "seed")
        if self.funnel not in FUNNELS:
            raise RequestError(f"Unknown funnel {self.funnel!r}: choose one of {', '.join(FUNNELS)}.", "funnel")
        if self.sampler not in SAMPLERS:
            raise RequestError(f"Unknown sampler {self.sampler!r}: choose one of {', '.join(SAMPLERS)}.", "sampler")
        if not 0 <= self.guidance <= 20:
            raise RequestError("The guidance strength must lie between 0 and 20.", "guidance")
        names = [t.name for t in self.targets]
        if len(set(names)) < len(names):
            raise RequestError("A property has two targets: give one range for each property.", "targets")
        self._check_sites()
        for name in ("max_orbits", "max_atoms", "steps"):
            if getattr(self, name) < 0:
                raise RequestError(f"{name} cannot be negative.", name)

    def _check_sites(self) -> None:
        """Template and kept orbits: one space group, positions that it has, no fixed position twice."""
        for field_, asked in (("template", bool(self.template)), ("keep", self.keep is not None)):
            if asked and len(self.space_groups) != 1:
                what = "A Wyckoff template" if field_ == "template" else "A structure to keep"
                raise RequestError(f"{what} needs exactly one space group: choose it.", field_)
        if self.template and self.keep is not None:
            raise RequestError("Choose a Wyckoff template or a structure to keep, not both.", "template")
        if self.template:
            number = self.space_groups[0]
            check_occupancy(number, [wyckoff_row(number, name) for name in self.template], "template")
        if self.keep is not None:
            number = self.space_groups[0]
            check_occupancy(number, [wyckoff_row(number, o.wyckoff, "keep") for o in self.keep.orbits], "keep")
            outside = sorted({o.element for o in self.keep.orbits} - set(self.chemical_system.allowed))
            if outside:
                raise RequestError(
                    f"{', '.join(outside)} is kept but not among the elements allowed: add it or drop its orbit.",
                    "keep",
                )

    @property
    def reduced_composition(self) -> dict[str, int]:
        """Element counts divided by their greatest common divisor; empty without a composition."""
        counts = parse_formula(self.composition) if self.composition else {}
        divisor = gcd(*counts.values()) if counts else 1
        return {symbol: n // divisor for symbol, n in counts.items()}

    def with_(self, **changes: Any) -> DesignRequest:
        """A copy with some fields changed, validated again."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, strings and numbers, fit for JSON and TOML."""
        plain = asdict(self)
        plain["space_groups"] = list(self.space_groups)
        plain["template"] = list(self.template)
        del plain["keep"]  # TOML has no null
        if self.keep is not None:
            plain["keep"] = {
                "orbits": [{**asdict(o), "position": list(o.position)} for o in self.keep.orbits],
                "cell": list(self.keep.cell),
                "added": self.keep.added,
            }
        plain["targets"] = [asdict(t) for t in self.targets]
        plain["chemical_system"] = {
            k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self.chemical_system).items()
        }
        return plain

    @staticmethod
    def from_dict(plain: dict[str, Any]) -> DesignRequest:
        """The inverse of ``to_dict``; raises ``RequestError`` on unknown or malformed fields."""
        known = {f.name for f in fields(DesignRequest)}
        unknown = sorted(set(plain) - known)
        if unknown:
            raise RequestError(f"The request has unknown fields: {', '.join(unknown)}.", unknown[0])
        values = dict(plain)
        try:
            if "chemical_system" in values:
                system: dict[str, Any] = {
                    k: tuple(v) if isinstance(v, list) else v for k, v in values["chemical_system"].items()
                }
                values["chemical_system"] = ChemicalSystem(**system)
            values["space_groups"] = tuple(int(g) for g in values.get("space_groups", ()))
            values["targets"] = tuple(PropertyTarget(**t) for t in values.get("targets", ()))
            values["template"] = tuple(str(name) for name in values.get("template", ()))
            if values.get("keep") is not None:
                values["keep"] = Kept.from_dict(values["keep"])
            return DesignRequest(**values)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise RequestError(f"The request is malformed: {error}.") from error
