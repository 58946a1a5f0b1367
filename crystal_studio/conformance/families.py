"""What every family of generators must pass."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable

from crystal_studio.conformance.batches import need
from crystal_studio.design.chemistry import MODES
from crystal_studio.design.declared import SECTIONS, Options
from crystal_studio.design.forms import form
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.request_text import to_toml
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.command_text import WORDS
from crystal_studio.generators.family import Family
from crystal_studio.generators.protocol import ModelCard
from crystal_studio.generators.requests import check_targets, fitted


def is_registered_under_its_name(family: Family) -> None:
    need(registry.families.get(family.name) is family, f"the registry has the family under its name {family.name!r}")
    need(family.title, "a family has a title")


def options_can_be_drawn(family: Family) -> None:
    """Each option has what a form and the command line need, and can be said on the command line."""
    need(issubclass(family.options, Options), "options are a subclass of design.declared.Options")
    fields = form(family.options)
    undeclared = set(family.options.names()) - {f.name for f in fields}
    need(not undeclared, f"options are declared with declare(): {', '.join(sorted(undeclared))} are not")
    for field in fields:
        need(field.title and field.help, f"the option {field.name} has a title and a help text")
        need(field.section in SECTIONS, f"the option {field.name} stands in one of {', '.join(SECTIONS)}")
        need(field.kind in WORDS, f"the option {field.name} is of a kind that the command line can say")


def options_survive_json_and_toml(family: Family) -> None:
    """The default options as text are the default options again."""
    options = family.options()
    request = DesignRequest(options=options.plain())
    again = DesignRequest.from_dict(json.loads(json.dumps(request.to_dict())))
    need(family.options.of(again) == options, "options come back from JSON")
    again = DesignRequest.from_dict(tomllib.loads(to_toml(request)))
    need(family.options.of(again) == options, "options come back from TOML")


def unknown_options_are_refused(family: Family) -> None:
    _refused(lambda: family.options(**{"no_such_option": 1}), "no_such_option")


def capabilities_are_known_words(family: Family) -> None:
    able = family.capabilities
    need(able.modes and set(able.modes) <= set(MODES), f"modes are some of {', '.join(MODES)}")
    known = {*DesignRequest.names(), *family.options.names()}
    need(set(able.needs) <= known, "needs are fields of the request or options")
    need(set(able.instead) <= set(family.options.names()), "what may stand instead of needs are options")


def what_it_cannot_do_is_refused(family: Family) -> None:
    """A request beyond the capabilities names its field."""
    able = family.capabilities
    if not able.composition:
        _refused(lambda: fitted(DesignRequest(composition="NaCl"), family), "composition")
    if not able.space_groups:
        _refused(lambda: fitted(DesignRequest(space_groups=(225,)), family), "space_groups")
    if not able.max_atoms:
        _refused(lambda: fitted(DesignRequest(max_atoms=7), family), "max_atoms")


def unknown_targets_are_refused(family: Family) -> None:
    card = ModelCard("none", family.name, "", "", {}, {}, 0, "", (1,))
    asked = DesignRequest(targets=(PropertyTarget("no_such_property", 0, 1),))
    _refused(lambda: check_targets(asked, card), "targets")


def its_cards_are_its_own(family: Family) -> None:
    for card in family.cards():
        need(card.family == family.name, f"the card {card.name} names its family {family.name!r}")
        need(card.name and card.title and card.licence and card.elements, f"the card {card.name} is filled in")
        need(registry.installed().get(card.name) == card, f"the model {card.name} is among those installed")


CHECKS: tuple[Callable[[Family], None], ...] = (
    is_registered_under_its_name,
    options_can_be_drawn,
    options_survive_json_and_toml,
    unknown_options_are_refused,
    capabilities_are_known_words,
    what_it_cannot_do_is_refused,
    unknown_targets_are_refused,
    its_cards_are_its_own,
)


def _refused(action: Callable[[], object], field: str) -> None:
    try:
        action()
    except RequestError as error:
        need(error.field == field, f"a refusal names its field {field!r}, not {error.field!r}")
        need(str(error).endswith("."), "a refusal is a sentence")
    else:
        raise AssertionError(f"what cannot be asked for was taken: {field}")
