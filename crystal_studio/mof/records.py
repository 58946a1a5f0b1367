"""Frameworks in their fragments as lines of JSON: what a long cutting has done, kept as it goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.mof.block import Block
from crystal_studio.mof.fragments import Fragments

Record = tuple[str, Fragments | str]
"""A framework's name, and its fragments or why there are none (a code)."""


def line(name: str, result: Fragments | str) -> str:
    """One line of JSON; coordinates are rounded to 0.0001 A."""
    if isinstance(result, str):
        return json.dumps({"name": name, "reason": result})
    blocks = [
        {
            "kind": b.kind,
            "numbers": b.numbers.tolist(),
            "positions": np.round(b.positions, 4).ravel().tolist(),
            "bonds": b.bonds.ravel().tolist(),
            "order": b.order.tolist(),
            "points": np.round(b.points, 4).ravel().tolist(),
            "point_atom": b.point_atom.tolist(),
        }
        for b in result.blocks
    ]
    whole = {
        "name": name,
        "lattice": np.round(result.lattice, 5).ravel().tolist(),
        "origin": np.round(result.origin, 6).ravel().tolist(),
        "ends": result.ends.ravel().tolist(),
        "image": result.image.ravel().tolist(),
        "atoms": [a.tolist() for a in result.atoms],
        "dimension": result.dimension,
        "guests": result.guests,
        "blocks": blocks,
    }
    return json.dumps(whole, separators=(",", ":"))


def read(path: Path) -> Iterator[Record]:
    """All whole lines of a file; one that a killed run left unfinished is passed over."""
    with path.open(encoding="utf-8") as file:
        for text in file:
            try:
                raw = json.loads(text)
            except ValueError:
                continue
            yield raw["name"], raw["reason"] if "reason" in raw else _fragments(raw)


def _fragments(raw: dict[str, Any]) -> Fragments:
    blocks = tuple(
        Block(
            b["kind"],
            np.array(b["numbers"], np.int16),
            np.array(b["positions"]).reshape(-1, 3),
            np.array(b["bonds"], np.int32).reshape(-1, 2),
            np.array(b["order"], np.float32),
            np.array(b["points"]).reshape(-1, 3),
            np.array(b["point_atom"], np.int32),
        )
        for b in raw["blocks"]
    )
    return Fragments(
        np.array(raw["lattice"]).reshape(3, 3),
        blocks,
        np.array(raw["origin"]).reshape(-1, 3),
        np.array(raw["ends"], np.int32).reshape(-1, 2, 2),
        np.array(raw["image"], np.int16).reshape(-1, 3),
        tuple(np.array(a, np.int64) for a in raw["atoms"]),
        raw["dimension"],
        raw["guests"],
    )
