"""Do two potentials disagree more where the first one's energy rests on what it is known to be weak at?

crystal-studio generate p.crystals --count 2000 --seed 5 --funnel full --stage consensus:cutoff=0 --device cpu
python benchmarks/weak_points.py p.crystals --first chgnet --second sevennet --where "campaign_id == 1" --most 0
"""

from __future__ import annotations

import argparse

import numpy as np

from crystal_studio.candidates.share import wilson
from crystal_studio.funnel.weaknesses import WEAKNESSES, explained, of_potential
from crystal_studio.project.queries import ProjectReader

FAR = 0.1
"""eV/atom above the second potential's hull, beyond which the two disagree."""


def main(path: str, first: str, second: str, where: str, most: float) -> None:
    """Print a line a kind of mark: candidates with and without it, their median difference, and how many disagree."""
    near = f"e_hull@{first!r} <= {most} and e_hull@{second!r} is not None"
    names = ["id", f"e_hull@{first!r}", f"e_hull@{second!r}", f"volume_change@{first!r}"]
    with ProjectReader(path) as reader:
        found = reader.columns(names, f"({where}) and {near}" if where else near)
        cells = reader.structures(found["id"].tolist(), first)
    marks = of_potential(first, cells, found[names[3]])
    kinds = np.array([[w in explained(mark or "").values() for w in WEAKNESSES] for mark in marks], bool)
    magnetic = [w.name for w in WEAKNESSES].index("magnetic")
    rows = {w.name: kinds[:, k] for k, w in enumerate(WEAKNESSES)}
    rows |= {"any": kinds.any(1), "any but magnetic": np.delete(kinds, magnetic, 1).any(1)}
    apart, far = 1000 * np.abs(found[names[2]] - found[names[1]]), found[names[2]] > FAR
    print(f"{len(apart)} candidates, {far.sum()} more than {FAR} eV/atom above the hull of {second}")
    for name, chosen in rows.items():
        print(f"{name:18} with {_text(apart[chosen], far[chosen])}   without {_text(apart[~chosen], far[~chosen])}")


def _text(apart: np.ndarray, far: np.ndarray) -> str:
    if not len(far):
        return "   0"
    low, high = wilson(int(far.sum()), len(far))
    share = f"{far.mean():5.1%} ({low:.1%} to {high:.1%})"
    return f"{len(far):4}: median {np.median(apart):5.1f} meV/atom, disagree {far.sum():3} {share}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project")
    parser.add_argument("--first", default="chgnet")
    parser.add_argument("--second", default="sevennet")
    parser.add_argument("--where", default="", help="a filter")
    parser.add_argument("--most", type=float, default=0.0, help="eV/atom above the first one's hull")
    arguments = parser.parse_args()
    main(arguments.project, arguments.first, arguments.second, arguments.where, arguments.most)
