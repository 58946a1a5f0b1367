"""Quantum ESPRESSO: inputs of pw.x written by ASE, results out of its output file.

Total energies of pseudopotentials stand on a scale of their own: they compare among themselves, not with the hull.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.dft.kpoints import kpoint_grid
from crystal_studio.dft.protocol import RELAX, Result, Settings
from crystal_studio.dft.pseudopotentials import pseudopotentials
from crystal_studio.errors import FileError

INPUT, OUTPUT = "pw.in", "pw.out"
RY, BOHR = 13.605693122994, 0.529177210903
MAGNETIC = 0.5, 0.1
"""Magnetization that an atom starts with, as a share of its valence: of the d and f blocks, and of others."""

SCALE = "Energies of pseudopotentials have a scale of their own: compare them among themselves, not with the hull."


@dataclass(frozen=True)
class QuantumEspresso:
    """The code; see ``dft.protocol.Code``."""

    name: str = "qe"
    title: str = "Quantum ESPRESSO"
    needs: str = (
        "pw.x and the pseudopotentials that each pw.in names, in a folder pseudo beside or in one that ESPRESSO_PSEUDO"
        " names."
    )
    command: str = 'ESPRESSO_PSEUDO="${ESPRESSO_PSEUDO:-../pseudo}" $RUN ${PW:-pw.x} -in pw.in > pw.out'

    def write(self, folder: Path, structure: Structures, settings: Settings, title: str) -> None:
        """``pw.in``: vc-relax or scf; the cutoffs are no lower than the pseudopotentials' own."""
        (folder / INPUT).write_text(input_text(structure, settings, title), encoding="utf-8", newline="\n")

    def read(self, folder: Path) -> Result:
        """The last step of ``pw.out``; raises ``FileError`` where it is missing, cut off or has no energy."""
        from ase.stress import voigt_6_to_full_3x3_stress

        path = folder / OUTPUT
        text = _text(path)
        unconverged = text.rfind("convergence NOT achieved") > text.rfind("convergence has been achieved")
        if "JOB DONE." not in text:
            raise FileError(f"{path} is cut off before pw.x ended: let it run on, or copy the file again.")
        image = _last_image(path, unconverged)
        told = []
        if unconverged:
            told.append("The electrons did not converge in the last step; what stands here is the step before.")
        moving = "BFGS Geometry Optimization" in text and "bfgs converged" not in text
        if moving:
            told.append("The relaxation did not converge within the steps it was given.")
        forces, stress = image.calc.results.get("forces"), image.calc.results.get("stress")
        return Result(
            energy=float(image.get_potential_energy()),
            structure=Structures.from_lists([image.cell.array], [image.numbers], [image.get_scaled_positions()]),
            converged=not unconverged and not moving,
            functional=_functional(text),
            code=" ".join(("Quantum ESPRESSO", _found(r"Program PWSCF v\.(\S+)", text))).strip(),
            settings=_settings(text),
            warnings=(*told, SCALE),
            max_force=math.nan if forces is None else float(np.linalg.norm(forces, axis=1).max()),
            stress=None if stress is None else voigt_6_to_full_3x3_stress(stress),
        )

    def share(self, folder: Path, symbols: Sequence[str]) -> str:
        """``pseudopotentials.md5``; see ``dft.protocol.Shares``."""
        chosen = pseudopotentials(symbols)
        lines = [f"{p.md5}  {p.filename}\n" for p in chosen.values() if p.md5]
        (folder / "pseudopotentials.md5").write_text("".join(lines), encoding="utf-8", newline="\n")
        names = ", ".join(f"`{p.filename}`" for p in chosen.values())
        return f"""
The pseudopotentials are {names}. Those that ship as names are of SSSP PBE efficiency 1.3.0
(https://www.materialscloud.org/sssp); `cd pseudo && md5sum -c ../pseudopotentials.md5` says whether yours are the same.
Cutoffs are the highest that any of them asks for, or that of the settings where it is higher.

{SCALE}
"""


def input_text(structure: Structures, settings: Settings, title: str) -> str:
    """The input of pw.x; raises ``KnownError`` where the table of pseudopotentials lacks an element."""
    from ase import Atoms
    from ase.io.espresso import write_espresso_in

    lattice, numbers, positions = structure.cell(0)
    symbols = [SYMBOLS[z] for z in np.unique(numbers)]
    chosen = pseudopotentials(symbols)
    atoms = Atoms(numbers=numbers, scaled_positions=positions, cell=lattice, pbc=True)
    cutoff = max(settings.cutoff / RY, *(p.cutoff_wfc for p in chosen.values()))
    dual = max(p.cutoff_rho / p.cutoff_wfc for p in chosen.values())
    system: dict[str, Any] = {
        "ecutwfc": round(cutoff, 4),
        "ecutrho": round(cutoff * dual, 4),
        "occupations": "smearing",
        "smearing": "cold",
        "degauss": round(settings.smearing / RY, 6),
    }
    if settings.spin:
        system["nspin"] = 2
        atoms.set_initial_magnetic_moments([MAGNETIC[0 if _is_magnetic(int(z)) else 1] for z in numbers])
    control: dict[str, Any] = {
        "calculation": "vc-relax" if settings.task == RELAX else "scf",
        "title": " ".join(title.replace("'", " ").split())[:80],
        "outdir": "./out",
        "tprnfor": True,
        "tstress": True,
        "disk_io": "low",
    }
    if settings.task == RELAX:
        control |= {
            "nstep": settings.max_steps,
            "forc_conv_thr": float(f"{settings.fmax / RY * BOHR:.6g}"),
            "etot_conv_thr": float(f"{1e-5 * len(atoms):.6g}"),
        }
    electrons = {"conv_thr": float(f"{1e-9 * len(atoms):.6g}"), "mixing_beta": 0.4, "electron_maxstep": 200}
    parts = {"control": control, "system": system, "electrons": electrons}
    if settings.task == RELAX:
        parts |= {"ions": {"ion_dynamics": "bfgs"}, "cell": {"cell_dynamics": "bfgs"}}
    file = io.StringIO()
    write_espresso_in(
        file,
        atoms,
        input_data=parts,
        pseudopotentials={symbol: p.filename for symbol, p in chosen.items()},
        kpts=kpoint_grid(structure, settings.kpoint_spacing),
        crystal_coordinates=True,
    )
    return file.getvalue()


def _is_magnetic(z: int) -> bool:
    """Whether an element has an open d or f shell to speak of."""
    return 21 <= z <= 29 or 39 <= z <= 47 or 57 <= z <= 79 or 89 <= z <= 103


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise FileError(
            f"{path.parent} holds no {path.name}: bring back what pw.x wrote there, or run it first."
        ) from None
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror or error}): check its permissions.") from error
    if "Program PWSCF" not in text:
        raise FileError(f"{path} is no output of pw.x: run it with '-in pw.in > pw.out', or look what stands there.")
    if message := re.search(r"%%%+\s+Error in routine (.*?)\n\s*%%%", text, re.DOTALL):
        raise FileError(f"pw.x gave up in {path}: {' '.join(message[1].split())}. Correct its cause and run it again.")
    return text


def _last_image(path: Path, unconverged: bool) -> Any:
    """ASE's atoms of the last step that has an energy."""
    from ase.io.espresso import read_espresso_out

    found, failure = None, None
    try:
        with warnings.catch_warnings(), path.open(encoding="utf-8", errors="replace") as file:
            warnings.simplefilter("ignore")
            for image in read_espresso_out(file):
                found = image if "energy" in image.calc.results else found
    except Exception as error:  # whatever ASE raises on half a step, as the last one of electrons that did not converge
        failure = error
    if unconverged and found is None:
        raise FileError(
            f"The electrons did not converge in {path}, so that it holds no energy: lower mixing_beta or raise"
            " electron_maxstep in pw.in and run it again."
        )
    if failure is not None and not unconverged:
        why = " ".join(str(failure).split())[:120] or type(failure).__name__
        raise FileError(f"{path} is cut off or damaged ({why}): let pw.x end, or copy the file again.") from failure
    if found is None:
        raise FileError(f"{path} holds no finished step: let pw.x run on, or look what stopped it.")
    return found


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1].strip() if match else ""


def _functional(text: str) -> str:
    """Such as "PBE" or "PBE+U"; a combination that has no name here as pw.x writes it."""
    written = " ".join(_found(r"Exchange-correlation=([^\n(]+)", text).split())
    name = {"SLA PW PBE PBE": "PBE", "SLA PW PSX PSC": "PBEsol", "SLA PZ NOGX NOGC": "LDA"}.get(written, written)
    return name + ("+U" if re.search(r"(LDA|DFT)\+U calculation|Hubbard projectors", text) else "")


def _settings(text: str) -> dict[str, Any]:
    cutoff, points = _found(r"kinetic-energy cutoff\s*=\s*(\S+)", text), _found(r"number of k points=\s*(\d+)", text)
    return {
        "cutoff": round(float(cutoff) * RY, 3) if cutoff else None,
        "irreducible_kpoints": int(points) if points else None,
        "spin": "Starting magnetic structure" in text,
        "pseudopotentials": list(
            dict.fromkeys(Path(name).name for name in re.findall(r"read from file:\s*\n\s*(\S+)", text))
        ),
    }


QUANTUM_ESPRESSO = QuantumEspresso()
