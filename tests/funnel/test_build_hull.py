"""Building a hull: which phases come first, what a checkpoint spares, and the figures of its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crystal_studio.conformance import samples as crystals
from crystal_studio.crystal.batches import Structures
from crystal_studio.data.datasets import Dataset
from crystal_studio.funnel import validate_hull
from crystal_studio.funnel.hull_energies import competitors, compute, read_checkpoint
from crystal_studio.potentials.protocol import Relaxation

IDS = ("NaCl", "Si", "CsCl", "Fe", "GeO2")


def dataset(e_above_hull: list[float]) -> Dataset:
    return Dataset(crystals.crystals(), np.array(IDS), {"e_above_hull": np.array(e_above_hull)})


class Ledger:
    """A potential that writes down what it was asked for; energies of relaxed crystals are 1 eV lower."""

    name = title = functional = package = device = "ledger"

    def __init__(self, hopeless: tuple[int, ...] = ()) -> None:
        self.asked: list[tuple[str, int]] = []
        self.hopeless = hopeless

    def energies(self, structures: Structures) -> np.ndarray:
        self.asked.append(("point", int(structures.numbers[0])))
        return -structures.n_atoms.astype(float)

    def relax(self, structures: Structures, max_steps: int = 120, fmax: float = 0.1) -> Relaxation:
        z = int(structures.numbers[0])
        self.asked.append(("relaxed", z))
        energy = np.full(1, np.nan) if z in self.hopeless else -1.0 - structures.n_atoms
        return Relaxation(structures, energy, np.ones(1, bool), np.ones(1, np.int64), (None,), np.zeros(1, bool))


def test_elements_come_first_then_the_hull_and_of_it_small_cells() -> None:
    rows = competitors(dataset([0.0, 0.3, 0.02, 0.3, 0.0]), 0.05)
    assert [IDS[r] for r in rows] == ["Fe", "Si", "NaCl", "GeO2", "CsCl"]
    assert [IDS[r] for r in competitors(dataset([0.03, 0.0, 0.2, 0.0, 0.0]), 0.05)] == ["Fe", "Si", "GeO2", "NaCl"]


def test_points_come_before_relaxations_but_for_elements(tmp_path: Path) -> None:
    data, potential = dataset([0.0] * 5), Ledger()
    rows = np.array([3, 0, 2, 4])
    done = compute(data, rows, potential, tmp_path / "e.csv", 4, 1e6, points_first=True)
    assert potential.asked == [
        ("relaxed", 26), ("point", 11), ("point", 55), ("point", 32), ("relaxed", 11), ("relaxed", 55),
    ]  # fmt: skip
    assert {name: (phase.energy, phase.relaxed) for name, phase in done.items()} == {
        "Fe": (-2.0, True), "NaCl": (-3.0, True), "CsCl": (-3.0, True), "GeO2": (-9.0, False),
    }  # fmt: skip
    assert read_checkpoint(tmp_path / "e.csv") == done


def test_what_the_checkpoint_holds_is_not_computed_again(tmp_path: Path) -> None:
    data, path = dataset([0.0] * 5), tmp_path / "e.csv"
    compute(data, np.array([3, 0]), Ledger(), path, 0, 1e6, points_first=True)
    with path.open("a") as file:
        file.write("CsCl,-3.")  # the power failed here
    path.write_text(path.read_text().rsplit("\n", 1)[0] + "\n")
    again = Ledger()
    done = compute(data, np.array([3, 0, 2]), again, path, 4, 1e6, points_first=True)
    assert again.asked == [("point", 55), ("relaxed", 11), ("relaxed", 55)]
    assert done["NaCl"].energy == -3.0 and done["NaCl"].relaxed


def test_a_relaxation_that_is_given_up_leaves_the_energy_at_the_published_geometry(tmp_path: Path) -> None:
    done = compute(dataset([0.0] * 5), np.array([3, 0]), Ledger((26,)), tmp_path / "e.csv", 4, 1e6)
    assert (done["Fe"].energy, done["Fe"].relaxed) == (-1.0, False)
    assert (done["NaCl"].energy, done["NaCl"].relaxed) == (-3.0, True)


def test_nothing_is_computed_when_the_time_is_up(tmp_path: Path) -> None:
    potential = Ledger()
    assert compute(dataset([0.0] * 5), np.array([3, 0]), potential, tmp_path / "e.csv", 4, -1.0) == {}
    assert potential.asked == []


def test_errors_are_in_mev_and_leave_out_what_is_unknown() -> None:
    found = validate_hull.errors("e_above_hull", np.array([0.010, -0.030, np.nan, 0.002]))
    assert found == {
        "crystals": 3,
        "e_above_hull_mae_mev": 14.0,
        "e_above_hull_median_mev": 10.0,
        "e_above_hull_bias_mev": -6.0,
    }
    assert validate_hull.stable(np.array([0.0, 0.02, 0.2, np.nan])) == {
        "crystals": 3,
        "e_above_hull_median_mev": 20.0,
        "share_within_25_mev": pytest.approx(2 / 3, abs=1e-3),
    }
    assert validate_hull.errors("x", np.array([np.nan])) == validate_hull.stable(np.zeros(0)) == {"crystals": 0}


def test_every_potential_is_shown_the_same_held_out_crystals() -> None:
    many = Structures.concatenate([crystals.crystals()] * 6)
    ids = np.array([str(i) for i in range(30)])
    below = Dataset(many, ids, {"split": np.array(["val", "train", "val"] * 10)})
    above = Dataset(many, ids, {"split": np.array(["train"] * 30)})
    first, second = validate_hull.samples(below, above, 7, 4)
    again = validate_hull.samples(below, above, 7, 4)
    assert first.ids.tolist() == again[0].ids.tolist() and second.ids.tolist() == again[1].ids.tolist()
    assert len(first) == len(second) == 7 and set(first.columns["split"]) == {"val"}
    assert max(first.structures.n_atoms.max(), second.structures.n_atoms.max()) <= 4
