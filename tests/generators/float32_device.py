"""A device without float64, such as Apple's "mps", played by the CPU.

Tensors asked for on "mps" are wrapped; whatever touches one stays there until it is carried back by ``cpu()``. A
float64 tensor there, or a tensor of the CPU among those of the device, raises as the real device does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

DEVICE = "meta"
_MAY_MIX = {"aten::_to_copy", "aten::copy_", "aten::index.Tensor", "aten::index_put_", "aten::_local_scalar_dense"}


class OnDevice(Tensor):
    """A tensor of the device; ``inner`` holds its numbers."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> OnDevice:
        made = Tensor._make_wrapper_subclass(
            cls, inner.size(), inner.stride(), inner.storage_offset(), dtype=inner.dtype, device=torch.device(DEVICE)
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    found: list[OnDevice] = []
    plain: list[Tensor] = []

    def inside(x: Any) -> Any:
        if isinstance(x, OnDevice):
            found.append(x)
            return x.inner
        if isinstance(x, Tensor) and x.dim():
            plain.append(x)
        return x

    asked = kwargs.get("device")
    there = bool(asked is not None and torch.device(asked).type == DEVICE)
    if asked is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    args, kwargs = tree_map(inside, args), tree_map(inside, kwargs)
    there = there or (bool(found) and asked is None)
    if found and plain and func.name() not in _MAY_MIX:
        raise RuntimeError(f"{func.name()}: expected all tensors to be on the same device")
    owners = {id(x.inner): x for x in found}

    def outside(x: Any) -> Any:
        if not isinstance(x, Tensor) or isinstance(x, OnDevice):
            return x
        if id(x) in owners:
            return owners[id(x)]
        if x.dtype == torch.float64:
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        return OnDevice(x)

    result = func(*args, **kwargs)
    return tree_map(outside, result) if there else result


class Float32Device(TorchDispatchMode):
    """While active, "mps" is there; ``torch.Generator("mps")`` has to be replaced by one of the CPU."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})
