"""CHGNet behind the protocol: energies against the Materials Project, relaxations, and failures."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest
from random_crystals import crystal

from crystal_studio.candidates.quantities import Method
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.errors import KnownError, ModelError
from crystal_studio.potentials import registry
from crystal_studio.potentials.chgnet.evaluator import QuotientEvaluator
from crystal_studio.potentials.protocol import Cautious
from crystal_studio.potentials.reduced import ReducedCell

MP2020_EV_PER_ATOM = {"NaCl": -3.70, "MgO": -6.33}
"""MP2020-corrected energies of mp-22862 and mp-1265, eV/atom (formation energies -2.11 and -3.05)."""

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])


@pytest.fixture(scope="module")
def package() -> Any:
    from chgnet.model import CHGNet as Package

    return Package.load(verbose=False)


@pytest.fixture(scope="module")
def chgnet() -> Any:
    import torch

    torch.set_num_threads(1)
    return registry.load("chgnet")


def min_distance(lattice: np.ndarray, positions: np.ndarray) -> float:
    """Angstrom, between any two atoms or images."""
    return float(neighbours_within(lattice, positions, 8.0)[3].min())


def known_crystals() -> Structures:
    rocksalt = np.concatenate([FCC, FCC + np.array([0.5, 0, 0])])
    return Structures.from_lists(
        [5.69 * np.eye(3), 4.25 * np.eye(3)], [[11] * 4 + [17] * 4, [12] * 4 + [8] * 4], [rocksalt] * 2
    )


def test_energies_of_known_crystals(chgnet: Any) -> None:
    found = dict(zip(MP2020_EV_PER_ATOM, chgnet.energies(known_crystals()), strict=True))
    assert found == pytest.approx(MP2020_EV_PER_ATOM, abs=0.05)


FAMILIES = (2, 8, 15, 43, 63, 70, 82, 87, 122, 139, 148, 156, 166, 176, 194, 198, 206, 216, 227, 229)
"""Space groups of every crystal family and centring."""


@pytest.mark.parametrize("group", FAMILIES)
def test_quotient_graphs_give_the_energies_forces_and_stress_of_the_package(
    chgnet: Any, package: Any, group: int
) -> None:
    from pymatgen.core import Lattice, Structure

    symmetric = ReducedCell(*crystal(group, 2))
    lattice, positions = symmetric.start.lattice, symmetric.start.positions
    if min_distance(lattice, positions) < 1.0:  # forces of hundreds of eV/Angstrom compare with nothing
        lattice = lattice * 1.0 / min_distance(lattice, positions)
        symmetric = ReducedCell(lattice, symmetric.numbers, positions)
    told = package.predict_structure(Structure(Lattice(lattice), symmetric.numbers.tolist(), positions))
    n, volume = len(symmetric.numbers), abs(np.linalg.det(lattice))
    plain = ReducedCell(lattice, symmetric.numbers, positions, symmetric=False)
    evaluator = QuotientEvaluator(chgnet._network)
    cells = (plain, symmetric)
    full, reduced = evaluator.evaluate([evaluator.prepare(c) for c in cells], [c.start for c in cells])
    assert full is not None and reduced is not None
    scale = max(1.0, float(np.abs(told["f"]).max()))
    assert full.energy / n == pytest.approx(float(told["e"]), abs=2e-5 * scale)
    assert reduced.energy == pytest.approx(full.energy, abs=2e-5 * n * scale)
    assert np.allclose(-full.positions, told["f"], atol=2e-4 * scale)
    assert np.allclose(full.virial / volume, told["s"] / 160.21766, atol=2e-4 * scale)
    whole, part = (symmetric.gradient(found, np.eye(3)) for found in (full, reduced))
    assert np.allclose(whole[0], part[0], atol=1e-3 * scale) and whole[1] == pytest.approx(part[1], abs=1e-3 * scale)


@pytest.mark.parametrize("group", [2, 15, 166, 194])
def test_features_are_the_mean_of_those_of_the_package(chgnet: Any, package: Any, group: int) -> None:
    from pymatgen.core import Lattice, Structure

    lattice, numbers, positions = crystal(group, 2)
    told = package.predict_structure(
        Structure(Lattice(lattice), numbers.tolist(), positions), task="e", return_crystal_feas=True
    )
    batch = Structures.from_lists([lattice, 20 * np.eye(3)], [numbers, [18]], [positions, [[0, 0, 0]]])
    found = chgnet.features(batch)
    assert np.allclose(found[0], told["crystal_fea"] / len(numbers), atol=1e-3)
    assert np.isnan(found[1]).all()  # an atom alone


def test_a_crystal_relaxes_the_same_alone_and_among_others(chgnet: Any) -> None:
    cells = [crystal(group, 5) for group in (12, 62, 140, 166, 186, 225)]
    batch = Structures.from_lists(*(list(column) for column in zip(*cells, strict=True)))
    together = chgnet.relax(batch, 25)
    for i in range(len(batch)):
        alone = chgnet.relax(batch.take(np.array([i])), 25)
        codes = [reason.code if reason else "" for reason in (alone.reasons[0], together.reasons[i])]
        assert codes[0] == codes[1] and alone.steps[0] == together.steps[i]
        assert np.allclose(alone.energy_per_atom, together.energy_per_atom[i], atol=1e-4, equal_nan=True)


def test_the_network_computes_where_it_is_told_to(package: Any) -> None:
    """The device "meta" has no numbers, and torch lets nothing meet that lies on two devices."""
    from crystal_studio.potentials.chgnet.network import ANGLE_CUTOFF, BOND_CUTOFF, Network
    from crystal_studio.potentials.quotient_batch import QuotientBatch

    cell = ReducedCell(*known_crystals().cell(0))
    evaluator = QuotientEvaluator(Network(package, "cpu"))
    listed = evaluator.prepare(cell)
    evaluator.evaluate([listed], [cell.start])
    cutoffs = (BOND_CUTOFF, ANGLE_CUTOFF)
    measured = QuotientBatch([cell.numbers], [cell.orbits], [listed.graph], [cell.start], cutoffs).measured
    network = Network(package, "meta")
    found = network.on_device(measured)
    assert [(one.device.type, len(one)) for one in found] == [
        ("meta", len(measured.numbers)),
        ("meta", len(measured.lengths)),
        ("meta", len(measured.cosines)),
    ]
    network.device = "cpu"
    with pytest.raises(RuntimeError, match="meta"):
        network.on_device(measured)


def test_numbers_too_small_to_matter_are_zero_for_the_network_alone() -> None:
    import torch

    from crystal_studio.potentials.chgnet.layers import flushing_denormals

    if not torch.set_flush_denormal(False):
        pytest.skip("this kind of processor keeps them always")

    def product() -> float:
        return float(torch.full((64,), 1e-30).mul(1e-12).sum())

    kept = product()
    with flushing_denormals():
        assert product() == 0
        with flushing_denormals():
            pass
        assert product() == 0
    assert kept == product() > 0


def test_what_cannot_come_near_the_hull_is_left_with_an_upper_bound(chgnet: Any) -> None:
    lattice, numbers, positions = crystal(2, 5)
    twice = Structures.from_lists([lattice] * 3, [numbers] * 3, [positions] * 3)
    whole = chgnet.relax(twice.take(np.array([0])), 60)
    hull = np.array([whole.energy_per_atom[0] + 5.0, whole.energy_per_atom[0] - 20.0, np.nan])
    left = chgnet.relax(twice, 60, cautious=Cautious(hull))
    assert left.stopped.tolist() == [False, True, False] and not whole.stopped.any()
    assert left.reasons == (None,) * 3 and left.steps[1] < whole.steps[0]
    assert left.energy_per_atom[[0, 2]] == pytest.approx(whole.energy_per_atom[0], abs=1e-4)
    assert left.energy_per_atom[1] > whole.energy_per_atom[0] and not left.converged[1]


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
    from crystal_studio.potentials.chgnet.potential import CHGNet

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

    from crystal_studio.potentials.chgnet.potential import CHGNet

    def torn(**_: Any) -> None:
        raise EOFError("Ran out of input")

    monkeypatch.setattr(Network, "load", torn)
    with pytest.raises(ModelError, match=r"cannot be read .*force-reinstall"):
        CHGNet()
