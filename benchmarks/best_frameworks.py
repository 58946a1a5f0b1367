"""The best frameworks of a run of ``mofdiff_targets.py``, relaxed, checked, measured by all means and drawn.

    python benchmarks/best_frameworks.py OUT --way best8 --best 5 --pictures FILE.png [--common 0.02] [--table]

Of the valid frameworks of a way those are taken whose metals at least a share ``--common`` of the known frameworks
hold (0: any metal), in the order of their estimates as built, two of each set of linkers. Each is relaxed by UFF, and
is left where it then passes every check by perceived bonds, is none of those that ship, and lets a sphere of 2.4 A
through. The best by the estimate of what is relaxed, one of each set of linkers, are measured: pores by Zeo++
(undivided), CO2 by Monte Carlo on the grid and by RASPA3, where the programs are there. What was found is kept in OUT
(``best_WAY.jsonl``) and not done again; ``--table`` prints and draws what is there.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from mofdiff_targets import CO2, STATES, estimated, valid_of

from crystal_studio.app.viewer.picture import render
from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.errors import KnownError
from crystal_studio.execution.other_python import ProgramError
from crystal_studio.funnel.mof_novelty import MofNoveltyStage
from crystal_studio.funnel.mof_validity import RelaxedMofValidityStage
from crystal_studio.funnel.pores import PoresStage
from crystal_studio.funnel.protocol import Batch, Stage
from crystal_studio.funnel.run_stage import run
from crystal_studio.funnel.uff_relaxation import UffRelaxationStage
from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.contents import stem_of
from crystal_studio.mof.elements import IS_METAL
from crystal_studio.mof.eqeq import charges
from crystal_studio.mof.gcmc import Loading, co2_loadings
from crystal_studio.mof.grid_gcmc import loadings
from crystal_studio.mof.library import shipped_blocks, shipped_mofs


@cache
def shares() -> dict[int, float]:
    """Share of the known frameworks that hold each metal."""
    library, mofs = shipped_blocks(), shipped_mofs()
    held = [{z for z in library.numbers[library.atoms(k)].tolist() if IS_METAL[z]} for k in range(len(library))]
    count = Counter(z for i in range(len(mofs)) for z in set().union(*(held[b] for b in mofs.block[mofs.blocks(i)])))
    return {z: n / len(mofs) for z, n in count.items()}


@cache
def linkers_of_library() -> frozenset[str]:
    """Names of bond graphs of linkers."""
    library = shipped_blocks()
    names = zip(library.name.tolist(), library.kind.tolist(), strict=True)
    return frozenset(stem_of(name) for name, kind in names if kind != NODE)


def linkers(row: dict[str, Any]) -> tuple[str, ...]:
    """A framework's set of linkers."""
    return tuple(sorted({stem_of(block) for block in row["blocks"]} & linkers_of_library()))


def chosen(rows: list[dict[str, Any]], common: float) -> list[dict[str, Any]]:
    """Those of common metals, best as built first, two of each set of linkers."""
    rows = sorted(rows, key=lambda row: -row["estimate"])
    seen: Counter[tuple[str, ...]] = Counter()
    kept = []
    for row in rows:
        if all(shares().get(z, 0.0) >= common for z in row["numbers"] if IS_METAL[z]) and seen[linkers(row)] < 2:
            seen[linkers(row)] += 1
            kept.append(row)
    return kept


def cell(row: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lattice, numbers and positions."""
    return np.array(row["lattice"]), np.array(row["numbers"]), np.array(row["positions"])


def judged(stage: Stage, structures: Structures) -> Any:
    """One structure's verdict."""
    return run(stage, Batch(np.zeros(1, np.int64), Candidates.of_structures(structures)), None)


def relaxed(row: dict[str, Any]) -> dict[str, Any]:
    """A framework as it lies after UFF with its estimate and limiting diameter, or why it is lost."""
    verdicts = judged(UffRelaxationStage(), Structures.from_lists(*([part] for part in cell(row))))
    if verdicts.status[0] != "passed" or verdicts.geometry is None:
        return {"lost": f"relaxed: {verdicts.status[0]}"}
    structures = verdicts.geometry.structures
    checked = judged(RelaxedMofValidityStage(), structures)
    if checked.status[0] != "passed":
        return {"lost": checked.notes["failed_checks"][0]}
    if judged(MofNoveltyStage(), structures).reasons[0] is not None:
        return {"lost": "known"}
    pores = judged(PoresStage(divided=False, rejects=True), structures)
    if pores.status[0] != "passed":
        return {"lost": "narrow"}
    lattice, numbers, positions = structures.cell(0)
    return {
        "relaxed": estimated(lattice, numbers, positions, CO2),
        "pores": {found.quantity: float(found.values[0]) for found in pores.findings},
        "lattice": lattice.tolist(),
        "numbers": numbers.tolist(),
        "positions": positions.round(6).tolist(),
    }


def capacity(found: dict[str, Loading]) -> dict[str, Any]:
    """Working capacity with its standard error, and whether both loadings stood still."""
    taken, kept = found["taken"], found["kept"]
    error = float(np.hypot(taken.error, kept.error))
    return {"value": taken.value - kept.value, "error": error, "still": taken.still and kept.still}


def measured(row: dict[str, Any], cycles: tuple[int, int], seconds: float) -> dict[str, Any]:
    """By Monte Carlo on the grid, and by RASPA3 where it is there."""
    lattice, numbers, positions = cell(row)
    charge = charges(lattice, numbers, positions)
    found = {"grid": capacity(loadings(lattice, numbers, positions, charge, STATES))}
    try:
        raspa = co2_loadings(lattice, numbers, positions, charge, STATES, cycles, seconds)
    except (ProgramError, KnownError) as error:
        return found | {"raspa_error": str(error)}
    return found | {"raspa": capacity(raspa)}


def told(figure: dict[str, Any] | None) -> str:
    """A figure with its error; in brackets where it had not settled."""
    if figure is None:
        return ""
    text = f"{figure['value']:.2f} ± {figure['error']:.2f}"
    return text if figure["still"] else f"({text})"


def table(best: list[dict[str, Any]]) -> str:
    """As it stands in the documentation."""
    lines = [
        "| blocks | atoms | limiting diameter, Å | estimated as built | relaxed: estimated | on the grid | RASPA3 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in best:
        names = ", ".join(sorted({stem_of(block) for block in row["blocks"]}))
        lines.append(
            f"| {names} | {len(row['numbers'])} | {row['pores']['pld']:.1f} | {row['estimate']:.2f} | "
            f"{row['relaxed']:.2f} | {told(row.get('grid'))} | {told(row.get('raspa'))} |"
        )
    return "\n".join(lines)


def draw(best: list[dict[str, Any]], path: Path) -> None:
    """All in one picture, three in a line, with their metals."""
    from PIL import Image, ImageDraw

    width, height, across = 420, 420, 3
    whole = Image.new("RGB", (width * min(across, len(best)), height * -(-len(best) // across)), "white")
    for k, row in enumerate(best):
        one = render(*cell(row), path.with_name(f"{path.stem}-{k}.png"), "framework", (width, height))
        at = (width * (k % across), height * (k // across))
        whole.paste(Image.open(one).convert("RGB"), at)
        metals = ", ".join(SYMBOLS[z] for z in sorted({z for z in row["numbers"] if IS_METAL[z]}))
        text = f"{k + 1}: {metals}, {row.get('grid', {'value': row['relaxed']})['value']:.2f} mmol/g"
        ImageDraw.Draw(whole).text((at[0] + width // 2, at[1] + height - 16), text, fill="black", anchor="mm")
        one.unlink()
    whole.save(path)


def main() -> None:
    """Relax, measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--way", default="best8")
    parser.add_argument("--best", type=int, default=5)
    parser.add_argument("--common", type=float, default=0.02, help="share of known frameworks that hold its metals")
    parser.add_argument("--relax", type=int, default=1000, metavar="N", help="relax the first N as built, at most")
    parser.add_argument(
        "--cycles", type=int, nargs=2, default=(200, 200), help="RASPA3: to settle, to average at least"
    )
    parser.add_argument("--seconds", type=float, default=7200.0, help="that RASPA3 is given for one framework")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--table", action="store_true", help="print and draw what is there")
    arguments = parser.parse_args()
    path = arguments.out / f"best_{arguments.way}.jsonl"
    rows = {(row["chunk"], row["row"]): row for row in valid_of(arguments.out, arguments.way)}
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        one = json.loads(line)
        found.setdefault((one["chunk"], one["row"]), {}).update(one)

    def keep(key: tuple[int, int], figures: dict[str, Any]) -> None:
        found.setdefault(key, {}).update(figures)
        with path.open("a") as file:
            file.write(json.dumps({"chunk": key[0], "row": key[1]} | figures) + "\n")

    for row in chosen(list(rows.values()), arguments.common)[: arguments.relax]:
        key = row["chunk"], row["row"]
        if key not in found and not arguments.table:
            keep(key, relaxed(row))
            print(key, found[key].get("lost") or f"{found[key]['relaxed']:.2f}", flush=True)
    common = {(row["chunk"], row["row"]) for row in chosen(list(rows.values()), arguments.common)}
    left = [rows[key] | one for key, one in found.items() if "relaxed" in one and key in common]
    best: list[dict[str, Any]] = []
    for row in sorted(left, key=lambda row: -row["relaxed"]):
        if len(best) < arguments.best and linkers(row) not in {linkers(other) for other in best}:
            best.append(row)
    for row in best:
        if "grid" not in row and not arguments.table:
            row.update(measured(row, tuple(arguments.cycles), arguments.seconds))
            keep((row["chunk"], row["row"]), {k: row[k] for k in ("grid", "raspa", "raspa_error") if k in row})
            print(told(row["grid"]), told(row.get("raspa")), row.get("raspa_error", ""), flush=True)
    print(f"{len(found)} relaxed, lost: {dict(Counter(one['lost'] for one in found.values() if 'lost' in one))}")
    print(table(best))
    if arguments.pictures and best:
        draw(best, arguments.pictures)


if __name__ == "__main__":
    main()
