"""Builds ``resources/mof/hypothetical.safetensors``: frameworks of the shipped blocks on nets of the RCSR.

``python -m crystal_studio.mof.build_hypothetical --records hypothetical.jsonl [--seconds 1500]``

PORMAKE (Lee et al., ACS Appl. Mater. Interfaces 13, 23647 (2021)) turns blocks into the slots of a net and fits the
cell; then blocks are put together and drawn together as those that a model draws (``building.py``), which says who is
bonded to whom. Every draw is a line of the file of records, from which a later run goes on. PORMAKE (MIT) runs as a
program of its own, in the Python that ``CRYSTAL_STUDIO_PORMAKE`` names.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio import paths
from crystal_studio.errors import KnownError
from crystal_studio.execution.other_python import ask, first_with, home, installed_in, this_python
from crystal_studio.mof.block_validity import shipped_sound
from crystal_studio.mof.build_blocks import SOURCE
from crystal_studio.mof.building import build
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.contacts import arms
from crystal_studio.mof.eqeq import charges
from crystal_studio.mof.hypothetical import LARGEST, Choice, Net, Placed, Pool, contact_pairs, roles_of
from crystal_studio.mof.identity import digest, known
from crystal_studio.mof.key import graph_keys_of_mofs
from crystal_studio.mof.library import library_hash, shipped_blocks, shipped_mofs, write_mofs
from crystal_studio.mof.validity import check
from crystal_studio.mof.whole import whole_atoms

NAME = "hypothetical.safetensors"
REASONS = {
    "shape": "The contacts of a block do not lie as the edges of the net do.",
    "contacts": "Two blocks would meet that do not meet in known frameworks, or no linker fits between two nodes.",
    "pormake": "PORMAKE fails.",
    "cell": f"The primitive cell is larger than {LARGEST:g} cubic Angstrom, or has no volume.",
    "unbalanced": "Nodes and linkers have other numbers of connection points.",
    "open": "Points that are joined stay farther apart than 1.5 A.",
    "clash": "Atoms stand on top of each other.",
    "other_net": "Drawn together, other blocks meet than the net has it.",
    "invalid": "It fails a check of validity.",
    "known": "It is one of the known frameworks that ship.",
    "duplicate": "It was built before.",
}
"""Why a draw is not kept, by code; a check that failed follows "invalid" after a colon."""

_SCRIPT = Path(__file__).with_name("hypothetical_job.py")
VARIABLE = "CRYSTAL_STUDIO_PORMAKE"
"""Environment variable with the path of a Python that has PORMAKE."""
HOW = f"pip install pormake==0.2.3 (licence MIT) into a Python of its own, and set {VARIABLE} to that"
_RMSD = 0.3
"""Root mean square deviation of unit vectors along contacts from those of the net (PORMAKE's authors: 0.3)."""
_AT_ONCE = 80
_NETS, _TRIES = 10, 30
"""Nets of one size for which blocks are looked for before another size is drawn, and how often for each."""
_SLOTS, _VERTICES = 160, 18
"""Vertices and edges in the usual cell of a net, and vertices in its primitive cell, beyond which it is passed over."""
_KINDS = (3, 4)
"""The same for kinds of vertices and of edges."""
_PATIENCE = 600.0
"""Seconds for one lot."""


def program() -> tuple[str, str]:
    """The Python that has PORMAKE, and its version; raises ``MissingError``."""
    places = (installed_in(home()), this_python())
    return first_with("pormake", "PORMAKE", VARIABLE, HOW, places, imports="jax")


def read_nets(path: Path, most: int, seed: int = 0) -> list[Net]:
    """Nets in an order of chance, ``most`` of them looked at; those that the file has are not read again."""
    python, _ = program()
    found: dict[str, Any] = {line["name"]: line["net"] for line in _lines(path)}
    if len(found) < most:
        named = ask(python, _SCRIPT, {"asked": "names"}, _PATIENCE)["names"]
        names = [name for name, vertices, edges in named if vertices <= _KINDS[0] and edges <= _KINDS[1]]
        names = [names[k] for k in np.random.default_rng(seed).permutation(len(names))]
        names = [name for name in names if name not in found][: most - len(found)]
        for first in range(0, len(names), _AT_ONCE):
            lot = names[first : first + _AT_ONCE]
            question = {"asked": "nets", "nets": lot, "most_slots": _SLOTS, "most_vertices": _VERTICES}
            nets = ask(python, _SCRIPT, question, _PATIENCE)["nets"]
            _append(path, ({"name": name, "net": net} for name, net in zip(lot, nets, strict=True)))
            found |= dict(zip(lot, nets, strict=True))
    return [Net.of(name, net) for name, net in found.items() if net is not None]


class Draws:
    """Numbered draws of nets and blocks: draw *k* depends on the nets, the seed and *k* alone.

    Sizes are drawn as often as known frameworks have them.
    """

    def __init__(self, nets: Sequence[Net], pool: Pool, sizes: np.ndarray, seed: int) -> None:
        self.pool, self.seed = pool, seed
        self.by_size: dict[int, list[tuple[Net, dict[int, int]]]] = {}
        for net in nets:
            for size, role in roles_of(net):
                self.by_size.setdefault(size, []).append((net, role))
        if not self.by_size:
            raise KnownError("No net has so few vertices: read more of them with --nets.")
        self.sizes = np.array(sorted(self.by_size))
        share = np.bincount(sizes, minlength=self.sizes.max() + 1)[self.sizes].astype(float)
        self.share = (share + 1) / (share + 1).sum()

    def draw(self, number: int) -> Choice:
        """Blocks on a net."""
        rng = np.random.default_rng([self.seed, number])
        while True:
            ways = self.by_size[int(rng.choice(self.sizes, p=self.share))]
            # Each net is given many chances, so that those that few blocks fit are not left to chance.
            for way in rng.integers(len(ways), size=_NETS).repeat(_TRIES).tolist():
                if (choice := self.pool.choose(*ways[way], rng)) is not None:
                    return choice


def finish(placed: Sequence[Placed], pool: Pool, seed: int) -> list[CoarseMofs | str]:
    """Frameworks put together from their placed blocks, or codes of the reasons why they are not kept."""
    library = pool.library
    built = build(CoarseMofs.concatenate(one.mofs for one in placed), library, seed)
    whole = whole_atoms(built.mofs, library)
    charge = [np.zeros(0)]
    for i, reason in enumerate(built.reason):
        cell = whole.structures.cell(i)
        charge.append(np.full(len(cell[1]), np.nan) if reason else charges(*cell))
    validity = check(whole.structures, whole.bonds, charge=np.concatenate(charge))
    found: list[CoarseMofs | str] = []
    for i, reason in enumerate(built.reason):
        if not reason and contact_pairs(built.mofs, i) != placed[i].pairs:
            reason = "other_net"
        if not reason and (failed := validity.failures(i)):
            reason = f"invalid:{failed[0]}"
        found.append(reason or built.mofs.take(np.array([i])))
    return found


def build_all(draws: Draws, path: Path, seconds: float) -> None:
    """Append records of draws until so much processor time is spent, programs included."""
    python, _ = program()
    start, done = _clock(), sum(1 for _ in _lines(path))
    while _clock() - start < seconds:
        numbers = range(done, done + _AT_ONCE)
        choices = [draws.draw(number) for number in numbers]
        question = {
            "asked": "builds",
            "nets": {choice.net.name: dict(choice.net.raw) for choice in choices},
            "builds": [draws.pool.asked(choice, _RMSD) for choice in choices],
        }
        answers = ask(python, _SCRIPT, question, _PATIENCE)["builds"]
        results: dict[int, CoarseMofs | str] = {}
        placed: dict[int, Placed] = {}
        for number, choice, answer in zip(numbers, choices, answers, strict=True):
            if "cell" not in answer:
                results[number] = answer["reason"]
            elif not 1 < abs(np.linalg.det(answer["cell"])) < LARGEST:
                results[number] = "cell"
            else:
                placed[number] = draws.pool.placed(choice, answer, f"{choice.net.name}-{number}")
        if placed:
            results |= zip(placed, finish(list(placed.values()), draws.pool, done), strict=True)
        _append(path, (_record(number, results[number]) for number in numbers))
        done += _AT_ONCE


def collect(path: Path) -> tuple[CoarseMofs, dict[str, int]]:
    """The frameworks of a file of records that are new, each once, and counts of all draws; raises ``KnownError``."""
    library = shipped_blocks()
    kept, tally = [], Counter[str]()
    for line in _lines(path):
        if "reason" in line:
            tally[line["reason"]] += 1
        else:
            kept.append(_framework(line))
    if not kept:
        raise KnownError(f"{path} holds no framework: build more of them with --seconds.")
    mofs = CoarseMofs.concatenate(kept)
    seen = {row.tobytes(): "known" for row in known()[0].astype(np.float32)}
    rows = []
    for i, key in enumerate(graph_keys_of_mofs(mofs, library)):
        own = digest(key).tobytes()
        if own in seen:
            tally[seen[own]] += 1
        else:
            rows.append(i)
            seen[own] = "duplicate"
    counts = {"draws": tally.total() + len(rows), **dict(tally.most_common()), "kept": len(rows)}
    return mofs.take(np.array(rows, np.int64)), counts


def _record(number: int, result: CoarseMofs | str) -> dict[str, Any]:
    if isinstance(result, str):
        return {"number": number, "reason": result}
    return {
        "number": number,
        "name": str(result.name[0]),
        "library": library_hash(shipped_blocks()),
        "block": result.block.tolist(),
        "lattice": result.lattice[0].round(5).tolist(),
        "positions": result.positions.round(6).tolist(),
        "rotation": result.rotation.round(6).tolist(),
        "ends": result.ends.tolist(),
        "image": result.image.tolist(),
    }


def _framework(line: dict[str, Any]) -> CoarseMofs:
    if line["library"] != library_hash(shipped_blocks()):
        raise KnownError("The records belong to another library of building blocks: begin a new file.")
    block = np.array(line["block"], np.int32)
    return CoarseMofs(
        np.array([line["lattice"]], float),
        np.array([0, len(block)], np.int64),
        block,
        np.array(line["positions"], float),
        np.array(line["rotation"], float),
        np.zeros(len(block), np.float32),
        np.array([0, len(line["ends"])], np.int64),
        np.array(line["ends"], np.int32).reshape(-1, 2, 2),
        np.array(line["image"], np.int16).reshape(-1, 3),
        np.array([line["name"]], object),
        np.array([3], np.int8),
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """All whole lines of a file, if there is one."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for text in file:
            try:
                yield json.loads(text)
            except ValueError:
                continue


def _append(path: Path, lines: Iterator[dict[str, Any]]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def _clock() -> float:
    return sum(os.times()[:4])


def main() -> None:
    """Draw, build, collect, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, required=True, help="file of the draws so far")
    parser.add_argument("--seconds", type=float, default=1500.0, help="processor seconds to build for")
    parser.add_argument("--nets", type=int, default=400, help="nets of the RCSR to look at, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", type=Path, default=paths.resources() / "mof" / NAME, help="file to write")
    arguments = parser.parse_args()
    library, mofs = shipped_blocks(), shipped_mofs()
    if arguments.seconds > 0:
        nets = read_nets(arguments.records.with_suffix(".nets.jsonl"), arguments.nets)
        pool = Pool(library, arms(mofs, library), shipped_sound())
        build_all(Draws(nets, pool, mofs.n_blocks, arguments.seed), arguments.records, arguments.seconds)
    found, counts = collect(arguments.records)
    card = {
        "title": "Hypothetical metal-organic frameworks in coarse-grained form",
        "source": {
            "data": "nets of the RCSR from the package pormake 0.2.3; blocks of known frameworks: " + SOURCE["data"],
            "licence": "MIT (pormake); CC BY 4.0 (blocks)",
            "cite": "Lee et al., ACS Appl. Mater. Interfaces 13, 23647 (2021), doi:10.1021/acsami.1c02471; O'Keeffe et "
            "al., Acc. Chem. Res. 41, 1782 (2008), doi:10.1021/ar800124u; " + SOURCE["cite"],
        },
        "made_by": "python -m crystal_studio.mof.build_hypothetical",
        "nets": len({name.rsplit("-", 1)[0] for name in found.name.tolist()}),
        "counts": counts,
    }
    write_mofs(arguments.target, found, library, card)
    print(f"{len(found)} frameworks: {counts}")


if __name__ == "__main__":
    main()
