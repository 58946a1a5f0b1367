"""Builds ``resources/symmetry/space_groups.npz``: 230 space groups, 1,731 Wyckoff positions.

Run ``python -m crystal_studio.crystal.build_tables`` after changing anything here.
Operations and Wyckoff positions come from PyXtal (ITA standard settings: unique
axis b, cell choice 1, origin choice 2, hexagonal axes); Hermann-Mauguin symbols
and crystal systems from moyopy. Oriented site symmetries and the space-group
encoding are worked out here from the operations, so that they do not depend on
the installed versions.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal.symmetry_elements import encode_group, encode_site

VERSION = 1
DENOMINATOR = 24


def _as_24ths(translation: NDArray) -> NDArray[np.int8]:
    scaled = np.asarray(translation, float) % 1.0 * DENOMINATOR
    rounded = np.round(scaled)
    if np.abs(scaled - rounded).max() > 1e-3:
        raise ValueError(f"translation {translation} is not a multiple of 1/24")
    return (rounded % DENOMINATOR).astype(np.int8)


def _stabiliser(
    rotations: NDArray[np.int8], translations: NDArray[np.float64], point: NDArray[np.float64]
) -> NDArray[np.int8]:
    moved = rotations @ point + translations - point
    return rotations[np.abs(moved - np.round(moved)).max(1) < 1e-6]


def _orbit(
    rotations: NDArray[np.int8], translations: NDArray[np.float64], point: NDArray[np.float64], multiplicity: int
) -> NDArray[np.uint8]:
    """Operations (identity first) that carry a point to its distinct images modulo the lattice."""
    images = np.round((rotations @ point + translations) % 1.0, 6) % 1.0
    _, first = np.unique(images, axis=0, return_index=True)
    if len(first) != multiplicity:
        raise ValueError("orbit of wrong length")
    return np.sort(first).astype(np.uint8)


def build() -> dict[str, NDArray]:
    """All tables as arrays; see ``SpaceGroupTables`` for their meaning."""
    import moyopy
    from pyxtal.symmetry import Group

    rng = np.random.default_rng(0)
    of_groups = ("rot", "trans", "n_ops", "n_centring", "encoding", "symbol", "system", "point_group")
    columns: dict[str, list] = {k: [] for k in (*of_groups, "polar", "chiral", "inversion")}
    of_sites = ("group", "letter", "multiplicity", "dof", "site_symmetry", "rot", "trans", "pattern")
    sites: dict[str, list] = {k: [] for k in (*of_sites, "orbit", "projector")}
    for number in range(1, 231):
        group, kind = Group(number), moyopy.SpaceGroupType(number)
        operations = group[0].ops
        rot = np.array([np.round(o.rotation_matrix) for o in operations], np.int8)
        trans = np.array([_as_24ths(o.translation_vector) for o in operations])
        centring = int((rot == np.eye(3, dtype=np.int8)).all((1, 2)).sum())
        coset = len(rot) // centring
        columns["rot"].append(rot)
        columns["trans"].append(trans)
        columns["n_ops"].append(len(rot))
        columns["n_centring"].append(centring)
        columns["symbol"].append(kind.hm_short)
        columns["system"].append(str(kind.crystal_system).rsplit(".", 1)[-1].lower())
        columns["point_group"].append(group.point_group)
        columns["inversion"].append(bool((rot == -np.eye(3, dtype=np.int8)).all((1, 2)).any()))
        columns["polar"].append(bool(group.polar))
        # Sohncke groups: no improper operation, so a chiral crystal is possible.
        columns["chiral"].append(bool((np.linalg.det(rot.astype(float)) > 0).all()))
        columns["encoding"].append(
            encode_group(kind.hm_short[0], rot[:coset], trans[:coset].astype(float) / DENOMINATOR)
        )
        for position in group.Wyckoff_positions:
            position.get_site_symmetry()
            first = position.ops[0]
            linear = np.round(first.rotation_matrix).astype(np.int8)
            origin = _as_24ths(first.translation_vector)
            point = linear @ rng.uniform(0.1, 0.9, 3) + origin / DENOMINATOR
            stabiliser = _stabiliser(rot, trans.astype(float) / DENOMINATOR, point)
            if len(stabiliser) * position.multiplicity != len(rot):
                raise ValueError(f"{number}{position.letter}: stabiliser of wrong order")
            sites["group"].append(number)
            sites["letter"].append(position.letter)
            sites["multiplicity"].append(position.multiplicity)
            sites["dof"].append(np.linalg.matrix_rank(linear))
            sites["site_symmetry"].append(position.site_symm)
            sites["rot"].append(linear)
            sites["trans"].append(origin)
            sites["pattern"].append(encode_site(stabiliser))
            sites["orbit"].append(_orbit(rot, trans.astype(float) / DENOMINATOR, point, position.multiplicity))
            sites["projector"].append(np.round(24 * stabiliser.astype(float).mean(0)).astype(np.int8))
    return {
        "version": np.array(VERSION),
        "rot": np.concatenate(columns["rot"]),
        "trans": np.concatenate(columns["trans"]),
        "n_ops": np.array(columns["n_ops"], np.int16),
        "n_centring": np.array(columns["n_centring"], np.int8),
        "inversion": np.array(columns["inversion"]),
        "polar": np.array(columns["polar"]),
        "chiral": np.array(columns["chiral"]),
        "encoding": np.packbits(np.array(columns["encoding"]), axis=1),
        "w_group": np.array(sites["group"], np.int16),
        "w_multiplicity": np.array(sites["multiplicity"], np.int16),
        "w_dof": np.array(sites["dof"], np.int8),
        "w_rot": np.array(sites["rot"]),
        "w_trans": np.array(sites["trans"]),
        "w_orbit": np.concatenate(sites["orbit"]),
        "w_projector": np.array(sites["projector"]),
        "w_class": np.array(sites["pattern"], np.int8),
        "text": np.array(
            json.dumps(
                {
                    "symbol": columns["symbol"],
                    "system": columns["system"],
                    "point_group": columns["point_group"],
                    "letter": sites["letter"],
                    "site_symmetry": sites["site_symmetry"],
                }
            )
        ),
    }


def main() -> None:
    """Write the tables where the program reads them."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    target = paths.resources() / "symmetry" / "space_groups.npz"
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target, allow_pickle=False, **build())
    print(f"{target}: {target.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
