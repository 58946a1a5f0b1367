"""The checks of ``crystal-studio doctor``, one function each."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crystal_studio.errors import KnownError
from crystal_studio.execution.apart import run_apart
from crystal_studio.execution.protocol import Done, Failed, Task, TimedOut

PATIENCE = 60.0
"""Seconds that a 3D canvas is given to open."""

WAL_FIXED = (3, 51, 3)
"""First SQLite without the bug that two connections in WAL mode can damage a file by (3.7.0 to 3.51.2)."""


@dataclass(frozen=True)
class Check:
    """``state``: ok; warn (something optional is missing); fail (a part of the program cannot work)."""

    name: str
    state: str
    found: str
    remedy: str = ""


def run_all(quick: bool = False) -> list[Check]:
    """Every check; one that breaks is itself reported."""
    checks: list[Callable[[], list[Check]]] = [versions, devices, potentials, dft, porous, database, resources, folders]
    checks.append(lambda: models(read_weights=not quick))
    if not quick:
        checks.append(opengl)
    return [check for function in checks for check in _guarded(function)]


def versions() -> list[Check]:
    """Python, the program and the packages its results depend on."""
    from crystal_studio.campaign.provenance import versions as all_versions

    found = all_versions()
    missing = [name for name, version in found.items() if not version]
    remedy = f"install them into this environment: pip install {' '.join(missing)}" if missing else ""
    text = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    return [Check("versions", "fail" if missing else "ok", text, remedy)]


def devices() -> list[Check]:
    """Where models can run."""
    import torch

    from crystal_studio.campaign.devices import available

    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "no CUDA"
    found = available()
    checks = [Check("torch", "ok", f"{torch.__version__} ({build}, {torch.get_num_threads()} threads)")]
    checks += [Check("device", "ok", device.text) for device in found]
    if _nvidia_card() and not any(d.name.startswith("cuda") for d in found):
        remedy = "install PyTorch's CUDA build into this environment (make setup TORCH=cuda)"
        checks.append(Check("device", "warn", "an NVIDIA card that this torch does not use", remedy))
    return checks


def potentials() -> list[Check]:
    """Interatomic potentials that can relax candidates."""
    from crystal_studio.potentials import registry

    names = registry.available()
    remedy = "" if names else "pip install chgnet; until then use --funnel none"
    return [Check("potentials", "ok" if names else "fail", ", ".join(names) or "none", remedy)]


def dft() -> list[Check]:
    """The DFT code that runs here; the bundles for others need none."""
    from crystal_studio.dft import gpaw

    try:
        python, version = gpaw.found()
    except KnownError as error:
        return [Check("DFT", "warn", "no GPAW; bundles for VASP and Quantum ESPRESSO need none", str(error))]
    return [Check("DFT", "ok", f"GPAW {version} ({python})")]


def porous() -> list[Check]:
    """The programs for porous crystals, each with the stage that needs it, and the builder of hypothetical ones."""
    from crystal_studio.mof import build_hypothetical, gcmc, uff
    from crystal_studio.porosity.registry import PROGRAMS

    programs = [("pores", program.name, program.method) for program in PROGRAMS.all().values()]
    programs.append(("uff_relaxation", "LAMMPS with lammps-interface", uff.method))
    programs.append(("adsorption", "RASPA3", gcmc.method))
    checks = []
    for stage, name, method in programs:
        try:
            checks.append(Check(stage, "ok", method().title))
        except KnownError as error:
            checks.append(Check(stage, "warn", f"no {name}; the stage {stage} needs it", str(error)))
    try:
        python, version = build_hypothetical.program()
        checks.append(Check("hypothetical frameworks", "ok", f"PORMAKE {version} ({python})"))
    except KnownError as error:
        text = "no PORMAKE; only more hypothetical frameworks than those that ship need it"
        checks.append(Check("hypothetical frameworks", "warn", text, str(error)))
    return checks


def database() -> list[Check]:
    """The SQLite library that project files are written with."""
    old = sqlite3.sqlite_version_info < WAL_FIXED
    remedy = "rarely, two programs at work on one project file can damage it: a newer Python or SQLite removes that"
    return [Check("SQLite", "warn" if old else "ok", sqlite3.sqlite_version, remedy if old else "")]


def resources() -> list[Check]:
    """The tables and statistics that are shipped with the program."""
    from crystal_studio import paths
    from crystal_studio.crystal.space_groups import tables
    from crystal_studio.data.hull import ReferenceHull
    from crystal_studio.data.marginals import marginals
    from crystal_studio.data.reference import ReferenceIndex

    again = "reinstall the program: its resources folder is incomplete"
    checks = []
    for name, load in (
        ("space groups", tables),
        ("training distributions", marginals),
        ("known structures", ReferenceIndex.load),
        ("reference hull", ReferenceHull.load),
    ):
        try:
            load()
            checks.append(Check(name, "ok", str(paths.resources())))
        except (KnownError, OSError, ValueError) as error:
            checks.append(Check(name, "fail", str(error), again))
    return checks


def models(read_weights: bool = True) -> list[Check]:
    """Trained models, each with its weights compared to its card."""
    from crystal_studio import paths
    from crystal_studio.generators import registry
    from crystal_studio.properties import registry as predictors

    cards = registry.installed()
    if not cards:
        remedy = f"put a model folder (model.safetensors and card.json) into {paths.models()}"
        return [Check("models", "fail", f"none in {paths.models()}", remedy)]
    checks = []
    loaders: dict[str, Callable[[str], object]] = dict.fromkeys(cards, registry.load)
    loaders |= dict.fromkeys(predictors.installed(), predictors.load)
    for name, load in loaders.items():
        try:
            card = cards.get(name) or registry.read_card(paths.model(name))
            if read_weights:
                load(name)
            checks.append(Check("model", "ok", f"{name}: {card.parameters / 1e6:.1f} M parameters, {card.licence}"))
        except KnownError as error:
            checks.append(Check("model", "fail", name, str(error)))
    return checks


def opengl() -> list[Check]:
    """A 3D canvas, opened in a process of its own because a bad driver can end it."""
    from crystal_studio.cli import display

    remedy = "install a graphics driver with OpenGL 3 (Debian and Ubuntu: apt install libgl1-mesa-dri libegl1)"
    try:
        with display.screen():
            outcome = run_apart(Task(_open_canvas, seconds=PATIENCE))
    except KnownError as error:
        return [Check("OpenGL", "warn", "no display", str(error))]
    match outcome:
        case Done(text):
            return [Check("OpenGL", "ok", text)]
        case Failed(error=text):
            pass
        case TimedOut():
            text = "no answer within a minute"
        case _:
            text = "the graphics driver ended the process"
    return [Check("OpenGL", "fail", text, remedy)]


def _open_canvas() -> str:
    """The child: which OpenGL draws."""
    from vispy import app, gloo

    app.use_app("pyside6")
    canvas = app.Canvas(size=(64, 64), show=True)
    canvas.set_current()
    renderer, version = (gloo.gl.glGetParameter(getattr(gloo.gl, n)) for n in ("GL_RENDERER", "GL_VERSION"))
    canvas.close()
    return f"{renderer}, OpenGL {version}"


def folders() -> list[Check]:
    """Folders that the program writes to."""
    import platformdirs

    checks = []
    for name, folder in (
        ("settings folder", platformdirs.user_config_path("crystal-studio")),
        ("temporary folder", Path(tempfile.gettempdir())),
    ):
        existing = next(p for p in (folder, *folder.parents) if p.exists())
        ok = existing.is_dir() and os.access(existing, os.W_OK)
        checks.append(Check(name, "ok" if ok else "fail", str(folder), "" if ok else f"make {existing} writable"))
    return checks


def _nvidia_card() -> bool:
    return Path("/proc/driver/nvidia/version").exists()


def _guarded(function: Callable[[], list[Check]]) -> list[Check]:
    name = getattr(function, "__name__", "models").replace("<lambda>", "models")
    try:
        return function()
    except KnownError as error:
        return [Check(name, "fail", str(error))]
    except Exception as error:  # a broken installation fails in any way: one check that fails keeps the others
        return [Check(name, "fail", f"{type(error).__name__}: {error}", "reinstall the program (make setup)")]
