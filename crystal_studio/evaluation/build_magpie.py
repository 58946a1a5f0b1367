"""Builds ``resources/magpie``: the elemental properties and the scaling of compositional fingerprints.

``python -m crystal_studio.evaluation.build_magpie --tables matminer/utils/data_files/magpie_elementdata
--scaling cdvae/common/constants.py``
"""

from __future__ import annotations

import argparse
import ast
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal.element_properties import PROPERTIES
from crystal_studio.evaluation.magpie import N_FEATURES

LICENCE = """matminer Copyright (c) 2015, The Regents of the University of California, through Lawrence Berkeley \
National Laboratory (subject to receipt of any required approvals from the U.S. Dept. of Energy). All rights reserved. \
Redistribution and use in source and binary forms, with or without modification, are permitted provided that the \
following conditions are met: (1) Redistributions of source code must retain the above copyright notice, this list of \
conditions and the following disclaimer. (2) Redistributions in binary form must reproduce the above copyright notice, \
this list of conditions and the following disclaimer in the documentation and/or other materials provided with the \
distribution. (3) Neither the name of the University of California, Lawrence Berkeley National Laboratory, U.S. Dept. \
of Energy nor the names of its contributors may be used to endorse or promote products derived from this software \
without specific prior written permission. THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" \
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND \
FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE LIABLE FOR \
ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, \
PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED \
AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) \
ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE."""

CARD = {
    "title": "Elemental properties and scaling of Magpie fingerprints",
    "properties": {
        "origin": "Magpie's elemental tables as distributed by matminer (22 properties of the preset 'magpie')",
        "citation": "Ward et al., npj Comput. Mater. 2, 16028 (2016), doi:10.1038/npjcompumats.2016.28",
        "licence": "BSD-3-Clause-LBNL",
        "licence_text": LICENCE,
    },
    "scaling": {
        "origin": "means and standard deviations of the published evaluation (github.com/txie-93/cdvae, "
        "cdvae/common/constants.py); DiffCSP and SymmCD evaluate with the same numbers",
        "citation": "Xie et al., Crystal Diffusion Variational Autoencoder, ICLR 2022, arXiv:2110.06197",
        "licence": "MIT, Copyright (c) 2021 Tian Xie, Xiang Fu",
    },
    "limits": "Properties unknown for an element are NaN; features that need them count as average.",
}


def elemental_table(folder: Path) -> NDArray[np.float64]:
    """(119, 22), row = atomic number, NaN where a property is unknown."""
    table = np.full((119, len(PROPERTIES)), np.nan)
    for column, name in enumerate(PROPERTIES):
        for number, line in enumerate((folder / f"{name}.table").read_text().splitlines()[:118], start=1):
            try:
                table[number, column] = float(line)
            except ValueError:
                continue
    return table


def published_scaling(source: Path) -> dict[str, NDArray[np.float64]]:
    """Means and standard deviations (132,) from the two lists of numbers in ``source``."""
    wanted = {"CompScalerMeans": "mean", "CompScalerStds": "std"}
    found: dict[str, NDArray[np.float64]] = {}
    for statement in ast.parse(source.read_text()).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = wanted.get(statement.targets[0].id)
            if name:
                found[name] = np.array(ast.literal_eval(statement.value))
    assert set(found) == {"mean", "std"} and all(v.shape == (N_FEATURES,) for v in found.values()), source
    return found


def main() -> None:
    """Write ``magpie.npz`` and its card."""
    parser = argparse.ArgumentParser(description="Build the tables of compositional fingerprints.")
    parser.add_argument("--tables", type=Path, required=True, help="folder with Number.table and the others")
    parser.add_argument("--scaling", type=Path, required=True, help="Python file with the two lists of numbers")
    arguments = parser.parse_args()
    folder = paths.resources() / "magpie"
    folder.mkdir(parents=True, exist_ok=True)
    scaling = published_scaling(arguments.scaling)
    table = elemental_table(arguments.tables)
    np.savez_compressed(folder / "magpie.npz", table=table, mean=scaling["mean"], std=scaling["std"])
    (folder / "magpie.card.json").write_text(json.dumps(CARD, indent=1) + "\n")


if __name__ == "__main__":
    main()
