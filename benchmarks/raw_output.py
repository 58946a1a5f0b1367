"""What a trained SymmCD draws before anything is set right: the arguments of the projection, first draws only."""

from __future__ import annotations

from unittest import mock

import numpy as np

from crystal_studio.design.request import DesignRequest
from crystal_studio.generators import registry
from crystal_studio.generators.symmcd import model


class _Enough(Exception):
    """All first draws of a chunk are recorded; what is drawn again is not wanted."""


def raw_output(count: int, steps: int, seed: int, name: str = "") -> tuple[np.ndarray, ...]:
    """Groups, cells, numbers, site-symmetry classes and points of ``count`` candidates, padded to one width."""
    generator = registry.load(name, "cpu")
    project = model.project
    drawn: list[tuple[np.ndarray, ...]] = []
    for chunk in range(-(-count // generator.chunk_size)):
        due = min(count, (chunk + 1) * generator.chunk_size)

        def record(*arguments: np.ndarray, due: int = due):
            drawn.append(arguments[:5])
            if sum(len(d[0]) for d in drawn) >= due:
                raise _Enough
            return project(*arguments)

        with mock.patch.object(model, "project", record):
            try:
                generator.sample_units(DesignRequest(count=count, seed=seed, options={"steps": steps}), chunk)
            except _Enough:
                continue
    width = max(d[2].shape[1] for d in drawn)

    def padded(array: np.ndarray) -> np.ndarray:
        missing = [(0, 0), (0, width - array.shape[1])] + [(0, 0)] * (array.ndim - 2)
        return np.pad(array, missing)

    columns = zip(*drawn, strict=True)
    group, cells, *rest = (list(c) for c in columns)
    parts = (np.concatenate([padded(a) for a in column]) for column in rest)
    return (np.concatenate(group).astype(np.int16), np.concatenate(cells), *parts)
