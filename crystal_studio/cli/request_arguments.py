"""The options of ``generate`` as a ``DesignRequest``: drawn from what the request and the families declare."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from crystal_studio.cli import declared_arguments, funnel_arguments, kept_sites
from crystal_studio.crystal.space_groups import parse_space_group
from crystal_studio.design import request_text
from crystal_studio.design.chemistry import MODES, ChemicalSystem
from crystal_studio.design.declared import SECTIONS
from crystal_studio.design.fixed_sites import parse_template
from crystal_studio.design.forms import FormField, form
from crystal_studio.design.known_cell import parse_cell
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.family import Family
from crystal_studio.generators.flags import family_arguments
from crystal_studio.generators.requests import fitted


def add(parser: argparse.ArgumentParser) -> None:
    """All options that make up a request."""
    groups = {section: parser.add_argument_group(heading) for section, heading in SECTIONS.items()}
    what = groups["what"]
    what.add_argument(
        "--request",
        metavar="FILE.toml",
        help="the whole request from a file (- for standard input); other options change it",
    )
    for field in form(DesignRequest):
        _add_core(groups[field.section], field)
    funnel_arguments.add_stages(groups["how"])
    titles = {name: family.title for name, family in registry.families.all().items()}
    for argument in family_arguments():
        declared_arguments.add_option(groups[argument.field.section], argument, titles)
    if any(a.field.kind == "keep" for a in family_arguments()):
        kept_sites.add(groups["sites"])


def request(args: argparse.Namespace) -> DesignRequest:
    """The request that the options describe, complete; raises ``RequestError`` naming the field."""
    wanted = _from_file(args.request) if args.request else DesignRequest()
    changes: dict[str, Any] = {}
    system = _chemical_system(args, wanted.chemical_system)
    if system is not None:
        changes["chemical_system"] = system
    for field in form(DesignRequest):
        value = getattr(args, field.name, None)
        if field.kind not in ("chemical_system", "funnel") and value is not None:
            changes[field.name] = value
    if args.funnel or args.stage:
        changes["funnel"] = funnel_arguments.read(args)
    if args.space_groups:
        changes["space_groups"] = tuple(dict.fromkeys(parse_space_group(text) for text in args.space_groups))
    if args.targets:
        changes["targets"] = tuple(PropertyTarget.parse(text) for text in args.targets)
    card = registry.card(changes.get("model", wanted.model))
    family = registry.families.get(card.family)
    if "funnel" not in changes and not args.request:
        changes["funnel"] = family.capabilities.funnel
    options, groups = _options(args, family, wanted, changes.get("space_groups", wanted.space_groups))
    changes["space_groups"] = groups
    return fitted(wanted.with_(**changes, options=wanted.options | options), family, card)


def _add_core(group: Any, field: FormField) -> None:
    """One option (or those of the chemical system) for a field of the core."""
    if field.kind == "chemical_system":
        group.add_argument("--chemsys", metavar="SYSTEM", help='like Li-Mn-O, LiMn2O4 or "*-O" (contains O)')
        group.add_argument(
            "--mode",
            choices=MODES,
            help="exact: all of these elements (default); subset: only these; contains: these and others",
        )
        for flag, text in (("--require", "must occur"), ("--exclude", "must not occur")):
            group.add_argument(flag, action="append", metavar="EL", help=f"an element that {text} (repeat, or A,B)")
        return
    many = field.kind in ("space_groups", "targets")
    help = field.help + (f": {_properties()}" if field.kind == "targets" else "")
    declared_arguments.add_field(
        group, field.flag.removesuffix("s") if many else field.flag, field.name, replace(field, help=help)
    )


def _properties() -> str:
    """The properties that the installed models can aim at: "band_gap (eV), density (g/cm3)"."""
    labels = {label.name: label.unit for card in registry.installed().values() for label in card.labels}
    return ", ".join(f"{name} ({unit})" for name, unit in labels.items()) or "none of the installed models has any"


def _chemical_system(args: argparse.Namespace, was: ChemicalSystem) -> ChemicalSystem | None:
    more = {"required": kept_sites.symbols(args.require), "excluded": kept_sites.symbols(args.exclude)}
    more = {name: value for name, value in more.items() if value}
    if args.chemsys is not None:
        if not args.chemsys.strip(" -,*"):
            raise RequestError("The chemical system is empty: write it like Li-Mn-O.", "chemsys")
        return ChemicalSystem.parse(args.chemsys, args.mode or "exact", **more)
    if not (args.mode or more):
        return None
    return replace(was, mode=args.mode or was.mode, **more)


def _options(
    args: argparse.Namespace, family: Family, wanted: DesignRequest, groups: tuple[int, ...]
) -> tuple[dict[str, Any], tuple[int, ...]]:
    """The family's options that were given, and the space groups, which a structure to keep brings along."""
    keep = next((a for a in family_arguments() if family.name in a.fields and a.field.kind == "keep"), None)
    said = [a for a in family_arguments() if a is not keep]
    options = declared_arguments.values(args, said, family.name, f"{family.title} models", "--model")
    for argument in said:
        name = argument.field.name
        read = {"template": _template, "cell": _cell}.get(argument.field.kind)
        if read is not None and name in options:
            options[name] = read(options[name], name)
    if keep is None:
        kept_sites.refuse(args, family.title)
        return options, groups
    was = getattr(family.options.of(wanted), keep.field.name)
    kept, groups = kept_sites.read(args, getattr(args, keep.dest), was, keep.field.name, groups)
    return options | ({keep.field.name: kept} if kept is not None else {}), groups


def _template(text: str, name: str) -> tuple[str, ...]:
    positions = parse_template(text)
    if not positions:
        raise RequestError("The template is empty: write it like 4a,4b,8c.", name)
    return positions


def _cell(text: str, name: str) -> tuple[float, ...]:
    cell = parse_cell(text)
    if not cell:
        raise RequestError("The cell is empty: write it like 5.38 5.44 7.64 90 90 90.", name)
    return cell


def _from_file(path: str) -> DesignRequest:
    return request_text.from_text(sys.stdin.read()) if path == "-" else request_text.read(Path(path))
