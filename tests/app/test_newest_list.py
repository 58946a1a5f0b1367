"""The newest candidates, a line each."""

from __future__ import annotations

from dataclasses import fields, replace

from crystal_studio.app.run.newest_list import NewestList
from crystal_studio.project.rows import CandidateRow


def test_the_energy_of_a_stopped_relaxation_is_an_upper_bound(qtbot):
    empty = {f.name: None for f in fields(CandidateRow)}
    found = {"id": 1, "formula": "Mn2O3", "space_group": 139, "values": {"e_hull": 0.7451, "stopped": False}}
    relaxed = CandidateRow(**empty | found | {"uncertainties": {}, "predicted": {}})
    stopped = replace(relaxed, id=2, values={"e_hull": 0.7451, "stopped": True})
    shown = NewestList()
    qtbot.addWidget(shown)
    shown.show_rows([relaxed, stopped], ())
    assert "139, 0.745 eV/atom above hull" in shown.item(0).text()
    assert "139, ≤ 0.745 eV/atom above hull" in shown.item(1).text()
