"""``StructureView``: one structure in three dimensions, with everything to look at it from all sides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.tokens import DARK, LIGHT
from crystal_studio.app.viewer import overlay
from crystal_studio.app.viewer.canvas import Canvas
from crystal_studio.app.viewer.options import ViewOptions
from crystal_studio.app.viewer.scene import STYLES, SceneOptions, build_scene
from crystal_studio.app.viewer.toolbar import Toolbar
from crystal_studio.app.viewer.writing import Writing
from crystal_studio.candidates.bonds import BondTable
from crystal_studio.errors import FileError
from crystal_studio.mof.makeup import Makeup

MOST_ATOMS = 60_000


class StructureView(QWidget):
    """A crystal to turn, zoom, pick and measure.

    ``atom_chosen`` gives the index of the last chosen atom in the arrays that
    were shown, or None when the choice was cleared.
    """

    atom_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ViewOptions(self)
        self._dark = False
        self._structure: tuple[NDArray, NDArray, NDArray, NDArray | None] | None = None
        self._bonds: BondTable | None = None
        self._makeup: Makeup | None = None
        self._labels = overlay.Labels()
        self._styles = {False: "ball-stick", True: "framework"}  # last used for crystals, for frameworks
        self.canvas = Canvas(self)
        self.canvas.setAccessibleName("3D view of the crystal structure")
        self.toolbar = Toolbar(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(self.canvas, 1)

        self.writing = Writing(self.canvas)

        background = self._background = Background(threads=1)
        self.destroyed.connect(lambda: background.close())  # a picture being written is finished first
        self._rebuild = QTimer(self, singleShot=True, interval=25)  # one scene for many steps of a slider
        self._rebuild.timeout.connect(self._build)
        self.canvas.installEventFilter(self)
        self.canvas.camera_changed.connect(self.writing.follow_camera)
        self.canvas.hovered.connect(self._hovered)
        self.canvas.chosen_changed.connect(self._chosen)
        self.toolbar.connect_to(self)
        self.model.changed.connect(self._options_changed)
        self.model.projected.connect(self.canvas.set_perspective)
        self.clear()
        theme.manager().changed.connect(self._follow_theme)
        self._follow_theme()

    @property
    def options(self) -> SceneOptions:
        """How the structure is shown."""
        return self.model.scene

    # what is shown

    def show_structure(
        self,
        lattice: ArrayLike,
        numbers: ArrayLike,
        positions: ArrayLike,
        orbit: ArrayLike | None = None,
        title: str = "",
        orbit_labels: Sequence[str] = (),
        bonds: BondTable | None = None,
        makeup: Makeup | None = None,
    ) -> None:
        """Show one crystal in the standard view.

        lattice (3, 3) rows a, b, c, Angstrom; numbers (n,) atomic numbers;
        positions (n, 3) fractional; orbit (n,) int, -1 unknown; ``title`` may be
        rich text; ``orbit_labels`` names the orbits, such as ("8a", "16d", "32e");
        ``bonds`` where they are known, else atoms are bonded by their distances; ``makeup``
        where it is made of building blocks, which are shown in a style of their own.
        """
        self._styles[self._makeup is not None] = self.options.style
        self._bonds, self._makeup = bonds, makeup
        self._structure = (
            np.asarray(lattice, np.float64).reshape(3, 3),
            np.asarray(numbers, np.int64).reshape(-1),
            np.asarray(positions, np.float64).reshape(-1, 3),
            None if orbit is None else np.asarray(orbit, np.int64).reshape(-1),
        )
        self._labels = overlay.Labels.of(orbit_labels, makeup)
        with QSignalBlocker(self.model):  # one scene is built for all of it, below
            style = self._styles[makeup is not None]
            self.model.set(highlight=None, supercell=self._possible(self.options.supercell), style=style)
        self.toolbar.show_options(self.options)
        self.writing.title.setText(title)
        self._build(keep_camera=False)

    def clear(self, advice: str = "Select a candidate in the table to see it here.") -> None:
        """Show nothing, and say what to do."""
        self._structure = None
        self._labels = overlay.Labels()
        self.writing.title.setText("")
        self.writing.empty.advice.setText(advice)
        self.canvas.set_scene(None)
        self._write()

    @property
    def shows_structure(self) -> bool:
        """Whether there is a structure on screen."""
        return self._structure is not None

    def set_theme(self, dark: bool) -> None:
        """Light or dark ground; the theme of the application sets it by itself."""
        colours = DARK if dark else LIGHT
        self._dark = dark
        self.model.set(dark=dark)
        self.writing.set_theme(dark)
        self.canvas.set_look(dark, colours.accent)
        self._build()

    def _follow_theme(self) -> None:
        self.set_theme(theme.tokens() is DARK)

    def set_style(self, style: str) -> None:
        """One of ``STYLES``."""
        self.model.set(style=style)

    def next_style(self) -> None:
        """The style after the present one."""
        self.set_style(STYLES[(STYLES.index(self.options.style) + 1) % len(STYLES)])

    def set_supercell(self, a: int, b: int = 1, c: int = 1) -> None:
        """Show a x b x c cells; of the picture only, the structure stays as it is."""
        wanted = self._possible((a, b, c))
        self.model.set(supercell=wanted)
        self.toolbar.show_options(self.options)  # what was asked for may have been too large
        if wanted != (a, b, c):
            self.writing.say(f"{a} × {b} × {c} cells hold more than {MOST_ATOMS:,} atoms: showing {_times(wanted)}.")

    def set_colouring(self, by: str, scheme: str | None = None) -> None:
        """By "element", "orbit" or "block"; element colours of "vesta" or "jmol"."""
        self.model.set(colour_by=by, scheme=scheme or self.options.scheme)

    def set_bond_scale(self, scale: float) -> None:
        """Atoms are bonded below ``scale`` times the sum of their covalent radii."""
        self.model.set(bond_scale=float(scale))

    def set_complete_bonds(self, on: bool) -> None:
        """Draw atoms beyond the cell that are bonded to atoms within it."""
        self.model.set(complete_bonds=on)

    def set_hydrogens(self, on: bool) -> None:
        """Draw hydrogen atoms, or leave them out of the picture."""
        self.model.set(hydrogens=on)

    def highlight_orbit(self, orbit: int | None) -> None:
        """Keep one orbit in colour and fade the others; None for all."""
        self.model.set(highlight=orbit)

    # camera

    def look_along(self, name: str) -> None:
        """View down "a", "b", "c", "a*", "b*" or "c*"."""
        self.canvas.look_along(name)

    def reset(self) -> None:
        """Standard view, framed."""
        self.canvas.reset()

    def set_perspective(self, on: bool) -> None:
        """Perspective, or parallel projection."""
        self.model.set_perspective(on)

    # pictures

    def picture(self, width: int = 0, height: int = 0, transparent: bool = False) -> QImage:
        """The view with legend and axis letters, ``width`` x ``height`` pixels (0: twice what is on screen)."""
        own = self.canvas.size()
        width, height = width or 2 * own.width(), height or 2 * own.height()
        image = self.canvas.render_image(width, height, transparent)
        if self.canvas.scene is not None:
            overlay.annotate(image, self.canvas.camera, self.canvas.scene, self.writing.legend.entries, self._dark)
        return image

    def save_picture(self, path: str | Path, width: int = 0, height: int = 0, transparent: bool = False) -> Path:
        """Write a PNG; raises ``FileError`` where it cannot be written."""
        return _write_png(self.picture(width, height, transparent), path)

    def save_picture_later(self, path: str | Path, width: int, height: int, transparent: bool = False) -> None:
        """The same without waiting for the file: what happened is said in the view."""
        image = self.picture(width, height, transparent)
        self._background.run(
            lambda _: _write_png(image, path),
            lambda written: self.writing.say(f"Picture written to {written}."),
            lambda error: self.writing.say(str(error)),
            long=True,
        )

    def copy_picture(self) -> None:
        """Put the view on the clipboard."""
        QGuiApplication.clipboard().setImage(self.picture())
        self.writing.say("Picture copied to the clipboard.")

    # within

    def _possible(self, wanted: tuple[int, int, int]) -> tuple[int, int, int]:
        """The supercell, made smaller where it would hold too many atoms."""
        if self._structure is None:
            return wanted
        size = list(wanted)
        while np.prod(size) * len(self._structure[1]) > MOST_ATOMS and max(size) > 1:
            size[size.index(max(size))] -= 1
        return size[0], size[1], size[2]

    def _options_changed(self, before: SceneOptions, now: SceneOptions) -> None:
        if now == before.with_(bond_scale=now.bond_scale):
            self._rebuild.start()
            return
        self._build()
        if now.supercell != before.supercell:
            self.canvas.frame()

    def _build(self, keep_camera: bool = True) -> None:
        self._rebuild.stop()
        if self._structure is not None:
            self.canvas.set_scene(build_scene(*self._structure, self.options, self._bonds, self._makeup), keep_camera)
        self._write()

    def _write(self) -> None:
        shown = self.canvas.scene is not None
        self.toolbar.set_enabled(shown, shown and self._bonds is not None, shown and self._makeup is not None)
        self.writing.write(self._labels)
        self._chosen()

    def _hovered(self, row: int | None) -> None:
        scene = self.canvas.scene
        if scene is None or len(self.canvas.chosen) > 1:
            return
        if row is not None:
            self.writing.say(overlay.describe_atom(scene, row, self._labels))
        else:
            self._chosen()

    def _chosen(self) -> None:
        scene, rows = self.canvas.scene, self.canvas.chosen
        if scene is None or not rows:
            self.writing.say("")
        elif len(rows) == 1:
            self.writing.say(overlay.describe_atom(scene, rows[0], self._labels))
        else:
            self.writing.say(overlay.describe_measure(scene, rows))
        self.atom_chosen.emit(int(scene.atom[rows[-1]]) if scene is not None and rows else None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.canvas and event.type() == QEvent.Type.Resize:
            QTimer.singleShot(0, self, self.writing.arrange)
            QTimer.singleShot(0, self, self.writing.follow_camera)
        return super().eventFilter(watched, event)


def _write_png(image: QImage, path: str | Path) -> Path:
    target = Path(path)
    if not target.suffix:
        target = target.with_suffix(".png")
    if not image.save(str(target)):
        message = f"The picture could not be written to {target}: choose another folder or a name ending in .png."
        raise FileError(message)
    return target


def _times(size: tuple[int, int, int]) -> str:
    return " × ".join(str(n) for n in size)
