"""Names of linkers and identities of blocks, by RDKit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_mofs import NAMES, known

from crystal_studio.mof.block import Block
from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.chemistry import identity, names
from crystal_studio.mof.fragments import fragment

pytest.importorskip("rdkit", reason="RDKit, the optional extra 'mof', is not installed")


def linker(name: str) -> Block:
    return next(b for b in fragment(known(name)).blocks if b.kind == LINKER)


@pytest.mark.parametrize(
    ("name", "smiles", "inchikey"),
    [
        ("HKUST-1", "O=C(O)c1cc(C(=O)O)cc(C(=O)O)c1", "QMKYBPDZANOJGF-UHFFFAOYSA-N"),
        ("MOF-5", "O=C(O)c1ccc(C(=O)O)cc1", "KKEYFWRCBNTPAC-UHFFFAOYSA-N"),
        ("ZIF-8", "Cc1ncc[nH]1", "LXBGSDVWAMZHDD-UHFFFAOYSA-N"),
        ("Mg-MOF-74", "O=C(O)c1cc(O)c(C(=O)O)cc1O", "OYFRNYNHAZOYNF-UHFFFAOYSA-N"),
        ("UiO-66", "O=C(O)c1ccc(C(=O)O)cc1", "KKEYFWRCBNTPAC-UHFFFAOYSA-N"),
    ],
)
def test_linkers_have_the_names_of_their_acids(name: str, smiles: str, inchikey: str) -> None:
    """InChIKeys as public databases give them for the acids that these frameworks are made from."""
    assert names(linker(name)) == (smiles, inchikey)


def test_a_nitrate_is_charged() -> None:
    nitrate = Block(
        LINKER,
        np.array([7, 8, 8, 8], np.int16),
        1.25 * np.array([[0, 0, 0], [1, 0, 0], [-0.5, 0.87, 0], [-0.5, -0.87, 0]]),
        np.array([[0, 1], [0, 2], [0, 3]], np.int32),
        np.ones(3, np.float32),
        np.array([[2.0, 0, 0]]),
        np.array([1], np.int32),
    )
    assert names(nitrate)[0] == "O=[N+]([O-])[O-]"


def test_identity_is_of_the_bond_graph() -> None:
    """Equal in any order of atoms and any shape; another element, kind or connection point is another identity."""
    block = linker("MOF-5")
    order = np.arange(len(block.numbers))[::-1]
    row = np.argsort(order)
    turned = replace(
        block,
        numbers=block.numbers[order],
        positions=block.positions[order] * 1.1,
        bonds=row[block.bonds].astype(np.int32),
        point_atom=row[block.point_atom].astype(np.int32),
    )
    assert identity(turned) == identity(block) == identity(linker("UiO-66"))
    numbers = block.numbers.copy()
    numbers[np.flatnonzero(numbers == 1)[0]] = 9
    assert identity(replace(block, numbers=numbers)) != identity(block)
    assert identity(replace(block, points=block.points[:3], point_atom=block.point_atom[:3])) != identity(block)
    nodes = [next(b for b in fragment(known(name)).blocks if b.kind == NODE) for name in NAMES]
    assert len({identity(node) for node in nodes}) == len(nodes)
