"""Ten known frameworks taken apart, named by the block encoder, and put together again.

    python benchmarks/known_mofs.py --cifs FOLDER [--pores] [--out known_mofs.json]

FOLDER holds the CIFs of CoRE MOF 2019-ASR (package core-mof). Each framework is cut; each block is embedded, and the
nearest block of the shipped library is taken for it, among nodes or among linkers (where the library has none of the
shape within 0.3 A, the framework's own blocks are added first, which is told), nodes in the shape that the places ask
for; orientations are forgotten, and the framework is assembled with places and cell as they were. Then: the root mean
square distance of its atoms from those of the CIF (atoms of an element being alike, whatever the origin), whether the
MOF key is the same, and with ``--pores`` (needs pyzeo) largest cavity and pore limiting diameter before -> after.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from crystal_studio.crystal.batches import Structures
from crystal_studio.generators.mofdiff.block_encoder import embed
from crystal_studio.generators.mofdiff.block_storage import block_embeddings, shipped_encoder
from crystal_studio.generators.mofdiff.decoding import nearest_blocks
from crystal_studio.mof.assemble import assemble
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.build_blocks import cut_text
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.collecting import Collector, coarse_grained
from crystal_studio.mof.fragments import Fragments
from crystal_studio.mof.key import keys_of_mofs
from crystal_studio.mof.library import shipped_blocks
from crystal_studio.mof.shapes import fitting_shapes
from crystal_studio.mof.whole import whole_atoms

ENTRIES = {
    "HKUST-1": "FIQCEN_clean",
    "MOF-5": "EDUSIF_clean",
    "IRMOF-6": "EDUTIG_clean",
    "ZIF-8": "OFERUN_clean",
    "ZIF-67": "GITTOT_manual",
    "Mg-MOF-74": "VOGTIV_clean_h",
    "UiO-66": "RUBTAK01_SL",
    "UiO-67": "WIZMAV02_auto",
    "MOF-505": "LASYOU_clean",
    "PCN-6'": "NIBHOW_clean",
    "MIL-53": "SABVUN_clean_h_min",
    "MOF-177": "ERIRIG_auto",
}


def library_with(fragments: Fragments) -> tuple[BlockLibrary, np.ndarray, int]:
    """The shipped blocks and those of the framework that they lack, their embeddings, and how many those are."""
    library, embeddings = shipped_blocks(), block_embeddings()
    known, more = Collector.of(library), Collector()
    for block in fragments.blocks:
        if known.find(block) is None:
            more.add(block)
    if not more.blocks:
        return library, embeddings, 0
    added = more.library(lambda block: 0, lambda block: ("", ""))
    added = replace(added, name=np.array([f"{name}-own" for name in added.name], object))
    embeddings = np.concatenate([embeddings, embed(shipped_encoder(), added)])
    return BlockLibrary.concatenate([library, added]), embeddings, len(added)


def decoded(fragments: Fragments, library: BlockLibrary, embeddings: np.ndarray) -> np.ndarray:
    """Rows of the library for the blocks of a framework as they stand there, by the nearest embedding."""
    collector = Collector(0.0)
    for block in fragments.blocks:
        collector._append(block)
    own = collector.library(lambda block: 0, lambda block: ("", ""))
    allowed = own.kind[:, None] == library.kind[None]
    return nearest_blocks(embed(shipped_encoder(), own), embeddings, allowed)


def deviation(fragments: Fragments, made: CoarseMofs, library: BlockLibrary) -> float:
    """Root mean square distance of all atoms from those of the framework as it was, Angstrom; NaN if others."""
    _, numbers, found = whole_atoms(made, library).structures.cell(0)
    elements = np.concatenate([block.numbers for block in fragments.blocks])
    inverse = np.linalg.inv(fragments.lattice)
    known = np.concatenate([x + b.positions @ inverse for x, b in zip(fragments.origin, fragments.blocks, strict=True)])
    if sorted(numbers.tolist()) != sorted(elements.tolist()):
        return float("nan")
    best = float("inf")
    nodes = np.unique(found[numbers == elements[0]], axis=0)  # the first atom is a metal of the first node
    for place in nodes - known[0]:
        drift = place
        for _ in range(3):
            apart = found[None] - drift - known[:, None]
            apart -= np.rint(apart)
            square = ((apart @ fragments.lattice) ** 2).sum(-1)
            square[elements[:, None] != numbers[None]] = 1e6
            if np.sqrt(square.min(1).mean()) > min(best, 3.0):
                break
            pairs = linear_sum_assignment(square)
            drift = drift + apart[pairs].mean(0)
            best = min(best, float(np.sqrt(square[pairs].mean())))
    return best


def pores(structures: Structures) -> tuple[float, float]:
    from crystal_studio.porosity.protocol import Probe
    from crystal_studio.porosity.zeo import ZEO

    found = ZEO.measure(structures, Probe(samples=20, divided=False), 120.0)
    return found.lcd, found.pld


def row(name: str, text: str, with_pores: bool) -> dict[str, object]:
    fragments = cut_text(text)
    if isinstance(fragments, str):
        return {"name": name, "reason": fragments}
    library, embeddings, added = library_with(fragments)
    collector = Collector.of(library)
    found = [collector.find(block) for block in fragments.blocks]
    assert all(f is not None for f in found)
    known = coarse_grained(fragments, [f for f in found if f is not None], name)
    rows = decoded(fragments, library, embeddings)
    same = library.identity[rows] == library.identity[known.block]
    began = time.process_time()
    named = replace(known, block=rows.astype(np.int32), rotation=np.tile(np.eye(3), (len(rows), 1, 1)))
    made = assemble(fitting_shapes(named, library), library)
    seconds = time.process_time() - began
    result: dict[str, object] = {
        "name": name,
        "blocks": len(rows),
        "atoms": int(sum(len(b.numbers) for b in fragments.blocks)),
        "added": added,
        "decoded": int(((rows == known.block) | (same & (library.identity[rows] > 0))).sum()),
        "met": bool(made.made[0]),
        "widest": float(made.widest[0]),
        "deviation": deviation(fragments, made.mofs, library),
        "key": keys_of_mofs(known, library) == keys_of_mofs(made.mofs, library),
        "seconds": seconds,
    }
    if with_pores:
        inverse = np.linalg.inv(fragments.lattice)
        places = [x + b.positions @ inverse for x, b in zip(fragments.origin, fragments.blocks, strict=True)]
        numbers = np.concatenate([b.numbers for b in fragments.blocks])
        before = Structures.from_lists([fragments.lattice], [numbers], [np.concatenate(places) % 1.0])
        result["lcd"], result["pld"] = pores(before)
        result["lcd_after"], result["pld_after"] = pores(whole_atoms(made.mofs, library).structures)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifs", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=list(ENTRIES))
    parser.add_argument("--pores", action="store_true")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    found = []
    for name in arguments.only:
        text = (arguments.cifs / f"{ENTRIES[name]}.cif").read_text(encoding="utf-8", errors="replace")
        found.append(row(name, text, arguments.pores))
        told = {k: round(v, 3) if isinstance(v, float) else v for k, v in found[-1].items()}
        print(ENTRIES[name], told, flush=True)
        if arguments.out:
            arguments.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
