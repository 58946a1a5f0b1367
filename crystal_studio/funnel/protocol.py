"""What a funnel stage takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.verdicts import ReasonKind, Verdicts

if TYPE_CHECKING:
    from crystal_studio.candidates.batch import Candidates
    from crystal_studio.crystal.batches import Structures
    from crystal_studio.design.targets import PropertyTarget

PROMISE = "chance_stable"
"""The quantity by which candidates are ranked where not all can go on at once: the greatest first."""


@dataclass(frozen=True)
class Batch:
    """B candidates on their way through the funnel.

    ids : (B,) int64, ascending
    candidates : their structures are the geometry to be judged; asymmetric units only where they belong to it
    found : what is known of them by now, (B,) columns by quantity: "e_hull" is the headline value, "e_hull@chgnet"
        that of one method; float64 (NaN: none), or object (None: none) for labels
    """

    ids: NDArray[np.int64]
    candidates: Candidates
    found: Mapping[str, NDArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def structures(self) -> Structures:
        """The geometry to be judged."""
        return self.candidates.structures

    def value(self, quantity: str, method: str = "") -> NDArray:
        """(B,) one quantity, the headline value or that of one method; NaN where nothing is known."""
        name = f"{quantity}@{method}" if method else quantity
        column = self.found.get(name)
        return np.full(len(self), np.nan) if column is None else np.asarray(column)

    def take(self, index: NDArray) -> Batch:
        """Those named by an index array or Boolean mask, in that order."""
        index = np.arange(len(self))[index]
        found = {name: np.asarray(column)[index] for name, column in self.found.items()}
        return Batch(np.asarray(self.ids)[index], self.candidates.take(index), found)


class Stage(Protocol):
    """One question, asked of a whole batch at once.

    name, title : its key, and what people read
    version : raised whenever its answers change; projects keep it with what it said
    rejects : whether its reasons reject; else they only mark: they are kept with the verdict and the candidate goes
        on. A stage that has reasons takes it as an argument; it gives them either way, ``run_stage`` does the rest
    in_order : it needs what came before and sees the candidates of a project in the order of their ids; the others
        may run in any worker
    costly : it is sent to worker processes in small batches
    remembers : it has to be told of earlier candidates, with which workers compare; it then is a ``RememberingStage``
    requires : quantities that it reads from ``Batch.found``
    gives : quantities that it finds
    reasons : every reason for which it may reject
    seconds : time that one candidate may take in a worker process; 0 where there is no limit

    A cell that cannot be judged (empty, flat, not finite) gets a verdict, never an exception. An exception means that
    the stage failed: ``run_stage.run`` makes errors of it, no verdicts.

    What can be set of it are fields of its dataclass, declared with ``stage_options.option``. One of which something
    has to be set before it can judge says so as ``lacks() -> (option, sentence)``, both empty where nothing has.
    One that is to spare candidates the costly ones has ``sifts = True``: added to a funnel, it goes before them, but
    behind those that it ``follows``, names of stages whose word it heeds. What those give it may read without
    requiring it, and does without where it is not there.
    """

    name: str
    title: str
    version: int
    rejects: bool
    in_order: bool
    costly: bool
    remembers: bool
    requires: tuple[str, ...]
    gives: tuple[str, ...]
    reasons: tuple[ReasonKind, ...]
    seconds: float

    def __call__(self, batch: Batch, context: Any) -> Verdicts: ...


@runtime_checkable
class TargetStage(Protocol):
    """A stage that goes by the targets of the request."""

    def asked(self, targets: Sequence[PropertyTarget]) -> Any:
        """The same stage in a request with these targets; raises ``RequestError`` where it cannot do without."""


@runtime_checkable
class ChoosingStage(Protocol):
    """A stage that takes some of the candidates of a run by their rank or by lot.

    Called as a function it judges each by itself; in a campaign ``choose`` then has the last word, on all candidates of
    the run together where it ``waits``. The choice depends on the verdicts and the lots alone, not on who judged when.
    """

    @property
    def waits(self) -> bool:
        """Whether all candidates of a run have to be seen before any goes on."""

    def expected(self, size: float, total: int) -> float:
        """How many of so many candidates of a run of ``total`` go on, before it is known which."""
        ...

    def choose(
        self,
        verdicts: Verdicts,
        lots: NDArray[np.float64],
        found: Mapping[str, NDArray],
        total: int,
        earlier: Sequence[float] = (),
    ) -> Verdicts:
        """The verdicts as they stand after the choice.

        lots : (B,) in [0, 1), ``candidates.lots``; found : (B,) columns by quantity, as in ``Batch``
        total : candidates of the run; earlier : the ``PROMISE`` of those that were chosen by rank before
        """
        ...


class Memory(Protocol):
    """What a stage keeps of earlier candidates: keys, by which it asks for the few comparisons that are needed.

    Picklable. Candidates ``arrive``; what ``missing`` names is learnt; ``questions`` are answered in any order;
    ``decided`` tells the outcome, which depends on the ids alone. ``seen.SeenBefore`` is one.
    """

    def add(self, ids: NDArray[np.int64], candidates: Candidates) -> None:
        """Remember further candidates with their structures; one that is there already is kept once."""

    def tell(self, ids: NDArray[np.int64], names: Sequence[str]) -> None:
        """Remember further candidates by their reduced formulas alone."""

    def __len__(self) -> int: ...

    @property
    def undecided(self) -> int:
        """Candidates that have arrived and are not decided."""
        ...

    def arrive(self, ids: NDArray[np.int64], names: Sequence[str]) -> None:
        """Candidates of these reduced formulas that are to be decided."""

    def missing(self, most: int | None = None) -> NDArray[np.int64]:
        """Candidates, ``most`` of them, whose keys are wanted; each is named once."""
        ...

    def learn(self, ids: NDArray[np.int64], vectors: NDArray) -> None:
        """Keys of candidates, a row each."""

    def questions(self, before: float = np.inf) -> Sequence[Any]:
        """Who is to be compared with whom (``id``, ``near``); ``before``: the smallest id that is still to arrive."""
        ...

    def answer(self, candidate: int, match: int | None) -> None:
        """The first of ``near`` that is the same crystal."""

    def give_up(self, candidate: int) -> None:
        """A candidate that could not be judged."""

    def decided(self) -> list[tuple[int, int | None]]:
        """(id, id of the same crystal or None) of those decided since the last call."""
        ...


@runtime_checkable
class RememberingStage(Protocol):
    """A stage with ``remembers = True``, which finds its memory in ``context.memory(self)``.

    Called as a function it judges like any other. In a campaign ``keys`` and ``matches`` run in worker processes, and
    ``seconds`` is what they may take for one candidate.
    """

    @property
    def name(self) -> str: ...

    @property
    def seconds(self) -> float: ...

    @property
    def rejects(self) -> bool: ...

    @property
    def forgets(self) -> tuple[str, ...]:
        """Names of stages whose rejection means that a candidate need not be remembered; those that stand before this
        one count as well."""

    def memory(self) -> Memory:
        """A new memory that holds nothing."""

    def keys(self, candidates: Candidates) -> NDArray:
        """(B, W) what the memory keeps of each."""

    def matches(self, questions: Sequence[Any], ids: NDArray[np.int64], structures: Structures) -> Sequence[int | None]:
        """Answers to questions of the memory; ``ids`` and ``structures`` of everybody named in them."""

    def verdicts(self, twins: Sequence[int | None]) -> Verdicts:
        """What is said of candidates with these ids of the same crystal."""
