"""One thread a process: parallel work means processes, because threads of several programs starve each other."""

from __future__ import annotations

import os
import sys
from typing import Any

_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def one_thread() -> None:
    """Keep numerical libraries to one thread in this process and in those that it starts.

    Call it first thing in a process: libraries read the environment when they load. PyTorch is told as well
    where it is loaded already.
    """
    for name in _VARIABLES:
        os.environ[name] = "1"
    torch: Any = sys.modules.get("torch")
    # A torch that another thread is still importing reads the environment by itself.
    if hasattr(torch, "get_num_threads") and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
