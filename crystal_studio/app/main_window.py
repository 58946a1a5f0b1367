"""The main window: three pages on one project, joined to the actions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from crystal_studio.app import catalogue, dialogs, faults, files, notices, placement, theme
from crystal_studio.app.campaign_deeds import OFFER, CampaignDeeds
from crystal_studio.app.design.estimate import measure
from crystal_studio.app.design.request_deeds import RequestDeeds
from crystal_studio.app.devices import probe
from crystal_studio.app.evaluation.dialog import EvaluationDialog
from crystal_studio.app.explore.export_dialog import ExportDialog
from crystal_studio.app.notice_list import NoticeList
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.palette.command_palette import CommandPalette
from crystal_studio.app.project_deeds import ProjectDeeds
from crystal_studio.app.settings import WindowState
from crystal_studio.app.structure_deeds import StructureDeeds
from crystal_studio.app.window_parts import PAGES, WindowParts
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError


class MainWindow(WindowParts):
    """``parts`` replaces how a campaign is carried out (tests); ``probe_devices`` asks a child process for GPUs."""

    def __init__(self, state: WindowState | None = None, parts: Any = None, probe_devices: bool = True) -> None:
        super().__init__(state, parts)
        self.setWindowTitle("Crystal Studio")
        self.setAcceptDrops(True)
        self.projects = ProjectDeeds(self)
        self.structures = StructureDeeds(self)
        self.campaigns = CampaignDeeds(self)
        self.palette_dialog: CommandPalette | None = None
        self.evaluation: EvaluationDialog | None = None
        self._build()
        self._join()
        self._restore()
        self.background.run(lambda _: catalogue.load(), self._take_catalogue, key="catalogue", long=True)
        if probe_devices:
            self.background.run(probe, self._take_devices, key="devices", long=True)
        self._update()
        self.campaigns.offer_last()

    # --- pages and projects -------------------------------------------------

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open a project, or import structure files into the open one (or into a new one)."""
        self.projects.open_paths(paths)

    def open_project(self, path: Path) -> None:
        """Open a project unless a campaign is running."""
        self.projects.open(path)

    def open_example(self) -> None:
        """Open the user's copy of the bundled example."""
        self.projects.open_example()

    # --- campaigns ----------------------------------------------------------

    def _campaign_changed(self) -> None:
        if not self.campaign.running:
            self.session.poll()
        self._update()

    # --- candidates ---------------------------------------------------------

    def export(self) -> ExportDialog | None:
        """Open the export dialog on the selection or on what is listed."""
        if self.session.reader is None:
            return None
        dialog = ExportDialog(
            self.session.reader,
            self.explore.selected_ids(),
            self.explore.model.ids.tolist(),
            self.background,
            self.state,
            self,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.written.connect(lambda paths: self.status.tell(f"Exported {plural(len(paths), 'file')}"))
        dialog.open()
        return dialog

    def evaluate(self) -> EvaluationDialog:
        """Open the dialog that judges the candidates of the project."""
        if self.evaluation is None:
            self.evaluation = EvaluationDialog(self.background, self.state, self)
        self._tell_evaluation()
        self.evaluation.show()
        self.evaluation.raise_()
        self.evaluation.activateWindow()
        return self.evaluation

    def _tell_evaluation(self) -> None:
        reader = self.session.reader
        if self.evaluation is not None:
            found = (reader.campaigns(), reader.count()) if reader is not None else ((), 0)
            self.evaluation.set_project(self.session.path, *found)

    def _show_candidate(self, candidate_id: int) -> None:
        self.show_page("explore")
        self.explore.show_candidate(candidate_id)

    def _show_filter(self, where: str) -> None:
        self.show_page("explore")
        self.explore.filter.set_text(where)

    def _focus_filter(self) -> None:
        self.show_page("explore")
        self.explore.filter.field.setFocus()
        self.explore.filter.field.selectAll()

    def _choose_columns(self) -> None:
        self.show_page("explore")
        table = self.explore.table
        table.choose_columns(table.mapToGlobal(table.rect().topLeft()))

    # --- what follows from changes ------------------------------------------

    def show_messages(self) -> None:
        """Open the list of everything that was said since the start."""
        if self._messages is None:
            self._messages = NoticeList(notices.centre(), self)
        self._messages.show()
        self._messages.raise_()
        notices.centre().read()

    _messages: NoticeList | None = None

    def _noticed(self, notice: notices.Notice) -> None:
        if notice.level != "info" and not notice.shown:
            self.notice_bar.tell(notice, ("Messages…", self.show_messages))

    def _count_unread(self) -> None:
        self.status.show_unread(notices.centre().unread)

    def _opened(self) -> None:
        assert self.session.path is not None and self.session.reader is not None
        self.state.add_recent(self.session.path)
        self.run_page.set_reader(self.session.reader)
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
        if self.evaluation is not None:
            self.evaluation.close()
        self._tell_evaluation()
        self._update()

    def _changed(self) -> None:
        reader = self.session.reader
        if reader is None:
            return
        self.run_page.changed()
        self.explore.changed()
        self._tell_evaluation()
        self.design.set_estimate(measure(reader.campaigns()))
        self._update()

    def _take_catalogue(self, found: catalogue.Catalogue) -> None:
        self.design.set_catalogue(found)
        symbols = tuple(g.symbol for g in found.groups)
        self.run_page.set_symbols(symbols)
        self.explore.set_symbols(symbols)
        self._offer_last_request()

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
            selection=bool(reader is not None and len(self.explore.table.selected_ids())),
            candidates=candidates > 0,
            undo=stack.canUndo(),
            redo=stack.canRedo(),
            example=files.has_example(),
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
        self.run_page.set_actions(a["run.pause"], a["run.resume"], a["run.stop"], a["run.continue"])
        self.design.set_menu(
            [a[k] for k in ("design.load", "design.save", "design.copy_json", "design.copy_command", "design.reset")]
        )
        taken = [a["explore.complete"], a["explore.template"]]
        self.design.sites.set_actions(taken, self.fault)
        self.explore.table.set_actions([*taken, a["project.export"], a["edit.copy"], a["explore.columns"]])
        for empty in (self.run_page.empty, self.explore.empty):
            empty.add_action(a["project.example"])
            empty.add_action(a["project.open"])
            empty.add_button("Design crystals", a["view.design"].trigger, primary=True)

    def _fill_project_menu(self) -> None:
        self.projects.fill_recent(self._project_menu)
        self._project_menu.addSeparator()
        self._project_menu.addActions([self.actions_[k] for k in ("project.new", "project.open", "project.example")])

    def _join(self) -> None:
        show = self.show_page
        deeds = RequestDeeds(self, self.design.model, self.status.tell, self.fault)
        self.actions_.join(
            {
                "project.new": self.projects.new,
                "project.open": self.projects.ask_open,
                "project.example": self.projects.open_example,
                "project.copy": self.projects.save_copy,
                "project.import": self.projects.ask_import,
                "project.export": self.export,
                "project.close": self.session.close,
                "app.quit": self.close,
                "edit.undo": self.design.model.undo_stack.undo,
                "edit.redo": self.design.model.undo_stack.redo,
                "edit.copy": self._copy_rows,
                "design.generate": self.campaigns.generate,
                "design.load": deeds.load,
                "design.save": deeds.save,
                "design.copy_json": deeds.copy_json,
                "design.copy_command": lambda: deeds.copy_command(self.session.path),
                "design.reset": deeds.reset,
                "design.chemistry": partial(self.structures.show, "chemistry"),
                "design.sites": partial(self.structures.show, "sites"),
                "design.targets": partial(self.structures.show, "targets"),
                "design.complete_file": self.structures.complete_file,
                "explore.complete": self.structures.complete,
                "explore.template": self.structures.use_template,
                "explore.judge": self.campaigns.judge,
                "explore.evaluate": self.evaluate,
                "run.pause": self.campaign.pause,
                "run.resume": self.campaign.carry_on,
                "run.stop": self.campaigns.stop,
                "run.continue": self.campaigns.carry_on,
                "explore.filter": self._focus_filter,
                "explore.clear_filter": partial(self._show_filter, ""),
                "explore.select_all": self.explore.table.selectAll,
                "explore.columns": self._choose_columns,
                "view.design": partial(show, "design"),
                "view.run": partial(show, "run"),
                "view.explore": partial(show, "explore"),
                "help.palette": self._show_palette,
                "help.shortcuts": lambda: dialogs.shortcuts(self, self.actions_),
                "help.messages": self.show_messages,
                "help.about": lambda: dialogs.about(self),
            }
        )
        for key in ("structure", "inspector", "scatter", "browser"):
            action, dock = self.actions_[f"view.{key}"], self.explore.docks[key]
            action.triggered.connect(partial(self._show_dock, key))
            dock.visibilityChanged.connect(lambda _, d=dock, act=action: act.setChecked(not d.isHidden()))
            action.setChecked(not dock.isHidden())
        for scheme in theme.SCHEMES:
            self.actions_[f"view.theme_{scheme}"].triggered.connect(lambda _=False, s=scheme: self.set_theme(s))
        self.set_theme(theme.manager().scheme)
        self.design.generate.connect(self.campaigns.generate)
        self.design.validity.connect(self._request_changed)
        self.design.model.undo_stack.indexChanged.connect(self._request_changed)
        self.run_page.show_candidate.connect(self._show_candidate)
        self.run_page.show_filter.connect(self._show_filter)
        self.explore.selection_changed.connect(self._selection_changed)
        self.explore.faulted.connect(self.fault)
        self.campaign.changed.connect(self._campaign_changed)
        notices.centre().added.connect(self._noticed)
        notices.centre().changed.connect(self._count_unread)
        self.session.opened.connect(self._opened)
        self.session.closed.connect(self._closed)
        self.session.changed.connect(self._changed)
        self.session.failed.connect(self.fault)

    def set_theme(self, scheme: str) -> None:
        """Switch to the system's, the light or the dark theme."""
        if scheme != theme.manager().scheme:
            theme.manager().set_scheme(scheme)
            self.state.set("theme", scheme)
        for name in theme.SCHEMES:
            self.actions_[f"view.theme_{name}"].setChecked(name == scheme)

    def _show_dock(self, key: str, *_: object) -> None:
        """Show or hide a dock; one that is asked for is brought to the front, wherever the user is."""
        dock, on = self.explore.docks[key], self.actions_[f"view.{key}"].isChecked()
        dock.setVisible(on)
        if on:
            self.show_page("explore")
            dock.raise_()

    def _copy_rows(self) -> None:
        self.status.tell(f"Copied {plural(self.explore.table.copy(), 'row')} to the clipboard")

    def _show_palette(self) -> None:
        if self.palette_dialog is None:
            self.palette_dialog = CommandPalette(self.actions_, self)
        self.palette_dialog.present()

    # --- window events ------------------------------------------------------

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
        self._save()
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

    def _restore(self) -> None:
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

    def _save(self) -> None:
        self.state.set("window/geometry", self.saveGeometry())
        self.state.set("window/page", self.page)
        self.design.save_state(self.state)
        self.state.set("run/splitter", self.run_page.splitter.saveState())
        self.explore.save_state(self.state)
        self.state.sync()
