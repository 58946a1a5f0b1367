"""The options of a structure to keep and complete."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from crystal_studio.design.fixed_sites import Kept
from crystal_studio.errors import RequestError


def add(group: Any) -> None:
    """What is said beside --keep."""
    some = group.add_mutually_exclusive_group()
    some.add_argument(
        "--keep-orbits",
        metavar="POSITIONS",
        help="keep the orbits on these Wyckoff positions, like 4a,8c; none keeps no orbit (default: all)",
    )
    some.add_argument("--keep-elements", metavar="ELEMENTS", help="keep the orbits of these elements, like Li,O")
    group.add_argument("--keep-lattice", action="store_true", help="keep the lattice of the structure too")
    group.add_argument("--add", type=int, metavar="N", help="add N orbits (default: as many as usual in the group)")
    group.add_argument(
        "--symprec",
        type=float,
        metavar="A",
        help="tolerance in Angstrom at which the symmetry of --keep is found (default: 0.01)",
    )


def _chosen(args: argparse.Namespace) -> bool:
    """Whether something was said of a structure to keep."""
    return args.keep_orbits is not None or args.keep_elements is not None or args.keep_lattice or bool(args.symprec)


def refuse(args: argparse.Namespace, models: str) -> None:
    """Raise ``RequestError`` where something was said of a structure to keep to a family that cannot."""
    if hasattr(args, "keep_orbits") and (_chosen(args) or args.add is not None):
        raise RequestError(f"{models} models cannot keep a structure: choose another --model.", "keep")


def read(
    args: argparse.Namespace, path: str | None, was: Kept | None, name: str, groups: tuple[int, ...]
) -> tuple[Kept | None, tuple[int, ...]]:
    """What stays, for the option ``name`` (None: as it was), and the space groups with the one it brings."""
    if path is None:
        if _chosen(args) or (args.add is not None and was is None):
            raise RequestError("Say which structure to keep: --keep FILE.cif.", name)
        if args.add is not None and was is not None:
            return replace(was, added=args.add), groups
        return None, groups
    from crystal_studio.campaign import seed_structure

    if args.symprec is not None and not 0 < args.symprec <= 1:
        raise RequestError("The tolerance of the symmetry must lie between 0 and 1 Angstrom.", "symprec")
    structure = seed_structure.read(path, args.symprec or seed_structure.SYMPREC)
    if groups and groups != (structure.space_group,):
        from crystal_studio.crystal.space_groups import tables

        symbol = tables().symbol[structure.space_group - 1]
        raise RequestError(
            f"{structure.name} is of space group {symbol} ({structure.space_group}) at this tolerance: leave out the"
            " space group asked for, or try another --symprec.",
            name,
        )
    orbits = tuple(range(len(structure.orbits)))
    if args.keep_orbits is not None:
        names = [n for n in args.keep_orbits.replace(",", " ").split() if n.lower() != "none"]
        orbits = structure.choose(positions=names)
    elif args.keep_elements is not None:
        orbits = structure.choose(elements=symbols([args.keep_elements]))
    kept = structure.keep(orbits, args.keep_lattice, 0 if args.add is None else args.add)
    return kept, (structure.space_group,)


def symbols(given: list[str] | None) -> tuple[str, ...]:
    """Element symbols of "Li,O" or "Li-O", each once."""
    return tuple(dict.fromkeys(s for text in given or () for s in text.replace("-", ",").replace(",", " ").split()))
