"""Targets: what frameworks have once they are built decides which have offspring and which are handed over."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.generators.mofdiff.sampler import Choice, SamplerConfig
from crystal_studio.generators.mofdiff.steering import LEAST_PARENTS, Population, misses, steered
from crystal_studio.generators.mofdiff.varying import exchanged, noised_again, settled
from crystal_studio.generators.protocol import Cancelled
from crystal_studio.mof.blocks import LINKER
from crystal_studio.mof.building import Built
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.contacts import shipped_contacts
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.pore_grid import pores
from crystal_studio.mof.whole import whole_atoms
from tests.generators import mofdiff_parts

WIDE = (PropertyTarget("lcd", 9.0, 30.0),)


@pytest.fixture(scope="module")
def known() -> CoarseMofs:
    """Small frameworks, and which widest cavity each has."""
    whole = shipped_mofs()
    return whole.take(np.flatnonzero((whole.n_blocks <= 6) & (whole.dimension == 3))[::9][:24])


@pytest.fixture(scope="module")
def widths(known: CoarseMofs) -> np.ndarray:
    cells = whole_atoms(known, shipped_blocks()).structures
    return np.array([pores(*cells.cell(i)).lcd for i in range(len(known))])


def built(mofs: CoarseMofs, made: bool = True) -> Built:
    size = len(mofs)
    return Built(mofs, np.full(size, 0.1 if made else 2.0), ("" if made else "open",) * size, np.ones(size, bool))


def choice(allowed: np.ndarray | None = None, **more) -> Choice:
    every = np.ones(len(shipped_blocks()), bool)
    holds = np.zeros(len(every), np.int64)
    return Choice(torch.as_tensor(every if allowed is None else allowed), **({"holds": holds} | more))


def test_what_misses_the_range_by_more_is_farther_and_what_is_in_it_is_there(known, widths):
    found = misses(whole_atoms(known, shipped_blocks()), WIDE)
    valid = np.isfinite(found)
    assert valid.sum() > 6
    assert (found[valid & (widths >= 9.0)] == 0).all() and (found[valid & (widths < 8.9)] > 0).all()
    order = np.argsort(-widths[valid & (widths < 8.9)])
    assert (np.diff(found[valid & (widths < 8.9)][order]) >= 0).all()


def test_misses_of_several_targets_add_up_and_co2_is_one_of_them(known):
    some = whole_atoms(known.take(np.arange(4)), shipped_blocks())
    co2 = (PropertyTarget("co2_working_capacity", 30.0, 40.0),)
    one, two = misses(some, WIDE), misses(some, co2)
    assert misses(some, (*WIDE, *co2)) == pytest.approx(one + two)
    assert (two > 1).all()


def test_the_nearest_come_first_and_each_kind_once(known, widths):
    population = Population(shipped_blocks(), WIDE, alike=100)
    population.add(built(known.take(np.arange(12)), made=False))
    population.add(built(known))
    population.add(built(known))
    first = population.order()
    kinds = len({population.kinds[i] for i in range(len(population.miss)) if np.isfinite(population.miss[i])})
    assert len({population.kinds[i] for i in first[:kinds]}) == kinds
    assert (np.diff([population.miss[i] for i in first[:kinds]]) >= 0).all()
    assert sorted(first) == list(range(12 + 2 * len(known)))
    # What does not hold together is the last resort.
    assert set(first[-12:]) == set(range(12))
    parents = population.parents(100)
    assert parents is not None and len(parents) == max(LEAST_PARENTS, kinds // 2)


def test_one_set_of_linkers_does_not_take_all_places(known):
    population = Population(shipped_blocks(), WIDE, alike=2)
    library = shipped_blocks()
    one = known.take(np.array([0]))
    metals = np.flatnonzero((library.kind != LINKER) & (library.n_points == library.n_points[one.block[0]]))
    same = CoarseMofs.concatenate(
        replace(one, block=np.where(library.kind[one.block] == LINKER, one.block, entry).astype(np.int32))
        for entry in metals[:12]
    )
    population.add(built(same))
    population.miss = [0.0] * len(same)
    population.add(built(known.take(np.arange(1, 12))))
    population.miss = [miss if np.isfinite(miss) else 1.0 for miss in population.miss]
    assert sum(i < len(same) for i in population.order()[:6]) == 2


def test_the_best_of_many_are_handed_over_and_descend_from_the_better_half(known):
    library, rng, calls = shipped_blocks(), np.random.default_rng(0), []
    population = Population(library, WIDE, alike=100)

    def drawn(size: int) -> Built:
        calls.append(("drawn", size))
        return built(known.take(rng.choice(len(known), size, replace=False)))

    def varied(parents: CoarseMofs) -> Built:
        calls.append(("varied", len(parents)))
        worst = max(population.miss[i] for i in population.order()[: max(LEAST_PARENTS, len(population.miss) // 2)])
        assert misses(whole_atoms(parents, library), WIDE).max() <= worst
        return built(known.take(rng.choice(len(known), len(parents), replace=False)))

    given = steered(5, 4, population, drawn, varied, rng)
    assert calls == [("drawn", 5)] + [("varied", 5)] * 3
    found = misses(whole_atoms(given, library), WIDE)
    assert len(given) == 5 and found.max() <= np.median([m for m in population.miss if np.isfinite(m)])


def test_without_a_valid_framework_all_are_drawn(known):
    def varied(parents: CoarseMofs) -> Built:
        raise AssertionError

    population = Population(shipped_blocks(), WIDE, 2)
    given = steered(
        3, 4, population, lambda n: built(known.take(np.arange(n)), made=False), varied, np.random.default_rng(0)
    )
    assert len(given) == 3 and len(population.miss) == 12


def test_blocks_are_exchanged_for_others_that_meet_in_the_same_way(known):
    library, contacts = shipped_blocks(), shipped_contacts()
    changed, done = exchanged(known, choice(), np.random.default_rng(0))
    assert done.any()
    for i in range(len(known)):
        old, new = known.block[known.blocks(i)], changed.block[changed.blocks(i)]
        assert done[i] == (old != new).any()
        assert len(np.unique(old[old != new])) == done[i]
        assert (library.kind[new] == library.kind[old]).all() and (library.n_points[new] == library.n_points[old]).all()
        linker = library.kind[new] == LINKER
        assert (contacts[new[linker]] == contacts[old[linker]]).all()


def test_exchanged_blocks_are_allowed_and_what_is_wished_stays(known):
    library = shipped_blocks()
    allowed = np.arange(len(library)) % 2 == 0
    changed, _ = exchanged(known, choice(allowed), np.random.default_rng(0))
    assert allowed[changed.block[changed.block != known.block]].all()
    own = np.zeros(len(library), np.int64)
    own[known.block] = 1
    must = choice(holds=own, wished=1, must=1)
    changed, _ = exchanged(known, must, np.random.default_rng(0))
    for i in range(len(known)):
        assert own[changed.block[changed.blocks(i)]].any()


def test_variants_have_as_many_blocks_of_what_is_allowed_and_come_twice_the_same(known):
    network, vocabulary, config = mofdiff_parts.network(), mofdiff_parts.vocabulary(), SamplerConfig(4, settling=4)
    allowed = np.arange(len(shipped_blocks())) % 3 > 0

    def made():
        random = torch.Generator().manual_seed(1)
        again = noised_again(network, vocabulary, known, choice(allowed), config, random, (0.6, 0.4), lambda: None)
        return again, settled(network, known, choice(allowed), config, random, lambda: None)

    (again, same), (second, third) = made(), made()
    for one, other in ((again, second), (same, third)):
        assert (one.mofs.block == other.mofs.block).all() and (one.mofs.positions == other.mofs.positions).all()
        assert (one.mofs.n_blocks == known.n_blocks).all() and np.isfinite(one.mofs.lattice).all()
    assert allowed[again.mofs.block[np.repeat(again.balanced, again.mofs.n_blocks)]].all()
    assert (again.mofs.block != known.block).any() and (same.mofs.block == known.block).all()
    # A little noise leaves a cell about what it was.
    volume = np.abs(np.linalg.det(same.mofs.lattice)) / np.abs(np.linalg.det(known.lattice))
    assert ((volume > 0.5) & (volume < 2)).all()


def asked(**options) -> DesignRequest:
    system = ChemicalSystem(("Zn", "C", "H", "N", "O"), "subset")
    options = {"steps": 2, "blocks": 4, "best_of": 2} | options
    return DesignRequest(chemical_system=system, targets=(PropertyTarget("pld", 3, 9),), options=options, count=2)


def test_a_steered_chunk_depends_on_the_request_and_its_number_alone():
    generator, told = mofdiff_parts.untrained(), []
    generator.chunk_size = 1
    one = generator.sample(asked(), 0, progress=lambda done, total: told.append((done, total)))
    generator.sample(asked(), 1)
    two = generator.sample(asked(), 0)
    assert len(one) == 1 and (one.structures.positions == two.structures.positions).all()
    assert told[-1][0] == told[-1][1] and (np.diff([done for done, _ in told]) >= 0).all()
    assert max(done - total for done, total in told) == 0


def test_a_steered_chunk_is_cancelled():
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        mofdiff_parts.untrained().sample(asked(), 0, cancel=stop)
