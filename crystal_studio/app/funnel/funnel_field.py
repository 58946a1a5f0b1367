"""The field of a form that says by which funnel candidates are judged: a box of presets, and the editor beside it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from crystal_studio.app.design.choice import HELP_ROLE, Choice
from crystal_studio.app.funnel.editing import about, titled
from crystal_studio.design.funnel import Asked, Funnel, title
from crystal_studio.errors import KnownError
from crystal_studio.funnel import presets
from crystal_studio.funnel.presets import Preset
from crystal_studio.funnel.stages import expand

if TYPE_CHECKING:
    from crystal_studio.app.funnel.funnel_dialog import FunnelDialog

OWN = ""
"""Key of what is no preset."""


class _Box(Choice):
    """Tells before it is opened."""

    opening = Signal()

    def showPopup(self) -> None:
        self.opening.emit()
        super().showPopup()


class FunnelField(QWidget):
    """``chosen`` carries a funnel as a request says it. ``none``: whether no stage at all may be chosen."""

    chosen = Signal(object)

    def __init__(self, none: bool = True, found: Collection[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._none, self._found = none, found
        self._presets: dict[str, Preset] = {}
        self._value: Asked = "quick"
        self.dialog: FunnelDialog | None = None
        self.box = _Box()
        self.box.opening.connect(self.read)  # other dialogs save presets too
        self.box.activated.connect(self._take)
        self.edit = QToolButton()
        self.edit.setText("Funnel…")
        self.edit.setAccessibleName("Edit the funnel")
        self.edit.setToolTip("Order, options, what rejects and what only marks")
        self.edit.clicked.connect(lambda _=False: self.open())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.box, 1)
        row.addWidget(self.edit)
        self.read()

    @property
    def value(self) -> Asked:
        """The funnel that is shown."""
        return self._value

    def read(self) -> None:
        """List the presets as they are now."""
        self._presets = {p.name: p for p in presets.presets() if self._none or p.name != "none"}
        with QSignalBlocker(self.box):
            self.box.clear()
            for name, preset in self._presets.items():
                if preset.funnel is not None:
                    self.box.addItem(titled(preset), name)
                    tip = about(name if not preset.own else preset.funnel)
                    self.box.setItemData(self.box.count() - 1, tip, HELP_ROLE)
        self.show_value(self._value)

    def show_value(self, funnel: Asked) -> None:
        """Show a funnel without telling."""
        self._value = funnel
        preset = self._presets.get(title(funnel))
        same = preset is not None and (funnel == preset.name or funnel == preset.funnel)
        with QSignalBlocker(self.box):
            own = self.box.findData(OWN)
            if own >= 0:
                self.box.removeItem(own)
            if not same:
                count = len(funnel.stages) if isinstance(funnel, Funnel) else 0
                named = title(funnel) if isinstance(funnel, str) or funnel.name else f"Own stages ({count})"
                self.box.addItem(named, OWN)
                self.box.setItemData(self.box.count() - 1, about(funnel), HELP_ROLE)
            self.box.setCurrentIndex(self.box.findData(preset.name if same and preset is not None else OWN))

    def open(self) -> None:
        """Edit the funnel; one that cannot be used is begun afresh from the quick one."""
        from crystal_studio.app.funnel.funnel_dialog import FunnelDialog

        try:
            funnel = expand(self._value)
            funnel = expand("quick") if not funnel.stages else funnel
            dialog = FunnelDialog(funnel, self._found, self.window())
        except KnownError:
            dialog = FunnelDialog(expand("quick"), self._found, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._use)
        dialog.finished.connect(self._closed)
        self.dialog = dialog
        dialog.open()

    def _use(self, funnel: Asked) -> None:
        self.read()
        self.show_value(funnel)
        self.chosen.emit(funnel)

    def _closed(self) -> None:
        self.dialog = None
        self.read()

    def _take(self, at: int) -> None:
        preset = self._presets.get(str(self.box.itemData(at)))
        if preset is not None and preset.funnel is not None:
            self._value = preset.funnel if preset.own else preset.name
            self.show_value(self._value)
            self.chosen.emit(self._value)
