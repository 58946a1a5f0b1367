"""Going from view to view of the main window, and opening its dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from crystal_studio.app import notices, theme
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.settings import WindowState
from crystal_studio.app.window_parts import WindowParts

if TYPE_CHECKING:
    from crystal_studio.app.comparison.dialog import ComparisonDialog
    from crystal_studio.app.evaluation.dialog import EvaluationDialog
    from crystal_studio.app.explore.export_dialog import ExportDialog
    from crystal_studio.app.improve.dialog import ImproveDialog
    from crystal_studio.app.notice_list import NoticeList
    from crystal_studio.app.palette.command_palette import CommandPalette
    from crystal_studio.app.references.dialog import ReferenceDialog


class WindowViews(WindowParts):
    """The actions that change what is in sight and nothing else; dialogs are imported and made when asked for."""

    def __init__(self, state: WindowState | None = None, parts: Any = None) -> None:
        super().__init__(state, parts)
        self.palette_dialog: CommandPalette | None = None
        self.comparison: ComparisonDialog | None = None
        self.evaluation: EvaluationDialog | None = None
        self.improvement: ImproveDialog | None = None
        self.references: ReferenceDialog | None = None
        self._messages: NoticeList | None = None

    def export(self) -> ExportDialog | None:
        """Open the export dialog on the selection or on what is listed."""
        from crystal_studio.app.explore.export_dialog import ExportDialog

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
        from crystal_studio.app.evaluation.dialog import EvaluationDialog

        if self.evaluation is None:
            self.evaluation = EvaluationDialog(self.background, self.state, self)
        self.tell_evaluation()
        self.evaluation.show()
        self.evaluation.raise_()
        self.evaluation.activateWindow()
        return self.evaluation

    def show_beside(self) -> None:
        """Open the dialog on the selected candidates, side by side."""
        from crystal_studio.app.comparison.dialog import MOST, ComparisonDialog
        from crystal_studio.app.inspector.facts import CandidateFacts, gather

        reader, ids = self.session.reader, self.explore.selected_ids()
        if reader is None or len(ids) < 2:
            self.status.tell("Select two or more candidates in the table to see them side by side")
            return

        def read(_: object) -> list[CandidateFacts]:
            return [gather(reader.candidate(i), reader) for i in ids[:MOST]]

        def show(candidates: list[CandidateFacts]) -> None:
            if self.comparison is None:
                self.comparison = ComparisonDialog(self)
                self.comparison.chosen.connect(self.show_candidate)
            self.comparison.show_candidates(candidates)
            self.comparison.show()
            self.comparison.raise_()
            if len(ids) > MOST:
                self.status.tell(f"Side by side: the first {MOST} of the {len(ids)} candidates selected")

        self.background.run(read, show, self.fault, key="side by side")

    def improve(self) -> ImproveDialog:
        """Open the dialog in which a model gets better at the request at hand."""
        from crystal_studio.app.improve.dialog import ImproveDialog

        if self.improvement is None:
            self.improvement = ImproveDialog(self)
        self.improvement.set_project(self.session.path, self.design.model.request, self.design.model.catalogue)
        self.improvement.show()
        self.improvement.raise_()
        self.improvement.activateWindow()
        return self.improvement

    def show_references(self) -> ReferenceDialog:
        """Open the dialog on the user's reference sets."""
        from crystal_studio.app.references.dialog import ReferenceDialog

        if self.references is None:
            self.references = ReferenceDialog(self.background, self)
        else:
            self.references.refresh()
        self.references.show()
        self.references.raise_()
        self.references.activateWindow()
        return self.references

    def tell_evaluation(self) -> None:
        """Tell the dialog that judges which project is open."""
        reader = self.session.reader
        if self.evaluation is not None:
            found = (reader.campaigns(), reader.count()) if reader is not None else ((), 0)
            self.evaluation.set_project(self.session.path, *found)

    def show_candidate(self, candidate_id: int) -> None:
        """Look at one candidate."""
        self.show_page("explore")
        self.explore.show_candidate(candidate_id)

    def show_filter(self, where: str) -> None:
        """List the candidates that pass a filter."""
        self.show_page("explore")
        self.explore.filter.set_text(where)

    def focus_filter(self) -> None:
        """Go to the filter, ready to type."""
        self.show_page("explore")
        self.explore.filter.field.setFocus()
        self.explore.filter.field.selectAll()

    def compare(self) -> None:
        """Show where the quantities are written that candidates are compared in, ready to type."""
        self.show_page("explore")
        self.explore.filter.compare.setChecked(True)
        self.explore.pareto.field.setFocus()
        self.explore.pareto.field.selectAll()

    def choose_columns(self) -> None:
        """Open the list of columns at the table."""
        self.show_page("explore")
        table = self.explore.table
        table.choose_columns(table.mapToGlobal(table.rect().topLeft()))

    def show_messages(self) -> None:
        """Open the list of everything that was said since the start."""
        from crystal_studio.app.notice_list import NoticeList

        if self._messages is None:
            self._messages = NoticeList(notices.centre(), self)
        self._messages.show()
        self._messages.raise_()
        notices.centre().read()

    def hear(self, notice: notices.Notice) -> None:
        """Show a warning or an error in the bar below the head."""
        if notice.level != "info" and not notice.shown:
            self.notice_bar.tell(notice, ("Messages…", self.show_messages))

    def count_unread(self) -> None:
        """How many messages nobody has looked at."""
        self.status.show_unread(notices.centre().unread)

    def set_theme(self, scheme: str) -> None:
        """Switch to the system's, the light or the dark theme."""
        if scheme != theme.manager().scheme:
            theme.manager().set_scheme(scheme)
            self.state.set("theme", scheme)
        for name in theme.SCHEMES:
            self.actions_[f"view.theme_{name}"].setChecked(name == scheme)

    def show_dock(self, key: str, *_: object) -> None:
        """Show or hide a dock; one that is asked for is brought to the front, wherever the user is."""
        dock, on = self.explore.docks[key], self.actions_[f"view.{key}"].isChecked()
        dock.setVisible(on)
        if on:
            self.show_page("explore")
            dock.raise_()

    def copy_rows(self) -> None:
        """Put the selected rows on the clipboard."""
        self.status.tell(f"Copied {plural(self.explore.table.copy(), 'row')} to the clipboard")

    def show_palette(self) -> None:
        """Open the command palette."""
        from crystal_studio.app.palette.command_palette import CommandPalette

        if self.palette_dialog is None:
            self.palette_dialog = CommandPalette(self.actions_, self)
        self.palette_dialog.present()
