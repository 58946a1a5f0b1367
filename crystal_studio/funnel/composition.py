"""Is this composition charge neutral, with the electrons on the right side, as ``crystal/charge_balance.py`` says?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crystal_studio.candidates.verdicts import Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.funnel.protocol import Batch

if TYPE_CHECKING:
    from crystal_studio.crystal.composition import Pairs

# The table of charges is imported with the first composition: the title and the reasons are read without.


def reason_against(composition: Pairs) -> Reason | None:
    """Why a composition is not chemically sound; None where it is."""
    from crystal_studio.crystal.charge_balance import ChargeFault, charge_fault, chemistry
    from crystal_studio.crystal.composition import reduced

    if not composition:
        return Reason("empty")
    fault, states = charge_fault(composition), chemistry().states
    if fault == ChargeFault.NONE:
        return None
    # Written as usual, the least electronegative first.
    written = sorted(reduced(composition), key=lambda pair: chemistry().electronegativity[pair[0]] or 0.0)
    formula = "".join(SYMBOLS[z] + (str(n) if n > 1 else "") for z, n in written)
    match fault:
        case ChargeFault.NO_STATE:
            without = ", ".join(SYMBOLS[z] for z, _ in sorted(written) if not states[z])
            return Reason("no_oxidation_state", {"elements": without, "formula": formula})
        case ChargeFault.ELECTRONEGATIVITY:
            return Reason("electronegativity", {"formula": formula})
    known = "; ".join(f"{SYMBOLS[z]} {', '.join(f'{s:+d}' for s in states[z])}" for z, _ in written)
    return Reason("not_neutral", {"formula": formula, "states": known})


@dataclass(frozen=True)
class CompositionStage:
    """Rejects compositions that fail the charge and electronegativity test."""

    rejects: bool = True

    name = "composition"
    version = 1
    title = "Charge balance"
    in_order = False
    costly = False
    remembers = False
    requires = ()
    gives = ()
    reasons = (
        ReasonKind("empty", "No atom in the cell", "The cell holds no atom."),
        ReasonKind(
            "no_oxidation_state",
            "An element without a known oxidation state",
            "{elements} has no known oxidation state, so {formula} cannot be charge neutral.",
        ),
        ReasonKind(
            "electronegativity",
            "Cations more electronegative than anions",
            "{formula} is charge neutral only with cations more electronegative than its anions (Pauling's test).",
        ),
        ReasonKind(
            "not_neutral", "Not charge neutral", "No oxidation states make {formula} charge neutral ({states})."
        ),
    )
    seconds = 0.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds nothing."""
        from crystal_studio.crystal.composition import reduced_counts

        return rejecting([reason_against(composition) for composition in reduced_counts(batch.structures)])
