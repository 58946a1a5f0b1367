"""Pictures of structures without a window.

The drawing is done in a child process, so that it never touches the OpenGL of a
running window and a driver that crashes takes nothing with it. On Linux it uses
EGL without any display; where that fails, the display at hand, then a virtual one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crystal_studio.app.viewer.colours import COLOURINGS
from crystal_studio.app.viewer.scene import STYLES, SceneOptions
from crystal_studio.candidates.bonds import BondTable
from crystal_studio.errors import FileError, KnownError, RequestError
from crystal_studio.execution.apart import run_apart
from crystal_studio.execution.other_programs import environment
from crystal_studio.execution.protocol import Cancelled, Died, Done, Failed, Task, TimedOut
from crystal_studio.mof.makeup import Makeup

_TIMEOUT = 120.0  # seconds for one picture; software OpenGL on a busy machine is slow
_LARGEST = 8192


@dataclass(frozen=True)
class _Job:
    lattice: NDArray[np.float64]
    numbers: NDArray[np.int64]
    positions: NDArray[np.float64]
    orbit: NDArray[np.int64] | None
    options: SceneOptions
    size: tuple[int, int]
    transparent: bool
    to: str
    bonds: BondTable | None
    makeup: Makeup | None


def render(
    lattice: ArrayLike,
    numbers: ArrayLike,
    positions: ArrayLike,
    to: str | Path,
    style: str = "ball-stick",
    size: tuple[int, int] = (1200, 1000),
    dark: bool = False,
    orbit: ArrayLike | None = None,
    *,
    colour_by: str = "element",
    supercell: tuple[int, int, int] = (1, 1, 1),
    transparent: bool = False,
    hydrogens: bool = True,
    bonds: BondTable | None = None,
    makeup: Makeup | None = None,
) -> Path:
    """Write a PNG of one crystal in the standard view and give its path.

    lattice (3, 3) rows a, b, c, Angstrom; numbers (n,); positions (n, 3) fractional;
    ``size`` width and height in pixels; ``bonds`` where they are known, else found by
    distances; ``makeup`` where its building blocks are. Raises ``RequestError`` for an unknown style,
    colouring or size, ``FileError`` where the file cannot be written, ``KnownError`` where no
    OpenGL is to be had.
    """
    if style not in STYLES:
        raise RequestError(f"There is no style {style!r}: choose one of {', '.join(STYLES)}.", "style")
    if colour_by not in COLOURINGS:
        raise RequestError(f"Nothing is coloured by {colour_by!r}: choose one of {', '.join(COLOURINGS)}.", "colour_by")
    if not all(16 <= side <= _LARGEST for side in size):
        raise RequestError(f"A picture is 16 to {_LARGEST} pixels wide and high, not {size[0]} x {size[1]}.", "size")
    target = Path(to)
    if not target.suffix:
        target = target.with_suffix(".png")
    if not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        raise FileError(
            f"{target.parent} is not a folder that can be written to: choose another place for the picture."
        )
    job = _Job(
        np.asarray(lattice, np.float64).reshape(3, 3),
        np.asarray(numbers, np.int64).reshape(-1),
        np.asarray(positions, np.float64).reshape(-1, 3),
        None if orbit is None else np.asarray(orbit, np.int64).reshape(-1),
        SceneOptions(style=style, dark=dark, colour_by=colour_by, supercell=supercell, hydrogens=hydrogens),
        size,
        transparent,
        str(target),
        bonds,
        makeup,
    )
    failures = []
    for way in _ways():
        failure = _in_child(job, way)
        if failure is None:
            return target
        failures.append(f"{way}: {failure}")
    raise KnownError(
        "No OpenGL was found to draw the picture with: on Debian or Ubuntu install libegl1, libgl1-mesa-dri and xvfb. "
        f"({'; '.join(failures)})"
    )


def _ways() -> Iterator[str]:
    """How a picture can be drawn on this machine, the best first."""
    linux = sys.platform.startswith("linux")
    if linux:
        yield "egl"
    if not linux or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        yield "display"
    if linux and shutil.which("Xvfb"):
        yield "virtual display"


def _in_child(job: _Job, way: str) -> str | None:
    """Draw in a child process; None, or why it failed."""
    with _virtual_display() if way == "virtual display" else _as_it_is():
        match run_apart(Task(_draw, (job, way), _TIMEOUT)):
            case Done():
                return None
            case Failed(error=error):
                return error
            case TimedOut(seconds):
                return f"no answer within {seconds:.0f} s"
            case Died(how):
                return f"the drawing process ended early ({how})"
            case Cancelled():
                return "cancelled"


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


@contextmanager
def _virtual_display() -> Iterator[None]:
    """An Xvfb of our own for the child that is started meanwhile."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    nothing = subprocess.DEVNULL
    server = subprocess.Popen(command, pass_fds=(write,), env=environment(), stdout=nothing, stderr=nothing)
    os.close(write)
    before = os.environ.get("DISPLAY")
    try:
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        os.environ["DISPLAY"] = f":{number}"
        yield
    finally:
        if before is None:
            os.environ.pop("DISPLAY", None)
        else:
            os.environ["DISPLAY"] = before
        server.terminate()
        server.wait()


def _draw(job: _Job, way: str) -> None:
    """The child: draw and write."""
    with _egl() if way == "egl" else _offscreen_surface():
        _write(job)


@contextmanager
def _egl() -> Iterator[None]:
    """A current OpenGL context without any display."""
    os.environ["EGL_PLATFORM"] = "surfaceless"
    os.environ.pop("DISPLAY", None)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"  # for lettering only
    import vispy

    vispy.use("egl")
    from vispy.app import Canvas

    canvas: Any = Canvas(size=(64, 64), show=False)
    canvas.set_current()
    yield


@contextmanager
def _offscreen_surface() -> Iterator[None]:
    """A current OpenGL context of Qt's on the display at hand; no window appears."""
    os.environ.pop("QT_QPA_PLATFORM", None)
    from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext

    application = QGuiApplication.instance() or QGuiApplication(["crystal-studio"])
    surface, context = QOffscreenSurface(), QOpenGLContext()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        raise RuntimeError("Qt found no OpenGL")
    yield
    context.doneCurrent()
    del application


def _write(job: _Job) -> None:
    from PySide6.QtGui import QGuiApplication

    from crystal_studio.app.viewer import overlay
    from crystal_studio.app.viewer.camera import Camera, framed, standard_rotation
    from crystal_studio.app.viewer.renderer import Renderer
    from crystal_studio.app.viewer.scene import build_scene

    scene = build_scene(job.lattice, job.numbers, job.positions, job.orbit, job.options, job.bonds, job.makeup)
    width, height = job.size
    points = np.concatenate([scene.positions, scene.corners])
    radii = np.concatenate([scene.radii, np.zeros(8)])
    application = QGuiApplication.instance() or QGuiApplication(["crystal-studio"])
    entries = overlay.legend_entries(scene, overlay.Labels.of((), job.makeup))
    margins = overlay.free_margins(width, height, 0.0, overlay.annotated(width, height, entries))
    camera = framed(Camera(standard_rotation(job.lattice)), points, radii, width, height, margins)
    renderer = Renderer()
    renderer.set_scene(scene, job.options.dark)
    pixels = renderer.picture(camera, width, height, job.transparent)
    image = overlay.image_of(pixels)
    overlay.annotate(image, camera, scene, entries, job.options.dark)
    if not image.save(job.to):
        raise OSError(f"cannot write {job.to}")
    del application
