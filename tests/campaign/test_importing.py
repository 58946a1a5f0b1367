"""Files as candidates: each on its own, in its symmetry where it is found, not judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from crystal_studio.campaign.importing import import_files
from crystal_studio.campaign.unfinished import to_resume
from crystal_studio.errors import FileError
from crystal_studio.project.queries import ProjectReader

POSCAR = """{name}
1.0
4.0 0 0
0 4.0 0
0 0 4.0
Na Cl
1 1
Direct
0 0 0
{x} 0.5 0.5
"""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Caesium chloride's structure, two atoms on one place, and the same without symmetry."""
    made = []
    for name, x in (("a", 0.5), ("same", 0.5), ("c", 0.37)):
        text = POSCAR.format(name=name, x=x)
        if name == "same":
            text = text.replace("0.5 0.5 0.5", "0.001 0 0")
        made.append(tmp_path / f"{name}.vasp")
        made[-1].write_text(text)
    return made


def test_an_import_is_not_judged_and_keeps_what_is_known(files: list[Path], tmp_path: Path) -> None:
    found = import_files(tmp_path / "p.crystals", files)
    assert [name for name, _ in found.problems] == ["same.vasp"]
    with ProjectReader(tmp_path / "p.crystals") as reader:
        rows = reader.candidates()
        assert [(r.id, r.source, r.status, r.stage, r.reason) for r in rows] == [
            (1, "a.vasp", "unjudged", "", ""), (2, "c.vasp", "unjudged", "", ""),
        ]  # fmt: skip
        assert [r.space_group for r in rows] == [221, 99] and {r.asked_space_group for r in rows} == {None}
        assert rows[0].n_orbits == 2
        made = reader.batch([1, 2])
        assert made.has_unit.tolist() == [True, True]
        (campaign,) = reader.campaigns()
        assert (campaign.kind, campaign.state, campaign.requested) == ("import", "finished", 2)
        assert to_resume(reader) == [] and list(reader.pending(campaign.id)[0]) == []


def test_nothing_readable_makes_no_project(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(FileError, match="None of the files"):
        import_files(tmp_path / "p.crystals", files[1:2])
    assert not (tmp_path / "p.crystals").exists()
