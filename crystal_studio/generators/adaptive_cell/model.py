"""A trained adaptive-cell model: the generator that a campaign uses."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from crystal_studio.crystal.asymmetric_unit import n_atoms
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.adaptive_cell.cells import CellPrior
from crystal_studio.generators.adaptive_cell.network import build
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions
from crystal_studio.generators.adaptive_cell.plan import Limits, Plan
from crystal_studio.generators.adaptive_cell.refusals import check
from crystal_studio.generators.adaptive_cell.sampler import configured, sample
from crystal_studio.generators.adaptive_cell.score import ScoreNetwork
from crystal_studio.generators.adaptive_cell.surprise import CALLS, surprise
from crystal_studio.generators.adaptive_cell.weights import network_config, read_prior, read_weights
from crystal_studio.generators.checks import has_its_symmetry, opened
from crystal_studio.generators.protocol import CancelToken, ModelCard
from crystal_studio.generators.requests import check_targets
from crystal_studio.generators.unit_generator import UnitGenerator
from crystal_studio.generators.weights import loading

ROUNDS = 4
"""How often candidates are drawn at most that overlap or have another symmetry than asked for."""
SAME_PLAN = 1
"""After how many further draws other Wyckoff positions are tried."""
_AT_ONCE = 64
"""Crystals that go through the network together."""


class AdaptiveCell(UnitGenerator):
    """The generator of one folder ``models/<name>``; see ``generators/protocol.py``."""

    chunk_size = 128

    def __init__(self, card: ModelCard, network: ScoreNetwork, prior: CellPrior, device: str) -> None:
        self.card, self.device, self.prior = card, device, prior
        self.network = network.to(device).eval()
        self.limits = Limits.of(card, prior.volumes.double().numpy())

    @staticmethod
    def load(folder: Path, card: ModelCard, device: str) -> AdaptiveCell:
        """Read weights; raises ``ModelError`` if they are missing, damaged or do not match their card."""
        with loading(folder, card):
            network = build(network_config(folder))
            network.load_state_dict(read_weights(folder))
        return AdaptiveCell(card, network, read_prior(folder), device)

    def check(self, request: DesignRequest) -> None:
        """Raise ``RequestError`` where the model cannot answer the request."""
        check_targets(request, self.card)
        check(request, self.limits)

    def sample_units(
        self,
        request: DesignRequest,
        chunk: int,
        cancel: CancelToken | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> AsymmetricUnits:
        """The asymmetric units of one chunk."""
        count, rng, generator = self.begin(request, chunk)
        options = AdaptiveCellOptions.of(request)
        config, many = configured(options), options.best_of
        plan = Plan(request, self.limits)
        know_cell, know_sites = bool(plan.asked.cell), plan.asked.sites is not None
        plans = self._plans(plan, len(request.space_groups) > 1, count, many, rng)
        made: dict[int, AsymmetricUnits] = {}
        doubt = np.zeros(count * many)
        waiting, done, total = np.arange(count * many), 0, 0

        def tick() -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(done, total)

        for round_ in range(ROUNDS):
            sizes = np.array([int(n_atoms(plans[i])[0]) for i in waiting])
            groups = np.array_split(waiting[np.argsort(sizes, kind="stable")], math.ceil(len(waiting) / _AT_ONCE))
            total += len(groups) * (config.steps + (CALLS if many > 1 else 0))
            again: list[int] = []
            for members in groups:
                batch = AsymmetricUnits.concatenate(plans[i] for i in members)
                drawn = sample(self.network, self.prior, batch, config, generator, know_cell, know_sites, cancel, tick)
                # What is known stays as it was given, to the last digit.
                drawn = replace(
                    drawn,
                    lattice=batch.lattice if know_cell else drawn.lattice,
                    positions=batch.positions if know_sites else drawn.positions,
                )
                held = np.tile(know_sites, batch.numbers.shape)
                units, gentle = opened(drawn, held, np.tile(know_cell, len(batch)))
                wrong = ~gentle | ~has_its_symmetry(units)
                if many > 1:
                    known = surprise(self.network, self.prior, units, generator, know_cell, know_sites, tick)
                    doubt[members] = np.where(wrong, np.inf, known)
                for row, i in enumerate(members.tolist()):
                    if i not in made or not wrong[row]:
                        made[i] = units.take(slice(row, row + 1))
                    if wrong[row]:
                        again.append(i)
                        if round_ >= SAME_PLAN:
                            plans[i] = plan.draw(1, rng, int(plans[i].space_group[0]))
            waiting = np.array(sorted(again), dtype=np.int64)
            if not len(waiting):
                break
        best = np.arange(count) * many + doubt.reshape(count, many).argmin(1)
        return AsymmetricUnits.concatenate(made[i] for i in best.tolist())

    @staticmethod
    def _plans(plan: Plan, shared: bool, count: int, many: int, rng: np.random.Generator) -> list[AsymmetricUnits]:
        """``many`` for each candidate; all of one group where several were named (``shared``): each has its share of
        the candidates then, whichever of them the network is surest of."""
        asked = plan.draw(count if shared else count * many, rng)
        plans = [asked.take(slice(i, i + 1)) for i in range(len(asked))]
        if not shared:
            return plans
        return [one for p in plans for one in (p, *(plan.draw(1, rng, int(p.space_group[0])) for _ in range(many - 1)))]
