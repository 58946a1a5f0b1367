"""The design panel's content without its widgets: what was picked and typed, valid or not yet."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from crystal_studio.app.funnel.editing import problem
from crystal_studio.campaign.seed_structure import SeedStructure
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.design import forms
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.fixed_sites import Kept
from crystal_studio.design.forms import FormField
from crystal_studio.design.funnel import Asked
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import RequestError
from crystal_studio.generators.family import Capabilities, Family
from crystal_studio.generators.requests import fitted


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


SITE_KINDS = ("template", "keep")
"""Kinds of options that fix sites: the form keeps them itself."""
EVERYTHING = Capabilities(composition=True, space_groups=True, max_atoms=True)
"""What may stand in a request to a model of which nothing is known."""


@dataclass(frozen=True)
class Form:
    """Every field of the panel; ``picks`` keeps the order in which elements were picked.

    ``sites`` says which of ``template`` (Wyckoff positions, "4a") and ``seed_structure`` (a structure, of which the
    orbits ``kept`` and, with ``keep_cell``, the lattice stay, and ``added`` orbits come in) is asked for;
    the other is remembered. ``options`` are the other options of families that differ from their defaults, as
    (family, name, value): those of a family stay remembered while a model of another one is chosen. What the family
    in question cannot be asked for stays in the form, and is left out of its request.
    """

    picks: tuple[tuple[str, Pick], ...] = ()
    mode: str = "any"
    composition: str = ""
    space_groups: tuple[int, ...] = ()
    max_atoms: int = 0
    targets: tuple[Aim, ...] = ()
    sites: str = "free"
    template: tuple[str, ...] = ()
    seed_structure: SeedStructure | None = None
    kept: tuple[int, ...] = ()
    keep_cell: bool = False
    added: int = 0
    options: tuple[tuple[str, str, Any], ...] = ()
    count: int = 64
    seed: int = 7
    model: str = ""
    device: str = "auto"
    funnel: Asked = "quick"
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

    def with_template_of(self, seed_structure: SeedStructure) -> Form:
        """The form with the space group and the Wyckoff positions of a structure as template."""
        return replace(
            self, sites="template", template=seed_structure.template, space_groups=(seed_structure.space_group,)
        )

    def with_seed_structure(self, seed_structure: SeedStructure, cell_alone: bool = False) -> Form:
        """The form with a structure to keep, all its orbits at first or its cell alone, and its space group."""
        everything = () if cell_alone else tuple(range(len(seed_structure.orbits)))
        return replace(
            self,
            sites="keep",
            seed_structure=seed_structure,
            kept=everything,
            keep_cell=cell_alone,
            space_groups=(seed_structure.space_group,),
        )

    def keep(self) -> Kept | None:
        """What stays of the seed structure; raises ``RequestError`` (field "keep")."""
        if self.sites != "keep" or self.seed_structure is None:
            return None
        if len(self.space_groups) == 1 and self.space_groups[0] != self.seed_structure.space_group:
            raise RequestError(
                f"The structure kept is of space group {self.seed_structure.space_group}, not {self.space_groups[0]}:"
                " choose that group again, or take another structure.",
                "keep",
            )
        return self.seed_structure.keep(self.kept, self.keep_cell, self.added)

    def option(self, family: Family, field: FormField) -> Any:
        """The value of an option of a family, its default where nothing else was chosen."""
        return next((v for f, n, v in self.options if (f, n) == (family.name, field.name)), field.default)

    def with_option(self, family: Family, field: FormField, value: Any) -> Form:
        """The form with an option of a family changed."""
        others = tuple(o for o in self.options if o[:2] != (family.name, field.name))
        mine = () if value == field.default else ((family.name, field.name, value),)
        return replace(self, options=others + mine)

    def with_new_seed(self) -> Form:
        """The form with another seed, drawn by the system."""
        return replace(self, seed=random.SystemRandom().randrange(1_000_000))

    @property
    def system_text(self) -> str:
        """The chemical system as typed: "Li-Mn-O", "*-O" in mode contains."""
        text = "-".join(self.elements)
        return f"*-{text}" if self.mode == "contains" and text else text

    def request(self, family: Family | None) -> DesignRequest:
        """The request to a model of a family, or ``RequestError`` whose ``field`` names the part to mark.

        Without a family, as of a model that is not installed, the options are not checked.
        """
        able = family.capabilities if family is not None else EVERYTHING
        system = ChemicalSystem(
            elements=self.elements if self.mode != "any" else (),
            mode=self.mode,
            required=self.of(Pick.REQUIRED),
            excluded=self.of(Pick.EXCLUDED) if self.mode not in ("exact", "subset") else (),
        )
        wrong = problem(self.funnel)
        if wrong is not None:
            raise RequestError(str(wrong), "funnel")
        request = DesignRequest(
            chemical_system=system,
            composition=self.composition if able.composition else "",
            space_groups=self.space_groups if able.space_groups else (),
            max_atoms=self.max_atoms if able.max_atoms else 0,
            targets=tuple(PropertyTarget(t.name, t.low, t.high) for t in self.targets),
            count=self.count,
            seed=self.seed,
            model=self.model,
            device=self.device,
            funnel=self.funnel,
            potential=self.potential,
            options=self._options_of(family),
        )
        return request if family is None else fitted(request, family)

    def _options_of(self, family: Family | None) -> dict[str, Any]:
        if family is None:
            return {name: value for owner, name, value in self.options if not owner}
        values: dict[str, Any] = {}
        for field in forms.form(family.options):
            if field.kind == "template":
                values[field.name] = self.template if self.sites == "template" else ()
            elif field.kind == "keep":
                values[field.name] = self.keep()
            else:
                values[field.name] = self.option(family, field)
        return values

    @staticmethod
    def of_request(request: DesignRequest, family: Family | None) -> Form:
        """The form that makes a request; raises ``RequestError`` where its options are none of the family."""
        system = request.chemical_system
        picks = dict.fromkeys(system.elements, Pick.ALLOWED)
        picks |= dict.fromkeys(system.required, Pick.REQUIRED)
        picks |= dict.fromkeys(system.excluded, Pick.EXCLUDED)
        made = Form(
            picks=tuple(picks.items()),
            mode=system.mode,
            composition=request.composition,
            space_groups=request.space_groups,
            max_atoms=request.max_atoms,
            targets=tuple(Aim(t.name, t.low, t.high) for t in request.targets),
            count=request.count,
            seed=request.seed,
            model=request.model,
            device=request.device,
            funnel=request.funnel,
            potential=request.potential,
        )
        if family is None:
            return replace(made, options=tuple(("", name, value) for name, value in request.options.items()))
        options = family.options.of(request)
        for field in forms.form(family.options):
            value = getattr(options, field.name)
            if field.kind == "template" and value:
                made = replace(made, sites="template", template=value)
            elif field.kind == "keep" and value is not None:
                made = made._with_kept(value)
            elif field.kind not in SITE_KINDS:
                made = made.with_option(family, field, value)
        return made

    def _with_kept(self, keep: Kept) -> Form:
        seed_structure = SeedStructure.of_kept(keep, self.space_groups[0]) if self.space_groups else None
        return replace(
            self, sites="keep", seed_structure=seed_structure,
            kept=tuple(range(len(keep.orbits))), keep_cell=bool(keep.cell), added=keep.added,
        )  # fmt: skip


def unseen(form: Form, known: frozenset[int]) -> tuple[str, ...]:
    """Picked elements that the model never saw in training; none where ``known`` is empty."""
    if not known:
        return ()
    return tuple(s for s in form.elements if SYMBOLS.index(s) not in known)
