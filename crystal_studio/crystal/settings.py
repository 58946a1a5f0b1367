"""The names under which the 230 space groups are known: symbols of all settings, full, Hall and Schoenflies symbols.

Source: the table of 530 settings in spglib (S. R. Hall and R. W. Grosse-Kunstleve); the symbols with a, b or c where
the International Tables have written e since 1992 (P. M. de Wolff et al., Acta Cryst. A48, 727) are made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from crystal_studio.crystal.space_groups import N_GROUPS

N_SETTINGS = 530
_MONOCLINIC = range(3, 16)


@dataclass(frozen=True)
class Names:
    """Symbols of one space group: ``settings`` short Hermann-Mauguin ("Pbnm"), ``full`` ("P2_1/b2_1/n2_1/m"),
    ``hall`` ("-P 2c 2ab"), of all its settings, and ``schoenflies`` ("D2h^16")."""

    settings: tuple[str, ...]
    full: tuple[str, ...]
    hall: tuple[str, ...]
    schoenflies: str


@cache
def names() -> tuple[Names, ...]:
    """Names by number - 1."""
    import spglib

    found: list[tuple[dict[str, None], dict[str, None], dict[str, None]]] = [({}, {}, {}) for _ in range(N_GROUPS)]
    schoenflies = [""] * N_GROUPS
    for hall_number in range(1, N_SETTINGS + 1):
        kind = spglib.get_spacegroup_type(hall_number)
        assert kind is not None
        settings, full, hall = found[kind.number - 1]
        # spglib gives the short symbol of the standard setting to every monoclinic one.
        short = kind.international_short
        if kind.number in _MONOCLINIC:
            short = "".join(part for part in kind.international_full.split() if part != "1")
        for symbol in (short, *_before_1992(short)):
            settings[symbol] = None
        full[kind.international_full.replace(" ", "")] = None
        hall[kind.hall_symbol] = None
        schoenflies[kind.number - 1] = kind.schoenflies
    return tuple(
        Names(tuple(settings), tuple(full), tuple(hall), name)
        for (settings, full, hall), name in zip(found, schoenflies, strict=True)
    )


def _before_1992(symbol: str) -> list[str]:
    """The symbols that one with a double glide plane e had: Cmce was Cmca, and Cmcb."""
    lattice, planes = symbol[0], symbol[1:]
    if "e" not in planes:
        return []
    # A plane normal to the first axis glides along b or c, and so on.
    at = planes.index("e")
    return [f"{lattice}{planes[:at]}{glide}{planes[at + 1 :]}" for glide in "abc" if glide != "abc"[at]]
