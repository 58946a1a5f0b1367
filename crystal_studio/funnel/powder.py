"""Does the crystal diffract as the sample does?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.analysis.powder import WAVELENGTH, Measured, read_measured
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, marking, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.soundness import COMPUTABLE, fault_text
from crystal_studio.errors import FileError, KnownError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option, time_limit

METHOD = Method("powder", "geometry", "Powder pattern calculated from the geometry")
MOST_VOLUME = 20_000.0
"""Cubic Angstrom up to which reflections are calculated."""
UNSET = "No measured pattern is named: set its file, two columns of numbers, 2θ in degrees and intensity."


@dataclass(frozen=True)
class PowderStage:
    """Compares the calculated powder pattern of each candidate with a measured one.

    The cell is stretched by what its symmetry allows, so that candidates whose cell is a few per cent off are known
    for what they are; fractional coordinates stay as they are.
    """

    file: str = option(
        "",
        "Measured pattern",
        "file of two columns, 2θ in degrees and intensity",
        kind="file",
        zero="none",
        metavar="FILE",
    )
    wavelength: float = option(
        WAVELENGTH, "Wavelength", "of the radiation; copper Kα is 1.5418", unit="Å", low=0.1, high=10, step=0.01
    )
    threshold: float = option(
        0.7, "Least agreement", "cosine of the two patterns below which a candidate is marked", low=0, high=1, step=0.05
    )
    stretch: float = option(
        0.05,
        "Stretch, at most",
        "share by which a cell may be longer or shorter in any direction to fit; 0 compares it as it is",
        low=0,
        high=0.15,
        step=0.01,
    )
    width: float = option(
        0.15,
        "Width",
        "full width at half maximum of a reflection",
        unit="°",
        low=0.01,
        high=5,
        step=0.05,
        advanced=True,
    )
    seconds: float = time_limit(300.0)
    rejects: bool = False

    name = "powder"
    version = 1
    title = "Powder pattern"
    in_order = False
    costly = True
    remembers = False
    requires = ()
    gives = ("powder_agreement", "powder_stretch")
    reasons = (
        ReasonKind(
            "unlike_pattern",
            "Unlike the measured pattern",
            "Its powder pattern agrees with the measured one by {agreement:.2f}, less than {threshold:g}.",
        ),
    )

    def lacks(self) -> tuple[str, str]:
        """(option, sentence) of what has to be set first; empty where nothing has."""
        if not self.file:
            return "file", UNSET
        if not Path(self.file).is_file():
            return "file", f"The measured pattern {self.file} is not there: name another file."
        return "", ""

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds powder_agreement (cosine of the calculated and the measured pattern less its background, of the cell
        that fits best) and powder_stretch (largest relative change of a length, with its sign); NaN for cells that are
        none. Notes powder_note (why nothing can be said).

        Raises ``FileError`` if the measured pattern cannot be read.
        """
        from crystal_studio.analysis.powder_fit import fit

        size = len(batch)
        if not self.file:
            return marking(size, notes={"powder_note": objects([UNSET] * size)})
        measured = _measured(self.file)
        alike, stretched, notes = np.full(size, np.nan), np.full(size, np.nan), objects([None] * size)
        for i in range(size):
            one = batch.structures.take(np.array([i]))
            fault = fault_text(*one.cell(0), COMPUTABLE) or _too_large(one)
            if fault:
                notes[i] = fault
                continue
            try:
                best = fit(one, measured, self.wavelength, self.stretch, self.width)
            except KnownError as error:
                notes[i] = str(error)
                continue
            alike[i], stretched[i] = best.agreement, best.largest
        reasons = [
            Reason("unlike_pattern", {"agreement": float(a), "threshold": self.threshold})
            if a < self.threshold
            else None
            for a in alike
        ]
        findings = (Finding("powder_agreement", METHOD, alike), Finding("powder_stretch", METHOD, stretched))
        return rejecting(reasons, findings, {"powder_note": notes})


def _too_large(one: Structures) -> str:
    volume = float(abs(np.linalg.det(one.lattice[0])))
    if volume <= MOST_VOLUME:
        return ""
    return f"Its cell of {volume:,.0f} Å³ has more reflections than a powder pattern shows."


def _measured(file: str) -> Measured:
    path = Path(file)
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise FileError(f"The pattern {path} cannot be read ({error.strerror}): check its name.") from error


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Measured:
    return read_measured(path)
