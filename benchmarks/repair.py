"""What repair makes of first draws of the installed model, and how many structures a second.

    python benchmarks/repair.py --count 300 --steps 50

Structural validity: every distance at least 0.5 Angstrom (CDVAE); physical validity: at least 0.6 of the sum of
covalent radii; group: the space group found at 0.1 Angstrom is the one asked for. Nothing is drawn again. Rates are by
processor time.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from raw_output import raw_output

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.neighbours import minimum_distances, minimum_radius_ratios
from crystal_studio.crystal.primitive import primitive
from crystal_studio.crystal.projection import project
from crystal_studio.crystal.repair import repair
from crystal_studio.crystal.standardise import space_group_numbers


def show(title: str, units: AsymmetricUnits) -> None:
    """One line of the table."""
    cells = primitive(expand(units), units.space_group)
    structural, physical = minimum_distances(cells) >= 0.5, minimum_radius_ratios(cells) >= 0.6
    group = space_group_numbers(cells, 0.1) == units.space_group
    rates = (structural, physical, group, structural & physical & group)
    print(f"{title:28}" + "".join(f"{100 * r.mean():10.2f}%" for r in rates))


def main() -> None:
    """Print the table, the rate, and how far atoms moved."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default="")
    arguments = parser.parse_args()
    units = project(*raw_output(arguments.count, arguments.steps, arguments.seed, arguments.model))
    print(f"{len(units)} first draws at {arguments.steps} steps")
    print(f"{'':28}{'structural':>11}{'physical':>11}{'group':>11}{'all three':>11}")
    show("raw", units)
    for title, most in (("repaired, volume kept", 1.0), ("repaired, edges up to +10%", 1.1)):
        show(title, repair(units, most_expansion=most).units)
    times = []
    for _ in range(7):
        started = time.process_time()
        done = repair(units)
        times.append(time.process_time() - started)
    print(f"{len(units) / np.median(times):.0f} structures/s")
    print(f"{done.touched.mean():.1%} touched, {1 - done.ok.mean():.1%} still overlapped")
    furthest = done.moved[done.touched].max(1)
    if len(furthest):
        half, most = np.quantile(furthest, [0.5, 0.9])
        print(f"atom moved furthest, Angstrom: median {half:.2f}, 90% below {most:.2f}, at most {furthest.max():.2f}")
        print(f"cells expanded {(done.scale > 1).sum()}, by at most {100 * (done.scale.max() - 1):.0f}% of an edge")


if __name__ == "__main__":
    main()
