"""What VASP says of a calculation: out of ``vasprun.xml``, or out of ``OUTCAR`` where that is all there is."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError

OUTCAR = "OUTCAR"
FILES = ("vasprun.xml", "vasprun.xml.gz", OUTCAR)
"""The first that is there is read."""

_KBAR = -0.1 / 160.21766208  # to eV/Å^3; VASP's pressure is positive where the cell would rather be larger
_OF_POTENTIALS = {"PAW_PBE": "PBE", "PAW": "LDA", "PAW_GGA": "PW91"}
_GGA = {"PE": "PBE", "PS": "PBEsol", "RP": "RPBE", "RE": "revPBE", "AM": "AM05", "91": "PW91", "--": ""}


@dataclass(frozen=True)
class VaspRun:
    """One calculation, at the last step that it finished.

    energy : eV of the cell, extrapolated to no smearing
    functional : such as "PBE+U"
    electrons, atoms : whether they converged; ``cycles`` and ``steps`` are the most that they were given
    forces : (N, 3) eV/Angstrom; stress : (3, 3) eV/Angstrom^3, None where it is not there
    cutoff : eV; spin : whether the spins were free; hubbard : eV, elements with a U
    titles : of the pseudopotentials, such as "PAW_PBE Li_sv 10Sep2004"
    kpoints : the grid, "" where it is not known
    """

    energy: float
    structure: Structures
    functional: str
    version: str
    electrons: bool
    atoms: bool
    cycles: int
    steps: int
    forces: NDArray[np.float64]
    stress: NDArray[np.float64] | None
    cutoff: float
    spin: bool
    hubbard: dict[str, float]
    titles: tuple[str, ...]
    kpoints: str

    @property
    def potentials(self) -> tuple[str, ...]:
        """Names such as "Li_sv"."""
        return tuple(title.split()[1] for title in self.titles)


def read(folder: Path) -> VaspRun:
    """The run in a folder; raises ``FileError`` where there is none, or one that is cut off or damaged."""
    path = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if path is None:
        raise FileError(f"{folder} holds no vasprun.xml: bring back what VASP wrote there, or run it first.")
    if path.stat().st_size == 0:
        raise FileError(f"{path} is empty: VASP did not start, look into its vasp.log.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence, which is told otherwise
            run = _of_outcar(path) if path.name == OUTCAR else _of_vasprun(path)
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror or error}): check its permissions.") from error
    except Exception as error:  # whatever the parsers raise on half a file
        why = " ".join(str(error).split())[:120] or type(error).__name__
        raise FileError(f"{path} is cut off or damaged ({why}): let VASP end, or copy the file again.") from error
    if not np.isfinite(run.energy):
        raise FileError(f"{path} holds no energy: let VASP run on, or look into its vasp.log.")
    return run


def _of_vasprun(path: Path) -> VaspRun:
    from pymatgen.io.vasp.outputs import Vasprun

    run: Any = Vasprun(str(path), parse_dos=False, parse_eigen=False, parse_potcar_file=False)
    crystal, step, titles = run.final_structure, run.ionic_steps[-1], tuple(run.potcar_symbols)
    functional = str(run.run_type)
    if functional.startswith("GGA"):  # none named in the input
        functional = _of_titles(titles) + functional[3:]
    return VaspRun(
        energy=float(run.final_energy),
        structure=Structures.from_lists(
            [crystal.lattice.matrix], [np.array([site.specie.Z for site in crystal])], [crystal.frac_coords]
        ),
        functional=functional,
        version=str(run.vasp_version).strip(),
        electrons=bool(run.converged_electronic),
        atoms=bool(run.converged_ionic),
        cycles=int(run.parameters["NELM"]),
        steps=int(run.parameters["NSW"]),
        forces=np.asarray(step.get("forces", []), float).reshape(-1, 3),
        stress=np.asarray(step["stress"], float) * _KBAR if len(step.get("stress", ())) else None,
        cutoff=float(run.parameters["ENMAX"]),
        spin=run.parameters.get("ISPIN", 1) == 2,
        hubbard={symbol: float(u) for symbol, u in run.hubbards.items() if u},
        titles=titles,
        kpoints="x".join(str(n) for n in run.kpoints.kpts[0]) if len(run.kpoints.kpts or ()) == 1 else "",
    )


def _of_outcar(path: Path) -> VaspRun:
    import ase.io
    from ase.stress import voigt_6_to_full_3x3_stress

    text = path.read_text(encoding="utf-8", errors="replace")
    if "General timing and accounting" not in text:
        raise ValueError("VASP did not end")
    image: Any = ase.io.read(str(path), format="vasp-out", index=-1)
    titles = tuple(dict.fromkeys(re.findall(r"POTCAR:\s+(PAW\S*\s+\S+\s+\S+)", text)))
    titles = tuple(" ".join(title.split()) for title in titles)
    cycles, steps = int(_word(text, "NELM")), int(_word(text, "NSW"))
    us = re.search(r"for each species LDAUU =(.*)", text)
    symbols = [title.split()[1].split("_")[0] for title in titles]
    hubbard = dict(zip(symbols, map(float, us[1].split()), strict=True)) if us else {}
    results = image.calc.results
    return VaspRun(
        energy=float(image.get_potential_energy()),
        structure=Structures.from_lists([image.cell.array], [image.numbers], [image.get_scaled_positions()]),
        functional=_functional(text, titles) + "+U" * bool(us),
        version=(re.search(r"vasp\.(\S+)", text) or ["", ""])[1],
        electrons=int(re.findall(r"Iteration\s+\d+\(\s*(\d+)\)", text)[-1]) < cycles,
        atoms=steps <= 1 or "reached required accuracy" in text,
        cycles=cycles,
        steps=steps,
        forces=results["forces"],
        stress=voigt_6_to_full_3x3_stress(results["stress"]) if "stress" in results else None,
        cutoff=float(_word(text, "ENCUT")),
        spin=_word(text, "ISPIN") == "2",
        hubbard={symbol: u for symbol, u in hubbard.items() if u},
        titles=titles,
        kpoints="",
    )


def _functional(text: str, titles: tuple[str, ...]) -> str:
    if (meta := _word(text, "METAGGA", "F").upper()) not in ("F", "--", "NONE"):
        return meta
    if _word(text, "LHFCALC", "F") == "T":
        return "hybrid"
    code = _word(text, "GGA", "--")
    return _GGA.get(code, code) or _of_titles(titles)


def _of_titles(titles: tuple[str, ...]) -> str:
    """With no functional named in the input, VASP takes that of the pseudopotentials."""
    kinds = {title.split()[0] for title in titles}
    return _OF_POTENTIALS.get(kinds.pop(), "GGA") if len(kinds) == 1 else "GGA"


def _word(text: str, name: str, otherwise: str | None = None) -> str:
    """The first word behind "NAME =" on a line of OUTCAR; raises ``ValueError`` where it has to be there."""
    if match := re.search(rf"^\s*{name}\s*=\s*([^\s;]+)", text, re.MULTILINE):
        return match[1]
    if otherwise is None:
        raise ValueError(f"it tells no {name}")
    return otherwise
