import numpy as np
import pytest

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.evaluation.magpie import LABELS, magpie_features, scaled


def composition(**amounts: float) -> np.ndarray:
    row = np.zeros((1, 118))
    for symbol, amount in amounts.items():
        row[0, atomic_number(symbol) - 1] = amount
    return row


def feature(counts: np.ndarray, name: str) -> float:
    return float(magpie_features(counts)[0, LABELS.index(name)])


def test_alumina_by_hand():
    """Al2O3: electronegativities 1.61 and 3.44, atomic numbers 13 and 8."""
    alumina = composition(Al=2, O=3)
    assert feature(alumina, "minimum Number") == 8
    assert feature(alumina, "maximum Number") == 13
    assert feature(alumina, "range Electronegativity") == pytest.approx(3.44 - 1.61)
    assert feature(alumina, "mean Number") == pytest.approx(10.0)
    assert feature(alumina, "avg_dev Number") == pytest.approx(0.4 * 3 + 0.6 * 2)
    assert feature(alumina, "mode Number") == 8


def test_mode_of_equally_common_elements_is_the_smallest_value():
    assert feature(composition(Na=1, Cl=1), "mode Number") == 11
    assert feature(composition(Na=1, Cl=1), "mode Electronegativity") == pytest.approx(0.93)


def test_formula_units_do_not_matter():
    small, large = composition(Sr=1, Ti=1, O=3), composition(Sr=4, Ti=4, O=12)
    np.testing.assert_allclose(magpie_features(small), magpie_features(large))


def test_both_layouts_of_counts():
    counts = composition(Fe=2, O=3)
    np.testing.assert_array_equal(magpie_features(np.pad(counts, ((0, 0), (1, 0)))), magpie_features(counts))


def test_element_has_no_spread():
    features = magpie_features(composition(Cu=4))[0]
    for statistic in ("range", "avg_dev"):
        assert not features[[label.startswith(statistic) for label in LABELS]].any()
    assert features[LABELS.index("mean AtomicWeight")] == pytest.approx(63.546)


def test_unknown_and_empty():
    assert np.isnan(magpie_features(np.zeros((1, 118)))).all()
    helium = magpie_features(composition(He=1))
    unknown = np.isnan(helium[0])
    assert unknown[LABELS.index("mean Electronegativity")] and not unknown[LABELS.index("mean Number")]
    assert not scaled(helium)[0, unknown].any()


def test_published_scaling():
    """An average composition lies at 0 and typical ones within a few standard deviations."""
    rows = [composition(Na=1, Cl=1), composition(Sr=1, Ti=1, O=3), composition(Ni=3, Al=1), composition(Fe=2, O=3)]
    distances = np.linalg.norm(scaled(magpie_features(np.vstack(rows))), axis=1)
    assert (distances > 3).all() and (distances < 25).all()
