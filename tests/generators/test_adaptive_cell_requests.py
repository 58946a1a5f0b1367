"""The adaptive-cell family: what is asked for is what is made, and what cannot be made is said in one sentence."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from crystal_studio.crystal.asymmetric_unit import expand, n_atoms
from crystal_studio.crystal.composition import reduced_counts
from crystal_studio.crystal.lattice import constrain, to_k
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.adaptive_cell import model
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions
from crystal_studio.generators.adaptive_cell.plan import Limits, Plan
from crystal_studio.generators.adaptive_cell.sampler import configured
from crystal_studio.generators.adaptive_cell.surprise import surprise
from crystal_studio.generators.requests import fitted

FAMILY = registry.families.get("adaptive-cell")
PEROVSKITE = DesignRequest(composition="CaTiO3", count=12, options={"steps": 2})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"composition": "CaXxO3", "chemical_system": ChemicalSystem()}, "chemsys"),
        ({"composition": "CaPoO3", "chemical_system": ChemicalSystem()}, "chemsys"),
        ({"space_groups": (227,), "max_atoms": 10}, "composition"),
        ({"max_atoms": 4}, "max_atoms"),
        ({"space_groups": (230,), "max_atoms": 20}, "composition"),
        ({"space_groups": (230,)}, "composition"),
        ({"composition": "Ca7Ti8O12", "chemical_system": ChemicalSystem()}, "composition"),
        ({"options": {"max_orbits": 2}}, "composition"),
        ({"options": {"steps": -1}}, "steps"),
        ({"space_groups": (231,)}, "space_groups"),
    ],
)
def test_bad_requests_are_answered_in_a_sentence(adaptive_cell_generator, changes, field):
    generator = adaptive_cell_generator
    generator.limits = replace(generator.limits, elements=frozenset((8, 20, 22)), atoms=20)
    with pytest.raises(RequestError) as told:
        request = PEROVSKITE.with_(**changes)
        generator.check(fitted(request, FAMILY, generator.card))
    assert told.value.field == field
    assert str(told.value).endswith(".")


def test_a_composition_has_to_be_given():
    with pytest.raises(RequestError, match="composition"):
        fitted(DesignRequest(chemical_system=ChemicalSystem(("Ca", "O"), "exact")), FAMILY)


def test_said_while_the_request_is_written():
    assert FAMILY.look(PEROVSKITE, lambda: False).problem is None
    problem = FAMILY.look(PEROVSKITE.with_(space_groups=(230,), max_atoms=20), lambda: False).problem
    assert problem is not None and "Ia-3d (230)" in str(problem)


def test_every_candidate_has_composition_group_and_size(adaptive_cell_generator):
    request = PEROVSKITE.with_(space_groups=(62, 148, 221), max_atoms=20)
    units = adaptive_cell_generator.sample_units(request, 0)
    assert set(units.space_group) <= {62, 148, 221} and len(set(units.space_group)) > 1
    assert (n_atoms(units, primitive=True) <= 20).all()
    assert all(sorted(pairs) == [(8, 3), (20, 1), (22, 1)] for pairs in reduced_counts(expand(units)))
    assert np.allclose(to_k(units.lattice), constrain(to_k(units.lattice), units.space_group), atol=1e-6)


def test_every_sampler_answers_and_tells_of_its_steps(adaptive_cell_generator):
    """So many network calls as steps are asked for, whatever levels they are shared out among."""
    made = {}
    for sampler in ("langevin", "published", "ancestral"):
        request = PEROVSKITE.with_(space_groups=(62,), count=4).with_options(sampler=sampler, steps=13, best_of=1)
        told: list[tuple[int, int]] = []
        made[sampler] = adaptive_cell_generator.sample_units(
            request, 0, progress=lambda *at, told=told: told.append(at)
        )
        done, totals = zip(*told, strict=True)
        assert list(done) == list(range(1, len(done) + 1)) and done[-1] == totals[-1] and not done[-1] % 13
    assert not np.allclose(made["langevin"].lattice, made["published"].lattice)
    assert not np.allclose(made["langevin"].lattice, made["ancestral"].lattice)


def test_the_langevin_processes_are_what_is_meant_without_a_sampler(adaptive_cell_generator):
    request = PEROVSKITE.with_(space_groups=(62,), count=4)
    named = adaptive_cell_generator.sample_units(request.with_options(sampler="langevin"), 0)
    assert (adaptive_cell_generator.sample_units(request, 0).positions == named.positions).all()
    own = [configured(AdaptiveCellOptions(sampler=s)).steps for s in ("langevin", "published", "ancestral")]
    assert own == [50, 700, 50]


def test_of_several_crystals_the_least_surprising_becomes_the_candidate(adaptive_cell_generator, monkeypatch):
    told: list[tuple[bytes, float]] = []

    def heard(network, prior, units, *rest):
        found = surprise(network, prior, units, *rest)
        told.extend(zip(map(_key, units.lattice, units.wyckoff), found.tolist(), strict=True))
        return found

    monkeypatch.setattr(model, "surprise", heard)
    # An untrained network makes overlaps: here they are as good as other crystals.
    monkeypatch.setattr(model, "opened", lambda units, *held: (units, np.ones(len(units), bool)))
    monkeypatch.setattr(model, "has_its_symmetry", lambda units: np.ones(len(units), bool))
    request = PEROVSKITE.with_(space_groups=(62, 221), max_atoms=20, count=2).with_options(best_of=20)
    steps: list[tuple[int, int]] = []
    chosen = adaptive_cell_generator.sample_units(request, 0, progress=lambda *at: steps.append(at))
    kept = set(map(_key, chosen.lattice, chosen.wyckoff))
    order = [key for key, _ in sorted(told, key=lambda one: one[1])]
    assert len(told) == 40 and len(kept) == 2
    assert order[0] in kept and not kept & set(order[21:])
    assert steps[-1] == (len(steps), len(steps))


def test_groups_that_are_named_keep_their_shares_whichever_the_network_is_surest_of(adaptive_cell_generator):
    request = PEROVSKITE.with_(space_groups=(62, 140, 221), max_atoms=20, count=6)
    drawn = [adaptive_cell_generator.sample_units(request.with_options(best_of=n, steps=4), 0) for n in (1, 3)]
    assert (drawn[0].space_group == drawn[1].space_group).all() and len(set(drawn[0].space_group)) > 1


def _key(lattice: np.ndarray, wyckoff: np.ndarray) -> bytes:
    return lattice.round(6).tobytes() + wyckoff[wyckoff >= 0].tobytes()


def test_requests_of_before_there_was_a_choice_of_samplers_are_read():
    """Completed ones, with every option that there was."""
    options = {
        "cell": [],
        "inequivalent": "",
        "template": [],
        "max_orbits": 0,
        "steps": 9,
        "noise": 1.0,
        "corrections": 0,
    }
    request = DesignRequest.from_dict({"composition": "CaTiO3", "version": 2, "options": options})
    assert AdaptiveCellOptions.of(fitted(request, FAMILY)).sampler == "langevin"
    cold = DesignRequest.from_dict({"composition": "CaTiO3", "version": 2, "options": options | {"noise": 0.3}})
    assert AdaptiveCellOptions.of(cold).noise == 0.3


def test_plans_follow_known_crystals():
    """Perovskites of the training set outnumber whatever else five atoms a formula unit allow."""
    units = Plan(PEROVSKITE, Limits()).draw(200, np.random.default_rng(0))
    assert np.isin(units.space_group, (62, 221)).mean() > 0.1 and len(set(units.space_group)) > 5
    few = Plan(PEROVSKITE.with_options(max_orbits=3), Limits()).draw(20, np.random.default_rng(0))
    assert (few.n_orbits <= 3).all()


def test_damaged_weights_are_refused(adaptive_cell_models, tmp_path, monkeypatch):
    folder = tmp_path / "tiny-cell"
    folder.mkdir()
    for name in ("card.json", "model.safetensors"):
        (folder / name).write_bytes((adaptive_cell_models / "tiny-cell" / name).read_bytes())
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path))
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    with pytest.raises(ModelError, match="damaged"):
        registry.load("tiny-cell")
    (folder / "model.safetensors").write_bytes(weights)
    card = json.loads((folder / "card.json").read_text())
    card["network"]["hidden"] = 20
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="do not fit"):
        registry.load("tiny-cell")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="missing"):
        registry.load("tiny-cell")


def test_a_model_that_needs_a_composition_is_no_default(adaptive_cell_models, model_folder, tmp_path, monkeypatch):
    """Though its name comes first: a request that names no model need not give a composition."""
    for source, name in ((adaptive_cell_models / "tiny-cell", "a-cell"), (model_folder / "tiny", "tiny")):
        shutil.copytree(source, tmp_path / name)
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path))
    assert list(registry.installed()) == ["tiny", "a-cell"] and registry.default() == "tiny"
    shutil.rmtree(tmp_path / "tiny")
    assert registry.default() == "a-cell"
