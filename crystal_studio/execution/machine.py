"""What this machine has to run tasks with."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main_memory() -> tuple[int, int]:
    """Total and free main memory in bytes, zeros where the system does not say."""
    if sys.platform == "win32":
        return 0, 0
    page, total = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    free = os.sysconf("SC_AVPHYS_PAGES") if "SC_AVPHYS_PAGES" in os.sysconf_names else 0
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as lines:
            free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")) // page
    except (OSError, StopIteration):
        pass
    return page * total, page * free
