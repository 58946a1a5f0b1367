"""Filter expressions such as ``e_hull < 0.1 and 'Li' in elements``, turned into SQL safely.

The text is parsed as a Python expression but never run: only comparisons,
``and``/``or``/``not``, ``in``, numbers, strings and the names of columns are
understood, and constants travel to the database as bound parameters. A
candidate that lacks a value matches no comparison of it; ask ``e_hull is None``.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, false, func, literal, not_, null, true
from sqlalchemy.sql.sqltypes import Boolean, Text

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.errors import RequestError
from crystal_studio.project.schema import candidates

NAMES: tuple[str, ...] = tuple(candidates.c.keys())
"""Columns that a filter or a sort may name; a filter also knows ``elements``."""

_MAX_LENGTH = 2000
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def parse(text: str) -> ColumnElement[bool]:
    """SQL for a filter; "" is everything. Raises ``RequestError`` that names the mistake."""
    text = text.strip()
    if not text:
        return true()
    if len(text) > _MAX_LENGTH:
        raise RequestError(f"The filter is longer than {_MAX_LENGTH} characters: make it shorter.", "where")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval")
        return _condition(tree.body)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise RequestError(
            f"The filter {text!r} cannot be read: write it like e_hull < 0.1 and space_group == 225 "
            "(== for equal, text in quotes).",
            "where",
        ) from error


def column(name: str) -> ColumnElement[Any]:
    """A column of the candidates by its name; raises ``RequestError`` that lists the names."""
    if name not in candidates.c:
        raise RequestError(f"There is no column {name!r}: use one of {', '.join(NAMES)}.", "where")
    return candidates.c[name]


def _condition(node: ast.expr) -> ColumnElement[bool]:
    """A node that stands where true or false is wanted."""
    match node:
        case ast.BoolOp(ast.And(), values):
            return _fold(operator.and_, values)
        case ast.BoolOp(ast.Or(), values):
            return _fold(operator.or_, values)
        case ast.UnaryOp(ast.Not(), operand):
            return not_(_condition(operand).self_group())
        case ast.Compare():
            return _comparison(node)
        case ast.Constant(bool() as value):
            return true() if value else false()
        case ast.Name(name) if name in candidates.c and isinstance(candidates.c[name].type, Boolean):
            return candidates.c[name] == true()
    raise _mistake(node, "is neither true nor false: compare it with something")


def _fold(join: Callable[[Any, Any], Any], values: list[ast.expr]) -> ColumnElement[bool]:
    result = _condition(values[0])
    for value in values[1:]:
        result = join(result, _condition(value))
    return result


def _comparison(node: ast.Compare) -> ColumnElement[bool]:
    parts = [node.left, *node.comparators]
    result: ColumnElement[bool] | None = None
    for left, op, right in zip(parts, node.ops, parts[1:], strict=False):
        one = _pair(left, op, right)
        result = one if result is None else result & one
    assert result is not None
    return result


def _pair(left: ast.expr, op: ast.cmpop, right: ast.expr) -> ColumnElement[bool]:
    if isinstance(op, ast.In | ast.NotIn):
        found = _membership(left, right)
        return not_(found.self_group()) if isinstance(op, ast.NotIn) else found
    if isinstance(op, ast.Is | ast.IsNot) or _is_none(left) or _is_none(right):
        return _none_check(left, op, right)
    a, b = _value(left), _value(right)
    if _is_text(a) != _is_text(b):
        raise _mistake(left, f"cannot be compared with {ast.unparse(right)}: one is text, the other a number")
    if (_is_flag(a) or _is_flag(b)) and not isinstance(op, ast.Eq | ast.NotEq):
        raise _mistake(left, "is true or false: compare it with == or !=")
    return _COMPARE[type(op)](a, b)


def _membership(left: ast.expr, right: ast.expr) -> ColumnElement[bool]:
    if isinstance(right, ast.Name) and right.id == "elements":
        symbol = _constant(left)
        if not isinstance(symbol, str):
            raise _mistake(left, "is no element symbol: write 'Li' in elements")
        atomic_number(symbol)
        # Dashes on both sides keep "C" from being found in "Ca".
        dashed = literal("-") + candidates.c.chemsys + literal("-")
        return func.instr(dashed, f"-{symbol}-") > 0
    if isinstance(right, ast.Tuple | ast.List | ast.Set):
        value = _value(left)
        options = [_constant(item) for item in right.elts]
        for item, option in zip(right.elts, options, strict=True):
            if isinstance(option, str) != _is_text(value):
                raise _mistake(left, f"cannot be {ast.unparse(item)}: one is text, the other a number")
        return value.in_(options) if options else false()
    if isinstance(right, ast.Name) and right.id in candidates.c and isinstance(candidates.c[right.id].type, Text):
        part = _constant(left)
        if isinstance(part, str):
            return func.instr(candidates.c[right.id], part) > 0
    raise _mistake(right, "cannot be searched: write a list such as (166, 227), or elements, or a text column")


def _none_check(left: ast.expr, op: ast.cmpop, right: ast.expr) -> ColumnElement[bool]:
    if _is_none(left):
        left, right = right, left
    if isinstance(op, ast.Is | ast.IsNot) and isinstance(right, ast.Constant) and isinstance(right.value, bool):
        value = _value(left)
        if _is_flag(value):
            same = value == literal(right.value)
            return not_(same) if isinstance(op, ast.IsNot) else same
    if not _is_none(right) or not isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
        raise _mistake(right, "cannot be used here: write == for equal, or is None for a missing value")
    value = _value(left)
    return value.is_not(null()) if isinstance(op, ast.IsNot | ast.NotEq) else value.is_(null())


def _value(node: ast.expr) -> ColumnElement[Any]:
    """A column or a constant."""
    if isinstance(node, ast.Name):
        if node.id == "elements":
            raise RequestError("Write 'Li' in elements, or chemsys == 'Li-O'.", "where")
        return column(node.id)
    return literal(_constant(node))


def _constant(node: ast.expr) -> bool | int | float | str:
    match node:
        case ast.Constant(bool() | float() | str() as value):
            return value
        case ast.Constant(int() as value) if abs(value) < 2**63:
            return value
        case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)) if (
            not isinstance(value, bool) and abs(value) < 2**63
        ):
            return -value
    if isinstance(node, ast.Name):
        raise RequestError(
            f"{node.id!r} cannot stand here: put text in quotes, or name a column on the left: {', '.join(NAMES)}.",
            "where",
        )
    raise _mistake(node, "is not a number, a text in quotes or a column")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(value: ColumnElement[Any]) -> bool:
    return value.type.python_type is str


def _is_flag(value: ColumnElement[Any]) -> bool:
    return isinstance(value.type, Boolean)


def _mistake(node: ast.AST, what: str) -> RequestError:
    return RequestError(f"In the filter, {ast.unparse(node)!r} {what}.", "where")
