"""Energies (K) of single CO2 molecules in a framework by RASPA3: a script for a Python with raspalib."""

import json
import sys
from pathlib import Path

import raspalib as raspa

KELVIN = 1 / 0.8314462618
"""One of its units of energy (10 J/mol)."""

asked = json.loads(Path("question.json").read_text(encoding="utf-8"))
sys.path.insert(0, asked["folder"])
import gcmc_job as job  # noqa: E402

field, index = job.force_field(sorted(set(asked["symbols"])), asked["cutoff"])
(temperature, pressure, factor), sites = job.GASES["CO2"]
atoms = [raspa.Atom((0.0, 0.0, z), charge=job.SITES[s][4], type=index[s], component_id=1) for s, z in sites]
moves = raspa.MCMoveProbabilities(translation_probability=1.0)
gas = raspa.Component(field, "CO2", temperature, pressure, factor, atoms, particle_probabilities=moves)
framework = raspa.Framework(
    field, "framework", job.cell(asked["cell"]), 1,
    [
        raspa.Atom(tuple(x), charge=q, type=index[s])
        for s, x, q in zip(asked["symbols"], asked["positions"], asked["charges"], strict=True)
    ],
    tuple(asked["times"]),
)  # fmt: skip
found = []
for molecule in asked["sites"]:
    system = raspa.System(
        field, None, external_temperature=298.0, external_pressure=1.0, framework_components=framework,
        components=[gas], initial_positions=[[tuple(site) for site in molecule]], initial_number_of_molecules=[0],
    )  # fmt: skip
    found.append(system.compute_total_energies().potential_energy() * KELVIN)
Path("answer.json").write_text(json.dumps({"energies": found}), encoding="utf-8")
