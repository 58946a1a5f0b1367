"""What every generator offers to a campaign."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from crystal_studio.design.request import DesignRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crystal_studio.candidates.batch import Candidates


@dataclass(frozen=True)
class PropertyRange:
    """A property that a model was trained with: its unit, and the range of values it saw."""

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True)
class ModelCard:
    """What is said of a trained model: ``models/<name>/card.json``.

    ``labels`` are the properties that a request can aim at; none for a model trained without. ``revision`` is that
    of its family in this program, not of the weights.
    """

    name: str
    family: str
    title: str
    licence: str
    data: dict[str, Any]
    training: dict[str, Any]
    parameters: int
    sha256: str
    elements: tuple[int, ...]
    limits: dict[str, Any] = field(default_factory=dict)
    notes: str = ""
    labels: tuple[PropertyRange, ...] = ()
    revision: int = 1


class CancelToken(Protocol):
    """Anything with ``is_set()``, such as ``threading.Event``."""

    def is_set(self) -> bool: ...


class Cancelled(Exception):
    """Raised inside a generator when the token was set; nothing of the chunk is kept."""


class Generator(Protocol):
    """A trained model, loaded on a device, that answers one request.

    The candidates of a request are numbered 0..count-1 and cut into chunks of
    ``chunk_size``. Chunk *i* depends on the request (its seed included) and on
    *i* alone, so a campaign may be killed and go on with any chunk.
    """

    card: ModelCard
    device: str
    chunk_size: int

    def check(self, request: DesignRequest) -> None:
        """Raise ``RequestError`` where the model cannot answer the request."""

    def sample(
        self,
        request: DesignRequest,
        chunk: int,
        cancel: CancelToken | None = None,
        progress: Any = None,
    ) -> Candidates:
        """The candidates ``chunk * chunk_size`` up to the next chunk or ``request.count``.

        Structures always, asymmetric units, bonds and blocks where the model knows them;
        ``asked_space_group`` where the request names groups.

        ``progress(done, total)`` is called after each denoising step.
        """


def chunk_seed(seed: int, chunk: int) -> NDArray[np.uint32]:
    """Entropy of one chunk, from which its random generators are seeded."""
    import numpy as np  # which cards and capabilities are read without

    return np.random.SeedSequence([seed, chunk]).generate_state(2, np.uint32).astype(np.uint32)
