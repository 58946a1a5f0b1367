"""Known metal-organic frameworks as an example project, beside what a model proposes.

    python benchmarks/example_frameworks.py PROJECT --model mofdiff-core --count 32 --seed 3
    python benchmarks/example_frameworks.py PROJECT

With ``--model``: a campaign of the funnel "mof" with estimates of CO2, in a new or an existing project. Without:
HKUST-1 and frameworks of CoRE MOF 2019 with other metals, one for each set of metals in the order of their names, of at
most ``--atoms`` atoms in the cell, that pass the checks of the funnel "mof". They are put together from the blocks of
the shipped library, so their atoms stand up to 0.3 A from where they were measured; their pores are those that the
authors of the table give. The names of the campaigns and the origin of each candidate say which are known and which
generated. Both, in this order, make ``resources/example/frameworks.crystals``.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from pathlib import Path

import numpy as np

from crystal_studio import paths
from crystal_studio.campaign.importing import KIND
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, rejecting
from crystal_studio.funnel.mof_validity import MofValidityStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.elements import IS_METAL
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.whole import whole_atoms
from crystal_studio.project.store import ProjectWriter

FIRST = "FIQCEN_clean"  # HKUST-1
FIGURES = ("lcd", "pld", "surface_area", "void_fraction")
TABLE = Method("core-mof-2019", "reference", "CoRE MOF 2019 (Zeo++ by its authors)")


def pores() -> dict[str, list[float]]:
    """The figures of the table by the name of the framework."""
    with (paths.resources() / "mof" / "pores.csv").open(newline="") as file:
        return {row["name"]: [float(row[figure]) for figure in FIGURES] for row in csv.DictReader(file)}


def chosen(count: int, most_atoms: int) -> tuple[list[str], Candidates]:
    """Names and candidates by the rule, all of which pass the checks."""
    mofs, library, known = shipped_mofs(), shipped_blocks(), pores()
    atoms = np.add.reduceat(library.n_atoms[mofs.block], mofs.offsets[:-1])
    small = [i for i in np.argsort(mofs.name) if atoms[i] <= most_atoms and known[mofs.name[i]][1] >= 3.0]
    small.sort(key=lambda i: mofs.name[i] != FIRST)
    used: set[frozenset[int]] = set()
    names: list[str] = []
    kept: list[Candidates] = []
    for i in small:
        rows = mofs.block[mofs.blocks(i)]
        numbers = np.concatenate([library.numbers[library.atoms(row)] for row in rows if library.kind[row] == NODE])
        metals = frozenset(numbers[IS_METAL[numbers]].tolist())
        if metals in used:
            continue
        candidate = whole_atoms(mofs.take(np.array([i])), library)
        if MofValidityStage()(Batch(np.zeros(1, np.int64), candidate, {}), None).status[0] != "passed":
            continue
        used.add(metals)
        names.append(str(mofs.name[i]))
        kept.append(candidate)
        if len(kept) == count:
            break
    return names, Candidates.concatenate(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--known", type=int, default=32, help="how many known frameworks")
    parser.add_argument("--atoms", type=int, default=160, help="most atoms in the cell of a known framework")
    parser.add_argument("--model", default="", help="add a campaign of this model")
    parser.add_argument("--count", type=int, default=32, help="candidates of the campaign")
    parser.add_argument("--target", help="what the campaign aims at, like co2_working_capacity=2:4")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.model:
        command = [sys.executable, "-m", "crystal_studio", "generate", str(args.project), "--model", args.model]
        command += ["--count", str(args.count), "--seed", str(args.seed), "--funnel", "mof", "--device", "cpu"]
        command += ["--stage", "co2_estimate", *(["--target", args.target] if args.target else [])]
        subprocess.run([*command, "--name", "Generated frameworks (MOFDiff)"], check=True)
        return
    names, candidates = chosen(args.known, args.atoms)
    figures = np.array([pores()[name] for name in names])
    provenance = {"data": "CoRE MOF 2019 (CC BY 4.0), put together from the blocks of the shipped library"}
    with (ProjectWriter.open if args.project.exists() else ProjectWriter.create)(args.project) as writer:
        campaign = writer.add_campaign("Known frameworks (CoRE MOF 2019)", {}, provenance, len(names), kind=KIND)
        sources = [f"CoRE MOF 2019: {name}" for name in names]
        ids = writer.add_candidates(campaign, np.arange(len(names)), candidates, sources, unjudged=True)
        checked = MofValidityStage()(Batch(ids, candidates, {}), None)
        writer.record(campaign, "mof_validity", ids, checked)
        found = [Finding(name, TABLE, figures[:, k]) for k, name in enumerate(FIGURES)]
        writer.record(campaign, "pores", ids, rejecting([None] * len(names), found), last=True)
        writer.set_campaign(campaign, "finished")
    print(f"{len(names)} known frameworks, {args.project.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
