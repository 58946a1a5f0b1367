"""A request as TOML, JSON and as the command line that runs the same."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path

from crystal_studio.design.request import SAMPLERS, DesignRequest
from crystal_studio.errors import FileError, RequestError

_END = "END_OF_REQUEST"


def to_toml(request: DesignRequest) -> str:
    """TOML text that ``from_toml`` and ``crystal-studio generate --request`` read."""
    import tomli_w

    return tomli_w.dumps(request.to_dict())


def from_toml(text: str) -> DesignRequest:
    """The request of a TOML text; raises ``RequestError``."""
    try:
        return DesignRequest.from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RequestError(f"This is not a request in TOML: {error}.") from error


def read(path: Path) -> DesignRequest:
    """The request in a file; raises ``FileError`` or ``RequestError``."""
    try:
        return from_toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read as a request: {error}.") from error


def write(request: DesignRequest, path: Path) -> None:
    """Write a request to a file; raises ``FileError``."""
    try:
        path.write_text(to_toml(request), encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}. Choose another folder.") from error


def to_json(request: DesignRequest) -> str:
    """Indented JSON."""
    return json.dumps(request.to_dict(), indent=2)


def to_command(request: DesignRequest, project: Path | str) -> str:
    """The ``crystal-studio generate`` line that runs this request.

    Orbits that are kept stand in no option, so such a request is handed over whole, as a here-document of the shell.
    """
    if request.keep is not None:
        line = shlex.join(["crystal-studio", "generate", str(project), "--request", "-"])
        return f"{line} <<'{_END}'\n{to_toml(request)}{_END}\n"
    system = request.chemical_system
    words = ["crystal-studio", "generate", str(project)]
    if request.composition:
        words += ["--composition", request.composition]
    elif system.mode != "any":
        words += ["--chemsys", "-".join(system.elements), "--mode", system.mode]
    for option, symbols in (("--require", system.required), ("--exclude", system.excluded)):
        if symbols:
            words += [option, "-".join(symbols)]
    for number in request.space_groups:
        words += ["--space-group", str(number)]
    for target in request.targets:
        words += ["--target", f"{target.name}={target.low:.12g}:{target.high:.12g}"]
    if request.targets:
        words += ["--guidance", f"{request.guidance:.12g}"]
    if request.template:
        words += ["--template", ",".join(request.template)]
    words += ["--count", str(request.count), "--seed", str(request.seed)]
    for option, value in (
        ("--max-orbits", request.max_orbits),
        ("--max-atoms", request.max_atoms),
        ("--model", request.model),
        ("--steps", request.steps),
    ):
        if value:
            words += [option, str(value)]
    if request.sampler != SAMPLERS[0]:
        words += ["--sampler", request.sampler]
    words += ["--device", request.device, "--funnel", request.funnel]
    return shlex.join(words)
