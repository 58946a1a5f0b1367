"""What the stages of finished campaigns cost and let through; of two projects also where they differ.

    crystal-studio generate whole.crystals --count 2000 --seed 5 --funnel full --stage free_relaxation:cutoff=0 \\
        --stage consensus:cutoff=0 --device cpu
    python benchmarks/campaign_stages.py whole.crystals [other.crystals]

Seconds are those of the clock in the workers, summed over candidates.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from crystal_studio.project.queries import ProjectReader

POTENTIALS = ("chgnet", "chgnet-free", "sevennet")


def read(path: str) -> tuple[dict[int, dict[str, tuple]], dict[str, float], float, np.ndarray]:
    """Verdicts by candidate and stage, seconds by stage, seconds of the campaign, energies above hull."""
    with ProjectReader(path) as reader:
        ids = reader.ids("", "id")
        verdicts, seconds = {}, Counter()
        for i in ids:
            said = reader.verdicts(int(i))
            verdicts[int(i)] = {v.stage: (v.status, v.reason) for v in said}
            for v in said:
                seconds[v.stage] += v.seconds or 0.0
        campaign = reader.campaigns()[-1]
        stable = "status == 'passed' and novel and e_hull@chgnet <= 0"
        counts = {rule: len(reader.ids(rule, "id")) for rule in (stable, stable.replace("<= 0", "<= 0.1"))}
        rate = 60 * len(ids) / campaign.seconds
        print(f"{path}: {len(ids)} candidates in {campaign.seconds:.0f} s, {rate:.0f} a minute")
        for rule, n in counts.items():
            print(f"  {rule}: {n} ({100 * n / len(ids):.1f}%), {3600 * n / campaign.seconds:.0f} an hour")
        for stage, total in sorted(seconds.items(), key=lambda item: -item[1]):
            print(f"  {stage:16s} {sum(stage in of for of in verdicts.values()):5d} judged  {total:7.1f} s")
        methods = {method.name for method in reader.methods()} & set(POTENTIALS)
        found = reader.columns([f"e_hull@{name}" for name in POTENTIALS if name in methods])
        energies = np.array([found.get(f"e_hull@{name}", np.full(len(ids), np.nan)) for name in POTENTIALS])
    return verdicts, dict(seconds), campaign.seconds, energies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="+")
    paths = parser.parse_args().projects
    first, *others = [read(path) for path in paths]
    for path, other in zip(paths[1:], others, strict=True):
        same = sum(first[0].get(i) == of for i, of in other[0].items())
        print(f"{path}: {same} of {len(other[0])} candidates have the same verdicts and reasons in every stage")
        for name, mine, its in zip(POTENTIALS, first[3], other[3], strict=True):
            both = ~np.isnan(mine) & ~np.isnan(its)
            most = np.abs(mine - its)[both].max(initial=0.0)
            print(f"  energy above hull by {name}: of both for {both.sum()}, largest difference {most:.1e} eV/atom")


if __name__ == "__main__":
    main()
