"""Whole evaluations with known answers: a set against itself, against disguised copies, with duplicates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from salts import GROUPS, SALTS, disguised, salt, salts, write_parquet

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError, RequestError
from crystal_studio.evaluation import predicted
from crystal_studio.evaluation.plan import EvaluationPlan
from crystal_studio.evaluation.report import evaluate


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parquet(tmp_path_factory.mktemp("known") / "known.parquet", salts())


def judged(generated: Path, **options) -> dict:
    document = evaluate(EvaluationPlan(generated, workers=1, **options))
    json.dumps(document)
    return document


def values(document: dict) -> dict:
    return {name: entry["value"] for name, entry in document["metrics"].items()}


def test_a_set_against_itself(known: Path) -> None:
    found = values(judged(known, reference=known, train=known))
    for name in ("structural_validity", "physical_validity", "compositional_validity", "cov_recall", "cov_precision"):
        assert found[name] == 1, name
    for name in ("density_distance", "element_count_distance", "space_group_distance", "frechet_crystalnn"):
        assert found[name] == pytest.approx(0, abs=1e-6), name
    assert found["frechet_chgnet"] == pytest.approx(0, abs=1e-5)
    if predicted.predictor():
        assert found["formation_energy_distance"] == pytest.approx(0, abs=1e-6)
    assert found["unique"] == 1
    assert found["novel_train"] == found["unique_novel_train"] == 0
    assert found["templates_new"] == found["templates_new_distinct"] == 0
    assert found["templates_in_train"] == 1
    # Two rock salts beside the first, and one of the two wurtzites, share their templates.
    assert found["templates_unique_distinct"] == len(SALTS) - 3


def test_disguised_copies_are_the_same(known: Path, tmp_path: Path) -> None:
    copies = write_parquet(tmp_path / "copies.parquet", disguised(salts()))
    found = values(judged(copies, reference=known, train=known))
    assert found["density_distance"] == pytest.approx(0, abs=1e-6)
    assert found["space_group_distance"] == 0
    assert found["cov_recall"] == found["cov_precision"] == 1
    assert found["structure_distance_recall"] == pytest.approx(0, abs=1e-3)
    assert found["novel_train"] == 0
    assert found["templates_new_distinct"] == 0


def test_the_frechet_distance_of_features_grows_with_the_strain_of_the_cells(known: Path, tmp_path: Path) -> None:
    others = ("validity", "distances", "symmetry", "templates", "coverage", "unique", "novel")
    distances = []
    for strain in (0.0, 0.02, 0.08):
        stretched = replace(salts(), lattice=salts().lattice * (1 + strain))
        made = write_parquet(tmp_path / f"stretched{strain}.parquet", stretched)
        document = judged(made, reference=known, skip=others)
        assert "10 against 10" in document["metrics"]["frechet_chgnet"]["note"]
        distances.append(values(document)["frechet_chgnet"])
    assert distances[0] < 1e-5 < 10 * distances[1] < 20 * distances[2]
    assert judged(known, reference=known, skip=(*others, "features"))["metrics"] == {}


def test_duplicates_in_disguise_are_counted_once(tmp_path: Path) -> None:
    twice = Structures.concatenate([salts(), disguised(salts(), seed=1)])
    document = judged(write_parquet(tmp_path / "twice.parquet", twice), skip=("symmetry", "templates", "novel"))
    assert document["metrics"]["unique"] | {"note": "", "interval": []} == {
        "value": 0.5,
        "count": 10,
        "of": 20,
        "interval": [],
        "note": "",
    }


def test_another_crystal_of_a_known_formula_is_novel(known: Path, tmp_path: Path) -> None:
    made = Structures.from_lists(*zip(salt("CsCl", "Na", "Cl", scale=0.8), salt("NaCl", "Na", "Cl"), strict=True))
    found = judged(write_parquet(tmp_path / "made.parquet", made), train=known, skip=("symmetry", "templates"))
    assert found["metrics"]["novel_train"]["count"] == 1


def test_symmetry_kept_and_raised(tmp_path: Path) -> None:
    asked = [*GROUPS]
    asked[0] = 216  # a subgroup of what is found
    asked[1] = 194  # another group altogether
    path = write_parquet(tmp_path / "asked.parquet", salts(), asked_space_group=asked)
    found = values(judged(path, skip=("templates", "unique", "novel")))
    assert found["symmetry_kept_0.1"] == found["symmetry_kept_0.01"] == 0.8
    assert found["symmetry_raised_0.1"] == pytest.approx(0.1)
    assert "symmetry_kept_0.1" not in values(judged(path.parent / "asked.parquet", skip=("symmetry",)))


def test_splits(tmp_path: Path) -> None:
    split = ["train"] * 6 + ["val"] * 4
    path = write_parquet(tmp_path / "split.parquet", salts(), split=split)
    document = judged(path, reference=path, split="val", train=path, skip=("coverage", "symmetry", "templates"))
    assert document["reference"]["read"] == 4
    assert document["train"]["name"] == "split.parquet [train]" and document["train"]["read"] == 6
    assert document["metrics"]["novel_train"]["count"] == 4
    document = judged(path, generated_split="val", train=path, skip=("symmetry", "templates"))
    assert document["metrics"]["novel_train"]["value"] == 1 and document["generated"]["read"] == 4
    with pytest.raises(FileError, match="holds no entry"):
        judged(path, reference=path, split="test")


def test_interruption_keeps_what_is_known(known: Path) -> None:
    def interrupt(title: str, *_: object) -> None:
        if title == "Templates":
            raise KeyboardInterrupt

    document = evaluate(EvaluationPlan(known, workers=1), interrupt)
    assert document["interrupted"] == "templates"
    assert "p1" in document["metrics"] and "unique" not in document["metrics"]


def test_nonsense_is_judged_and_not_fatal(tmp_path: Path) -> None:
    lattice = np.eye(3) * 3
    flat = np.array([[3, 0, 0], [0, 3, 0], [3, 3, 1e-4]])
    made = Structures.from_lists(
        [lattice, lattice, np.eye(3) * 60, np.eye(3) * 0.4, flat],
        [[11, 17], [11, 17], [2], [6], [11]],
        [[[0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0.1, 0, 0]], [[0, 0, 0]], [[0, 0, 0]], [[0, 0, 0]]],
    )
    path = write_parquet(tmp_path / "bad.parquet", made)
    document = judged(path, reference=path, train=path)
    assert document["metrics"]["structural_validity"]["count"] == 0
    drawn = judged(path, relax=3, skip=("symmetry", "templates", "novel", "unique"))["metrics"]
    assert drawn["relaxed"]["count"] == drawn["sun_index_0.1"]["count"] == 0 and drawn["relaxed"]["of"] == 3
    assert document["metrics"]["cov_precision"]["value"] == 0


def test_plans_that_make_no_sense() -> None:
    with pytest.raises(RequestError, match="beauty"):
        EvaluationPlan(Path("x"), skip=("beauty",))
    with pytest.raises(RequestError, match="negative"):
        EvaluationPlan(Path("x"), relax=-1)
