"""Zeo++ through pyzeo, on one crystal: run as a script by a Python that has pyzeo, imports nothing of ours."""

import json
import re
from pathlib import Path

DIVISION = "OCC"
"""Each large sphere becomes a central one and those of an octahedron around it."""


def main() -> None:
    from pyzeo.extension import AtomNetwork, high_accuracy_atomnet, surface_area, volume

    asked = json.loads(Path("question.json").read_text(encoding="utf-8"))
    Path("crystal.cssr").write_text(cssr(asked["cell"], asked["symbols"], asked["positions"]), encoding="utf-8")

    def network():
        return AtomNetwork.read_from_CSSR("crystal.cssr")

    whole = network()
    if asked["divided"] and len(set(asked["symbols"])) > 1:
        high_accuracy_atomnet(whole, DIVISION)
    whole.calculate_free_sphere_parameters("crystal.res")
    largest, free = map(float, Path("crystal.res").read_text(encoding="utf-8").split()[1:3])
    probe, samples = asked["radius"], asked["samples"]
    area = text(surface_area(network(), probe, probe, samples, asked["divided"]))
    room = text(volume(network(), 0.0, 0.0, 100 * samples, asked["divided"]))
    answer = {
        "lcd": largest,
        "pld": free,
        "area": told(area, "ASA_m^2/g"),
        "area_by_volume": told(area, "ASA_m^2/cm^3"),
        "void_fraction": told(room, "AV_Volume_fraction"),
    }
    Path("answer.json").write_text(json.dumps(answer), encoding="utf-8")


def cssr(cell, symbols, positions) -> str:
    """Cell parameters (Angstrom, degrees), symbols and fractional coordinates in the format of Cerius2."""
    lengths, angles = (" ".join(f"{value:.8f}" for value in part) for part in (cell[:3], cell[3:]))
    lines = [lengths, f"{angles} SPGR = 1 P 1 OPT = 1", f"{len(symbols)} 0", "0 crystal : crystal"]
    for k, (symbol, point) in enumerate(zip(symbols, positions, strict=True), 1):
        place = " ".join(f"{value:.8f}" for value in point)
        lines.append(f"{k} {symbol} {place} 0 0 0 0 0 0 0 0 0.0")
    return "\n".join(lines) + "\n"


def text(answer) -> str:
    """What pyzeo says, with or without the network that comes with it."""
    answer = answer[0] if isinstance(answer, tuple) else answer
    return answer.decode() if isinstance(answer, bytes) else answer


def told(report: str, name: str) -> float:
    """The figure behind a name, as in "AV_Volume_fraction: 0.5"."""
    found = re.search(rf"(?<!\S){re.escape(name)}: (\S+)", report)
    if found is None:
        raise SystemExit(f"Zeo++ tells no {name}")
    return float(found.group(1))


if __name__ == "__main__":
    main()
