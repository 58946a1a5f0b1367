"""The Design page: says what crystals are wanted and starts the campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.background import Background
from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.budget_panel import BudgetPanel
from crystal_studio.app.design.chemistry_panel import ChemistryPanel
from crystal_studio.app.design.estimate import Estimate, measure
from crystal_studio.app.design.form import Form
from crystal_studio.app.design.form_model import FormModel
from crystal_studio.app.design.in_words import askable, in_words
from crystal_studio.app.design.launch_card import LaunchCard
from crystal_studio.app.design.made_before import made_before
from crystal_studio.app.design.made_of_card import MadeOfCard
from crystal_studio.app.design.notes import composition_note
from crystal_studio.app.design.page_undo import PageUndo
from crystal_studio.app.design.sites_panel import SitesPanel
from crystal_studio.app.design.space_group_picker import SpaceGroupPicker
from crystal_studio.app.design.targets_panel import TargetsPanel
from crystal_studio.app.design.what_tabs import FIELDS, TITLES, WhatTabs
from crystal_studio.app.funnel.editing import recalled, remembered
from crystal_studio.app.settings import WindowState
from crystal_studio.app.widgets import GAP, EmptyState
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.family import Capabilities, Feasibility
from crystal_studio.generators.requests import feasibility
from crystal_studio.project.rows import CampaignRow

CHECK_MS = 200
HINT = " Click elements to narrow this down."
READING = "The models are being read: a moment."


class DesignPage(QWidget):
    """``generate`` asks to run the request; ``validity`` follows every change of whether there is one."""

    generate = Signal()
    validity = Signal()

    def __init__(self, background: Background | None = None, parent: QWidget | None = None) -> None:
        """With a ``background``, what takes a moment to find out is checked there while the user goes on, and a form
        that nobody has changed makes no request before the catalogue is there."""
        super().__init__(parent)
        self._background = background
        self._found: tuple[DesignRequest, Feasibility] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CHECK_MS)
        self._timer.timeout.connect(self._check)
        self.model = FormModel(self, waits=background is not None)
        self._undo = PageUndo(self)
        self._catalogue = Catalogue()
        self._estimate = Estimate()
        self._campaigns: Sequence[CampaignRow] = ()
        self._blocked = ""
        self._refused: RequestError | None = None
        self.chemistry = ChemistryPanel(self.model)
        self.sites = SitesPanel(self.model, background)
        self.targets = TargetsPanel(self.model)
        self.what = WhatTabs(self.chemistry, self.sites, self.targets)
        self.symmetry = SpaceGroupPicker()
        self.budget = BudgetPanel(self.model)
        self.symmetry.changed.connect(
            lambda groups: self.model.change(replace(self.model.form, space_groups=groups), "space groups")
        )
        self.launch = LaunchCard()
        self.launch.button.clicked.connect(self.generate)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(GAP)
        self.splitter.addWidget(_scrolling(_column(self.what, self.budget), 420))
        self.symmetry_part = QStackedWidget()
        self.no_symmetry = EmptyState("crystal", "The model chooses the symmetry", "")
        self.made_of = MadeOfCard(self.model)
        for part in (_scrolling(self.symmetry, 280), self.no_symmetry, _scrolling(self.made_of, 280)):
            self.symmetry_part.addWidget(part)
        self.splitter.addWidget(_column(self.symmetry_part, self.launch))
        self.splitter.setStretchFactor(0, 2)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([1060, 516])
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP + 4, GAP + 4, GAP + 4, GAP + 4)
        row.addWidget(self.splitter)
        self.model.changed.connect(self._changed)
        self.model.changed.connect(self._timer.start)
        self.refresh()

    @property
    def ready(self) -> bool:
        """Whether the request can be run as it stands."""
        return not self._problem()

    def save_state(self, state: WindowState) -> None:
        """Remember tab, sizes, funnel and whether the advanced fields are open."""
        state.set("design/splitter", self.splitter.saveState())
        state.set("design/tab", self.what.current)
        state.set("design/advanced", "open" if self.budget.more.isChecked() else "")
        state.set("design/funnel", remembered(self.model.form.funnel))

    def restore_state(self, state: WindowState) -> None:
        """Take them back, and the funnel asked for last."""
        kept = state.bytes("design/splitter")
        if not kept.isEmpty():
            self.splitter.restoreState(kept)
        tab = state.text("design/tab")
        if tab in TITLES:
            self.what.show_tab(tab)
        self.budget.more.setChecked(state.text("design/advanced") == "open")
        funnel = recalled(state.text("design/funnel"))
        if self.model.form == Form():
            self.model.show(replace(self.model.form, funnel=funnel))

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Offer space groups and models."""
        self._catalogue = catalogue
        self.model.set_catalogue(catalogue)
        self.symmetry.set_catalogue(catalogue)
        self.budget.set_catalogue(catalogue)
        self.sites.set_catalogue(catalogue)
        self.refresh()

    def offer_request(self, request: DesignRequest) -> None:
        """Start from this request where the user has not begun one."""
        fresh = replace(Form(), funnel=self.model.form.funnel)  # which is remembered from the last time
        untouched = self.model.form == fresh and not self.model.undo_stack.count() and not self.model.error
        if untouched and (self._catalogue.card(request.model) or not request.model):
            self.model.show(self.model.form_of(request))

    def set_campaigns(self, campaigns: Sequence[CampaignRow]) -> None:
        """Those of the project: what they took says how long the next will take."""
        self._campaigns = campaigns
        self._estimate = measure(campaigns)
        self.refresh()

    def set_blocked(self, reason: str) -> None:
        """Why a campaign cannot be started whatever the request says; empty where it can."""
        self._blocked = reason
        self.refresh()

    def show_error(self, field: str, message: str) -> None:
        """Mark a field as refused by the generator or the campaign; it stays refused until the form changes."""
        self._refused = RequestError(message, field)
        self.refresh()
        if self._tab_of(field):
            self.what.show_tab(self._tab_of(field))

    def _changed(self) -> None:
        self._refused = None
        self.refresh()

    def refresh(self) -> None:
        """Show the form, its validity and its cost."""
        error = self._error
        self._offer(self.model.able)
        if self.symmetry.picked() != self.model.form.space_groups:
            self.symmetry.set_picked(self.model.form.space_groups)
        form = askable(self.model.form, self.model.catalogue)
        self._mark(error.field if error else "", str(error) if error else "")
        hint = HINT if form.mode == "any" else ""
        self.launch.tell(f"{in_words(self.model.form, self.model.catalogue)}{hint}")
        request = self.model.request
        seconds = self._estimate.seconds(request, self.model.fields) if request is not None else None
        self.launch.estimate(seconds, possible=request is not None or self.model.waits)
        self.launch.warn(made_before(request, self._campaigns) if request is not None else None)
        problem = self._problem()
        # What stands beside its field is not said twice.
        placed = error is None or self._tab_of(error.field) or error.field in self._placed
        elsewhere = problem in (self._blocked, self._no_model()) or not placed
        bad = self._bad_tab(error)
        where = f" under {TITLES[bad]}" if bad else ""
        correct = f"Correct the marked field{where} first." if problem not in ("", READING) else ""
        self.launch.show_problem(problem, problem if elsewhere else correct)
        self.what.show_form(form, bad if problem and not elsewhere else "")
        found = self._known
        self.chemistry.set_note(composition_note(form, found.units, self._catalogue) if found and not problem else "")
        self.validity.emit()

    def _offer(self, able: Capabilities) -> None:
        """Show what the model can be asked for."""
        title = self.model.family.title if self.model.family is not None else ""
        self.made_of.refresh()
        self.symmetry_part.setCurrentIndex(0 if able.space_groups else 2 if self.made_of.options.fields else 1)
        self.no_symmetry.text.setText(f"{title} models cannot be asked for space groups.")
        offered = {"sites": self.sites.offered, "targets": self.targets.offered}
        self.what.offer(["chemistry", *(tab for tab, shown in offered.items() if shown)])

    @property
    def _known(self) -> Feasibility | None:
        """What has been found out of the request as it stands."""
        return self._found[1] if self._found is not None and self._found[0] == self.model.request else None

    @property
    def _error(self) -> RequestError | None:
        """Why the form makes no request that can be met, as far as that has been found out."""
        return self.model.error or (self._known.problem if self._known is not None else None) or self._refused

    def _check(self) -> None:
        """Find out in the background what the groups can hold."""
        request = self.model.request
        if self._background is None or request is None:
            return

        def done(found: Feasibility) -> None:
            self._found = (request, found)
            self.refresh()

        self._background.run(lambda state: feasibility(request, state.is_set), done, key="feasible")

    def _bad_tab(self, error: RequestError | None) -> str:
        """The tab that holds what is to be corrected; empty where it stands elsewhere."""
        if error is not None:
            return self._tab_of(error.field)
        problems = {
            "chemistry": self.chemistry.problem,
            "targets": self.targets.problem,
        }
        return next((key for key, problem in problems.items() if problem), "")

    def _tab_of(self, field: str) -> str:
        """The tab on which a field stands; empty where it stands elsewhere."""
        drawn = {"targets": self.targets.options, "sites": self.sites.options}
        return next((tab for tab, options in drawn.items() if field in options.widgets), FIELDS.get(field, ""))

    @property
    def _placed(self) -> frozenset[str]:
        """Names of the fields that stand on no tab."""
        return self.budget.fields | frozenset(self.made_of.options.widgets) | {"space_groups"}

    def _mark(self, field: str, message: str) -> None:
        for panel in (self.chemistry, self.sites, self.targets):
            panel.set_error(field, message)
        self.symmetry.set_error(message if field == "space_groups" else "")
        self.budget.set_error(field, message)
        self.made_of.set_error(field, message)

    def _no_model(self) -> str:
        if self._catalogue.cards or not self._catalogue.groups:
            return ""
        return self._catalogue.problem or "No trained model is installed: train one with crystal-studio train."

    def _problem(self) -> str:
        if self.model.waits:
            return READING
        error = self._error
        return (
            (str(error) if error else "")
            or self.chemistry.problem
            or self.targets.problem
            or self.budget.problem
            or self._no_model()
            or self._blocked
        )


def _column(upper: QWidget, lower: QWidget) -> QWidget:
    """Two cards under each other; the upper one takes the room that is left."""
    made = QWidget()
    made.setProperty("role", "plain")
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(GAP)
    column.addWidget(upper, 1)
    column.addWidget(lower)
    return made


def _scrolling(widget: QWidget, width: int) -> QScrollArea:
    """Scrolls where the screen is too small; ``width`` at least is shown of it."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(widget)
    area.setMinimumSize(width, 120)
    return area
