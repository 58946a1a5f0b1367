"""What becomes of frameworks that a MOFDiff model draws: balanced, met, made, valid, new; and the seconds of each.

    python benchmarks/mofdiff_yield.py --model mofdiff-core --chunks 0 1 2 3

Every framework is drawn once: nothing is drawn again, as a campaign would. "as drawn" is the published way: blocks are
assembled in the cell and at the places that were drawn (up to what the assembly lets give way).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter

import numpy as np

from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.generators import registry
from crystal_studio.generators.mofdiff import model as mofdiff
from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.building import Built
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.key import keys_of_mofs
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.validity import check
from crystal_studio.mof.whole import whole_atoms


def made_of(mofs: CoarseMofs) -> list[frozenset[str]]:
    """Nodes by formula and linkers by InChIKey of each framework."""
    library = shipped_blocks()
    label = np.where(library.kind == NODE, library.formula, library.inchikey)
    label = np.where(label == "", library.name, label)
    return [frozenset(label[mofs.block[mofs.blocks(i)]]) for i in range(len(mofs))]


def main() -> None:
    """Draw, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mofdiff-core")
    parser.add_argument("--chunks", type=int, nargs="+", default=[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", help="like pld=8:10")
    arguments = parser.parse_args()
    library, generator = shipped_blocks(), registry.load(arguments.model)
    assert isinstance(generator, mofdiff.MofDiff)
    generator.rounds = 1
    spent: Counter[str] = Counter()
    found: list[Built] = []
    whole_build = mofdiff.build

    def timed(*given, **more):  # type: ignore[no-untyped-def]
        start = time.process_time()
        found.append(whole_build(*given, **more))
        spent["building"] += time.process_time() - start
        return found[-1]

    mofdiff.build = timed
    tally = mofdiff.Tally()
    targets = (PropertyTarget.parse(arguments.target),) if arguments.target else ()
    size = generator.chunk_size * (max(arguments.chunks) + 1)
    request = DesignRequest(count=size, seed=arguments.seed, model=arguments.model, targets=targets)
    start = time.process_time()
    for chunk in arguments.chunks:
        generator.sample_coarse(request, chunk, tally=tally)
        print(chunk, tally, flush=True)
    spent["drawing"] = time.process_time() - start - spent["building"]
    made = CoarseMofs.concatenate(built.mofs.take(built.made) for built in found)
    atoms = whole_atoms(made, library)
    start = time.process_time()
    valid = check(atoms.structures, atoms.bonds)
    spent["validity"] = time.process_time() - start
    keys = keys_of_mofs(made, library) if len(made) else []
    known_of = made_of(shipped_mofs())
    mine = set(made_of(made))
    near = shipped_mofs().take(np.array([k in mine for k in known_of]))
    known = {key.rsplit("|", 1)[0] for key in keys_of_mofs(near, library)} if len(near) else set()
    new = np.array([key.rsplit("|", 1)[0] not in known for key in keys], bool)
    first = np.array([key not in keys[:i] for i, key in enumerate(keys)], bool)
    print(
        json.dumps(
            {
                "drawn": tally.drawn,
                "balanced_at_once": tally.at_once,
                "as_drawn": tally.as_drawn,
                "made": tally.made,
                "reasons": dict(tally.reasons),
                "valid_but_pores": int(valid.valid.sum()),
                "failed": dict(Counter(name for i in range(len(made)) for name in valid.failures(i))),
                "new_contents": int(new.sum()),
                "unique": int(first.sum()),
                "valid_new_unique": int((valid.valid & new & first).sum()) if len(made) else 0,
                "atoms": float(np.median(np.diff(atoms.structures.offsets))) if len(made) else 0,
                "seconds_each": {k: round(v / max(tally.drawn, 1), 3) for k, v in spent.items()},
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
