"""Labels of CO2: what is found is kept, what was found is not done again, and the shipped table fits its frameworks."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from crystal_studio import paths
from crystal_studio.mof import build_adsorption, build_pores
from crystal_studio.mof.library import shipped_mofs


@pytest.fixture
def few(monkeypatch):
    mofs = shipped_mofs()
    some = mofs.take(np.argsort(mofs.n_blocks, kind="stable")[:2])
    monkeypatch.setattr(build_adsorption, "shipped_mofs", lambda: some)
    return some


def test_goes_on_where_it_stopped(few, tmp_path, monkeypatch):
    records, target = tmp_path / "co2.jsonl", tmp_path / "adsorption.csv"
    row = {"name": few.name[0]} | dict.fromkeys(build_adsorption.COLUMNS, 1.5)
    records.write_text(json.dumps(row) + '\n{"name": "cut o')
    arguments = ["build_adsorption", "--records", str(records), "--target", str(target)]
    monkeypatch.setattr(sys, "argv", [*arguments, "--seconds", "-1"])
    build_adsorption.main()
    assert list(build_pores.read(target)) == [few.name[0]]
    monkeypatch.setattr(sys, "argv", arguments)
    build_adsorption.main()
    found = build_pores.read(target)
    assert found[few.name[0]]["co2_uptake"] == 1.5 and list(found) == few.name.tolist()
    other = found[few.name[1]]
    assert 0 <= other["co2_uptake"] < 20 and other["co2_working_capacity"] <= other["co2_uptake"]
    assert json.loads(target.with_suffix(".card.json").read_text())["frameworks"] == 2


def test_what_no_framework_takes_up_is_no_label(tmp_path):
    mofs = shipped_mofs().take(np.arange(3))
    figures = dict.fromkeys(build_adsorption.COLUMNS, 1.0)
    first, second, third = mofs.name.tolist()
    rows = [{"name": first} | figures, {"name": second} | figures | {"co2_uptake": 25.0}, {"name": third}]
    assert build_adsorption.write(rows, mofs, tmp_path / "table.csv") == 1
    assert list(build_pores.read(tmp_path / "table.csv")) == [first]


def test_small_frameworks_come_first():
    sizes = np.array([900, 10, 300, 150])
    assert sizes[build_adsorption.order(sizes)].tolist()[2:] in ([900, 300], [300, 900])


def test_the_shipped_table_is_of_shipped_frameworks():
    known = build_pores.read(paths.resources() / "mof" / build_adsorption.NAME)
    assert len(known) > 1000 and set(known) <= set(shipped_mofs().name.tolist())
    capacity = np.array([row["co2_working_capacity"] for row in known.values()])
    assert np.isfinite(capacity).all() and capacity.max() < 10 and 0.3 < np.median(capacity) < 2
