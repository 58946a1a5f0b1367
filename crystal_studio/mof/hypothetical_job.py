"""Nets, and blocks placed on them, by PORMAKE: a script for a Python with pormake.

It reads ``question.json`` in the working directory and writes ``answer.json`` there. PORMAKE's reader of the nets of
the RCSR, its way to turn blocks into the slots of a net and its fit of the cell are used; atoms take no part: a block
is its origin and where its contacts are.

Asked ``names``: the nets that the package has, with their kinds of vertices and of edges. Asked ``nets``: each in its
primitive cell (fractional places of vertices and of the middles of edges), or null where it has too many. Asked
``builds``: for each the cell and the places of its blocks, or in a word why there are none.
"""

import json
import math
import os
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

_STEP = 1e-7
"""Of differences, in fractional coordinates and in units of the cell of a net."""


def names(root):
    """[name, kinds of vertices, kinds of edges] of every net."""
    found = []
    for path in sorted(root.glob("*.cgd")):
        words = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
        first = [line[0] for line in words if line]
        found.append([path.stem, first.count("NODE"), sum(word in ("EDGE", "EDGE_CENTER") for word in first)])
    return found


def primitive(pormake, path, most_slots, most_vertices):
    """A net in its primitive cell, or None where that is too large; raises where PORMAKE cannot read it."""
    import spglib

    atoms = pormake.utils.read_cgd(path)
    if len(atoms) > most_slots:
        return None
    tags = atoms.get_tags()
    lowest = int(tags.min())
    kinds = (tags - lowest + 1).tolist()
    crystal = (np.array(atoms.cell).tolist(), atoms.get_scaled_positions().tolist(), kinds)
    symmetry = spglib.get_symmetry(crystal, symprec=1e-3)
    if symmetry is None:
        return None
    turns = np.array(symmetry["rotations"])
    count = int((turns == np.eye(3, dtype=int)).all((1, 2)).sum())
    if (tags >= 0).sum() > count * most_vertices:
        return None
    reduced = spglib.standardize_cell(crystal, to_primitive=True, no_idealize=True, symprec=1e-3)
    if reduced is None or len(reduced[1]) * count != len(atoms):
        return None
    cell, places, kinds = (np.array(part) for part in reduced)
    tags = tags.tolist()
    degree = {tag: int(cn) for tag, cn in zip(tags, atoms.info["cn"], strict=True)}
    own = (kinds + lowest - 1).tolist()
    slots = list(zip(places.tolist(), own, strict=True))
    net = {
        "cell": cell.tolist(),
        "vertices": [[*place, degree[tag], tag] for place, tag in slots if tag >= 0],
        "edges": [place for place, tag in slots if tag < 0],
    }
    topology = topology_of(pormake, net)
    net["joins"] = [[int(n.index) for n in topology.neighbor_list[int(e)]] for e in topology.edge_indices]
    return net


def topology_of(pormake, net):
    """A net as PORMAKE has it, in its primitive cell without symmetry; vertices come first, in their order."""
    from ase.geometry import cell_to_cellpar

    cell = cell_to_cellpar(np.array(net["cell"]))
    lines = ["CRYSTAL", "  NAME net", "  GROUP P1", "  CELL " + " ".join(f"{value:.7f}" for value in cell)]
    for k, (x, y, z, degree, _) in enumerate(net["vertices"]):
        lines.append(f"  NODE {k + 1} {degree} {x:.7f} {y:.7f} {z:.7f}")
    for x, y, z in net["edges"]:
        lines.append(f"  EDGE_CENTER {x:.7f} {y:.7f} {z:.7f}")
    topology = pormake.Topology(_file("net.cgd", [*lines, "END"]))
    tags = topology.atoms.get_tags()
    if tags.tolist() != [*range(len(net["vertices"])), *(-1 - k for k in range(len(net["edges"])))]:
        raise ValueError("the slots of a net changed their order")
    return topology


def block_of(pormake, points):
    """A block with contacts at ``points`` (A, 3) about its origin, at which one atom stands."""
    rows = [["C", 0.0, 0.0, 0.0], *(["X", *point] for point in points)]
    lines = [str(len(rows)), "block", *(" ".join(map(str, row)) for row in rows)]
    return pormake.BuildingBlock(_file("block.xyz", [*lines, *(f"0 {k + 1} S" for k in range(len(points)))]))


def build(pormake, topology, asked):
    """The cell, the places of all blocks, what stands on each edge and who was meant to meet, or why there is none.

    asked : ``points`` and ``kinds`` of the contacts of the block at each vertex, ``linkers``: by "kind kind" points of
        the linker between two contacts (its first at the first kind), ``joined``: whether equal kinds at both ends of
        an edge meet with nothing between them (a node and a linker), for each edge; ``rmsd``: largest deviation of
        the directions of contacts from those of the net
    """
    locator = pormake.Locator()
    blocks, turns = [], {}
    for i, points in enumerate(asked["points"]):
        block, target = block_of(pormake, points), topology.local_structure(i)
        _, order, rmsd = locator.locate(target, block, max_n_slices=5)
        if rmsd > asked["rmsd"]:
            return {"reason": "shape"}
        blocks.append(block)
        turns[i] = order
    linkers = []
    for row, e in enumerate(topology.edge_indices):
        kinds = []
        for end in topology.neighbor_list[e]:
            at = [
                k for k, n in enumerate(topology.neighbor_list[end.index])
                if n.index == e and np.abs(n.distance_vector + end.distance_vector).max() < 1e-3
            ]  # fmt: skip
            kinds.append(asked["kinds"][end.index][turns[end.index][at[0]]])
        if asked["joined"][row]:
            if kinds[0] != kinds[1]:
                return {"reason": "contacts"}
            blocks.append(None)
            linkers.append("")
            continue
        name, back = f"{kinds[0]} {kinds[1]}", f"{kinds[1]} {kinds[0]}"
        chosen = name if name in asked["linkers"] else back
        if chosen not in asked["linkers"]:
            return {"reason": "contacts"}
        blocks.append(block_of(pormake, asked["linkers"][chosen]))
        turns[int(e)] = np.array([0, 1] if chosen == name else [1, 0])
        linkers.append(chosen)
    made = pormake.Builder().build(topology, blocks, permutations=turns)
    cell = np.array(made.info["topology"].atoms.cell)
    places = [None if b is None else b.atoms.positions[0].tolist() for b in made.info["located_bbs"]]
    return {"cell": cell.tolist(), "places": places, "linkers": linkers, "rmsd": float(made.info["max_rmsd"])}


def without_compiling(pormake):
    """Have PORMAKE's fit of the cell ask numpy for slopes: jax, which compiles each anew, takes most of the time."""
    from types import SimpleNamespace

    def grad(fun):
        idle: list[np.ndarray] = []

        def slopes(x):
            x, first = np.asarray(x, float), float(fun(x))
            found = np.zeros(len(x))
            for k in range(len(x)):
                if idle and idle[0][k]:
                    continue
                moved = x.copy()
                moved[k] += _STEP
                found[k] = (float(fun(moved)) - first) / _STEP
            if not idle:
                idle.append(found == 0)
                idle[0][: len(x) - 9] = (idle[0][: len(x) - 9].reshape(-1, 3).all(1)).repeat(3)
                idle[0][len(x) - 9 :] = False
            return found

        return slopes

    pormake.scaler.jnp = np
    pormake.scaler.jax = SimpleNamespace(jit=lambda function: function, grad=grad)


def _file(name, lines):
    path = Path(tempfile.gettempdir()) / f"{os.getpid()}-{name}"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def main():
    """Answer one question."""
    question = json.loads(Path("question.json").read_text())
    tempfile.tempdir = str(Path.cwd())
    with redirect_stdout(sys.stderr):
        import pormake

        pormake.log.disable_print()
        pormake.log.disable_file_print()
        root = Path(pormake.__file__).parent / "database" / "topologies"
        without_compiling(pormake)
        answer = {}
        if question["asked"] == "names":
            answer["names"] = names(root)
        elif question["asked"] == "nets":
            answer["nets"] = []
            for name in question["nets"]:
                try:
                    net = primitive(
                        pormake, str(root / f"{name}.cgd"), question["most_slots"], question["most_vertices"]
                    )
                except Exception:  # whatever PORMAKE stumbles over: one net less to draw from
                    net = None
                answer["nets"].append(net)
        else:
            answer["builds"], known = [], {}
            for asked in question["builds"]:
                start = time.process_time()
                try:
                    if asked["net"] not in known:
                        known[asked["net"]] = topology_of(pormake, question["nets"][asked["net"]])
                    found = build(pormake, known[asked["net"]], asked)
                except Exception as error:
                    found = {"reason": "pormake", "text": repr(error)[:200]}
                if "cell" in found and not math.isfinite(float(np.sum(found["cell"]))):
                    found = {"reason": "pormake", "text": "no number"}
                answer["builds"].append({**found, "seconds": time.process_time() - start})
    Path("answer.json").write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
