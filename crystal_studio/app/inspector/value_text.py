"""One value of a candidate as text."""

from __future__ import annotations

from collections.abc import Sequence

from crystal_studio.app.explore.columns import written
from crystal_studio.app.numbers_text import plus_minus
from crystal_studio.candidates.registry import quantities
from crystal_studio.project.rows import QuantityRow


def value_text(found: QuantityRow, known: Sequence[QuantityRow]) -> str:
    """Without its unit, with one standard deviation where there is one; ``known``: all values of the candidate."""
    quantity = quantities()[found.quantity]
    if found.uncertainty is not None and found.value is not None:
        return plus_minus(found.value, found.uncertainty, quantity.digits)
    beside = {q.quantity: q.value for q in known if q.method == found.method}
    return written(quantity, found.label if found.label is not None else found.value, beside)
