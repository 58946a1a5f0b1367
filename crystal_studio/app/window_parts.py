"""The parts of the main window that its actions work on, before anything joins them."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QMainWindow, QStackedWidget

from crystal_studio.app import faults, placement
from crystal_studio.app.actions import ActionSet
from crystal_studio.app.background import Background
from crystal_studio.app.cutoff import Cutoff
from crystal_studio.app.design.design_page import DesignPage
from crystal_studio.app.design.request_handlers import RequestHandlers
from crystal_studio.app.explore.explore_page import ExplorePage
from crystal_studio.app.notice_bar import NoticeBar
from crystal_studio.app.run.campaign_control import CampaignControl
from crystal_studio.app.run.run_page import RunPage
from crystal_studio.app.run_status import RunStatus
from crystal_studio.app.session import ProjectSession
from crystal_studio.app.settings import WindowState
from crystal_studio.app.top_bar import TopBar
from crystal_studio.app.widgets import scrolling
from crystal_studio.errors import RequestError

PAGES = ("design", "run", "explore")


class WindowParts(QMainWindow):
    """State, threads, project, campaign, actions, bars and pages; goes from page to page and tells of errors."""

    def __init__(self, state: WindowState | None = None, parts: Any = None) -> None:
        super().__init__()
        self.state = state or WindowState()
        self.campaign = CampaignControl(parts, self)
        self.background = Background(self)
        self.background.failed.connect(self.fault)
        self.session = ProjectSession(self.background, self)
        self.actions_ = ActionSet(self)
        self.design = DesignPage(self.background)
        self.cutoff = Cutoff(self.state, self)
        self.run_page = RunPage(self.background, self.cutoff)
        self.explore = ExplorePage(self.background, self.cutoff)
        self.pages = QStackedWidget()
        for page in (self.design, self.run_page, self.explore):
            self.pages.addWidget(scrolling(page))
        a = self.actions_
        self.top = TopBar(a["help.palette"])
        self.notice_bar = NoticeBar()
        self.requests = RequestHandlers(self, self.design.model, self._tell, self.fault)
        self.status = RunStatus([a["run.pause"], a["run.resume"], a["run.stop"]], a["help.messages"])

    def _tell(self, text: str) -> None:
        self.status.tell(text)

    def show_page(self, page: str) -> None:
        """Go to design, run or explore."""
        self.pages.setCurrentIndex(PAGES.index(page))
        self.top.pages.set(page)

    @property
    def page(self) -> str:
        """The page shown."""
        return PAGES[self.pages.currentIndex()]

    def restore_state(self) -> None:
        """Place, docks and sizes as they were left."""
        placement.for_opengl(self)
        geometry = self.state.bytes("window/geometry")
        if geometry.isEmpty() or not self.restoreGeometry(geometry):
            placement.place_first(self)
        else:
            placement.keep_on_screen(self)
        self.design.restore_state(self.state)
        kept = self.state.bytes("run/splitter")
        if not kept.isEmpty():
            self.run_page.splitter.restoreState(kept)
        self.explore.restore_state(self.state)
        page = self.state.text("window/page", "design")
        self.show_page(page if page in PAGES and page != "run" else "design")

    def save_state(self) -> None:
        """Remember them."""
        self.state.set("window/geometry", self.saveGeometry())
        self.state.set("window/page", self.page)
        self.design.save_state(self.state)
        self.state.set("run/splitter", self.run_page.splitter.saveState())
        self.explore.save_state(self.state)
        self.state.sync()

    def fault(self, error: BaseException) -> None:
        """Tell of an error: beside its field where it has one, else in a dialog."""
        if isinstance(error, RequestError) and error.field and self.page == "design":
            self.design.show_error(error.field, str(error))
        self._box = faults.show(error, self)

    _box: Any = None
