"""Options and output that several commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crystal_studio.project.rows import CandidateRow


def project_argument(parser: argparse.ArgumentParser) -> None:
    """The project file, first argument of almost every command."""
    parser.add_argument("project", metavar="PROJECT", help="project file, by custom NAME.crystals")


def selection_arguments(parser: argparse.ArgumentParser) -> None:
    """Which candidates: --where, --sort, --limit."""
    parser.add_argument(
        "--where",
        default="",
        metavar="EXPRESSION",
        help="""like "status == 'passed' and e_hull < 0.1 and space_group in (166, 227)" """,
    )
    parser.add_argument("--sort", default="id", metavar="COLUMN", help="column to sort by (default: id)")
    parser.add_argument("--descending", action="store_true", help="largest first")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N candidates")


def worker_argument(parser: argparse.ArgumentParser) -> None:
    """How many worker processes costly work gets."""
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="worker processes (default: one a core)")


def log(text: str) -> None:
    """A line for people, on standard error."""
    print(text, file=sys.stderr, flush=True)


ALWAYS = (
    "energy_per_atom", "formation_energy", "e_hull", "nearest_known", "nearest_distance", "novel", "in_domain",
)  # fmt: skip
"""Quantities that every candidate's document names, None where there is none."""

FORMER = {
    "predicted_formation_energy_per_atom": "predicted_formation_energy",
    "predicted_formation_energy_per_atom_std": "predicted_formation_energy.uncertainty",
    "predicted_e_above_hull": "predicted_e_hull",
    "predicted_e_above_hull_std": "predicted_e_hull.uncertainty",
    "predicted_band_gap": "predicted_band_gap",
    "predicted_band_gap_std": "predicted_band_gap.uncertainty",
    "detected_space_group": "space_group",
}
"""Names that scripts may still read, and what they are called now."""


def plain(row: CandidateRow) -> dict[str, Any]:
    """A candidate, fit for JSON."""
    from crystal_studio.campaign import candidate_columns

    document = candidate_columns.plain(row)
    document = {name: None for name in ALWAYS if name not in document} | document
    document |= {former: document.get(name) for former, name in FORMER.items()}
    return document | {"parameters": dict(row.parameters)}


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as aligned text; numbers to the right with three decimals, None as a dash."""
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max([len(name), *(len(line[i]) for line in cells)]) for i, name in enumerate(columns)]
    right = [all(_is_number(line[i]) for line in cells) and bool(cells) for i in range(len(columns))]
    lines = [list(columns), *cells]
    return "\n".join(
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    return text == "–" or text.lstrip("-").replace(".", "", 1).isdigit()


def size_argument(parser: argparse.ArgumentParser, default: str) -> None:
    """Size of a picture, as (width, height) in pixels."""
    parser.add_argument(
        "--size", type=_size, default=default, metavar="WxH", help=f"width and height in pixels (default: {default})"
    )


def _size(text: str) -> tuple[int, int]:
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size: write it like 1600x1000")
    return int(width), int(height)
