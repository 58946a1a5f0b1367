"""Real project files for the window tests: crystals of known types, through the real store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import ChemicalSystem, DesignRequest
from crystal_studio.project.store import ProjectWriter

# (group, orbits of (kind of atom, Wyckoff letter, position)): rock salt, CsCl, perovskite, spinel, fluorite.
PROTOTYPES = (
    (225, (("A", "a", (0, 0, 0)), ("X", "b", (0.5, 0.5, 0.5))), 5.0),
    (221, (("A", "a", (0, 0, 0)), ("X", "b", (0.5, 0.5, 0.5))), 3.6),
    (221, (("A", "a", (0, 0, 0)), ("B", "b", (0.5, 0.5, 0.5)), ("X", "c", (0, 0.5, 0.5))), 4.0),
    (227, (("A", "a", (0.125, 0.125, 0.125)), ("B", "d", (0.5, 0.5, 0.5)), ("X", "e", (0.2615, 0.2615, 0.2615))), 8.3),
    (225, (("A", "a", (0, 0, 0)), ("X", "c", (0.25, 0.25, 0.25))), 5.4),
)
KINDS = {"A": ("Li", "Na", "Mg", "Ca"), "B": ("Ti", "Mn", "Fe", "Co"), "X": ("O", "S", "F")}
STAGES = ("geometry", "composition", "symmetry", "uniqueness", "novelty", "properties", "relaxation", "stability")


def units(count: int, seed: int = 0) -> AsymmetricUnits:
    """Crystals of the prototypes with elements and edges drawn at random."""
    rng = np.random.default_rng(seed)
    width = 3
    numbers = np.zeros((count, width), np.int16)
    wyckoff = np.full((count, width), -1, np.int16)
    positions = np.zeros((count, width, 3))
    groups = np.zeros(count, np.int16)
    lattice = np.zeros((count, 3, 3))
    table = tables()
    for i in range(count):
        group, orbits, edge = PROTOTYPES[i % len(PROTOTYPES)]
        groups[i] = group
        lattice[i] = np.eye(3) * edge * rng.uniform(0.85, 1.15)
        for j, (kind, letter, position) in enumerate(orbits):
            numbers[i, j] = SYMBOLS.index(rng.choice(KINDS[kind]))
            row = table.wyckoff_row(group, letter)
            wyckoff[i, j] = row
            positions[i, j] = (table.linear[row] @ np.asarray(position) + table.origin[row]) % 1
    return AsymmetricUnits(groups, lattice, numbers, wyckoff, positions)


def make(path: Path, count: int = 200, seed: int = 0, judged: bool = True, name: str = "Test crystals") -> Path:
    """A project with one finished campaign; a third of it is rejected on the way."""
    request = DesignRequest(
        chemical_system=ChemicalSystem(("Li", "Mn", "O"), "contains"), count=count, seed=seed, model="prototypes"
    )
    with ProjectWriter.create(path) if not path.exists() else ProjectWriter.open(path) as writer:
        campaign = writer.add_campaign(name, request.to_dict(), {"model": "prototypes"}, count)
        batch = units(count, seed)
        ids = writer.add_candidates(campaign, np.arange(count), batch, expand(batch), "prototypes")
        if judged:
            _judge(writer, ids, seed)
        writer.set_campaign(campaign, "finished", 12.5)
    return path


def _judge(writer: ProjectWriter, ids: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed + 1)
    for stage in STAGES:
        n = len(ids)
        failing = {"geometry": 0.12, "composition": 0.15, "uniqueness": 0.1}.get(stage, 0.0)
        passed = rng.random(n) >= failing
        distance = rng.uniform(0.3, 0.6, n)
        words = {
            "geometry": [f"Two atoms are too close: {d:.2f} times the sum of their covalent radii" for d in distance],
            "composition": ["No assignment of oxidation states is neutral"] * n,
            "uniqueness": ["The same crystal was found before"] * n,
        }.get(stage, [""] * n)
        reasons = tuple("" if ok else why for ok, why in zip(passed, words, strict=True))
        values: dict[str, np.ndarray] = {}
        if stage == "symmetry":
            values["detected_space_group"] = np.full(n, 225.0)
        if stage == "novelty":
            values["novel"] = np.array([bool(b) for b in rng.random(n) < 0.6], object)
            values["nearest_known"] = np.array([f"mp-{i}" for i in rng.integers(1, 99999, n)], object)
            values["nearest_distance"] = rng.gamma(1.5, 0.2, n)
        if stage == "properties":
            guess = np.random.default_rng(seed + 2)
            for name in ("formation_energy_per_atom", "e_above_hull", "band_gap"):
                values[f"predicted_{name}"] = guess.gamma(1.4, 0.3, n)
                values[f"predicted_{name}_std"] = guess.gamma(2.0, 0.03, n)
            values["in_domain"] = np.array([bool(b) for b in guess.random(n) < 0.9], object)
        if stage == "relaxation":
            values["energy_per_atom"] = rng.normal(-5, 1, n)
        if stage == "stability":
            values["e_hull"] = rng.gamma(1.4, 0.12, n) - 0.02
            values["formation_energy"] = rng.normal(-1.6, 0.7, n)
        writer.record(stage, ids, passed, reasons, values, last=stage == STAGES[-1])
        ids = ids[passed]
