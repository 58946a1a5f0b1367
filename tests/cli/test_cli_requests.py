"""Options and TOML files become the same request."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
import tomli_w

from crystal_studio.cli import request_arguments
from crystal_studio.design.request import FUNNELS, MODES, ChemicalSystem, DesignRequest
from crystal_studio.errors import FileError, RequestError


def parse(*argv: str) -> DesignRequest:
    parser = argparse.ArgumentParser()
    request_arguments.add(parser)
    return request_arguments.request(parser.parse_args(argv))


def test_words_are_those_of_the_request() -> None:
    assert request_arguments.MODES == MODES and request_arguments.FUNNELS == FUNNELS


def test_options_fill_the_request() -> None:
    words = "--chemsys Li-Mn-O --mode subset --require O --exclude Li --space-group 227 --space-group Fm-3m --count 9"
    more = "--seed 7 --max-atoms 20 --max-orbits 5 --steps 11 --funnel none --device cpu --target band_gap=1:2"
    request = parse(*words.split(), *more.split())
    assert request.chemical_system == ChemicalSystem(("Li", "Mn", "O"), "subset", ("O",), ("Li",))
    assert request.space_groups == (227, 225) and (request.count, request.seed) == (9, 7)
    assert (request.max_atoms, request.max_orbits, request.steps) == (20, 5, 11)
    assert request.targets[0].high == 2 and (request.funnel, request.device) == ("none", "cpu")


def test_defaults_and_short_forms() -> None:
    assert parse() == DesignRequest()
    assert parse("--chemsys", "LiMn2O4").chemical_system == ChemicalSystem(("Li", "Mn", "O"), "exact")
    assert parse("--chemsys", "*-O").chemical_system.mode == "contains"
    assert parse("--composition", "LiMn2O4").chemical_system.elements == ("Li", "Mn", "O")
    assert parse("--exclude", "Pb,Cd", "--exclude", "Hg").chemical_system.excluded == ("Pb", "Cd", "Hg")


def test_a_request_file_is_read_and_options_change_it(tmp_path: Path) -> None:
    request = parse("--chemsys", "Li-O", "--space-group", "225", "--count", "5", "--target", "band_gap=1:2")
    file = tmp_path / "request.toml"
    file.write_text(tomli_w.dumps(request.to_dict()))
    assert parse("--request", str(file)) == request
    changed = parse("--request", str(file), "--count", "6", "--mode", "subset")
    assert changed.count == 6 and changed.chemical_system == ChemicalSystem(("Li", "O"), "subset")
    assert changed.space_groups == (225,)


@pytest.mark.parametrize(
    ("text", "error"), [("count = ", FileError), ("cuont = 3", RequestError), ("count = 'many'", RequestError)]
)
def test_a_bad_request_file_is_named(text: str, error: type[Exception], tmp_path: Path) -> None:
    file = tmp_path / "request.toml"
    file.write_text(text)
    with pytest.raises(error):
        parse("--request", str(file))


def test_a_missing_request_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        parse("--request", str(tmp_path / "none.toml"))
