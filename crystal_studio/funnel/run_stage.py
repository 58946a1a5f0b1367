"""Calling a stage: what it raises or answers amiss becomes errors, to be tried again, and never a verdict."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crystal_studio.candidates.verdicts import Verdicts, failing, marking
from crystal_studio.errors import KnownError, MissingError
from crystal_studio.execution.calling import is_out_of_memory
from crystal_studio.funnel.batch_parts import join
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch, Stage
from crystal_studio.funnel.well_formed import complaint

log = logging.getLogger(__name__)

MOST_FAILURES = 20
"""Failed calls after which the rest of a batch is not cut further: the stage itself is at fault, no candidate."""


class MalformedVerdicts(Exception):
    """A stage answered something that cannot be stored."""


def run(stage: Stage, batch: Batch, context: Any) -> Verdicts:
    """The verdicts of a stage on a batch; candidates on which it fails get the status "error".

    Where the stage does not reject, those with a reason pass and keep it.
    A batch on which it raises is halved until the candidates at fault are alone, so that the others get their
    verdicts; one with a malformed answer is not, since such a stage cannot be trusted with the parts either. The
    traceback goes to the log and into the note ``traceback``. A ``KnownError`` (a potential that is not installed, say)
    or a lack of memory is passed on: it concerns the whole campaign and has a remedy. Where an optional program is
    missing the stage is left out: all pass, with the sentence in the note ``left_out``.
    """
    return _Attempt(stage, context).judge(batch)


@dataclass
class _Attempt:
    stage: Stage
    context: Any
    failures: int = 0
    told: str = ""

    def judge(self, batch: Batch) -> Verdicts:
        try:
            verdicts = self.stage(batch, self.context)
            if wrong := complaint(self.stage, verdicts, batch):
                raise MalformedVerdicts(wrong)
            return verdicts if self.stage.rejects else verdicts.marked()
        except MissingError as missing:
            return marking(len(batch), notes={"left_out": objects([f"Left out. {missing}"] * len(batch))})
        except KnownError:
            raise
        except Exception as error:
            if is_out_of_memory(error):  # no candidate's fault, and the next ones would meet it too
                raise
            whole = isinstance(error, MalformedVerdicts)
            text = f"{type(error).__name__}: {error}".removesuffix(": ")
            trace = traceback.format_exc()
            self._log(batch, text, trace)
        self.failures += 1
        if whole or len(batch) < 2 or self.failures >= MOST_FAILURES:
            return replace(failing(len(batch), text), notes={"traceback": objects([trace] * len(batch))})
        halves = np.array_split(np.arange(len(batch)), 2)
        parts = [batch.take(half) for half in halves]
        return join(parts, [self.judge(part) for part in parts])

    def _log(self, batch: Batch, text: str, trace: str) -> None:
        which = ", ".join(str(i) for i in dict.fromkeys([*batch.ids[:1].tolist(), *batch.ids[-1:].tolist()]))
        if text == self.told:  # of a half: nothing new
            log.info("The stage %s failed again, on candidates %s: %s", self.stage.name, which, text)
        else:
            log.error("The stage %s failed on candidates %s: %s\n%s", self.stage.name, which, text, trace)
        self.told = text
