"""Stable, unique and novel: counted by potential and by consensus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from project_samples import CHGNET, KNOWN, MACE, batch, said

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Reason
from crystal_studio.project.accounting import CONSENSUS, CUTOFF, Accounting, accounts, voices
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


def account(reader: ProjectReader, voice: str = "chgnet", where: str = "", cutoff: float = CUTOFF) -> Accounting:
    """What one voice says."""
    asked = voices(reader)
    return accounts(reader, asked, where, cutoff)[[m.name for m in asked].index(voice)]


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Nine candidates, every third of one element; the fourth is a duplicate, the last has no energy."""
    path = tmp_path / "p.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("first", {"funnel": "quick"}, {}, 9)
        writer.add_candidates(campaign, np.arange(9), batch(9))
        same = [Reason("duplicate", {"id": 1}) if i == 3 else None for i in range(9)]
        ids = list(range(1, 10))
        writer.record(campaign, "uniqueness", ids, said(same))
        left = [i for i in ids if i != 4]
        known = {"novel": [1.0, 1, 1, 1, 0, 1, 1, 1]}
        writer.record(campaign, "novelty", left, said([None] * 8, known, KNOWN))
        writer.record(campaign, "stability", left, said([None] * 8, {"e_hull": [0, 0, 0.05, 0, 0.1, 0.3, 0, np.nan]}))
        writer.record(campaign, "consensus", left, said([None] * 8, {"e_hull": [0, 0, 0.2, 0, 0, 0, 0, np.nan]}, MACE))
        agree = {"verdicts_agree": [1.0, 1, 0, 1, 1, 0, 1, np.nan]}
        writer.record(campaign, "consensus", left, said([None] * 8, agree, Method("consensus", "potential")))
    return path


def test_shares_of_everything_generated_without_elements(judged: Path) -> None:
    """Candidates 2, 5 and 8 are diamonds; 4 is a duplicate; 6 is known; 7 lies too high; 9 has no energy."""
    with ProjectReader(judged) as reader:
        found = account(reader)
        assert (found.stable.count, found.stable.total) == (3, 9)  # 1, 3, 6
        assert (found.stable_novel.count, found.sun.count) == (2, 2)
        assert account(reader, cutoff=0.0).sun.count == 1
        by_mace = account(reader, "mace")
        assert (by_mace.stable.count, by_mace.sun.count) == (3, 2)  # 1, 6, 7
        agreed = account(reader, CONSENSUS)
        assert (agreed.stable.count, agreed.sun.count) == (2, 1)  # 1, 6
        assert account(reader, where="campaign_id == 2").sun.total == 0


def test_what_no_stage_has_called_unique_is_not(tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("first", {"funnel": "none"}, {}, 1)
        writer.add_candidates(campaign, np.arange(1), batch(1))
        writer.record(campaign, "novelty", [1], said([None], {"novel": [1.0]}, KNOWN))
        writer.record(campaign, "stability", [1], said([None], {"e_hull": [0.0]}))
    with ProjectReader(path) as reader:
        found = account(reader)
        assert (found.stable_novel.count, found.sun.count) == (1, 0)


def test_voices_are_those_that_speak_of_these_candidates(judged: Path) -> None:
    with ProjectReader(judged) as reader:
        asked = voices(reader)
        assert [m.name for m in asked] == ["chgnet", "mace", CONSENSUS]
        assert voices(reader, "id == 9") == []  # no energy
        assert accounts(reader, asked[:2]) == [account(reader, m.name) for m in asked[:2]]
        assert accounts(reader, [], "id == 99") == []


def test_agreement_is_asked_at_the_cutoff_of_the_user(judged: Path) -> None:
    """Candidate 3 lies at 0.05 and 0.2; 6 at 0.1 and 0; 7 at 0.3 and 0; the stage itself had cut at 0.1."""
    with ProjectReader(judged) as reader:
        assert account(reader, CONSENSUS, cutoff=0.05).stable.count == 1  # 1
        assert account(reader, CONSENSUS, cutoff=0.2).stable.count == 3  # 1, 3, 6
        assert account(reader, CONSENSUS, cutoff=0.3).stable.count == 4


def test_fallen_apart_is_no_agreement_at_any_cutoff(tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("first", {"funnel": "quick"}, {}, 3)
        writer.add_candidates(campaign, np.arange(3), batch(3))
        writer.record(campaign, "stability", [1, 3], said([None] * 2, {"e_hull": [0.0, 0.0]}))
        writer.record(campaign, "consensus", [1, 3], said([None] * 2, {"e_hull": [np.nan, 0.0]}, MACE))
        agree = {"verdicts_agree": [0.0, 1.0]}
        writer.record(campaign, "consensus", [1, 3], said([None] * 2, agree, Method("consensus", "potential")))
    with ProjectReader(path) as reader:
        assert account(reader, CONSENSUS, cutoff=5.0).stable.count == 1


def test_a_relaxation_free_of_symmetry_is_no_voice_of_its_own(judged: Path) -> None:
    """It has a word on those crystals alone that it lowers: 7 at 0.3 eV/atom, nothing of 3, on which two disagree."""
    with ProjectWriter.open(judged) as writer:
        free = {"e_hull": [np.nan] * 5 + [0.2, np.nan, np.nan]}
        left = [1, 2, 3, 5, 6, 7, 8, 9]
        writer.record(1, "free_relaxation", left, said([None] * 8, free, CHGNET.free_of_symmetry))
    with ProjectReader(judged) as reader:
        assert [m.name for m in voices(reader)] == ["chgnet", "mace", CONSENSUS]
        assert accounts(reader, voices(reader), "", 0.2)[-1].stable.count == 3
        assert account(reader, CONSENSUS, cutoff=0.2).stable.count == 3


def test_the_last_word_on_uniqueness_counts(tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("first", {"funnel": "quick"}, {}, 1)
        writer.add_candidates(campaign, np.arange(1), batch(1))
        writer.record(campaign, "uniqueness", [1], said([None]))
        writer.record(campaign, "novelty", [1], said([None], {"novel": [1.0]}, KNOWN))
        writer.record(campaign, "stability", [1], said([None], {"e_hull": [0.0]}))
        again = writer.add_campaign("again", {"funnel": "quick", "ids": [1]}, {}, 1, kind="judge")
        writer.record(again, "uniqueness", [1], said([Reason("duplicate", {"id": 7})]))
    with ProjectReader(path) as reader:
        assert account(reader).stable_novel.count == 1
        assert account(reader).sun.count == 0


def test_a_marked_duplicate_is_not_unique(tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("first", {}, {}, 3)
        writer.add_candidates(campaign, np.arange(3), batch(3))
        ids = [1, 2, 3]
        writer.record(campaign, "uniqueness", ids, said([None, None, Reason("duplicate", {"candidate": 1})]).marked())
        writer.record(campaign, "novelty", ids, said([None] * 3, {"novel": [1.0] * 3}, KNOWN))
        writer.record(campaign, "stability", ids, said([None] * 3, {"e_hull": [0.0] * 3}), last=True)
    with ProjectReader(path) as reader:
        assert [row.status for row in reader.candidates()] == ["passed"] * 3
        found = account(reader)
        assert (found.stable_novel.count, found.sun.count) == (2, 1)  # candidate 2 is diamond
