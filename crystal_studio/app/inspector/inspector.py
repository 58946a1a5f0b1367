"""``Inspector``: one candidate in words and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QStackedWidget, QTabWidget, QToolButton, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.icons import icon
from crystal_studio.app.inspector.facts import CandidateFacts, SymmetryFacts, find_symmetry, gather
from crystal_studio.app.inspector.framework_tab import FrameworkTab, concerns
from crystal_studio.app.inspector.overview_tab import OverviewTab
from crystal_studio.app.inspector.provenance_tab import ProvenanceTab
from crystal_studio.app.inspector.symmetry_tab import SymmetryTab
from crystal_studio.app.inspector.verdicts_tab import VerdictsTab
from crystal_studio.app.widgets import label
from crystal_studio.candidates.objectives import Ranking
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.rows import CandidateRow

EMPTY = "Select a candidate in the table to see its cell, symmetry, verdicts and origin here."


class Inspector(QWidget):
    """Overview, framework, symmetry, verdicts and provenance of the candidate that is looked at.

    Reading and symmetry searches happen in the background; the candidate shown last wins.
    ``filled`` is emitted when a candidate is on screen, ``faulted`` with a mistake of the program.
    """

    filled = Signal()
    faulted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Inspector")
        self._facts: CandidateFacts | None = None
        background = self._background = Background(threads=1)
        # The threads must have ended before the pool goes; this widget is torn down by its parent, unclosed.
        self.destroyed.connect(lambda: background.close())
        background.failed.connect(self._failed)
        self.overview, self.framework, self.symmetry = OverviewTab(), FrameworkTab(), SymmetryTab()
        self.verdicts, self.provenance = VerdictsTab(), ProvenanceTab()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)  # it would be drawn above the tabs
        self.tabs.setAccessibleName("Parts of the inspector")
        for title, tab in self._pages():
            self.tabs.addTab(tab, title)
        self.copy_button = QToolButton()
        self.copy_button.setProperty("role", "quiet")
        self.copy_button.setToolTip("Copy this tab as text; provenance as JSON")
        self.copy_button.setAccessibleName("Copy this tab")
        self.copy_button.clicked.connect(self.copy)
        self.tabs.setCornerWidget(self.copy_button, Qt.Corner.TopRightCorner)
        self.message: QLabel = label(EMPTY, "muted", wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setContentsMargins(24, 24, 24, 24)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(self.tabs)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self.symmetry.tolerance_chosen.connect(self._search)
        theme.manager().changed.connect(self._recolour)
        self._recolour()

    def _pages(
        self,
    ) -> tuple[tuple[str, OverviewTab | FrameworkTab | SymmetryTab | VerdictsTab | ProvenanceTab], ...]:
        return (
            ("Overview", self.overview),
            ("Framework", self.framework),
            ("Symmetry", self.symmetry),
            ("Verdicts", self.verdicts),
            ("Provenance", self.provenance),
        )

    def show(self, candidate: CandidateRow | None = None, reader: ProjectReader | None = None) -> None:
        """Look at another candidate; without one, say what to do."""
        super().show()
        for key in ("gather", "symmetry"):
            self._background.cancel(key)
        if candidate is None or reader is None:
            self._facts = None
            self._say(EMPTY)
            return
        row, source = candidate, reader
        self._background.run(lambda _: gather(row, source), self._fill, self._failed, key="gather")

    def show_ranking(self, ranking: Ranking) -> None:
        """Tell the Pareto rank of the candidate among those listed, where they are compared."""
        before, self.overview.ranking = self.overview.ranking, ranking
        if self._facts is None:
            return
        number = self._facts.row.id
        if (before.objectives, before.rank(number)) != (ranking.objectives, ranking.rank(number)):
            self.overview.fill(self._facts)

    @property
    def facts(self) -> CandidateFacts | None:
        """What is on screen."""
        return self._facts

    def copy(self) -> None:
        """Put the tab in front on the clipboard."""
        if self._facts is not None:
            QGuiApplication.clipboard().setText(self._pages()[self.tabs.currentIndex()][1].as_text())

    def shut_down(self) -> None:
        """Wait for whatever is being read."""
        self._background.close()

    def _fill(self, facts: CandidateFacts) -> None:
        self._facts = facts
        self.overview.fill(facts)
        self.tabs.setTabVisible(self.tabs.indexOf(self.framework), concerns(facts))
        self.framework.fill(facts)
        self.symmetry.start()
        self.symmetry.fill(facts.symmetry)
        self.verdicts.fill(facts)
        self.provenance.fill(facts)
        self._stack.setCurrentWidget(self.tabs)
        self.filled.emit()

    def _search(self, tolerance: float | None) -> None:
        facts = self._facts
        if facts is None:
            return
        self._background.cancel("symmetry")
        if tolerance is None:
            self.symmetry.fill(facts.symmetry)
            return
        self.symmetry.wait()

        def work(_: object) -> SymmetryFacts:
            return find_symmetry(facts.structure, tolerance)

        self._background.run(work, self.symmetry.fill, self._failed, key="symmetry")

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, KnownError):
            self._say(str(error))
        else:
            self._say("This candidate could not be read.")
            self.faulted.emit(error)

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self._stack.setCurrentWidget(self.message)

    def _recolour(self) -> None:
        self.copy_button.setIcon(icon("copy"))
        if self._facts is not None:
            self.overview.fill(self._facts)
            self.verdicts.fill(self._facts)
