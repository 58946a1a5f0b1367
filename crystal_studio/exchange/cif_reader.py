"""CIF in, through gemmi: every data block that holds atoms, or one sentence why it cannot be used."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

Crystal = tuple[NDArray[np.float64], NDArray[np.int16], NDArray[np.float64]]
"""Lattice (3, 3) in Angstrom, atomic numbers (n,), fractional coordinates (n, 3)."""

_SYMBOLS = ("_space_group_name_H-M_alt", "_symmetry_space_group_name_H-M", "_space_group_name_Hall")
_NUMBERS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")
_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz", "_space_group_symop.operation_xyz")


def crystals_of_text(text: str) -> list[Crystal]:
    """Whole cells of all data blocks with atoms; raises ``ValueError`` with a plain sentence."""
    return [crystal_of_block(block) for block in blocks_of_text(text)]


def blocks_of_text(text: str) -> list[Any]:
    """gemmi's data blocks with atoms; raises ``ValueError`` with a plain sentence."""
    import gemmi

    if "\0" in text:
        raise ValueError("it is not a text file")
    try:
        document = gemmi.cif.read_string(text)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"it is not valid CIF ({' '.join(str(error).split())[:160]})") from error
    blocks = [block for block in document if _has_sites(block)]
    if not blocks:
        raise ValueError("it holds no atoms with fractional coordinates")
    return blocks


def _has_sites(block) -> bool:
    return len(block.find_loop("_atom_site_fract_x")) > 0 or block.find_value("_atom_site_fract_x") is not None


def crystal_of_block(block: Any) -> Crystal:
    """The whole cell of one data block; raises ``ValueError`` with a plain sentence."""
    import gemmi

    missing = [
        name
        for name in ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
        if not math.isfinite(_number(block.find_value(f"_cell_{name}")))
    ]
    if missing:
        raise ValueError(f"its cell is incomplete (_cell_{missing[0]} is missing or no number)")
    try:
        small = gemmi.make_small_structure_from_block(block)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"its atoms cannot be read ({' '.join(str(error).split())[:160]})") from error
    if small.spacegroup is None and _claims_symmetry(block):
        raise ValueError("its space group is unknown or contradicts its symmetry operations")
    for site in small.sites:
        if not all(math.isfinite(x) for x in site.fract.tolist()):
            raise ValueError(f"the coordinates of {site.label or 'an atom'} are missing or no numbers")
        if abs(site.occ - 1.0) > 1e-3:
            raise ValueError(
                f"{site.label or 'a site'} is occupied by {site.occ:g}, and only fully ordered crystals can be used"
            )
        if not 1 <= site.element.atomic_number <= 118:
            raise ValueError(f"{site.label or site.type_symbol} is no chemical element")
    small.setup_cell_images()
    sites = small.get_all_unit_cell_sites()
    return (
        np.array(small.cell.orth.mat.tolist(), float).T,
        np.array([site.element.atomic_number for site in sites], np.int16),
        np.array([site.fract.tolist() for site in sites], float).reshape(-1, 3),
    )


def _claims_symmetry(block) -> bool:
    """Whether the block says more of its symmetry than P 1."""
    operations = max((len(block.find_values(tag)) for tag in _OPERATIONS), default=0)
    symbols = [_text(block.find_value(tag)) for tag in _SYMBOLS]
    numbers = [_text(block.find_value(tag)) for tag in _NUMBERS]
    return (
        operations > 1
        or any(s and s.replace(" ", "").upper() != "P1" for s in symbols)
        or any(n and n != "1" for n in numbers)
    )


def _text(value: str | None) -> str:
    return "" if value is None or value in ("?", ".") else value.strip("'\" ")


def _number(value: str | None) -> float:
    """A CIF number without its standard uncertainty; NaN where there is none."""
    match = re.fullmatch(r"([-+0-9.eE]+)(\(\d+\))?", _text(value))
    try:
        return float(match.group(1)) if match else math.nan
    except ValueError:
        return math.nan
