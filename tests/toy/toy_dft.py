"""A DFT code of another package, as an entry point brings it; its job is a real program beside ours."""

from __future__ import annotations

import sys
from pathlib import Path

from crystal_studio.dft.script_code import ScriptCode


class ToyCode(ScriptCode):
    name = "toy"
    title = "Toy"
    needs = "Nothing."
    script = Path(__file__).with_name("toy_dft_job.py")

    def interpreter(self) -> str:
        return sys.executable


TOY = ToyCode()
