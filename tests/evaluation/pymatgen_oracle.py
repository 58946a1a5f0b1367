"""CrystalNN fingerprints by pymatgen, one site after another: slow, and the measure of ours."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pymatgen.core import Structure

_MOTIFS = {
    1: ["sgl_bd"],
    2: ["L-shaped", "water-like", "bent 120 degrees", "bent 150 degrees", "linear"],
    3: ["trigonal planar", "trigonal non-coplanar", "T-shaped"],
    4: ["square co-planar", "tetrahedral", "rectangular see-saw-like", "see-saw-like", "trigonal pyramidal"],
    5: ["pentagonal planar", "square pyramidal", "trigonal bipyramidal"],
    6: ["hexagonal planar", "octahedral", "pentagonal pyramidal"],
    7: ["hexagonal pyramidal", "pentagonal bipyramidal"],
    8: ["body-centered cubic", "hexagonal bipyramidal"],
    9: ["q2", "q4", "q6"],
    10: ["q2", "q4", "q6"],
    11: ["q2", "q4", "q6"],
    12: ["cuboctahedral", "q2", "q4", "q6"],
}


@cache
def _parameters():
    from pymatgen.core.local_env import CN_OPT_PARAMS, LocalStructOrderParams

    found = {}
    for number, names in _MOTIFS.items():
        for name in names:
            kind, *constants = CN_OPT_PARAMS.get(number, {}).get(name, [name])
            found[number, name] = LocalStructOrderParams([kind], parameters=[constants[0] if constants else None])
    return found


def order_parameter(number: int, name: str, vectors: NDArray) -> float:
    """One order parameter of neighbours at ``vectors`` (n, 3), Angstrom, from the site."""
    from pymatgen.core import Site

    sites = [Site("C", v) for v in np.vstack([np.zeros(3), vectors])]
    return _parameters()[number, name].get_order_parameters(sites, 0, list(range(1, len(sites))))[0] or 0.0


def site_fingerprint(structure: Structure, site: int) -> NDArray[np.float64]:
    """(61,) of one site."""
    from pymatgen.core.local_env import CrystalNN

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = CrystalNN().get_nn_data(structure, site)
    numbers: list[float] = []
    for number in range(1, 25):
        weight = data.cn_weights.get(number, 0)
        numbers.append(weight)
        for name in _MOTIFS.get(number, []):
            value = 0.0
            if weight:
                sites = [structure[site], *(n["site"] for n in data.cn_nninfo[number])]
                value = _parameters()[number, name].get_order_parameters(sites, 0, list(range(1, len(sites))))[0] or 0.0
            numbers.append(weight * value)
    return np.array(numbers)


def fingerprint(structure: Structure) -> NDArray[np.float64]:
    """(61,) mean over all sites."""
    return np.mean([site_fingerprint(structure, i) for i in range(len(structure))], axis=0)
