"""The reference hull: its geometry as properties, and what happens when the file is missing or damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.data.hull import WIDTH, ReferenceHull, hull_path, save_hull
from crystal_studio.errors import FileError, KnownError

Z = {"Li": 3, "O": 8, "Mn": 25}


def row(**counts: int) -> np.ndarray:
    found = np.zeros(WIDTH, int)
    for symbol, n in counts.items():
        found[Z[symbol]] = n
    return found


ELEMENTS = [row(Li=1), row(O=1), row(Mn=1)]


def hull_of(rows: list[np.ndarray], energies: list[float]) -> ReferenceHull:
    return ReferenceHull(
        np.array(ELEMENTS + rows),
        np.array([-1.9, -4.9, -9.0, *energies]),
        np.array([f"mp-{i}" for i in range(3 + len(rows))]),
    )


phases = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.floats(-3, 0.5)).filter(
        lambda p: sum(p[:3]) > 0
    ),
    min_size=1,
    max_size=8,
)


def build(found: list[tuple[int, int, int, float]]) -> tuple[ReferenceHull, list[np.ndarray], list[float]]:
    rows = [row(Li=a, O=b, Mn=c) for a, b, c, _ in found]
    energies = [
        float(r[[3, 8, 25]] @ [-1.9, -4.9, -9.0] / r.sum() + f) for r, (_, _, _, f) in zip(rows, found, strict=True)
    ]
    return hull_of(rows, energies), rows, energies


@settings(max_examples=60, deadline=None)
@given(phases)
def test_no_phase_lies_below_the_hull_and_some_lie_on_it(found: list[tuple[int, int, int, float]]) -> None:
    hull, rows, energies = build(found)
    above = hull.distances(np.array(rows), np.array(energies)).e_above_hull
    assert (above > -1e-6).all()
    everything = hull.distances(hull.counts, hull.energy).e_above_hull
    on = np.isclose(everything, 0, atol=1e-6)
    assert on.sum() >= len({z for z in range(WIDTH) if (hull.counts[:, z] > 0).any()})  # one vertex an element at least


@settings(max_examples=40, deadline=None)
@given(phases, st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 4)), st.floats(-3, 1))
def test_a_new_phase_never_raises_the_hull(
    found: list[tuple[int, int, int, float]], probe: tuple[int, int, int], formation: float
) -> None:
    hull, rows, energies = build(found)
    extra = row(Li=1, O=2, Mn=1)
    more = hull_of([*rows, extra], [*energies, float(extra[[3, 8, 25]] @ [-1.9, -4.9, -9.0] / 4 + formation)])
    target = row(Li=probe[0], O=probe[1], Mn=probe[2])[None]
    # The same candidate energy above a lower hull is a larger distance; a new element reference may lower both.
    before = -hull.distances(target, np.zeros(1)).e_above_hull[0]
    after = -more.distances(target, np.zeros(1)).e_above_hull[0]
    assert after <= before + 1e-7


@settings(max_examples=30, deadline=None)
@given(phases)
def test_same_hull_as_pymatgen(found: list[tuple[int, int, int, float]]) -> None:
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition

    hull, _, _ = build(found)

    def composition(r: np.ndarray) -> Composition:
        return Composition({s: int(r[z]) for s, z in Z.items() if r[z]})

    entries = [PDEntry(composition(r), e * r.sum()) for r, e in zip(hull.counts, hull.energy, strict=True)]
    diagram = PhaseDiagram(entries)
    target = row(Li=2, O=3, Mn=1)
    ours = hull.distances(target[None], np.zeros(1)).e_above_hull[0]
    assert ours == pytest.approx(-diagram.get_hull_energy_per_atom(composition(target)), abs=1e-6)


def test_decomposition_and_formation_energy() -> None:
    hull = hull_of([row(Li=2, O=1), row(Mn=1, O=2)], [-4.9, -8.0])
    answer = hull.distances(row(Li=2, Mn=1, O=3)[None] * 2, np.array([-6.0]))
    assert set(answer.decomposition[0].split(" + ")) == {"0.50 Li2O", "0.50 MnO2"}
    assert answer.e_above_hull[0] == pytest.approx(-6.0 + 0.5 * (4.9 + 8.0))
    assert answer.formation_energy[0] == pytest.approx(-6.0 + (2 * 1.9 + 9.0 + 3 * 4.9) / 6)


def test_unknown_element_and_missing_energy_have_a_reason() -> None:
    hull = hull_of([], [])
    gold = np.zeros((1, WIDTH), int)
    gold[0, 79] = 1
    answer = hull.distances(
        np.concatenate([gold, row(Li=1)[None], np.zeros((1, WIDTH), int)]), np.array([-3.0, np.nan, 1.0])
    )
    assert np.isnan(answer.e_above_hull).all()
    assert answer.reasons[0] == "The reference hull knows no phase of Au."
    assert "no energy" in answer.reasons[1] and "no energy" in answer.reasons[2]


def test_saved_hull_reads_back(tmp_path: Path) -> None:
    hull = hull_of([row(Li=2, O=1)], [-4.9])
    save_hull(tmp_path / "hull.npz", hull)
    read = ReferenceHull.read(tmp_path / "hull.npz")
    assert (read.counts == hull.counts).all() and read.ids.tolist() == hull.ids.tolist()
    assert np.allclose(read.energy, hull.energy) and len(read) == 4


@pytest.mark.parametrize("content", [b"", b"not a hull", b"PK\x03\x04 torn"])
def test_damaged_hull_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hull.npz").write_bytes(content)
    with pytest.raises(FileError, match=r"damaged.*build_hull"):
        ReferenceHull.read(tmp_path / "hull.npz")


def test_cut_off_hull_is_one_sentence(tmp_path: Path) -> None:
    save_hull(tmp_path / "whole.npz", hull_of([row(Li=2, O=1)], [-4.9]))
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="damaged"):
        ReferenceHull.read(tmp_path / "cut.npz")


def test_missing_hull_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    with pytest.raises(KnownError, match=r"no reference hull of the potential chgnet .*: reinstall"):
        ReferenceHull.load()


def test_a_hull_is_that_of_one_potential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path))
    save_hull(hull_path("mace"), hull_of([row(Li=2, O=1)], [-4.9]))
    with pytest.raises(FileError, match=r"was computed by .*, not by mace: build it with .*--potential mace"):
        ReferenceHull.load("mace")
    with pytest.raises(FileError, match="no reference hull of the potential orb"):
        ReferenceHull.load("orb")


@pytest.mark.parametrize("potential", ["chgnet", "sevennet"])
def test_shipped_hulls_know_common_oxides(potential: str) -> None:
    hull = ReferenceHull.load(potential)
    assert hull_path(potential).stat().st_size < 4 << 20
    assert hull.potential == potential
    assert np.isfinite(hull.elemental[[1, 3, 8, 14, 25, 26, 45, 55, 77]]).all()
    target = row(Li=1, Mn=2, O=4)
    answer = hull.distances(target[None], np.array([0.0]))
    assert -8.5 < -answer.e_above_hull[0] < -6.5  # LiMn2O4, MP2020 scale: about -7.5 eV/atom
    on_hull = hull.distances(hull.counts[:200], hull.energy[:200]).e_above_hull
    assert (on_hull > -1e-4).all()
