"""CrystalNN fingerprints, one site after another by pymatgen."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.evaluation.crystalnn.motifs import LABELS, MOTIFS, WIDTH

__all__ = ["LABELS", "WIDTH", "crystalnn_fingerprints"]


def crystalnn_fingerprints(crystals: AsymmetricUnits | Structures, workers: int = 1) -> NDArray[np.float64]:
    """(B, 61) means over sites; rows of NaN where none can be computed."""
    structures = expand(crystals) if isinstance(crystals, AsymmetricUnits) else crystals
    return np.array([_fingerprint(structures, i) for i in range(len(structures))]).reshape(-1, WIDTH)


def _fingerprint(structures: Structures, i: int) -> NDArray[np.float64]:
    from pymatgen.core import Structure
    from pymatgen.core.local_env import CN_OPT_PARAMS, CrystalNN, LocalStructOrderParams

    rows = structures.atoms(i)
    total = np.zeros(WIDTH)
    try:
        crystal = Structure(
            structures.lattice[i], [SYMBOLS[z] for z in structures.numbers[rows]], structures.positions[rows]
        )
        for site in range(len(crystal)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = CrystalNN().get_nn_data(crystal, site)
            numbers: list[float] = []
            for number in range(1, 25):
                weight = data.cn_weights.get(number, 0)
                numbers.append(weight)
                for motif in MOTIFS.get(number, ()):
                    value = 0.0
                    if weight:
                        kind, *constants = CN_OPT_PARAMS.get(number, {}).get(motif.name, [motif.name])
                        parameter = LocalStructOrderParams([kind], parameters=[constants[0] if constants else None])  # type: ignore[list-item]
                        sites = [crystal[site], *(n["site"] for n in data.cn_nninfo[number])]
                        value = parameter.get_order_parameters(sites, 0, list(range(1, len(sites))))[0] or 0.0  # type: ignore[arg-type]
                    numbers.append(weight * value)
            total += numbers
        return total / len(crystal)
    except (ValueError, RuntimeError, TypeError, ZeroDivisionError):
        return np.full(WIDTH, np.nan)
