"""The README and the scripts of a bundle."""

from __future__ import annotations

from collections.abc import Mapping

from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.protocol import RELAX, Code, Settings

RUN_ALL = """#!/bin/sh
# Computes every candidate, one after the other; what is done is left out.
#   RUN="mpirun -n 8" sh run_all.sh
cd "$(dirname "$0")" || exit 1
failed=0
while IFS= read -r folder; do
    echo "$folder"
    sh run_one.sh "$folder" < /dev/null || { echo "$folder did not end well: look into it" >&2; failed=1; }
done < folders.txt
exit $failed
"""


def run_one(code: Code) -> str:
    """The script that computes one folder."""
    return f"""#!/bin/sh
# Computes one candidate: sh run_one.sh FOLDER. RUN stands before the program, such as RUN="mpirun -n 8".
cd "$(dirname "$0")/$1" || exit 1
[ -f done ] && exit 0
{code.command} && touch done
"""


def slurm(size: int) -> str:
    """A job array for Slurm."""
    return f"""#!/bin/bash
#SBATCH --job-name=crystal-studio
#SBATCH --array=1-{size}
#SBATCH --nodes=1
#SBATCH --ntasks=16
#SBATCH --time=12:00:00
#SBATCH --output=slurm-%A_%a.log
# One task a candidate: sbatch slurm.sh, in this folder. Load the code here if your cluster has modules:
# module load ...
cd "$SLURM_SUBMIT_DIR" || exit 1
export OMP_NUM_THREADS=1
export RUN="${{RUN-srun}}"
sh run_one.sh "$(sed -n "${{SLURM_ARRAY_TASK_ID}}p" folders.txt)"
"""


def readme(code: Code, jobs: Mapping[str, Manifest], project: str, shared: str) -> str:
    """What to do, and how to bring it back; ``shared`` is what the code says of the files for all."""
    name, first = next(iter(jobs.items()))
    rows = "\n".join(
        f"| {job.candidate} | {job.formula} | {len(job.cell.numbers)} | {job.geometry} | `{folder}` |"
        for folder, job in jobs.items()
    )
    return f"""# {len(jobs)} {"candidate" if len(jobs) == 1 else "candidates"} of {project} for {code.title}

{_asked(first.settings)} Each folder holds the inputs of the primitive cell of one candidate.

| candidate | formula | atoms | geometry | folder |
| --- | --- | --- | --- | --- |
{rows}

## Before
{code.needs}
{shared}
## Run
- On a cluster with Slurm: set tasks, time and modules at the head of `slurm.sh`, then `sbatch slurm.sh`.
- Elsewhere: `RUN="mpirun -n 8" sh run_all.sh`, or one candidate: `sh run_one.sh {name}`.

What ended well has a file `done` and is left out when a script is run again.

## Bring it back
Leave `crystal-studio.json` in each folder as it is, copy this folder (or a .zip of it) back, and

    crystal-studio dft {project} --collect FOLDER

Every candidate that has a result gets its energy and its geometry, with functional and settings; what is missing or
did not converge is named.
"""


def _asked(settings: Settings) -> str:
    what = "Relaxation of atoms and cell" if settings.task == RELAX else "Energy of the crystal as it is"
    until = f", forces below {settings.fmax:g} eV/Å, at most {settings.max_steps} steps" * (settings.task == RELAX)
    return (
        f"{what}: {settings.functional}, plane waves to {settings.cutoff:g} eV,"
        f" k-points {settings.kpoint_spacing:g} 1/Å apart (with 2π), smearing {settings.smearing:g} eV,"
        f" spins {'free' if settings.spin else 'off'}{until}."
    )
