"""Real project files for the window tests: crystals of known types, through the real store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, rejecting
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
        ids = writer.add_candidates(campaign, np.arange(count), Candidates.of_units(batch), "prototypes")
        if judged:
            _judge(writer, campaign, ids, batch.space_group, seed)
        writer.set_campaign(campaign, "finished", 12.5)
    return path


POTENTIAL = Method("chgnet", "potential", "CHGNet 0.3.0")
LEARNED = Method("properties-mp20-like", "learned", "Property model")
REFERENCE = Method("reference", "reference", "Reference index")
DETECTED = Method("detection", "geometry", "Symmetry search")


def _judge(writer: ProjectWriter, campaign: int, ids: np.ndarray, groups: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed + 1)
    for stage in STAGES:
        n = len(ids)
        failing = {"geometry": 0.12, "composition": 0.15, "uniqueness": 0.1}.get(stage, 0.0)
        passed = rng.random(n) >= failing
        distance = rng.uniform(0.3, 0.6, n)
        why = {
            "geometry": [
                Reason("overlap", {"atoms": "Li and O", "distance": float(d), "limit": 1.1}) for d in distance
            ],
            "composition": [Reason("not_neutral", {"formula": "LiO", "states": "Li +1, O -2"})] * n,
            "uniqueness": [Reason("duplicate", {"candidate": 1})] * n,
        }.get(stage, [Reason("error")] * n)
        reasons = [None if ok else reason for ok, reason in zip(passed, why, strict=True)]
        findings: list[Finding] = []
        if stage == "symmetry":
            findings = [Finding("space_group", DETECTED, groups.astype(float))]
        if stage == "novelty":
            findings = [
                Finding("novel", REFERENCE, (rng.random(n) < 0.6).astype(float)),
                Finding("nearest_known", REFERENCE, np.array([f"mp-{i}" for i in rng.integers(1, 99999, n)], object)),
                Finding("nearest_distance", REFERENCE, rng.gamma(1.5, 0.2, n)),
            ]
        if stage == "properties":
            guess = np.random.default_rng(seed + 2)
            for name in ("formation_energy", "e_hull", "band_gap"):
                value = guess.gamma(1.4, 0.3, n)
                findings.append(Finding(name, LEARNED, value, guess.gamma(2.0, 0.03, n)))
            findings.append(Finding("in_domain", LEARNED, (guess.random(n) < 0.9).astype(float)))
        if stage == "relaxation":
            findings = [Finding("energy_per_atom", POTENTIAL, rng.normal(-5, 1, n))]
        if stage == "stability":
            findings = [
                Finding("e_hull", POTENTIAL, rng.gamma(1.4, 0.12, n) - 0.02),
                Finding("formation_energy", POTENTIAL, rng.normal(-1.6, 0.7, n)),
            ]
        writer.record(campaign, stage, ids, rejecting(reasons, findings), last=stage == STAGES[-1])
        ids, groups = ids[passed], groups[passed]
