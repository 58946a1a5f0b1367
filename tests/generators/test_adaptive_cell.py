"""The adaptive-cell score model obeys symmetry whatever its weights are; its processes are what they claim to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from prototypes import one_of_each
from torch import Tensor

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import cell_parameters, constrain, family_rows, free_components, to_k
from crystal_studio.crystal.multigraph import nearest
from crystal_studio.crystal.projection import nearest_on
from crystal_studio.crystal.space_groups import tables
from crystal_studio.generators.adaptive_cell.ancestral import AncestralConfig
from crystal_studio.generators.adaptive_cell.cells import estimate
from crystal_studio.generators.adaptive_cell.dimenet import DimeNetConfig
from crystal_studio.generators.adaptive_cell.langevin import LangevinConfig
from crystal_studio.generators.adaptive_cell.light import LightConfig, descriptors, periodic_table
from crystal_studio.generators.adaptive_cell.network import NETWORKS, build
from crystal_studio.generators.adaptive_cell.process import STEPS, Clean, Crystals, corrupt, loss, towards
from crystal_studio.generators.adaptive_cell.sampler import sample
from crystal_studio.generators.adaptive_cell.score import Score, ScoreNetwork
from crystal_studio.generators.adaptive_cell.surprise import DRAWS, TIMES, surprise

K = 24


@pytest.fixture(scope="module")
def units() -> AsymmetricUnits:
    found = one_of_each()
    assert set(family_rows(found.space_group)) == set(range(6))
    return found


@pytest.fixture(scope="module")
def clean(units) -> Clean:
    crystals = Crystals.of(units, estimate(units))
    k = torch.as_tensor(constrain(to_k(units.lattice), units.space_group)).float()
    return Clean(crystals, torch.as_tensor(units.positions[units.mask]).float(), crystals.frame.inside(k))


SMALL = {
    "light": LightConfig(hidden=16, edge=16, layers=2, angle=3, descriptors=True),
    "dimenet": DimeNetConfig(neighbours=40, hidden=16, out=16, inner=8, layers=2),
}


@pytest.fixture(scope="module", params=list(NETWORKS))
def network(request) -> ScoreNetwork:
    """Every network has to obey symmetry."""
    torch.manual_seed(0)
    made = build(SMALL[request.param]).eval()
    for name, weight in made.named_parameters():
        if not weight.any() and weight.dim() == 2:
            torch.nn.init.normal_(weight)  # an untrained one says nothing
            assert name.startswith("out")
    return made


@torch.no_grad()
def score(network: ScoreNetwork, crystals: Crystals, x: Tensor, c: Tensor, t: int = 400) -> Score:
    at = torch.full((len(c),), t)
    return network(crystals.shown(x, c, at, at))


def noisy(clean: Clean, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Coordinates and cells that are not those of a real crystal."""
    generator = torch.Generator().manual_seed(seed)
    c = clean.c + 0.3 * torch.randn(clean.c.shape, generator=generator) * clean.crystals.frame.free
    lattice, _, _ = clean.crystals.frame.cells(c)
    return clean.x + clean.crystals.free(0.2 * torch.randn(clean.x.shape, generator=generator), lattice), c


def turned(clean: Clean, x: Tensor, c: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Another image of each representative on the subspace of its position, and the Cartesian turns (n, 3, 3)."""
    table, crystals = tables(), clean.crystals
    lattice = crystals.frame.cells(c)[0].numpy()[crystals.orbits.crystal]
    found, rotation = x.numpy().copy(), np.tile(np.eye(3), (len(x), 1, 1))
    for i, (row, group) in enumerate(
        zip(crystals.orbits.row.numpy(), crystals.space_group[crystals.orbits.crystal].numpy(), strict=True)
    ):
        rotations, translations = table.operations(int(group))
        image = rotations @ x[i].numpy() + translations
        away, _ = nearest_on(np.full(len(image), row), image % 1.0, np.repeat(lattice[i : i + 1], len(image), 0))
        # The operation has to carry the whole subspace into itself, not this point alone.
        stays = np.abs(table.projector[row] @ rotations - rotations @ table.projector[row]).max((1, 2)) < 1e-6
        pick = rng.choice(np.flatnonzero((away < 1e-4) & stays))
        found[i] = image[pick]
        rotation[i] = lattice[i].T @ rotations[pick] @ np.linalg.inv(lattice[i].T)
    return torch.as_tensor(found).float(), torch.as_tensor(rotation).float()


def test_equivariant_under_every_operation_and_free_in_the_choice_of_representatives(clean, network):
    """Each representative is replaced by an image of it, under an operation of its own: the position's score turns
    with it, everything else stays."""
    x, c = noisy(clean)
    before = score(network, clean.crystals, x, c)
    assert before.sites.abs().max() > 0.1 and before.cell.abs().max() > 0.01
    moved = 0
    for seed in range(6):
        other, rotation = turned(clean, x, c, np.random.default_rng(seed))
        after = score(network, clean.crystals, other, c)
        assert torch.allclose(after.sites, (rotation @ before.sites.unsqueeze(2)).squeeze(2), atol=2e-3)
        assert torch.allclose(after.cell, before.cell, atol=1e-3)
        moved += int(((other - x).abs().max(1).values > 1e-3).sum())
    assert moved > 20


def test_whole_translations_change_nothing(clean, network):
    x, c = noisy(clean)
    before = score(network, clean.crystals, x, c)
    after = score(network, clean.crystals, x + torch.tensor([1.0, -2.0, 1.0]), c)
    assert torch.allclose(before.sites, after.sites, atol=2e-3) and torch.allclose(before.cell, after.cell, atol=1e-3)


def test_centring_vectors_change_nothing(clean, network):
    x, c = noisy(clean)
    orbits = clean.crystals.orbits
    before = score(network, clean.crystals, x, c)
    after = score(network, clean.crystals, x + orbits.basis[orbits.crystal][:, 0], c)
    assert torch.allclose(before.sites, after.sites, atol=2e-3) and torch.allclose(before.cell, after.cell, atol=1e-3)


@pytest.mark.parametrize(
    ("group", "letters", "other", "shift"),
    [
        (221, "ab", "ba", (0.5, 0.5, 0.5)),
        (225, "ab", "ba", (0.5, 0.5, 0.5)),
        (2, "ai", "hi", (0.5, 0.5, 0.5)),
        (62, "ac", "bc", (0.0, 0.0, 0.5)),
        (139, "abe", "bae", (0.0, 0.0, 0.5)),
    ],
)
def test_another_origin_of_the_group_is_the_same_crystal(network, group, letters, other, shift):
    """The normaliser carries the orbits onto other Wyckoff positions; scores stay."""
    found = []
    for named, moved in ((letters, 0.0), (other, 1.0)):
        rows = np.array([tables().wyckoff_row(group, letter) for letter in named])
        first = np.array([tables().wyckoff_row(group, letter) for letter in letters])
        points = tables().linear[first] @ np.array([0.13, 0.22, 0.31]) + tables().origin[first]
        points = points + moved * np.array(shift)
        lattice = np.diag([5.1, 5.1, 5.1 if group > 194 else 6.3])
        if group < 75:
            lattice = np.diag([5.1, 5.6, 6.3])
        unit = AsymmetricUnits(
            np.array([group]), lattice[None], np.array([[22, 8, 38][: len(rows)]]), rows[None], points[None]
        )
        crystals = Crystals.of(unit, estimate(unit))
        k = torch.as_tensor(constrain(to_k(unit.lattice), unit.space_group)).float()
        settled = nearest_on(rows, points, np.repeat(unit.lattice, len(rows), 0))
        assert settled[0].max() < 1e-6, "the shift carries the positions named first onto those named second"
        found.append(score(network, crystals, torch.as_tensor(points).float(), crystals.frame.inside(k)))
    assert torch.allclose(found[0].sites, found[1].sites, atol=2e-3)
    assert torch.allclose(found[0].cell, found[1].cell, atol=1e-3) and found[0].cell.abs().max() > 1e-3


def test_no_score_where_symmetry_leaves_no_freedom(clean, network):
    """And before the projection there is none either: edges that the site symmetry relates weigh the same."""
    x, c = noisy(clean)
    given = score(network, clean.crystals, x, c)
    fixed = clean.crystals.freedom == 0
    assert fixed.any() and (given.sites[fixed].abs() < 1e-6).all()
    assert (given.cell[~clean.crystals.frame.free] == 0).all()
    kept, network.projector = network.projector, torch.eye(3).expand_as(network.projector)
    try:
        free = score(network, clean.crystals, x, c)
    finally:
        network.projector = kept
    assert torch.allclose(free.sites, given.sites, atol=2e-3)


def test_no_crystal_changes_the_score_of_another(clean, network, units):
    x, c = noisy(clean)
    together = score(network, clean.crystals, x, c)
    i = len(units) - 2
    mine = clean.crystals.orbits.crystal == i
    alone = score(network, Crystals.of(units.take(np.array([i])), estimate(units)), x[mine], c[i : i + 1])
    assert torch.allclose(together.sites[mine], alone.sites, atol=1e-3)
    assert torch.allclose(together.cell[i], alone.cell[0], atol=1e-3)


def test_cells_of_all_families_and_back(clean, units):
    lattice, _, _ = clean.crystals.frame.cells(clean.c)
    assert np.allclose(cell_parameters(lattice.double().numpy()), cell_parameters(units.lattice), atol=2e-3)
    assert (clean.crystals.frame.free.numpy() == free_components(units.space_group)).all()


def test_change_of_edges_with_the_cell_is_the_derivative(clean):
    """Against a central difference, for every free component of every family."""
    frame, orbits = clean.crystals.frame, clean.crystals.orbits
    double = replace_dtype(frame)
    c = clean.c.double()
    lattice, _, change = double.cells(c)
    near = nearest(orbits, clean.x, lattice.float(), K)
    unit = near.vector.double() / near.length.double().unsqueeze(-1)
    fractional = torch.linalg.solve(lattice[orbits.crystal], near.vector.double(), left=False)
    told = torch.einsum("nki,nmij,nkj->nkm", unit, change[orbits.crystal], unit)
    for m in range(6):
        step = torch.zeros_like(c)
        step[:, m] = 1e-5 * frame.free[:, m]
        ends = [(fractional @ double.cells(c + s)[0][orbits.crystal]).norm(dim=-1).log() for s in (step, -step)]
        assert torch.allclose((ends[0] - ends[1]) / 2e-5, told[..., m], atol=1e-5)
        assert told[..., m].abs().max() > 0.01


def replace_dtype(frame):
    made = object.__new__(type(frame))
    made.expected, made.spread, made.basis = frame.expected.double(), frame.spread.double(), frame.basis.double()
    made.free = frame.free
    return made


def test_sites_are_told_the_way_back(clean):
    """With little noise that is the noise itself, with other representatives the same, with much noise less of it."""
    crystals, generator = clean.crystals, torch.Generator().manual_seed(2)
    lattice, _, _ = crystals.frame.cells(clean.c)
    noise = crystals.free(torch.randn(clean.x.shape, generator=generator), lattice)
    back = -(noise.unsqueeze(1) @ lattice[crystals.orbits.crystal]).squeeze(1)
    none = torch.full_like(back, torch.nan)
    free = crystals.freedom > 0

    def told(t: int, of: Tensor) -> Tensor:
        sigma = crystals.sigma(torch.full((len(lattice),), t))
        x = clean.x + sigma[crystals.orbits.crystal].unsqueeze(1) * noise
        return towards(crystals, x, of, none, lattice, sigma)

    little = told(1, clean.x)
    assert torch.allclose(little[free], back[free], atol=1e-2)
    other, _ = turned(clean, clean.x, clean.c, np.random.default_rng(3))
    middle = told(700, clean.x)
    assert torch.isfinite(middle).all() and torch.allclose(middle, told(700, other), atol=2e-2)
    assert told(STEPS, clean.x)[free].norm() < 0.8 * back[free].norm()
    assert (middle[~free].abs() < 1e-3).all()


def test_what_is_known_is_not_noised(clean):
    size = len(clean.c)
    generator = torch.Generator().manual_seed(0)
    none, late = torch.zeros(size, dtype=torch.int64), torch.full((size,), 900)
    cell_known = corrupt(clean, late, none, generator).shown
    sites_known = corrupt(clean, none, late, generator).shown
    lattice, _, _ = clean.crystals.frame.cells(clean.c)
    assert torch.equal(cell_known.lattice, lattice)
    assert not torch.allclose(sites_known.lattice, lattice, atol=0.1)
    assert torch.equal(sites_known.x, clean.x) and not torch.allclose(cell_known.x, clean.x, atol=0.02)


@pytest.mark.parametrize("config", [AncestralConfig(steps=3, corrections=1), LangevinConfig(steps=7, levels=3)])
def test_samples_obey_what_they_are_told(units, network, config):
    """Any network's do: group, elements, Wyckoff positions, the family's cell; the known part stays as it is."""
    prior = estimate(units)
    wrong = replace(units, lattice=units.lattice * 1.3, positions=(units.positions + 0.1) % 1.0)
    first, again = (sample(network, prior, wrong, config, torch.Generator().manual_seed(5)) for _ in range(2))
    assert (first.positions == again.positions).all() and (first.lattice == again.lattice).all()
    assert (first.numbers == units.numbers).all() and (first.wyckoff == units.wyckoff).all()
    k = to_k(first.lattice)
    assert np.allclose(k, constrain(k, first.space_group), atol=1e-6)
    cell = sample(network, prior, units, config, torch.Generator().manual_seed(5), know_cell=True)
    assert np.allclose(cell_parameters(cell.lattice), cell_parameters(units.lattice), atol=1e-2)
    sites = sample(network, prior, units, config, torch.Generator().manual_seed(5), know_sites=True)
    apart = sites.positions - units.positions
    assert np.abs(apart - np.rint(apart)).max() < 1e-4
    assert not np.allclose(sites.lattice, units.lattice, atol=0.1)


@pytest.mark.parametrize(("known", "part"), [("nothing", "cell"), ("sites", "cell"), ("cell", "sites")])
def test_surprise_is_the_training_loss_of_each_crystal(units, network, known, part):
    prior, one = estimate(units), units.take(slice(3, 4))
    know = known == "cell", known == "sites"
    found = surprise(network, prior, one, torch.Generator().manual_seed(5), *know)
    generator, losses = torch.Generator().manual_seed(5), []
    crystals = Crystals.of(one, prior)
    k = torch.as_tensor(constrain(to_k(one.lattice), one.space_group)).float()
    alone = Clean(crystals, torch.as_tensor(one.positions[one.mask]).float(), crystals.frame.inside(k))
    for t in TIMES * DRAWS:
        at, none = torch.tensor([t]), torch.tensor([0])
        noised = corrupt(alone, none if know[1] else at, none if know[0] else at, generator)
        losses.append(float(loss(network, crystals, noised)[1][part]))
    assert found.shape == (1,) and found[0] == pytest.approx(np.mean(losses), rel=1e-4) and found[0] > 0
    together = surprise(network, prior, units, torch.Generator().manual_seed(5), *know)
    assert together.shape == (len(units),) and np.isfinite(together).all()


def test_periodic_table():
    period, column = periodic_table()
    at = {z: (int(period[z - 1]), int(column[z - 1])) for z in (1, 2, 3, 9, 10, 17, 26, 44, 57, 71, 72, 76, 85, 89)}
    assert at[3][1] == at[1][1] == 0 and at[2][1] == at[10][1] == 31
    assert at[9][1] == at[17][1] == at[85][1] == 30
    assert at[26][1] == at[44][1] == at[76][1] and at[57][1] == at[89][1] == 2 and at[71][1] + 1 == at[72][1]
    assert [at[z][0] for z in (1, 3, 17, 26, 44, 57, 89)] == [0, 1, 2, 3, 4, 5, 6]


def test_descriptors_tell_elements_of_a_column_apart_and_are_known_for_all():
    told = descriptors()
    assert (
        told.shape == (94, 10)
        and torch.isfinite(told).all()
        and torch.allclose(told.mean(0), torch.zeros(10), atol=0.2)
    )
    apart = torch.cdist(told, told) + 99 * torch.eye(94)
    assert apart.min() > 0.05
    fluorine, chlorine, sodium = told[8], told[16], told[10]
    assert (fluorine - chlorine).norm() < (chlorine - sodium).norm()
