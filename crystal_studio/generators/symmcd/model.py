"""A trained SymmCD: weights and card on disk, and the generator that a campaign uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from crystal_studio.crystal import lattice
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.projection import project
from crystal_studio.crystal.space_groups import tables
from crystal_studio.data.reference import ReferenceIndex
from crystal_studio.design.fixed_sites import check_sites
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.checks import has_its_symmetry, is_known, is_neutral, opened, too_many_atoms, trim
from crystal_studio.generators.precision import bf16_pays
from crystal_studio.generators.protocol import CancelToken, ModelCard
from crystal_studio.generators.requests import check_targets
from crystal_studio.generators.symmcd import plan as planning
from crystal_studio.generators.symmcd.inference import Inference
from crystal_studio.generators.symmcd.labels import MAX_DISTINCT, NAMES, distinct_elements, embed, of_cell, opposites
from crystal_studio.generators.symmcd.network import Denoiser
from crystal_studio.generators.symmcd.options import SymmCDOptions
from crystal_studio.generators.symmcd.plan import UnitPlan
from crystal_studio.generators.symmcd.priors import Priors
from crystal_studio.generators.symmcd.process import STEPS
from crystal_studio.generators.symmcd.representation import N_AXES
from crystal_studio.generators.symmcd.sampler import PUBLISHED, Conditions, Sample, Scheme, sample
from crystal_studio.generators.symmcd.weights import DEFAULT_STEPS, network_config, read_priors, read_weights
from crystal_studio.generators.unit_generator import UnitGenerator
from crystal_studio.generators.weights import loading

ROUNDS = 6
"""How often candidates are drawn at most that are too large, overlap or have another symmetry than asked for."""
SAME_PLAN = 1
"""After how many further draws another number of orbits in the same group is tried (but for exact compositions)."""
SOFT_ROUNDS = 3
"""How often a candidate is drawn at most for a neutral composition and the number of distinct elements it was planned
with. The share of crystals planned as neutral is that of the training set."""
CHUNK, CHUNK_ON_PROCESSOR = 256, 128
"""Candidates sampled together. The processes of a processor share what is asked for; fewer cost more time each."""
CALL = 16
"""Crystals that a call of the network could take in the time that it needs whatever their number."""
FAST = Scheme(fresh=0.5, settle=0.1)
"""The sampler of requests that do not ask for the published one; chosen in docs/symmcd.md."""


class SymmCD(UnitGenerator):
    """The generator of one folder ``models/<name>``; see ``generators/protocol.py``."""

    def __init__(self, card: ModelCard, network: Denoiser, priors: Priors, device: str) -> None:
        self.card, self.device, self.priors = card, device, priors
        self.chunk_size = CHUNK_ON_PROCESSOR if device == "cpu" else CHUNK
        self.network = network.to(device).eval()
        if bf16_pays(device.split(":")[0]):
            self.network.to(torch.bfloat16)
        self.inference = Inference(self.network)
        self.neutral_share = float(card.limits.get("neutral_share", 0.0))
        self.default_steps = int(card.limits.get("default_steps", DEFAULT_STEPS))

    @staticmethod
    def load(folder: Path, card: ModelCard, device: str) -> SymmCD:
        """Read weights; raises ``ModelError`` if they are missing, damaged or do not match their card."""
        with loading(folder, card):
            network = Denoiser(network_config(folder), torch.as_tensor(tables().encoding))
            weights, priors = read_weights(folder), read_priors(folder)
            network.load_state_dict(weights, strict=True)
        return SymmCD(card, network, priors, device)

    def check(self, request: DesignRequest) -> None:
        """Raise ``RequestError`` where the model cannot answer the request."""
        options = SymmCDOptions.of(request)
        check_targets(request, self.card)
        check_sites(options.template, options.keep, request)
        if options.known_crystals == "avoided":
            ReferenceIndex.load()
        planning.check(request, self.priors)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the properties that a request can aim at."""
        return NAMES if self.network.config.labels else ()

    def scheme(self, request: DesignRequest) -> Scheme:
        """How the request is sampled."""
        options = SymmCDOptions.of(request)
        if options.sampler == "published":
            return replace(PUBLISHED, steps=options.steps or STEPS)
        return replace(FAST, steps=options.steps or self.default_steps)

    def sample_units(
        self,
        request: DesignRequest,
        chunk: int,
        cancel: CancelToken | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> AsymmetricUnits:
        """The asymmetric units of one chunk."""
        count, rng, generator = self.begin(request, chunk)
        allowed = planning.allowed_elements(request, self.priors)
        plans = planning.draw(request, self.priors, count, rng)
        targets = draw_targets(request, count, rng)
        neutral = (rng.random(count) < self.neutral_share) & (not request.composition)
        options = SymmCDOptions.of(request)
        scheme, guidance, avoid = self.scheme(request), options.guidance, options.known_crystals == "avoided"
        done = 0
        parts: dict[int, AsymmetricUnits] = {}
        waiting = np.arange(count)
        for round_ in range(ROUNDS):
            weight = len(waiting) + CALL
            expected = done + scheme.steps * (weight + (weight // 2 if round_ + 1 < ROUNDS else 0))  # half are redrawn

            def tick(step: int, _: int, done: int = done, weight: int = weight, expected: int = expected) -> None:
                if progress is not None:
                    progress(done + step * weight, expected)

            members = [plans[i] for i in waiting]
            conditions = self.conditions(members, allowed, targets[waiting], neutral[waiting], guidance)
            raw = self.denoise(conditions, members, generator, scheme, cancel, tick)
            done += scheme.steps * weight
            held = conditions.positions.isfinite().all(-1).cpu().numpy()
            fixed_cell = conditions.k.isfinite().all(-1).cpu().numpy()
            units, gentle = opened(raw, held, fixed_cell)
            too_large = too_many_atoms(units, request)
            wrong = too_large | ~gentle | ~has_its_symmetry(units)
            if round_ < SOFT_ROUNDS + avoid:
                wrong |= neutral[waiting] & ~is_neutral(units)
                wrong |= wrong_number_of_elements(units, members)
            if avoid and not wrong.all():
                rest = np.flatnonzero(~wrong)
                wrong[rest] = is_known(units.take(rest))
            for row, i in enumerate(waiting.tolist()):
                if i not in parts or not wrong[row]:
                    parts[i] = units.take(slice(row, row + 1))
                if too_large[row]:
                    plans[i] = planning.draw(request, self.priors, 1, rng)[0]
                elif wrong[row] and round_ >= SAME_PLAN:
                    plans[i] = planning.draw_again(request, self.priors, plans[i], rng)
            waiting = waiting[wrong]
            if not len(waiting):
                break
        if progress is not None:
            progress(done, done)
        units = AsymmetricUnits.concatenate(parts[i] for i in range(count))
        return trim(units, request.max_atoms) if too_many_atoms(units, request).any() else units

    def conditions(
        self,
        plans: list[UnitPlan],
        allowed: NDArray[np.bool_],
        targets: NDArray[np.float64],
        neutral: NDArray[np.bool_],
        guidance: float,
    ) -> Conditions:
        """Tensors of plans, padded to the most orbits."""
        size, width = len(plans), max(p.n_orbits for p in plans)
        mask = np.zeros((size, width), bool)
        elements = np.full((size, width), -1)
        classes = np.full((size, width, N_AXES), -1)
        positions = np.full((size, width, 3), np.nan, np.float32)
        k = np.full((size, 6), np.nan, np.float32)
        for row, plan in enumerate(plans):
            m = plan.n_orbits
            mask[row, :m] = True
            elements[row, :m] = plan.elements
            wyckoff = np.array(plan.wyckoff)
            known = np.flatnonzero(wyckoff >= 0)
            classes[row, known] = tables().site_class[wyckoff[known]]
            if plan.positions:
                positions[row, :m] = plan.positions
            if plan.k:
                k[row] = plan.k
        labels = without = cell = None
        if self.network.config.labels:
            distinct = np.array([p.distinct for p in plans])
            balanced = np.where(neutral, 1, -1)
            labels = torch.as_tensor(embed(targets, distinct, balanced), device=self.device)
            if np.isfinite(targets).any():
                without = torch.as_tensor(embed(opposites(targets), distinct, balanced), device=self.device)
                cell = torch.as_tensor(of_cell(targets), device=self.device)
        group = np.array([p.space_group for p in plans])
        kinds = np.array([p.distinct for p in plans])
        arrays = (group, allowed, mask, elements, classes, positions, k, kinds)
        g, a, there, e, c, x, kept, number = (torch.as_tensor(array, device=self.device) for array in arrays)
        return Conditions(g, a, there, e, c, x, kept, number, labels, without, guidance, cell)

    def denoise(
        self,
        conditions: Conditions,
        plans: list[UnitPlan],
        generator: torch.Generator,
        scheme: Scheme,
        cancel: CancelToken | None = None,
        tick: Callable[[int, int], None] | None = None,
    ) -> AsymmetricUnits:
        """One draw of crystals on their Wyckoff positions, as they come: atoms may overlap."""
        drawn = sample(self.inference, self.priors, conditions, generator, scheme, cancel, tick)
        mask = conditions.mask.cpu().numpy()
        wyckoff = np.full(mask.shape, -1)
        for row, plan in enumerate(plans):
            wyckoff[row, : plan.n_orbits] = plan.wyckoff
        return _reconstruct(conditions.space_group.cpu().numpy(), wyckoff, mask, drawn)


def wrong_number_of_elements(units: AsymmetricUnits, plans: list[UnitPlan]) -> NDArray[np.bool_]:
    """(B,) whether a crystal holds another number of distinct elements than planned."""
    planned = np.array([p.distinct for p in plans])
    found = distinct_elements(np.maximum(units.numbers.astype(np.int64) - 1, 0), units.n_orbits)
    return (planned > 0) & (np.minimum(found, MAX_DISTINCT) != planned)


def draw_targets(request: DesignRequest, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(count, 4) property values to aim at, uniform in the range of each target, NaN without one."""
    values = np.full((count, len(NAMES)), np.nan)
    for target in request.targets:
        values[:, NAMES.index(target.name)] = rng.uniform(target.low, target.high, count)
    return values


def _reconstruct(group: NDArray, wyckoff: NDArray, mask: NDArray[np.bool_], drawn: Sample) -> AsymmetricUnits:
    """Lattice from k, sites onto Wyckoff positions: those fixed (B, M), -1 where the site symmetry decides."""
    k = lattice.constrain(drawn.k.cpu().double().numpy(), group)
    cells = lattice.standard_orientation(lattice.from_k(k))
    numbers = np.where(mask, drawn.elements.cpu().numpy() + 1, 0).astype(np.int16)
    points = drawn.x.cpu().double().numpy()
    return project(group, cells, numbers, drawn.classes.cpu().numpy(), points, wyckoff)
