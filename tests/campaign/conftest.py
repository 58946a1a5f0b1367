"""Lets the tests here and the processes that they start import the fakes, and clusters started by commands."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "execution")]
