"""The wavelength of the X-rays: one of the usual tubes, or any other."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from crystal_studio.app.analysis.reading import WAVELENGTHS
from crystal_studio.app.widgets import mark

LEAST, MOST = 0.1, 10.0
"""Angstrom: what crystals diffract."""


class WavelengthField(QComboBox):
    """``changed`` follows every wavelength that makes sense; anything else marks the field."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Wavelength")
        self.setToolTip("Wavelength of the X-rays: choose a tube, or type a number in Å (0.1 to 10)")
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for name, wavelength in WAVELENGTHS.items():
            self.addItem(f"{name}  {wavelength:.4f} Å", wavelength)
        self.setMinimumContentsLength(13)
        self.value = next(iter(WAVELENGTHS.values()))
        self.activated.connect(lambda at: self._choose(float(self.itemData(at))))
        edit = self.lineEdit()
        assert edit is not None
        edit.editingFinished.connect(self._typed)

    def _typed(self) -> None:
        at = self.findText(self.currentText())
        if at >= 0:
            self._choose(float(self.itemData(at)))
            return
        text = self.currentText().replace("Å", "").replace(",", ".").strip()
        try:
            wavelength = float(text)
        except ValueError:
            wavelength = 0.0
        if LEAST <= wavelength <= MOST:
            self._choose(wavelength)
        else:
            mark(self, True)

    def _choose(self, wavelength: float) -> None:
        mark(self, False)
        if wavelength != self.value:
            self.value = wavelength
            self.changed.emit()
