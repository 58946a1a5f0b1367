"""How often SymmCD gives what was asked for: group, elements, composition, template, kept orbits and lattice.

    python benchmarks/conditioning.py --count 200 --out conditioning.json

One line a kind of request. ``asked``: what the request fixes is there, counted on the atoms of the finished
crystal. ``group``: spglib at 0.1 A finds the space group that the crystal was made for. ``apart``: no two
atoms closer than 0.6 of the sum of their covalent radii. ``all``: the three together. ``different``: distinct
formulas. Seconds a crystal are those of the whole draw, further draws included.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import spglib
from numpy.typing import NDArray

from crystal_studio.crystal import lattice
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.crystal.neighbours import minimum_radius_ratios
from crystal_studio.crystal.primitive import primitive
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.fixed_sites import Kept, KeptOrbit, wyckoff_row
from crystal_studio.design.request import ChemicalSystem, DesignRequest
from crystal_studio.generators import registry
from crystal_studio.generators.anchors import on_representative
from crystal_studio.generators.symmcd.options import SymmCDOptions

COMMON, RARE = 100, 10
"""Crystals of the training set in a common group, at least, and in a rare one, at most."""


@dataclass(frozen=True)
class Case:
    """One kind of request; ``count`` crystals are divided among its requests."""

    name: str
    requests: tuple[DesignRequest, ...]
    asked: Callable[[AsymmetricUnits, Structures, DesignRequest], NDArray[np.bool_]]


def groups_asked(units: AsymmetricUnits, cells: Structures, request: DesignRequest) -> NDArray[np.bool_]:
    """The group, by its operations on the finished crystal, is left to the column ``group``."""
    return np.isin(units.space_group, request.space_groups) if request.space_groups else np.ones(len(units), bool)


def elements_asked(units: AsymmetricUnits, cells: Structures, request: DesignRequest) -> NDArray[np.bool_]:
    """Every element that must be there is, and none that must not."""
    must, may = set(request.chemical_system.must), set(request.chemical_system.allowed)
    held = [{SYMBOLS[z] for z in cells.numbers[cells.atoms(i)]} for i in range(len(cells))]
    return np.array([must <= h <= may for h in held])


def composition_asked(units: AsymmetricUnits, cells: Structures, request: DesignRequest) -> NDArray[np.bool_]:
    """The atoms are whole formula units."""
    want = {atomic_number(s): n for s, n in request.reduced_composition.items()}
    found = []
    for i in range(len(cells)):
        counts = Counter(cells.numbers[cells.atoms(i)].tolist())
        shares = {counts[z] / n for z, n in want.items()}
        found.append(set(counts) == set(want) and len(shares) == 1 and shares.pop() % 1 == 0)
    return np.array(found)


def template_asked(units: AsymmetricUnits, cells: Structures, request: DesignRequest) -> NDArray[np.bool_]:
    """The orbits lie on the template's positions, and the chemistry is as asked."""
    rows = sorted(wyckoff_row(request.space_groups[0], name) for name in request.options["template"])
    held = np.array([sorted(w[w >= 0].tolist()) == rows for w in units.wyckoff])
    return held & (composition_asked if request.composition else elements_asked)(units, cells, request)


def kept_asked(units: AsymmetricUnits, cells: Structures, request: DesignRequest) -> NDArray[np.bool_]:
    """Every kept atom is where it was, the kept lattice within 0.1 %, and something was added."""
    keep = SymmCDOptions.of(request).keep
    assert keep is not None
    ok = composition_asked(units, cells, request) if request.composition else elements_asked(units, cells, request)
    table = tables()
    for orbit in keep.orbits:
        row = wyckoff_row(request.space_groups[0], orbit.wyckoff)
        rotations, translations = table.orbit(row)
        images = rotations @ on_representative(row, np.array(orbit.position)) + translations
        for i in range(len(cells)):
            same = cells.positions[cells.atoms(i)][cells.numbers[cells.atoms(i)] == atomic_number(orbit.element)]
            gap = images[:, None] - same
            ok[i] &= len(same) > 0 and bool((np.abs(gap - np.rint(gap)).max(-1) < 1e-3).any(1).all())
    if keep.cell:
        ratio = lattice.cell_parameters(units.lattice) / np.array(keep.cell)
        ok &= (np.abs(ratio - 1) < 1e-3).all(1)
    return ok & (units.n_orbits > len(keep.orbits))


def cases(seen: NDArray[np.int64]) -> list[Case]:
    """The kinds of request; ``seen`` (230,): crystals of each group in the training set."""
    number = np.arange(1, 231)

    def of(choice: NDArray[np.bool_]) -> tuple[DesignRequest, ...]:
        return (DesignRequest(space_groups=tuple(number[choice].tolist())),)

    def elements(text: str, mode: str, **more) -> DesignRequest:
        return DesignRequest(chemical_system=ChemicalSystem.parse(text, mode), **more)

    def made_of(*texts: str, **more) -> tuple[DesignRequest, ...]:
        return tuple(DesignRequest(composition=t, **more) for t in texts)

    spinel = ("8a", "16d", "32e")
    oxygen, host = KeptOrbit("O", "32e", (0.2624, 0.2624, 0.2624)), KeptOrbit("O", "3c", (0.5, 0.0, 0.5))
    olivine = tuple(
        KeptOrbit(e, w, p)  # type: ignore[arg-type]
        for e, w, p in (
            ("Fe", "4c", (0.282, 0.25, 0.975)),
            ("P", "4c", (0.095, 0.25, 0.418)),
            ("O", "4c", (0.097, 0.25, 0.743)),
            ("O", "4c", (0.457, 0.25, 0.206)),
            ("O", "8d", (0.166, 0.046, 0.285)),
        )
    )
    olivine_cell = (10.33, 6.01, 4.69, 90.0, 90.0, 90.0)
    return [
        Case("no condition", (DesignRequest(),), groups_asked),
        Case("common group", of(seen >= COMMON), groups_asked),
        Case("rare group", of((seen > 0) & (seen <= RARE)), groups_asked),
        Case("unseen group", of(seen == 0), groups_asked),
        Case("subset of elements", (elements("Li-Mn-Fe-P-O", "subset"),), elements_asked),
        Case(
            "exact system",
            (elements("Li-Mn-O", "exact"), elements("Ga-As", "exact"), elements("Cs-Pb-Br", "exact")),
            elements_asked,
        ),
        Case(
            "exact system, required group",
            (elements("Mg-Al-O", "exact", space_groups=(227,)), elements("Ba-Ti-O", "exact", space_groups=(99, 221))),
            elements_asked,
        ),
        Case(
            "contains, others excluded",
            (DesignRequest(chemical_system=ChemicalSystem(("O",), "contains", required=("Li",), excluded=("H", "F"))),),
            elements_asked,
        ),
        Case("exact composition", made_of("LiMn2O4", "SrTiO3", "GaN", "Li3PS4"), composition_asked),
        Case(
            "exact composition, group",
            (
                *made_of("MgAl2O4", space_groups=(227,)),
                *made_of("LiFePO4", space_groups=(62,), max_atoms=28),
                *made_of("CaTiO3", space_groups=(62, 140, 221)),
            ),
            composition_asked,
        ),
        Case(
            "template",
            (
                DesignRequest(space_groups=(227,), options={"template": spinel}),
                DesignRequest(space_groups=(62,), options={"template": ("4c", "4c", "4c", "8d")}),
                DesignRequest(space_groups=(221,), options={"template": ("1a", "1b", "3c")}),
            ),
            template_asked,
        ),
        Case(
            "template, exact system",
            (
                elements("Zn-Cr-O", "exact", space_groups=(227,), options={"template": spinel}),
                elements("K-Ni-F", "exact", space_groups=(139,), options={"template": ("2a", "4c", "4e", "4e")}),
            ),
            template_asked,
        ),
        Case(
            "template, composition",
            (
                *made_of("MgAl2O4", space_groups=(227,), options={"template": spinel}),
                *made_of("CaTiO3", space_groups=(62,), options={"template": ("4b", "4c", "4c", "8d")}),
            ),
            template_asked,
        ),
        Case(
            "kept orbits and lattice",
            (
                DesignRequest(space_groups=(227,), options={"keep": Kept((oxygen,), (8.08,) * 3 + (90.0,) * 3)}),
                DesignRequest(space_groups=(221,), options={"keep": Kept((host,), (3.9,) * 3 + (90.0,) * 3)}),
                elements(
                    "Li-Fe-P-O", "exact", space_groups=(62,), options={"keep": Kept(olivine, olivine_cell, added=1)}
                ),
            ),
            kept_asked,
        ),
        Case("kept orbits", (DesignRequest(space_groups=(227,), options={"keep": Kept((oxygen,))}),), kept_asked),
        Case(
            "kept lattice",
            (
                DesignRequest(space_groups=(194,), options={"keep": Kept((), (3.0, 3.0, 5.0, 90.0, 90.0, 120.0))}),
                DesignRequest(space_groups=(14,), options={"keep": Kept((), (5.1, 5.2, 5.3, 90.0, 99.0, 90.0))}),
            ),
            kept_asked,
        ),
        Case(
            "kept orbits, composition",
            made_of("MgAl2O4", space_groups=(227,), options={"keep": Kept((oxygen,), (8.08,) * 3 + (90.0,) * 3)}),
            kept_asked,
        ),
    ]


def group_found(cells: Structures, groups: NDArray) -> NDArray[np.bool_]:
    """(B,) whether spglib at 0.1 A finds these groups."""
    found = np.zeros(len(cells), bool)
    for i, group in enumerate(groups):
        atoms = cells.atoms(i)
        cell = (cells.lattice[i], cells.positions[atoms], cells.numbers[atoms])
        data = spglib.get_symmetry_dataset(cell, symprec=0.1)
        found[i] = data is not None and data.number == group
    return found


def measure(generator, case: Case, count: int, seed: int, steps: int) -> dict[str, float | int | str]:
    """Shares of one case."""
    share = -(-count // len(case.requests))
    asked, group, apart, names = [], [], [], []
    started = time.perf_counter()
    for request in case.requests:
        request = request.with_(count=share, seed=seed).with_options(steps=steps)
        generator.check(request)
        chunks = range(-(-share // generator.chunk_size))
        units = AsymmetricUnits.concatenate(generator.sample_units(request, c) for c in chunks)
        full = expand(units)
        cells = primitive(full, units.space_group)
        asked.append(case.asked(units, full, request))
        sane = minimum_radius_ratios(cells) >= 0.6
        apart.append(sane)
        found = np.zeros(len(units), bool)
        found[sane] = group_found(cells.take(np.flatnonzero(sane)), units.space_group[sane])
        group.append(found)
        names += formulas(full)
    seconds = time.perf_counter() - started
    a, g, s = (np.concatenate(x) for x in (asked, group, apart))
    return {
        "case": case.name,
        "count": len(a),
        "asked": round(float(a.mean()), 4),
        "group": round(float(g.mean()), 4),
        "apart": round(float(s.mean()), 4),
        "all": round(float((a & g & s).mean()), 4),
        "different": len(set(names)),
        "seconds_each": round(seconds / len(a), 3),
    }


def main() -> None:
    """Print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="name of an installed model; empty: the default")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default="", help="cases whose name contains this text")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    generator = registry.load(arguments.model, arguments.device)
    seen = generator.priors.groups.numpy().astype(int)
    rows = []
    print(f"{'':30}{'count':>6}{'asked':>8}{'group':>8}{'apart':>8}{'all':>8}{'different':>11}{'s each':>8}")
    for case in cases(seen):
        if arguments.only not in case.name:
            continue
        row = measure(generator, case, arguments.count, arguments.seed, arguments.steps)
        rows.append(row)
        shares = "".join(f"{row[k]:8.1%}" for k in ("asked", "group", "apart", "all"))
        print(f"{case.name:30}{row['count']:6}{shares}{row['different']:11}{row['seconds_each']:8.2f}", flush=True)
    if arguments.out:
        result = {"model": generator.card.name, "seed": arguments.seed, "steps": arguments.steps, "cases": rows}
        arguments.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
