"""A DFT job computed on this machine: a separate program in a process group of its own, watched through its files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from crystal_studio.dft.protocol import Code, Result
from crystal_studio.dft.script_code import LOG, RunsHere, Step, Steps
from crystal_studio.errors import FileError, KnownError
from crystal_studio.execution.apart import run_apart
from crystal_studio.execution.other_programs import environment
from crystal_studio.execution.protocol import Cancelled, Done, Failed, Task

TAIL = 400
"""Characters of the log that are told when a job breaks."""


def compute(
    code: Code, folder: Path, told: Callable[[Step], None], stop: Callable[[], bool] = lambda: False
) -> Result | None:
    """Run the job in a folder that ``code`` wrote, or carry it on where it stopped; None where ``stop()`` ended it.

    ``told`` hears every step soon after it was taken. The program and all that it starts end with this process,
    whatever ends that. Raises ``KnownError`` where the code is not there or could not compute the crystal.
    """
    if not isinstance(code, RunsHere):
        raise KnownError(f"{code.title} is not run from here: make a bundle of its inputs (--submit bundle).")
    with suppress(KnownError):
        return code.read(folder)  # it was done before anybody was there to hear it
    command = code.program()
    steps = Steps(folder)

    def watch() -> bool:
        for step in steps.new():
            told(step)
        return stop()

    outcome = run_apart(Task(_program, (command, str(folder))), watch)
    watch()
    match outcome:
        case Cancelled():
            return None
        case Done(0):
            return code.read(folder)
        case Done(status):
            how = f"was killed by signal {-status}" if status < 0 else f"ended with code {status}"
        case Failed(error=text):
            how = f"could not be started ({text})"
        case _:
            how = f"was ended ({getattr(outcome, 'exit', '')})"
    raise KnownError(
        f"{code.title} {how}: see {folder / LOG}, then carry on with resume. {_last_words(folder)}".strip()
    )


def _program(command: list[str], folder: str) -> int:
    """In a worker, whose process group the program joins: how it ended. What it prints goes to the log."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")  # of our Python, not of the program's
    variables = {name: value for name, value in environment().items() if name not in ours}
    with (Path(folder) / LOG).open("ab") as log:
        return subprocess.run(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode


def _last_words(folder: Path) -> str:
    """The last line that the program has printed."""
    try:
        text = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
    return text.splitlines()[-1][-TAIL:] if text else ""


def make_folder(root: Path, name: str) -> Path:
    """A new folder in another, with a number behind its name where that is taken; raises ``FileError``."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        for k in range(1, 10_000):
            folder = root / (name if k == 1 else f"{name}-{k}")
            try:
                folder.mkdir()
                return folder
            except FileExistsError:
                continue
    except OSError as error:
        raise FileError(f"{root} cannot be written ({error.strerror}): choose another folder.") from error
    raise FileError(f"{root} is full of folders called {name}: choose another folder.")
