"""The Explore page: table, filter, browser, structure view, inspector and scatter plot in docks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from crystal_studio.app.analysis.analysis_view import AnalysisView
from crystal_studio.app.background import Background
from crystal_studio.app.cutoff import Cutoff
from crystal_studio.app.explore.arrangement import CRYSTALS
from crystal_studio.app.explore.arranging import Arranging
from crystal_studio.app.explore.candidate_model import CandidateModel
from crystal_studio.app.explore.candidate_table import CandidateTable
from crystal_studio.app.explore.columns import columns
from crystal_studio.app.explore.docked_page import DockedPage
from crystal_studio.app.explore.filter_bar import FilterBar
from crystal_studio.app.explore.listing import Listing
from crystal_studio.app.explore.pareto_bar import ParetoBar
from crystal_studio.app.explore.picture import Picture, picture
from crystal_studio.app.explore.project_browser import ProjectBrowser
from crystal_studio.app.explore.scatter import ScatterView
from crystal_studio.app.faults import install_message_handler
from crystal_studio.app.hull.hull_view import HullView
from crystal_studio.app.numbers_text import count
from crystal_studio.app.settings import WindowState
from crystal_studio.app.shares.shares_view import SharesView, shares_panel
from crystal_studio.app.triage.triage_view import TriageView
from crystal_studio.app.widgets import GAP, Card
from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader


class ExplorePage(DockedPage):
    """``selection_changed`` follows the selection and what is listed; ``faulted`` carries an error, ``told`` a line."""

    selection_changed = Signal()
    faulted = Signal(object)
    told = Signal(str)

    def __init__(self, background: Background, cutoff: Cutoff, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background, self._cutoff = background, cutoff
        self._reader: ProjectReader | None = None
        self._current = 0
        self._wanted = 0
        self._shown: Picture | None = None
        self.view: Any = None
        self.inspector: Any = None
        self._symbols: tuple[str, ...] = ()
        self._columns = columns(())
        self.model = CandidateModel(background, self._columns, self, order=CRYSTALS.order)
        self.table = CandidateTable(self.model, self._columns)
        self.filter, self.pareto = FilterBar(), ParetoBar()
        self.scatter_view: ScatterView | None = None
        self.hull: HullView | None = None
        self.analysis: AnalysisView | None = None
        self.triage = TriageView(background, cutoff)
        self.triage.faulted.connect(self.faulted)
        self.triage.told.connect(self.told)
        self.shares = SharesView(background, cutoff, "explore shares")
        self.browser = ProjectBrowser()
        self.arranging = Arranging(background, [self.table, self.filter, self.pareto, self.shares, self.browser], self)
        self.arranging.began.connect(self._begin)
        self.arranging.faulted.connect(self.faulted)
        self.listing = Listing(self.table)
        self.listing.filter_dropped.connect(lambda: self.filter.set_text(""))
        self.listing.front_dropped.connect(lambda: self.pareto.only.setChecked(False))
        central = Card()
        central.body.addWidget(self.filter)
        central.body.addWidget(self.pareto)
        central.body.addWidget(self.listing, 1)
        self.setCentralWidget(central)
        self.setContentsMargins(GAP, GAP, GAP, GAP)
        area = Qt.DockWidgetArea
        self.add_dock("browser", "Project", area.LeftDockWidgetArea, self.browser)
        self.add_dock("structure", "Structure", area.RightDockWidgetArea)
        self.add_dock("inspector", "Inspector", area.RightDockWidgetArea)
        self.add_dock("scatter", "Scatter plot", area.BottomDockWidgetArea)
        self.add_dock("shares", "Stable, unique, novel", area.BottomDockWidgetArea, shares_panel(self.shares, cutoff))
        self.tabifyDockWidget(self.docks["scatter"], self.docks["shares"])
        self.add_dock("triage", "Triage", area.BottomDockWidgetArea, self.triage)
        self.tabifyDockWidget(self.docks["shares"], self.docks["triage"])
        self.docks["scatter"].raise_()
        self.add_dock("hull", "Convex hull", area.RightDockWidgetArea)
        self.tabifyDockWidget(self.docks["inspector"], self.docks["hull"])
        self.add_dock("analysis", "Analysis", area.RightDockWidgetArea)
        self.tabifyDockWidget(self.docks["hull"], self.docks["analysis"])
        self.docks["inspector"].raise_()
        self.setCorner(Qt.Corner.BottomRightCorner, area.RightDockWidgetArea)
        self.setCorner(Qt.Corner.BottomLeftCorner, area.LeftDockWidgetArea)
        self.filter.changed.connect(self._filtered)
        self.filter.compare.toggled.connect(self.pareto.open)
        self.pareto.changed.connect(self.model.compare)
        self.browser.chosen.connect(self.filter.set_text)
        self.model.loaded.connect(self._loaded)
        self.model.failed.connect(self.faulted)
        self.table.current.connect(self._look_at)
        self.table.selected.connect(self._tell_selection)

    def set_symbols(self, symbols: Sequence[str]) -> None:
        """Hermann-Mauguin symbols by space-group number - 1."""
        self._symbols = tuple(symbols)
        self._columns = columns(self._symbols)
        self.model.set_columns(self._columns)

    def set_reader(self, reader: ProjectReader | None) -> None:
        """Another project, or none."""
        self._reader = reader
        self._look_at(0)
        self.filter.set_text("")
        self.model.set_reader(None)
        self.arranging.open(reader)
        if reader is None:
            self.listing.tell()
            self.browser.show_campaigns([])
            self.filter.count.setText("")
            if self.scatter_view is not None:
                self.scatter_view.show_candidates(None, "")
        else:
            self.browser.show_campaigns(reader.campaigns())
        self._count_shares("")

    def _begin(self) -> None:
        """Show a project that was opened, once it is arranged."""
        self.model.set_reader(self._reader)
        if self.scatter_view is not None:
            self.scatter_view.show_candidates(self._reader, "")

    def changed(self) -> None:
        """The project file has new content."""
        if self._reader is None:
            return
        self.arranging.refresh(self._reader)
        self.model.refresh()
        self.shares.refresh()
        self.triage.refresh()
        if self.hull is not None:
            self.hull.refresh()
        self.browser.show_campaigns(self._reader.campaigns())

    def listed(self) -> int:
        """How many candidates are listed."""
        return len(self.model.ids)

    def selected_ids(self) -> list[int]:
        """Ids of the selected candidates."""
        return [int(i) for i in self.table.selected_ids()]

    def show_candidate(self, candidate_id: int) -> None:
        """Select one candidate and look at it, dropping the filter if it hides it."""
        if self.model.row_of(candidate_id) < 0 and self.model.where:
            self.filter.set_text("")
        self._wanted = candidate_id
        self._select_wanted()

    def save_state(self, state: WindowState) -> None:
        """Remember docks and columns."""
        self.save_docks(state, "explore/docks")
        self.table.save_state(state)

    def restore_state(self, state: WindowState) -> None:
        """Take docks and columns back."""
        self.restore_docks(state, "explore/docks")
        self.table.restore_state(state)

    def close_views(self) -> None:
        """Let go of the structure in the 3D view, and of what the inspector is reading, before the window goes."""
        if self.view is not None:
            self.view.clear()
            self.inspector.shut_down()

    def showEvent(self, event: QShowEvent) -> None:
        self._build_views()
        super().showEvent(event)

    def arrange(self) -> None:
        """The sizes of the docks at the first start, in proportion to the page where it is small."""
        width, height = self.width(), self.height()
        across = {"browser": min(180, width // 8), "structure": min(565, width * 40 // 100)}
        self.resizeDocks([self.docks[k] for k in across], list(across.values()), Qt.Orientation.Horizontal)
        upper = min(450, height * 52 // 100)
        down = {"structure": upper, "inspector": min(420, height - upper)}
        self.resizeDocks([self.docks[k] for k in down], list(down.values()), Qt.Orientation.Vertical)
        self.resizeDocks([self.docks["scatter"]], [min(290, height * 38 // 100)], Qt.Orientation.Vertical)

    def _build_views(self) -> None:
        """Make what needs heavy imports when the page is first looked at."""
        if self.view is not None:
            return
        from crystal_studio.app.inspector.inspector import Inspector
        from crystal_studio.app.viewer.structure_view import StructureView

        install_message_handler()
        self.view, self.inspector = StructureView(), Inspector()
        self.hull, self.analysis = HullView(self._background), AnalysisView(self._background)
        self.scatter_view = ScatterView(self._background)
        made = {"structure": self.view, "inspector": self.inspector, "hull": self.hull, "analysis": self.analysis}
        for holder, widget in (made | {"scatter": self.scatter_view}).items():
            self.holders[holder].addWidget(widget)
        self.inspector.faulted.connect(self.faulted)
        for view in (self.hull, self.analysis):
            view.faulted.connect(self.faulted)
            view.told.connect(self.told)
        for plot in (self.hull, self.scatter_view):
            plot.picked.connect(self.show_candidate)
        self.arranging.add(self.scatter_view)
        self.scatter_view.show_candidates(self._reader, self.model.where)
        current, self._current = self._current, -1
        self._look_at(current)

    def _filtered(self, where: str) -> None:
        self.browser.show_filter(where)
        self.model.set_filter(where)
        self._count_shares(where)
        if self.scatter_view is not None:
            self.scatter_view.show_candidates(self._reader, where)

    def _count_shares(self, where: str) -> None:
        self.shares.watch(self._reader, lambda _: where)
        self.triage.watch(self._reader, where)

    def _loaded(self) -> None:
        n = self.listed()
        ranking = self.model.ranking
        self.listing.tell(n, bool(self.model.where), len(ranking.ids))
        self.pareto.show_ranking(ranking)
        self.table.show_ranks(bool(ranking.objectives))
        if not self._select_wanted() and n and not self.table.currentIndex().isValid():
            self.table.selectRow(0)
        if self.scatter_view is not None:
            for view in (self.inspector, self.scatter_view):
                view.show_ranking(ranking)
            self.scatter_view.reload()
        self._look_again()
        self._tell_selection()

    def _select_wanted(self) -> bool:
        if not self._wanted or self.model.row_of(self._wanted) < 0:
            return False
        self.table.select_ids([self._wanted])
        self._wanted = 0
        return True

    def _tell_selection(self) -> None:
        n = len(self.table.selected_ids())
        listed = f"{count(self.listed())} listed" if self.listed() or self.model.where else ""
        self.filter.count.setText(f"{listed}, {count(n)} selected" if n > 1 else listed)
        self.selection_changed.emit()

    def _look_at(self, candidate_id: int) -> None:
        if candidate_id == self._current:
            return
        self._current, self._shown = candidate_id, None
        if self.view is None:
            return
        if self.scatter_view is not None:
            self.scatter_view.set_current(candidate_id)
        if not candidate_id or self._reader is None:
            self._background.cancel("structure")
            self.view.clear()
            self._inspect(None)
            return
        self._read_current()

    def _inspect(self, row: CandidateRow | None) -> None:
        """Show one candidate in every view that says something of one."""
        reader = self._reader if row is not None else None
        self.inspector.show(row, reader)
        assert self.hull is not None and self.analysis is not None
        self.hull.show_candidate(row, reader)
        self.analysis.show_candidate(row, reader)

    def _look_again(self) -> None:
        """Read the candidate that is looked at once more where the file now says something else of it."""
        row = self.model.candidate(self.model.row_of(self._current))
        if row is not None and self._shown is not None and row != self._shown.row:
            self._read_current()

    def _read_current(self) -> None:
        reader, candidate_id = self._reader, self._current
        assert reader is not None
        self._background.run(
            lambda _: picture(reader, candidate_id, self._symbols), self._show, self.faulted.emit, key="structure"
        )

    def _show(self, found: Picture) -> None:
        if found.row.id != self._current:
            return
        before, self._shown = self._shown, found
        self._inspect(found.row)
        if before is not None and found.looks_like(before):
            return  # turned and zoomed as it is
        found.show_in(self.view)
