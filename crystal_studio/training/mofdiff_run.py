"""MOFDiff from coarse-grained frameworks to a model folder: the training, its weights and their card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.errors import RequestError
from crystal_studio.generators.mofdiff import weights as model
from crystal_studio.generators.mofdiff.labels import NAMES, scaled
from crystal_studio.generators.mofdiff.vocabulary import Vocabulary
from crystal_studio.mof import build_adsorption, build_hypothetical, build_pores
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.library import library_hash, read_mofs, shipped_blocks
from crystal_studio.training import checkpoint
from crystal_studio.training.model_card import of_training
from crystal_studio.training.mofdiff import TrainConfig, Trainer
from crystal_studio.training.mofdiff_data import Examples, no_labels

_HELD = 20
"""One framework of so many is kept back to look at the losses."""
_OUTER = (1.0, 99.0)
"""Percentiles of each label between which a request is told that it can aim."""


def train(
    data: Path,
    out: Path,
    config: TrainConfig,
    embeddings: NDArray[np.float32],
    *,
    device: str = "cpu",
    resume: bool = False,
    start: Path | None = None,
    report: Callable[[dict[str, float]], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train on a file of coarse-grained frameworks of the shipped blocks (``embeddings`` (L, E) are theirs) and write
    checkpoint, curve, weights and card to ``out``.

    Labels are those of ``pores.csv`` and ``adsorption.csv`` beside the file, where they are; so are hypothetical
    frameworks, which are shown among the others and never kept back. With ``resume`` the
    checkpoint in ``out`` is carried on, network size included; without it a folder that holds one is refused.
    ``start`` names the folder of a model to begin with. Returns the last row of the learning curve.
    """
    checkpoint.check_free(out, (out / checkpoint.NAME).exists(), resume)
    library = shipped_blocks()
    mofs, about = read_mofs(data, library)
    values = known_values(mofs, data.parent)
    training, validation = split(mofs, values, config.seed)
    if start is not None and not resume:
        sizes, vocabulary, _, weights = model.read(start, library)
        config = TrainConfig(**{**config.__dict__, "network": sizes})
    else:
        vocabulary = Vocabulary.of(library, embeddings, np.bincount(mofs.block, minlength=len(library)))
    if resume:
        config = Trainer.saved_network(out, config)
    others = hypothetical(data.parent, library) if config.hypothetical > 0 else None
    trainer = Trainer(config, training, library, vocabulary, device, others)
    if resume:
        trainer.restore(out)
    elif start is not None:
        trainer.start_from(weights)
    last = trainer.run(out, validation, report, stop)
    write_model(trainer, out, library, values, about, last, start)
    return last


def hypothetical(folder: Path, library: BlockLibrary) -> Examples | None:
    """Hypothetical frameworks in a folder, without labels; None where there are none. Raises ``FileError``."""
    path = folder / build_hypothetical.NAME
    if not path.exists():
        return None
    mofs, _ = read_mofs(path, library)
    return Examples.of(mofs, no_labels(len(mofs)))


def known_values(mofs: CoarseMofs, folder: Path) -> NDArray[np.float64]:
    """(B, P) labels of frameworks from the tables in a folder, NaN where not known; raises ``FileError``."""
    known: dict[str, dict[str, float]] = {}
    for name in (build_pores.NAME, build_adsorption.NAME):
        if (folder / name).exists():
            for mof, row in build_pores.read(folder / name).items():
                known.setdefault(mof, {}).update(row)
    return build_pores.values(mofs, known, NAMES)


def split(mofs: CoarseMofs, values: NDArray[np.float64], seed: int) -> tuple[Examples, Examples | None]:
    """Frameworks to learn from and those kept back, one of 20 at random; raises ``RequestError`` without any."""
    whole = Examples.of(mofs, scaled(values))
    if not len(whole):
        raise RequestError("The file holds no framework of 20 building blocks or fewer: name another.", "data")
    order = np.random.default_rng(seed).permutation(len(whole))
    held = len(whole) // _HELD
    return whole.take(np.sort(order[held:])), whole.take(np.sort(order[:held])) if held else None


def write_model(
    trainer: Trainer,
    out: Path,
    library: BlockLibrary,
    values: NDArray[np.float64],
    about: dict[str, Any],
    last: dict[str, Any],
    start: Path | None,
) -> None:
    """The averaged weights and their card, beside the checkpoint."""
    source = about.get("source", {})
    others = len(trainer.shown) - len(trainer.examples)
    card = {
        "title": "MOFDiff, trained on "
        + ("known and hypothetical" if others else "known")
        + " metal-organic frameworks",
        "licence": "MIT (weights); see data for the licence of the training data",
        "data": {
            "frameworks": len(trainer.examples),
            **({"hypothetical": others} if others else {}),
            "blocks": len(library),
            "library": library_hash(library),
            **source,
        }
        | ({"started_from": start.name} if start else {}),
        "training": of_training(trainer, last, loss_weights=trainer.config.weights.__dict__),
    }
    model.save(
        out,
        trainer.average.weights,
        trainer.config.network,
        trainer.vocabulary.to("cpu"),
        trainer.scale,
        library,
        ranges(values),
        card,
    )


def ranges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, P): between which values of each label a request can aim; NaN of those that are not known."""
    known = np.isfinite(values).any(0)
    found = np.full((2, len(NAMES)), np.nan)
    if known.any():
        found[:, known] = np.nanpercentile(values[:, known], _OUTER, axis=0).round(3)
    return found
