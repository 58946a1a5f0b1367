"""A real project file with three candidates: relaxed and stable, rejected, and not judged yet."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Geometry, Reason, rejecting
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import ChemicalSystem, DesignRequest
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def _units() -> AsymmetricUnits:
    """Spinel LiMn2O4, rock salt, and a hexagonal MnO of P6_3/mmc."""
    table = tables()
    spinel = [(3, "a", [0.125] * 3), (25, "d", [0.5] * 3), (8, "e", [0.2632] * 3)]
    salt = [(11, "a", [0.0] * 3), (17, "b", [0.5] * 3)]
    nickeline = [(25, "a", [0.0] * 3), (8, "c", [1 / 3, 2 / 3, 0.25])]
    crystals = [(227, spinel), (225, salt), (194, nickeline)]
    numbers, wyckoff = np.zeros((3, 3), np.int16), np.full((3, 3), -1, np.int16)
    positions = np.zeros((3, 3, 3))
    for i, (group, orbits) in enumerate(crystals):
        for k, (z, letter, place) in enumerate(orbits):
            row = table.wyckoff_row(group, letter)
            numbers[i, k], wyckoff[i, k] = z, row
            # A point of the position's own representative, the free coordinate as given.
            linear, origin = table.linear[row], table.origin[row]
            free = np.linalg.lstsq(linear, np.asarray(place) - origin, rcond=None)[0]
            positions[i, k] = (linear @ free + origin) % 1.0
    hexagonal = np.array([[3.4, 0, 0], [-1.7, 1.7 * np.sqrt(3), 0], [0, 0, 5.2]])
    lattice = np.stack([8.245 * np.eye(3), 5.64 * np.eye(3), hexagonal])
    return AsymmetricUnits(np.array([227, 225, 194], np.int16), lattice, numbers, wyckoff, positions)


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """An open reader; candidates 1 passed, 2 rejected, 3 pending."""
    path = tmp_path_factory.mktemp("project") / "inspected.crystals"
    units = _units()
    request = DesignRequest(
        chemical_system=ChemicalSystem(("Li", "Mn", "O"), "subset"), count=3, seed=7, model="symmcd"
    )
    provenance = {"model": "symmcd", "model_sha256": SHA, "seed": 7, "versions": {"crystal-studio": "0.1.0"}}
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("Li-Mn-O", request.to_dict(), provenance, 3)
        candidates = Candidates.of_units(units)
        ids = writer.add_candidates(campaign, [0, 1, 2], candidates, "symmcd")
        two, good = ids[:2], [None, None]
        apart = Finding("min_distance", Method("contacts", "geometry"), np.array([1.96, 2.82]))
        writer.record(campaign, "geometry", two, rejecting(good, [apart]), seconds=0.4)
        charged = Reason("not_neutral", {"formula": "NaCl", "states": "Na +1, Cl +1"})
        writer.record(campaign, "composition", two, rejecting([None, charged]), seconds=0.2)
        first = candidates.structures.take(np.array([0]))
        relaxed = Structures(1.02 * first.lattice, first.offsets, first.numbers, first.positions, first.orbit)
        chgnet, index = Method("chgnet", "potential", "CHGNet 0.3.0"), Method("index", "reference")
        found = [
            Finding("energy_per_atom", chgnet, np.array([-7.1234])),
            Finding("formation_energy", chgnet, np.array([-1.98])),
            Finding("e_hull", chgnet, np.array([0.012])),
            Finding("e_hull", Method("sevennet", "potential", "SevenNet-0"), np.array([0.034])),
            Finding("nearest_known", index, np.array(["mp-25015 LiMn2O4"], object)),
            Finding("nearest_distance", index, np.array([0.021])),
            Finding("novel", index, np.array([0.0])),
            Finding("space_group", Method("detection", "geometry"), np.array([227.0])),
        ]
        moved = Geometry(chgnet, relaxed, np.array([True]))
        verdicts = rejecting([None], found, geometry=moved)
        writer.record(campaign, "relaxation", ids[:1], verdicts, seconds=2.5, last=True)
    with ProjectReader(path) as reader:
        yield reader
