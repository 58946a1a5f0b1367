"""What only marks, as the window shows it: in the funnel chart, in the inspector, as a list of candidates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from crystal_studio.app.inspector.inspector import Inspector
from crystal_studio.app.run.funnel_chart import FunnelBar, FunnelChart
from crystal_studio.app.run.records import funnel_counts, reason_filter
from crystal_studio.campaign.provenance import of_stages
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.verdicts import Reason, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.design.request import DesignRequest
from crystal_studio.funnel.stages import for_funnel
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

FUNNEL = Funnel(
    name="mine",
    stages=(
        ChosenStage(stage="composition", rejects=False),
        ChosenStage(stage="symmetry", options={"symprec": 0.02}),
        ChosenStage(stage="uniqueness"),
    ),
)


@pytest.fixture
def judged(tmp_path: Path):
    """Three crystals, two of them marked by one stage, one of those rejected by the next; a third saw none yet."""
    path = tmp_path / "marks.crystals"
    cells = Structures.from_lists([np.eye(3) * 5.6] * 3, [[11, 17]] * 3, [[[0, 0, 0], [0.5, 0.5, 0.5]]] * 3)
    formula = {"formula": "NaCl", "states": "Na +1"}
    with ProjectWriter.create(path) as writer:
        request = DesignRequest(funnel=FUNNEL, count=3)
        campaign = writer.add_campaign("first", request.to_dict(), of_stages(for_funnel(FUNNEL)), 3)
        writer.add_candidates(campaign, np.arange(3), Candidates.of_structures(cells))
        marks = [None, Reason("not_neutral", formula), Reason("not_neutral", formula)]
        writer.record(campaign, "composition", [1, 2, 3], rejecting(marks).marked())
        no_group = Reason("no_group", {"tolerance": 0.02})
        writer.record(campaign, "symmetry", [1, 2, 3], rejecting([None, None, no_group]))
    with ProjectReader(path) as reader:
        yield reader


def test_the_chart_counts_what_is_marked_and_lists_it(judged, qtbot):
    chart = FunnelChart()
    qtbot.addWidget(chart)
    chart.show_stages(funnel_counts(judged, 1), 3)
    chart.show()
    words = [label.text() for label in chart.findChildren(QLabel)]
    assert "3 of 3 passed · 2 marked" in words and "2 of 3 passed" in words and "waiting" in words
    assert "2 of them marked" in chart.findChildren(FunnelBar)[0].accessibleName()
    with qtbot.waitSignal(chart.reason_clicked) as clicked:
        next(b for b in chart.findChildren(QPushButton) if b.text() == "2 × Not charge neutral").click()
    row = judged.campaign(1)
    assert judged.ids(reason_filter(row, *clicked.args)).tolist() == [2, 3]
    assert judged.ids(reason_filter(row, "symmetry", "no_group")).tolist() == [3]


def test_the_inspector_tells_marks_and_versions(judged, qtbot):
    inspector = Inspector()
    qtbot.addWidget(inspector)
    inspector.show()
    with qtbot.waitSignal(inspector.filled):
        inspector.show(judged.candidate(2), judged)
    table = inspector.verdicts.table
    assert [table.item(0, column).text() for column in (0, 1)] == ["Charge balance", "marked"]
    assert "No oxidation states make NaCl charge neutral" in table.item(0, 2).text()
    assert table.item(1, 1).text() == "passed"
    words = "\n".join(label.text() for label in inspector.provenance.findChildren(QLabel))
    assert "version 1, only marks" in words and "version 1, rejects; tolerance 0.02 Å" in words and "mine" in words
    kept = json.loads(inspector.provenance.as_text())["campaign"]["provenance"]["stages"]
    assert [stage["stage"] for stage in kept] == ["composition", "symmetry", "uniqueness"]
    inspector.shut_down()
