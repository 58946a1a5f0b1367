"""What the menus do with project files: new, open, copy, import, recent ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QMenu

from crystal_studio.app import dialogs, files, recent_list
from crystal_studio.app.design import request_handlers
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.session import SUFFIX
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.app.window_parts import WindowParts
    from crystal_studio.campaign.importing import Imported

PROJECT_FILTER = f"Crystal Studio projects (*{SUFFIX})"


class ProjectHandlers:
    """Works on the session of a window and shows what comes of it there."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open a project, show a request, or import structure files into the open project (or into a new one)."""
        projects = [p for p in paths if p.suffix == SUFFIX]
        requests = [p for p in paths if p.suffix.lower() in request_handlers.SUFFIXES]
        if projects:
            self.open(projects[0])
        elif requests:
            self._window.show_page("design")
            self._window.requests.read(requests[0])
        elif paths:
            self.import_files(list(paths))

    def open(self, path: Path) -> None:
        """Open a project unless a campaign is running."""
        if self._window.campaign.running:
            self._window.fault(KnownError("A campaign is running: stop it before another project is opened."))
            return
        self._window.session.open(path)

    def open_example(self, name: str = files.EXAMPLE) -> None:
        """Open the user's copy of a bundled example."""
        self._window.background.run(lambda _: files.example(name), self.open)

    def new(self) -> None:
        """Ask for a place and create a project there."""
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, "New project", str(files.suggested_project(self._window.state)), PROJECT_FILTER
        )
        if chosen:
            self._window.session.create(Path(chosen))

    def import_files(self, paths: list[Path]) -> None:
        """Bring structure files in as candidates."""
        if self._window.session.path is None:
            self._window.session.create(
                files.free_name(files.projects_folder(), "Imported"), lambda: self.import_files(paths)
            )
            return
        project = self._window.session.path
        self._window.status.tell(f"Reading {plural(len(paths), 'file')} …", 60)
        self._window.background.run(
            lambda _: files.import_structures(project, paths), self._imported, self._not_imported, long=True
        )

    def _imported(self, found: Imported) -> None:
        self._window.session.poll()
        self._window.status.tell(f"Imported {plural(len(found.ids), 'structure')}")
        self._window.show_page("explore")
        self._window.explore.filter.set_text(f"campaign_id == {found.campaign_id}")
        if found.problems:
            dialogs.import_problems(self._window, len(found.ids), [f"{where}: {why}" for where, why in found.problems])

    def _not_imported(self, error: BaseException) -> None:
        self._window.status.tell("Nothing was imported")
        self._window.fault(error)

    def ask_open(self) -> None:
        """Ask for a project and open it."""
        chosen, _ = QFileDialog.getOpenFileName(
            self._window, "Open project", str(files.suggested_folder(self._window.state)), PROJECT_FILTER
        )
        if chosen:
            self.open(Path(chosen))

    def ask_import(self) -> None:
        """Ask for structure files and bring them in."""
        chosen, _ = QFileDialog.getOpenFileNames(self._window, "Import structures", "", files.IMPORT_FILTER)
        if chosen:
            self.import_files([Path(c) for c in chosen])

    def save_copy(self) -> None:
        """Ask for a file and write a complete copy of the project to it."""
        source, reader = self._window.session.path, self._window.session.reader
        if source is None or reader is None:
            return
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, "Save a copy", str(source.with_name(f"{source.stem} copy{SUFFIX}")), PROJECT_FILTER
        )
        if chosen:
            to = Path(chosen)
            # The dialog has asked already whether an existing file may be replaced.
            self._window.background.run(
                lambda _: reader.copy_to(to, overwrite=True),
                lambda _: self._window.status.tell(f"Saved a copy as {to}"),
                long=True,
            )

    def list_recent(self, lists: Sequence[recent_list.RecentList]) -> None:
        """Show the projects opened before where no project is open, as soon as they have been looked at."""

        def show(found: list[recent_list.Recent]) -> None:
            for shown in lists if self._window.session.reader is None else ():  # one may have been opened meanwhile
                shown.show_projects(found)

        paths = self._window.state.recent()
        self._window.background.run(lambda _: recent_list.read(paths), show, key="recent projects")

    def fill_recent(self, menu: QMenu) -> None:
        """Put the projects opened before into a menu."""
        menu.clear()
        for path in self._window.state.recent():
            action = menu.addAction(path.stem)
            action.setToolTip(str(path))
            action.setEnabled(not self._window.campaign.running)
            action.triggered.connect(lambda _=False, path=path: self.open(path))
        if menu.isEmpty():
            menu.addAction("No recent projects").setEnabled(False)
