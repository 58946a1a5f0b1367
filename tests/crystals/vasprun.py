"""A ``vasprun.xml`` with the fields that are read, for any crystal and any settings."""

from __future__ import annotations

from typing import Any

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS

KINDS = {bool: "logical", int: "int", str: "string", float: ""}


def vasprun(
    crystal: Structures,
    energy: float,
    potentials: dict[str, str],
    *,
    functional: str = "PE",
    hubbard: dict[str, float] | None = None,
    cutoff: float = 520.0,
    spin: int = 2,
    steps: int = 2,
    nsw: int = 99,
    cycles: int = 3,
    force: float = 0.01,
    stress: float = 0.0,
) -> str:
    """The text: ``steps`` ionic steps of ``cycles`` electronic ones; ``stress`` in kbar, as VASP counts it."""
    lattice, numbers, positions = crystal.cell(0)
    symbols = [SYMBOLS[z] for z in numbers]
    kinds = list(dict.fromkeys(symbols))
    incar: dict[str, Any] = {"ENCUT": cutoff, "ALGO": "Fast"}
    if hubbard:
        incar |= {
            "LDAU": True,
            "LDAUU": [hubbard.get(k, 0.0) for k in kinds],
            "LDAUJ": [0.0] * len(kinds),
        }
    parameters = {
        "ENMAX": cutoff, "ISPIN": spin, "NELM": 100, "NSW": nsw, "IBRION": 2, "EDIFFG": -0.05, "GGA": functional,
        "LHFCALC": False, "LDAU": bool(hubbard), "AEXX": 0.0, "HFSCREEN": 0.0,
    }  # fmt: skip
    atoms = "".join(f"<rc><c>{s}</c><c>{kinds.index(s) + 1}</c></rc>" for s in symbols)
    types = "".join(
        f"<rc><c>{symbols.count(k)}</c><c>{k}</c><c>1.0</c><c>1.0</c><c>{potentials[k]}</c></rc>" for k in kinds
    )
    structure = f"<crystal>{_varray('basis', lattice)}</crystal>{_varray('positions', positions)}"
    figures = "".join(f'<i name="{name}">{energy:.8f}</i>' for name in ("e_fr_energy", "e_wo_entrp", "e_0_energy"))
    step = (
        f"<calculation>{f'<scstep><energy>{figures}</energy></scstep>' * cycles}"
        f"<structure>{structure}</structure>"
        f"{_varray('forces', np.tile([force, 0, 0], (len(numbers), 1)))}{_varray('stress', stress * np.eye(3))}"
        f"<energy>{figures}</energy></calculation>"
    )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<modeling>\n'
        '<generator><i name="program" type="string">vasp</i><i name="version" type="string">6.4.2</i></generator>\n'
        f"<incar>{_items(incar)}</incar>\n"
        '<kpoints><generation param="Gamma"><v type="int" name="divisions">4 4 4</v></generation>'
        f"{_varray('kpointlist', [[0, 0, 0]])}{_varray('weights', [[1]])}</kpoints>\n"
        f"<parameters>{_items(parameters)}</parameters>\n"
        f'<atominfo><array name="atoms"><set>{atoms}</set></array>'
        f'<array name="atomtypes"><set>{types}</set></array></atominfo>\n'
        f'<structure name="initialpos">{structure}</structure>\n{step * steps}\n'
        f'<structure name="finalpos">{structure}</structure>\n</modeling>\n'
    )


def _varray(name: str, rows: Any) -> str:
    lines = "".join(f"<v>{' '.join(f'{float(x):.8f}' for x in row)}</v>" for row in np.asarray(rows))
    return f'<varray name="{name}">{lines}</varray>'


def _items(values: dict[str, Any]) -> str:
    def one(name: str, value: Any) -> str:
        if isinstance(value, list):
            return f'<v name="{name}">{" ".join(f"{x:.4f}" for x in value)}</v>'
        kind = KINDS[type(value)]
        text = {True: "T", False: "F"}[value] if isinstance(value, bool) else str(value)
        return f'<i name="{name}"{f" type={chr(34)}{kind}{chr(34)}" if kind else ""}>{text}</i>'

    return "".join(one(name, value) for name, value in values.items())
