"""What is asked for, on three cards one at a time: elements, sites, properties; each tab says what it holds."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.design.chemistry_panel import ChemistryPanel
from crystal_studio.app.design.form import Form
from crystal_studio.app.design.sites_panel import SitesPanel
from crystal_studio.app.design.targets_panel import TargetsPanel
from crystal_studio.app.icons import icon
from crystal_studio.app.typeset import formula_text

TABS = (
    ("chemistry", "Elements", "Which elements, in which system or formula"),
    ("sites", "Sites", "Wyckoff template, known cell, or orbits and lattice of a structure to keep"),
    ("targets", "Properties", "Ranges of properties to aim at"),
)
TITLES = {key: title for key, title, _ in TABS}
FIELDS = {
    "chemsys": "chemistry",
    "mode": "chemistry",
    "composition": "chemistry",
    "template": "sites",
    "keep": "sites",
    "target": "targets",
    "targets": "targets",
}


class WhatTabs(QWidget):
    """The three cards under their tabs."""

    def __init__(
        self, chemistry: ChemistryPanel, sites: SitesPanel, targets: TargetsPanel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._sites = sites
        self._panels = {"chemistry": chemistry, "sites": sites, "targets": targets}
        self._bad = ""
        self.bar = QTabBar()
        self.bar.setDrawBase(False)
        self.bar.setExpanding(False)
        self.bar.setIconSize(QSize(13, 13))
        self.bar.setAccessibleName("What is asked for")
        self._stack = QStackedWidget()
        for index, (key, title, tip) in enumerate(TABS):
            self.bar.addTab(title)
            self.bar.setTabToolTip(index, tip)
            self._stack.addWidget(self._panels[key])
        self.bar.currentChanged.connect(self._stack.setCurrentIndex)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.bar)
        column.addWidget(self._stack, 1)
        theme.manager().changed.connect(self._mark)

    @property
    def current(self) -> str:
        """The tab shown."""
        return TABS[self.bar.currentIndex()][0]

    def show_tab(self, key: str) -> None:
        """Go to one of ``TABS``, if it is offered."""
        index = [k for k, _, _ in TABS].index(key)
        if self.bar.isTabVisible(index):
            self.bar.setCurrentIndex(index)

    def offer(self, keys: Collection[str]) -> None:
        """Show these tabs and no others."""
        for index, (key, _, _) in enumerate(TABS):
            self.bar.setTabVisible(index, key in keys)

    def show_form(self, form: Form, bad: str) -> None:
        """Say on the tabs what they hold; ``bad`` is the tab with something to correct, or empty."""
        marks = {
            "chemistry": formula_text(form.composition) or form.system_text,
            "sites": _sites_mark(form) or next(iter(self._sites.options.changed_titles), "").lower(),
            "targets": f"{len(form.targets)}" if form.targets else "",
        }
        for index, (key, title, _) in enumerate(TABS):
            mark = marks[key] if len(marks[key]) <= 16 else f"{marks[key][:15]}…"
            self.bar.setTabText(index, f"{title}: {mark}" if mark else title)
        self._bad = bad
        self._mark()

    def _mark(self) -> None:
        for index, (key, title, tip) in enumerate(TABS):
            wrong = key == self._bad
            self.bar.setTabIcon(index, icon("warning", theme.tokens().danger) if wrong else QIcon())
            self.bar.setTabToolTip(index, f"{tip}\nSomething here has to be corrected" if wrong else tip)
            self.bar.setAccessibleTabName(index, f"{title}, to be corrected" if wrong else title)


def _sites_mark(form: Form) -> str:
    if form.sites == "template" and form.template:
        return "template"
    if form.sites == "keep" and form.seed_structure is not None:
        return "keep"
    return ""
