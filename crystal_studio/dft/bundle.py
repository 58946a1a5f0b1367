"""Bundles: a folder of DFT jobs with what a machine that has the code needs to run them, and the way back as a .zip."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import crystal_studio
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.dft import bundle_texts
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.protocol import Shares
from crystal_studio.dft.registry import CODES
from crystal_studio.errors import FileError
from crystal_studio.exchange.files import explained, replacing

CONTENTS, FOLDERS = "bundle.json", "folders.txt"
VERSION = 1


def equip(root: Path, jobs: Mapping[str, Manifest], project: str) -> None:
    """Make a bundle of a folder with jobs for one code: a list of its contents, a README, scripts, what the code needs.

    jobs : those in it, by the name of their folder
    project : name of the project, to which the README leads the results back

    Raises ``FileError`` where the folder is a bundle already or cannot be written.
    """
    if len({(job.run, job.code, job.settings) for job in jobs.values()}) != 1:
        raise ValueError("a bundle holds jobs of one run, one code and the same settings")
    require_none(root)
    first = next(iter(jobs.values()))
    code = CODES.get(first.code)
    try:
        shared = code.share(root, _symbols(jobs)) if isinstance(code, Shares) else ""
        texts = {
            FOLDERS: "".join(f"{name}\n" for name in jobs),
            "README.md": bundle_texts.readme(code, jobs, project, shared),
            "run_one.sh": bundle_texts.run_one(code),
            "run_all.sh": bundle_texts.RUN_ALL,
            "slurm.sh": bundle_texts.slurm(len(jobs)),
            CONTENTS: json.dumps(_contents(jobs, project), indent=1) + "\n",
        }
        for name, text in texts.items():
            (root / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise explained(root, error) from error


def require_none(root: Path) -> None:
    """Raises ``FileError`` where a folder is a bundle already."""
    if (root / CONTENTS).exists():
        raise FileError(f"{root} is a bundle already: choose another folder.")


def _symbols(jobs: Mapping[str, Manifest]) -> list[str]:
    every = counts(Structures.concatenate(job.given for job in jobs.values()))
    return [SYMBOLS[z] for z in np.flatnonzero(every.sum(0))]


def _contents(jobs: Mapping[str, Manifest], project: str) -> dict:
    first = next(iter(jobs.values()))
    return {
        "format": "crystal-studio dft bundle",
        "version": VERSION,
        "crystal_studio": crystal_studio.__version__,
        "project": project,
        "run": first.run,
        "code": first.code,
        "settings": first.settings.as_json(),
        "candidates": [
            {
                "id": job.candidate,
                "folder": name,
                "formula": job.formula,
                "geometry": job.geometry,
                "checksum": checksum(job.given),
            }
            for name, job in jobs.items()
        ],
    }


def checksum(structure: Structures) -> str:
    """SHA-256 of one crystal (B = 1): cell, elements and positions to the last bit."""
    parts = (structure.lattice.astype("<f8"), structure.numbers.astype("<i2"), structure.positions.astype("<f8"))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def pack(root: Path) -> Path:
    """The bundle as one file, ROOT.zip beside it; raises ``FileError`` where that cannot be written or is there."""
    target = root.with_name(f"{root.name}.zip")
    if target.exists():
        raise FileError(f"{target} is there already: move it away, or choose another folder for the bundle.")
    with replacing(target) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(root.rglob("*")):
            file.write(path, path.relative_to(root.parent))
    return target


@contextmanager
def opened(place: Path) -> Iterator[Path]:
    """The folder of what came back: itself, or what a .zip holds, which lies on this machine until the block ends.

    Raises ``FileError`` where there is no such thing.
    """
    if place.is_dir():
        yield place
        return
    if not place.exists():
        raise FileError(f"There is no {place}: correct the name of the folder or .zip that came back.")
    with tempfile.TemporaryDirectory(prefix="crystal-studio-") as scratch:
        try:
            with zipfile.ZipFile(place) as file:
                file.extractall(scratch)
        except OSError as error:
            raise explained(Path(scratch), error) from error
        except Exception as error:  # whatever a damaged archive makes of its reader
            raise FileError(f"{place} is no whole .zip ({error}): copy it again, or name its folder.") from error
        yield Path(scratch)
