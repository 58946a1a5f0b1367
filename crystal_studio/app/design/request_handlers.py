"""What the menus do with the whole request: load, save, copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from crystal_studio.app.design.form import Form
from crystal_studio.app.design.form_model import FormModel
from crystal_studio.design import request_text
from crystal_studio.errors import FileError, KnownError
from crystal_studio.generators.command_text import to_command

TOML = "Requests (*.toml)"
REQUESTS = "Requests (*.toml *.json)"
SUFFIXES = (".toml", ".json")


class RequestHandlers:
    """``tell`` shows a message in the window, ``fault`` an error."""

    def __init__(
        self, parent: QWidget, model: FormModel, tell: Callable[[str], None], fault: Callable[[BaseException], None]
    ) -> None:
        self._parent, self._model, self._tell, self._fault = parent, model, tell, fault

    def load(self) -> None:
        """Ask for a file, TOML or JSON, and show its request."""
        chosen, _ = QFileDialog.getOpenFileName(self._parent, "Load request", "", REQUESTS)
        if chosen:
            self.read(Path(chosen))

    def read(self, path: Path) -> None:
        """Show the request of a file; where it holds none, say so and leave the page as it is."""
        try:
            self._model.set_request(request_text.read(path))
        except KnownError as error:
            # No field of the page is wrong, so none is named.
            why = str(error).replace(f"{path} ", "It ", 1)
            self._fault(FileError(f"{path.name} was not loaded; the page is as it was. {why}"))
        else:
            self._tell(f"Loaded {path.name}")

    def paste(self) -> None:
        """Show the request on the clipboard; where it holds none, say so and leave the page as it is."""
        try:
            self._model.set_request(request_text.from_text(QApplication.clipboard().text(), "The clipboard's text"))
        except KnownError as error:
            self._fault(FileError(f"Nothing was pasted; the page is as it was. {error}"))
        else:
            self._tell("Pasted the request of the clipboard")

    def save(self) -> None:
        """Ask for a file and write the request to it."""
        request = self._model.request
        chosen, _ = QFileDialog.getSaveFileName(self._parent, "Save request", "request.toml", TOML)
        if chosen and request is not None:
            path = Path(chosen)
            path = path if path.suffix else path.with_suffix(".toml")
            try:
                request_text.write(request, path)
            except KnownError as error:
                self._fault(error)
            else:
                self._tell(f"Saved {path}")

    def copy_json(self) -> None:
        """Put the request on the clipboard as JSON."""
        if self._model.request is not None:
            self._copy(request_text.to_json(self._model.request))

    def copy_command(self, project: Path | None) -> None:
        """Put the command line that runs the request on the clipboard."""
        if self._model.request is not None:
            self._copy(to_command(self._model.request, project or "project.crystals"))

    def reset(self) -> None:
        """Put every field back to its default, undoable."""
        self._model.forget()
        self._model.change(Form(), "start afresh")

    def _copy(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self._tell("Copied the request to the clipboard")
