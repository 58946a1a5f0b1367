"""SevenNet behind the protocol: its package's own calculator, the Materials Project, derivatives, relaxations."""

from __future__ import annotations

import builtins
import warnings
from typing import Any

import numpy as np
import pytest

from crystal_studio.candidates.quantities import Method
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import ModelError
from crystal_studio.potentials import registry
from crystal_studio.potentials.mp2020 import corrections

MP2020_EV_PER_ATOM = {"NaCl": -3.70, "MgO": -6.33}
"""MP2020-corrected energies of mp-22862 and mp-1265, eV/atom (formation energies -2.11 and -3.05)."""

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


@pytest.fixture(scope="module")
def sevennet() -> Any:
    pytest.importorskip("sevenn", reason="sevenn is not installed: pip install crystal-studio[sevennet]")
    import torch

    torch.set_num_threads(1)
    return registry.load("sevennet")


def known_crystals() -> Structures:
    rocksalt = np.concatenate([FCC, FCC + np.array([0.5, 0, 0])])
    return Structures.from_lists(
        [5.69 * np.eye(3), 4.25 * np.eye(3)], [[11] * 4 + [17] * 4, [12] * 4 + [8] * 4], [rocksalt] * 2
    )


def skewed() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A triclinic cell of hematite's elements with nothing at rest."""
    lattice = np.array([[4.1, 0.2, 0], [0.1, 4.4, 0.3], [0, 0.3, 4.0]])
    positions = np.array([[0.02, 0, 0.03], [0.5, 0.53, 0.04], [0.5, 0.02, 0.49], [0.02, 0.51, 0.52]])
    return lattice, np.array([26, 26, 8, 8]), positions


def test_energies_of_known_crystals(sevennet: Any) -> None:
    found = dict(zip(MP2020_EV_PER_ATOM, sevennet.energies(known_crystals()), strict=True))
    assert found == pytest.approx(MP2020_EV_PER_ATOM, abs=0.05)


def test_agrees_with_the_calculator_of_its_package(sevennet: Any) -> None:
    from ase import Atoms
    from sevenn.calculator import SevenNetCalculator

    lattice, numbers, positions = skewed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calculator = SevenNetCalculator("7net-0", device="cpu")
    atoms = Atoms(numbers, cell=lattice, scaled_positions=positions, pbc=True, calculator=calculator)
    found = sevennet.evaluation_of(lattice, numbers, positions)
    assert found.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-4)
    assert found.forces == pytest.approx(atoms.get_forces(), abs=1e-4)
    assert found.stress == pytest.approx(atoms.get_stress(voigt=False), abs=1e-5)
    one = Structures.from_lists([lattice], [numbers], [positions])
    assert sevennet.energies(one)[0] == pytest.approx(found.energy / 4 + corrections(one)[0], abs=1e-5)


def test_forces_and_stress_are_derivatives_of_the_energy(sevennet: Any) -> None:
    lattice, numbers, positions = skewed()
    found = sevennet.evaluation_of(lattice, numbers, positions)

    def energy(cell: np.ndarray, x: np.ndarray) -> float:
        return sevennet.evaluation_of(cell, numbers, x).energy

    step = 0.01
    for atom, axis in ((1, 0), (2, 2)):
        move = np.zeros((4, 3))
        move[atom, axis] = step
        shift = move @ np.linalg.inv(lattice)
        slope = (energy(lattice, positions + shift) - energy(lattice, positions - shift)) / (2 * step)
        assert -slope == pytest.approx(found.forces[atom, axis], abs=0.02)
    for a, b in ((0, 0), (1, 2)):
        strain = np.zeros((3, 3))
        strain[a, b] += step / 2
        strain[b, a] += step / 2
        slope = energy(lattice @ (np.eye(3) + strain), positions) - energy(lattice @ (np.eye(3) - strain), positions)
        volume = abs(np.linalg.det(lattice))
        assert slope / (2 * step) == pytest.approx(found.stress[a, b] * volume, abs=0.05)


def test_relaxation_tells_corrected_energies_and_keeps_the_cell(sevennet: Any) -> None:
    squeezed = known_crystals()
    squeezed = Structures(
        0.96 * squeezed.lattice, *(getattr(squeezed, n) for n in ("offsets", "numbers", "positions", "orbit"))
    )
    outcome = sevennet.relax(squeezed)
    assert outcome.converged.all() and outcome.reasons == (None, None)
    assert outcome.structures.n_atoms.tolist() == [8, 8]
    assert np.allclose(outcome.structures.lattice[1], 4.25 * np.eye(3), atol=0.06)
    assert outcome.energy_per_atom == pytest.approx(list(MP2020_EV_PER_ATOM.values()), abs=0.05)
    assert outcome.energy_per_atom == pytest.approx(sevennet.energies(outcome.structures), abs=1e-4)


def test_crystals_without_an_answer(sevennet: Any) -> None:
    lonely = Structures.from_lists([20 * np.eye(3), 5 * np.eye(3)], [[18], [99]], [[[0, 0, 0]]] * 2)
    assert np.isnan(sevennet.energies(lonely)).all()
    outcome = sevennet.relax(lonely, max_steps=3)
    assert [r.code for r in outcome.reasons if r] == ["no_answer"] * 2 and not outcome.converged.any()


def test_caesium_metal_has_an_energy_and_a_gas_of_it_has_none(sevennet: Any) -> None:
    """Its atoms are further apart than the network sees; mp-1, -0.90 eV/atom."""
    bcc = 0.5 - np.eye(3)
    cells = Structures.from_lists([6.14 * bcc, 8.0 * bcc, 6.14 * bcc], [[55], [55], [11]], [[[0, 0, 0]]] * 3)
    found = sevennet.energies(cells)
    assert found[0] == pytest.approx(-0.90, abs=0.08) and np.isnan(found[1:]).all()
    outcome = sevennet.relax(cells.take(np.array([0])))
    assert outcome.converged.all() and outcome.energy_per_atom[0] == pytest.approx(found[0])


def test_atoms_upon_each_other_have_no_energy(sevennet: Any) -> None:
    """The network calls some of these bound by more than a thousand eV/atom."""
    pairs = [(3, 8, 4.27, 0.07), (7, 6, 5.42, 0.37), (3, 94, 5.76, 0.64), (6, 6, 4.73, 0.4), (8, 3, 4.65, 0.17)]
    cells = Structures.from_lists(
        [edge * np.eye(3) for *_, edge, _ in pairs],
        [[one, other] for one, other, *_ in pairs],
        [[[0, 0, 0], [length / edge / np.sqrt(3)] * 3] for *_, edge, length in pairs],
    )
    assert np.isnan(sevennet.energies(cells)).all()
    assert all(reason is not None for reason in sevennet.relax(cells, 5).reasons)


def test_facts_are_told_without_loading_the_network() -> None:
    found = registry.POTENTIALS.get("sevennet")
    assert registry.method("sevennet") == Method("sevennet", "potential", found.title)
    assert (found.name, found.package) == ("sevennet", "sevenn")
    assert found.functional == registry.POTENTIALS.get("chgnet").functional


def test_missing_package_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith("sevenn"):
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelError, match=r"pip install crystal-studio\[sevennet\]"):
        registry.POTENTIALS.get("sevennet")("cpu")


def test_damaged_weights_say_how_to_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    util = pytest.importorskip("sevenn.util", reason="sevenn is not installed")

    def torn(*_: Any) -> None:
        raise EOFError("Ran out of input")

    monkeypatch.setattr(util, "load_checkpoint", torn)
    with pytest.raises(ModelError, match=r"cannot be read .*force-reinstall"):
        registry.POTENTIALS.get("sevennet")("cpu")
