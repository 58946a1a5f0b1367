"""Stand-ins for the evaluation, which its own process imports by name."""

from __future__ import annotations

import time
from typing import Any

from crystal_studio.errors import FileError


def document(interrupted: str = "") -> dict[str, Any]:
    """A report with one figure of each kind."""
    return {
        "generated": {"name": "few.crystals", "entries": 10, "read": 9, "unreadable": []},
        "reference": None,
        "train": {"name": "known.parquet [train]", "entries": 30, "read": 30, "unreadable": []},
        "metrics": {
            "structural_validity": {"value": 0.9, "count": 9, "of": 10, "interval": [0.6, 0.98], "note": "how"},
            "density_distance": {"value": 0.123456, "unit": "g/cm3", "note": ""},
            "templates_new_distinct": {"value": 3, "of": 10, "per_10000": 3000.0, "note": ""},
            "sun_0.08": {"value": None, "count": 0, "of": 0, "interval": [0, 1], "note": ""},
            "of_tomorrow": {"value": 1.0, "note": "new"},
        },
        "notes": ["A note."],
        "interrupted": interrupted,
    }


def quick(plan: Any, progress: Any) -> dict[str, Any]:
    progress("Counting", 1, 2, 0.1)
    return document() | {"notes": [str(plan.generated.name), str(plan.campaign), plan.split, str(plan.relax)]}


def endless(plan: Any, progress: Any) -> dict[str, Any]:
    try:
        for i in range(100_000):
            progress("Waiting", i, 100_000, i / 100)
            time.sleep(0.01)
    except KeyboardInterrupt:
        return document("symmetry")
    return document()


def failing(plan: Any, progress: Any) -> dict[str, Any]:
    raise FileError("The set is empty: choose another.")


def dying(plan: Any, progress: Any) -> dict[str, Any]:
    import os

    os._exit(7)
