"""A Dask cluster whose workers are Slurm jobs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from crystal_studio.errors import KnownError
from crystal_studio.execution.dask import DaskEngine, imported

JOBS = 8
"""Jobs asked for where nobody says how many."""


def slurm_engine(name: str, jobs: int = 0) -> DaskEngine:
    """An engine of ``jobs`` Slurm jobs.

    ``name`` is a section of Dask's settings (``jobqueue.NAME``: queue, cores, memory, walltime, ...) or else a
    partition, with one core and 4 GB a job. The connections are encrypted with certificates made for this run.
    Raises ``KnownError`` where dask-jobqueue is missing or Slurm does not take the jobs.
    """
    imported()
    try:
        import dask
        from dask_jobqueue import SLURMCluster
    except ImportError as error:
        raise KnownError(
            "dask-jobqueue, which asks Slurm for workers, is not installed: pip install 'crystal-studio[cluster]'."
        ) from error
    if not shutil.which("sbatch"):
        raise KnownError("Slurm is not here (there is no sbatch): start this on a machine that submits Slurm jobs.")
    settings: dict[str, Any] = {"security": True, "protocol": "tls://"}
    if not dask.config.get("jobqueue.slurm.shared-temp-directory", None):
        settings["shared_temp_directory"] = str(Path.home())  # jobs read the certificates there
    if dask.config.get(f"jobqueue.{name}", None):
        settings["config_name"] = name
    else:
        settings |= {"queue": name, "cores": 1, "processes": 1, "memory": "4 GB"}
    try:
        cluster = SLURMCluster(**settings)
    except (ValueError, TypeError, ImportError, OSError, RuntimeError) as error:
        raise KnownError(f"The Slurm workers of {name!r} cannot be set up ({error}): see docs/clusters.md.") from error
    cluster.scale(jobs=jobs or JOBS)
    return DaskEngine(cluster)
