"""What SymmCD guarantees for any weights: elements, groups, composition, limits, reproducibility."""

import threading
from dataclasses import fields

import numpy as np
import pytest

from crystal_studio.crystal.asymmetric_unit import expand, n_atoms
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import ChemicalSystem, DesignRequest, PropertyTarget
from crystal_studio.errors import FileError, RequestError
from crystal_studio.generators.checks import has_its_symmetry
from crystal_studio.generators.protocol import Cancelled
from crystal_studio.generators.symmcd import model


def same(a, b) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))


def request(system="Li-Mn-O", mode="subset", options=None, **more) -> DesignRequest:
    asked = DesignRequest(chemical_system=ChemicalSystem.parse(system, mode), **{"count": 40, **more})
    return asked.with_(options={"steps": 5, **(options or {})})


def elements(units) -> list[set[str]]:
    return [{SYMBOLS[z] for z in row if z} for row in units.numbers]


def test_subset_holds_only_allowed_elements(generator):
    found = elements(generator.sample_units(request(), 0))
    assert all(e and e <= {"Li", "Mn", "O"} for e in found)
    assert len({frozenset(e) for e in found}) > 2


def test_exact_holds_all_and_no_other(generator):
    assert all(e == {"Li", "Mn", "O"} for e in elements(generator.sample_units(request(mode="exact"), 0)))


def test_contains_and_excluded(generator):
    system = ChemicalSystem(("O",), "contains", excluded=("F", "Cl"))
    found = elements(generator.sample_units(DesignRequest(chemical_system=system, count=40, options={"steps": 5}), 0))
    assert all("O" in e and not e & {"F", "Cl"} for e in found)


def test_groups_are_those_asked_for(generator):
    units = generator.sample_units(request(space_groups=(227, 166, 230)), 0)
    assert set(units.space_group) <= {227, 166, 230} and len(set(units.space_group)) == 3
    assert (tables().wyckoff_group[units.wyckoff[units.mask]] == np.repeat(units.space_group, units.n_orbits)).all()


def test_draws_of_another_symmetry_are_made_again(generator, monkeypatch):
    """Two orbits of one element on 4a and 4b of Fm-3m make Pm-3m: an untrained network does it often."""
    asked = request("Mn", "exact", space_groups=(225,), options={"max_orbits": 2})
    again = has_its_symmetry(generator.sample_units(asked, 0)).mean()
    monkeypatch.setattr(model, "ROUNDS", 1)
    once = has_its_symmetry(generator.sample_units(asked, 0)).mean()
    assert again > once


def test_known_crystals_are_drawn_again(generator, monkeypatch):
    """As if all that is known were oxides."""
    monkeypatch.setattr(model, "is_known", lambda units: (units.numbers == 8).any(1))
    asked = request("Li-Mn-O-F", count=30, space_groups=(1,), options={"max_orbits": 3})
    free, avoided = (
        sum("O" in e for e in elements(generator.sample_units(asked.with_(options={"known_crystals": k}), 0)))
        for k in ("allowed", "avoided")
    )
    assert avoided < free / 3


def test_without_the_index_of_known_crystals_they_cannot_be_avoided(generator, monkeypatch, tmp_path):
    from crystal_studio.data import reference

    monkeypatch.setattr(reference, "index_path", lambda: tmp_path / "none.npz")
    generator.check(request())
    with pytest.raises(FileError, match=r"missing: reinstall"):
        generator.check(request(options={"known_crystals": "avoided"}))


def test_exact_composition_in_a_group(generator):
    units = generator.sample_units(
        DesignRequest(composition="LiMn2O4", space_groups=(227, 141), count=20, options={"steps": 5}), 0
    )
    assert set(formulas(expand(units))) == {"LiMn2O4"}
    assert set(units.space_group) == {227, 141}


def test_a_tight_composition_never_stops_a_campaign(generator):
    """Three formula units fit only some cells of P4/mmm; drawing again and again must not end in an error."""
    asked = DesignRequest(composition="SrTiO3", space_groups=(221, 123), max_atoms=15, count=60, options={"steps": 2})
    assert set(formulas(expand(generator.sample_units(asked, 0)))) == {"SrTiO3"}


def test_limits_on_orbits_and_atoms(generator):
    assert generator.sample_units(request(options={"max_orbits": 2}), 0).n_orbits.max() <= 2
    for limit in (4, 12):
        units = generator.sample_units(request(max_atoms=limit, seed=limit), 0)
        assert n_atoms(units, primitive=True).max() <= limit
        assert (n_atoms(units) == expand(units).n_atoms).all()


def test_same_seed_same_candidates_other_seed_others(generator):
    first = generator.sample_units(request(seed=3), 0)
    assert same(first, generator.sample_units(request(seed=3), 0))
    assert not same(first, generator.sample_units(request(seed=4), 0))


def test_chunks_do_not_depend_on_each_other(generator):
    asked = request(count=2 * generator.chunk_size + 5, seed=9)
    second = generator.sample_units(asked, 1)
    generator.sample_units(asked, 2)
    assert same(second, generator.sample_units(asked, 1))
    assert len(generator.sample_units(asked, 2)) == 5
    assert not same(second, generator.sample_units(asked, 0))


def test_cancel_stops_at_once(generator):
    stop = threading.Event()
    seen = []

    def progress(done, total):
        seen.append((done, total))
        stop.set()

    with pytest.raises(Cancelled):
        generator.sample_units(request(options={"steps": 50}), 0, stop, progress)
    assert len(seen) == 1


def test_progress_ends_at_its_total(generator):
    seen = []
    generator.sample_units(request(), 0, None, lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)


@pytest.mark.parametrize(
    "asked, field",
    [
        (request("Lr", "exact"), "chemsys"),
        (request("Po-Lr"), "chemsys"),
        (DesignRequest(targets=(PropertyTarget("band_gap", 1, 2),)), "targets"),
        (request(options={"steps": 2000}), "steps"),
        (request("Li-Mn-O", "exact", options={"max_orbits": 2}), "max_orbits"),
        (DesignRequest(composition="LiMn2O4", space_groups=(225,), max_atoms=7), "composition"),
        (DesignRequest(composition="LiMn2O4", max_atoms=5), "max_atoms"),
        (DesignRequest(space_groups=(227, 230), max_atoms=1), "max_atoms"),
    ],
)
def test_what_cannot_be_made_is_said_before_the_run(generator, asked, field):
    with pytest.raises(RequestError) as caught:
        generator.check(asked)
    assert caught.value.field == field
