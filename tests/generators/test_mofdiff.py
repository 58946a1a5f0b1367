"""MOFDiff: blocks are chosen together, requests are kept or refused in one sentence, chunks come twice the same."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from crystal_studio.conformance import families, generators
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.neighbours import minimum_radius_ratios
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.mofdiff import latents
from crystal_studio.generators.mofdiff.balance import balanced, matching
from crystal_studio.generators.mofdiff.family import FAMILY
from crystal_studio.generators.mofdiff.labels import LABELS
from crystal_studio.generators.mofdiff.options import MofDiffOptions
from crystal_studio.generators.requests import fitted
from crystal_studio.mof.block_validity import shipped_sound
from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.contacts import shipped_contacts
from crystal_studio.mof.contents import called, stem_of
from crystal_studio.mof.elements import IS_METAL
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.makeup import block_formula
from crystal_studio.mof.refining import refine
from crystal_studio.mof.whole import whole_atoms
from tests.generators import mofdiff_parts

ZINC = DesignRequest(
    chemical_system=ChemicalSystem(("Zn", "C", "H", "N", "O"), "subset"), options={"steps": 2, "blocks": 6}
)


@pytest.fixture(scope="module")
def generator():
    return mofdiff_parts.untrained()


def name(check):
    return check.__name__


@pytest.mark.parametrize("check", families.CHECKS, ids=name)
def test_the_family_keeps_its_protocol(check):
    check(FAMILY)


@pytest.mark.parametrize("check", generators.CHECKS, ids=name)
def test_an_untrained_mofdiff_keeps_the_protocol(check, generator):
    check(generator, ZINC)


@pytest.mark.parametrize("must", [0, 1, 3])
def test_blocks_are_the_likeliest_that_balance(must):
    rng = np.random.default_rng(must)
    points, holds = np.array([4, 6, 3, -2, -3, -1]), np.array([0, 1, 2, 0, 2, 1])
    for _ in range(20):
        likely = rng.normal(size=(4, 6))
        choices = [
            (sum(likely[i, k] for i, k in enumerate(choice)), choice)
            for choice in itertools.product(range(6), repeat=4)
            if points[list(choice)].sum() == 0 and np.bitwise_or.reduce(holds[list(choice)]) & must == must
        ]
        found = balanced(likely, points, holds, must)
        assert found is not None and tuple(found) == max(choices)[1]


def test_what_cannot_balance_is_said():
    assert balanced(np.zeros((2, 2)), np.array([4, -2]), np.zeros(2, np.int64)) is None
    forbidden = np.array([[0.0, 0.0, -np.inf]] * 3)
    assert balanced(forbidden, np.array([4, -2, -4]), np.zeros(3, np.int64)).tolist() in (
        [0, 1, 1],
        [1, 0, 1],
        [1, 1, 0],
    )
    assert balanced(forbidden[:2], np.array([4, -2, -4]), np.zeros(3, np.int64)) is None


def test_blocks_are_balanced_and_of_what_was_asked_for(generator):
    request = ZINC.with_(
        chemical_system=ChemicalSystem(), options={"metals": "Cu, Zn", "blocks": 5, "steps": 2}, count=3
    )
    made, library = generator.sample_coarse(request, 0), shipped_blocks()
    assert made.n_blocks.tolist() == [5, 5, 5]
    points = np.where(library.kind == 0, 1, -1) * library.n_points
    for i in range(3):
        assert points[made.block[made.blocks(i)]].sum() == 0
    candidates = generator.sample(request, 0)
    found = candidates.structures.numbers
    assert {SYMBOLS[z] for z in found[IS_METAL[found]]} <= {"Cu", "Zn"}
    assert candidates.bonds is not None and candidates.blocks is not None and candidates.blocks.known.all()


def test_only_nodes_and_linkers_that_are_named_are_used(generator):
    asked = {"nodes": "Zn4O, Zn2/8", "linkers": "bdc NDC/4", "steps": 2}
    made = generator.sample_coarse(ZINC.with_(chemical_system=ChemicalSystem(), options=asked, count=3), 0)
    library = shipped_blocks()
    used = np.unique(made.block)
    words = {
        kind: {
            called(stem_of(library.name[row]), block_formula(library.numbers[library.atoms(row)]))
            for row in used[library.kind[used] == kind]
        }
        for kind in (NODE, LINKER)
    }
    assert words[NODE] <= {"Zn4O", "Zn2"} and words[LINKER] <= {"BDC", "NDC"} and all(words.values())


def test_names_come_back_as_they_are_written_always():
    assert MofDiffOptions(linkers="BDC,  BTC BDC").linkers == "BDC BTC"


def test_blocks_are_sound_unless_they_are_named():
    from crystal_studio.generators.mofdiff.wanted import blocks_wanted

    library, sound = shipped_blocks(), shipped_sound()
    allowed = blocks_wanted(ZINC, library).allowed
    assert allowed.any() and not (allowed & ~sound).any()
    faulty = np.flatnonzero((library.kind == LINKER) & ~sound & np.array([str(n)[0] == "C" for n in library.name]))
    named = DesignRequest(options={"linkers": str(library.name[faulty[0]])})
    assert blocks_wanted(named, library).allowed[faulty[0]]


def test_targets_change_what_is_drawn(generator):
    once = dict(ZINC.options) | {"best_of": 1}
    aimed = ZINC.with_(targets=(PropertyTarget("pld", 8.0, 9.0),), count=2, options=once)
    generator.check(aimed)
    plain, guided = (generator.sample(r, 0).structures.lattice for r in (ZINC.with_(count=2), aimed))
    assert not np.allclose(plain, guided)


def test_a_search_reaches_what_the_head_says():
    network = mofdiff_parts.network()
    torch.nn.init.normal_(network.labels_of[-1].weight, std=2.0)
    z = torch.zeros(3, 4)
    labels = torch.full((3, len(LABELS)), torch.nan)
    labels[:, 1] = network.told(torch.tensor([[1.0, -1.0, 0.5, 1.0]])).labels[0, 1].item()
    before = (network.told(z).labels - labels)[:, 1].abs().max()
    after = (network.told(latents.searched(network, z, labels, 200)).labels - labels)[:, 1].abs().max()
    assert after < 0.5 * before
    assert latents.searched(network, z, torch.full_like(labels, torch.nan), 50) is z


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"options": {"metals": "Xx"}}, "metals", "There is no metal 'Xx'"),
        ({"options": {"metals": "Zn C"}}, "metals", "C is no metal"),
        ({"options": {"metals": "Fr"}}, "metals", "No node of the library holds Fr"),
        ({"options": {"blocks": 1}}, "blocks", "at least two building blocks"),
        ({"options": {"metals": "Cu"}}, "metals", "allows none of the metals Cu"),
        ({"options": {"linkers": "BDC BDC-NH3"}}, "linkers", "There is no linker 'BDC-NH3' .* did you mean BDC-NH2"),
        ({"options": {"linkers": "BDC/9"}}, "linkers", "No linker BDC of the library has 9 connection points: ask for"),
        ({"options": {"nodes": "Xx"}}, "nodes", "There is no node 'Xx' in the library: write"),
        ({"options": {"linkers": "mIm"}}, "linkers", "linker mIm holds an element .* allow all of H, C, N, or leave"),
        ({"options": {"metals": "Zn Cu", "nodes": "Cd/6"}}, "nodes", "node Cd/6 holds Cd, and the metals asked for"),
        ({"options": {"nodes": "Zn/4", "linkers": "BTC/6", "blocks": 2}}, "linkers", "No choice of 2 building blocks"),
        ({"chemical_system": ChemicalSystem(("Zn", "Cu"), "subset")}, "chemsys", "No linker of the library"),
        ({"chemical_system": ChemicalSystem(("C", "H", "O"), "exact")}, "chemsys", "No metal node of the library"),
        ({"chemical_system": ChemicalSystem(("Zn", "He"), "contains")}, "chemsys", "holds He: do not require it"),
        ({"composition": "ZnO", "chemical_system": ChemicalSystem()}, "composition", "cannot be asked for"),
        ({"space_groups": (1,)}, "space_groups", "cannot be asked for"),
        ({"targets": (PropertyTarget("band_gap", 1, 2),)}, "targets", "cannot aim at band_gap"),
    ],
)
def test_what_cannot_be_answered_is_told_in_one_sentence(generator, changes, field, words):
    asked = {"chemical_system": ChemicalSystem(("Zn", "C", "H", "O"), "subset"), "options": {}} | changes
    if asked["options"].get("metals") == "Fr":
        asked["chemical_system"] = ChemicalSystem()
    with pytest.raises(RequestError, match=words) as caught:
        generator.check(fitted(DesignRequest(**asked), FAMILY, generator.card))
    assert caught.value.field == field and str(caught.value).count("\n") == 0


def test_it_is_no_default(models):
    assert registry.default() == "tiny"
    assert "mofdiff" in registry.families


def test_frameworks_that_are_off_are_drawn_together():
    """Known frameworks whose cells and places are as far off as sampled ones: blocks meet and leave each other room, in
    nearly the true cell."""
    whole, library = shipped_mofs(), shipped_blocks()
    small = whole.take(np.flatnonzero((whole.n_blocks == 4) & (whole.dimension == 3))[:6])
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(len(small)), small.n_blocks)
    moved = np.einsum("ni,nij->nj", rng.normal(size=(len(owner), 3)) * 0.4, np.linalg.inv(small.lattice)[owner])
    off = replace(small, lattice=small.lattice * 1.1, positions=small.positions + moved)
    refined = refine(off, library)
    assert (refined.widest < 0.5).all()
    volumes = [np.abs(np.linalg.det(m.lattice)) for m in (refined.mofs, small, off)]
    assert (np.abs(volumes[0] / volumes[1] - 1) < np.abs(volumes[2] / volumes[1] - 1)).mean() > 0.8
    assert (minimum_radius_ratios(whole_atoms(refined.mofs, library).structures) > 0.7).all()
    # Points that are joined are where the connections say, whichever cell each block is put into.
    for i in range(len(small)):
        mofs, joined = refined.mofs, refined.mofs.connections(i)
        rows = mofs.offsets[i] + mofs.ends[joined][..., 0]
        local = library.points[library.point_offsets[mofs.block[rows]] + mofs.ends[joined][..., 1]]
        at = np.einsum("ncij,ncj->nci", mofs.rotation[rows], local) + mofs.positions[rows] @ mofs.lattice[i]
        gaps = np.linalg.norm(at[:, 1] + mofs.image[joined] @ mofs.lattice[i] - at[:, 0], axis=1)
        assert gaps.max() == pytest.approx(refined.widest[i], abs=1e-6)


def test_known_frameworks_match_contact_by_contact():
    """What a block usually meets is what it meets in most of the frameworks that it is from."""
    whole, contacts = shipped_mofs(), shipped_contacts()
    left = np.add.reduceat(contacts[whole.block], whole.offsets[:-1], axis=0)
    assert 0.5 < (left == 0).all(1).mean() < 1


@pytest.mark.parametrize("price", [0.0, 2.0])
def test_blocks_are_the_likeliest_few_whose_contacts_match(price):
    """Beside all choices of four blocks out of six."""
    contacts = np.array([[2, 0], [1, 1], [0, 2], [-2, 0], [-1, -1], [0, -2]])
    holds = np.array([0, 0, 1, 0, 0, 0])
    rng = np.random.default_rng(1)
    for must in (0, 1):
        for _ in range(10):
            likely = np.log(rng.dirichlet(np.ones(6), 4))

            def worth(choice, likely=likely):
                return sum(likely[i, k] for i, k in enumerate(choice)) - price * len(set(choice))

            choices = [
                choice
                for choice in itertools.product(range(6), repeat=4)
                if not contacts[list(choice)].sum(0).any() and np.bitwise_or.reduce(holds[list(choice)]) & must == must
            ]
            found = matching(likely, contacts, holds, must, price)
            assert found is not None and worth(found) == pytest.approx(max(map(worth, choices)))


def test_blocks_whose_contacts_cannot_match_are_not_chosen():
    contacts = np.array([[2, 0], [0, -2]])
    assert matching(np.zeros((2, 2)), contacts, np.zeros(2, np.int64)) is None
    forbidden = np.array([[0.0, -np.inf, 0.0]] * 2)
    assert matching(forbidden, np.array([[1], [-1], [-2]]), np.zeros(3, np.int64)) is None
