"""One crystal computed by GPAW: the script of a job, run in the job's folder by a Python that has GPAW.

It knows nothing of Crystal Studio: it reads ``input.json``, tells how it goes in ``progress.jsonl`` and leaves
``result.json``. Ended at any time and started again, it goes on at the last step of its relaxation (``state.json``).
"""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter

HARTREE = 27.211386245981
CHECK = 1.3
"""By what the cutoff is raised to see what the finite basis does."""

CURVATURE = 70.0
"""eV/Angstrom^2, of the first step."""

LONGEST = 0.2
"""Angstrom."""

STRESS_LIMIT = 0.006
"""eV/Angstrom^3 (1 GPa) that the stress may change by with the cutoff."""


def main() -> None:
    from gpaw import KohnShamConvergenceError

    asked = json.loads(Path("input.json").read_text())
    settings = asked["settings"]
    atoms = Atoms(asked["numbers"], cell=asked["lattice"], scaled_positions=asked["positions"], pbc=True)
    if settings["spin"]:
        atoms.set_initial_magnetic_moments(np.ones(len(atoms)))
    started = time.monotonic()
    job = Job(atoms, settings, asked["kpoints"])
    try:
        converged, steps = job.relax() if settings["task"] == "relax" else job.single_point()
        result = job.result(converged, steps)
    except KohnShamConvergenceError:
        result = {
            "error": "The electrons of this crystal did not converge in GPAW: more smearing (--smearing 0.2) or a"
            " finer grid of k-points helps with metals, spins (--spin) with magnets."
        }
    result["seconds"] = time.monotonic() - started
    put("result.json", result)


class Job:
    """A crystal with its calculator."""

    def __init__(self, atoms: Atoms, settings: dict[str, Any], kpoints: list[int]) -> None:
        self.atoms, self.settings, self.kpoints = atoms, settings, kpoints
        self.step, self.checking = 0, False
        self.atoms.calc = self.calculator(settings["cutoff"])

    def calculator(self, cutoff: float) -> Any:
        from gpaw import GPAW, PW, FermiDirac

        calculator = GPAW(
            mode=PW(cutoff),
            xc=self.settings["functional"],
            kpts={"size": self.kpoints, "gamma": True},
            occupations=FermiDirac(self.settings["smearing"]),
            symmetry={"tolerance": 1e-5},
            convergence={"energy": 1e-5},
            txt="gpaw.txt",
        )
        if hasattr(calculator, "hooks"):
            calculator.hooks["scf_step"] = lambda now: self.tell(now.niter, now.energies.total_extrapolated * HARTREE)
        else:  # GPAW before 26
            calculator.attach(
                lambda: self.tell(calculator.scf.niter, calculator.hamiltonian.e_total_extrapolated * HARTREE), 1
            )
        return calculator

    def tell(self, iteration: int, energy: float, max_force: float = math.nan) -> None:
        """A line of progress; of the check without its energy, which is another basis's."""
        energy = math.nan if self.checking else energy
        told = {"step": self.step, "iteration": iteration, "energy": finite(energy), "max_force": finite(max_force)}
        with Path("progress.jsonl").open("a") as file:
            file.write(json.dumps({k: v for k, v in told.items() if v is not None}) + "\n")

    def single_point(self) -> tuple[bool, int]:
        self.tell(0, self.atoms.get_potential_energy(), largest(self.atoms.get_forces()))
        return True, 0

    def relax(self) -> tuple[bool, int]:
        """Atoms and cell, by BFGS; GPAW makes forces and stress as symmetric as the crystal is, so its group stays."""
        cell: Any = FrechetCellFilter(self.atoms)  # its reference is the cell that was given, after a restart too
        state = Path("state.json")
        hessian, before = CURVATURE * np.eye(3 * len(cell)), None
        if state.exists():
            known = json.loads(state.read_text())
            self.step, hessian = known["step"], np.array(known["hessian"])
            before = np.array(known["positions_before"]), np.array(known["forces_before"])
            cell.set_positions(np.array(known["positions"]))
        while True:
            positions, forces = cell.get_positions(), cell.get_forces()
            self.tell(0, self.atoms.get_potential_energy(), largest(forces))
            if largest(forces) < self.settings["fmax"] or self.step >= self.settings["max_steps"]:
                return largest(forces) < self.settings["fmax"], self.step
            if before is not None:
                hessian = updated(hessian, positions - before[0], before[1] - forces)
            before = positions, forces
            positions = positions + newton(hessian, forces)
            self.step += 1
            told = {"positions": positions, "hessian": hessian, "positions_before": before[0], "forces_before": forces}
            put("state.json", {"step": self.step, **{name: array.tolist() for name, array in told.items()}})
            cell.set_positions(positions)

    def result(self, converged: bool, steps: int) -> dict[str, Any]:
        atoms, settings = self.atoms, self.settings
        energy, forces = float(atoms.get_potential_energy()), atoms.get_forces()
        stress = atoms.get_stress(voigt=False)
        warnings = []
        if not converged:
            warnings.append(f"The relaxation was not at its end after {steps} steps: its energy is an upper bound.")
        check = None
        if settings["task"] == "relax":
            check = self.check(stress)
            if check["stress_change"] > STRESS_LIMIT:
                warnings.append(
                    f"With a cutoff of {check['cutoff']:.0f} eV the stress changes by"
                    f" {check['stress_change'] * 160.2177:.1f} GPa and the energy by"
                    f" {1000 * check['energy_change']:.0f} meV/atom: the volume is not converged, raise the cutoff."
                )
        return {
            "energy": energy,
            "lattice": atoms.cell.array.tolist(),
            "numbers": atoms.numbers.tolist(),
            "positions": atoms.get_scaled_positions().tolist(),
            "converged": converged,
            "functional": settings["functional"],
            "code": code(),
            "settings": settings | {"kpoints": self.kpoints, "steps": steps, "check": check},
            "warnings": warnings,
            "max_force": largest(forces),
            "stress": stress.tolist(),
        }

    def check(self, stress: np.ndarray) -> dict[str, float]:
        """What a larger basis says of the same crystal."""
        cutoff = CHECK * self.settings["cutoff"]
        other = self.atoms.copy()
        before = self.atoms.get_potential_energy()
        self.checking = True
        other.calc = self.calculator(cutoff)
        change = abs(other.get_potential_energy() - before) / len(other)
        return {
            "cutoff": cutoff,
            "energy_change": float(change),
            "stress_change": float(np.abs(other.get_stress(voigt=False) - stress).max()),
        }


def code() -> str:
    from gpaw import __version__

    return f"GPAW {__version__}"


def updated(hessian: np.ndarray, moved: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The formula of Broyden, Fletcher, Goldfarb and Shanno; ``change`` of the gradient along ``moved``."""
    x, g = moved.ravel(), change.ravel()
    if np.abs(x).max() < 1e-7:
        return hessian
    hx = hessian @ x
    return hessian + np.outer(g, g) / (g @ x) - np.outer(hx, hx) / (x @ hx)


def newton(hessian: np.ndarray, forces: np.ndarray) -> np.ndarray:
    """A step downhill, whatever the curvature's sign, of at most ``LONGEST`` for any atom."""
    curvature, modes = np.linalg.eigh(hessian)
    step = (modes @ ((forces.ravel() @ modes) / np.abs(curvature))).reshape(forces.shape)
    return step * min(1.0, LONGEST / max(largest(step), 1e-12))


def largest(vectors: np.ndarray) -> float:
    return float(np.linalg.norm(vectors, axis=1).max())


def finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None


def put(name: str, document: dict[str, Any]) -> None:
    """A file appears whole or not at all."""
    draft = Path(f".{name}.{os.getpid()}")
    draft.write_text(json.dumps(document))
    draft.replace(name)


if __name__ == "__main__":
    main()
