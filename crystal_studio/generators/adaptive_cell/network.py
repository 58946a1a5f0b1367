"""The score networks of the adaptive-cell model by name, built from what a card says of them.

A third one is a ``ScoreNetwork`` with a ``NetworkConfig`` of its own and a line in ``NETWORKS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crystal_studio.generators.adaptive_cell.dimenet import DimeNet, DimeNetConfig
from crystal_studio.generators.adaptive_cell.light import LightConfig, LightNetwork
from crystal_studio.generators.adaptive_cell.score import NetworkConfig, ScoreNetwork

NETWORKS: dict[str, tuple[type[Any], type[Any]]] = {
    "light": (LightConfig, LightNetwork),
    "dimenet": (DimeNetConfig, DimeNet),
}
"""Name: class of the configuration, whose default ``kind`` is the name, and of the network."""


def build(config: NetworkConfig) -> ScoreNetwork:
    """A network with fresh weights."""
    made: ScoreNetwork = NETWORKS[config.kind][1](config)
    return made


def config_of(card: Mapping[str, Any]) -> NetworkConfig:
    """The inverse of ``NetworkConfig.to_dict``; a card that names no kind is of the light network. Raises ``KeyError``
    or ``TypeError`` for what is none."""
    made: NetworkConfig = NETWORKS[card.get("kind", "light")][0](**card)
    return made
