"""Which crystals' energies rest on what a potential is known to be weak at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textbook import structures

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.data.hull import CALIBRATED, RELAXED, ReferenceHull, hulls
from crystal_studio.data.weakness_tables import ElementErrors, Volumes, errors_path
from crystal_studio.funnel import build_weaknesses
from crystal_studio.funnel.weaknesses import WEAKNESSES, bonded_dimension, explained, marks, of_potential, weak

NONE = np.full(1, np.nan)


def hexagonal(a: float, c: float) -> np.ndarray:
    return np.array([[a, 0, 0], [-a / 2, a * 3**0.5 / 2, 0], [0, 0, c]])


def one(lattice: np.ndarray, symbols: str, positions: list) -> Structures:
    return Structures.from_lists([lattice], [[atomic_number(s) for s in symbols.split()]], [positions])


def rock_salt(symbols: tuple[str, str], a: float) -> Structures:
    faces = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    other = [[x + 0.5, y, z] for x, y, z in faces]
    return one(a * np.eye(3), " ".join([symbols[0]] * 4 + [symbols[1]] * 4), faces + other)


THIRD, TWO = 1 / 3, 2 / 3
CRYSTALS = {
    "NaCl": rock_salt(("Na", "Cl"), 5.64),
    "MnO": rock_salt(("Mn", "O"), 4.446),
    "graphite": one(
        hexagonal(2.464, 6.711), "C C C C", [[0, 0, 0.25], [0, 0, 0.75], [THIRD, TWO, 0.25], [TWO, THIRD, 0.75]]
    ),
    "MoS2": one(
        hexagonal(3.16, 12.294),
        "Mo Mo S S S S",
        [[THIRD, TWO, 0.25], [TWO, THIRD, 0.75], [THIRD, TWO, 0.621], [THIRD, TWO, 0.879], [TWO, THIRD, 0.121],
         [TWO, THIRD, 0.379]],
    ),
    "argon": one(5.31 * np.eye(3), "Ar Ar Ar Ar", [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
    # Trigonal selenium: helices along c.
    "selenium": one(
        hexagonal(4.366, 4.954), "Se Se Se", [[0.225, 0, THIRD], [0, 0.225, TWO], [0.775, 0.775, 0]]
    ),
    "lead": one(4.95 * np.eye(3), "Pb Pb Pb Pb", [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
}  # fmt: skip


def mark(name: str, change: float = 1.0) -> str:
    return of_potential("chgnet", CRYSTALS[name], np.array([change]))[0] or ""


def test_crystals_of_textbooks() -> None:
    assert mark("NaCl") == mark("lead") == ""
    assert mark("MnO") == "magnetic (Mn)"
    assert mark("graphite") == "van der Waals (layers)" and mark("MoS2") == "van der Waals (layers)"
    assert mark("selenium") == "van der Waals (chains)"
    assert mark("argon") == "elements (Ar), van der Waals (molecules)", "no phase of argon was compared"


@pytest.mark.parametrize("name", ["C", "TiO2", "SrTiO3", "MgAl2O4", "ZnS", "CsCl"])
def test_bonds_that_hold_in_all_directions(name: str) -> None:
    assert of_potential("chgnet", structures(name), NONE)[0] is None


def test_what_each_kind_means_is_told() -> None:
    both = marks(CRYSTALS["MnO"], np.array([2.0]))[0]
    assert both == "volume (swelled), magnetic (Mn)"
    told = explained("volume (large, swelled), magnetic (Mn), van der Waals (layers)")
    names = {
        "volume (large, swelled)": "volume",
        "magnetic (Mn)": "magnetic",
        "van der Waals (layers)": "van der Waals",
    }
    assert {part: weakness.name for part, weakness in told.items()} == names and explained("") == {}
    assert all(w.why.endswith(".") and w.todo.endswith(".") for w in WEAKNESSES)


def test_volumes() -> None:
    assert mark("NaCl", 0.5) == "volume (shrank)" and mark("NaCl", np.nan) == ""
    salt = CRYSTALS["NaCl"]
    squeezed = Structures.from_lists([salt.lattice[0] * 0.85], [salt.numbers], [salt.positions])
    assert of_potential("chgnet", squeezed, NONE)[0] == "volume (small)"
    wide = Structures.from_lists([salt.lattice[0] * 1.3], [salt.numbers], [salt.positions])
    assert "volume (large)" in (of_potential("chgnet", wide, NONE)[0] or "")
    assert marks(squeezed)[0] is None, "without a table nothing is said"


def test_elements_as_measured_for_each_potential() -> None:
    salt = rock_salt(("Pu", "N"), 4.905)
    assert "elements (N Pu)" in (of_potential("chgnet", salt, NONE)[0] or "")
    assert "elements" not in (of_potential("nobody", salt, NONE)[0] or ""), "nobody has measured it"
    tables = {name: ElementErrors.load(name) for name in hulls()}
    assert {"chgnet", "sevennet"} <= {name for name, table in tables.items() if table is not None}
    for table in tables.values():
        if table is not None:
            assert 0 < weak(table)[1:84].sum() < 20 and not weak(table)[[3, 8, 11, 17, 26]].any()
            assert weak(table)[[2, 10, 94]].all(), "helium and neon are hardly known, plutonium is far off"


def test_cells_that_are_none_are_no_molecules() -> None:
    flat = np.diag([5.0, 5.0, 1e-6])
    cells = [(np.zeros((3, 3)), [26], [[0, 0, 0]]), (np.full((3, 3), np.nan), [26], [[0, 0, 0]]), (np.eye(3), [], [])]
    for lattice, numbers, positions in [*cells, (flat, [26], [[0, 0, 0]])]:
        assert bonded_dimension(lattice, np.array(numbers, int), np.array(positions, float).reshape(-1, 3)) == 3
    weird = Structures.from_lists(*zip(*cells, strict=True))
    assert len(of_potential("chgnet", weird, np.full(3, np.nan))) == 3


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(CRYSTALS)), st.randoms(use_true_random=False), st.sampled_from([1, 2, 3]))
def test_the_order_of_atoms_the_origin_and_the_cell_are_no_matter(name: str, random, times: int) -> None:
    lattice, numbers, positions = CRYSTALS[name].cell(0)
    axis = random.randrange(3)
    step = np.eye(3)[axis]
    numbers = np.concatenate([numbers] * times)
    positions = np.concatenate([(positions + k * step) / (1 + (times - 1) * step) for k in range(times)])
    lattice = lattice * (1 + (times - 1) * step)[:, None]
    order = np.array(random.sample(range(len(numbers)), len(numbers)))
    moved = positions[order] + [random.random() for _ in range(3)]
    changed = Structures.from_lists([lattice], [numbers[order]], [moved])
    assert of_potential("chgnet", changed, NONE).tolist() == of_potential("chgnet", CRYSTALS[name], NONE).tolist()


def test_errors_linear_in_the_composition_are_no_weakness() -> None:
    """What is off by the same for each atom of an element shifts a crystal and its competitors alike."""
    rng = np.random.default_rng(0)
    amounts = np.zeros((403, 119), np.int64)
    amounts[[0, 1, 2], [11, 17, 94]] = 1
    amounts[3:, 11], amounts[3:, 17] = rng.integers(1, 5, 400), rng.integers(1, 5, 400)
    amounts[3:153, 94] = rng.integers(1, 5, 150)
    hull = ReferenceHull(amounts, np.zeros(403), np.array([f"p{i}" for i in range(403)]), "some", np.full(403, RELAXED))
    published = 0.05 * hull.composition[:, 17]
    published[3:153] += rng.choice([-0.2, 0.2], 150)
    hull.kind[402] = CALIBRATED
    table = build_weaknesses.errors(hull, hull.ids, published)
    assert table["phases"] == 402 and table["elements"]["Cl"]["phases"] == 400
    assert table["elements"]["Pu"]["left_mev"] == pytest.approx(200, abs=40)
    alone = build_weaknesses.errors(hull, hull.ids[153:], published[153:])
    assert alone["elements"]["Cl"]["error_mev"] > 20 and alone["elements"]["Cl"]["left_mev"] < 0.1


def test_volumes_of_elements_are_those_whose_sums_come_nearest() -> None:
    rng = np.random.default_rng(1)
    amounts = np.zeros((500, 119), np.int64)
    amounts[:, 11], amounts[:, 17] = rng.integers(1, 6, 500), rng.integers(1, 6, 500)
    volume = (20 * amounts[:, 11] + 30 * amounts[:, 17]) * rng.uniform(0.9, 1.1, 500)
    table = build_weaknesses.volumes(amounts, volume)["elements"]
    assert table["Na"]["volume"] == pytest.approx(20, rel=0.05) and table["Cl"]["volume"] == pytest.approx(30, rel=0.05)
    assert table["Na"]["low"] == pytest.approx(0.9, abs=0.02) and table["Na"]["high"] == pytest.approx(1.1, abs=0.02)


def test_a_damaged_table_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    (tmp_path / "reference").mkdir()
    for name, text in {"broken": "{", "list": "[]", "strange": json.dumps({"elements": {"Xx": {}}})}.items():
        errors_path(name).write_text(text)
        assert ElementErrors.load(name) is None
    assert Volumes.load() is None
    assert of_potential("broken", CRYSTALS["MnO"], NONE).tolist() == ["magnetic (Mn)"]
    assert counts(CRYSTALS["MnO"])[0, 25] == 4
