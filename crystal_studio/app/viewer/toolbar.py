"""The bar above the 3D view: style, colours, supercell, bonds, directions, pictures, each with a key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.flow import FlowRow
from crystal_studio.app.viewer.canvas import Canvas
from crystal_studio.app.viewer.options import ViewOptions
from crystal_studio.app.viewer.popup import Popup
from crystal_studio.app.viewer.scene import BOND_SCALE, STYLES, SceneOptions

_STYLE_NAMES = {
    "ball-stick": "Ball and stick",
    "space-filling": "Space-filling",
    "polyhedra": "Polyhedra",
    "wireframe": "Wireframe",
    "framework": "Framework: sticks, metals as polyhedra",
}
_COLOURINGS = (
    ("By element, VESTA colours", "element", "vesta"),
    ("By element, Jmol colours", "element", "jmol"),
    ("By Wyckoff orbit", "orbit", None),
    ("By building block", "block", None),
)
_DIRECTIONS = (("a", "A"), ("b", "B"), ("c", "C"), ("a*", "Shift+A"), ("b*", "Shift+B"), ("c*", "Shift+C"))


class View(Protocol):
    """What the bar works on."""

    model: ViewOptions
    canvas: Canvas

    def set_colouring(self, by: str, scheme: str | None = None) -> None: ...
    def set_supercell(self, a: int, b: int, c: int) -> None: ...
    def next_style(self) -> None: ...
    def look_along(self, name: str) -> None: ...
    def reset(self) -> None: ...
    def copy_picture(self) -> None: ...
    def save_picture_later(self, path: str, width: int, height: int, transparent: bool = False) -> None: ...


class Toolbar(FlowRow):
    """Buttons and menus of a ``StructureView``, on two lines where it is narrow; none is ever hidden.

    Keys act while ``owner``, its widget, has the focus.
    """

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self.popups: dict[str, Popup] = {}
        self._bonds_known = False
        self.setProperty("role", "tools")
        self.setMinimumWidth(300)  # two lines at the most
        self.flow.setSpacing(2)
        self.flow.setContentsMargins(4, 2, 4, 3)
        self.setAccessibleName("Tools of the structure view")

    def sizeHint(self) -> QSize:
        items = (self.flow.itemAt(k) for k in range(self.flow.count()))
        buttons = [item.sizeHint() for item in items if item is not None]
        line = sum(size.width() + self.flow.spacing() for size in buttons)
        high = max((size.height() for size in buttons), default=0)
        return QSize(line, high).grownBy(self.flow.contentsMargins())

    def connect_to(self, view: View) -> None:
        """Make the actions; the view is complete by now."""
        self._view = view
        model = view.model
        self._styles, menu = self._group(
            "Style",
            "How atoms and bonds are drawn",
            [(_STYLE_NAMES[s], str(k + 1), partial(model.set, style=s)) for k, s in enumerate(STYLES)],
        )
        self._hydrogens = self._action("Hydrogen atoms", "H", "Draw hydrogen atoms, or leave them out", lambda: None)
        self._hydrogens.setCheckable(True)
        self._hydrogens.toggled.connect(lambda on: model.set(hydrogens=on))
        menu.addSeparator()
        menu.addAction(self._hydrogens)
        self._colourings, _ = self._group(
            "Colour",
            "What the colours of the atoms mean",
            [(name, "", partial(view.set_colouring, by, scheme)) for name, by, scheme in _COLOURINGS],
        )
        self._add_panel("Cells", "Repeat the unit cell in the picture", self._supercell_panel())
        self._add_panel("Bonds", "How near two atoms must be to be bonded", self._bond_panel())
        for name, key in _DIRECTIONS[:3]:
            button = QToolButton(self)
            button.setDefaultAction(self._action(name, key, f"View along {name}", partial(view.look_along, name)))
            button.setAccessibleName(f"View along {name}")
            self.flow.addWidget(button)
        more = QMenu(self)
        for name, key in _DIRECTIONS[3:]:
            tip = f"View along the reciprocal axis {name}"
            more.addAction(self._action(f"Along {name}", key, tip, partial(view.look_along, name)))
        more.addSeparator()
        more.addAction(self._action("Reset the view", "R", "Standard orientation, framed", view.reset))
        more.addAction(self._action("Frame", "F", "Fit into the view without turning", view.canvas.frame))
        self._perspective = self._action("Perspective", "P", "Perspective or parallel projection", lambda: None)
        self._perspective.setCheckable(True)
        self._perspective.setChecked(True)
        self._perspective.toggled.connect(model.set_perspective)
        model.projected.connect(self._perspective.setChecked)
        more.addAction(self._perspective)
        self._add_menu("View", "Reciprocal directions, reset, projection", more)
        pictures = QMenu(self)
        pictures.addAction(
            self._action("Copy picture", "Ctrl+Alt+C", "Put the view on the clipboard", view.copy_picture)
        )
        pictures.addAction(self._action("Save picture…", "Ctrl+Alt+S", "Write a PNG at print resolution", self._save))
        pictures.addAction(
            self._action(
                "Save picture without background…", "", "Write a PNG with a transparent ground", self._save_clear
            )
        )
        self._add_menu("Picture", "Copy or save what is in view", pictures)
        next_style = self._action("Next style", "S", "Switch to the next style", view.next_style)
        self._owner.addAction(next_style)
        model.changed.connect(lambda _, now: self.show_options(now))
        self.show_options(model.scene)

    def set_enabled(self, shown: bool, bonds: bool, blocks: bool) -> None:
        """Whether there is a structure to look at, whether its bonds are known and the blocks that it is made of."""
        for action in self._owner.actions():
            action.setEnabled(shown)
        by_block = self._colourings.actions()[-1]
        by_block.setEnabled(blocks)
        by_block.setToolTip(by_block.text() if blocks else "What this structure was put together from is not known")
        self._bonds.setEnabled(not bonds)
        self._bonds_known = bonds
        self._tell_bonds(self._view.model.scene)
        self.setEnabled(shown)
        self.setToolTip("" if shown else "Select a candidate first")

    def show_options(self, options: SceneOptions) -> None:
        """Bring the controls in step with what is shown."""
        self._styles.actions()[STYLES.index(options.style)].setChecked(True)
        chosen = [by == options.colour_by and scheme in (None, options.scheme) for _, by, scheme in _COLOURINGS].index(
            True
        )
        self._colourings.actions()[chosen].setChecked(True)
        for box, value in zip(self._cells, options.supercell, strict=True):
            with QSignalBlocker(box):
                box.setValue(value)
        with QSignalBlocker(self._bonds):
            self._bonds.setValue(round(100 * options.bond_scale))
        with QSignalBlocker(self._complete):
            self._complete.setChecked(options.complete_bonds)
        with QSignalBlocker(self._hydrogens):
            self._hydrogens.setChecked(options.hydrogens)
        self._tell_bonds(options)

    def _tell_bonds(self, options: SceneOptions) -> None:
        limit = f"{options.bond_scale:.2f} × sum of covalent radii"
        self._bond_value.setText("Bonds as its maker states them" if self._bonds_known else limit)

    def _action(self, text: str, key: str, tip: str, handler: Callable[[], object]) -> QAction:
        action = QAction(text, self._owner)
        if key:
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            tip = f"{tip}  ({QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)})"
        action.setToolTip(tip)
        action.triggered.connect(lambda checked=False: handler())
        self._owner.addAction(action)
        return action

    def _group(
        self, text: str, tip: str, entries: list[tuple[str, str, Callable[[], object]]]
    ) -> tuple[QActionGroup, QMenu]:
        menu, group = QMenu(self), QActionGroup(self)
        for name, key, handler in entries:
            action = self._action(name, key, name, handler)
            action.setCheckable(True)
            group.addAction(action)
            menu.addAction(action)
        self._add_menu(text, tip, menu)
        return group, menu

    def _add_menu(self, text: str, tip: str, menu: QMenu) -> QToolButton:
        button = self._button(text, tip)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu.setToolTipsVisible(True)
        button.setMenu(menu)
        return button

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setProperty("menu", True)
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(f"{text}: {tip}")
        self.flow.addWidget(button)
        return button

    def _add_panel(self, text: str, tip: str, panel: QWidget) -> None:
        self.popups[text] = Popup(self._button(text, tip), panel)

    def _supercell_panel(self) -> QWidget:
        panel = QWidget()
        grid = QGridLayout(panel)
        self._cells: list[QSpinBox] = []
        for k, axis in enumerate("abc"):
            box = QSpinBox()
            box.setRange(1, 20)
            box.setAccessibleName(f"Cells along {axis}")
            name = QLabel(f"Along <i>{axis}</i>")
            name.setBuddy(box)
            box.valueChanged.connect(partial(self._cells_changed, k))
            grid.addWidget(name, k, 0)
            grid.addWidget(box, k, 1)
            self._cells.append(box)
        note = QLabel("Of the picture only: exports keep the unit cell.")
        note.setWordWrap(True)
        grid.addWidget(note, 3, 0, 1, 2)
        return panel

    def _cells_changed(self, axis: int, number: int) -> None:
        size = list(self._view.model.scene.supercell)
        size[axis] = number
        self._view.set_supercell(*size)

    def _bond_panel(self) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        self._bond_value = QLabel()
        row = QHBoxLayout()
        self._bonds = QSlider(Qt.Orientation.Horizontal)
        self._bonds.setRange(80, 150)
        self._bonds.setValue(round(100 * BOND_SCALE))
        self._bonds.setMinimumWidth(180)
        self._bonds.setAccessibleName("Bond length limit in units of the sum of covalent radii")
        self._bonds.valueChanged.connect(lambda value: self._view.model.set(bond_scale=value / 100))
        back = QToolButton()
        back.setText("Reset")
        back.setToolTip(f"Back to {BOND_SCALE}")
        back.clicked.connect(lambda: self._view.model.set(bond_scale=BOND_SCALE))
        row.addWidget(self._bonds)
        row.addWidget(back)
        self._complete = QCheckBox("Complete bonds across cell faces")
        self._complete.setToolTip("Draw atoms beyond the cell that are bonded to atoms within it")
        self._complete.toggled.connect(lambda on: self._view.model.set(complete_bonds=on))
        column.addWidget(self._bond_value)
        column.addLayout(row)
        column.addWidget(self._complete)
        return panel

    def _save(self, transparent: bool = False) -> None:
        path, _ = QFileDialog.getSaveFileName(self._owner, "Save picture", "structure.png", "PNG picture (*.png)")
        if not path:
            return
        size = self._view.canvas.size()
        scale = max(1.0, 3000 / max(size.width(), size.height(), 1))
        width, height = round(size.width() * scale), round(size.height() * scale)
        self._view.save_picture_later(path, width, height, transparent)

    def _save_clear(self) -> None:
        self._save(transparent=True)
