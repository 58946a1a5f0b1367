"""What is known of cell, sites and positions is kept to; what contradicts itself is said in one sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from crystal_studio.crystal.asymmetric_unit import expand, n_atoms
from crystal_studio.crystal.composition import reduced_counts
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.inequivalent import as_text, parse
from crystal_studio.design.known_cell import parse_cell, shaped
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.adaptive_cell import refusals
from crystal_studio.generators.adaptive_cell.plan import Limits, Plan
from crystal_studio.generators.requests import fitted

FAMILY = registry.families.get("adaptive-cell")
PNMA = DesignRequest(composition="CaTiO3", space_groups=(62,), count=3)
CELL = (5.44, 7.64, 5.38)
SIX = (*CELL, 90.0, 90.0, 90.0)
SITES = (
    ("Ca", "4c", (0.05, 0.25, 0.0)),
    ("Ti", "4b", (0.0, 0.0, 0.5)),
    ("O", "4c", (0.48, 0.25, 0.08)),
    ("O", "8d", (0.29, 0.04, 0.71)),
)
VOLUMES = np.full(119, 11.5)


def kept(*sites: tuple, **more) -> dict:
    return {"orbits": [dict(zip(("element", "wyckoff", "position"), s, strict=True)) for s in sites], **more}


def asked(request: DesignRequest = PNMA, atoms: int = 20, **options) -> Plan:
    """The plan of a request to a model that expects 57.5 cubic Angstrom of a formula unit."""
    request = fitted(request.with_(options=options), FAMILY)
    return refusals.check(request, Limits(None, 20, atoms, VOLUMES))


def test_cells_are_read_as_they_are_typed():
    assert parse_cell("5.38 5.44 7.64 90 90 90") == (5.38, 5.44, 7.64, 90, 90, 90)
    assert parse_cell(" 5.381(2), 7.64(12); 90 ") == (5.381, 7.64, 90)
    with pytest.raises(RequestError, match="'five' is no cell"):
        parse_cell("five")


@pytest.mark.parametrize(
    ("number", "given", "whole"),
    [
        (225, (5.64,), (5.64, 5.64, 5.64, 90, 90, 90)),
        (194, (3.2, 5.2), (3.2, 3.2, 5.2, 90, 90, 120)),
        (167, (5.0, 17.0), (5.0, 5.0, 17.0, 90, 90, 120)),
        (139, (3.9, 12.0), (3.9, 3.9, 12.0, 90, 90, 90)),
        (14, (5.0, 6.0, 7.0, 100.0), (5.0, 6.0, 7.0, 90, 100, 90)),
        (2, (5, 6, 7, 80, 95, 100), (5, 6, 7, 80, 95, 100)),
    ],
)
def test_what_the_crystal_system_fixes_need_not_be_given(number, given, whole):
    assert np.allclose(shaped(given, number), shaped(whole, number))


def test_a_known_cell_is_kept_and_filled(adaptive_cell_generator):
    generator = adaptive_cell_generator
    generator.limits = replace(generator.limits, volumes=VOLUMES)
    request = fitted(PNMA.with_options(cell=CELL, steps=2), FAMILY)
    units = generator.sample_units(request, 0)
    assert np.allclose(cell_parameters(units.lattice), SIX, atol=1e-9)
    assert n_atoms(units).tolist() == [20, 20, 20]  # four formula units of 57.5 cubic Angstrom
    assert not np.allclose(units.positions[0], units.positions[1])


def test_a_known_cell_decides_family_and_number_of_atoms_where_no_group_is_asked_for():
    plan = asked(PNMA.with_(space_groups=()), cell=SIX)
    units = plan.draw(60, np.random.default_rng(1))
    assert ((units.space_group >= 16) & (units.space_group <= 74)).all() and len(set(units.space_group)) > 1
    assert set(n_atoms(units)) <= {15, 20, 25}
    assert np.allclose(cell_parameters(units.lattice), SIX)


def test_known_sites_are_kept_and_the_cell_is_found(adaptive_cell_generator):
    request = fitted(PNMA.with_(composition="").with_options(keep=kept(*SITES), steps=2), FAMILY)
    units = adaptive_cell_generator.sample_units(request, 0)
    same = expand(units)
    for element, _, position in SITES:
        here = same.positions[same.numbers == {"Ca": 20, "Ti": 22, "O": 8}[element]]
        apart = here - np.array(position)
        assert np.abs(apart - np.rint(apart)).max(1).min() < 1e-9
    assert (n_atoms(units) == 20).all() and np.ptp(cell_parameters(units.lattice)[:, 0]) > 0


@pytest.mark.parametrize("composition", ["CaTiO3", ""])
def test_numbers_of_inequivalent_atoms_are_kept(composition):
    wanted = {"Ca": 1, "Ti": 2, "O": 3}
    plan = asked(PNMA.with_(composition=composition, space_groups=(62, 12, 2)), inequivalent=as_text(wanted))
    units = plan.draw(40, np.random.default_rng(2))
    numbers = {"Ca": 20, "Ti": 22, "O": 8}
    for row in units.numbers.tolist():
        assert {s: Counter(row)[z] for s, z in numbers.items()} == wanted
    if composition:
        assert all(sorted(pairs) == [(8, 3), (20, 1), (22, 1)] for pairs in reduced_counts(expand(units)))
    else:
        assert len({tuple(pairs) for pairs in reduced_counts(expand(units))}) > 1
    assert (n_atoms(units, primitive=True) <= 20).all()
    assert parse("Ca:1, Ti: 2 O=3") == wanted


def test_a_template_places_elements():
    table, options = tables(), {"template": ["Ti 4a", "4c", "O 4c", "8d"]}
    units = asked(**options).draw(4, np.random.default_rng(3))
    names = [f"{table.multiplicity[r]}{table.letter[r]}" for r in units.wyckoff[0]]
    assert names == ["4a", "4c", "4c", "8d"] and units.numbers[0].tolist() == [22, 20, 8, 8]
    alone = asked(PNMA.with_(composition=""), template=["Ca 4c", "Ti 4a", "O 4c", "O 8d"])
    assert alone.formula == {20: 1, 22: 1, 8: 3}


@pytest.mark.parametrize(
    ("changes", "options", "field", "part"),
    [
        ({}, {"cell": (5.4, 5.4, 7.6, 90, 90)}, "cell", "5 numbers"),
        ({}, {"cell": (5.4, -5.4, 7.6)}, "cell", "above 0"),
        ({}, {"cell": (5, 5, 5, 120, 120, 170)}, "cell", "no cell"),
        ({"space_groups": (221,)}, {"cell": CELL}, "cell", "A cubic cell"),
        ({"space_groups": (221,)}, {"cell": SIX}, "cell", "the shape of a cubic cell, which Pm-3m (221) needs"),
        ({"space_groups": (62, 194)}, {"cell": SIX}, "cell", "hexagonal"),
        ({"space_groups": ()}, {"cell": CELL}, "cell", "all six"),
        ({}, {"cell": (2, 2, 3)}, "cell", "has 12 Å³, and one formula unit of CaTiO3 takes about 58 Å³"),
        ({}, {"cell": (4, 4, 5)}, "cell", "No set of Wyckoff positions of Pnma (62) fills a cell of 80"),
        ({}, {"cell": (10.8, 7.64, 10.8)}, "cell", "more atoms than the model has seen"),
        ({}, {"cell": CELL, "keep": kept(cell=SIX)}, "cell", "given twice"),
        ({}, {"cell": CELL, "keep": kept(*SITES)}, "keep", "nothing is left to find"),
        ({}, {"keep": kept(*SITES, added=2)}, "keep", "adds no orbits"),
        ({}, {"keep": kept(*SITES[:2])}, "keep", "hold Ca4Ti4, not CaTiO3"),
        ({"space_groups": ()}, {"keep": kept(*SITES)}, "keep", "exactly one space group"),
        ({"space_groups": (61,)}, {"keep": kept(*SITES)}, "keep", "no Wyckoff position"),
        ({}, {"keep": kept(*SITES[:3], ("O", "8d", (0.05, 0.26, 0.0)))}, "keep", "lie on top of each other"),
        ({}, {"template": ["Ca 4c", "Ti 4x"]}, "template", "no Wyckoff position '4x'"),
        ({}, {"template": ["4a", "4a", "8d"]}, "template", "one orbit only"),
        ({}, {"template": ["4c", "8d"]}, "template", "at least 3 orbits"),
        ({}, {"template": ["Ca 8d", "Ti 4a", "O 4c", "O 8d"]}, "template", "cannot be shared out to make CaTiO3"),
        ({}, {"template": ["Na 4c", "4a", "8d"]}, "template", "not among the elements allowed: Na"),
        ({}, {"template": ["4c"], "inequivalent": "Ca:1 Ti:1 O:2"}, "inequivalent", "leave these numbers out"),
        ({}, {"inequivalent": "Ca:1 Ti:1 O:7"}, "inequivalent", "with Ca:1 Ti:1 O:7 inequivalent atoms"),
        ({}, {"inequivalent": "Ca:1 Ti:1"}, "inequivalent", "O stands in the composition"),
        ({}, {"inequivalent": "Ca:1 Ti"}, "inequivalent", "'Ti' is no number"),
        ({}, {"inequivalent": "Ca:1 Ca:2"}, "inequivalent", "twice"),
        ({}, {"inequivalent": "Ca:9 Ti:9 O:9"}, "inequivalent", "at most 20"),
        ({"composition": ""}, {"template": ["Ca 4c", "8d"]}, "composition", "need an exact composition"),
        ({"composition": ""}, {"keep": kept(cell=SIX)}, "composition", "need an exact composition"),
        ({}, {"noise": 2.0}, "noise", "between 0 and 1"),
        ({}, {"noise": 0.0}, "noise", "ancestral sampler alone: choose that sampler, or leave it at 1"),
        ({}, {"sampler": "published", "corrections": 2}, "corrections", "ancestral sampler alone"),
    ],
)
def test_contradictions_are_said_in_one_sentence(changes, options, field, part):
    with pytest.raises(RequestError) as told:
        asked(PNMA.with_(**changes), **options)
    assert told.value.field == field and part in str(told.value) and str(told.value).endswith(".")


def test_the_look_at_a_request_knows_the_model_that_is_asked(adaptive_cell_models):
    """Its volumes and its largest crystals, without loading its network."""
    request = fitted(PNMA.with_(model="tiny-cell", options={"cell": (2, 2, 3)}), FAMILY)
    problem = FAMILY.look(request, lambda: False).problem
    assert problem is not None and problem.field == "cell" and "has 12 Å³" in str(problem)
    assert FAMILY.look(request.with_(model="missing"), lambda: False).problem is None
