"""Options and TOML files become the same request."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest
import tomli_w

from crystal_studio.cli import request_arguments
from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import FileError, RequestError
from crystal_studio.generators.requests import complete
from crystal_studio.generators.symmcd.options import SymmCDOptions


def parse(*argv: str) -> DesignRequest:
    parser = argparse.ArgumentParser()
    request_arguments.add(parser)
    return request_arguments.request(parser.parse_args(argv))


def options(request: DesignRequest) -> SymmCDOptions:
    return SymmCDOptions.of(request)


def test_options_fill_the_request() -> None:
    words = "--chemsys Li-Mn-O --mode subset --require O --exclude Li --space-group 227 --space-group Fm-3m --count 9"
    more = "--seed 7 --max-atoms 20 --max-orbits 5 --steps 11 --funnel none --device cpu --target band_gap=1:2"
    request = parse(*words.split(), *more.split())
    assert request.chemical_system == ChemicalSystem(("Li", "Mn", "O"), "subset", ("O",), ("Li",))
    assert request.space_groups == (227, 225) and (request.count, request.seed) == (9, 7)
    assert request.max_atoms == 20 and (options(request).max_orbits, options(request).steps) == (5, 11)
    assert request.targets[0].high == 2 and (request.funnel, request.device) == ("none", "cpu")


def test_defaults_and_short_forms() -> None:
    assert parse() == complete(DesignRequest())
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


def test_targets_guidance_sampler_and_template() -> None:
    targets = ["--target", "formation_energy_per_atom=-2:-1", "--target", "density=3:4.5", "--guidance", "3"]
    request = parse(*targets, "--space-group", "225", "--template", "4a, 2x32f", "--sampler", "published")
    assert request.targets == (PropertyTarget("formation_energy_per_atom", -2, -1), PropertyTarget("density", 3, 4.5))
    assert options(request).guidance == 3 and options(request).sampler == "published"
    assert options(request).template == ("4a", "32f", "32f") and request.space_groups == (225,)


@pytest.fixture(scope="module")
def spinel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MgAl2O4: Mg on 8a, Al on 16d, O on 32e of Fd-3m, written in its primitive cell without symmetry."""
    from ase.spacegroup import crystal

    path = tmp_path_factory.mktemp("keep") / "spinel.cif"
    basis = [(1 / 8,) * 3, (1 / 2,) * 3, (0.2624,) * 3]
    crystal(
        ["Mg", "Al", "O"], basis, spacegroup=227, setting=2, cellpar=[8.083] * 3 + [90] * 3, primitive_cell=True
    ).write(str(path), format="cif")
    return path


def test_a_structure_is_kept_whole_by_default(spinel: Path) -> None:
    request = parse("--keep", str(spinel), "--add", "2")
    keep = options(request).keep
    assert request.space_groups == (227,) and keep is not None
    assert {(o.element, o.wyckoff) for o in keep.orbits} == {("Mg", "8a"), ("Al", "16d"), ("O", "32e")}
    assert keep.cell == () and keep.added == 2


@pytest.mark.parametrize(
    ("words", "kept", "lattice"),
    [
        (["--keep-orbits", "8a,e"], {"Mg", "O"}, False),
        (["--keep-elements", "Al", "--keep-lattice"], {"Al"}, True),
        (["--keep-orbits", "none", "--keep-lattice"], set(), True),
    ],
)
def test_orbits_are_chosen_by_position_or_element(
    words: list[str], kept: set[str], lattice: bool, spinel: Path
) -> None:
    keep = options(parse("--keep", str(spinel), *words)).keep
    assert keep is not None and {o.element for o in keep.orbits} == kept
    assert keep.cell == pytest.approx((8.083, 8.083, 8.083, 90, 90, 90), abs=1e-3) if lattice else keep.cell == ()


@pytest.mark.parametrize(
    ("argv", "field", "words"),
    [
        (["--target", "colour=1:2"], "targets", "band_gap"),
        (["--target", "band_gap=2:1"], "target", "upside down"),
        (["--guidance", "50"], "guidance", "between"),
        (["--template", "4a"], "template", "one space group"),
        (["--template", "4a", "--space-group", "225", "--space-group", "227"], "template", "one space group"),
        (["--template", "4a,4a", "--space-group", "225"], "template", "one orbit only"),
        (["--template", "4q", "--space-group", "225"], "template", "24d"),
        (["--template", " ,", "--space-group", "225"], "template", "empty"),
        (["--template", "8a", "--keep", "SPINEL"], "template", "not both"),
        (["--keep", "SPINEL", "--space-group", "225"], "keep", "Fd-3m"),
        (["--keep", "SPINEL", "--keep-orbits", "48f"], "keep", "O on 32e"),
        (["--keep", "SPINEL", "--keep-elements", "Fe"], "keep", "Fe"),
        (["--keep", "SPINEL", "--keep-orbits", "none"], "keep", "Nothing is kept"),
        (["--keep", "SPINEL", "--chemsys", "Mg-O"], "keep", "Al"),
        (["--keep", "SPINEL", "--add", "-1"], "keep", "negative"),
        (["--keep-elements", "O"], "keep", "--keep FILE"),
        (["--add", "2"], "keep", "--keep FILE"),
    ],
)
def test_bad_sites_and_targets_name_their_field(argv: list[str], field: str, words: str, spinel: Path) -> None:
    with pytest.raises(RequestError) as caught:
        parse(*(str(spinel) if option == "SPINEL" else option for option in argv))
    assert caught.value.field == field and words in str(caught.value)


def test_a_structure_file_that_holds_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "letter.cif").write_text("Dear reader")
    for name in ("letter.cif", "none.cif"):
        with pytest.raises(FileError, match=name):
            parse("--keep", str(tmp_path / name))


def test_a_request_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch, spinel: Path) -> None:
    request = parse("--keep", str(spinel), "--keep-lattice", "--count", "5")
    monkeypatch.setattr("sys.stdin", io.StringIO(tomli_w.dumps(request.to_dict())))
    assert parse("--request", "-") == request
    monkeypatch.setattr("sys.stdin", io.StringIO(tomli_w.dumps(request.to_dict())))
    changed, kept = options(parse("--request", "-", "--add", "3")).keep, options(request).keep
    assert changed is not None and kept is not None
    assert changed.added == 3 and changed.orbits == kept.orbits
