"""GPAW without GPAW: its job with another calculator, a real result read, and the search for its Python."""

from __future__ import annotations

import ast
import json
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT

from crystal_studio.campaign import dft_results
from crystal_studio.crystal.standardise import space_group_numbers
from crystal_studio.dft import gpaw, gpaw_job
from crystal_studio.dft.gpaw import GPAW
from crystal_studio.dft.manifest import read as read_manifest
from crystal_studio.dft.protocol import Settings
from crystal_studio.dft.returned import returned
from crystal_studio.dft.script_code import RESULT, Steps
from crystal_studio.errors import KnownError

ALAS = Path(__file__).parent / "files" / "gpaw_alas"
"""AlAs as GPAW 26.7.0 left it: CHGNet had already relaxed it as far as was asked."""


class Emt(gpaw_job.Job):
    """The same job, with energies that are there in a moment."""

    def calculator(self, cutoff):
        return EMT()


def copper_gold(**settings) -> Emt:
    atoms = Atoms("CuAu", cell=[2.9, 2.9, 3.5], scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.52]], pbc=True)
    return Emt(atoms, Settings(fmax=0.001, **settings).as_json(), [1, 1, 1])


def test_a_job_relaxes_atoms_and_cell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = copper_gold()
    converged, steps = job.relax()
    assert converged and 3 < steps < 60
    assert np.abs(job.atoms.get_forces()).max() < 0.001 and np.abs(job.atoms.get_stress()).max() < 1e-3
    told = Steps(tmp_path, skip=False).new()
    assert [step.step for step in told] == list(range(steps + 1))
    assert told[-1].energy < told[0].energy and told[-1].max_force < 0.001


def test_a_job_that_was_ended_goes_on_as_if_nothing_had_been(tmp_path, monkeypatch):
    for name in ("straight", "ended"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "straight")
    straight = copper_gold()
    _, steps = straight.relax()
    monkeypatch.chdir(tmp_path / "ended")

    class Ended(Exception):
        pass

    for last in (0, 3, 5):  # every time by what comes in the middle of a step

        class Short(Emt):
            def tell(self, *told, last=last):
                if self.step > last:
                    raise Ended
                super().tell(*told)

        job = copper_gold()
        job.__class__ = Short
        with pytest.raises(Ended):
            job.relax()
    again = copper_gold()
    assert again.relax() == (True, steps)
    np.testing.assert_allclose(again.atoms.cell.array, straight.atoms.cell.array, atol=1e-9)
    np.testing.assert_allclose(again.atoms.positions, straight.atoms.positions, atol=1e-9)
    assert [step.step for step in Steps(tmp_path / "ended", skip=False).new()] == list(range(steps + 1))


def test_a_larger_basis_is_tried_at_the_end_and_its_energies_are_not_told(tmp_path, monkeypatch):
    class Soft(Emt):
        """Its energies and stresses hang on the cutoff, as those of plane waves do."""

        def calculator(self, cutoff):
            job, emt = self, EMT()
            plain = emt.get_potential_energy
            emt.get_potential_energy = lambda *a, **k: job.tell(1, -99.0) or plain(*a, **k) - cutoff / 1000
            stress = emt.get_stress
            emt.get_stress = lambda *a, **k: stress(*a, **k) + cutoff / 10_000
            return emt

    monkeypatch.setattr(gpaw_job, "code", lambda: "EMT")
    monkeypatch.chdir(tmp_path)
    job = copper_gold(cutoff=400.0)
    job.__class__ = Soft
    result = job.result(True, 0)
    (warning,) = result["warnings"]
    assert "With a cutoff of 520 eV the stress changes by" in warning and "raise the cutoff" in warning
    assert math.isnan(Steps(tmp_path, skip=False).new()[-1].energy)
    assert result["settings"]["check"]["cutoff"] == 520 and result["converged"]


def test_a_job_of_few_steps_says_that_it_is_not_at_the_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert copper_gold(max_steps=2).relax() == (False, 2)


def test_the_job_knows_nothing_of_this_program():
    tree = ast.parse(GPAW.script.read_text())
    names = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    names |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
    assert {name.split(".")[0] for name in names if name} <= {*sys.stdlib_module_names, "numpy", "ase", "gpaw"}


def test_inputs_hold_the_crystal_its_settings_and_the_script(tmp_path):
    cell = read_manifest(ALAS).structure
    GPAW.write(tmp_path, cell, Settings(cutoff=400.0, spin=False), "AlAs")
    asked = json.loads((tmp_path / "input.json").read_text())
    assert asked["lattice"] == cell.lattice[0].tolist() and asked["numbers"] == cell.numbers.tolist()
    assert asked["settings"]["cutoff"] == 400 and asked["kpoints"] == [9, 9, 9]
    assert (tmp_path / "job.py").read_text() == GPAW.script.read_text()


def test_a_real_result_is_read():
    job, result = returned(ALAS)
    assert (result.functional, result.code, result.converged) == ("PBE", "GPAW 26.7.0", True)
    assert not result.warnings and not result.comparable_with_hull
    assert result.energy / 2 == pytest.approx(-4.6836, abs=1e-4) and result.max_force < 0.03
    assert result.stress is not None and result.stress.shape == (3, 3)
    assert result.settings["check"]["stress_change"] < gpaw_job.STRESS_LIMIT
    whole = job.restored(result.structure)
    assert space_group_numbers(whole).tolist() == [216] and sorted(whole.numbers.tolist()) == [13] * 4 + [33] * 4
    method = dft_results.method_of(job, result, [])
    assert method.name == "gpaw-pbe"
    assert method.title == "GPAW 26.7.0, PBE, 400 eV, k-points 0.25/Å, smearing 0.05 eV, no spin"


def test_what_a_real_job_told_is_read():
    told = Steps(ALAS, skip=False).new()
    assert [step.iteration for step in told[:8]] == list(range(1, 9))
    (done,) = [step for step in told if not step.iteration]
    assert done.step == 0 and done.energy == pytest.approx(-9.36728, abs=1e-5) and done.max_force < 0.03
    assert all(math.isnan(step.max_force) for step in told if step.iteration)


def test_what_a_job_says_went_wrong_is_told(tmp_path):
    (tmp_path / RESULT).write_text('{"error": "The electrons did not converge."}')
    with pytest.raises(KnownError, match="did not converge"):
        GPAW.read(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_the_python_that_the_environment_names_is_asked_for_its_gpaw(tmp_path, monkeypatch):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "version 99.1"\n')
    python.chmod(0o755)
    monkeypatch.setenv(gpaw.VARIABLE, str(python))
    assert gpaw.found() == (str(python), "99.1")
    assert GPAW.program() == [str(python), "-E", "job.py"]
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    monkeypatch.setenv(gpaw.VARIABLE, str(other))
    with pytest.raises(KnownError, match="has no GPAW: install it with 'make dft'"):
        gpaw.found()
