"""A project of the last version comes through the migration with everything that it said."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import shutil
import sqlite3
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crystal_studio.candidates.registry import quantities
from crystal_studio.project.check import examine
from crystal_studio.project.migrations import former_reasons
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

DATA = Path(__file__).parent / "data"
LEARNED = {"formation_energy_per_atom": "formation_energy", "e_above_hull": "e_hull", "band_gap": "band_gap"}


@pytest.fixture
def former() -> dict[str, Any]:
    return json.loads((DATA / "version2.json").read_text())


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    path = tmp_path / "version2.crystals"
    shutil.copy(DATA / "version2.crystals", path)
    ProjectWriter.open(path).close()
    return path


def test_rows_and_figures_are_those_of_before(migrated: Path, former: dict[str, Any]) -> None:
    with ProjectReader(migrated) as reader:
        rows = {row.id: row for row in reader.candidates()}
        assert reader.ids().tolist() == [c["id"] for c in former["candidates"]]
        for was in former["candidates"]:
            row = rows[was["id"]]
            for name in (
                "campaign_id",
                "number",
                "formula",
                "chemsys",
                "n_atoms",
                "source",
                "created",
            ):
                assert getattr(row, name) == was[name], (was["id"], name)
            # What was imported "passed" an import before; nobody has judged it.
            judged = (was["stage"], was["status"]) if was["stage"] != "import" else ("", "unjudged")
            assert (row.stage, row.status) == judged
            assert row.n_orbits == (was["n_orbits"] or None)
            for name in ("energy_per_atom", "formation_energy", "e_hull", "nearest_known", "nearest_distance", "novel"):
                assert row.value(name) == was[name], (was["id"], name)
            for old, new in LEARNED.items():
                assert row.value(f"predicted_{new}") == was[f"predicted_{old}"]
                assert row.value(f"predicted_{new}.uncertainty") == was[f"predicted_{old}_std"]
            assert row.value("in_domain") == was["in_domain"]
            assert row.space_group == (was["detected_space_group"] or was["space_group"])
            if row.geometry == "generated":
                assert (row.volume, row.density) == (was["volume"], was["density"])
        for name in ("predicted_e_above_hull < 0.1", "e_hull < 0.1", "novel", "detected_space_group == 225"):
            assert reader.count(name) > 0
        assert (
            reader.ids(sort="e_hull").tolist()[0]
            == min((c for c in former["candidates"] if c["e_hull"] is not None), key=lambda c: c["e_hull"])["id"]
        )


def test_structures_are_those_of_before_but_for_a_relaxation_given_up(migrated: Path, former: dict[str, Any]) -> None:
    with ProjectReader(migrated) as reader:
        everyone = reader.ids()
        cells = reader.structures(everyone)
        assert sha256(cells.positions.tobytes()).hexdigest() == former["best_sha256"]
        assert sha256(reader.units(everyone).positions.tobytes()).hexdigest() == former["units_sha256"]
        assert cells.volume.tolist() == former["volumes"]["best"]
        assert reader.structures(everyone, "generated").volume.tolist() == former["volumes"]["generated"]
        assert np.array_equal(reader.columns(["volume"])["volume"], cells.volume)
        assert reader.candidate(32).geometry == "generated" and reader.geometries(32) == []
        assert (reader.candidate(32).reason, reader.candidate(32).parameters) == ("no_answer", {"steps": 1})
        assert [m.name for m in reader.geometries(26)] == ["chgnet"]
        assert reader.candidate(26).volume != reader.structures([26], "generated").volume[0]


def test_verdicts_keep_every_word_and_number(migrated: Path, former: dict[str, Any]) -> None:
    with ProjectReader(migrated) as reader:
        for was, row in zip(former["verdicts"], reader.candidates(), strict=True):
            verdicts = {v.stage: v for v in reader.verdicts(row.id)}
            was = [v for v in was if v["stage"] != "import"]
            assert list(verdicts) == [v["stage"] for v in was]
            found = {name: values[0] for name, values in reader.found([row.id]).items()}
            for told in was:
                verdict = verdicts[told["stage"]]
                assert (verdict.passed, verdict.seconds, verdict.campaign_id) == (
                    told["passed"],
                    told["seconds"],
                    row.campaign_id,
                )
                kept = " ".join(map(str, verdict.parameters.values()))
                for word in re.findall(r"\d+\.?\d*|[A-Z][a-z]?\d+", told["reason"].split("6 A,")[0].replace("A^3", "")):
                    assert float(word) in _numbers(kept) if word[0].isdigit() else word in kept, told["reason"]
                for name, value in told["values"].items():
                    if name == "property_model":
                        assert value in {m.name for m in reader.methods()}
                    elif name == "detected_space_group":
                        assert row.space_group == value
                    else:
                        new = name
                        for old, now in LEARNED.items():
                            new = new.replace(f"predicted_{old}", now)
                        if name.startswith("predicted_") and not name.endswith(("_low", "_high")):
                            new = new.removesuffix("_std")
                            pair = row.predicted[new]
                            assert value == pair[name.endswith("_std")]
                        else:
                            where = found if new in found else found | {new: found.get(f"{new}@properties-mp20-like")}
                            assert where[new] == value, name
        counts = {s.stage: (s.entered, s.passed, s.rejected) for s in reader.funnel()}
        assert counts == {
            stage: (entered, good, bad) for stage, entered, good, bad, _ in former["funnel"] if stage != "import"
        }


def _numbers(text: str) -> set[float]:
    return {float(n) for n in re.findall(r"\d+\.?\d*(?:e[-+]?\d+)?", text)}


def test_campaigns_methods_and_groups_that_were_asked_for(migrated: Path, former: dict[str, Any]) -> None:
    with ProjectReader(migrated) as reader:
        rows = reader.campaigns()
        assert [(c.id, c.name, c.state, c.requested, c.seconds) for c in rows] == [
            (c["id"], c["name"], c["state"], c["requested"], c["seconds"]) for c in former["campaigns"]
        ]
        assert [(c.kind, c.chunk_size) for c in rows] == [*[("generate", 256)] * 3, ("import", None)]
        assert {m.name: m.kind for m in reader.methods()} == {
            "geometry": "geometry",
            "known-structures": "reference",
            "properties-mp20-like": "learned",
            "chgnet": "potential",
        }
        assert {q.quantity for q in reader.quantities(1)} <= set(quantities())
        assert reader.candidate(1).asked_space_group is None
        assert (reader.candidate(25).asked_space_group, reader.candidate(25).space_group) == (1, 225)
        reasons = {row.id: (row.reason, dict(row.parameters)) for row in reader.candidates("status == 'rejected'")}
        symbols = {"found": 225, "found_symbol": "Fm-3m", "asked": 1, "asked_symbol": "P1", "tolerance": 0.1}
        assert reasons[25] == ("supergroup", symbols)
        assert reasons[27] == ("duplicate", {"candidate": 26})
        assert reasons[28] == ("volume", {"volume": 1.73, "low": 5.5, "high": 106.0})
        assert reasons[30][0] == "not_neutral" and reasons[30][1]["formula"] == "NaCl3"
    assert examine(migrated).sound


@pytest.mark.parametrize(
    ("stage", "sentence", "code", "parameters"),
    [
        ("geometry", "Cl and Na are 0.30 A apart (limit 1.61 A).", "overlap", {"atoms": "Cl and Na", "limit": 1.61}),
        ("geometry", "Two O atoms are 0.51 A apart (limit 0.79 A).", "overlap", {"atoms": "Two O atoms"}),
        ("geometry", "H and its own periodic image are 0.10 A apart (limit 0.37 A).", "overlap", {"first": "H"}),
        ("geometry", "The cell edge b is 1.2 A (limits 1.5 and 100 A).", "edge", {"edge": "b", "length": 1.2}),
        ("geometry", "The cell edge c is 1e+03 A (limits 1.5 and 100 A).", "edge", {"length": 1000.0}),
        ("geometry", "The cell angle beta is 12 degrees (limits 20 and 160 degrees).", "angle", {"angle": "β"}),
        ("geometry", "The cell holds 4096 atoms (limit 4000).", "too_many_atoms", {"atoms": 4096}),
        ("composition", "He, Ne has no known oxidation state, so HeNe cannot be charge neutral.", "no_oxidation_state",
         {"elements": "He, Ne", "formula": "HeNe"}),
        ("symmetry", "The space group is P-1 (2), instead of C2/m (12) (tolerance 0.1 A).", "other_group",
         {"found": 2}),
        ("symmetry", "No space group could be detected at 0.1 A.", "no_group", {"tolerance": 0.1}),
        ("relaxation", "The cell swelled to 5.1 times its volume (after 33 steps of relaxation).", "swelled",
         {"ratio": 5.1, "steps": 33}),
        ("relaxation", "Relaxation failed: RuntimeError: no: (x)", "error", {"text": "RuntimeError: no: (x)"}),
        ("relaxation", "Relaxation: its worker process died twice on this candidate", "error",
         {"text": "its worker process died twice on this candidate"}),
        ("taste", "It is too sour.", "text", {"text": "It is too sour."}),
        ("geometry", "Atoms too close: Na1 and Cl1.", "text", {"text": "Atoms too close: Na1 and Cl1."}),
    ],
)  # fmt: skip
def test_former_sentences_are_read_once(stage: str, sentence: str, code: str, parameters: dict[str, Any]) -> None:
    found, told = former_reasons.read(stage, sentence)
    assert found == code
    assert parameters.items() <= told.items()


def test_what_had_failed_is_an_error_to_be_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "failed.crystals"
    shutil.copy(DATA / "version2.crystals", path)
    with sqlite3.connect(path) as raw:
        sentence = "Relaxation failed: ValueError: once"
        raw.execute("UPDATE verdicts SET reason = ? WHERE candidate_id = 32 AND NOT passed", [sentence])
        raw.execute("UPDATE candidates SET reason = ? WHERE id = 32", [sentence])
    raw.close()
    ProjectWriter.open(path).close()
    with ProjectReader(path) as reader:
        row = reader.candidate(32)
        assert (row.status, row.stage, row.reason, row.parameters["text"]) == (
            "error",
            "relaxation",
            "error",
            "ValueError: once",
        )
        ids, stages = reader.pending(3)
        assert (ids.tolist(), stages.tolist()) == ([32], ["symmetry"])


def _open_once(path: Path) -> None:
    ProjectWriter.open(path).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL")
def test_killed_in_the_middle_a_file_is_wholly_old_or_wholly_new(tmp_path: Path) -> None:
    rng = random.Random(6)
    path = tmp_path / "version2.crystals"
    fork = multiprocessing.get_context("fork")
    versions = []
    took = 0.0
    for attempt in range(21):
        for old in tmp_path.glob("version2.crystals*"):
            old.unlink()
        shutil.copy(DATA / "version2.crystals", path)
        child = fork.Process(target=_open_once, args=(path,))
        began = time.monotonic()
        child.start()
        # The first is left alone, the second killed before it can have begun, the others in between.
        child.join(None if attempt == 0 else 0 if attempt == 1 else rng.uniform(0, took))
        child.kill()
        child.join()
        took = took or time.monotonic() - began
        versions.append(examine(path).version)
        ProjectWriter.open(path).close()
        with ProjectReader(path) as reader:
            assert (reader.version, reader.count(), reader.count("status == 'passed'")) == (5, 34, 27)
        assert examine(path).sound
    assert versions[0] == 5 and set(versions) == {2, 5}
