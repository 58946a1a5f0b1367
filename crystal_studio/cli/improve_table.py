"""The rounds of an improvement as a document and as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crystal_studio.cli import common

COLUMNS = (
    "round", "model", "kept", "generated", "relaxed", "S.U.N. 0", "S.U.N. near", "alone near", "per relaxed",
    "by guard 0", "by guard", "new", "weak", "templates", "systems", "loss", "minutes",
)  # fmt: skip


def document(project: str | Path, improvement: int) -> dict[str, Any]:
    """All that is known of the rounds, fit for JSON."""
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(project) as reader:
        rows = reader.rounds(improvement)
    return {
        "project": str(project),
        "improvement": improvement,
        "plan": dict(rows[-1].plan),
        "rounds": [
            {
                "round": row.number,
                "state": row.state,
                "model": row.model,
                "parent": row.parent,
                "campaign": row.campaign_id,
                "check": row.check_id,
                "kept": row.kept,
                "minutes": round(row.seconds / 60, 2),
                **row.figures,
            }
            for row in rows
        ],
    }


def text(document: dict[str, Any]) -> str:
    lines = [common.table([_line(one) for one in document["rounds"]], COLUMNS)]
    near = document["plan"]["options"]["near"]
    lines.append(
        f"Shares of the candidates generated with 95% intervals; near: at most {near:g} eV/atom above the hull; "
        "alone: copies of candidates of earlier rounds count too; new: of distinct ones, not made in an earlier round; "
        "weak: of those near the hull, whose energy rests on what the potential is known to be weak at."
    )
    return "\n".join([*lines, document["summary"]])


def _line(one: dict[str, Any]) -> dict[str, Any]:
    loss = one.get("loss", {})
    return {
        "round": one["round"],
        "model": one["model"],
        "kept": {None: one["state"], True: "yes", False: "no"}[one["kept"]],
        "generated": one.get("generated"),
        "relaxed": one.get("relaxed"),
        "S.U.N. 0": _share(one.get("sun_0")),
        "S.U.N. near": _share(one.get("sun_near")),
        "alone near": _share(one.get("alone_near")),
        "per relaxed": _share(one.get("sun_near_relaxed")),
        "by guard 0": _share(one.get("guard_0")),
        "by guard": _share(one.get("guard_near")),
        "new": _share(one.get("new_to_project"), False),
        "weak": _share(one.get("weak"), False),
        "templates": one.get("templates"),
        "systems": one.get("systems"),
        "loss": loss.get("after"),
        "minutes": one["minutes"],
    }


def _share(entry: dict[str, Any] | None, interval: bool = True) -> str | None:
    if not entry:
        return None
    low, high = (100 * bound for bound in entry["interval"])
    return f"{100 * entry['share']:.1f}%" + (f" ({low:.1f}-{high:.1f})" if interval else "")
