"""Hypothetical frameworks: blocks are chosen that meet, come together where placed, and those that ship are sound."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from crystal_studio import paths
from crystal_studio.errors import KnownError, MissingError
from crystal_studio.execution import other_python
from crystal_studio.mof import build_hypothetical
from crystal_studio.mof.assemble import FARTHEST
from crystal_studio.mof.block_validity import shipped_sound
from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.contacts import arms, shipped_contacts
from crystal_studio.mof.hypothetical import LARGEST, MOST_BLOCKS, Net, Pool, contact_pairs, roles_of, shape
from crystal_studio.mof.identity import digest, known
from crystal_studio.mof.key import graph_keys_of_mofs
from crystal_studio.mof.library import read_mofs, shipped_blocks, shipped_mofs
from crystal_studio.mof.validity import check
from crystal_studio.mof.whole import whole_atoms

CUBE = {
    "cell": np.eye(3).tolist(),
    "vertices": [[0.0, 0.0, 0.0, 6, 0]],
    "edges": [[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]],
    "joins": [[0, 0]] * 3,
}
"""The net pcu."""
SALT = {
    "cell": [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]],
    "vertices": [[0.0, 0.0, 0.0, 6, 0], [0.5, 0.5, 0.5, 6, 1]],
    "edges": [[b if a == k else 1 - b for a in range(3)] for b in (0.25, 0.75) for k in range(3)],
    "joins": [[0, 1]] * 6,
}
"""Its two-coloured form, whose vertices are of two kinds."""


def _has_pormake() -> bool:
    try:
        build_hypothetical.program()
    except KnownError:
        return False
    return True


needs_pormake = pytest.mark.skipif(not _has_pormake(), reason="PORMAKE is not installed (pip install pormake)")


@cache
def pool() -> Pool:
    library = shipped_blocks()
    return Pool(library, arms(shipped_mofs(), library), shipped_sound())


def zinc_oxide() -> int:
    """The node of MOF-5: six carboxylates along the axes, each at two zincs."""
    library = shipped_blocks()
    rows = [r for r in np.flatnonzero(library.formula == "OZn4").tolist() if len(pool().arms[r].points) == 6]
    return max(rows, key=lambda r: library.count[r])


def terephthalate() -> int:
    library = shipped_blocks()
    rows = np.flatnonzero(library.inchikey == "KKEYFWRCBNTPAC-UHFFFAOYSA-N")
    fits = [r for r in rows.tolist() if set(pool().arms[r].kinds) == set(pool().arms[zinc_oxide()].kinds)]
    return max(fits, key=lambda r: library.count[r])


def test_arms_are_the_contacts():
    found, counted = pool().arms, np.abs(shipped_contacts()).sum(1)
    np.testing.assert_array_equal([len(own.points) for own in found], counted)
    octahedron = shape(np.concatenate([np.eye(3), -np.eye(3)]))
    np.testing.assert_allclose(shape(found[zinc_oxide()].points), octahedron, atol=0.1)


def test_a_net_says_what_may_stand_where():
    net = Net.of("pcu", CUBE)
    assert roles_of(net) == [(4, {0: NODE})]  # its linkers stand on the edges
    np.testing.assert_allclose(net.shapes[0], shape(np.concatenate([np.eye(3), -np.eye(3)])), atol=1e-6)
    two = Net.of("pcu-b", SALT)
    assert sorted(size for size, _ in roles_of(two)) == [2, 2, 8]
    assert all(role != {0: LINKER, 1: LINKER} for _, role in roles_of(two))
    for found in two.shapes.values():
        np.testing.assert_allclose(found, net.shapes[0], atol=1e-6)


def test_chosen_blocks_meet_as_they_do_in_known_frameworks():
    rng, net = np.random.default_rng(0), Net.of("pcu", CUBE)
    choices = [pool().choose(net, {0: NODE}, rng) for _ in range(60)]
    found = [choice for choice in choices if choice is not None]
    assert len({choice.vertices for choice in found}) > 5
    for choice in found:
        node = pool().arms[choice.vertices[0]]
        assert shipped_blocks().kind[choice.vertices[0]] == NODE and len(node.points) == 6
        assert {(int(k), int(k)) for k in node.kinds} <= set(choice.linkers)
        for pair, row in choice.linkers.items():
            assert tuple(sorted(pool().arms[row].kinds.tolist())) == pair
            assert shipped_sound()[row] and set(pair) <= set(node.kinds.tolist())


def placed_mof_5(length: float):
    """What the script says of terephthalate between zinc oxides, so far apart."""
    node, linker = zinc_oxide(), terephthalate()
    kind = int(pool().arms[node].kinds[0])
    choice = next(
        c for c in (pool().choose(Net.of("pcu", CUBE), {0: NODE}, np.random.default_rng(k)) for k in range(999)) if c
    )
    choice = type(choice)(choice.net, (node,), {(kind, kind): linker})
    middles = (length * np.array(CUBE["edges"])).tolist()
    answer = {
        "cell": (length * np.eye(3)).tolist(),
        "places": [[0.0, 0.0, 0.0], *middles],
        "linkers": [f"{kind} {kind}"] * 3,
    }
    return pool().placed(choice, answer, "pcu-0")


def test_placed_blocks_become_the_framework_of_the_net():
    placed = placed_mof_5(12.9)
    assert placed.pairs == [(0, 1), (0, 1), (0, 2), (0, 2), (0, 3), (0, 3)]
    (made,) = build_hypothetical.finish([placed], pool(), seed=0)
    assert not isinstance(made, str) and contact_pairs(made, 0) == placed.pairs
    assert abs(np.linalg.det(made.lattice[0])) == pytest.approx(12.9**3, rel=0.06)
    (known_one,) = graph_keys_of_mofs(made, shipped_blocks())
    assert (known()[0] == digest(known_one)).all(1).any()  # MOF-5


def test_a_framework_of_another_net_is_told():
    placed = placed_mof_5(12.9)
    other = replace(placed, pairs=[(0, 1)] * 2 + [(0, 2)] * 4)
    assert build_hypothetical.finish([other], pool(), seed=0) == ["other_net"]


def test_records_are_read_again_and_each_framework_kept_once(tmp_path, monkeypatch, capsys):
    shipped, _ = read_mofs(paths.resources() / "mof" / build_hypothetical.NAME, shipped_blocks())
    small = shipped.take(np.argsort(shipped.n_blocks, kind="stable")[:2])
    old = shipped_mofs().take(np.argsort(shipped_mofs().n_blocks, kind="stable")[:1])
    results = [small.take([0]), "open", small.take([0]), old, small.take([1])]
    records = tmp_path / "r.jsonl"
    lines = [json.dumps(build_hypothetical._record(k, result)) for k, result in enumerate(results)]
    records.write_text("\n".join(lines) + '\n{"number": 5, "na')
    target = tmp_path / "hypothetical.safetensors"
    given = ["x", "--records", str(records), "--seconds", "0", "--target", str(target)]
    monkeypatch.setattr(sys, "argv", given)
    build_hypothetical.main()
    found, card = read_mofs(target, shipped_blocks())
    assert found.name.tolist() == small.name.tolist()
    assert card["counts"] == {"draws": 5, "open": 1, "duplicate": 1, "known": 1, "kept": 2}
    np.testing.assert_allclose(found.lattice, small.lattice, rtol=1e-4)
    np.testing.assert_array_equal(found.ends, small.ends)


def test_those_that_ship_hold_together_and_are_new():
    library = shipped_blocks()
    mofs, card = read_mofs(paths.resources() / "mof" / build_hypothetical.NAME, library)
    counts = card["counts"]
    assert counts["kept"] == len(mofs) >= 400
    assert counts["draws"] == sum(n for reason, n in counts.items() if reason != "draws")
    assert {r.split(":")[0] for r in counts} <= set(build_hypothetical.REASONS) | {"draws", "kept"}
    assert mofs.n_blocks.max() <= MOST_BLOCKS and len(np.unique(mofs.block)) > 200
    volume = np.abs(np.linalg.det(mofs.lattice))
    assert np.percentile(volume, 99) < 1.3 * LARGEST
    some = mofs.take(np.arange(0, len(mofs), max(len(mofs) // 12, 1)))
    for i in range(len(some)):
        ends = some.ends[some.connections(i)]
        assert len(np.unique(ends.reshape(-1, 2), axis=0)) == library.n_points[some.block[some.blocks(i)]].sum()
    whole = whole_atoms(some, library)
    assert check(whole.structures, whole.bonds).valid.all()
    digests = np.array([digest(key) for key in graph_keys_of_mofs(some, library)])
    assert not (digests[:, None] == known()[0][None]).all(-1).any()
    assert FARTHEST == 1.5  # what "open" in the card means


def test_without_pormake_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setenv(build_hypothetical.VARIABLE, sys.executable)
    monkeypatch.setattr(other_python, "_FOUND", {})
    if _has_pormake():
        pytest.skip("this Python has PORMAKE")
    with pytest.raises(MissingError, match=r"pip install pormake==0\.2\.3"):
        build_hypothetical.program()


@needs_pormake
def test_pormake_places_blocks_on_a_net(tmp_path):
    python, _ = build_hypothetical.program()
    script = build_hypothetical._SCRIPT
    question = {"asked": "nets", "nets": ["pcu"], "most_slots": 20, "most_vertices": 4}
    (net,) = other_python.ask(python, script, question, 120)["nets"]
    assert len(net["vertices"]) == 1 and net["joins"] == [[0, 0]] * 3
    asked = {
        "net": "pcu",
        "points": [np.concatenate([2 * np.eye(3), -2 * np.eye(3)]).tolist()],
        "kinds": [[4] * 6],
        "linkers": {"4 4": [[3.0, 0, 0], [-3.0, 0, 0]]},
        "joined": [False] * 3,
        "rmsd": 0.3,
    }
    flat = asked | {"points": [[[k, k * k, 0.0] for k in range(6)]]}
    builds = [asked, asked | {"linkers": {}}, flat]
    found = other_python.ask(python, script, {"asked": "builds", "nets": {"pcu": net}, "builds": builds}, 120)["builds"]
    np.testing.assert_allclose(np.linalg.norm(found[0]["cell"], axis=1), 10, atol=1e-3)
    assert found[0]["linkers"] == ["4 4"] * 3
    assert [one.get("reason") for one in found] == [None, "contacts", "shape"]
