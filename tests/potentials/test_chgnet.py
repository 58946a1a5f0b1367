"""CHGNet behind the protocol: energies against the Materials Project, relaxations, and failures."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from crystal_studio.candidates.quantities import Method
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import KnownError, ModelError
from crystal_studio.potentials import registry

MP2020_EV_PER_ATOM = {"NaCl": -3.70, "MgO": -6.33}
"""MP2020-corrected energies of mp-22862 and mp-1265, eV/atom (formation energies -2.11 and -3.05)."""

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


@pytest.fixture(scope="module")
def chgnet() -> Any:
    import torch

    torch.set_num_threads(1)
    return registry.load("chgnet")


def known_crystals() -> Structures:
    rocksalt = np.concatenate([FCC, FCC + np.array([0.5, 0, 0])])
    return Structures.from_lists(
        [5.69 * np.eye(3), 4.25 * np.eye(3)], [[11] * 4 + [17] * 4, [12] * 4 + [8] * 4], [rocksalt] * 2
    )


def test_energies_of_known_crystals(chgnet: Any) -> None:
    found = dict(zip(MP2020_EV_PER_ATOM, chgnet.energies(known_crystals()), strict=True))
    assert found == pytest.approx(MP2020_EV_PER_ATOM, abs=0.05)


def test_forces_and_stress_are_derivatives_of_the_energy(chgnet: Any) -> None:
    lattice = np.array([[4.0, 0.2, 0], [0.1, 4.3, 0], [0, 0.3, 3.9]])
    numbers, positions = np.array([11, 17]), np.array([[0.02, 0, 0.03], [0.5, 0.53, 0.49]])
    found = chgnet._evaluate(lattice, numbers, positions)

    def energy(cell: np.ndarray, x: np.ndarray) -> float:
        return 2 * chgnet.energies(Structures.from_lists([cell], [numbers], [x]))[0]

    step = 0.01
    move = np.zeros((2, 3))
    move[1, 0] = step
    shift = move @ np.linalg.inv(lattice)
    slope = (energy(lattice, positions + shift) - energy(lattice, positions - shift)) / (2 * step)
    assert -slope == pytest.approx(found.forces[1, 0], abs=0.02)
    strain = np.diag([step, 0, 0])
    slope = (energy(lattice @ (np.eye(3) + strain), positions) - energy(lattice @ (np.eye(3) - strain), positions)) / (
        2 * step
    )
    assert slope == pytest.approx(found.stress[0, 0] * abs(np.linalg.det(lattice)), abs=0.05)


def test_relaxation_finds_the_lattice_constant_and_keeps_the_cell(chgnet: Any) -> None:
    squeezed = known_crystals().take(np.array([0]))
    squeezed = Structures(
        0.95 * squeezed.lattice, *(getattr(squeezed, n) for n in ("offsets", "numbers", "positions", "orbit"))
    )
    outcome = chgnet.relax(squeezed)
    assert outcome.converged[0] and outcome.reasons == (None,)
    assert outcome.structures.n_atoms.tolist() == [8]
    assert np.allclose(outcome.structures.lattice[0], 5.69 * np.eye(3), atol=0.1)
    assert outcome.energy_per_atom[0] == pytest.approx(MP2020_EV_PER_ATOM["NaCl"], abs=0.05)
    assert outcome.energy_per_atom[0] < chgnet.energies(squeezed)[0]


def test_crystals_without_an_answer(chgnet: Any) -> None:
    lonely = Structures.from_lists([20 * np.eye(3), 5 * np.eye(3)], [[18], [99]], [[[0, 0, 0]]] * 2)
    assert np.isnan(chgnet.energies(lonely)).all()
    outcome = chgnet.relax(lonely, max_steps=3)
    assert [r.code for r in outcome.reasons] == ["no_answer"] * 2 and not outcome.converged.any()


def test_facts_are_told_without_loading_the_network() -> None:
    found = registry.POTENTIALS.get("chgnet")
    assert registry.method("chgnet") == Method("chgnet", "potential", found.title)
    assert (found.name, found.package) == ("chgnet", "chgnet") and "PBE" in found.functional


def test_unknown_name() -> None:
    with pytest.raises(ModelError, match="no potential 'magic': choose one of chgnet"):
        registry.load("magic")
    assert "chgnet" in registry.available()


def test_missing_package_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from crystal_studio.potentials.chgnet import CHGNet

    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith("chgnet"):
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(KnownError, match="pip install chgnet"):
        CHGNet()


def test_damaged_weights_say_how_to_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    from chgnet.model import CHGNet as Network

    from crystal_studio.potentials.chgnet import CHGNet

    def torn(**_: Any) -> None:
        raise EOFError("Ran out of input")

    monkeypatch.setattr(Network, "load", torn)
    with pytest.raises(ModelError, match=r"cannot be read .*force-reinstall"):
        CHGNet()
