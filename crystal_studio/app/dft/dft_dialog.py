"""Handing candidates in to DFT: by which code, here or as a bundle, with which settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from crystal_studio.app import files
from crystal_studio.app.background import Background
from crystal_studio.app.dft import asking
from crystal_studio.app.dft.dft_form import FOLDER, HERE, WAYS, ZIP, DftForm
from crystal_studio.app.dft.handing_in import Bundle, Looked, look, write_bundle
from crystal_studio.app.faults import sentence
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.settings import WindowState
from crystal_studio.campaign.dft_request import BUNDLE, LOCAL, DftRequest
from crystal_studio.dft.registry import CODES
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader


class DftDialog(DftForm):
    """``asked`` carries the ``DftRequest`` that is to run here; a bundle is written from the dialog itself."""

    asked = Signal(object)

    def __init__(
        self,
        project: Path,
        reader: ProjectReader,
        ids: Sequence[int],
        background: Background,
        state: WindowState,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._project, self._ids = project, [int(i) for i in ids]
        self._background, self._state = background, state
        self._program: dict[str, str | KnownError] = {}
        self._looked: Looked | None = None
        self._way = HERE
        self._own_place = False  # whether the place was typed or chosen by hand
        self._busy = False
        self._written: Path | None = None
        self.code.activated.connect(lambda _: self._take_code(self._way))
        self.way.chosen.connect(self._take_way)
        self.place.textEdited.connect(self._typed)
        self.browse.clicked.connect(self._browse)
        self.fields.changed.connect(self._check)
        self.usual.clicked.connect(lambda: self.fields.show_settings(asking.USUAL.as_json()))
        self.show_folder.clicked.connect(self._open_folder)
        self.close_button.clicked.connect(self.reject)
        self.go.clicked.connect(self.start)
        self.code.setCurrentIndex(max(self.code.findData(state.text("dft/code", "gpaw")), 0))
        self.fields.show_settings(asking.recalled(state.text("dft/settings")))
        self._take_code(state.text("dft/way", HERE))
        background.run(lambda state: look(reader, self._ids, state), self._take_look, self._failed, key="dft look")

    # --- what is chosen -----------------------------------------------------

    @property
    def chosen_code(self) -> str:
        """Name of the code."""
        return str(self.code.currentData())

    def _take_code(self, way: str) -> None:
        """Another code: one that does not run here becomes a bundle."""
        code, here = self.chosen_code, asking.runs_here(self.chosen_code)
        self.way.offer([key for key, *_ in WAYS if here or key != HERE])
        if here and code not in self._program:
            self._background.run(
                lambda _: asking.program(code),
                lambda found: self._take_program(code, found),
                lambda error: self._take_program(
                    code, error if isinstance(error, KnownError) else KnownError(str(error))
                ),
                key="dft program",
                long=True,
            )
        self._take_way(way if here or way != HERE else FOLDER)

    def _take_way(self, way: str) -> None:
        self._way = way if way in (HERE, FOLDER, ZIP) else HERE
        self.way.set(self._way)
        for part in (self._place_row, self._place_title):
            part.setVisible(self._way != HERE)
        self._suggest()
        self._check()

    def _suggest(self) -> None:
        """A place for the bundle, beside the one before; what was typed only gets the ending that is asked for."""
        if self._own_place:
            place = Path(self.place.text().strip().removesuffix(".zip"))
        else:
            parent = Path(self._state.text("dft/folder") or str(self._project.parent))
            place = asking.suggested(parent, f"{self._project.stem}-{self.chosen_code}")
        self.place.setText(f"{place}.zip" if self._way == ZIP else str(place))

    def _typed(self) -> None:
        self._own_place = True
        self._check()

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the bundle", str(Path(self.place.text()).parent))
        if chosen:
            self._state.set("dft/folder", chosen)
            self._own_place = False
            self._suggest()
            self._check()

    def _take_program(self, code: str, found: str | KnownError) -> None:
        self._program[code] = found
        self._check()

    def _take_look(self, looked: Looked) -> None:
        self._looked = looked
        self._check()

    def _check(self) -> None:
        """Bring what is said, and whether one can go on, in step with what is chosen."""
        code, here = self.chosen_code, self._way == HERE
        program = self._program.get(code, "")
        self.needs.setText(self._about(program))
        looked, known = self._looked, plural(len(self._ids), "selected candidate")
        if looked is not None:
            cell = "primitive cell of" if len(self._ids) == 1 else "largest primitive cell"
            known = f"{known}; {cell} {plural(looked.atoms, 'atom')}"
            known += f" ({looked.formula})" if len(self._ids) > 1 else ""
            waiting = looked.waiting
            known += f"; {plural(waiting, 'waits', 'wait')} for DFT already" if waiting else ""
            self.candidates.setText(known)
        self._say(self.warning, asking.large(looked.atoms, here) if looked else "")
        wrong = self.fields.problem
        try:
            self.compares.setText(asking.comparison(code, self.fields.settings()))
        except KnownError as error:
            wrong = wrong or str(error)
        if not here and not self.place.text().strip():
            wrong = wrong or "Name a place for the bundle."
        blocked = here and (isinstance(program, KnownError) or not program)
        if not wrong and here and isinstance(program, KnownError):
            title = CODES.get(code).title
            self._say(
                self.message, f"{title} is not installed on this machine, see above; a bundle can be written.", "error"
            )
        else:
            self._say(self.message, wrong, "error")
        self.go.setText("Compute" if here else "Write the bundle")
        self.go.setEnabled(not wrong and not blocked and not self._busy)
        self.go.setToolTip(str(program) if here and isinstance(program, KnownError) else "")

    def _about(self, program: str | KnownError) -> str:
        code = CODES.get(self.chosen_code)
        if self._way != HERE:
            return f"Needs, where it runs: {code.needs}"
        if not program:
            return f"Looking for {code.title} …"
        if isinstance(program, KnownError):
            return f"It cannot be computed here. {program}"
        return f"{code.title} was found: {program}"

    # --- the computation -----------------------------------------------------------

    def start(self) -> None:
        """Ask for the run, or write the bundle."""
        settings = self.fields.settings()
        for key, value in (
            ("code", self.chosen_code),
            ("way", self._way),
            ("settings", json.dumps(settings.as_json())),
        ):
            self._state.set(f"dft/{key}", value)
        if self._way == HERE:
            self.asked.emit(DftRequest.of(self._ids, code=self.chosen_code, submit=LOCAL, settings=settings))
            self.accept()
            return
        folder = Path(self.place.text().strip().removesuffix(".zip")).expanduser()
        request = DftRequest.of(
            self._ids, code=self.chosen_code, submit=BUNDLE, settings=settings, folder=str(folder.absolute())
        )
        self._state.set("dft/folder", str(folder.absolute().parent))
        self._set_busy(True)
        self._say(self.message, f"Writing the inputs of {plural(len(self._ids), 'candidate')} …", "muted")
        packed = self._way == ZIP
        self._background.run(
            lambda _: write_bundle(self._project, request, packed),
            self._wrote,
            self._failed,
            key="dft bundle",
            long=True,
        )

    def reject(self) -> None:
        """Close, but not in the middle of writing."""
        if not self._busy:
            super().reject()

    def done(self, result: int) -> None:
        """What is looked for is wanted no more."""
        for key in ("dft look", "dft program"):
            self._background.cancel(key)
        super().done(result)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.go.setEnabled(not busy)
        self.close_button.setEnabled(not busy)

    def _wrote(self, found: Bundle) -> None:
        self._set_busy(False)
        self._written, self._own_place = found.place, False
        self._suggest()
        lines = [
            f"Wrote {plural(found.jobs, 'job')} to {found.place}. README.md in it says how to run them; then choose "
            "Collect DFT results. Until then the candidates wait."
        ]
        left_out = [f"Candidate {candidate} was left out: {text}" for candidate, text in found.problems]
        lines += left_out[:5] + ([f"and {len(left_out) - 5} more"] if len(left_out) > 5 else [])
        self._say(self.message, "\n".join(lines), "")
        self.close_button.setText("Close")
        self.go.setEnabled(False)  # it is written: another change asks anew
        self.show_folder.show()

    def _failed(self, error: BaseException) -> None:
        self._set_busy(False)
        self._say(self.message, sentence(error), "error")

    def _open_folder(self) -> None:
        if self._written is not None:
            folder = self._written if self._written.is_dir() else self._written.parent
            files.show_folder(folder)
