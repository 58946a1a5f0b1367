"""VASP: inputs by the Materials Project's sets of pymatgen, results judged by the same settings.

With those sets the energies are those of the Materials Project before its corrections, so that
``potentials.mp2020.corrections`` puts them beside its hull. What was run otherwise is told apart when it is read.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.dft import vasp_outputs
from crystal_studio.dft.kpoints import symmetric
from crystal_studio.dft.protocol import RELAX, Result, Settings
from crystal_studio.dft.vasp_outputs import VaspRun
from crystal_studio.errors import KnownError
from crystal_studio.potentials.mp2020 import electronegativities

CUTOFF = 520.0
"""eV, of the Materials Project's PBE calculations."""

MAKE_POTCAR = """#!/bin/sh
# Joins the POTCAR of every candidate out of the pseudopotentials of your licence:
#   VASP_POTENTIALS=/path/to/potpaw_PBE sh make_potcar.sh
# That folder holds a folder a name, such as Li_sv, each with a file POTCAR.
: "${VASP_POTENTIALS:?name the folder that holds Li_sv/POTCAR and the like}"
case $VASP_POTENTIALS in /*) ;; *) VASP_POTENTIALS=$PWD/$VASP_POTENTIALS ;; esac
cd "$(dirname "$0")" || exit 1
failed=0
for spec in */POTCAR.spec; do
    folder=${spec%/*}
    whole=1
    rm -f "$folder/POTCAR"
    while IFS= read -r name || [ -n "$name" ]; do
        cat "$VASP_POTENTIALS/$name/POTCAR" 2> /dev/null && continue
        echo "$folder: there is no $VASP_POTENTIALS/$name/POTCAR" >&2
        whole=0 failed=1
    done < "$spec" > "$folder/POTCAR.new"
    if [ $whole = 1 ]; then mv "$folder/POTCAR.new" "$folder/POTCAR"; else rm -f "$folder/POTCAR.new"; fi
done
exit $failed
"""


@dataclass(frozen=True)
class Vasp:
    """The code; see ``dft.protocol.Code``."""

    name: str = "vasp"
    title: str = "VASP"
    needs: str = (
        "VASP and its PBE pseudopotentials, both under a licence of your own; make_potcar.sh joins the POTCAR files"
        " that each POTCAR.spec names."
    )
    command: str = "test -f POTCAR && $RUN ${VASP:-vasp_std} > vasp.log 2>&1"

    def write(self, folder: Path, structure: Structures, settings: Settings, title: str) -> None:
        """INCAR, KPOINTS, POSCAR and POTCAR.spec (the names of the pseudopotentials, which nobody may pass on)."""
        from pymatgen.io.vasp.inputs import Kpoints
        from pymatgen.io.vasp.sets import MPRelaxSet, MPStaticSet

        self._refuse_unknown(structure)
        density = max(1, round(settings.kpoint_spacing**-3))
        incar: dict[str, Any] = {
            "ENCUT": settings.cutoff,
            "SIGMA": settings.smearing,
            "ISPIN": 2 if settings.spin else 1,
            "SYSTEM": " ".join(title.split()),
        }
        if settings.task == RELAX:
            incar |= {"EDIFFG": -settings.fmax, "NSW": settings.max_steps}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on Yb_2, of which ``read`` tells
            crystal, preset = _crystal(structure), MPRelaxSet if settings.task == RELAX else MPStaticSet
            points: Any = Kpoints.automatic_density_by_vol(crystal, density)
            grid = symmetric(structure, points.kpts[0])
            if grid != points.kpts[0]:
                points = Kpoints.gamma_automatic(grid)
            given = preset(crystal, user_incar_settings=incar, user_kpoints_settings=points)
            given.write_input(str(folder), potcar_spec=True)

    def read(self, folder: Path) -> Result:
        """The last step of ``vasprun.xml`` or, without one, of OUTCAR; raises ``FileError`` where both are missing, cut
        off or have no energy."""
        run = vasp_outputs.read(folder)
        told = []
        if not run.electrons:
            told.append(f"The electrons did not converge within NELM = {run.cycles} cycles.")
        if not run.atoms:
            told.append(f"The relaxation did not converge within NSW = {run.steps} steps.")
        if "Yb_2" in run.potentials:
            told.append("Yb_2 describes divalent ytterbium: where it is trivalent the energy is off.")
        mismatches = _mismatches(run)
        return Result(
            energy=run.energy,
            structure=run.structure,
            converged=run.electrons and run.atoms,
            functional=run.functional,
            code=f"VASP {run.version}",
            settings={
                "cutoff": run.cutoff,
                "kpoints": run.kpoints,
                "spin": run.spin,
                "hubbard": run.hubbard,
                "pseudopotentials": list(run.titles),
            },
            warnings=(*told, *(f"Not comparable with the Materials Project's hull: {text}." for text in mismatches)),
            max_force=float(np.linalg.norm(run.forces, axis=1).max()) if len(run.forces) else np.nan,
            stress=run.stress,
            comparable_with_hull=not mismatches,
        )

    def share(self, folder: Path, symbols: Sequence[str]) -> str:
        """``make_potcar.sh``; see ``dft.protocol.Shares``."""
        (folder / "make_potcar.sh").write_text(MAKE_POTCAR, encoding="utf-8", newline="\n")
        names = ", ".join(_preset()["POTCAR"][symbol] for symbol in symbols)
        return f"""
The pseudopotentials are those of the Materials Project (PBE, PAW: {names}). Their files may not be passed on: each
folder has a `POTCAR.spec` with their names in order, and

    VASP_POTENTIALS=/path/to/potpaw_PBE sh make_potcar.sh

joins a `POTCAR` in each folder out of yours. With those and with inputs left as they are, the energies are on the scale
of the Materials Project before its corrections of 2020; what was run otherwise is told when it comes back.
"""

    @staticmethod
    def _refuse_unknown(structure: Structures) -> None:
        unknown = [s for s in _symbols(structure) if s not in _preset()["POTCAR"]]
        if unknown:
            raise KnownError(
                f"The Materials Project's settings name no VASP pseudopotential for {', '.join(unknown)}:"
                " leave that candidate out."
            )


@cache
def _preset() -> dict[str, Any]:
    from pymatgen.io.vasp.sets import MPRelaxSet

    return MPRelaxSet.CONFIG


def _symbols(structure: Structures) -> list[str]:
    return [SYMBOLS[z] for z in np.flatnonzero(counts(structure)[0])]


def _crystal(structure: Structures) -> Any:
    from pymatgen.core import Lattice, Structure

    lattice, numbers, positions = structure.cell(0)
    return Structure(Lattice(lattice), [SYMBOLS[z] for z in numbers], positions)


def _mismatches(run: VaspRun) -> list[str]:
    """Clauses on how a calculation differs from those of the Materials Project; none where it does not."""
    elements, told = _symbols(run.structure), []
    if run.functional not in ("PBE", "PBE+U"):
        told.append(f"the functional is {run.functional}, that of the hull is PBE and PBE+U")
    if run.hubbard != (wanted := expected_hubbard(elements)):
        told.append(f"Hubbard's U is {_listed(run.hubbard)}, that of the hull {_listed(wanted)}")
    if run.cutoff < CUTOFF - 1:
        told.append(f"the cutoff of {run.cutoff:g} eV is below {CUTOFF:g} eV")
    if not run.spin:
        told.append("the spins were not free")
    table = _preset()["POTCAR"]
    if differ := sorted(set(run.potentials) ^ {table.get(symbol, symbol) for symbol in elements}):
        told.append(f"the pseudopotentials differ ({', '.join(differ)})")
    return told


def expected_hubbard(elements: list[str]) -> dict[str, float]:
    """eV: the U that the Materials Project gives to each element of a compound, by its most electronegative one."""
    scale = electronegativities()
    strongest = max(elements, key=lambda symbol: scale[atomic_number(symbol)])
    table: Mapping[str, float] = _preset()["INCAR"]["LDAUU"].get(strongest, {})
    return {symbol: float(table[symbol]) for symbol in elements if table.get(symbol)}


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{symbol} {u:g} eV" for symbol, u in sorted(values.items())) or "none"


VASP = Vasp()
