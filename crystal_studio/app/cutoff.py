"""How far above the hull a crystal may lie and still count as stable: one choice for the whole window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from crystal_studio.app.settings import WindowState
from crystal_studio.app.widgets import label

USUAL, LARGEST = 100, 1000
"""meV/atom."""
KEY = "stable/cutoff"
TIP = "Energy above hull up to which a crystal counts as stable, meV/atom (100 is usual for what may be metastable)"


class Cutoff(QObject):
    """The user's cutoff, remembered between two starts; ``changed`` tells every view that shows what is stable."""

    changed = Signal()

    def __init__(self, state: WindowState | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        kept = state.text(KEY) if state is not None else ""
        self._mev = min(int(kept), LARGEST) if kept.isdigit() else USUAL

    @property
    def mev(self) -> int:
        """meV/atom."""
        return self._mev

    @property
    def value(self) -> float:
        """eV/atom."""
        return self._mev / 1000

    def set(self, mev: int) -> None:
        """Choose another."""
        if mev != self._mev:
            self._mev = mev
            if self._state is not None:
                self._state.set(KEY, str(mev))
            self.changed.emit()


class CutoffField(QWidget):
    """Shows and changes the cutoff; every field of the window shows the same."""

    def __init__(self, cutoff: Cutoff, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label("Stable up to", "small"))
        self.box = QSpinBox()
        self.box.setRange(0, LARGEST)
        self.box.setSingleStep(5)
        self.box.setSuffix(" meV/atom")
        self.box.setKeyboardTracking(False)  # not at every digit that is typed
        self.box.setAccessibleName("Stable up to this energy above hull")
        self.box.setToolTip(TIP)
        self.box.setFixedWidth(self.box.fontMetrics().horizontalAdvance(f"{LARGEST} meV/atom") + 26)
        self.box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row.addWidget(self.box)
        self._cutoff = cutoff
        self._follow()
        cutoff.changed.connect(self._follow)
        self.box.valueChanged.connect(cutoff.set)

    def _follow(self) -> None:
        self.box.setValue(self._cutoff.mev)
