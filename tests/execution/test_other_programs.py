"""What other programs find in their environment when a bundle starts them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from crystal_studio.execution.other_programs import environment, environment_of_others
from crystal_studio.execution.other_python import ask

SCRIPT = """
import json, os
names = ("LD_LIBRARY_PATH", "QT_PLUGIN_PATH", "CRYSTAL_STUDIO_TEST")
json.dump({name: os.environ.get(name) for name in names}, open("answer.json", "w"))
"""


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process as PyInstaller starts it, for a user who has set libraries of his own."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle/_internal:/opt/theirs")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/theirs")
    monkeypatch.setenv("QT_PLUGIN_PATH", "/bundle/_internal/PySide6/Qt/plugins")
    monkeypatch.setenv("CRYSTAL_STUDIO_TEST", "stays")


def test_another_python_does_not_load_libraries_of_the_bundle(bundle: None, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    told = ask(sys.executable, script, {}, 60.0)
    assert told == {"LD_LIBRARY_PATH": "/opt/theirs", "QT_PLUGIN_PATH": None, "CRYSTAL_STUDIO_TEST": "stays"}


def test_where_the_user_has_set_no_libraries_there_are_none(bundle: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG")
    assert "LD_LIBRARY_PATH" not in environment()


def test_from_source_nothing_is_taken_away(bundle: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "frozen")
    assert environment() == dict(os.environ)


def test_our_own_environment_comes_back(bundle: None) -> None:
    before = dict(os.environ)
    with environment_of_others():
        assert dict(os.environ) == environment() != before
        assert os.environ["LD_LIBRARY_PATH"] == "/opt/theirs"
    assert dict(os.environ) == before
