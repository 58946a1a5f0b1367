"""The window reads a project from many short-lived threads beside the one that watches it."""

from __future__ import annotations

import threading
from pathlib import Path

import projects

from crystal_studio.project.queries import ProjectReader


def test_many_threads_leave_the_watching_connection_open(tmp_path: Path):
    with ProjectReader(projects.make(tmp_path / "p.crystals", 5, judged=False)) as reader:
        counts: list[int] = []
        for _ in range(12):
            thread = threading.Thread(target=lambda: counts.append(reader.count()))
            thread.start()
            thread.join()
            reader.data_version()
        assert counts == [5] * 12
