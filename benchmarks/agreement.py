"""Compares what two potentials say of the candidates of a project: energies above hull, structures, verdicts.

crystal-studio generate p.crystals --count 300 --seed 11 --max-atoms 20 --funnel quick,consensus --device cpu
python benchmarks/agreement.py p.crystals --first chgnet --second sevennet
"""

from __future__ import annotations

import argparse

import numpy as np

from crystal_studio.project.queries import ProjectReader

CUTOFFS = (0.0, 0.025, 0.05, 0.1)
"""eV/atom above the hull, at which verdicts are compared."""


def main(path: str, first: str, second: str) -> None:
    """Print counts, differences and verdicts."""
    names = (f"e_hull@{first}", f"e_hull@{second}", "structures_agree@consensus")
    with ProjectReader(path) as reader:
        ids = reader.ids("", "id")
        found = [{f"{q.quantity}@{q.method.name}": q.value for q in reader.quantities(int(i))} for i in ids]
    rows = np.array([[np.nan if row.get(name) is None else row[name] for name in names] for row in found], float)
    a, b, alike = rows[np.isfinite(rows[:, :2]).all(1)].T
    print(f"{len(ids)} candidates, {np.isfinite(rows[:, 0]).sum()} with {names[0]}, {len(a)} with both")
    if not len(a):
        return
    apart = 1000 * (b - a)
    print(
        f"{names[1]} less {names[0]}: mean {apart.mean():+.1f}, mean size {np.abs(apart).mean():.1f}, median size"
        f" {np.median(np.abs(apart)):.1f}, 95% within {np.percentile(np.abs(apart), 95):.1f} meV/atom"
    )
    print(f"same crystal by both: {int(np.nansum(alike))} of {np.isfinite(alike).sum()}")
    print(f"{'eV/atom':>8} {'both':>6} {first:>10} {second:>10} {'neither':>8}  (stable at most so far above the hull)")
    for cutoff in CUTOFFS:
        one, other = a <= cutoff, b <= cutoff
        print(
            f"{cutoff:8.3f} {(one & other).sum():6} {(one & ~other).sum():10} {(~one & other).sum():10}"
            f" {(~one & ~other).sum():8}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project")
    parser.add_argument("--first", default="chgnet")
    parser.add_argument("--second", default="sevennet")
    arguments = parser.parse_args()
    main(arguments.project, arguments.first, arguments.second)
