"""Ready-made choices of elements, as a designer names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from crystal_studio.app.design.form import Form, Pick

METALS_3D = ("Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn")
LANTHANIDES = ("La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu")
ACTINIDES = ("Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr")
NOBLE_GASES = ("He", "Ne", "Ar", "Kr", "Xe", "Rn")
# Elements whose common compounds are acutely toxic or carcinogenic, and those without stable isotopes.
TOXIC = ("Be", "As", "Cd", "Hg", "Tl", "Pb", "Os", "Se", "Cr")
RADIOACTIVE = ("Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra", *ACTINIDES)
# More than about 100 ppm of the Earth's crust (CRC Handbook, abundance of elements in the crust).
EARTH_ABUNDANT = (
    "H", "C", "O", "F", "Na", "Mg", "Al", "Si", "P", "S", "Cl",
    "K", "Ca", "Ti", "V", "Cr", "Mn", "Fe", "Sr", "Zr", "Ba",
)  # fmt: skip


@dataclass(frozen=True)
class Preset:
    """A change of the form under a name."""

    title: str
    tip: str
    apply: Callable[[Form], Form]


def _allow(symbols: tuple[str, ...], mode: str = "subset", required: tuple[str, ...] = ()) -> Callable[[Form], Form]:
    def apply(form: Form) -> Form:
        picks = tuple((s, Pick.REQUIRED if s in required else Pick.ALLOWED) for s in symbols)
        return replace(form, picks=picks, mode=mode, composition="")

    return apply


def _exclude(symbols: tuple[str, ...]) -> Callable[[Form], Form]:
    """Exclude elements where anything is open; drop them from a closed system."""

    def apply(form: Form) -> Form:
        kept = {s: p for s, p in form.picks if s not in symbols}
        open_ended = form.mode in ("any", "contains")
        added = dict.fromkeys(symbols, Pick.EXCLUDED) if open_ended else {}
        changed = replace(form, picks=tuple((kept | added).items()), composition="")
        return changed if changed.mode == "any" or changed.elements else replace(changed, mode="any")

    return apply


PRESETS: tuple[Preset, ...] = (
    Preset("3d transition metals", "Allow Sc to Zn", _allow(METALS_3D)),
    Preset(
        "Transition-metal oxides",
        "Allow Sc to Zn and O, with O required",
        _allow((*METALS_3D, "O"), required=("O",)),
    ),
    Preset(
        "Lithium cathode oxides",
        "Allow Li, Mn, Fe, Co, Ni and O, with Li and O required",
        _allow(("Li", "Mn", "Fe", "Co", "Ni", "O"), required=("Li", "O")),
    ),
    Preset("Earth-abundant", "Allow elements above about 100 ppm of the crust", _allow(EARTH_ABUNDANT)),
    Preset("Without lanthanides", "Exclude La to Lu", _exclude(LANTHANIDES)),
    Preset("Without noble gases", "Exclude He to Rn", _exclude(NOBLE_GASES)),
    Preset("Non-toxic", "Exclude toxic and radioactive elements", _exclude((*TOXIC, *RADIOACTIVE))),
)
