"""Does the crystal have the space group that was asked for?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import space_group_numbers
from crystal_studio.funnel.protocol import Batch, Verdicts
from crystal_studio.funnel.verdict import rejecting, sound


@dataclass(frozen=True)
class SpaceGroup:
    """Rejects crystals whose detected group differs from the one of their asymmetric unit.

    ``symprec`` Angstrom is the tolerance of the detection.
    """

    symprec: float = 0.1

    name = "symmetry"
    title = "Space group"
    in_order = False
    costly = False

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Verdicts; values: detected_space_group (NaN where none is found), supergroup (1 where it holds
        the asked group and is not that group, else 0)."""
        found = np.zeros(len(batch.structures), np.int16)
        judged = sound(batch.structures)
        found[judged] = space_group_numbers(batch.structures.take(judged), self.symprec)
        reasons = [
            self._reason(int(asked), int(group)) for asked, group in zip(batch.units.space_group, found, strict=True)
        ]
        supergroup = np.array(
            [
                float(f > 0 and f != a and self._is_supergroup(int(f), int(a)))
                for a, f in zip(batch.units.space_group, found, strict=True)
            ]
        )
        return rejecting(
            reasons, {"detected_space_group": np.where(found > 0, found, np.nan), "supergroup": supergroup}
        )

    def _reason(self, asked: int, found: int) -> str:
        if found == asked:
            return ""
        if found == 0:
            return f"No space group could be detected at {self.symprec:g} A."
        relation = "a supergroup of" if self._is_supergroup(found, asked) else "instead of"
        return f"The space group is {_label(found)}, {relation} {_label(asked)} (tolerance {self.symprec:g} A)."

    @staticmethod
    def _is_supergroup(found: int, asked: int) -> bool:
        """Whether the detected group holds the asked one.

        A crystal expanded from its asymmetric unit has the asked group by
        construction, so what is detected holds it, unless the tolerance let
        operations slip: then the order of the point group no longer divides.
        """
        table = tables()
        order = np.diff(table.operation_start) // table.n_centring
        return int(order[found - 1]) % int(order[asked - 1]) == 0


def _label(number: int) -> str:
    return f"{tables().symbol[number - 1]} ({number})"
