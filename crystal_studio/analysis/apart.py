"""Analyses that need a potential, in a process of their own: they take long, and can be ended at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module

from crystal_studio.analysis.protocol import Analysis, Tell, silent
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import KnownError
from crystal_studio.execution.child import Child, Parent

LONG = {
    "elastic": "crystal_studio.analysis.elastic:elastic",
    "phonons": "crystal_studio.analysis.vibrations:vibrations",
}
"""By name: functions of a potential, a crystal (B = 1) and ``tell``."""

TICK = 0.05
"""Seconds between two looks at the child."""


def analyse(
    what: str,
    potential: str,
    crystal: Structures,
    device: str = "cpu",
    tell: Tell = silent,
    stop: Callable[[], bool] = lambda: False,
) -> Analysis | None:
    """One of ``LONG`` by a potential; None where ``stop()`` said so, which is asked many times a second.

    Raises ``KnownError`` where the crystal has no answer, or the process died.
    """
    child = Child(_run, (LONG[what], potential, device, crystal), name=what)
    child.start()
    try:
        while not stop():
            for word in child.poll():
                if isinstance(word, Analysis):
                    return word
                if isinstance(word, KnownError):
                    raise word
                tell(str(word))
            if child.ended is not None:
                raise KnownError(f"The analysis ended unexpectedly ({child.ended}): try it again.")
            time.sleep(TICK)
        return None
    finally:
        child.drop()


def _run(parent: Parent, function: str, potential: str, device: str, crystal: Structures) -> None:
    """The child: words on what it does, then the analysis or why there is none."""
    parent.listen(lambda _: None)
    try:
        from crystal_studio.potentials import registry

        parent.tell("Loading the potential")
        module, _, name = function.partition(":")
        parent.tell(getattr(import_module(module), name)(registry.load(potential, device), crystal, parent.tell))
    except KnownError as error:
        parent.tell(KnownError(str(error)))
    except Exception as error:  # whatever a potential raises: who waits is told, not left with a dead process
        parent.tell(KnownError(f"The analysis failed ({type(error).__name__}: {error}): try another potential."))
