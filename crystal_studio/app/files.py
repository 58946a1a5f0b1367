"""Actions on files that the window does: example, copies, imports, folders shown."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices

from crystal_studio import paths
from crystal_studio.app.session import SUFFIX
from crystal_studio.app.settings import WindowState
from crystal_studio.errors import FileError
from crystal_studio.execution.other_programs import environment_of_others

if TYPE_CHECKING:
    from crystal_studio.campaign.importing import Imported

EXAMPLE, TERNARIES, FRAMEWORKS = "example", "ternaries", "frameworks"
"""Projects that are shipped, as their files are called."""

IMPORT_FILTER = "Structures (*.cif *.vasp *.poscar POSCAR* CONTCAR* *.extxyz *.xyz *.db);;All files (*)"


def projects_folder() -> Path:
    """Where projects go unless the user says otherwise."""
    found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return (Path(found) if found else Path.home()) / "Crystal Studio"


def show_folder(folder: Path) -> None:
    """Open a folder in the system's program for files."""
    with environment_of_others():
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def free_name(folder: Path, name: str) -> Path:
    """A project path in a folder that no file has yet: "Li-Mn-O.crystals", "Li-Mn-O 2.crystals" ..."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"The folder {folder} cannot be made: {error.strerror}. Create a project elsewhere.") from error
    number = 1
    while True:
        path = folder / f"{name}{f' {number}' if number > 1 else ''}{SUFFIX}"
        if not path.exists():
            return path
        number += 1


def suggested_folder(state: WindowState) -> Path:
    """Where dialogs for projects begin: where the last one lies, else the folder of projects or what is there of it."""
    wanted = next((path.parent for path in state.recent()), projects_folder())
    return next((folder for folder in (wanted, *wanted.parents) if folder.is_dir()), Path.home())


def suggested_project(state: WindowState) -> Path:
    """What the dialog for a new project proposes."""
    return suggested_folder(state) / f"Untitled{SUFFIX}"


def bundled_example(name: str = EXAMPLE) -> Path:
    """An example as it is shipped."""
    return paths.resources() / "example" / f"{name}{SUFFIX}"


def has_example(name: str = EXAMPLE) -> bool:
    """Whether an example is installed."""
    return bundled_example(name).exists()


def example(name: str = EXAMPLE) -> Path:
    """The user's own copy of an example, made on first use, so that it can be worked in."""
    own = projects_folder() / f"{name.capitalize()}{SUFFIX}"
    if own.exists():
        return own
    if not has_example(name):
        raise FileError("The bundled example is not installed: create a new project instead (Ctrl+N).")
    try:
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundled_example(name), own)
    except OSError as error:
        raise FileError(f"The example cannot be copied to {own}: {error.strerror}.") from error
    return own


def import_structures(project: Path, files: Sequence[Path]) -> Imported:
    """Bring structure files in as candidates of a campaign of their own."""
    from crystal_studio.campaign.importing import import_files

    return import_files(project, files)
