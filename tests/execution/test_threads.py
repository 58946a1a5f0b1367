"""One thread a process, whatever the environment says and whatever was loaded before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_AFTER_TORCH = """
import os, torch
torch.set_num_threads(4)
from crystal_studio.execution.threads import one_thread
one_thread()
print(torch.get_num_threads(), os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"])
"""

_WINDOW = """
import os
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from crystal_studio.app.application import create_application
create_application()
import torch
print(torch.get_num_threads())
"""


def python(*arguments: str) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "4", "MKL_NUM_THREADS": "4", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_loaded_torch_is_told() -> None:
    assert python("-c", _AFTER_TORCH).split() == ["1", "1", "1"]


def test_the_command_line_has_one_thread() -> None:
    checks = json.loads(python("-m", "crystal_studio", "doctor", "--quick", "--json"))["checks"]
    [torch] = [check for check in checks if check["name"] == "torch"]
    assert "1 threads" in torch["found"]


@pytest.mark.skipif(sys.platform == "win32", reason="offscreen platform")
def test_the_window_has_one_thread() -> None:
    assert python("-c", _WINDOW).split()[-1] == "1"
