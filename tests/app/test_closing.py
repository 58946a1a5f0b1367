"""The program as a whole, in a process of its own: closed in the middle of something, it goes at once and cleanly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

PROGRAM = """
import os, sys, time
from pathlib import Path

sys.path[:0] = [{app!r}, {campaign!r}, {tests!r}]
from PySide6.QtCore import QTimer

import slow_load
from crystal_studio.app import application, main_window, notices
from crystal_studio.design.request import ChemicalSystem, DesignRequest


def main():
    app = application.create_application()
    project = Path(sys.argv[1])
    original = main_window.MainWindow

    class Window(original):
        def __init__(self):
            super().__init__(parts=slow_load.parts(), probe_devices=False)
            notices.centre().added.connect(lambda n: n.level == "error" and self.give_up(n.details))
            self.session.opened.connect(self.begin)

        def give_up(self, details):
            print(details, file=sys.stderr, flush=True)
            os._exit(3)

        def begin(self):
            request = DesignRequest(chemical_system=ChemicalSystem(elements=("Na", "Cl"), mode="exact"), count=8)
            self.campaigns._launch(request=request)
            {work}
            self.watch = QTimer(self)
            self.watch.timeout.connect(lambda: slow_load.LOADING.exists() and self.leave())
            self.watch.start(50)

        def leave(self):
            self.watch.stop()
            started = time.monotonic()
            self._close_now()
            print("closed in", time.monotonic() - started, flush=True)

    main_window.MainWindow = Window
    started = application.run([project])
    print("left", flush=True)
    sys.exit(started)


if __name__ == "__main__":
    main()
"""

SLOW_LOAD = """
import time
from pathlib import Path

from dataclasses import replace

import campaign_fakes
import stage_fakes

LOADING = Path(__file__).with_name("loading")


def load(name, device):
    LOADING.touch()
    time.sleep(60)
    return campaign_fakes.RockSalt(device)


def parts():
    return replace(campaign_fakes.parts(*stage_fakes.FUNNEL), load=load)
"""


@pytest.mark.parametrize(
    "work",
    ["pass", "self.background.run(lambda _: time.sleep(20), long=True)"],
    ids=["while the model loads", "and a file is being read"],
)
def test_the_window_closes_at_once_and_without_an_abort(tmp_path, work):
    import projects

    project = projects.make(tmp_path / "p.crystals", 5)
    (tmp_path / "slow_load.py").write_text(SLOW_LOAD)
    program = tmp_path / "program.py"
    program.write_text(
        PROGRAM.format(app=str(HERE), campaign=str(HERE.parent / "campaign"), tests=str(tmp_path), work=work)
    )
    paths = [str(HERE.parent.parent), str(tmp_path), str(HERE), str(HERE.parent / "campaign")]
    ran = subprocess.run(
        [sys.executable, str(program), str(project)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stderr
    # Waiting for the file would take 20 s, for the model 60 s; less says how busy the machine is.
    assert float(ran.stdout.split("closed in ")[1].split()[0]) < 10.0
    assert "QThread" not in ran.stderr and "Traceback" not in ran.stderr
