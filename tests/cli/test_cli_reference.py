"""Reference sets by the command line."""

from __future__ import annotations

from pathlib import Path

POSCAR = "NaCl\n5.64\n0 0.5 0.5\n0.5 0 0.5\n0.5 0.5 0\nNa Cl\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"


def test_a_set_is_added_listed_and_removed(studio, tmp_path: Path) -> None:
    file, table = tmp_path / "POSCAR", tmp_path / "energies.csv"
    file.write_text(POSCAR)
    table.write_text("composition,energy_per_atom\nNa3Cl,-2.0\n")
    answer = studio(
        "reference", "add", "mine", file, tmp_path / "no.cif", "--csv", table, "--method", "chgnet", "--json"
    )
    assert answer.code == 0
    assert (answer.json["set"]["structures"], answer.json["set"]["energies"]) == (1, {"chgnet": 1})
    assert [s["file"] for s in answer.json["skipped"]] == ["no.cif"]
    listed = studio("reference", "list")
    assert "mine" in listed.out and "1 by chgnet" in listed.out
    assert studio("reference", "add", "mine", file).code == 1
    assert studio("reference", "remove", "mine").code == 0
    assert "There are no reference sets" in studio("reference", "list").out


def test_what_cannot_be_added_says_what_to_do(studio, tmp_path: Path) -> None:
    assert "nothing to add" in studio("reference", "add", "mine").complaint
    table = tmp_path / "energies.csv"
    table.write_text("composition,energy_per_atom,method\nNa3Cl,-2.0,PBE\n")
    complaint = studio("reference", "add", "mine", "--csv", table).complaint
    assert "two scales" in complaint and "crystal-studio reference energies" in complaint
    assert "no reference set 'mine'" in studio("reference", "energies", "mine").complaint


def test_only_fetch_asks_the_network(studio, tmp_path: Path, monkeypatch) -> None:
    """Every other action works where no connection can be made; fetch says that it cannot."""
    import socket

    def none(*_: object, **__: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(socket, "create_connection", none)
    monkeypatch.setattr(socket, "getaddrinfo", none)
    file = tmp_path / "POSCAR"
    file.write_text(POSCAR)
    assert studio("reference", "add", "mine", file).code == 0
    assert studio("reference", "list").code == 0
    monkeypatch.setattr("crystal_studio.data.optimade.WAIT", 0.0)
    complaint = studio("reference", "fetch", "--provider", "mp", "--elements", "Na-Cl", "--to", "net").complaint
    assert "optimade.materialsproject.org cannot be reached (no network here)" in complaint
    assert (
        "choose one of mp" in studio("reference", "fetch", "--provider", "x", "--elements", "Na", "--to", "n").complaint
    )
