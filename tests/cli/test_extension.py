"""A package of somebody else's goes through everything: model, potential, stage, quantity and format of its own."""

from __future__ import annotations

import numpy as np

from crystal_studio.funnel.reasons import sentence
from crystal_studio.project.queries import ProjectReader


def test_a_family_unlike_any_shipped_one_passes_through_everything(boxes, studio, tmp_path):
    project = tmp_path / "boxes.crystals"
    assert "toy-boxes" in [m["name"] for m in studio("models", "--json").json["models"]]
    asked = ("--model", "toy-boxes", "--chemsys", "H-O", "--edge", 6, "--count", 24, "--seed", 3, "--device", "cpu")
    funnel = ("--funnel", "none,geometry,symmetry,bonds", "--workers", 1)
    made = studio("generate", project, *asked, *funnel, "--json")
    assert made.code == 0, made.err
    assert made.json["state"] == "finished" and made.json["generated"] == 24

    with ProjectReader(project) as reader:
        rows = reader.candidates()
        passed = [row for row in rows if row.status == "passed"]
        assert len(rows) == 24 and passed and {row.status for row in rows} <= {"passed", "rejected"}
        batch = reader.batch([row.id for row in rows])
        assert batch.units is None or not batch.has_unit.any()
        assert batch.bonds is not None and batch.bonds.known.all() and batch.bonds.count.min() >= 2
        ends = batch.structures.offsets[:-1].repeat(batch.bonds.count)
        first, second = (batch.structures.positions[ends + batch.bonds.atoms[:, k]] for k in (0, 1))
        lengths = np.linalg.norm((second + batch.bonds.image - first) * 6.0, axis=1)
        np.testing.assert_allclose(lengths, 0.957, atol=0.01)
        for row in passed:
            assert row.asked_space_group is None and row.space_group and 0.9 < row.value("longest_bond") < 1.0
        assert reader.count("longest_bond > 0") >= len(passed)

    relaxed = studio("judge", project, "--stage", "relaxation", "--potential", "springs", "--workers", 1, "--json")
    assert relaxed.code == 0, relaxed.err
    with ProjectReader(project) as reader:
        rows = reader.candidates()
        moved = [row for row in rows if row.geometry == "springs"]
        assert moved and all(np.isfinite(row.value("energy_per_atom")) for row in moved)
        for row in rows:
            verdict = next(v for v in reader.verdicts(row.id) if v.stage == "relaxation")
            assert (
                verdict.passed == (row in moved) and sentence("relaxation", verdict.reason, verdict.parameters) != "."
            )
            assert {q.method.name for q in reader.quantities(row.id) if q.quantity == "energy_per_atom"} <= {"springs"}

    table = studio("list", project, "--where", "longest_bond > 0", "--sort", "longest_bond")
    assert "longest_bond" in table.out
    out = tmp_path / "out"
    written = studio("export", project, "--format", "bonds", "--where", "geometry == 'springs'", "--to", out, "--json")
    assert written.code == 0, written.err
    assert len(list(out.glob("*.bonds"))) == len(moved)


def test_stored_candidates_are_judged_by_a_stage_of_another_package(boxes, studio, tmp_path):
    project = tmp_path / "boxes.crystals"
    asked = ("--model", "toy-boxes", "--chemsys", "C-O", "--edge", 7, "--count", 6, "--seed", 1, "--device", "cpu")
    assert studio("generate", project, *asked, "--funnel", "none").code == 0
    with ProjectReader(project) as reader:
        assert {row.status for row in reader.candidates()} == {"unjudged"}
    judged = studio("judge", project, "--stage", "bonds", "--workers", 1, "--json")
    assert judged.code == 0, judged.err
    with ProjectReader(project) as reader:
        assert all(row.value("longest_bond") is not None for row in reader.candidates())
        assert [c.kind for c in reader.campaigns()] == ["generate", "judge"]
        assert {v.campaign_id for row in reader.candidates() for v in reader.verdicts(row.id)} == {2}
