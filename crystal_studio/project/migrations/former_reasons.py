"""Sentences that versions 1 and 2 stored for a rejection, read back into codes with parameters.

What is read here is every sentence that those versions could write; the codes are those that the stages declare now.
A sentence that none of them is becomes the code "text" with the sentence as its parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

ERROR = "error"

_N = r"(-?[\d.]+(?:e[-+]?\d+)?|inf|nan)"
_GROUP = r"(\S+) \((\d+)\)"


def _sentences(patterns: Iterable[tuple[str, str, Callable[..., dict[str, Any]]]]) -> tuple:
    return tuple((re.compile(pattern + r"\.?"), code, told) for pattern, code, told in patterns)


def _overlap(kind: str) -> Callable[..., dict[str, Any]]:
    def told(one: str, *rest: str) -> dict[str, Any]:
        low, high = sorted((one, rest[0] if len(rest) > 2 else one))
        atoms = {"image": f"{low} and its own periodic image", "two": f"Two {low} atoms", "pair": f"{low} and {high}"}
        distance, limit = map(float, rest[-2:])
        return {"atoms": atoms[kind], "first": low, "second": high, "distance": distance, "limit": limit}

    return told


_APART = rf"{_N} A apart \(limit {_N} A\)"
_GEOMETRY = _sentences(
    (
        (rf"([A-Z][a-z]?) and its own periodic image are {_APART}", "overlap", _overlap("image")),
        (rf"Two ([A-Z][a-z]?) atoms are {_APART}", "overlap", _overlap("two")),
        (rf"([A-Z][a-z]?) and ([A-Z][a-z]?) are {_APART}", "overlap", _overlap("pair")),
        (r"The cell holds no atom", "empty", lambda: {}),
        (
            r"The cell holds (\d+) atoms \(limit (\d+)\)",
            "too_many_atoms",
            lambda n, limit: {"atoms": int(n), "limit": int(limit)},
        ),
        (r"The cell or a position is not a finite number", "not_finite", lambda: {}),
        (
            rf"The volume is {_N} A\^3 per atom \(known crystals: {_N} to {_N} A\^3\)",
            "volume",
            lambda v, low, high: {"volume": float(v), "low": float(low), "high": float(high)},
        ),
        (
            rf"The cell edge ([abc]) is {_N} A \(limits {_N} and {_N} A\)",
            "edge",
            lambda edge, x, low, high: {"edge": edge, "length": float(x), "low": float(low), "high": float(high)},
        ),
        (
            rf"The cell angle (alpha|beta|gamma) is {_N} degrees \(limits {_N} and {_N} degrees\)",
            "angle",
            lambda angle, x, low, high: {
                "angle": {"alpha": "α", "beta": "β", "gamma": "γ"}[angle],
                "degrees": float(x),
                "low": float(low),
                "high": float(high),
            },
        ),
    )
)
_COMPOSITION = _sentences(
    (
        (r"The cell holds no atom", "empty", lambda: {}),
        (
            r"(.+) has no known oxidation state, so (\S+) cannot be charge neutral",
            "no_oxidation_state",
            lambda elements, formula: {"elements": elements, "formula": formula},
        ),
        (
            r"(\S+) is charge neutral only with cations more electronegative than its anions \(Pauling's test\)",
            "electronegativity",
            lambda formula: {"formula": formula},
        ),
        (
            r"No oxidation states make (\S+) charge neutral \((.+)\)",
            "not_neutral",
            lambda formula, states: {"formula": formula, "states": states},
        ),
    )
)


def _groups(found: str, number: str, asked: str, asked_number: str, tolerance: str) -> dict[str, Any]:
    return {
        "found": int(number),
        "found_symbol": found,
        "asked": int(asked_number),
        "asked_symbol": asked,
        "tolerance": float(tolerance),
    }


_SYMMETRY = _sentences(
    (
        (
            rf"The space group is {_GROUP}, a supergroup of {_GROUP} \(tolerance {_N} A\)",
            "supergroup",
            _groups,
        ),
        (rf"The space group is {_GROUP}, instead of {_GROUP} \(tolerance {_N} A\)", "other_group", _groups),
        (
            rf"No space group could be detected at {_N} A",
            "no_group",
            lambda tolerance: {"tolerance": float(tolerance)},
        ),
    )
)
_UNIQUENESS = _sentences(((r"Candidate (\d+) is the same crystal", "duplicate", lambda i: {"candidate": int(i)}),))
_AFTER = r" \(after (\d+) steps of relaxation\)"
_RELAXATION = _sentences(
    (
        (r"The cell holds no atom", "empty", lambda: {}),
        (r"The cell or a position is not a finite number", "not_finite", lambda: {}),
        (rf"The cell has hardly any volume \({_N} A\^3\)", "no_volume", lambda v: {"volume": float(v)}),
        (
            rf"The cell swelled to {_N} times its volume{_AFTER}",
            "swelled",
            lambda ratio, steps: {"ratio": float(ratio), "steps": int(steps)},
        ),
        (
            rf"The cell shrank to {_N} times its volume{_AFTER}",
            "shrank",
            lambda ratio, steps: {"ratio": float(ratio), "steps": int(steps)},
        ),
        (
            rf"An atom has no neighbour within 6 A, or too many: the potential has no answer{_AFTER}",
            "no_answer",
            lambda steps: {"steps": int(steps)},
        ),
        (rf"The energy is not a finite number{_AFTER}", "no_energy", lambda steps: {"steps": int(steps)}),
    )
)
_BY_STAGE = {
    "geometry": _GEOMETRY,
    "composition": _COMPOSITION,
    "symmetry": _SYMMETRY,
    "uniqueness": _UNIQUENESS,
    "relaxation": _RELAXATION,
}
_FAILED = re.compile(r"[^:]+ failed: (.+)", re.DOTALL)
_DIED = re.compile(r"[^:]+: (its worker process died twice on this candidate)\.?")


def read(stage: str, sentence: str) -> tuple[str, dict[str, Any]]:
    """Code and parameters; "error" where the stage had failed, which those versions stored as a rejection."""
    sentence = sentence.strip()
    if not sentence:
        return "", {}
    for pattern, code, told in _BY_STAGE.get(stage, ()):
        if match := pattern.fullmatch(sentence):
            return code, told(*match.groups())
    if match := _FAILED.fullmatch(sentence) or _DIED.fullmatch(sentence):
        return ERROR, {"text": match[1]}
    return "text", {"text": sentence}
