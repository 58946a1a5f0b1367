"""What every generator must pass; see the package for how to use it.

The request given is one that the generator can answer, small and quick (few steps), with whatever it needs; the checks
change count, seed and what the family's capabilities allow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from crystal_studio.conformance.batches import check_candidates, need, same
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.family import Capabilities
from crystal_studio.generators.protocol import Cancelled, Generator

FEW = 3
"""Candidates of one batch where a check needs no more."""


def it_says_what_it_is(generator: Generator, request: DesignRequest) -> None:
    need(generator.card.family in registry.families, "the card names a registered family")
    need(isinstance(generator.chunk_size, int) and generator.chunk_size > 0, "chunk_size is a positive number")
    need(isinstance(generator.device, str) and generator.device, "the device is named")


def it_answers_the_request(generator: Generator, request: DesignRequest) -> None:
    generator.check(request)


def batches_have_their_shapes_and_units(generator: Generator, request: DesignRequest) -> None:
    count = min(FEW, generator.chunk_size)
    check_candidates(generator.sample(request.with_(count=count), 0), count)


def a_batch_of_one_is_a_batch(generator: Generator, request: DesignRequest) -> None:
    check_candidates(generator.sample(request.with_(count=1), 0), 1)


def the_last_chunk_holds_the_rest(generator: Generator, request: DesignRequest) -> None:
    asked = request.with_(count=generator.chunk_size + 1)
    check_candidates(generator.sample(asked, 1), 1)


def an_empty_chunk_is_refused(generator: Generator, request: DesignRequest) -> None:
    """A chunk beyond the request is a mistake of the caller; no request asks for nothing."""
    try:
        generator.sample(request.with_(count=1), 1)
    except ValueError:
        pass
    else:
        raise AssertionError("a chunk beyond the request raises ValueError")
    try:
        request.with_(count=0)
    except RequestError as error:
        need(error.field == "count", "a request for no candidates names the count")


def the_same_chunk_comes_twice(generator: Generator, request: DesignRequest) -> None:
    asked = _few(generator, request)
    need(same(generator.sample(asked, 0), generator.sample(asked, 0)), "the same chunk is the same, bit for bit")


def chunks_do_not_depend_on_their_order(generator: Generator, request: DesignRequest) -> None:
    asked = request.with_(count=2 * generator.chunk_size)
    second = generator.sample(asked, 1)
    generator.sample(asked, 0)
    need(same(generator.sample(asked, 1), second), "a chunk is the same after another one was made")


def another_seed_gives_others(generator: Generator, request: DesignRequest) -> None:
    one, other = (generator.sample(_few(generator, request).with_(seed=seed), 0) for seed in (1, 2))
    need(not same(one.structures, other.structures), "another seed gives other candidates")


def cancel_stops_it(generator: Generator, request: DesignRequest) -> None:
    """At the latest after the first step: nothing of the chunk is given."""
    stop, told = threading.Event(), []

    def progress(done: int, total: int) -> None:
        told.append(done)
        stop.set()

    try:
        generator.sample(_few(generator, request), 0, stop, progress)
    except Cancelled:
        need(len(told) <= 2, f"a cancelled chunk ends at its next step, not after {len(told)}")
    else:
        raise AssertionError("a chunk whose token was set raises Cancelled")


def progress_is_told(generator: Generator, request: DesignRequest) -> None:
    told: list[tuple[int, int]] = []
    generator.sample(_few(generator, request), 0, None, lambda done, total: told.append((done, total)))
    need(told, "progress(done, total) is called")
    need(all(0 <= done <= total for done, total in told), "done never exceeds total")
    need([d for d, _ in told] == sorted(d for d, _ in told), "done never falls")
    need(told[-1][0] == told[-1][1], "progress ends at its total")


def elements_are_those_asked_for(generator: Generator, request: DesignRequest) -> None:
    able = _capabilities(generator)
    if "composition" in able.needs:
        return
    named = request.chemical_system.elements or tuple(SYMBOLS[z] for z in generator.card.elements[:2])
    for mode in set(able.modes) - {"any"}:
        system = ChemicalSystem(named, mode)
        asked = _few(generator, request.with_(chemical_system=system, composition=""))
        for found in _elements(generator, asked):
            need(found <= set(system.allowed), f"mode {mode}: only elements that are allowed")
            need(found >= set(system.must), f"mode {mode}: every element that must occur")


def an_exact_composition_is_kept(generator: Generator, request: DesignRequest) -> None:
    if not _capabilities(generator).composition:
        return
    named = request.chemical_system.elements or tuple(SYMBOLS[z] for z in generator.card.elements[:2])
    formula = request.composition or "".join(named)
    asked = _few(generator, request).with_(chemical_system=ChemicalSystem(), composition=formula)
    cells = generator.sample(asked, 0).structures
    wanted = {SYMBOLS.index(s): n for s, n in parse_formula(formula).items()}
    for i in range(len(cells)):
        kinds, counts = np.unique(cells.numbers[cells.atoms(i)], return_counts=True)
        ratio = {int(z): int(n) / wanted[int(z)] for z, n in zip(kinds, counts, strict=True) if int(z) in wanted}
        need(len(ratio) == len(kinds) == len(wanted) and len(set(ratio.values())) == 1, f"{formula} is kept exactly")


def space_groups_are_those_asked_for(generator: Generator, request: DesignRequest) -> None:
    if not request.space_groups:
        free = generator.sample(_few(generator, request), 0)
        need(not free.asked_space_group.any(), "asked_space_group is 0 where no group was asked for")
    if not _capabilities(generator).space_groups:
        return
    groups = request.space_groups or (1, 2, 225)
    found = generator.sample(_few(generator, request).with_(space_groups=groups), 0)
    need(set(found.asked_space_group.tolist()) <= set(groups), "asked_space_group is one of those asked for")
    made = found.space_group[found.has_unit]
    need((made == found.asked_space_group[found.has_unit]).all(), "candidates are made in the group asked for")


def the_limit_of_atoms_is_kept(generator: Generator, request: DesignRequest) -> None:
    if not _capabilities(generator).max_atoms:
        return
    limit = request.max_atoms or 12
    found = generator.sample(_few(generator, request).with_(max_atoms=limit), 0)
    centring = np.ones(len(found), np.int64)
    centring[found.has_unit] = tables().n_centring[found.space_group[found.has_unit] - 1]
    most = int((found.structures.n_atoms // centring).max())
    need(most <= limit, f"at most {limit} atoms in the primitive cell, not {most}")


CHECKS: tuple[Callable[[Generator, DesignRequest], None], ...] = (
    it_says_what_it_is,
    it_answers_the_request,
    batches_have_their_shapes_and_units,
    a_batch_of_one_is_a_batch,
    the_last_chunk_holds_the_rest,
    an_empty_chunk_is_refused,
    the_same_chunk_comes_twice,
    chunks_do_not_depend_on_their_order,
    another_seed_gives_others,
    cancel_stops_it,
    progress_is_told,
    elements_are_those_asked_for,
    an_exact_composition_is_kept,
    space_groups_are_those_asked_for,
    the_limit_of_atoms_is_kept,
)


def _capabilities(generator: Generator) -> Capabilities:
    return registry.families.get(generator.card.family).capabilities


def _few(generator: Generator, request: DesignRequest) -> DesignRequest:
    return request.with_(count=min(FEW, generator.chunk_size))


def _elements(generator: Generator, request: DesignRequest) -> list[set[str]]:
    cells = generator.sample(request, 0).structures
    return [{SYMBOLS[int(z)] for z in cells.numbers[cells.atoms(i)]} for i in range(len(cells))]
