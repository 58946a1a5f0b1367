"""Functions that worker processes run: they return, raise, hang, die or tell about their process."""

from __future__ import annotations

import io
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from crystal_studio.errors import KnownError
from crystal_studio.execution.child import Child, Parent
from crystal_studio.execution.progress_bars import keep_in_process
from crystal_studio.execution.worker_state import once, tell


def draw_a_bar() -> int:
    """As SevenNet does while it is loaded."""
    from tqdm import tqdm

    keep_in_process()
    return sum(tqdm(range(3), file=io.StringIO()))


def square(x: int) -> int:
    return x * x


def fail(message: str) -> None:
    raise ArithmeticError(message)


def fail_known(message: str) -> None:
    raise KnownError(message)


def run_out_of_memory() -> None:
    raise MemoryError("no more of it")


def leave(code: int) -> None:
    os._exit(code)


def leave_politely() -> None:
    sys.exit("a library that ends the program")


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def begin_and_hang(mark: str) -> None:
    """Writes its process's number into a file, then hangs."""
    part = Path(mark + ".part")
    part.write_text(str(os.getpid()))
    part.rename(mark)
    time.sleep(600)


def hang_where_no_signal_is_handled(mark: str) -> None:
    """Hangs where no signal handler of Python runs."""
    Path(mark).write_text(str(os.getpid()))
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def begin_with_a_process_of_its_own(mark: str) -> None:
    """Starts a program, writes its number into a file, then hangs."""
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    part = Path(mark + ".part")
    part.write_text(str(program.pid))
    part.rename(mark)
    time.sleep(600)


def give_what_cannot_travel() -> Any:
    return lambda: None


def number_of_process() -> int:
    return os.getpid()


def threads_of_process() -> tuple[str, ...]:
    return tuple(os.environ[f"{name}_NUM_THREADS"] for name in ("OMP", "MKL", "OPENBLAS"))


def of_worker(key: str, seconds: float = 0.0) -> tuple[int, int]:
    """(this process, how often the thing of that key was made in it), made slowly."""

    def make() -> list[int]:
        time.sleep(seconds)
        _made[key] = _made.get(key, 0) + 1
        return [_made[key]]

    return os.getpid(), once(key, make)[0]


_made: dict[str, int] = {}


def megabytes(n: int) -> bytes:
    return bytes(n << 20)


def length(data: bytes) -> int:
    return len(data)


def together(folder: str, name: str, others: int) -> int:
    """How many ran at the same time: waits until ``others`` have left their marks or two seconds are over."""
    Path(folder, name).touch()
    end = time.monotonic() + 2
    while time.monotonic() < end and len(list(Path(folder).iterdir())) < others:
        time.sleep(0.02)
    return len(list(Path(folder).iterdir()))


# -- what runs in a child that tells and listens ---------------------------------------------


def echo(parent: Parent) -> None:
    words: queue.SimpleQueue[str] = queue.SimpleQueue()
    parent.listen(words.put)
    while (word := words.get()) != "end":
        parent.tell(word + "!")


def tell_and_die(parent: Parent, how: str) -> None:
    for k in range(3):
        parent.tell(k)
    kill_itself() if how == "kill" else os._exit(7)


def raise_in_child(parent: Parent) -> None:
    raise ArithmeticError("no child of mine")


def tell_about_itself(parent: Parent) -> None:
    words: queue.SimpleQueue[str] = queue.SimpleQueue()
    parent.listen(words.put)
    import torch

    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    parent.tell((ignored, os.environ["OMP_NUM_THREADS"], torch.get_num_threads()))
    words.get()
    parent.tell("yes")
    words.get()


def have_a_child(parent: Parent, mark: str) -> None:
    grandchild = Child(leave_a_mark_when_lost, (mark,))
    grandchild.start()
    while not grandchild.poll():
        time.sleep(0.01)
    parent.tell(grandchild.pid)
    time.sleep(600)


def leave_a_mark_when_lost(parent: Parent, mark: str) -> None:
    def lost() -> None:
        part = Path(mark + ".part")
        part.write_text(str(os.getpid()))
        part.rename(mark)
        os._exit(0)

    parent.listen(parent.tell, lost)
    parent.tell("here")
    time.sleep(600)


# -- what takes items ------------------------------------------------------------------------


def squares_or_worse(items: list[int]) -> list[int]:
    for x in items:
        if x == 3:
            os._exit(3)
        if x == 5:
            time.sleep(600)
        if x == 7:
            raise ValueError("seven")
    return [x * x for x in items]


def killed_the_first_time(marks: list[str]) -> list[str]:
    if not Path(marks[0]).exists():
        Path(marks[0]).touch()
        kill_itself()
    return ["survived"]


def wait_a_little(x: int) -> int:
    time.sleep(0.5)
    return x


def tell_and_hang(share: float) -> None:
    """Says how far it is, then hangs."""
    tell(share)
    time.sleep(600)
