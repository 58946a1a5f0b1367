"""Every generator and family, shipped or not, against what their protocols promise; and that the checks can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crystal_studio.candidates.batch import Candidates
from crystal_studio.conformance import families, generators
from crystal_studio.crystal.batches import Structures
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators import registry
from crystal_studio.generators.protocol import Cancelled

WATER = DesignRequest(chemical_system=ChemicalSystem(("H", "O"), "exact"), model="toy-boxes", count=4)


def name(check):
    return check.__name__


@pytest.mark.parametrize("check", families.CHECKS, ids=name)
@pytest.mark.parametrize("family", ["symmcd", "adaptive-cell", "boxes"])
def test_families_keep_their_protocol(check, family, boxes):
    check(registry.families.get(family))


@pytest.mark.parametrize("check", generators.CHECKS, ids=name)
def test_an_untrained_symmcd_keeps_the_protocol(check, generator):
    generator.chunk_size = 3
    check(generator, DesignRequest(max_atoms=8, options={"steps": 2, "max_orbits": 2}))


@pytest.mark.parametrize("check", generators.CHECKS, ids=name)
def test_the_shipped_symmcd_keeps_the_protocol(check):
    generator = shipped()
    generator.chunk_size = 2
    check(generator, DesignRequest(max_atoms=8, options={"steps": 2, "max_orbits": 2}))


@pytest.mark.parametrize("check", generators.CHECKS, ids=name)
def test_an_untrained_adaptive_cell_keeps_the_protocol(check, adaptive_cell_generator):
    adaptive_cell_generator.chunk_size = 3
    check(adaptive_cell_generator, DesignRequest(composition="CaTiO3", max_atoms=10, options={"steps": 2}))


@pytest.mark.parametrize("check", generators.CHECKS, ids=name)
def test_a_generator_without_symmetry_keeps_the_protocol(check, boxes):
    check(registry.load("toy-boxes"), WATER)


_LOADED = {}


def shipped():
    if not _LOADED:
        _LOADED["model"] = registry.load("symmcd-mp20-like")
    return _LOADED["model"]


class Wrong:
    """A generator that breaks one promise after the other."""

    def __init__(self, right, fault):
        self._right, self._fault = right, fault
        self.card, self.device, self.chunk_size = right.card, right.device, right.chunk_size
        self._calls = 0

    def check(self, request):
        self._right.check(request)

    def sample(self, request, chunk, cancel=None, progress=None):
        self._calls += 1
        deaf = self._fault in ("deaf", "mute")
        made = self._right.sample(request, chunk, None if deaf else cancel, None if self._fault == "mute" else progress)
        if self._fault == "short":
            return made.take(np.arange(len(made) - 1))
        if self._fault == "nanometres":
            return self._with(made, lattice=made.structures.lattice / 10)
        if self._fault == "single precision":
            return self._with(made, positions=made.structures.positions.astype(np.float32))
        if self._fault == "cartesian":
            return self._with(made, positions=made.structures.positions * 9)
        if self._fault == "moody":
            return self._with(made, positions=(made.structures.positions + 0.01 * self._calls) % 1)
        if self._fault == "gold":
            return self._with(made, numbers=np.full_like(made.structures.numbers, 79))
        if self._fault == "stubborn":
            return self._right.sample(request.with_(seed=5), chunk, cancel, progress)
        return made

    @staticmethod
    def _with(made: Candidates, **changes) -> Candidates:
        cells: Structures = replace(made.structures, **changes)
        return replace(made, structures=cells)


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("short", generators.batches_have_their_shapes_and_units),
        ("nanometres", generators.batches_have_their_shapes_and_units),
        ("single precision", generators.batches_have_their_shapes_and_units),
        ("cartesian", generators.batches_have_their_shapes_and_units),
        ("moody", generators.the_same_chunk_comes_twice),
        ("moody", generators.chunks_do_not_depend_on_their_order),
        ("stubborn", generators.another_seed_gives_others),
        ("gold", generators.elements_are_those_asked_for),
        ("deaf", generators.cancel_stops_it),
        ("mute", generators.progress_is_told),
    ],
)
def test_a_broken_promise_is_found(fault, check, boxes):
    with pytest.raises(AssertionError, match=r"\w+ \w+"):
        check(Wrong(registry.load("toy-boxes"), fault), WATER)


def test_cancelled_is_what_the_protocol_says(boxes):
    class Set:
        def is_set(self):
            return True

    with pytest.raises(Cancelled):
        registry.load("toy-boxes").sample(WATER, 0, Set())
