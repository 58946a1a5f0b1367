"""The table of an analysis as text for a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from crystal_studio.analysis.protocol import Analysis
from crystal_studio.errors import FileError


def as_text(found: Analysis, separator: str = "\t") -> str:
    """Headings with their units, then the rows, every number as it is."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow([column.heading for column in found.columns.values()])
    writer.writerows([row[key] for key in found.columns] for row in found.rows)
    return text.getvalue()


def write_csv(path: Path, found: Analysis) -> None:
    """The whole table, commas between; raises ``FileError`` where it cannot be written."""
    try:
        path.write_text(as_text(found, ","), encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}): choose another place.") from error
