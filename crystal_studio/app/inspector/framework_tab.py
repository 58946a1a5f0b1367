"""The tab of what a framework is made of, its pores, what it adsorbs, and whether it makes chemical sense."""

from __future__ import annotations

from crystal_studio.app.inspector.facts import CandidateFacts
from crystal_studio.app.inspector.framework_facts import FrameworkFacts
from crystal_studio.app.inspector.parts import FactGrid, scrolled
from crystal_studio.app.inspector.tab import Tab
from crystal_studio.app.numbers_text import figure, plus_minus
from crystal_studio.app.typeset import formula_html
from crystal_studio.candidates.registry import quantities
from crystal_studio.funnel.reasons import sentence, stage_title
from crystal_studio.mof.contents import called
from crystal_studio.project.rows import VerdictRow

PORES = ("lcd", "pld", "surface_area", "surface_area_by_volume", "void_fraction")
ADSORPTION = ("co2_working_capacity", "co2_uptake")
CHECKED_BY = ("mof_validity", "mof_validity_relaxed")
"""Stages that say whether a framework makes sense."""

ADVICE = "Judge it with the funnel \u201cmof\u201d (Judge\u2026, Ctrl+J)."
NO_BLOCKS = (
    "What it was put together from is not known: only generators of frameworks tell. "
    "Pores and adsorption are measured all the same."
)
_DIRECTIONS = (
    "a molecule: endless in no direction",
    "chains: endless in one direction",
    "layers: endless in two directions",
)


def concerns(facts: CandidateFacts) -> bool:
    """Whether there is anything to say of a candidate as a framework."""
    told = {q.quantity for q in facts.quantities} | {v.stage for v in facts.verdicts}
    return facts.framework is not None or bool(told & {*PORES, *ADSORPTION, *CHECKED_BY})


class FrameworkTab(Tab):
    """Building blocks, net, pores, CO2 and validity."""

    def __init__(self) -> None:
        super().__init__()
        self.grid = FactGrid()

    def fill(self, facts: CandidateFacts) -> None:
        """Show one candidate."""
        grid = FactGrid()
        self._blocks(grid, facts.framework)
        for title, names in (("Pores", PORES), ("CO\u2082 adsorption", ADSORPTION)):
            grid.group(title)
            if not self._figures(grid, facts, names):
                grid.note(f"Not measured. {ADVICE}")
        grid.group("Does it make chemical sense?")
        spoken = [v for v in facts.verdicts if v.stage in CHECKED_BY]
        for verdict in spoken:
            grid.note(f"{stage_title(verdict.stage)}: {validity(verdict)}")
        if not spoken:
            grid.note(f"Not checked. {ADVICE}")
        if facts.framework is not None:
            self._net(grid, facts.framework)
        grid.finish()
        self.grid = grid
        self._replace(scrolled(grid))

    def as_text(self) -> str:
        """What is shown, separated by tabs."""
        return self.grid.as_text()

    @staticmethod
    def _blocks(grid: FactGrid, framework: FrameworkFacts | None) -> None:
        grid.group("Building blocks")
        if framework is None:
            grid.note(NO_BLOCKS)
            return
        makeup = framework.makeup
        for kind, smiles in zip(makeup.kinds, framework.smiles, strict=True):
            points = f"{kind.points} connection point{'s' if kind.points != 1 else ''}"
            tip = f"{kind.name}: {points} each" + (f"; SMILES {smiles}" if smiles else "")
            short = called(kind.name, "")
            name = f"{formula_html(kind.formula)}, {formula_html(short)}" if short else formula_html(kind.formula)
            grid.text(f"{kind.title} {name}", f"{kind.count} \u00d7, {points}", tip)
        if makeup.loose:
            grid.text("Atoms in no block", str(makeup.loose))

    @staticmethod
    def _net(grid: FactGrid, framework: FrameworkFacts) -> None:
        makeup = framework.makeup
        grid.group("Net")
        net = "three-dimensional" if makeup.dimension == 3 else _DIRECTIONS[makeup.dimension]
        grid.text("Its bonds make it", net)
        grid.text("Blocks in the cell", str(len(makeup.kind_of_block)))
        if framework.key:
            parts = framework.key.split("|")
            for name, part in zip(("nodes", "linkers", "net"), parts, strict=False):
                grid.text(f"MOF key, {name}", "\u200b".join(part[k : k + 16] for k in range(0, len(part), 16)), part)
        else:
            grid.note("Its MOF key is not known: not all of its blocks are of the library.")

    @staticmethod
    def _figures(grid: FactGrid, facts: CandidateFacts, names: tuple[str, ...]) -> int:
        """A row a value; how many there are."""
        shown = 0
        for name in names:
            quantity = quantities()[name]
            for found in sorted((q for q in facts.quantities if q.quantity == name), key=lambda q: not q.headline):
                if found.value is None:
                    continue
                by = found.method.title or found.method.name
                value = figure(found.value, quantity.digits)
                if found.uncertainty is not None:
                    value = plus_minus(found.value, found.uncertainty, quantity.digits)
                heading = quantity.title if found.headline else f"{quantity.title}, {by}"
                grid.number(heading, value, quantity.unit, f"{quantity.description}. By {by}")
                shown += 1
        return shown


def validity(verdict: VerdictRow) -> str:
    """What the checks said, a sentence each."""
    if verdict.status == "error":
        return sentence(verdict.stage, verdict.reason, verdict.parameters)
    codes = [code.strip() for code in str(verdict.notes.get("failed_checks") or "").split(",") if code.strip()]
    if not codes:
        found = sentence(verdict.stage, verdict.reason, verdict.parameters)
        return found or "It passes every check."
    return " ".join(sentence(verdict.stage, code, {}) for code in codes)
