"""The options of ``generate`` as a ``DesignRequest``, and the other way round from a TOML file."""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crystal_studio.errors import FileError, RequestError

if TYPE_CHECKING:
    from crystal_studio.design.request import DesignRequest, PropertyTarget

# The seam's own words, written out because importing it costs numpy and ase on every --help.
MODES = ("exact", "subset", "contains", "any")
FUNNELS = ("none", "quick", "full")
SAMPLERS = ("fast", "published")
PROPERTIES = {"formation_energy_per_atom": "eV/atom", "e_above_hull": "eV/atom", "band_gap": "eV", "density": "g/cm3"}
# Options that are fields of the request as they stand.
PLAIN = (
    "composition", "max_atoms", "max_orbits", "guidance", "count", "seed", "model", "sampler", "steps", "device",
    "funnel", "potential",
)  # fmt: skip


def add(parser: argparse.ArgumentParser) -> None:
    """All options that make up a request."""
    what = parser.add_argument_group("what to make")
    what.add_argument(
        "--request",
        metavar="FILE.toml",
        help="the whole request from a file (- for standard input); other options change it",
    )
    what.add_argument("--chemsys", metavar="SYSTEM", help='like Li-Mn-O, LiMn2O4 or "*-O" (contains O)')
    what.add_argument(
        "--mode",
        choices=MODES,
        help="exact: all of these elements (default); subset: only these; contains: these and others",
    )
    what.add_argument("--require", action="append", metavar="EL", help="an element that must occur (repeat, or A,B)")
    what.add_argument(
        "--exclude", action="append", metavar="EL", help="an element that must not occur (repeat, or A,B)"
    )
    what.add_argument("--composition", metavar="FORMULA", help="exactly this formula, any number of formula units")
    what.add_argument(
        "--space-group",
        action="append",
        metavar="GROUP",
        help='number or symbol, like 227 or "Fm-3m" (repeat for several)',
    )
    what.add_argument("--max-atoms", type=int, metavar="N", help="at most N atoms in the primitive cell")
    what.add_argument("--max-orbits", type=int, metavar="N", help="at most N orbits in the asymmetric unit")
    aims = parser.add_argument_group("property targets (of models trained with them)")
    known = ", ".join(f"{name} ({unit})" for name, unit in PROPERTIES.items())
    aims.add_argument(
        "--target", action="append", metavar="NAME=LOW:HIGH", help=f"a property range (repeat for several): {known}"
    )
    aims.add_argument(
        "--guidance",
        type=float,
        metavar="W",
        help="how strongly targets pull: 1 as the model learnt them, more hits the range more often at the cost of"
        " variety and validity, 0 not at all (default: 2)",
    )
    _add_sites(parser)
    how = parser.add_argument_group("how to make it")
    how.add_argument("--count", type=int, metavar="N", help="candidates to generate (default: 64)")
    how.add_argument(
        "--seed", type=int, metavar="N", help="same request, seed and device: same candidates (default: 0)"
    )
    how.add_argument("--model", metavar="NAME", help="see crystal-studio models (default: the first installed)")
    how.add_argument(
        "--sampler",
        choices=SAMPLERS,
        help="fast: few steps (default); published: SymmCD's own 1000 steps with a corrector, many times slower",
    )
    how.add_argument("--steps", type=int, metavar="N", help="denoising steps (default: the model's own)")
    how.add_argument("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:1 or mps (default: auto)")
    how.add_argument("--funnel", choices=FUNNELS, help="which stages judge the candidates (default: quick)")
    how.add_argument("--potential", metavar="NAME", help="potential that relaxes them (default: chgnet)")


def _add_sites(parser: argparse.ArgumentParser) -> None:
    """Wyckoff template, and the structure to keep and complete."""
    sites = parser.add_argument_group("sites that are fixed (with one space group)")
    sites.add_argument(
        "--template",
        metavar="POSITIONS",
        help="the Wyckoff position of every orbit, like 4a,4b,8c; a count repeats one: 2x8c",
    )
    sites.add_argument(
        "--keep",
        metavar="FILE",
        help="keep orbits of the structure in a CIF, POSCAR or extended XYZ file and complete it; its space group is"
        " taken too",
    )
    some = sites.add_mutually_exclusive_group()
    some.add_argument(
        "--keep-orbits",
        metavar="POSITIONS",
        help="keep the orbits on these Wyckoff positions, like 4a,8c; none keeps no orbit (default: all)",
    )
    some.add_argument("--keep-elements", metavar="ELEMENTS", help="keep the orbits of these elements, like Li,O")
    sites.add_argument("--keep-lattice", action="store_true", help="keep the lattice of the structure too")
    sites.add_argument("--add", type=int, metavar="N", help="add N orbits (default: as many as usual in the group)")
    sites.add_argument(
        "--symprec",
        type=float,
        metavar="A",
        help="tolerance in Angstrom at which the symmetry of --keep is found (default: 0.01)",
    )


def request(args: argparse.Namespace) -> DesignRequest:
    """The request that the options describe; raises ``RequestError`` naming the field."""
    from dataclasses import replace

    from crystal_studio.crystal.space_groups import parse_space_group
    from crystal_studio.design.request import ChemicalSystem, DesignRequest, PropertyTarget

    wanted = _from_file(Path(args.request)) if args.request else DesignRequest()
    more = {"required": _symbols(args.require), "excluded": _symbols(args.exclude)}
    more = {name: value for name, value in more.items() if value}
    if args.chemsys is not None:
        if not args.chemsys.strip(" -,*"):
            raise RequestError("The chemical system is empty: write it like Li-Mn-O.", "chemsys")
        system = ChemicalSystem.parse(args.chemsys, args.mode or "exact", **more)
        wanted = wanted.with_(chemical_system=system)
    elif args.mode or more:
        system = wanted.chemical_system
        system = replace(
            system,
            mode=args.mode or system.mode,
            required=more.get("required", system.required),
            excluded=more.get("excluded", system.excluded),
        )
        wanted = wanted.with_(chemical_system=system)
    changes = {name: getattr(args, name) for name in PLAIN if getattr(args, name) is not None}
    if args.space_group:
        changes["space_groups"] = tuple(dict.fromkeys(parse_space_group(text) for text in args.space_group))
    if args.target:
        changes["targets"] = tuple(_target(PropertyTarget.parse(text)) for text in args.target)
    changes |= _sites(args, wanted, changes.get("space_groups", wanted.space_groups))
    return wanted.with_(**changes)


def _target(target: PropertyTarget) -> PropertyTarget:
    if target.name not in PROPERTIES:
        raise RequestError(f"There is no property {target.name!r}: choose among {', '.join(PROPERTIES)}.", "targets")
    return target


def _sites(args: argparse.Namespace, wanted: DesignRequest, groups: tuple[int, ...]) -> dict[str, Any]:
    """Template and structure to keep, with the space group that the latter brings."""
    from dataclasses import replace

    from crystal_studio.design.fixed_sites import parse_template

    changes: dict[str, Any] = {}
    if args.template is not None:
        changes["template"] = parse_template(args.template)
        if not changes["template"]:
            raise RequestError("The template is empty: write it like 4a,4b,8c.", "template")
    if args.keep is None:
        choice = args.keep_orbits is not None or args.keep_elements is not None or args.keep_lattice or args.symprec
        if choice or (args.add is not None and wanted.keep is None):
            raise RequestError("Say which structure to keep: --keep FILE.cif.", "keep")
        if args.add is not None and wanted.keep is not None:
            changes["keep"] = replace(wanted.keep, added=args.add)
        return changes
    from crystal_studio.campaign import given

    if args.symprec is not None and not 0 < args.symprec <= 1:
        raise RequestError("The tolerance of the symmetry must lie between 0 and 1 Angstrom.", "symprec")
    structure = given.read(args.keep, args.symprec or given.SYMPREC)
    if groups and groups != (structure.space_group,):
        from crystal_studio.crystal.space_groups import tables

        symbol = tables().symbol[structure.space_group - 1]
        raise RequestError(
            f"{structure.name} is of space group {symbol} ({structure.space_group}) at this tolerance: leave out the"
            " space group asked for, or try another --symprec.",
            "keep",
        )
    orbits = tuple(range(len(structure.orbits)))
    if args.keep_orbits is not None:
        names = [n for n in args.keep_orbits.replace(",", " ").split() if n.lower() != "none"]
        orbits = structure.choose(positions=names)
    elif args.keep_elements is not None:
        orbits = structure.choose(elements=_symbols([args.keep_elements]))
    changes["keep"] = structure.keep(orbits, args.keep_lattice, 0 if args.add is None else args.add)
    changes["space_groups"] = (structure.space_group,)
    return changes


def _symbols(given: list[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s for text in given or () for s in text.replace("-", ",").replace(",", " ").split()))


def _from_file(path: Path) -> DesignRequest:
    from crystal_studio.design.request import DesignRequest

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        return DesignRequest.from_dict(tomllib.loads(text))
    except OSError as error:
        raise FileError(f"The request {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"The request {path} is not TOML: {error}.") from error
