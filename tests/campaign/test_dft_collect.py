"""Results that come back from elsewhere: each folder for itself, whatever state it is in."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from dft_projects import AL, ALAS, AS, hand_in, statuses, three_crystals

from crystal_studio.campaign import runner
from crystal_studio.campaign.dft_collect import collect
from crystal_studio.campaign.unfinished import to_resume
from crystal_studio.errors import FileError, KnownError
from crystal_studio.project.queries import ProjectReader


@pytest.fixture
def project(tmp_path: Path, boxes: None) -> Path:
    return three_crystals(tmp_path / "three.crystals")


@pytest.fixture
def back(project: Path) -> dict[int, Path]:
    """A bundle that has run elsewhere: its folders by candidate."""
    folders = hand_in(project, submit="bundle").folders
    for folder in folders.values():
        subprocess.run([sys.executable, "job.py"], cwd=folder, check=True)
    return folders


def test_what_was_handed_in_waits_until_it_is_collected(project, back):
    assert set(statuses(project).values()) == {"waiting"}
    with ProjectReader(project) as reader:
        assert not to_resume(reader)
    found = collect(project, [back[AL].parent])
    assert found.ids == (AL, AS, ALAS) and not found.problems
    assert statuses(project) == {AL: "passed", AS: "passed", ALAS: "rejected"}
    with ProjectReader(project) as reader:
        assert reader.candidate(ALAS).value("formation_energy") == pytest.approx(-0.5, abs=2e-4)
        before = reader.candidates()
    assert collect(project, [back[AL].parent]).ids == (AL, AS, ALAS)
    with ProjectReader(project) as reader:
        assert reader.candidates() == before, "collecting again changes nothing"


def test_a_bundle_comes_back_as_one_file(project, back, tmp_path):
    with zipfile.ZipFile(tmp_path / "back.zip", "w") as file:
        for path in back[AL].parent.rglob("*"):
            file.write(path, path.relative_to(back[AL].parent.parent))
    assert collect(project, [tmp_path / "back.zip"]).ids == (AL, AS, ALAS)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / "result.json").unlink(), "no result of Toy yet"),
        (lambda folder: (folder / "result.json").write_text('{"energy": '), "damaged"),
        (lambda folder: (folder / "result.json").write_bytes(b"\xff\x00\xfe"), "damaged"),
        (lambda folder: (folder / "result.json").write_text("[1, 2]"), "damaged"),
        (lambda folder: change(folder, energy=float("nan")), "damaged"),
        (lambda folder: change(folder, energy=None), "damaged"),
        (lambda folder: change(folder, lattice=[[0, 0, 0]] * 3), "other"),
        (lambda folder: change(folder, lattice="wide"), "damaged"),
        (lambda folder: change(folder, numbers=[14]), "other atoms"),
        (lambda folder: change(folder, positions=[]), "damaged"),
        (lambda folder: change(folder, error="The disk was full."), "The disk was full."),
        (lambda folder: (folder / "crystal-studio.json").write_text("{}"), "damaged"),
    ],
)
def test_a_bad_folder_is_told_and_skipped_and_its_candidate_goes_on_waiting(project, back, harm, said):
    harm(back[AL])
    found = collect(project, [back[AL].parent])
    assert found.ids == (AS, ALAS)
    ((name, problem),) = found.problems
    assert name == str(back[AL]) and said in problem, problem
    assert statuses(project) == {AL: "waiting", AS: "passed", ALAS: "rejected"}


def change(folder: Path, **parts) -> None:
    document = json.loads((folder / "result.json").read_text())
    (folder / "result.json").write_text(json.dumps(document | parts))


def test_jobs_of_another_project_are_not_taken(project, back, tmp_path):
    other = three_crystals(tmp_path / "other.crystals")
    found = collect(other, [back[AL].parent])
    assert not found.ids and all("another project" in problem for _, problem in found.problems)
    assert statuses(other) == {AL: "passed", AS: "unjudged", ALAS: "rejected"}


def test_a_copy_of_the_project_takes_them_too(project, back, tmp_path):
    copy = tmp_path / "copy.crystals"
    shutil.copy(project, copy)
    assert collect(copy, [back[AL].parent]).ids == (AL, AS, ALAS)


def test_a_place_without_jobs_is_said(project, tmp_path):
    (tmp_path / "empty").mkdir()
    for place in ("empty", "nowhere"):
        with pytest.raises(FileError, match=place):
            collect(project, [tmp_path / place])


def test_a_bundle_is_not_run_from_here(project):
    import threading

    started = hand_in(project, submit="bundle")
    with pytest.raises(KnownError, match="collect its results"):
        runner.run(project, started.campaign_id, lambda event: None, threading.Event(), threading.Event())


def test_two_bundles_do_not_share_a_folder(project, tmp_path):
    hand_in(project, AL, submit="bundle", folder=str(tmp_path / "one"))
    before = sorted(path.name for path in (tmp_path / "one").rglob("*"))
    with pytest.raises(FileError, match="bundle already"):
        hand_in(project, AS, submit="bundle", folder=str(tmp_path / "one"))
    assert sorted(path.name for path in (tmp_path / "one").rglob("*")) == before
    assert statuses(project)[AS] == "unjudged"
    first, second = (hand_in(project, AS, submit="bundle").root for _ in range(2))
    assert first != second
