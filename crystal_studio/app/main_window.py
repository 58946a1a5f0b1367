"""The main window: three pages on one project, joined to the actions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from crystal_studio.app import catalogue, dialogs, faults, files, notices, theme
from crystal_studio.app.action_spec import CONDITIONS
from crystal_studio.app.campaign_handlers import OFFER, CampaignHandlers
from crystal_studio.app.devices import probe
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.project_handlers import ProjectHandlers
from crystal_studio.app.recent_list import RecentList
from crystal_studio.app.settings import WindowState
from crystal_studio.app.structure_handlers import StructureHandlers
from crystal_studio.app.window_handlers import handlers_of
from crystal_studio.app.window_views import WindowViews
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError

FIRST_FRAME_MS = 300
CANDIDATE_MENU = (
    "explore.beside",
    "explore.judge",
    "explore.dft",
    "project.export",
    "edit.copy",
    "explore.columns",
)
REQUEST_MENU = tuple(f"design.{key}" for key in ("load", "paste", "save", "copy_json", "copy_command", "reset"))


class MainWindow(WindowViews):
    """``parts`` replaces how a campaign is carried out (tests); ``probe_devices`` asks a child process for GPUs."""

    def __init__(self, state: WindowState | None = None, parts: Any = None, probe_devices: bool = True) -> None:
        super().__init__(state, parts)
        self.setWindowTitle("Crystal Studio")
        self.setAcceptDrops(True)
        self.projects = ProjectHandlers(self)
        self.structures = StructureHandlers(self)
        self.campaigns = CampaignHandlers(self)
        self.recent_lists: list[RecentList] = []
        self._build()
        self._join()
        self.restore_state()
        # What is looked for in the background would slow down the first frame; a window that is not shown does without.
        self.background.hold()
        QTimer.singleShot(FIRST_FRAME_MS, self.background.begin)
        self.background.run(
            lambda _: catalogue.load(), self._take_catalogue, self._no_catalogue, key="catalogue", long=True
        )
        if probe_devices:
            self.background.run(probe, self._take_devices, key="devices", long=True)
        self._update()
        self.campaigns.offer_last()
        self.projects.list_recent(self.recent_lists)

    # --- what follows from changes ------------------------------------------

    def _campaign_changed(self) -> None:
        if not self.campaign.running:
            self.session.poll()
        self._update()

    def _opened(self) -> None:
        assert self.session.path is not None and self.session.reader is not None
        self.state.add_recent(self.session.path)
        for recent in self.recent_lists:
            recent.hide()  # it would keep the page high
        self.run_page.set_reader(self.session.reader)
        self.campaigns.follow_others()
        self.explore.set_reader(self.session.reader)
        self._offer_last_request()
        self.campaigns.offer()
        if not self.campaign.running and self.session.reader.count() and self.page == "design":
            self.show_page("explore")
        self._changed()

    def _offer_last_request(self) -> None:
        """Let the design panel start from the latest campaign of the project."""
        reader = self.session.reader
        for row in reversed(reader.campaigns() if reader is not None else []):
            try:
                self.design.offer_request(DesignRequest.from_dict(dict(row.request)))
            except RequestError:
                continue  # written by another version
            return

    def _closed(self) -> None:
        self.notice_bar.withdraw(OFFER)
        self.run_page.set_reader(None)
        self.explore.set_reader(None)
        for dialog in (self.comparison, self.evaluation, self.improvement):
            if dialog is not None:
                dialog.close()
        self.tell_evaluation()
        self.design.set_campaigns(())
        self._update()
        self.projects.list_recent(self.recent_lists)

    def _changed(self) -> None:
        reader = self.session.reader
        if reader is None:
            return
        self.campaigns.follow_others()
        self.run_page.changed()
        self.explore.changed()
        self.tell_evaluation()
        self.design.set_campaigns(reader.campaigns())
        self._update()

    def _take_catalogue(self, found: catalogue.Catalogue) -> None:
        self.design.set_catalogue(found)
        self.run_page.set_catalogue(found)
        self.explore.set_symbols(tuple(g.symbol for g in found.groups))
        self._offer_last_request()

    def _no_catalogue(self, error: BaseException) -> None:
        for page in (self.design, self.run_page):
            page.set_catalogue(catalogue.Catalogue())
        self.fault(error)

    def _take_devices(self, devices: Sequence[Any]) -> None:
        self.design.budget.set_devices(devices)
        if devices:
            self.top.device.setText(devices[0].text)

    def _update(self) -> None:
        """Bring conditions, titles and the status bar in step with the state."""
        reader, running = self.session.reader, self.campaign.running
        candidates = reader.count() if reader is not None else 0
        writable = reader is not None and self.session.writable
        stack = self.design.model.undo_stack
        self.actions_.set_conditions(
            project=reader is not None,
            writable=writable,
            valid_request=self.design.ready,
            idle=not running,
            running=running,
            paused=running and self.campaign.paused,
            unpaused=running and not self.campaign.paused,
            unfinished=bool(not running and self.campaigns.unfinished()),
            alone=not self.campaigns.elsewhere,
            selection=bool(reader is not None and len(self.explore.table.selected_ids())),
            candidates=candidates > 0,
            undo=stack.canUndo(),
            redo=stack.canRedo(),
            example=files.has_example(),
            ternaries=files.has_example(files.TERNARIES),
            frameworks=files.has_example(files.FRAMEWORKS),
        )
        note = "" if writable or reader is None else "(read only)"
        self.top.show_project(self.session.name, note)
        self.setWindowTitle(f"{self.session.name} – Crystal Studio" if reader is not None else "Crystal Studio")
        if not running:
            text = (
                f"{plural(candidates, 'candidate')} in {self.session.name}" if reader is not None else "No project open"
            )
            self.status.idle(text)
            blocked = "This project is open for reading only: save a copy to generate in it." if note else ""
            if self.campaigns.elsewhere:
                blocked = CONDITIONS["alone"]
        else:
            blocked = "A campaign is running: wait for it or stop it first."
        if blocked != self._blocked:
            self._blocked = blocked
            self.design.set_blocked(blocked)

    _blocked = ""

    def _selection_changed(self) -> None:
        reader = self.session.reader
        self.actions_.set_conditions(selection=bool(reader is not None and len(self.explore.table.selected_ids())))

    def _request_changed(self, _index: int = 0) -> None:
        stack = self.design.model.undo_stack
        self.actions_.set_conditions(valid_request=self.design.ready, undo=stack.canUndo(), redo=stack.canRedo())

    # --- building -----------------------------------------------------------

    def _build(self) -> None:
        self.menus = self.actions_.fill_menu_bar(self.menuBar())
        self.recent_menu = QMenu("Open recent", self)
        self.menus["File"].insertMenu(self.actions_["project.copy"], self.recent_menu)
        self.recent_menu.aboutToShow.connect(lambda: self.projects.fill_recent(self.recent_menu))
        self.top.page_chosen.connect(self.show_page)
        self._project_menu = QMenu(self)
        self._project_menu.aboutToShow.connect(self._fill_project_menu)
        self.top.set_menu(self._project_menu)
        central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top)
        column.addWidget(self.notice_bar)
        column.addWidget(self.pages, 1)
        self.setCentralWidget(central)
        a = self.actions_
        self.setStatusBar(self.status)
        self.run_page.head.add_actions([a["run.pause"], a["run.resume"], a["run.stop"], a["run.continue"]])
        self.design.launch.set_menu([a[k] for k in REQUEST_MENU])
        taken = [a["explore.complete"], a["explore.template"], a["explore.cell"]]
        self.design.sites.set_actions(taken, self.fault)
        others = [a[k] for k in CANDIDATE_MENU]
        self.explore.table.set_actions([*taken, *others])
        for empty in (self.run_page.empty, self.explore.listing.empty):
            for key in ("project.new", "project.open", "project.example"):
                empty.add_action(a[key])
            empty.add_button("Design crystals", a["view.design"].trigger, primary=True)
            recent = RecentList()
            recent.chosen.connect(self.projects.open)
            empty.add_below(recent)
            self.recent_lists.append(recent)

    def _fill_project_menu(self) -> None:
        self.projects.fill_recent(self._project_menu)
        self._project_menu.addSeparator()
        keys = ("project.new", "project.open", "project.example", "project.ternaries", "project.frameworks")
        self._project_menu.addActions([self.actions_[k] for k in keys])

    def _join(self) -> None:
        self.actions_.join(handlers_of(self, self.projects, self.structures, self.campaigns))
        for key, dock in self.explore.docks.items():
            action = self.actions_[f"view.{key}"]
            action.triggered.connect(partial(self.show_dock, key))
            dock.visibilityChanged.connect(lambda _, d=dock, act=action: act.setChecked(not d.isHidden()))
            action.setChecked(not dock.isHidden())
        for scheme in theme.SCHEMES:
            self.actions_[f"view.theme_{scheme}"].triggered.connect(lambda _=False, s=scheme: self.set_theme(s))
        self.set_theme(theme.manager().scheme)
        self.design.generate.connect(self.campaigns.generate)
        self.design.validity.connect(self._request_changed)
        self.design.model.undo_stack.indexChanged.connect(self._request_changed)
        self.run_page.show_candidate.connect(self.show_candidate)
        self.run_page.show_filter.connect(self.show_filter)
        self.explore.selection_changed.connect(self._selection_changed)
        self.explore.faulted.connect(self.fault)
        self.explore.told.connect(self.status.tell)
        self.campaign.changed.connect(self._campaign_changed)
        notices.centre().added.connect(self.hear)
        notices.centre().changed.connect(self.count_unread)
        self.session.opened.connect(self._opened)
        self.session.closed.connect(self._closed)
        self.session.changed.connect(self._changed)
        self.session.failed.connect(self.fault)

    # --- window events ------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._unseen:
            self._unseen = False
            QTimer.singleShot(0, self.background.begin)

    _unseen = True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(u.toLocalFile()) for u in event.mimeData().urls() if u.isLocalFile()]
        event.acceptProposedAction()
        QTimer.singleShot(0, lambda: self.projects.open_paths(paths))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.campaign.running and not self._may_close:
            event.ignore()
            self._closing = dialogs.ask_to_close(self, self.campaigns.begun, self._close_now)
            return
        if not self.campaign.leave():
            faults.log.info("the campaign ends by itself")
        if self.evaluation is not None:
            self.evaluation.close()
        if self.improvement is not None:
            self.improvement.close()
        if self.references is not None:
            self.references.close()
        self.save_state()
        self.explore.close_views()
        self.background.close()
        self.session.close()
        super().closeEvent(event)

    def _close_now(self) -> None:
        # Everything made so far is in the file; the next start offers to carry on.
        self._may_close = True
        self.close()

    _may_close = False
    _closing: Any = None
