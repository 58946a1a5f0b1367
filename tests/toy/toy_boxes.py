"""A family of another package, as an entry point brings it: molecules in boxes, without weights, groups or targets.

Water (H, O) or carbon dioxide (C, O), one to three molecules in a cubic box, turned and placed at random.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.bonds import Bonds
from crystal_studio.crystal.batches import Structures
from crystal_studio.design.declared import Options, declare
from crystal_studio.errors import RequestError
from crystal_studio.exchange.exporter import Exporter
from crystal_studio.generators.family import Capabilities, Feasibility
from crystal_studio.generators.protocol import Cancelled, ModelCard, chunk_seed
from crystal_studio.generators.requests import fitted

MOLECULES = {
    frozenset({"H", "O"}): ((8, 1, 1), ((0, 0, 0), (0.757, 0.586, 0), (-0.757, 0.586, 0)), 1.0),
    frozenset({"C", "O"}): ((6, 8, 8), ((0, 0, 0), (1.16, 0, 0), (-1.16, 0, 0)), 2.0),
}
"""By elements: atomic numbers, positions in Angstrom, order of the bonds from the first atom to the others."""


class BoxOptions(Options):
    edge: float = declare(9.0, "Edge", "edge of the box", unit="Å", low=1, high=50, metavar="L")
    warm: bool = declare(False, "Warm", "start warm")
    steps: int = declare(7, "Steps", "steps of settling", low=1, metavar="N")
    sampler: Literal["slow", "slower"] = declare("slow", "Sampler", "how")


class BoxGenerator:
    chunk_size = 4

    def __init__(self, card, device):
        self.card, self.device = card, device

    def check(self, request):
        fitted(request, FAMILY, self.card)
        self._kinds(request)

    def _kinds(self, request):
        system = request.chemical_system
        kinds = [k for k in MOLECULES if k <= set(system.allowed) and set(system.must) <= k]
        if not kinds:
            raise RequestError("No molecule is made of these elements: ask for H-O or C-O.", "chemsys")
        return kinds

    def sample(self, request, chunk, cancel=None, progress=None):
        size = min(self.chunk_size, request.count - chunk * self.chunk_size)
        if size <= 0:
            raise ValueError("a chunk beyond the request")
        options, kinds = BoxOptions.of(request), self._kinds(request)
        rng = np.random.default_rng(chunk_seed(request.seed, chunk))
        for step in range(options.steps):
            if cancel is not None and cancel.is_set():
                raise Cancelled
            if progress is not None:
                progress(step + 1, options.steps)
        numbers, points, pairs, orders = [], [], [], []
        for _ in range(size):
            kind, shape, order = MOLECULES[kinds[rng.integers(len(kinds))]]
            many = int(rng.integers(1, 4))
            turned = [np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(many)]
            centres = rng.random((many, 3)) * options.edge
            cells = np.concatenate([np.array(shape) @ q + c for q, c in zip(turned, centres, strict=True)])
            points.append(cells / options.edge % 1.0)
            numbers.append(np.tile(kind, many))
            first = 3 * np.arange(many)
            pairs.append(np.concatenate([np.stack([first, first + k], 1) for k in (1, 2)]))
            orders.append(np.full(2 * many, order, np.float32))
        structures = Structures.from_lists([np.eye(3) * options.edge] * size, numbers, points)
        return Candidates(structures, np.zeros(size, np.int16), bonds=_bonds(structures, pairs, orders))


def _bonds(structures, pairs, orders):
    """Images: the shorter way across cell faces."""
    images = []
    for i, rows in enumerate(pairs):
        points = structures.positions[structures.atoms(i)]
        images.append(-np.round(points[rows[:, 1]] - points[rows[:, 0]]))
    offsets = np.concatenate([[0], np.cumsum([len(rows) for rows in pairs])]).astype(np.int64)
    return Bonds(
        np.ones(len(structures), bool),
        offsets,
        np.concatenate(pairs).astype(np.int32),
        np.concatenate(images).astype(np.int16),
        np.concatenate(orders),
    )


class BoxFamily:
    name, title, options = "boxes", "Boxes", BoxOptions
    capabilities = Capabilities(modes=("exact", "subset"), needs=("chemical_system",))
    revision = 1

    def check(self, request):
        if BoxOptions.of(request).edge > 40 and request.count > 9:
            raise RequestError("Large boxes are made nine at a time: ask for fewer.", "count")

    def look(self, request, stop):
        return Feasibility()

    def cards(self):
        return (ModelCard("toy-boxes", "boxes", "Toy boxes", "MIT", {}, {}, 0, "", (1, 8, 6)),)

    def load(self, folder, card, device):
        return BoxGenerator(card, device)


FAMILY = BoxFamily()


class BoxTrainingOptions(Options):
    members: int = declare(3, "Boxes", "boxes to learn from", low=1)


class BoxTraining:
    """Learns nothing, and says what it was given."""

    name, title, options = "boxes", "Boxes", BoxTrainingOptions
    fine_tuning = None

    def default_data(self):
        return Path("boxes.that.ship")

    def train(self, job):
        job.report({"boxes": float(job.options.members)})
        return {
            "boxes": job.options.members,
            "data": str(job.data),
            "extra": [str(p) for p in job.extra],
            "minutes": job.max_minutes,
        }

    def progress(self, row):
        return f"{row['boxes']:.0f} boxes"

    def reached(self, document):
        return f"{document['boxes']} boxes"


TRAINING = BoxTraining()


def _write_bonds(path, contents):
    """A line with the name and what is known, then one a bond."""
    about = " ".join(f"{name}={values[0]}" for name, values in contents.columns.items())
    pairs = contents.candidates.bonds.atoms if contents.candidates.bonds is not None else ()
    path.write_text("\n".join([f"{contents.names[0]} {about}", *(f"{a} {b}" for a, b in pairs)]) + "\n")


BONDS = Exporter("bonds", "List of bonds", "Pairs of bonded atoms", ".bonds", False, _write_bonds)
