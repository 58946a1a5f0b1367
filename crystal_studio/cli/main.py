"""The program's entry points: ``crystal-studio`` in a terminal and its window.

Each command is a small module with ``SUMMARY``, ``EXAMPLE``, ``arguments(parser)``,
``run(args) -> document`` and ``text(document) -> str``: the same document is what
``--json`` prints and what the text for people is made from.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from keyword import iskeyword
from pathlib import Path
from typing import NoReturn, TextIO

import crystal_studio
from crystal_studio.cli import display
from crystal_studio.errors import KnownError, RequestError
from crystal_studio.execution.threads import one_thread

COMMANDS = (
    "new",
    "generate",
    "improve",
    "resume",
    "judge",
    "funnels",
    "list",
    "show",
    "analyse",
    "triage",
    "dft",
    "export",
    "import",
    "models",
    "reference",
    "predict",
    "evaluate",
    "train",
    "picture",
    "screenshot",
    "doctor",
    "worker",
)

INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 1 on a failure of the work, 2 on bad usage."""
    one_thread()
    _collect_seldom()
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] == "--example" or (argv[0] not in COMMANDS and Path(argv[0]).exists()):
        return window(argv)
    args = _parser(argv[0]).parse_args(argv)
    try:
        with _output(clean=args.json) as output:
            document = args.module.run(args)
            _write(output, json.dumps(document, indent=1) if args.json else args.module.text(document))
        return int(document.get("exit_code", 0)) if isinstance(document, dict) else 0
    except KnownError as error:
        return _failed(str(error), args, 2 if isinstance(error, RequestError) else 1)
    except KeyboardInterrupt:
        return _failed("Interrupted.", args, INTERRUPTED)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def window(files: Sequence[str] | None = None) -> int:
    """Open the window: with a project, with files to import, or with the bundled example (``--example``)."""
    one_thread()
    _collect_seldom()
    files = list(sys.argv[1:] if files is None else files)
    paths = [f for f in files if f != "--example"]
    try:
        if not display.present():
            raise KnownError(
                "There is no display to open the window on: set DISPLAY, or use the commands (crystal-studio --help)."
            )
        from crystal_studio.app import application

        return application.run(paths, example="--example" in files)
    except KnownError as error:
        print(f"crystal-studio: {error}", file=sys.stderr)
        return 1


def _collect_seldom() -> None:
    """Imports make hundreds of thousands of objects that stay: looking for garbage among them again and again takes a
    seventh of the start."""
    gc.set_threshold(50_000, 20, 20)


def _parser(wanted: str) -> argparse.ArgumentParser:
    """The command that is wanted with its options, all of them by name where it is none; modules import nothing heavy
    before they are run."""
    parser = _Parser(
        prog="crystal-studio",
        description="Inverse design of crystals. Without a command the window opens: on a project file, on files to "
        "import, or with --example on the bundled example.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {crystal_studio.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for name in (wanted,) if wanted in COMMANDS else COMMANDS:
        module = importlib.import_module(f"crystal_studio.cli.{name}{'_' if iskeyword(name) else ''}")
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_argument("--json", action="store_true", help="print one JSON document on standard output")
        if name == wanted:
            module.arguments(command)
        command.set_defaults(module=module, command=name)
    return parser


@contextmanager
def _output(clean: bool) -> Iterator[TextIO]:
    """Standard output for the document alone: whatever libraries print meanwhile goes to standard error."""
    sys.stdout.flush()
    kept, real = sys.stdout, None
    try:
        real = os.dup(1)
        os.dup2(2, 1)
    except OSError:
        real = None
    output = kept if real is None else os.fdopen(real, "w", encoding="utf-8")
    sys.stdout = sys.stderr
    try:
        yield output
    finally:
        output.flush()
        sys.stdout = kept
        if real is not None:
            os.dup2(real, 1)
            output.close()


def _write(output: TextIO, text: str) -> None:
    if text:
        output.write(text.rstrip("\n") + "\n")
        output.flush()


def _failed(message: str, args: argparse.Namespace, code: int) -> int:
    message = " ".join(message.split())
    print(f"crystal-studio {args.command}: {message}", file=sys.stderr)
    if args.json:
        print(json.dumps({"error": message, "exit_code": code}))
    return code


if __name__ == "__main__":
    sys.exit(main())
