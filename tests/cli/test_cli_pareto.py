"""Candidates that no other beats, from the command line."""

from __future__ import annotations

from crystal_studio.project.queries import ProjectReader


def test_the_front_is_listed_first_rank_first(studio, project):
    wanted = "density:low n_atoms:low"
    found = studio("list", project, "--pareto", wanted, "--json").json
    with ProjectReader(project) as reader:
        rows = [(row.id, row.density, row.n_atoms) for row in reader.candidates()]
    front = {i for i, d, n in rows if not any(e <= d and m <= n and (e < d or m < n) for _, e, m in rows)}
    assert {row["id"] for row in found["candidates"]} == front and 0 < len(front) < len(rows)
    assert found["pareto"] == {"objectives": wanted.split(), "compared": len(rows), "front": len(front)}
    deeper = studio("list", project, "--pareto", wanted, "--fronts", 3, "--sort", "density", "--json").json
    ranks = [row["pareto_rank"] for row in deeper["candidates"]]
    assert ranks == sorted(ranks) and set(ranks) == {1, 2, 3}
    first = [row["density"] for row in deeper["candidates"] if row["pareto_rank"] == 1]
    assert first == sorted(first)
    text = studio("list", project, "--pareto", wanted)
    assert f"{len(front)} of {len(rows)} candidates are on the Pareto front of density:low, n_atoms:low" in text.out


def test_the_front_is_exported(studio, project, tmp_path):
    front = ("--pareto", "density:low n_atoms:low", "--json")
    answer = studio("export", project, "--format", "cif", "--to", tmp_path / "front", *front)
    listed = studio("list", project, *front).json
    assert answer.json["candidates"] == listed["count"] < 12


def test_what_cannot_be_compared_is_said(studio, project):
    assert "nothing is compared" in studio("list", project, "--pareto", "lcd:high").out
    assert studio("list", project, "--pareto", "density").complaint.endswith("or a range like density=1:2.")
    assert "--fronts is 1 to 5" in studio("list", project, "--pareto", "density:low", "--fronts", 9).complaint
