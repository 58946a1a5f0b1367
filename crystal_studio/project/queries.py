"""Reading a project: pages of candidates, whole columns, structures; safe beside a writer."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, func, select, text

from crystal_studio.candidates.quantities import Method
from crystal_studio.project import (
    columns,
    connection,
    copies,
    faults,
    filters,
    names,
    opening,
    progress,
    reading,
    rounds,
    schema,
    terms,
)
from crystal_studio.project.filters import Where
from crystal_studio.project.names import Names
from crystal_studio.project.rows import CampaignRow, CandidateRow, QuantityRow, RoundRow, StageCounts, VerdictRow
from crystal_studio.project.schema import CURRENT, candidates

if TYPE_CHECKING:
    from crystal_studio.candidates.batch import Candidates
    from crystal_studio.crystal.batches import AsymmetricUnits, Structures


class ProjectReader:
    """Any number may be open, in any thread or process, while one writer works.

    ``version`` is the file's schema version; a newer file opens as long as it
    still has the columns that this program knows.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._engine, self.version, self._held = opening.for_reading(self.path)
        weakref.finalize(self, self._held.close)
        with connection.translated(self.path):
            # PRAGMA data_version compares a connection with itself: one is kept for it.
            self._watch = self._engine.connect()
        self._watching = threading.Lock()

    def close(self) -> None:
        """Close every connection."""
        self._watch.close()
        self._engine.dispose()
        self._held.close()

    def __enter__(self) -> ProjectReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """A connection whose statements all see the file at the same moment."""
        with connection.translated(self.path), self._engine.connect() as opened:
            opened.exec_driver_sql("BEGIN")
            try:
                yield opened
            finally:
                opened.exec_driver_sql("ROLLBACK")

    @contextmanager
    def _driver(self) -> Iterator[sqlite3.Connection]:
        """The driver's connection within a snapshot."""
        with self._snapshot() as opened:
            yield _driver(opened)

    def select(self, statement: Select) -> Sequence[Any]:
        """The rows of a query that another module of this room has put together."""
        with self._snapshot() as opened:
            return opened.execute(statement).all()

    def data_version(self) -> int:
        """A number that changes when another connection has written."""
        with self._watching, connection.translated(self.path):
            return int(self._watch.exec_driver_sql("PRAGMA data_version").scalar_one())

    def copy_to(self, path: str | Path, overwrite: bool = False) -> Path:
        """Save a copy of the whole project; see ``copies.copy_to``."""
        with connection.translated(self.path):
            return copies.copy_to(self._engine, self.path, Path(path), overwrite)

    def campaigns(self) -> list[CampaignRow]:
        """All campaigns, oldest first."""
        with self._driver() as db:
            return reading.campaign_rows(db, self.path, "ORDER BY id")

    def campaign(self, campaign_id: int) -> CampaignRow:
        """One campaign; raises ``FileError`` where there is none such."""
        with self._driver() as db:
            return reading.campaign_row(db, self.path, int(campaign_id))

    def rounds(self, improvement: int | None = None) -> list[RoundRow]:
        """Rounds of one improvement, or of all, in their order."""
        with self._driver() as db:
            return rounds.read(db, self.path, improvement)

    def candidates(
        self,
        where: Where = "",
        sort: str = "id",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[CandidateRow]:
        """Candidates that match a filter; those without the sorted value come last."""
        end = None if limit is None else offset + limit
        with self._snapshot() as opened:
            chosen = self._ids(opened, where, sort, descending, end)[offset:]
            return reading.candidate_rows(_driver(opened), self.path, chosen.tolist())

    def ids(self, where: Where = "", sort: str = "id", descending: bool = False) -> NDArray[np.int64]:
        """Ids of all candidates that match, in the order asked for; those without the sorted value come last."""
        with self._snapshot() as opened:
            return self._ids(opened, where, sort, descending)

    def _ids(
        self, opened: Connection, where: Where, sort: str, descending: bool, limit: int | None = None
    ) -> NDArray[np.int64]:
        known = names.read(_driver(opened), self.path)
        key = terms.find(sort or "id", known.known(), known.method_ids)
        return columns.ids(opened, _condition(where, known), key, descending, limit)

    def by_ids(self, ids: Iterable[int]) -> list[CandidateRow]:
        """The candidates named, in that order; ids that do not exist are left out."""
        with self._driver() as db:
            return reading.candidate_rows(db, self.path, [int(i) for i in ids])

    def count(self, where: Where = "") -> int:
        """How many candidates match."""
        with self._snapshot() as opened:
            known = names.read(_driver(opened), self.path)
            statement = select(func.count()).select_from(candidates).where(_condition(where, known))
            return int(opened.execute(statement).scalar_one())

    def candidate(self, candidate_id: int) -> CandidateRow:
        """One candidate; raises ``FileError`` where there is none such."""
        rows = self.by_ids([candidate_id])
        if not rows:
            raise faults.missing_candidate(self.path, int(candidate_id))
        return rows[0]

    def verdicts(self, candidate_id: int) -> list[VerdictRow]:
        """What every stage said of one candidate, in the order in which they spoke first."""
        with self._driver() as db:
            return reading.verdict_rows(db, self.path, [int(candidate_id)])

    def quantities(self, candidate_id: int) -> list[QuantityRow]:
        """Every value of one candidate by whatever method, also of quantities that this installation does not know."""
        with self._driver() as db:
            return reading.quantity_rows(db, self.path, int(candidate_id))

    def methods(self) -> list[Method]:
        """Every method that found a value or a geometry in this project, in the order in which they came."""
        with self._driver() as db:
            return list(names.read(db, self.path).methods.values())

    def geometries(self, candidate_id: int) -> list[Method]:
        """The methods that moved a candidate's atoms, the first first; its generated geometry is not among them."""
        with self._driver() as db:
            known = names.read(db, self.path)
            found = db.execute(
                "SELECT method FROM parts WHERE candidate_id = ? AND kind = 'structure' AND method <> ? ORDER BY id",
                (int(candidate_id), schema.GENERATED),
            )
            return [known.methods[known.method_ids[m]] for (m,) in found if m in known.method_ids]

    def batch(self, ids: Iterable[int], geometry: str = CURRENT) -> Candidates:
        """The candidates named, in that order: "current", "generated", or the geometry by a method's name.

        Asymmetric units come only where they belong to that geometry. Raises ``FileError`` for a candidate that has
        no such geometry, or does not exist.
        """
        from crystal_studio.project import parts  # with all that cells need, which no list of rows does

        wanted = [int(i) for i in ids]
        with self._driver() as db:
            rows = reading.stored(db, self.path, wanted)
            asked = [rows[i].asked_space_group for i in wanted]
            return parts.batch(db, self.path, wanted, asked, geometry)

    def structures(self, ids: Iterable[int], geometry: str = CURRENT) -> Structures:
        """The cells of the candidates named, in that order; see ``batch``."""
        from crystal_studio.project import parts

        with self._driver() as db:
            return parts.structures(db, self.path, [int(i) for i in ids], geometry)[0]

    def units(self, ids: Iterable[int]) -> AsymmetricUnits:
        """The asymmetric units of the generated geometry, in that order; group 0 and no orbit where not known."""
        from crystal_studio.project import parts

        with self._driver() as db:
            return parts.units(db, self.path, [int(i) for i in ids])

    def found(self, ids: Iterable[int]) -> dict[str, NDArray]:
        """What is known of candidates, a column (B,) each, for the stages of the funnel.

        Every headline quantity by its name, every value by one method as ``name@method``, and the notes of all
        verdicts by theirs. Numbers and flags are float64 (NaN: none), labels and other notes objects (None: none).
        """
        with self._driver() as db:
            return columns.found(db, self.path, [int(i) for i in ids])

    def columns(self, names: Sequence[str], where: Where = "") -> dict[str, NDArray]:
        """Whole columns by name, rows ordered by id.

        Columns that may lack a value, and all that hold fractions, come as float64 with NaN for none (flags as 1
        and 0); counts and ids as int64; text as objects.
        """
        with self._snapshot() as opened:
            known = _names(opened, self.path)
            wanted = {name: terms.find(name, known.known(), known.method_ids) for name in names}
            return columns.read(opened, wanted, _condition(where, known))

    def funnel(self, campaign_id: int | None = None) -> list[StageCounts]:
        """What every stage said in one run, in the order of work; or what it says now, whatever run it was in."""
        with self._driver() as db:
            return progress.funnel(db, campaign_id)

    def pending(self, campaign_id: int) -> tuple[NDArray[np.int64], NDArray]:
        """Candidates still on their way: ids (P,) in order, and the last stage each has passed ("" if none).

        Those whose last stage gave an error are among them and have passed what came before it. For a judge they
        are the ones of its request that have not been through all its stages in that run.
        """
        with self._driver() as db:
            found = progress.pending(db, reading.campaign_row(db, self.path, int(campaign_id)))
        return np.array([i for i, _ in found], np.int64), np.array([stage for _, stage in found], object)

    def errors(self, campaign_id: int) -> NDArray[np.int64]:
        """Ids of the candidates that one run could not judge and nobody has judged by that stage since."""
        with self._driver() as db:
            return np.array(progress.errors(db, int(campaign_id)), np.int64)

    def judged(self, campaign_id: int, stage: str) -> NDArray[np.int64]:
        """Ids of the candidates of which a stage has said something in one run, be it an error."""
        with self._driver() as db:
            asked = "SELECT DISTINCT candidate_id FROM verdicts WHERE campaign_id = ? AND stage = ? ORDER BY 1"
            return np.array([i for (i,) in db.execute(asked, (int(campaign_id), stage))], np.int64)

    def numbers(self, campaign_id: int) -> set[int]:
        """Numbers of the candidates that a campaign has stored."""
        with self._driver() as db:
            found = db.execute("SELECT number FROM candidates WHERE campaign_id = ?", (int(campaign_id),))
            return {number for (number,) in found}

    def check(self) -> None:
        """Read the whole file for damage (2 s a million candidates); raises ``FileError`` if there is any."""
        with self._snapshot() as opened:
            answer = opened.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if answer != "ok":
            raise connection.damaged(self.path)


def _driver(opened: Connection) -> sqlite3.Connection:
    driver = opened.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _names(opened: Connection, path: Path) -> Names:
    return names.read(_driver(opened), path)


def _condition(where: Where, known: Names) -> ColumnElement[bool]:
    return filters.parse(where, known.known(), known.method_ids) if isinstance(where, str) else where
