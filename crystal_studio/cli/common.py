"""Options and output that several commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crystal_studio.candidates.objectives import Ranking
    from crystal_studio.project.queries import ProjectReader
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
    parser.add_argument(
        "--pareto",
        default="",
        metavar="OBJECTIVES",
        help="""only what no other candidate beats in one to four quantities, each to be low, high or near a range, like
            "e_hull:low band_gap=1:2 density:low"; of a quantity that nothing has computed the predicted one counts""",
    )
    parser.add_argument(
        "--fronts",
        type=int,
        default=1,
        metavar="N",
        help="with --pareto: the first N fronts, 1 being the Pareto front (at most 5; default: 1)",
    )


def selection(reader: ProjectReader, args: argparse.Namespace) -> tuple[NDArray[np.int64], Ranking | None]:
    """Ids that ``selection_arguments`` ask for, by fronts and in order, and how they rank; raises ``RequestError``."""
    import numpy as np

    from crystal_studio.candidates.pareto import DEEPEST
    from crystal_studio.errors import RequestError
    from crystal_studio.project import pareto

    ids = reader.ids(args.where, args.sort, args.descending)
    if not args.pareto:
        return ids[: args.limit], None
    if not 1 <= args.fronts <= DEEPEST:
        raise RequestError(f"--fronts is 1 to {DEEPEST}: fronts behind these are not told apart.", "fronts")
    ranking = pareto.ranking(reader, pareto.objectives(args.pareto), args.where)
    chosen = ranking.ids[(ranking.ranks > 0) & (ranking.ranks <= args.fronts)]
    return ranking.sorted(ids[np.isin(ids, chosen)])[: args.limit], ranking


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
