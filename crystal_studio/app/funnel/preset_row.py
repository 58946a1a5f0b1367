"""The funnel that was begun with, and what can be done with those of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QMessageBox,
    QPushButton,
    QToolButton,
    QWidget,
)

from crystal_studio.app.design.choice import HELP_ROLE, Choice
from crystal_studio.app.funnel.editing import Editing, in_words, titled
from crystal_studio.app.funnel.funnel_model import FunnelModel
from crystal_studio.app.widgets import GAP, label
from crystal_studio.design.funnel import Funnel
from crystal_studio.errors import KnownError
from crystal_studio.funnel import presets
from crystal_studio.funnel.presets import Preset

FILES = "Funnels (*.toml)"


class PresetRow(QWidget):
    """``fault`` shows why something could not be done."""

    def __init__(self, model: FunnelModel, fault: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._model, self._fault = model, fault
        self._presets: list[Preset] = []
        self.box = Choice()
        self.box.setAccessibleName("Preset")
        self.box.setMinimumContentsLength(18)
        self.box.activated.connect(self._take)
        self.reset = QPushButton("Reset")
        self.reset.clicked.connect(self.take_back)
        self.save = QPushButton("Save as…")
        self.save.setToolTip("Keep these stages under a name of your own")
        self.save.clicked.connect(lambda _=False: self.save_as())
        self.more = QToolButton()
        self.more.setText("More")
        self.more.setProperty("menu", True)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.more)
        self._rename = self.menu.addAction("Rename…", self.rename)
        self._delete = self.menu.addAction("Delete", self.delete)
        self.menu.addSeparator()
        self.menu.addAction("Import…", self.import_)
        self.menu.addAction("Export…", self.export)
        self.more.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(label("Preset", "muted"))
        row.addWidget(self.box, 1)
        for button in (self.reset, self.save, self.more):
            row.addWidget(button)
        self.read()
        model.changed.connect(self.refresh)

    @property
    def shown(self) -> Preset | None:
        """The preset that the stages were begun with, None where it is gone."""
        return next((p for p in self._presets if p.name == self._model.editing.preset), None)

    @property
    def changed(self) -> bool:
        """Whether the stages are not those of the preset."""
        preset = self.shown
        return preset is None or preset.funnel is None or preset.funnel.stages != self._model.editing.funnel.stages

    def read(self) -> None:
        """List the presets as they are now."""
        self._presets = [p for p in presets.presets() if p.name != "none"]
        with QSignalBlocker(self.box):
            self.box.clear()
            for preset in self._presets:
                self.box.addItem(titled(preset), preset.name)
                at = self.box.count() - 1
                self.box.setItemData(at, preset.problem or in_words(preset.funnel or Funnel()), HELP_ROLE)
                if preset.problem:
                    item = self.box.model().item(at)  # type: ignore[attr-defined]
                    item.setText(f"{preset.name} (cannot be used)")
                    item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
            self.box.insertSeparator(self.box.count())
            self.box.addItem("Own stages", "")
        self.refresh()

    def refresh(self) -> None:
        """Show which one it is, and what can be done with it."""
        preset = self.shown
        own_stages = self.box.count() - 1
        at = self.box.findData(preset.name) if preset is not None else own_stages
        with QSignalBlocker(self.box):
            title = f"{titled(preset)}, changed" if preset is not None and self.changed else "Own stages"
            self.box.setItemText(own_stages, title)
            self.box.setCurrentIndex(own_stages if self.changed else at)
        self.reset.setEnabled(preset is not None and self.changed)
        self.reset.setToolTip(f"Take the stages of {titled(preset)} again" if preset is not None else "")
        self._rename.setEnabled(preset is not None and preset.own)
        self._delete.setEnabled(preset is not None and preset.own)

    def take_back(self) -> None:
        """The stages of the preset again, undoable."""
        if self.shown is not None:
            self._show(self.shown, "reset to the preset")

    def save_as(self) -> None:
        """Ask for a name and keep the stages under it."""
        preset = self.shown
        name, good = QInputDialog.getText(
            self, "Save funnel", "Name", text=preset.name if preset is not None and preset.own else ""
        )
        if good:
            self._keep(self._model.editing.funnel, name)

    def rename(self) -> None:
        """Ask for another name of the user's own preset."""
        was = self._model.editing.preset
        name, good = QInputDialog.getText(self, "Rename funnel", "Name", text=was)
        if good and name.strip() != was:
            self._do(lambda: self._called(presets.rename(was, name).name))

    def delete(self) -> None:
        """Forget the user's own preset; its stages stay on screen."""
        name = self._model.editing.preset
        asked = QMessageBox.question(
            self, "Delete funnel", f"Delete the funnel “{name}”? Projects keep their own copy."
        )
        if asked == QMessageBox.StandardButton.Yes:
            self._do(lambda: presets.delete(name))
            self.read()

    def import_(self) -> None:
        """Ask for a file, keep its funnel under the name that it states, and show it."""
        chosen, _ = QFileDialog.getOpenFileName(self, "Import funnel", "", FILES)
        if chosen:
            self._do(lambda: self._keep_file(Path(chosen)))

    def export(self) -> None:
        """Ask for a file and write the stages to it."""
        chosen, _ = QFileDialog.getSaveFileName(
            self, "Export funnel", f"{self._model.editing.preset or 'funnel'}.toml", FILES
        )
        if chosen:
            path = Path(chosen)
            path = path if path.suffix else path.with_suffix(presets.SUFFIX)
            name = path.stem if self.changed else self._model.editing.preset
            self._do(lambda: presets.export(Funnel(name=name, stages=self._model.editing.funnel.stages), path))

    def _keep_file(self, path: Path) -> None:
        funnel = presets.read(path)
        self._keep(funnel, funnel.name or path.stem)

    def _keep(self, funnel: Funnel, name: str) -> None:
        taken = next((p for p in presets.presets() if p.own and p.name.casefold() == name.strip().casefold()), None)
        if taken is not None:
            asked = QMessageBox.question(self, "Save funnel", f"Replace the funnel “{taken.name}”?")
            if asked != QMessageBox.StandardButton.Yes:
                return

        def keep() -> None:
            kept = presets.save(funnel, name, replace=taken is not None)
            self._model.change(Editing.of(kept, kept.name), f"save as {kept.name}")

        self._do(keep)

    def _called(self, name: str) -> None:
        self._model.change(replace(self._model.editing, preset=name), "rename")

    def _do(self, handler: Callable[[], object]) -> None:
        try:
            handler()
        except KnownError as error:
            self._fault(str(error))
        else:
            self._fault("")
        self.read()

    def _take(self, at: int) -> None:
        preset = next((p for p in self._presets if p.name == self.box.itemData(at)), None)
        if preset is not None:
            self._show(preset, f"take {preset.name}")
        self.refresh()

    def _show(self, preset: Preset, text: str) -> None:
        if preset.funnel is not None:
            self._model.change(Editing.of(preset.funnel, preset.name), text)
