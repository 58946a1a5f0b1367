"""The reverse process: padding changes nothing, what is kept stays, guidance acts."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from crystal_studio.crystal.space_groups import tables
from crystal_studio.generators.symmcd.labels import LABELS, WIDTH, distinct_elements, embed
from crystal_studio.generators.symmcd.network import Denoiser, NetworkConfig, Prediction
from crystal_studio.generators.symmcd.priors import estimate
from crystal_studio.generators.symmcd.representation import encode
from crystal_studio.generators.symmcd.sampler import Conditions, Scheme, sample, times
from tests.generators.conftest import crystals


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    config = NetworkConfig(hidden=32, layers=2, frequencies=4, node_frequencies=4, labels=WIDTH)
    made = Denoiser(config, torch.as_tensor(tables().encoding))
    torch.nn.init.normal_(made.labels.weight, std=0.5)
    return made.eval()


@pytest.fixture(scope="module")
def priors():
    return estimate(encode(crystals()))


def conditions(batch=6, orbits=4):
    return Conditions(
        torch.tensor([1, 14, 62, 166, 194, 225])[:batch],
        torch.ones(94, dtype=torch.bool),
        torch.ones(batch, orbits, dtype=torch.bool),
        torch.full((batch, orbits), -1),
        torch.full((batch, orbits, 15), -1),
        torch.full((batch, orbits, 3), torch.nan),
        torch.full((batch, 6), torch.nan),
        torch.zeros(batch, dtype=torch.int64),
    )


def inputs(batch, orbits, seed=0):
    g = torch.Generator().manual_seed(seed)
    return (
        torch.randint(1, 231, (batch,), generator=g),
        torch.rand(batch, generator=g),
        torch.randn(batch, 6, generator=g),
        torch.randint(0, 94, (batch, orbits), generator=g),
        torch.randint(0, 13, (batch, orbits, 15), generator=g),
        torch.rand(batch, orbits, 3, generator=g),
    )


def test_padding_does_not_change_a_prediction(network):
    group, t, k, elements, classes, x = inputs(3, 7)
    mask = torch.zeros(3, 7, dtype=torch.bool)
    mask[:, :4] = True
    padded = network(group, t, k, elements, classes, x, None, mask)
    alone = network(group, t, k, elements[:, :4], classes[:, :4], x[:, :4])
    for name, whole, part in zip(Prediction._fields, padded, alone, strict=True):
        cut = whole if name == "k" else whole[:, :4]
        assert torch.allclose(cut, part, atol=1e-5), name


def test_predictions_follow_a_permutation_of_the_orbits(network):
    group, t, k, elements, classes, x = inputs(2, 5)
    order = torch.tensor([3, 0, 4, 1, 2])
    plain = network(group, t, k, elements, classes, x)
    moved = network(group, t, k, elements[:, order], classes[:, order], x[:, order])
    assert torch.allclose(moved.k, plain.k, atol=1e-5)
    assert torch.allclose(moved.x, plain.x[:, order], atol=1e-5)
    assert torch.allclose(moved.elements, plain.elements[:, order], atol=1e-5)


@pytest.mark.parametrize(
    "scheme",
    [
        Scheme(steps=6),
        Scheme(steps=6, noise=0.0),
        Scheme(steps=6, noise=0.0, second_order=True),
        Scheme(steps=6, corrector=True, spacing=1.5, temperature=0.8),
        Scheme(steps=6, fresh=0.5, settle=0.5),
    ],
)
def test_what_is_kept_comes_out_exactly(network, priors, scheme):
    asked = conditions()
    positions, elements = asked.positions.clone(), asked.elements.clone()
    positions[:, 1] = torch.tensor([0.0, 0.25, 0.5])
    elements[:, 1] = 7
    k = asked.k.clone()
    k[3] = torch.tensor([-0.27465307, 0.0, 0.0, 0.0, 0.1, 1.6])
    asked = replace(asked, positions=positions, elements=elements, k=k)
    drawn = sample(network, priors, asked, torch.Generator().manual_seed(0), scheme)
    assert torch.equal(drawn.x[:, 1], positions[:, 1])
    assert (drawn.elements[:, 1] == 7).all()
    assert torch.allclose(drawn.k[3], k[3])
    assert all(torch.isfinite(part).all() for part in (drawn.k, drawn.x))


def test_elements_settle_on_the_number_asked_for(network, priors):
    """A network that believes what it sees keeps many elements; settled crystals hold no more than asked."""

    def believing(*inputs):
        seen = torch.nn.functional.one_hot(inputs[3], 94).float()
        return network(*inputs)._replace(elements=8 * seen)

    numbers = [1, 2, 3, 2, 0, 1]
    elements = conditions(6, 8).elements
    elements[3, 0] = 25
    asked = replace(conditions(6, 8), distinct=torch.tensor(numbers), elements=elements)

    def kinds(settle):
        drawn = sample(believing, priors, asked, torch.Generator().manual_seed(0), Scheme(steps=12, settle=settle))
        assert drawn.elements[3, 0] == 25
        return [len(set(row.tolist())) for row in drawn.elements]

    settled = kinds(0.6)
    assert all(k <= n for k, n in zip(settled, numbers, strict=True) if n) and settled[4] > 3
    assert max(kinds(0.0)[:3]) > 3


def test_guidance_interpolates_and_one_is_conditional(network, priors):
    """w = 0 ignores the labels, w = 1 is the conditional network."""
    from crystal_studio.generators.symmcd.sampler import _guided

    group, t, k, elements, classes, x = inputs(6, 4)
    values = np.full((6, len(LABELS)), np.nan)
    values[:, 0] = -2.0
    asked = replace(
        conditions(), space_group=group, labels=torch.as_tensor(embed(values)), without=torch.zeros(6, WIDTH)
    )
    free = network(group, t, k, elements, classes, x)
    bound = network(group, t, k, elements, classes, x, asked.labels)
    none = _guided(network, replace(asked, guidance=0.0), t, k, elements, classes, x)
    one = _guided(network, replace(asked, guidance=1.0), t, k, elements, classes, x)
    three = _guided(network, replace(asked, guidance=3.0), t, k, elements, classes, x)
    assert torch.allclose(none.x, free.x, atol=1e-5) and torch.allclose(one.x, bound.x, atol=1e-5)
    assert torch.allclose(three.x, free.x + 3 * (bound.x - free.x), atol=1e-4)
    assert not torch.allclose(bound.x, free.x, atol=1e-3)


def test_guidance_leads_the_lattices_that_it_is_to_lead(network, priors):
    from crystal_studio.generators.symmcd.sampler import _guided

    group, t, k, elements, classes, x = inputs(6, 4)
    values = np.full((6, len(LABELS)), np.nan)
    values[:, 0] = -2.0
    asked = replace(
        conditions(), space_group=group, labels=torch.as_tensor(embed(values)), without=torch.zeros(6, WIDTH)
    )
    led = torch.arange(6) < 2
    some = replace(asked, of_cell=led)
    for w in (0.5, 3.0):
        all_led = _guided(network, replace(asked, guidance=w), t, k, elements, classes, x)
        found = _guided(network, replace(some, guidance=w), t, k, elements, classes, x)
        bound = _guided(network, replace(asked, guidance=min(w, 1.0)), t, k, elements, classes, x)
        assert torch.allclose(found.k[led], all_led.k[led]) and torch.allclose(found.k[~led], bound.k[~led], atol=1e-5)
        assert torch.equal(found.x, all_led.x) and torch.equal(found.elements, all_led.elements)


def test_absent_labels_are_zeros_and_values_count():
    values = np.array([[np.nan] * 4, [-1.0, np.nan, np.nan, 5.0]])
    features = embed(values)[:, :40].reshape(2, 4, -1)
    assert not features[0].any() and not features[1, 1:3].any()
    assert features[1, 0, 0] == features[1, 3, 0] == 1
    other = embed(np.array([[-2.0, np.nan, np.nan, 5.0]]))[0, :40].reshape(4, -1)
    assert not np.allclose(other[0], features[1, 0]) and np.allclose(other[3], features[1, 3])


def test_traits_are_told_apart():
    values = np.full((4, 4), np.nan)
    features = embed(values, np.array([0, 1, 3, 12]), np.array([-1, 0, 1, 1]))[:, 40:]
    assert not features[0].any()
    assert features[1].nonzero()[0].tolist() == [0, 9] and features[2].nonzero()[0].tolist() == [2, 10]
    assert features[3].nonzero()[0].tolist() == [8, 10]


def test_distinct_elements_ignore_padding():
    elements = np.array([[3, 3, 7, 0], [5, 1, 1, 1], [0, 0, 0, 0]])
    assert distinct_elements(elements, np.array([3, 2, 4])).tolist() == [2, 2, 1]


@pytest.mark.parametrize("spacing", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("steps", [1, 7, 100, 1000])
def test_times_fall_from_the_first_to_zero(steps, spacing):
    found = times(steps, spacing)
    assert found[0] == 1000 and found[-1] == 0 and len(found) <= steps + 1
    assert all(a > b for a, b in itertools.pairwise(found))
