"""Held-out crystals, and what generators answer when asked for them, kept in files from which a benchmark goes on."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from crystal_studio.crystal.asymmetric_unit import expand, n_atoms
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.primitive import primitive
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError
from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.mapping import each
from crystal_studio.execution.protocol import Done
from crystal_studio.execution.worker_state import once
from crystal_studio.generators import registry
from crystal_studio.training.crystals import held_units, splits


@dataclass(frozen=True)
class HeldOut:
    """Crystals of the validation split: units as standardised, primitive cells and their atoms, reduced formulas, ids
    and rows of the split."""

    units: AsymmetricUnits
    cells: Structures
    formulas: list[str]
    atoms: list[int]
    ids: list[str]
    rows: list[int]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, index: Sequence[int]) -> HeldOut:
        """The crystals of these rows."""
        lists = ([column[i] for i in index] for column in (self.formulas, self.atoms, self.ids, self.rows))
        at = np.array(index, int)
        return HeldOut(self.units.take(at), self.cells.take(at), *lists)


def read(reference: Path, count: int = 0, seed: int = 0) -> HeldOut:
    """``count`` crystals of the split "val" in an order that the seed decides, 0 for all of them."""
    held = splits(reference, 42)[1]
    assert held is not None, "the reference keeps no crystals back"
    units, kept = held_units(held)
    whole = expand(units)
    rows = np.flatnonzero(kept)
    everything = HeldOut(
        units,
        primitive(whole, units.space_group),
        list(formulas(whole)),
        n_atoms(units, primitive=True).tolist(),
        held.ids[rows].astype(str).tolist(),
        rows.tolist(),
    )
    order = np.random.default_rng(seed).permutation(len(everything))[: count or None]
    return everything.take(order.tolist())


@dataclass(frozen=True)
class Question:
    """What a generator is asked: a model's folder, the composition of a crystal in a primitive cell of at most its
    atoms, and its group (0: none is named)."""

    model: Path
    row: int
    formula: str
    atoms: int
    group: int
    samples: int
    seed: int
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def request(self) -> DesignRequest:
        """As a designer would put it."""
        return DesignRequest(
            composition=self.formula,
            space_groups=(self.group,) if self.group else (),
            max_atoms=self.atoms,
            count=self.samples,
            seed=self.seed,
            options=dict(self.options),
        )


def questions(
    held: HeldOut,
    model: Path,
    samples: int,
    with_group: bool,
    seed: int = 0,
    how: Mapping[str, Any] = MappingProxyType({}),
    with_orbits: bool = False,
) -> list[Question]:
    """One a crystal, with these options; ``with_orbits`` tells how many inequivalent atoms each element has."""
    groups = held.units.space_group.tolist() if with_group else [0] * len(held)
    found = []
    for i, (row, formula, atoms, group) in enumerate(zip(held.rows, held.formulas, held.atoms, groups, strict=True)):
        said = list(how.items())
        if with_orbits:
            numbers, orbits = np.unique(held.units.numbers[i][held.units.mask[i]], return_counts=True)
            pairs = zip(numbers.tolist(), orbits.tolist(), strict=True)
            said.append(("inequivalent", " ".join(f"{SYMBOLS[z]}:{n}" for z, n in pairs)))
        found.append(Question(model, row, formula, atoms, group, samples, seed + row, tuple(said)))
    return found


def answers(asked: list[Question], file: Path, workers: int, block: int = 4) -> dict[int, dict[str, Any]]:
    """Row of the split -> ``cells`` (primitive: lattice, numbers, positions), ``groups``, processor ``seconds`` and
    ``error``. What the file already holds is not asked again."""
    known = {row: answer for row, answer in _lines(file) if len(answer["cells"]) or answer["error"]}
    waiting = [question for question in asked if question.row not in known]
    with closing(open_engine("local", workers)) as engine, file.open("a") as out:
        for _, outcome in each(engine, _answer, waiting, block=block):
            if not isinstance(outcome, Done):
                raise RuntimeError(outcome)
            row, answer = outcome.value
            known[row] = answer
            out.write(json.dumps([row, answer]) + "\n")
            out.flush()
    return {question.row: known[question.row] for question in asked}


def add_sampler(parser: argparse.ArgumentParser) -> None:
    """Arguments that say how one crystal is sampled."""
    parser.add_argument("--sampler", default="", help="one that their family has, its default where none is named")
    parser.add_argument("--steps", type=int, default=0, help="0: the sampler's own")


def add_how(parser: argparse.ArgumentParser) -> None:
    """Arguments that say how requests are answered."""
    add_sampler(parser)
    parser.add_argument(
        "--best-of", type=int, default=0, help="crystals drawn for a candidate, 0: the family's default"
    )


def how(args: argparse.Namespace) -> dict[str, Any]:
    """Options of a request, as far as they are given."""
    said = {name: getattr(args, name, 0) for name in ("sampler", "steps", "best_of")}
    return {name: value for name, value in said.items() if value}


def stamp(model: Path, args: argparse.Namespace) -> str:
    """Names the weights of a model and its sampler in the names of files."""
    card = registry.read_card(model)
    return "-".join([card.sha256[:8], f"r{card.revision}", *(f"{name}-{value}" for name, value in how(args).items())])


def cells(answer: dict[str, Any]) -> Structures:
    """The primitive cells of an answer."""
    return Structures.from_lists(*([cell[k] for cell in answer["cells"]] for k in ("lattice", "numbers", "positions")))


def _lines(file: Path) -> list[tuple[int, dict[str, Any]]]:
    """Whole lines of a file that a killed run may have left."""
    found = []
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            row, answer = json.loads(line)
        except ValueError:
            continue
        found.append((row, answer))
    return found


def _answer(asked: list[Question]) -> list[tuple[int, dict[str, Any]]]:
    """Runs in the worker."""
    import os

    def spent() -> float:
        return sum(os.times()[:2])

    torch.set_num_threads(1)
    found = []
    for question in asked:
        model: Any = once(("model", question.model), partial(_load, question.model))
        before, error, made, groups = spent(), "", Structures.from_lists([], [], []), np.zeros(0, int)
        try:
            parts = -(-question.samples // model.chunk_size)
            units = AsymmetricUnits.concatenate(model.sample_units(question.request, k) for k in range(parts))
            made, groups = primitive(expand(units), units.space_group), units.space_group
        except KnownError as refused:
            error = str(refused)
        whole = [
            dict(zip(("lattice", "numbers", "positions"), _plain(made.cell(i)), strict=True)) for i in range(len(made))
        ]
        answer = {"groups": groups.tolist(), "seconds": round(spent() - before, 4), "error": error, "cells": whole}
        found.append((question.row, answer))
    return found


def _plain(cell: tuple[np.ndarray, ...]) -> tuple[list, list, list]:
    lattice, numbers, positions = cell
    return lattice.round(7).tolist(), numbers.tolist(), positions.round(8).tolist()


def _load(folder: Path) -> Any:
    card = registry.read_card(folder)
    return registry.families.get(card.family).load(folder, card, "cpu")
