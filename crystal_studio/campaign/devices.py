"""Where a model can run on this machine, and what to do when it cannot."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.errors import KnownError, RequestError
from crystal_studio.execution.machine import cores, main_memory

KINDS = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Device:
    """One place to compute: ``name`` as torch writes it; memory in bytes, 0 where unknown."""

    name: str
    title: str
    memory_total: int
    memory_free: int

    @property
    def text(self) -> str:
        """Like "cuda:0, NVIDIA H200, 139 GiB (120 free)"."""
        gib = 2**30
        memory = f", {self.memory_total / gib:.0f} GiB ({self.memory_free / gib:.0f} free)" if self.memory_total else ""
        return f"{self.name}, {self.title}{memory}"


def available() -> tuple[Device, ...]:
    """Every device of this machine, the fastest first; the processor is always the last."""
    import torch

    found = []
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(i)
            found.append(Device(f"cuda:{i}", torch.cuda.get_device_name(i), total, free))
    if torch.backends.mps.is_available():
        total = torch.mps.recommended_max_memory()
        found.append(Device("mps", "Apple GPU", total, total - torch.mps.driver_allocated_memory()))
    return (*found, processor())


def processor() -> Device:
    """The processor and the main memory."""
    total, free = main_memory()
    return Device("cpu", f"{cores()} cores", total, free)


def resolve(wanted: str) -> Device:
    """The device meant by "auto", "cpu", "cuda", "cuda:1" or "mps".

    Raises ``RequestError`` for any other word, ``KnownError`` where the machine
    or the installed build of torch does not offer what was asked for.
    """
    kind = wanted.split(":")[0]
    if kind not in KINDS or (":" in wanted and kind != "cuda"):
        raise RequestError(f"Unknown device {wanted!r}: choose auto, cpu, cuda, cuda:1 or mps.", "device")
    if wanted == "cpu":
        return processor()  # without loading torch
    devices = available()
    for device in devices:
        if wanted in ("auto", device.name) or (wanted == "cuda" and device.name.startswith("cuda")):
            return device
    raise KnownError(_why_missing(wanted, [d.name for d in devices]))


def out_of_memory(error: BaseException) -> KnownError | None:
    """The same error with a remedy when ``error`` says that a device ran out of memory, else None."""
    text = str(error).lower()
    gpu = type(error).__name__ == "OutOfMemoryError" or ("out of memory" in text and ("cuda" in text or "mps" in text))
    if gpu:
        return KnownError(
            "The GPU ran out of memory: close other programs that use it, ask for smaller crystals "
            "(--max-orbits), or run on the processor (--device cpu)."
        )
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return KnownError(
            "The machine ran out of memory: use fewer workers (--workers 1) or ask for smaller crystals (--max-orbits)."
        )
    return None


def _why_missing(wanted: str, names: list[str]) -> str:
    import torch

    if wanted.startswith("cuda"):
        if torch.version.cuda is None and torch.version.hip is None:
            return (
                "This torch is a build without CUDA: install PyTorch's CUDA build into this environment "
                "(make setup TORCH=cuda, or see pytorch.org), or use --device cpu."
            )
        if any(name.startswith("cuda") for name in names):
            return f"There is no GPU {wanted}: this machine has {', '.join(names)}."
        return "No NVIDIA GPU answers: install its driver (nvidia-smi must list it), or use --device cpu."
    return "This machine has no Apple GPU (mps): use --device cpu."
