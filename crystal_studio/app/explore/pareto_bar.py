"""What the listed candidates are compared in: quantities to be low, high or near a range, and how many nobody beats."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QMenu, QToolButton, QWidget

from crystal_studio.app.explore.arrangement import CRYSTALS, Arrangement
from crystal_studio.app.explore.checked_bar import CheckedBar
from crystal_studio.app.explore.points import axes
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.widgets import label
from crystal_studio.candidates.objectives import EXAMPLE, HIGH, LOW, Objective, Ranking
from crystal_studio.errors import KnownError

TIP = (
    "One to four quantities in which the listed candidates are compared, each with what is wished of it:\n"
    "e_hull:low, density:high, or near a range in the unit of the quantity, like band_gap=1:2.\n"
    "Rank 1 is the Pareto front: no other candidate is at least as good in all of them and better in one.\n"
    "Undo with Ctrl+Z."
)


class ParetoBar(CheckedBar):
    """``changed`` carries the objectives (none: empty or hidden), and whether only the front is listed.

    A front is that of the candidates that the filter lists.
    """

    changed = Signal(object, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("scatter", "Quantities to compare candidates in", parent)
        self._arrangement = CRYSTALS
        self._told: tuple[tuple[Objective, ...], bool] = ((), False)
        self.field.setPlaceholderText(f"Compare in, for example  {EXAMPLE}")
        self.field.setToolTip(TIP)
        self.add = QToolButton()
        self.add.setText("Add")
        self.add.setProperty("menu", True)
        self.add.setToolTip("Choose a quantity and what is wished of it")
        self.add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self.add)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self._fill)
        self.add.setMenu(self._menu)
        self.row.addWidget(self.add)
        below = QHBoxLayout()
        self.only = QCheckBox("Only the front")
        self.only.setToolTip("List only candidates of rank 1, which no other beats")
        below.addWidget(self.only)
        below.addStretch(1)
        self.note = label("", "muted")
        below.addWidget(self.note)
        self.column.insertLayout(1, below)
        self.only.toggled.connect(lambda _: self.apply())
        self.show_ranking(Ranking())
        self.hide()

    def arrange(self, arrangement: Arrangement, opened: bool = False) -> None:
        """Offer the quantities that a project has values of; one that was just ``opened`` begins without objectives."""
        self._arrangement = arrangement
        if opened:
            self.field.clear()
            self.only.setChecked(False)
            self.apply()

    def open(self, shown: bool) -> None:
        """Show the bar and go to its field, or hide it; what is written in it comes back with it."""
        self.setVisible(shown)
        self.apply()
        if shown:
            self.field.setFocus()

    def apply(self) -> None:
        """Check what is typed and tell of it if it is valid and new."""
        self._timer.stop()
        text = self.field.text().strip() if not self.isHidden() else ""
        try:
            wished = _objectives(text)
        except KnownError as error:
            self.complain(str(error))
            return
        self.complain("")
        self.only.setEnabled(bool(wished))
        told = (wished, bool(wished) and self.only.isChecked())
        if told != self._told:
            self._told = told
            self.changed.emit(*told)

    def show_ranking(self, ranking: Ranking) -> None:
        """Say how many are on the front, of how many that have all values."""
        front, compared = len(ranking.front), ranking.compared
        if not ranking.objectives:
            self.note.setText("")
        elif not compared:
            self.note.setText("None has every value")
        else:
            self.note.setText(f"{count(front)} of {count(compared)} on the front")
        self.note.setToolTip(_explained(ranking))

    def _fill(self) -> None:
        """A menu of the quantities that the project has values of, each with its wishes."""
        self._menu.clear()
        for name, title in axes().items():
            if self._arrangement.lacks(name) or name.endswith("space_group"):  # of a group no number is better
                continue
            wishes = self._menu.addMenu(title)
            for text, written in (("Low", f":{LOW}"), ("High", f":{HIGH}"), ("Near a range…", "=0:1")):
                action = QAction(text, wishes)
                action.triggered.connect(partial(self._write, name, written))
                wishes.addAction(action)

    def _write(self, name: str, written: str, _on: bool = False) -> None:
        """Put an objective behind the others, of a quantity that is there already in its place; a range is selected,
        to be typed over."""
        parts = self.field.text().split()
        kept = [part for part in parts if part.partition("=")[0].partition(":")[0] != name]
        self.field.selectAll()
        self.field.insert(" ".join([*kept, name + written]))  # unlike setText it can be undone
        self.field.setFocus()
        if written.startswith("="):
            self._timer.stop()
            self.field.setSelection(len(self.field.text()) - len(written) + 1, len(written) - 1)


def _objectives(text: str) -> tuple[Objective, ...]:
    """Those that are written; raises ``RequestError``."""
    if not text:
        return ()
    from crystal_studio.project.pareto import objectives

    return objectives(text)


def _explained(ranking: Ranking) -> str:
    if not ranking.objectives:
        return ""
    wished = "\n".join(f"{objective}: {objective.in_words}" for objective in ranking.objectives)
    none = len(ranking.ids) - ranking.compared
    lacking = f"\n{plural(none, 'listed candidate')} without every value: not compared" if none else ""
    return f"{wished}{lacking}"
