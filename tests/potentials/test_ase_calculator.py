"""Calculators of ASE as potentials, and files of weights: what is told of those that are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.conformance import potentials
from crystal_studio.crystal.batches import Structures
from crystal_studio.data.hull import WIDTH, ReferenceHull, hull_path, save_hull
from crystal_studio.errors import ModelError
from crystal_studio.funnel import stages
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.relaxation import RelaxationStage
from crystal_studio.funnel.stability import StabilityStage
from crystal_studio.potentials import registry, weights_files
from crystal_studio.potentials.ase_calculator import AseCalculator
from crystal_studio.potentials.mp2020 import corrections

FCC = 0.5 * (1 - np.eye(3))
CORNERS = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
ROCK_SALT = np.concatenate([CORNERS, CORNERS + np.array([0.5, 0, 0])])


def metals() -> Structures:
    """Copper in a primitive cell that is 4% too wide, and disordered in a cubic one."""
    cubic = np.array([[0, 0, 0], [0, 0.52, 0.5], [0.5, 0, 0.49], [0.5, 0.5, 0.01]])
    return Structures.from_lists([3.75 * FCC, 3.6 * np.eye(3)], [[29], [29] * 4], [[[0, 0, 0]], cubic])


def lennard_jones() -> AseCalculator:
    from ase.calculators.lj import LennardJones

    return AseCalculator(LennardJones(sigma=2.4, epsilon=0.1, rc=7.0, ro=5.0, smooth=True))


@pytest.fixture
def copper() -> AseCalculator:
    from ase.calculators.emt import EMT

    return AseCalculator(EMT())


@pytest.mark.parametrize("check", potentials.CHECKS, ids=lambda check: check.__name__)
def test_a_calculator_is_a_potential(check: Any) -> None:
    check(lennard_jones())


def test_copper_finds_its_lattice_constant(copper: AseCalculator) -> None:
    outcome = copper.relax(metals(), fmax=0.02)
    assert outcome.converged.all()
    assert outcome.structures.volume / outcome.structures.n_atoms == pytest.approx([3.59**3 / 4] * 2, rel=0.01)
    assert outcome.energy_per_atom == pytest.approx([-0.007, -0.007], abs=0.005)


def test_forces_and_stress_are_derivatives_of_the_energy(copper: AseCalculator) -> None:
    cell, numbers, positions = 3.6 * np.eye(3) + 0.1, np.full(4, 29), metals().positions[1:]
    found = copper.evaluation_of(cell, numbers, positions)

    def energy(lattice: np.ndarray, x: np.ndarray) -> float:
        return 4 * copper.energies(Structures.from_lists([lattice], [numbers], [x]))[0]

    step = 1e-3
    move = np.zeros((4, 3))
    move[1, 2] = step
    shift = move @ np.linalg.inv(cell)
    slope = (energy(cell, positions + shift) - energy(cell, positions - shift)) / (2 * step)
    assert found is not None and -slope == pytest.approx(found.forces[1, 2], abs=1e-3)
    strain = step * np.diag([0, 1, 0])
    slope = (energy(cell @ (np.eye(3) + strain), positions) - energy(cell @ (np.eye(3) - strain), positions)) / (
        2 * step
    )
    assert slope == pytest.approx(found.stress[1, 1] * abs(np.linalg.det(cell)), abs=1e-2)


def test_what_the_calculator_does_not_know_has_no_energy(copper: AseCalculator) -> None:
    """EMT knows no iron, and an atom alone is no crystal."""
    strange = Structures.from_lists([2.8 * FCC, 20 * np.eye(3)], [[26], [29]], [[[0, 0, 0]]] * 2)
    assert np.isnan(copper.energies(strange)).all()
    assert [r.code for r in copper.relax(strange, 3).reasons if r] == ["no_answer"] * 2


def test_a_broken_calculator_is_a_failure_and_no_verdict() -> None:
    class Broken:
        def get_potential_energy(self, *_: Any, **__: Any) -> float:
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        AseCalculator(Broken()).energies(metals())


def test_corrections_are_added_where_they_are_asked_for() -> None:
    oxide = Structures.from_lists([4.3 * FCC], [[26, 8]], [[[0, 0, 0], [0.5] * 3]])
    plain, corrected = lennard_jones(), lennard_jones()
    corrected.corrected = True
    assert corrected.energies(oxide) - plain.energies(oxide) == pytest.approx(corrections(oxide))
    one, other = corrected.relax(oxide), plain.relax(oxide)
    assert one.energy_per_atom - other.energy_per_atom == pytest.approx(corrections(oxide))


def test_the_name_of_a_file_is_told_apart_from_its_adapter(tmp_path: Path) -> None:
    file = tmp_path / "my model.v2.model"
    file.touch()
    registry.check(f"mace:{file}")
    assert registry.key(f"mace:{file}") == "mace-my-model.v2"
    assert registry.key(f"mace:raw:{file}") == "mace-my-model.v2-raw"
    assert registry.key("chgnet") == "chgnet"
    assert registry.method(f"orb:{file}") == Method("orb-my-model.v2", "potential", "Orb (my model.v2.model)")


def test_a_file_is_asked_for_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"needs a file of weights, .*--potential mace:/path"):
        stages.for_funnel("quick", potential="mace")
    with pytest.raises(ModelError, match=r"no file .*gone\.model with weights for mace"):
        stages.for_funnel("quick", potential=f"mace:{tmp_path}/gone.model")
    with pytest.raises(ModelError, match=r"chgnet brings its weights"):
        registry.load("chgnet:file.model")
    assert not {"mace", "mattersim", "orb", "fairchem"} & set(registry.available())


@pytest.mark.parametrize("name", ["mace", "mattersim", "orb", "fairchem"])
def test_a_file_that_cannot_be_opened_says_what_to_install_or_to_name(name: str, tmp_path: Path) -> None:
    file = tmp_path / "weights.bin"
    file.write_bytes(b"no weights")
    entry = registry.POTENTIALS.get(name)
    with pytest.raises(ModelError, match=r"pip install") as caught:
        registry.load(f"{name}:{file}")
    assert entry.install in str(caught.value)  # type: ignore[attr-defined]


def test_a_file_is_loaded_under_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is played by Lennard-Jones: what is tested is what the registry and the adapter make of it."""
    file = tmp_path / "small.model"
    file.touch()
    opened: list[tuple[Path, str]] = []

    def calculator(self: Any, path: Path, device: str) -> Any:
        opened.append((path, device))
        return lennard_jones()._calculator

    monkeypatch.setattr(weights_files.Mace, "calculator", calculator)
    made, raw = registry.load(f"mace:{file}"), registry.load(f"mace:raw:{file}", "cuda")
    assert (made.name, made.title, made.device) == ("mace-small", "MACE (small.model)", "cpu")
    assert (raw.name, raw.device) == ("mace-small-raw", "cuda") and opened == [(file, "cpu"), (file, "cuda")]
    oxide = Structures.from_lists([4.3 * FCC], [[12, 8]], [[[0, 0, 0], [0.5] * 3]])
    assert made.energies(oxide) - raw.energies(oxide) == pytest.approx(corrections(oxide))


def test_stages_find_the_hull_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values and hull go by the name of the file; a hull far below leaves the cautious relaxation early."""
    file = tmp_path / "tiny.model"
    file.touch()
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    monkeypatch.setattr(weights_files.Mace, "calculator", lambda *_: lennard_jones()._calculator)
    atoms = np.zeros((2, WIDTH), int)
    atoms[[0, 1], [12, 8]] = 1
    save_hull(hull_path("mace-tiny"), ReferenceHull(atoms, np.full(2, -30.0), np.array(["a", "b"]), "mace-tiny"))
    rng = np.random.default_rng(0)
    oxide = Structures.from_lists([4.4 * np.eye(3)], [[12] * 4 + [8] * 4], [rng.normal(ROCK_SALT, 0.02)])
    batch, context = Batch(np.array([1]), Candidates.of_structures(oxide)), FunnelContext(f"mace:raw:{file}")
    plain = RelaxationStage()(batch, context)
    assert {f.method.name for f in plain.findings} == {"mace-tiny-raw"}
    context = FunnelContext(f"mace:{file}")
    left = {f.quantity: f.values[0] for f in RelaxationStage()(batch, context).findings}
    kept = {f.quantity: f.values[0] for f in plain.findings}
    assert (left["stopped"], kept["stopped"]) == (1.0, 0.0)
    found = {"energy_per_atom@mace-tiny": np.array([-29.9])}
    e_hull, *_ = StabilityStage()(Batch(batch.ids, batch.candidates, found), context).findings
    assert e_hull.method.name == "mace-tiny" and e_hull.values == pytest.approx([0.1])
