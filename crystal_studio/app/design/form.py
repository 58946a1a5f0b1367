"""The design panel's content without its widgets: what was picked and typed, valid or not yet."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import Enum

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.design.request import ChemicalSystem, DesignRequest, parse_composition
from crystal_studio.errors import RequestError


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
class Form:
    """Every field of the panel; ``picks`` keeps the order in which elements were picked."""

    picks: tuple[tuple[str, Pick], ...] = ()
    mode: str = "any"
    composition: str = ""
    space_groups: tuple[int, ...] = ()
    max_orbits: int = 0
    max_atoms: int = 0
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
        counts = parse_composition(text)
        return replace(self, composition=text, picks=tuple((s, Pick.ALLOWED) for s in counts), mode="exact")

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
        return DesignRequest(
            chemical_system=system,
            composition=self.composition,
            space_groups=self.space_groups,
            max_orbits=self.max_orbits,
            max_atoms=self.max_atoms,
            count=self.count,
            seed=self.seed,
            model=self.model,
            steps=self.steps,
            device=self.device,
            funnel=self.funnel,
            potential=self.potential,
        )

    @staticmethod
    def of_request(request: DesignRequest) -> Form:
        """The form that makes a request."""
        system = request.chemical_system
        picks = dict.fromkeys(system.elements, Pick.ALLOWED)
        picks |= dict.fromkeys(system.required, Pick.REQUIRED)
        picks |= dict.fromkeys(system.excluded, Pick.EXCLUDED)
        return Form(
            picks=tuple(picks.items()),
            mode=system.mode,
            composition=request.composition,
            space_groups=request.space_groups,
            max_orbits=request.max_orbits,
            max_atoms=request.max_atoms,
            count=request.count,
            seed=request.seed,
            model=request.model,
            steps=request.steps,
            device=request.device,
            funnel=request.funnel,
            potential=request.potential,
        )


def unseen(form: Form, known: frozenset[int]) -> tuple[str, ...]:
    """Picked elements that the model never saw in training; none where ``known`` is empty."""
    if not known:
        return ()
    return tuple(s for s in form.elements if SYMBOLS.index(s) not in known)
