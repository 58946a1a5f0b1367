"""Builds ``keys.npz`` and ``sound.npz`` of ``resources/mof``: what follows from the blocks and frameworks that ship.

``python -m crystal_studio.mof.build_tables``, whenever ``build_blocks`` has changed those: some minutes.
"""

from __future__ import annotations

import argparse

import numpy as np

from crystal_studio.mof.block_validity import faults, sound_path
from crystal_studio.mof.identity import digest, keys_path
from crystal_studio.mof.key import graph_keys_of_mofs
from crystal_studio.mof.library import library_hash, shipped_blocks, shipped_mofs


def main() -> None:
    """Write both files where the program reads them."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    mofs, library = shipped_mofs(), shipped_blocks()
    sound = np.array([not failed for failed in faults(library)])
    np.savez_compressed(sound_path(), sound=sound, library=library_hash(library))
    print(f"{sound_path()}: {sound.sum()} of {len(sound)} blocks are sound")
    digests = np.array([digest(key) for key in graph_keys_of_mofs(mofs, library)]).astype(np.uint16)
    np.savez_compressed(keys_path(), digest=digests, library=library_hash(library))
    print(f"{keys_path()}: {len(digests)} frameworks")


if __name__ == "__main__":
    main()
