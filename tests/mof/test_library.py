"""Libraries of building blocks and frameworks of them: what is written is read, what is damaged is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.errors import FileError
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.library import library_fault, read_blocks, read_mofs, write_blocks, write_mofs


def words(*given: str) -> np.ndarray:
    return np.array(given, object)


def small_library() -> BlockLibrary:
    """A square node (one Zn, four points) and a formate-like linker of three atoms and two points."""
    square = [[1.0, 0, 0], [0, 1.0, 0], [-1.0, 0, 0], [0, -1.0, 0]]
    return BlockLibrary(
        np.array([0, 1, 4]),
        np.array([30, 8, 6, 8], np.int16),
        np.array([[0, 0, 0], [-1.1, 0, 0], [0, 0.5, 0], [1.1, 0, 0.123]]),
        np.array([0, 0, 2]),
        np.array([[0, 1], [1, 2]], np.int32),
        np.array([1.5, 1.5], np.float32),
        np.array([0, 4, 6]),
        np.array([*square, [-2.0, 0, 0], [2.0, 0, 0]]),
        np.array([0, 0, 0, 0, 0, 2], np.int32),
        np.array([NODE, LINKER], np.int8),
        np.array([0.0, 2.2]),
        np.array([7, 2**63 + 5], np.uint64),
        np.array([3, 6]),
        words("Zn-4-a", "CO2-2-b"),
        words("Zn", "CO2"),
        words("", "OC=O"),
        words("", "BDAGIHXWWSANSR-UHFFFAOYSA-N"),
    )


def small_mofs() -> CoarseMofs:
    return CoarseMofs(
        np.eye(3)[None] * 6.0,
        np.array([0, 3]),
        np.array([0, 1, 1], np.int32),
        np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0]]),
        np.broadcast_to(np.eye(3), (3, 3, 3)).copy(),
        np.zeros(3, np.float32),
        np.array([0, 4]),
        np.array([[[0, 0], [1, 0]], [[0, 1], [2, 0]], [[0, 2], [1, 1]], [[0, 3], [2, 1]]], np.int32),
        np.array([[0, 0, 0], [0, 0, 0], [-1, 0, 0], [0, -1, 0]], np.int16),
        words("square"),
        np.array([2], np.int8),
    )


def same(first: object, second: object) -> None:
    for field in dataclasses.fields(first):  # type: ignore[arg-type]
        a, b = getattr(first, field.name), getattr(second, field.name)
        assert a.dtype == b.dtype, field.name
        if a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, atol=6e-4, err_msg=field.name)
        else:
            np.testing.assert_array_equal(a, b, err_msg=field.name)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    library, mofs = small_library(), small_mofs()
    write_blocks(tmp_path / "b.safetensors", library, {"licence": "CC BY 4.0"})
    write_mofs(tmp_path / "m.safetensors", mofs, library, {})
    read, card = read_blocks(tmp_path / "b.safetensors")
    same(library, read)
    assert card["licence"] == "CC BY 4.0" and card["blocks"] == 2
    same(mofs, read_mofs(tmp_path / "m.safetensors")[0])


def test_taking_and_joining(tmp_path: Path) -> None:
    library, mofs = small_library(), small_mofs()
    same(library, BlockLibrary.concatenate([library.take(np.array([0])), library.take(np.array([1]))]))
    turned = library.take(np.array([1, 0]))
    assert turned.formula.tolist() == ["CO2", "Zn"]
    np.testing.assert_array_equal(turned.points[turned.point_rows(0)], library.points[library.point_rows(1)])
    np.testing.assert_array_equal(turned.bonds[turned.bond_rows(0)], library.bonds)
    twice = CoarseMofs.concatenate([mofs, mofs])
    same(mofs, twice.take(np.array([1])))
    assert twice.blocks(1) == slice(3, 6) and twice.connections(1) == slice(4, 8)


def test_damage_is_told(tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    with pytest.raises(FileError, match="cannot be read"):
        read_blocks(path)
    write_blocks(path, small_library(), {})
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(FileError, match="damaged"):
        read_blocks(path)
    write_mofs(path, small_mofs(), small_library(), {})
    with pytest.raises(FileError, match="damaged"):
        read_blocks(path)


def test_faults_of_a_library() -> None:
    library = small_library()
    assert library_fault(library) == ""
    changes = {
        "no connection point": {"point_offsets": np.array([0, 0, 6]), "point_atom": np.array([0] * 5 + [2], np.int32)},
        "one name": {"name": words("a", "a")},
        "lacks": {"point_atom": np.array([1, 0, 0, 0, 0, 2], np.int32)},
        "offsets of its bonds": {"bond_offsets": np.array([0, 1, 1])},
        "no number": {"points": np.full((6, 3), np.nan)},
    }
    for fault, change in changes.items():
        assert fault in library_fault(dataclasses.replace(library, **change)), fault


def test_frameworks_of_another_library_are_refused(tmp_path: Path) -> None:
    library = small_library()
    write_mofs(tmp_path / "m.safetensors", small_mofs(), library, {})
    assert len(read_mofs(tmp_path / "m.safetensors", library)[0]) == 1
    with pytest.raises(FileError, match="another library"):
        read_mofs(tmp_path / "m.safetensors", library.take(np.array([1, 0])))
