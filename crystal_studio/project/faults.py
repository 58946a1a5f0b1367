"""What is said of candidates that are not there, or are not what was written."""

from __future__ import annotations

from pathlib import Path

from crystal_studio.errors import FileError


def damaged(path: Path, candidate_id: int, what: str) -> FileError:
    """The error for a candidate of which something is not what was written."""
    return FileError(
        f"Candidate {candidate_id} of {path} is damaged ({what}): see what can be saved with crystal-studio doctor "
        f"{path}, or restore the project from a copy."
    )


def missing_candidate(path: Path, candidate_id: int) -> FileError:
    """The error for an id that no candidate has."""
    return FileError(f"{path} has no candidate {candidate_id}.")
