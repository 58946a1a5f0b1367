"""The design panel's content without its widgets: what was picked and typed, valid or not yet."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import Enum

from crystal_studio.campaign.given import Given
from crystal_studio.crystal.composition import parse_formula
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.fixed_sites import Kept
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.requests import fitted
from crystal_studio.generators.symmcd.options import SymmCDOptions


class Pick(Enum):
    """What is asked of one element."""

    NONE = ""
    ALLOWED = "allowed"
    REQUIRED = "required"
    EXCLUDED = "excluded"

    @property
    def next(self) -> Pick:
        """The state a click leads to."""
        order = list(Pick)
        return order[(order.index(self) + 1) % len(order)]


@dataclass(frozen=True)
class Aim:
    """A property target as it is typed: ``low`` may still lie above ``high``."""

    name: str
    low: float
    high: float


SITES = ("free", "template", "keep")


@dataclass(frozen=True)
class Form:
    """Every field of the panel; ``picks`` keeps the order in which elements were picked.

    ``sites`` says which of ``template`` (Wyckoff positions, "4a") and ``given`` (a structure, of which the
    orbits ``kept`` and, with ``keep_cell``, the lattice stay, and ``added`` orbits come in) is asked for;
    the other is remembered.
    """

    picks: tuple[tuple[str, Pick], ...] = ()
    mode: str = "any"
    composition: str = ""
    space_groups: tuple[int, ...] = ()
    max_orbits: int = 0
    max_atoms: int = 0
    targets: tuple[Aim, ...] = ()
    guidance: float = 2.0
    sites: str = "free"
    template: tuple[str, ...] = ()
    given: Given | None = None
    kept: tuple[int, ...] = ()
    keep_cell: bool = False
    added: int = 0
    sampler: str = "fast"
    count: int = 64
    seed: int = 7
    model: str = ""
    steps: int = 0
    device: str = "auto"
    funnel: str = "quick"
    potential: str = "chgnet"

    def pick(self, symbol: str) -> Pick:
        """The state of one element."""
        return dict(self.picks).get(symbol, Pick.NONE)

    def of(self, *states: Pick) -> tuple[str, ...]:
        """Elements in any of some states, in the order picked."""
        return tuple(s for s, state in self.picks if state in states)

    @property
    def elements(self) -> tuple[str, ...]:
        """The chemical system: allowed and required elements."""
        return self.of(Pick.ALLOWED, Pick.REQUIRED)

    def with_pick(self, symbol: str, state: Pick) -> Form:
        """The form with one element changed; picking the first element leaves the mode "any"."""
        picks = {s: p for s, p in self.picks if s != symbol or state is not Pick.NONE}
        if state is not Pick.NONE:
            picks[symbol] = state
        changed = replace(self, picks=tuple(picks.items()), composition="")
        if changed.mode == "any" and state is Pick.ALLOWED:
            changed = replace(changed, mode="subset")
        elif changed.mode != "any" and not changed.elements:
            changed = replace(changed, mode="any")
        return changed

    def with_system(self, text: str) -> Form:
        """The form with a typed chemical system; raises ``RequestError`` (field "chemsys")."""
        text = text.strip()
        excluded = self.of(Pick.EXCLUDED)
        if not text:
            return replace(self, picks=tuple((s, Pick.EXCLUDED) for s in excluded), mode="any", composition="")
        mode = self.mode if self.mode != "any" else "subset"
        try:
            system = ChemicalSystem.parse(text, mode)
        except RequestError as error:
            raise RequestError(str(error), "chemsys") from error
        was = dict(self.picks)
        picks = {s: Pick.REQUIRED if was.get(s) is Pick.REQUIRED else Pick.ALLOWED for s in system.elements}
        picks |= {s: Pick.EXCLUDED for s in excluded if s not in picks}
        return replace(self, picks=tuple(picks.items()), mode=system.mode, composition="")

    def with_composition(self, text: str) -> Form:
        """The form with a typed formula, whose elements become the system; raises ``RequestError``."""
        text = text.strip()
        if not text:
            return replace(self, composition="")
        counts = parse_formula(text)
        return replace(self, composition=text, picks=tuple((s, Pick.ALLOWED) for s in counts), mode="exact")

    def aim(self, name: str) -> Aim | None:
        """The target of one property."""
        return next((t for t in self.targets if t.name == name), None)

    def with_aim(self, name: str, aim: Aim | None) -> Form:
        """The form with the target of one property changed, or dropped."""
        others = {t.name: t for t in self.targets if t.name != name or aim is not None}
        if aim is not None:
            others[name] = aim
        return replace(self, targets=tuple(others.values()))

    def with_template_of(self, given: Given) -> Form:
        """The form with the space group and the Wyckoff positions of a structure as template."""
        return replace(self, sites="template", template=given.template, space_groups=(given.space_group,))

    def with_given(self, given: Given) -> Form:
        """The form with a structure to keep, all its orbits at first, and its space group."""
        everything = tuple(range(len(given.orbits)))
        return replace(
            self, sites="keep", given=given, kept=everything, keep_cell=False, space_groups=(given.space_group,)
        )

    def keep(self) -> Kept | None:
        """What stays of the structure given; raises ``RequestError`` (field "keep")."""
        if self.sites != "keep" or self.given is None:
            return None
        if len(self.space_groups) == 1 and self.space_groups[0] != self.given.space_group:
            raise RequestError(
                f"The structure kept is of space group {self.given.space_group}, not {self.space_groups[0]}:"
                " choose that group again, or take another structure.",
                "keep",
            )
        return self.given.keep(self.kept, self.keep_cell, self.added)

    def with_new_seed(self) -> Form:
        """The form with another seed, drawn by the system."""
        return replace(self, seed=random.SystemRandom().randrange(1_000_000))

    @property
    def system_text(self) -> str:
        """The chemical system as typed: "Li-Mn-O", "*-O" in mode contains."""
        text = "-".join(self.elements)
        return f"*-{text}" if self.mode == "contains" and text else text

    def request(self) -> DesignRequest:
        """The request, or ``RequestError`` whose ``field`` names the part to mark."""
        system = ChemicalSystem(
            elements=self.elements if self.mode != "any" else (),
            mode=self.mode,
            required=self.of(Pick.REQUIRED),
            excluded=self.of(Pick.EXCLUDED) if self.mode not in ("exact", "subset") else (),
        )
        request = DesignRequest(
            chemical_system=system,
            composition=self.composition,
            space_groups=self.space_groups,
            max_atoms=self.max_atoms,
            targets=tuple(PropertyTarget(t.name, t.low, t.high) for t in self.targets),
            count=self.count,
            seed=self.seed,
            model=self.model,
            device=self.device,
            funnel=self.funnel,
            potential=self.potential,
            options={
                "max_orbits": self.max_orbits,
                "guidance": self.guidance,
                "template": self.template if self.sites == "template" else (),
                "keep": self.keep(),
                "sampler": self.sampler,
                "steps": self.steps,
            },
        )
        return fitted(request, registry.families.get("symmcd"))

    @staticmethod
    def of_request(request: DesignRequest) -> Form:
        """The form that makes a request."""
        system = request.chemical_system
        picks = dict.fromkeys(system.elements, Pick.ALLOWED)
        picks |= dict.fromkeys(system.required, Pick.REQUIRED)
        picks |= dict.fromkeys(system.excluded, Pick.EXCLUDED)
        options = SymmCDOptions.of(request)
        keep = options.keep
        return Form(
            picks=tuple(picks.items()),
            mode=system.mode,
            composition=request.composition,
            space_groups=request.space_groups,
            max_orbits=options.max_orbits,
            max_atoms=request.max_atoms,
            targets=tuple(Aim(t.name, t.low, t.high) for t in request.targets),
            guidance=options.guidance,
            sites="template" if options.template else "keep" if keep is not None else "free",
            template=options.template,
            given=Given.of_kept(keep, request.space_groups[0]) if keep is not None else None,
            kept=tuple(range(len(keep.orbits))) if keep is not None else (),
            keep_cell=bool(keep is not None and keep.cell),
            added=keep.added if keep is not None else 0,
            sampler=options.sampler,
            count=request.count,
            seed=request.seed,
            model=request.model,
            steps=options.steps,
            device=request.device,
            funnel=request.funnel,
            potential=request.potential,
        )


def unseen(form: Form, known: frozenset[int]) -> tuple[str, ...]:
    """Picked elements that the model never saw in training; none where ``known`` is empty."""
    if not known:
        return ()
    return tuple(s for s in form.elements if SYMBOLS.index(s) not in known)
