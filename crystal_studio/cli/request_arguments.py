"""The options of ``generate`` as a ``DesignRequest``, and the other way round from a TOML file."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from crystal_studio.errors import FileError, RequestError

if TYPE_CHECKING:
    from crystal_studio.design.request import DesignRequest

# The seam's own words, written out because importing it costs numpy and ase on every --help.
MODES = ("exact", "subset", "contains", "any")
FUNNELS = ("none", "quick", "full")
# Options that are fields of the request as they stand.
PLAIN = ("composition", "max_atoms", "max_orbits", "count", "seed", "model", "steps", "device", "funnel", "potential")


def add(parser: argparse.ArgumentParser) -> None:
    """All options that make up a request."""
    what = parser.add_argument_group("what to make")
    what.add_argument("--request", metavar="FILE.toml", help="the whole request from a file; other options change it")
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
    what.add_argument(
        "--target", action="append", metavar="NAME=LOW:HIGH", help="a property range (repeat for several)"
    )
    what.add_argument("--max-atoms", type=int, metavar="N", help="at most N atoms in the primitive cell")
    what.add_argument("--max-orbits", type=int, metavar="N", help="at most N orbits in the asymmetric unit")
    how = parser.add_argument_group("how to make it")
    how.add_argument("--count", type=int, metavar="N", help="candidates to generate (default: 64)")
    how.add_argument(
        "--seed", type=int, metavar="N", help="same request, seed and device: same candidates (default: 0)"
    )
    how.add_argument("--model", metavar="NAME", help="see crystal-studio models (default: the first installed)")
    how.add_argument("--steps", type=int, metavar="N", help="denoising steps (default: the model's own)")
    how.add_argument("--device", metavar="DEVICE", help="auto, cpu, cuda, cuda:1 or mps (default: auto)")
    how.add_argument("--funnel", choices=FUNNELS, help="which stages judge the candidates (default: quick)")
    how.add_argument("--potential", metavar="NAME", help="potential that relaxes them (default: chgnet)")


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
        changes["targets"] = tuple(PropertyTarget.parse(text) for text in args.target)
    return wanted.with_(**changes)


def _symbols(given: list[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s for text in given or () for s in text.replace("-", ",").replace(",", " ").split()))


def _from_file(path: Path) -> DesignRequest:
    from crystal_studio.design.request import DesignRequest

    try:
        return DesignRequest.from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise FileError(f"The request {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"The request {path} is not TOML: {error}.") from error
