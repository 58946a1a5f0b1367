"""Candidates as tables: CSV for a spreadsheet, parquet with every structure for analysis."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.lattice import cell_parameters, densities
from crystal_studio.errors import FileError
from crystal_studio.exchange.exporter import Contents, Exporter


def _table(contents: Contents) -> Mapping[str, Sequence[Any]]:
    """The columns given; composition and cell where none are."""
    if contents.columns:
        return contents.columns
    cells: Structures = contents.cells
    parameters = cell_parameters(cells.lattice)
    return {
        "name": contents.names,
        "formula": formulas(cells),
        "n_atoms": cells.n_atoms.tolist(),
        **{key: parameters[:, k].tolist() for k, key in enumerate(("a", "b", "c", "alpha", "beta", "gamma"))},
        "volume": cells.volume.tolist(),
        "density": densities(cells).tolist(),
    }


def _write_csv(path: Path, contents: Contents) -> None:
    table = _table(contents)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(["" if v is None else v for v in row] for row in zip(*table.values(), strict=True))
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def _write_parquet(path: Path, contents: Contents) -> None:
    """The table, and with it every structure: lattice (9), numbers (n), positions (3n)."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise FileError("Parquet needs the package pyarrow: pip install pyarrow, or export csv.") from error
    cells = contents.cells
    data = {name: list(values) for name, values in _table(contents).items()}
    data["lattice"] = cells.lattice.reshape(-1, 9).tolist()
    data["numbers"] = [cells.numbers[cells.atoms(i)].tolist() for i in range(len(cells))]
    data["positions"] = [cells.positions[cells.atoms(i)].reshape(-1).tolist() for i in range(len(cells))]
    pq.write_table(pa.table(data), path)


CSV = Exporter("csv", "Table (CSV)", "The columns of the table, for a spreadsheet", ".csv", True, _write_csv)
PARQUET = Exporter(
    "parquet",
    "Table (Parquet)",
    "The columns of the table and every structure, for analysis",
    ".parquet",
    True,
    _write_parquet,
)
