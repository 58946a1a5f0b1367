"""VASP: inputs by the Materials Project's sets of pymatgen, results out of ``vasprun.xml``.

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
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.dft.protocol import SINGLE_POINT, Result, Settings
from crystal_studio.errors import FileError, KnownError

RESULTS = ("vasprun.xml", "vasprun.xml.gz")
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
    rm -f "$folder/POTCAR"
    while IFS= read -r name || [ -n "$name" ]; do
        if ! cat "$VASP_POTENTIALS/$name/POTCAR"; then
            echo "$folder: there is no $VASP_POTENTIALS/$name/POTCAR" >&2
            failed=1
        fi
    done < "$spec" > "$folder/POTCAR.new"
    [ $failed = 0 ] && mv "$folder/POTCAR.new" "$folder/POTCAR" || rm -f "$folder/POTCAR.new"
done
exit $failed
"""

_KBAR = -0.1 / 160.21766208  # to eV/Å^3; VASP's pressure is positive where the cell would rather be larger
_OF_POTENTIALS = {"PAW_PBE": "PBE", "PAW": "LDA", "PAW_GGA": "PW91"}


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
        from pymatgen.io.vasp.sets import MPRelaxSet, MPStaticSet

        self._refuse_unknown(structure)
        density = max(1, round(settings.kpoint_spacing**-3))
        incar: dict[str, Any] = {
            "ENCUT": settings.cutoff,
            "SIGMA": settings.smearing,
            "ISPIN": 2 if settings.spin else 1,
            "SYSTEM": " ".join(title.split()),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on Yb_2, of which ``read`` tells
            if settings.task == SINGLE_POINT:
                given: Any = MPStaticSet(_crystal(structure), user_incar_settings=incar, reciprocal_density=density)
            else:
                incar |= {"EDIFFG": -settings.fmax, "NSW": settings.max_steps}
                given = MPRelaxSet(
                    _crystal(structure),
                    user_incar_settings=incar,
                    user_kpoints_settings={"reciprocal_density": density},
                )
            given.write_input(str(folder), potcar_spec=True)

    def read(self, folder: Path) -> Result:
        """The last step of ``vasprun.xml``; raises ``FileError`` where it is missing, cut off or has no energy."""
        run = _vasprun(folder)
        energy = float(run.final_energy)
        if not np.isfinite(energy):
            raise FileError(f"{_file(folder)} holds no energy: let VASP run on, or look into its vasp.log.")
        electrons, atoms = bool(run.converged_electronic), bool(run.converged_ionic)
        told = []
        if not electrons:
            told.append(f"The electrons did not converge within NELM = {run.parameters.get('NELM')} cycles.")
        if not atoms:
            told.append(f"The relaxation did not converge within NSW = {run.parameters.get('NSW')} steps.")
        structure = _structures(run.final_structure)
        mismatches = _mismatches(run, structure)
        if any("Yb_2" in title for title in run.potcar_symbols):
            told.append("Yb_2 describes divalent ytterbium: where it is trivalent the energy is off.")
        step = run.ionic_steps[-1]
        forces = np.asarray(step.get("forces", []), float)
        return Result(
            energy=energy,
            structure=structure,
            converged=electrons and atoms,
            functional=_functional(run),
            code=f"VASP {str(run.vasp_version).strip()}",
            settings=_settings(run),
            warnings=(*told, *(f"Not comparable with the Materials Project's hull: {text}." for text in mismatches)),
            max_force=float(np.linalg.norm(forces, axis=1).max()) if len(forces) else np.nan,
            stress=np.asarray(step["stress"], float) * _KBAR if len(step.get("stress", ())) else None,
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


def _structures(crystal: Any) -> Structures:
    return Structures.from_lists(
        [crystal.lattice.matrix], [np.array([site.specie.Z for site in crystal])], [crystal.frac_coords]
    )


def _file(folder: Path) -> Path:
    for name in RESULTS:
        if (folder / name).is_file():
            return folder / name
    raise FileError(f"{folder} holds no vasprun.xml: bring back what VASP wrote there, or run it first.")


def _vasprun(folder: Path) -> Any:
    """pymatgen's reading; raises ``FileError`` for what is no whole file of VASP."""
    path = _file(folder)
    if path.stat().st_size == 0:
        raise FileError(f"{path} is empty: VASP did not start, look into its vasp.log.")
    from pymatgen.io.vasp.outputs import Vasprun

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what they say of convergence is told in ``Result.warnings``
            run = Vasprun(str(path), parse_dos=False, parse_eigen=False, parse_potcar_file=False)
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror or error}): check its permissions.") from error
    except Exception as error:  # whatever the parsers of XML and of its contents raise
        why = " ".join(str(error).split())[:120] or type(error).__name__
        raise FileError(f"{path} is cut off or damaged ({why}): let VASP end, or copy the file again.") from error
    return run


def _functional(run: Any) -> str:
    """Such as "PBE+U"; with no functional named in the input, VASP takes that of the pseudopotentials."""
    found = str(run.run_type)
    kinds = {title.split()[0] for title in run.potcar_symbols}
    if found.startswith("GGA") and len(kinds) == 1:
        found = _OF_POTENTIALS.get(kinds.pop(), "GGA") + found[3:]
    return found


def _settings(run: Any) -> dict[str, Any]:
    grid = getattr(run.kpoints, "kpts", None) or [()]
    return {
        "cutoff": float(run.parameters.get("ENMAX", run.incar.get("ENCUT", np.nan))),
        "kpoints": [int(n) for n in grid[0]] if len(grid) == 1 else len(run.actual_kpoints),
        "spin": run.parameters.get("ISPIN", 1) == 2,
        "hubbard": {symbol: float(u) for symbol, u in _hubbard(run).items()},
        "pseudopotentials": list(run.potcar_symbols),
    }


def _hubbard(run: Any) -> dict[str, float]:
    """eV, the elements with a U."""
    return {symbol: u for symbol, u in run.hubbards.items() if u}


def _mismatches(run: Any, structure: Structures) -> list[str]:
    """Clauses on how a calculation differs from those of the Materials Project; none where it does not."""
    elements, told = _symbols(structure), []
    functional = _functional(run)
    if functional not in ("PBE", "PBE+U"):
        told.append(f"the functional is {functional}, that of the hull is PBE and PBE+U")
    if (has := _hubbard(run)) != (wanted := expected_hubbard(elements)):
        told.append(f"Hubbard's U is {_listed(has)}, that of the hull {_listed(wanted)}")
    settings = _settings(run)
    if settings["cutoff"] < CUTOFF - 1:
        told.append(f"the cutoff of {settings['cutoff']:g} eV is below {CUTOFF:g} eV")
    if not settings["spin"]:
        told.append("the spins were not free")
    table = _preset()["POTCAR"]
    names = {title.split()[1] for title in run.potcar_symbols}
    if differ := sorted(names ^ {table.get(symbol, symbol) for symbol in elements}):
        told.append(f"the pseudopotentials differ ({', '.join(differ)})")
    return told


def expected_hubbard(elements: list[str]) -> dict[str, float]:
    """eV: the U that the Materials Project gives to each element of a compound, by its most electronegative one."""
    from pymatgen.core import Element

    strongest = max(elements, key=lambda symbol: Element(symbol).X)
    table: Mapping[str, float] = _preset()["INCAR"]["LDAUU"].get(strongest, {})
    return {symbol: float(table[symbol]) for symbol in elements if table.get(symbol)}


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{symbol} {u:g} eV" for symbol, u in sorted(values.items())) or "none"


VASP = Vasp()
