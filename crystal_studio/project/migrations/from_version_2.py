"""What the rows of versions 1 and 2 become in version 3."""

from __future__ import annotations

import sqlite3


def convert(db: sqlite3.Connection) -> None:
    """Fill the new tables from those named ``old_...``."""
