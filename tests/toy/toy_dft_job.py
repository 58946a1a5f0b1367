"""The job of the toy code: a cell that breathes until every atom has the volume it wants; a program of its own.

It goes on at the step that it was ended at, holds still at step 3 while there is a file ``hold`` beside it, and
writes its process id to ``pid``.
"""

import json
import os
import time
from pathlib import Path

WANTED = {13: 16.0, 33: 20.0}
ENERGY = {13: -3.0, 33: -4.0}


def main():
    Path("pid").write_text(str(os.getpid()))
    asked = json.loads(Path("input.json").read_text())
    numbers, lattice, settings = asked["numbers"], asked["lattice"], asked["settings"]
    wanted = sum(WANTED.get(z, 10.0) for z in numbers)
    state = Path("state.json")
    known = json.loads(state.read_text()) if state.exists() else {"step": 0, "starts": 0}
    step, starts = known["step"], known["starts"] + 1
    lattice = known.get("lattice", lattice)
    while True:
        put("state.json", {"step": step, "starts": starts, "lattice": lattice})
        strain = volume(lattice) / wanted - 1
        energy = sum(ENERGY.get(z, -1.0) for z in numbers) + len(numbers) * (strain**2 - 0.5 * (len(set(numbers)) - 1))
        tell(step, 1, energy)
        tell(step, 0, energy, abs(strain))
        while step == 3 and Path("hold").exists():
            time.sleep(0.01)
        if settings["task"] != "relax" or abs(strain) < settings["fmax"] or step >= settings["max_steps"]:
            break
        factor = (1 / (1 + strain)) ** (1 / 6)
        lattice = [[factor * x for x in row] for row in lattice]
        step += 1
    if 2 in numbers:
        put("result.json", {"error": "Helium is too noble for the toy code: choose another element."})
        return
    converged = settings["task"] != "relax" or abs(strain) < settings["fmax"]
    result = {
        "energy": energy,
        "lattice": lattice,
        "numbers": numbers,
        "positions": asked["positions"],
        "converged": converged,
        "functional": "PBE",
        "code": "Toy 1.0",
        "settings": settings | {"starts": starts},
        "warnings": [] if converged else ["It still breathes."],
        "max_force": abs(strain),
    }
    put("result.json", result)


def volume(m):
    return abs(
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )


def tell(step, iteration, energy, max_force=None):
    line = {"step": step, "iteration": iteration, "energy": energy}
    with Path("progress.jsonl").open("a") as file:
        file.write(json.dumps(line if max_force is None else line | {"max_force": max_force}) + "\n")


def put(name, document):
    draft = Path(name + ".new")
    draft.write_text(json.dumps(document))
    draft.replace(name)


main()
