"""The block encoder: one embedding for a block however it is described, and back to the block that it belongs to."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from crystal_studio import paths
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.generators.mofdiff import block_storage
from crystal_studio.generators.mofdiff.block_encoder import BlockEncoder, EncoderConfig, embed
from crystal_studio.generators.mofdiff.block_graphs import BlockGraphs, groups, places
from crystal_studio.generators.mofdiff.decoding import nearest_blocks
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.library import shipped_blocks

SMALL = EncoderConfig(hidden=16, layers=2, radial=6, angular=3, channels=4, projected=8)


@pytest.fixture(scope="module")
def library() -> BlockLibrary:
    """Some forty blocks of the shipped library, nodes and linkers."""
    return shipped_blocks().take(np.arange(0, len(shipped_blocks()), 45))


@pytest.fixture(scope="module")
def encoder() -> BlockEncoder:
    torch.manual_seed(0)
    return BlockEncoder(SMALL).eval()


def renumbered(library: BlockLibrary) -> BlockLibrary:
    """The same blocks with atoms, bonds and connection points in another order."""
    rng = np.random.default_rng(0)
    atoms, points, rank = np.arange(len(library.numbers)), np.arange(len(library.points)), []
    for i in range(len(library)):
        order = rng.permutation(library.n_atoms[i])
        atoms[library.atoms(i)] = atoms[library.atoms(i)][order]
        points[library.point_rows(i)] = rng.permutation(points[library.point_rows(i)])
        rank.append(np.argsort(order))
    owner = np.repeat(np.arange(len(library)), library.n_points)[points]
    bonds = [rank[i][library.bonds[library.bond_rows(i)]][::-1] for i in range(len(library))]
    return dataclasses.replace(
        library,
        numbers=library.numbers[atoms],
        positions=library.positions[atoms],
        bonds=np.concatenate(bonds).astype(np.int32),
        points=library.points[points],
        point_atom=np.array(
            [rank[i][a] for i, a in zip(owner, library.point_atom[points], strict=True)], library.point_atom.dtype
        ),
    )


def moved(library: BlockLibrary, matrix: np.ndarray, shift: np.ndarray) -> BlockLibrary:
    return dataclasses.replace(
        library, positions=library.positions @ matrix.T + shift, points=library.points @ matrix.T + shift
    )


def test_embeddings_have_unit_length_and_tell_blocks_apart(library, encoder) -> None:
    found = embed(encoder, library)
    assert found.shape == (len(library), 32) and found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    apart = np.linalg.norm(found[:, None] - found[None], axis=-1) + np.eye(len(library))
    assert apart.min() > 1e-4


def test_turned_moved_mirrored_and_renumbered_blocks_embed_alike(library, encoder) -> None:
    whole = embed(encoder, library)
    turn = Rotation.from_rotvec([0.3, -1.2, 0.7]).as_matrix()
    shift = np.array([3.0, -1.0, 0.5])
    for other in (moved(library, turn, shift), moved(library, -turn, shift), renumbered(library)):
        np.testing.assert_allclose(embed(encoder, other), whole, atol=2e-5)


def test_an_embedding_does_not_depend_on_what_is_beside_a_block(library, encoder) -> None:
    whole = embed(encoder, library)
    with torch.no_grad():
        for i in (0, len(library) // 2, len(library) - 1):
            np.testing.assert_allclose(encoder(BlockGraphs.of(library, np.array([i])))[0], whole[i], atol=2e-5)


def test_elements_bonds_points_and_distances_all_count(library, encoder) -> None:
    i = int(np.flatnonzero((library.kind == 1) & (library.n_atoms > 12))[0])
    one = library.take(np.array([i]))
    whole = embed(encoder, one)[0]
    numbers, positions, point_atom = one.numbers.copy(), one.positions.copy(), one.point_atom.copy()
    numbers[0] += 1
    positions[0] += 0.3
    point_atom[0] = (point_atom[0] + 1) % len(numbers)
    for change in ({"numbers": numbers}, {"positions": positions}, {"point_atom": point_atom}):
        assert np.abs(embed(encoder, dataclasses.replace(one, **change))[0] - whole).max() > 1e-4, change


def test_gradients_are_finite_where_places_coincide(library, encoder) -> None:
    graphs = BlockGraphs.of(library, np.arange(3))
    positions = torch.zeros_like(graphs.positions, requires_grad=True)
    encoder(dataclasses.replace(graphs, positions=positions)).sum().backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in encoder.parameters())
    encoder.zero_grad()


def test_groups_hold_every_block_once(library) -> None:
    sizes = places(library)
    found = list(groups(sizes))
    assert sorted(np.concatenate(found).tolist()) == list(range(len(library)))
    assert list(groups(np.array([500, 1]))) == [[1], [0]]  # a block too large for any group is one of its own


def test_every_block_is_decoded_from_its_own_embedding(library, encoder) -> None:
    known = embed(encoder, library)
    np.testing.assert_array_equal(nearest_blocks(known, known), np.arange(len(library)))
    np.testing.assert_array_equal(nearest_blocks(known + 1e-5, known), np.arange(len(library)))


def test_decoding_among_the_allowed() -> None:
    known = np.array([[1.0, 0], [0, 1], [-1, 0]])
    asked = np.array([[0.9, 0.1], [-0.2, 0.1]])
    assert nearest_blocks(asked, known).tolist() == [0, 2]
    assert nearest_blocks(asked, known, np.array([False, True, False])).tolist() == [1, 1]
    assert nearest_blocks(asked, known, np.array([[False, True, True], [True, False, False]])).tolist() == [1, 0]
    assert nearest_blocks(np.zeros((0, 2)), known).tolist() == []
    assert nearest_blocks(np.array([[0.0, -1]]), known).tolist() == [0]  # of equally near ones the first
    with pytest.raises(RequestError, match="allow more"):
        nearest_blocks(asked, known, np.array([[False, True, True], [False, False, False]]))


def test_what_ships_finds_the_blocks_that_ship() -> None:
    library, known = shipped_blocks(), block_storage.block_embeddings()
    assert known.shape == (len(library), 32)
    np.testing.assert_allclose(np.linalg.norm(known, axis=1), 1, atol=1e-4)
    some = np.arange(0, len(library), 60)
    np.testing.assert_allclose(embed(block_storage.shipped_encoder(), library.take(some)), known[some], atol=1e-3)
    nearest = nearest_blocks(known, known)
    np.testing.assert_allclose(known[nearest], known, atol=1e-5)  # the block itself, or its mirror image
    assert (library.identity[nearest] == library.identity).all()


def test_a_model_that_is_damaged_or_of_another_library_is_one_sentence(
    library, encoder, tmp_path: Path, monkeypatch
) -> None:
    folder = tmp_path / "mofdiff-blocks"
    block_storage.save(folder, dict(encoder.named_parameters()), SMALL, library, {"title": "toy"})
    network, known, card = block_storage.read(folder)
    assert card["library"]["blocks"] == len(library) and card["family"] == "mofdiff-blocks"
    np.testing.assert_array_equal(embed(network, library), known)

    monkeypatch.setattr(paths, "models", lambda: tmp_path)
    block_storage.block_embeddings.cache_clear()
    with pytest.raises(ModelError, match=r"another library of building blocks: .*train mofdiff-blocks"):
        block_storage.block_embeddings()

    raw = bytearray((folder / "model.safetensors").read_bytes())
    raw[-1] ^= 1
    (folder / "model.safetensors").write_bytes(raw)
    with pytest.raises(ModelError, match=r"damaged .*: install them again"):
        block_storage.read(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be read: install"):
        block_storage.read(folder)
    shutil.copytree(paths.resources() / "mof", tmp_path / "other")
    (tmp_path / "other" / "card.json").write_text(json.dumps({"family": "symmcd"}))
    with pytest.raises(ModelError, match="no block encoder but a symmcd"):
        block_storage.read(tmp_path / "other")
