"""Builds ``resources/mof``: the library of building blocks, and known frameworks made of them.

``python -m crystal_studio.mof.build_blocks --records cut.jsonl [--cifs FOLDER] [--seconds 2400]``

Reads CIFs as they come (those of CoRE MOF 2019 from the package ``core-mof`` unless a folder is named), cuts each
framework and appends it to the file of records, from which a later run goes on; then collects the blocks of all
records and writes the resources.
"""

from __future__ import annotations

import argparse
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio import paths
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.errors import FileError, KnownError
from crystal_studio.exchange.cif_reader import crystals_of_text
from crystal_studio.exchange.entries import usable
from crystal_studio.mof import records
from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.collecting import SAME_SHAPE, Collector, coarse_grained, only_used
from crystal_studio.mof.fragment import Refused
from crystal_studio.mof.fragments import Fragments, fragment
from crystal_studio.mof.library import write_blocks, write_mofs

SOURCE = {
    "data": "CoRE MOF 2019, all solvent removed (ASR), public part, from the package core-mof 2019.1",
    "licence": "CC BY 4.0",
    "cite": "Chung et al., J. Chem. Eng. Data 64, 5985 (2019), doi:10.1021/acs.jced.9b00835; "
    "data doi:10.5281/zenodo.7691378",
    "changes": "reduced to primitive cells, guests left out, cut into building blocks",
}
MOST_ATOMS = 1000
MOST_BLOCKS, MOST_BLOCK_ATOMS, MOST_POINTS = 20, 200, 24
"""Frameworks beyond are left out (MOFDiff: 20 blocks, 200 atoms, 20 points; the node of UiO-66 has 24)."""


def core_mof() -> Iterator[tuple[str, str]]:
    """Names and CIF texts of CoRE MOF 2019-ASR, out of the archive in the package; raises ``FileError``."""
    from importlib.util import find_spec

    found = find_spec("CoRE_MOF")
    if found is None or not found.submodule_search_locations:
        raise FileError("The package core-mof is not installed: pip install core-mof, or name a folder with --cifs.")
    archive = Path(found.submodule_search_locations[0]) / "data" / "2019-ASR.tar.xz"
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member) if member.name.endswith(".cif") else None
            if file is not None:
                yield Path(member.name).stem, file.read().decode("utf-8", "replace")


def of_folder(folder: Path) -> Iterator[tuple[str, str]]:
    """Names and texts of the CIFs of a folder, sorted."""
    for path in sorted(folder.glob("*.cif")):
        yield path.stem, path.read_text(encoding="utf-8", errors="replace")


def cut_text(text: str) -> Fragments | str:
    """The fragments of one CIF in its primitive cell, or the code of the reason why there are none."""
    try:
        crystals = crystals_of_text(text)
        cell = usable(*crystals[0])
    except ValueError:
        return "unreadable"
    small = primitive_cell(*cell)
    if len(small.numbers) > MOST_ATOMS:
        return "many_atoms"
    try:
        found = fragment(Structures.from_lists([small.lattice], [small.numbers], [small.positions]))
    except Refused as refused:
        return refused.code
    if len(found.blocks) > MOST_BLOCKS:
        return "many_blocks"
    if max(len(b.numbers) for b in found.blocks) > MOST_BLOCK_ATOMS:
        return "large_block"
    return "many_points" if max(len(b.points) for b in found.blocks) > MOST_POINTS else found


def cut_all(source: Iterator[tuple[str, str]], path: Path, seconds: float) -> bool:
    """Append a record of each framework that has none; False where the processor time was spent before the last."""
    done = {name for name, _ in records.read(path)} if path.exists() else set()
    start = time.process_time()
    with path.open("a", encoding="utf-8") as file:
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            file.write("\n")
        for name, text in source:
            if name in done:
                continue
            if time.process_time() - start > seconds:
                return False
            file.write(records.line(name, cut_text(text)) + "\n")
            file.flush()
    return True


def collect(path: Path, least: int) -> tuple[BlockLibrary, CoarseMofs, dict[str, int]]:
    """Library and frameworks of a file of records, and counts: read, cut or why not, kept.

    A framework is kept where each of its blocks occurs in at least ``least`` of those kept; the library holds their
    blocks. Raises ``KnownError`` where none is.
    """
    tally, keys = Counter[str](), dict[str, set[str]]()
    for name, result in records.read(path):
        tally["cut" if isinstance(result, Fragments) else result] += 1
        if isinstance(result, Fragments):
            keys[name] = {block.key for block in result.blocks}
    # Blocks of one bond graph may differ in shape: those that share no graph need not be laid over each other.
    hopeful = shared(keys, least)
    collector, mofs = Collector(), dict[str, CoarseMofs]()
    for name, result in records.read(path):
        if isinstance(result, Fragments) and name in hopeful:
            mofs[name] = coarse_grained(result, [collector.add(block) for block in result.blocks], name)
    kept = shared({name: set(mof.block.tolist()) for name, mof in mofs.items()}, least)
    if not kept:
        raise KnownError(f"{path} holds no frameworks that share their blocks: cut more of them, or lower --least.")
    chosen = CoarseMofs.concatenate(mofs[name] for name in mofs if name in kept)
    used = np.unique(chosen.block)
    few = replace(chosen, block=np.searchsorted(used, chosen.block).astype(np.int32))
    chosen, library = only_used(few, collector.only(used.tolist()).library())
    reasons = {reason: tally[reason] for reason in sorted(tally, key=lambda r: -tally[r])}
    return library, chosen, {"frameworks": sum(tally.values()), **reasons, "kept": len(kept)}


def shared(members: Mapping[str, set[Any]], least: int) -> set[str]:
    """Names of the largest set of frameworks of which each member occurs in ``least`` or more."""
    kept = dict(members)
    while True:
        count = Counter(member for own in kept.values() for member in own)
        fewer = {name: own for name, own in kept.items() if all(count[member] >= least for member in own)}
        if len(fewer) == len(kept):
            return set(kept)
        kept = fewer


def main() -> None:
    """Cut, collect, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, required=True, help="file of the frameworks cut so far")
    parser.add_argument("--cifs", type=Path, help="folder of CIFs in place of CoRE MOF 2019")
    parser.add_argument("--seconds", type=float, default=2400.0, help="processor seconds to cut for")
    parser.add_argument("--least", type=int, default=2, help="frameworks that a block must occur in to be kept")
    parser.add_argument("--target", type=Path, default=paths.resources() / "mof", help="folder to write to")
    arguments = parser.parse_args()
    source = of_folder(arguments.cifs) if arguments.cifs else core_mof()
    if not cut_all(source, arguments.records, arguments.seconds):
        print("The time was spent before the last: what is cut is written; run it again to go on.")
    library, chosen, counts = collect(arguments.records, arguments.least)
    card: dict[str, Any] = {
        "title": "Building blocks of metal-organic frameworks",
        "source": SOURCE if arguments.cifs is None else {"data": str(arguments.cifs.name)},
        "made_by": "python -m crystal_studio.mof.build_blocks",
        "same_shape": f"{SAME_SHAPE} A (root mean square over atoms and connection points)",
        "least": f"blocks that occur in at least {arguments.least} of the frameworks kept",
        "counts": counts,
    }
    write_blocks(arguments.target / "blocks.safetensors", library, card)
    title = "Known metal-organic frameworks in coarse-grained form"
    write_mofs(arguments.target / "mofs.safetensors", chosen, library, card | {"title": title})
    nodes = int((library.kind == NODE).sum())
    print(
        f"{len(library)} blocks ({nodes} nodes, {len(library) - nodes} linkers) in {len(chosen)} frameworks: {counts}"
    )


if __name__ == "__main__":
    main()
