"""What RDKit says of a block: ECFP4 identity, SMILES and InChIKey. The only file that imports it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from crystal_studio.errors import KnownError
from crystal_studio.mof.block import Block
from crystal_studio.mof.bond_orders import kekule_bonds


def identity(block: Block) -> int:
    """64 bits that are equal for equal ECFP4 (Morgan, radius 2) features of the bond graph.

    Atoms are all that the block has, hydrogens and a dummy for each connection point included; bonds count without
    their orders, which distances tell only so well.
    """
    chem = _rdkit()
    from rdkit.Chem import rdFingerprintGenerator

    editable = chem.RWMol()
    for z in (*block.numbers.tolist(), *[0] * len(block.points)):
        editable.AddAtom(chem.Atom(z))
    n = len(block.numbers)
    for i, j in {tuple(sorted(pair)) for pair in block.bonds.tolist()}:
        editable.AddBond(i, j, chem.BondType.SINGLE)
    for k, i in enumerate(block.point_atom.tolist()):
        editable.AddBond(i, n + k, chem.BondType.SINGLE)
    molecule = editable.GetMol()
    molecule.UpdatePropertyCache(strict=False)
    chem.FastFindRings(molecule)
    features = rdFingerprintGenerator.GetMorganGenerator(radius=2).GetSparseFingerprint(molecule).GetOnBits()
    text = repr((block.kind, sorted(features)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def names(block: Block) -> tuple[str, str]:
    """SMILES and InChIKey of a linker with hydrogens in place of metals; both empty where RDKit finds no sound one."""
    chem = _rdkit()
    try:
        molecule = _molecule(block, chem)
        return chem.MolToSmiles(molecule), chem.MolToInchiKey(molecule)
    except (ValueError, RuntimeError):
        return "", ""


def _molecule(block: Block, chem: Any) -> Any:
    pairs = block.bonds.astype(np.int64).reshape(-1, 2)
    length = np.linalg.norm(block.positions[pairs[:, 0]] - block.positions[pairs[:, 1]], axis=1)
    kekule = kekule_bonds(block.numbers, pairs, length)
    charge, hydrogens = kekule.charge.copy(), kekule.open.copy()
    for i in np.flatnonzero((block.numbers == 7) & (kekule.charge > 0)).tolist():
        # The oxygens of a nitro group or a nitrate that the nitrogen has no bond left for are its own, not hydroxyls.
        near = pairs[(pairs == i).any(1)].ravel()
        charge[near] -= (block.numbers[near] == 8) & (hydrogens[near] > 0)
        hydrogens[near[block.numbers[near] == 8]] = 0
    heavy = np.flatnonzero(block.numbers != 1)
    row = {int(atom): k for k, atom in enumerate(heavy)}
    editable = chem.RWMol()
    for i, j in pairs.tolist():
        if (i in row) != (j in row):
            hydrogens[i if i in row else j] += 1
    for i in heavy.tolist():
        atom = chem.Atom(int(block.numbers[i]))
        atom.SetFormalCharge(int(charge[i]))
        atom.SetNumExplicitHs(int(hydrogens[i]))
        atom.SetNoImplicit(True)
        editable.AddAtom(atom)
    kinds = {1: chem.BondType.SINGLE, 2: chem.BondType.DOUBLE, 3: chem.BondType.TRIPLE}
    for (i, j), order in zip(pairs.tolist(), kekule.order.tolist(), strict=True):
        if i in row and j in row:
            editable.AddBond(row[i], row[j], kinds[min(order, 3)])
    molecule = editable.GetMol()
    chem.SanitizeMol(molecule)
    return molecule


def _rdkit() -> Any:
    try:
        from rdkit import Chem, RDLogger
    except ImportError as error:
        raise KnownError(
            "Naming building blocks needs RDKit, which is not installed: pip install 'crystal-studio[mof]'."
        ) from error
    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    return Chem
