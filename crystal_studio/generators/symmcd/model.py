"""A trained SymmCD: weights and card on disk, and the generator that a campaign uses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from crystal_studio.crystal import lattice
from crystal_studio.crystal.asymmetric_unit import expand, n_atoms
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.neighbours import minimum_radius_ratios
from crystal_studio.crystal.projection import project, project_onto
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import primitive, space_group_numbers
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.generators.protocol import CancelToken, ModelCard, chunk_seed
from crystal_studio.generators.symmcd import plan as planning
from crystal_studio.generators.symmcd.network import Denoiser, NetworkConfig
from crystal_studio.generators.symmcd.plan import Plan
from crystal_studio.generators.symmcd.priors import Priors
from crystal_studio.generators.symmcd.sampler import Conditions, Sample, sample

FAMILY = "symmcd"
FORMAT = 1
DEFAULT_STEPS = 100
ROUNDS = 6
"""How often candidates are drawn at most that are too large, overlap or have another symmetry than asked for."""
SAME_PLAN = 1
"""After how many further draws another number of orbits in the same group is tried (but for exact compositions)."""
SYMPREC = 0.1
"""Angstrom, of the symmetry that a candidate must have."""
LEAST_RATIO = 0.6
"""Least distance in sums of covalent radii (every real crystal of the training set passes)."""


def save(
    folder: Path, network_weights: dict[str, Tensor], config: NetworkConfig, priors: Priors, card: dict[str, Any]
) -> None:
    """Write ``model.safetensors`` and ``card.json``; the card gets the hash, size and elements."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {k: v.detach().to(torch.float16).contiguous().cpu() for k, v in network_weights.items()}
    path = folder / "model.safetensors"
    save_file(half | {k: v.contiguous().cpu() for k, v in priors.to_tensors().items()}, path)
    path.chmod(0o644)  # safetensors leaves it readable by its owner alone
    full = {
        **card,
        "family": FAMILY,
        "format": FORMAT,
        "network": config.to_dict(),
        "parameters": sum(v.numel() for v in half.values()),
        "sha256": sha256(path),
        "elements": [int(i) + 1 for i in np.flatnonzero(priors.elements.numpy() > 0)],
        "limits": {"max_orbits": priors.orbits.shape[1] - 1, "default_steps": DEFAULT_STEPS},
    }
    (folder / "card.json").write_text(json.dumps(full, indent=1) + "\n")


def sha256(path: Path) -> str:
    """Hash of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class SymmCD:
    """The generator of one folder ``models/<name>``; see ``generators/protocol.py``."""

    chunk_size = 128

    def __init__(self, card: ModelCard, network: Denoiser, priors: Priors, device: str) -> None:
        self.card, self.device, self.priors = card, device, priors
        self.network = network.to(device).eval()
        if bf16_pays(device.split(":")[0]):
            # Autocast would convert every weight again at every call: most of the time of a small batch.
            for module in self.network.modules():
                if isinstance(module, torch.nn.Linear):
                    module.to(torch.bfloat16)
        self.default_steps = int(card.limits.get("default_steps", DEFAULT_STEPS))

    @staticmethod
    def load(folder: Path, card: ModelCard, device: str) -> SymmCD:
        """Read weights; raises ``ModelError`` if they are missing, damaged or do not match their card."""
        path = folder / "model.safetensors"
        if not path.exists():
            raise ModelError(f"The weights {path} are missing: install Crystal Studio again or train a model.")
        if sha256(path) != card.sha256:
            raise ModelError(f"The weights {path} are damaged (their hash differs from the card): install them again.")
        try:
            raw = json.loads((folder / "card.json").read_text())
            tensors = load_file(path)
            network = Denoiser(NetworkConfig(**raw["network"]), torch.as_tensor(tables().encoding))
            network.load_state_dict(
                {k: v.float() for k, v in tensors.items() if not k.startswith("prior.")}, strict=True
            )
            priors = Priors.from_tensors(tensors)
        except (SafetensorError, KeyError, TypeError, RuntimeError, ValueError) as error:
            raise ModelError(f"The weights {path} do not fit this version: install a model made for it.") from error
        return SymmCD(card, network, priors, device)

    def check(self, request: DesignRequest) -> None:
        """Raise ``RequestError`` where the model cannot answer the request."""
        if request.targets:
            names = ", ".join(t.name for t in request.targets)
            raise RequestError(f"The model {self.card.name} has no head for {names}: remove the target.", "targets")
        if request.steps > 1000:
            raise RequestError("The model was trained with 1000 steps: ask for at most 1000.", "steps")
        planning.check(request, self.priors)

    def sample(
        self,
        request: DesignRequest,
        chunk: int,
        cancel: CancelToken | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> AsymmetricUnits:
        """The candidates of one chunk; see the protocol."""
        first = chunk * self.chunk_size
        count = min(self.chunk_size, request.count - first)
        if count <= 0:
            raise ValueError(f"chunk {chunk} lies beyond the request")
        seed = chunk_seed(request.seed, chunk)
        rng = np.random.default_rng(seed)
        allowed = planning.allowed_elements(request, self.priors)
        plans = planning.draw(request, self.priors, count, rng)
        generator = torch.Generator(self.device).manual_seed(int(seed[0]) << 31 | int(seed[1]) >> 1)
        steps = request.steps or self.default_steps
        done = total = 0

        def tick(step: int, _: int) -> None:
            if progress is not None:
                progress(done + step, total)

        parts: dict[int, AsymmetricUnits] = {}
        waiting = list(range(count))
        for round_ in range(ROUNDS):
            groups = _by_orbits([plans[i] for i in waiting])
            total += len(groups) * steps
            again: list[int] = []
            for members in groups:
                indices = [waiting[m] for m in members]
                units = self._denoise([plans[i] for i in indices], allowed, generator, steps, cancel, tick)
                done += steps
                too_large = too_many_atoms(units, request)
                wrong = too_large | ~has_its_symmetry(units)
                for row, i in enumerate(indices):
                    if i not in parts or not wrong[row]:
                        parts[i] = units.take(slice(row, row + 1))
                    if wrong[row]:
                        again.append(i)
                    if too_large[row]:
                        plans[i] = planning.draw(request, self.priors, 1, rng)[0]
                    elif wrong[row] and round_ >= SAME_PLAN and not request.composition:
                        same_group = request.with_(space_groups=(plans[i].space_group,))
                        plans[i] = planning.draw(same_group, self.priors, 1, rng)[0]
            waiting = sorted(again)
            if not waiting:
                break
        units = AsymmetricUnits.concatenate(parts[i] for i in range(count))
        return trim(units, request.max_atoms) if too_many_atoms(units, request).any() else units

    def _denoise(
        self,
        plans: list[Plan],
        allowed: np.ndarray,
        generator: torch.Generator,
        steps: int,
        cancel: CancelToken | None,
        tick: Callable[[int, int], None],
    ) -> AsymmetricUnits:
        """Crystals of plans that have equally many orbits."""
        group = np.array([p.space_group for p in plans])
        wyckoff = np.array([p.wyckoff for p in plans])
        pinned = np.where(wyckoff[..., None] >= 0, tables().site_class[np.maximum(wyckoff, 0)].astype(np.int64), -1)
        conditions = Conditions(
            torch.as_tensor(group, device=self.device),
            torch.as_tensor(allowed, device=self.device),
            torch.as_tensor(np.array([p.elements for p in plans]), device=self.device),
            torch.as_tensor(pinned, device=self.device),
        )
        drawn = sample(self.network, self.priors, conditions, generator, steps, False, self._autocast(), cancel, tick)
        return _reconstruct(group, wyckoff, drawn)

    def _autocast(self) -> Callable[[], AbstractContextManager] | None:
        kind = self.device.split(":")[0]
        return partial(torch.autocast, kind, torch.bfloat16) if bf16_pays(kind) else None


def bf16_pays(kind: str) -> bool:
    """Whether 16-bit matrix products are fast on this kind of device."""
    if kind == "cuda":
        return torch.cuda.is_bf16_supported()
    return kind == "cpu" and bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())


def too_many_atoms(units: AsymmetricUnits, request: DesignRequest) -> np.ndarray:
    """(B,) whether the primitive cell holds more atoms than the request allows."""
    if not request.max_atoms or request.composition:
        return np.zeros(len(units), bool)
    return n_atoms(units, primitive=True) > request.max_atoms


def has_its_symmetry(units: AsymmetricUnits) -> np.ndarray:
    """(B,) whether the space group found at 0.1 A is the one that the crystal was made for.

    Orbits of one element on positions that belong together make a supergroup; so do
    free parameters close to special values. Crystals whose atoms overlap have none.
    """
    cells = primitive(expand(units), units.space_group)
    apart = np.flatnonzero(minimum_radius_ratios(cells) >= LEAST_RATIO)
    found = np.zeros(len(units), np.int16)
    found[apart] = space_group_numbers(cells.take(apart), SYMPREC)
    return found == units.space_group


def trim(units: AsymmetricUnits, max_atoms: int) -> AsymmetricUnits:
    """Leave out the largest orbits of crystals with more than ``max_atoms`` atoms in the primitive cell.

    The last orbit of an element is kept as long as another orbit can go instead; an orbit that alone is
    too large moves to the group's smallest Wyckoff position.
    """
    table = tables()
    numbers, wyckoff, positions = units.numbers.copy(), units.wyckoff.copy(), units.positions.copy()
    multiplicity = table.multiplicity
    for i in np.flatnonzero(n_atoms(units, primitive=True) > max_atoms):
        centring = table.n_centring[units.space_group[i] - 1]
        keep = list(np.flatnonzero(numbers[i]))
        while len(keep) > 1 and multiplicity[wyckoff[i, keep]].sum() // centring > max_atoms:
            repeated = [c for c in keep if (numbers[i, keep] == numbers[i, c]).sum() > 1]
            keep.remove(max(repeated or keep, key=lambda c: multiplicity[wyckoff[i, c]]))
        n = len(keep)
        for array, blank in ((numbers, 0), (wyckoff, -1), (positions, 0)):
            array[i, :n], array[i, n:] = array[i, keep], blank
        if n == 1 and multiplicity[wyckoff[i, 0]] // centring > max_atoms:
            wyckoff[i, 0] = row = table.wyckoff_start[units.space_group[i]] - 1
            positions[i, 0] = (table.linear[row] @ positions[i, 0] + table.origin[row]) % 1.0
    return AsymmetricUnits(units.space_group, units.lattice, numbers, wyckoff, positions)


def _by_orbits(plans: list[Plan]) -> list[list[int]]:
    sizes = sorted({p.n_orbits for p in plans})
    return [[i for i, p in enumerate(plans) if p.n_orbits == size] for size in sizes]


def _reconstruct(group: np.ndarray, wyckoff: np.ndarray, drawn: Sample) -> AsymmetricUnits:
    """Lattice from k, sites onto Wyckoff positions."""
    k = lattice.constrain(drawn.k.double().cpu().numpy(), group)
    cells = lattice.standard_orientation(lattice.from_k(k))
    numbers = (drawn.elements.cpu().numpy() + 1).astype(np.int16)
    points = drawn.x.double().cpu().numpy()
    if (wyckoff >= 0).all():
        return project_onto(group, cells, numbers, wyckoff, points)
    return project(group, cells, numbers, drawn.classes.cpu().numpy(), points)
