"""Requests against the family and the model that are to answer them."""

from __future__ import annotations

from collections.abc import Callable

from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.family import Family, Feasibility
from crystal_studio.generators.protocol import ModelCard


def complete(request: DesignRequest) -> DesignRequest:
    """The request with every option of its model's family written out, checked against family and card.

    Raises ``RequestError`` where the model cannot answer it, ``ModelError`` where there is no such model.
    """
    card = registry.card(request.model)
    return fitted(request, registry.families.get(card.family), card)


def fitted(request: DesignRequest, family: Family, card: ModelCard | None = None) -> DesignRequest:
    """The same for a family at hand; without a card its elements and properties are not looked at."""
    options = family.options.of(request)
    request = request.with_(options=options.plain())
    _check_capabilities(request, family)
    if card is not None:
        check_targets(request, card)
    family.check(request)
    return request


def feasibility(request: DesignRequest, stop: Callable[[], bool] = lambda: False) -> Feasibility:
    """What can be said of a request before it is run; nothing where its model is not installed."""
    try:
        family = registry.families.get(registry.card(request.model).family)
    except ModelError:
        return Feasibility()
    return family.look(request, stop)


def check_targets(request: DesignRequest, card: ModelCard) -> None:
    """Raise ``RequestError`` for a target that the model was not trained with."""
    known = [label.name for label in card.labels]
    unknown = [t.name for t in request.targets if t.name not in known]
    if unknown:
        can = f"it can aim at {', '.join(known)}" if known else "it was trained without properties"
        raise RequestError(
            f"The model {card.name} cannot aim at {', '.join(unknown)}: {can}. Remove the target.", "targets"
        )


_WORDS = {"composition": "an exact composition", "space_groups": "a space group", "max_atoms": "a number of atoms"}


def _check_capabilities(request: DesignRequest, family: Family) -> None:
    able, elsewhere = family.capabilities, f"{family.title} models cannot be asked for"
    for field, words in _WORDS.items():
        if getattr(request, field) and not getattr(able, field):
            raise RequestError(f"{elsewhere} {words}: leave it out, or choose another model.", field)
    mode, told = request.chemical_system.mode, any(request.options.get(option) for option in able.instead)
    if not request.composition and mode not in able.modes and not (told and mode == "any"):
        raise RequestError(
            f'{elsewhere} the mode "{mode}" of the elements: choose {" or ".join(able.modes)}, or another model.',
            "mode",
        )
    for field in able.needs:
        if not (told or getattr(request, field, None) or request.options.get(field)):
            raise RequestError(
                f"{family.title} models need {_WORDS.get(field, field)}: give it, or choose another model.", field
            )
