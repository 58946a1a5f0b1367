"""Design pages on screen for tests, with every space group and a small model."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

from crystal_studio.app.background import Background
from crystal_studio.app.catalogue import Catalogue, GroupInfo
from crystal_studio.app.design.design_page import DesignPage
from crystal_studio.app.design.form import Form
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design import forms
from crystal_studio.generators.protocol import ModelCard, PropertyRange
from crystal_studio.generators.symmcd.family import FAMILY as SYMMCD

CARD = ModelCard(
    name="aiming",
    family="symmcd",
    title="Aiming",
    licence="MIT",
    data={},
    training={},
    parameters=1,
    sha256="",
    elements=tuple(range(1, 95)),
    limits={"default_steps": 50},
    labels=(
        PropertyRange("formation_energy_per_atom", "eV/atom", -4.5, 1.5),
        PropertyRange("band_gap", "eV", 0.0, 9.0),
    ),
)


def with_options(form: Form, **values: object) -> Form:
    """A form with options of SymmCD."""
    for field in forms.form(SYMMCD.options):
        if field.name in values:
            form = form.with_option(SYMMCD, field, values[field.name])
    return form


@cache
def groups() -> tuple[GroupInfo, ...]:
    """The 230 space groups."""
    table = tables()
    return tuple(
        GroupInfo(
            i + 1,
            table.symbol[i],
            table.crystal_system[i],
            table.point_group[i],
            bool(table.centrosymmetric[i]),
            bool(table.polar[i]),
            bool(table.chiral[i]),
            (i * 37) % 500,
        )
        for i in range(230)
    )


def shown_page(
    qtbot,
    width: int = 1500,
    height: int = 850,
    cards: tuple[ModelCard, ...] = (CARD,),
    background: Background | None = None,
) -> DesignPage:
    """A design page on screen."""
    page = DesignPage(background)
    qtbot.addWidget(page)
    page.set_catalogue(Catalogue(groups(), cards))
    page.resize(width, height)
    with qtbot.waitActive(page):
        page.show()
        page.activateWindow()
    return page


def retype(qtbot, field: QWidget, text: str) -> None:
    """Replace what stands in a field, key by key."""
    field.setFocus()
    qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(field, text)


def click(qtbot, widget: QWidget, x: int | None = None) -> None:
    """A click in the middle, or ``x`` pixels from the left (a check box is at its left end)."""
    at = QPoint(x if x is not None else widget.width() // 2, widget.height() // 2)
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at)
