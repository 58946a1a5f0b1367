"""Adsorption in one framework by grand-canonical Monte Carlo: a script for a Python with raspalib and lammps-interface.

Imports nothing of ours but ``equilibration.py``, which lies beside it. The framework is rigid, its atoms of UFF (Rappe
et al., J. Am. Chem. Soc. 114, 10024 (1992), as tabulated by lammps-interface), the gases of TraPPE (Potoff and
Siepmann, AIChE J. 47, 1676 (2001)).
"""

import json
import re
import time
from pathlib import Path

import equilibration
import numpy as np
import raspalib as raspa

KELVIN = 503.2195
"""One kcal/mol in K."""

ROUNDS = 8
"""So often, at most, as many cycles as were asked for are averaged over, until the loading stands still."""

LEAST = 5
"""Cycles, after which it ends where its time is up."""

SITES = {
    "C_co2": (12.011, 6, 27.0, 2.80, 0.70),
    "O_co2": (15.9994, 8, 79.0, 3.05, -0.35),
    "N_n2": (14.0067, 7, 36.0, 3.31, -0.482),
    "M_n2": (1e-12, 1, 0.0, 1.0, 0.964),
}
"""Mass, atomic number, well depth (K), diameter (A) and charge of each site of the gases."""

GASES = {
    "CO2": ((304.1282, 7377300.0, 0.22394), (("O_co2", 1.16), ("C_co2", 0.0), ("O_co2", -1.16))),
    "N2": ((126.192, 3395800.0, 0.0372), (("N_n2", 0.55), ("M_n2", 0.0), ("N_n2", -0.55))),
}
"""Critical temperature (K), critical pressure (Pa) and acentric factor; sites and their places on the axis (A)."""


def main() -> None:
    asked = json.loads(Path("question.json").read_text(encoding="utf-8"))
    each = asked["seconds"] / len(asked["states"])
    answer = {name: loading(asked, state, each) for name, state in asked["states"].items()}
    Path("answer.json").write_text(json.dumps(answer), encoding="utf-8")


def loading(asked, state, seconds) -> dict:
    """Molecules of each gas in the cells that are simulated, after every cycle.

    Goes on until they stand still, unless that takes longer than ``seconds``.
    """
    began = time.monotonic()
    elements = sorted(set(asked["symbols"]))
    field, index = force_field(elements, asked["cutoff"])
    gases = list(state["fractions"])
    moves = raspa.MCMoveProbabilities(
        translation_probability=1.0, rotation_probability=1.0, reinsertion_cbmc_probability=1.0,
        swap_cbmc_probability=2.0, identity_change_probability=1.0 if len(gases) > 1 else 0.0,
    )  # fmt: skip
    components = []
    for k, gas in enumerate(gases):
        (temperature, pressure, factor), sites = GASES[gas]
        atoms = [
            raspa.Atom((0.0, 0.0, z), charge=SITES[site][4], type=index[site], component_id=k + 1) for site, z in sites
        ]
        # raspalib takes no fractions of a mixture and holds them equal: the fugacity coefficient makes up for it.
        component = raspa.Component(
            field, gas, temperature, pressure, factor, atoms, particle_probabilities=moves,
            fugacity_coefficient=state["fractions"][gas] * len(gases),
        )  # fmt: skip
        components.append(component)
    framework, box = None, None
    if asked["symbols"]:
        atoms = [
            raspa.Atom(tuple(place), charge=charge, type=index[symbol])
            for symbol, place, charge in zip(asked["symbols"], asked["positions"], asked["charges"], strict=True)
        ]
        framework = raspa.Framework(field, "framework", cell(asked["cell"]), 1, atoms, tuple(asked["times"]))
    else:
        box = cell(asked["cell"])
    system = raspa.System(
        field, box, external_temperature=state["temperature"], external_pressure=state["pressure"],
        framework_components=framework, components=components, initial_number_of_molecules=[0] * len(gases),
    )  # fmt: skip
    run = raspa.MonteCarlo(
        0, asked["start_cycles"], print_every=10**9, write_binary_restart_every=10**9, systems=[system],
        random_seed=asked["seed"],
    )  # fmt: skip
    run.setup()
    run.initialize()  # it also finds how far molecules are best moved
    counts = []
    for _ in range(ROUNDS):
        first = time.monotonic()
        for _ in range(asked["cycles"]):
            run.cycle()
            counts.append(list(run.systems[0].number_of_molecules_per_component))
            now = time.monotonic()
            if now > began + seconds and len(counts) >= LEAST:
                break
        worth = [equilibration.settled(np.array(gas))[1] for gas in zip(*counts, strict=True)]
        if min(worth) >= equilibration.ENOUGH or now + 1.5 * (now - first) > began + seconds:
            break
    return {gas: [row[k] for row in counts] for k, gas in enumerate(gases)}


def cell(parameters):
    """Edges in A and angles in degrees, of which raspalib wants radians."""
    return raspa.SimulationBox(*parameters[:3], *(angle * 3.141592653589793 / 180 for angle in parameters[3:]))


def force_field(elements, cutoff):
    """The force field, and the row of each element and site in it."""
    from lammps_interface.uff import UFF_DATA

    own: dict[str, tuple[float, float]] = {}
    for kind, row in UFF_DATA.items():
        own.setdefault(re.sub(r"_$", "", kind[:2]), (row[2] / 2 ** (1 / 6), row[3] * KELVIN))
    sites, wells = [], []
    for element in elements:
        diameter, depth = own[element]
        sites.append(raspa.PseudoAtom(element, True, 1.0, 0.0))
        wells.append(raspa.VDWParameters(depth, diameter))
    for name, (mass, number, depth, diameter, charge) in SITES.items():
        sites.append(raspa.PseudoAtom(name, False, mass, charge, atomic_number=number))
        wells.append(raspa.VDWParameters(depth, diameter))
    field = raspa.ForceField(
        sites, wells, raspa.ForceField.MixingRule.LORENTZ_BERTHELOT, cutoff, cutoff, cutoff, True, False, True
    )
    names = [*elements, *SITES]
    return field, {name: k for k, name in enumerate(names)}


if __name__ == "__main__":
    main()
