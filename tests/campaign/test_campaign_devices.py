"""Where a model can run, and what is said when it cannot."""

from __future__ import annotations

import pytest
import torch

from crystal_studio.campaign.devices import available, out_of_memory, resolve
from crystal_studio.errors import KnownError, RequestError


def test_the_processor_is_always_there() -> None:
    devices = available()
    assert devices[-1].name == resolve("cpu").name == "cpu"  # how much memory is free changes meanwhile
    assert "cores" in devices[-1].text and devices[-1].memory_total >= devices[-1].memory_free
    assert resolve("auto").name == devices[0].name


@pytest.mark.parametrize("word", ["tpu", "cpu:1", "", "CUDA"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(RequestError, match="choose auto, cpu, cuda"):
        resolve(word)


def test_a_gpu_that_is_not_there_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(KnownError, match=r"build without CUDA.*TORCH=cuda"):
        resolve("cuda")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    with pytest.raises(KnownError, match="install its driver"):
        resolve("cuda:1")
    with pytest.raises(KnownError, match="no Apple GPU"):
        resolve("mps")


def test_several_gpus_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda i: (30 * 2**30, 40 * 2**30))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda i: f"Card {i}")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert resolve("auto").name == resolve("cuda").name == "cuda:0"
    assert resolve("cuda:1").text == "cuda:1, Card 1, 40 GiB (30 free)"
    with pytest.raises(KnownError, match="no GPU cuda:2: this machine has cuda:0, cuda:1, "):
        resolve("cuda:2")


def test_running_out_of_memory_has_a_remedy() -> None:
    gpu = out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"))
    assert gpu is not None and "--device cpu" in str(gpu)
    main = out_of_memory(MemoryError())
    assert main is not None and "--workers 1" in str(main)
    assert out_of_memory(ValueError("no")) is None
