"""Filter expressions such as ``e_hull < 0.1 and 'Li' in elements``, turned into SQL safely.

The text is parsed as a Python expression but never run: only comparisons,
``and``/``or``/``not``, ``in``, numbers, strings and the names of columns are
understood, and constants travel to the database as bound parameters. A
candidate that lacks a value matches no comparison of it; ask ``e_hull is None``. ``'geometry' in marks`` are those
that the stage has only marked.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, func, literal, not_, null, select, true
from sqlalchemy.sql.sqltypes import Boolean, Text

from crystal_studio.candidates.quantities import Quantity
from crystal_studio.candidates.verdicts import PASSED
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.errors import RequestError
from crystal_studio.project import terms
from crystal_studio.project.schema import candidates, quantities, verdicts
from crystal_studio.project.terms import Term

Where = str | ColumnElement[bool]
"""A filter expression, or a condition such as ``statistics.of_campaign`` gives."""

_MAX_LENGTH = 2000
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def parse(
    text: str, known: Mapping[str, Quantity] | None = None, ways: Collection[str] | None = None
) -> ColumnElement[bool]:
    """SQL for a filter; "" is everything. Raises ``RequestError`` that names the mistake.

    known, ways : quantities and methods that may be named, see ``terms.find``
    """
    text = text.strip()
    if not text:
        return true()
    if len(text) > _MAX_LENGTH:
        raise RequestError(f"The filter is longer than {_MAX_LENGTH} characters: make it shorter.", "where")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, mode="eval")
        return _Reading(known, ways).condition(tree.body, True)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise RequestError(
            f"The filter {text!r} cannot be read: write it like e_hull < 0.1 and space_group == 225 "
            "(== for equal, text in quotes).",
            "where",
        ) from error


Operand = ColumnElement[Any] | Term


@dataclass(frozen=True)
class _Reading:
    """One filter being read. ``plainly`` below: no ``not`` stands above, so that "unknown" may count as false."""

    known: Mapping[str, Quantity] | None
    ways: Collection[str] | None

    def condition(self, node: ast.expr, plainly: bool) -> ColumnElement[bool]:
        """A node that stands where true or false is wanted."""
        match node:
            case ast.BoolOp(ast.And(), values):
                return self._fold(operator.and_, values, plainly)
            case ast.BoolOp(ast.Or(), values):
                return self._fold(operator.or_, values, plainly)
            case ast.UnaryOp(ast.Not(), operand):
                return not_(self.condition(operand, False).self_group())
            case ast.Compare():
                return self._comparison(node, plainly)
            case ast.Constant(bool() as value):
                return true() if value else false()
            case ast.Name() | ast.BinOp(op=ast.MatMult()) | ast.Attribute():
                flag = self._named(node, node)
                if flag is not None and _is_flag(flag):
                    return _sql(flag) == true()
        raise _mistake(node, "is neither true nor false: compare it with something")

    def _fold(self, join: Callable[[Any, Any], Any], values: list[ast.expr], plainly: bool) -> ColumnElement[bool]:
        result = self.condition(values[0], plainly)
        for value in values[1:]:
            result = join(result, self.condition(value, plainly))
        return result

    def _comparison(self, node: ast.Compare, plainly: bool) -> ColumnElement[bool]:
        parts = [node.left, *node.comparators]
        result: ColumnElement[bool] | None = None
        for left, op, right in zip(parts, node.ops, parts[1:], strict=False):
            one = self._pair(left, op, right, plainly)
            result = one if result is None else result & one
        assert result is not None
        return result

    def _pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr, plainly: bool) -> ColumnElement[bool]:
        if isinstance(op, ast.In | ast.NotIn):
            inside = isinstance(op, ast.In)
            found = self._membership(left, right, plainly and inside)
            return found if inside else not_(found.self_group())
        if isinstance(op, ast.Is | ast.IsNot) or _is_none(left) or _is_none(right):
            return self._none_check(left, op, right)
        a, b = self._value(left), self._value(right)
        if _is_text(a) != _is_text(b):
            raise _mistake(left, f"cannot be compared with {ast.unparse(right)}: one is text, the other a number")
        if (_is_flag(a) or _is_flag(b)) and not isinstance(op, ast.Eq | ast.NotEq):
            raise _mistake(left, "is true or false: compare it with == or !=")
        compare = _COMPARE[type(op)]
        if plainly and isinstance(a, Term) != isinstance(b, Term):
            term = a if isinstance(a, Term) else b
            assert isinstance(term, Term)
            if _is_constant(left) or _is_constant(right):
                first, second = (term.column, _sql(b)) if term is a else (_sql(a), term.column)
                return _having(term, compare(first, second))
        return compare(_sql(a), _sql(b))

    def _membership(self, left: ast.expr, right: ast.expr, plainly: bool) -> ColumnElement[bool]:
        if isinstance(right, ast.Name) and right.id == "elements":
            symbol = self._constant(left)
            if not isinstance(symbol, str):
                raise _mistake(left, "is no element symbol: write 'Li' in elements")
            atomic_number(symbol)
            # Dashes on both sides keep "C" from being found in "Ca".
            dashed = literal("-") + candidates.c.chemsys + literal("-")
            return func.instr(dashed, f"-{symbol}-") > 0
        if isinstance(right, ast.Name) and right.id == "marks":
            mark = self._constant(left)
            if not isinstance(mark, str):
                raise _mistake(left, "is no mark: write 'geometry' in marks, or 'geometry:overlap' in marks")
            return _marked(*mark.partition(":")[::2])
        if isinstance(right, ast.Tuple | ast.List | ast.Set):
            value = self._value(left)
            options = [self._constant(item) for item in right.elts]
            for item, option in zip(right.elts, options, strict=True):
                if isinstance(option, str) != _is_text(value):
                    raise _mistake(left, f"cannot be {ast.unparse(item)}: one is text, the other a number")
            if not options:
                return false()
            if plainly and isinstance(value, Term):
                return _having(value, value.column.in_(options))
            return _sql(value).in_(options)
        text = self._named(right, None)
        if text is not None and _is_text(text):
            part = self._constant(left)
            if isinstance(part, str):
                return func.instr(_sql(text), part) > 0
        raise _mistake(right, "cannot be searched: write a list such as (166, 227), or elements, or a text column")

    def _none_check(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> ColumnElement[bool]:
        if _is_none(left):
            left, right = right, left
        if isinstance(op, ast.Is | ast.IsNot) and isinstance(right, ast.Constant) and isinstance(right.value, bool):
            value = self._value(left)
            if _is_flag(value):
                same = _sql(value) == literal(right.value)
                return not_(same) if isinstance(op, ast.IsNot) else same
        if not _is_none(right) or not isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
            raise _mistake(right, "cannot be used here: write == for equal, or is None for a missing value")
        value = _sql(self._value(left))
        return value.is_not(null()) if isinstance(op, ast.IsNot | ast.NotEq) else value.is_(null())

    def _value(self, node: ast.expr) -> Operand:
        """A column, a value or a constant."""
        if isinstance(node, ast.Name) and node.id == "elements":
            raise RequestError("Write 'Li' in elements, or chemsys == 'Li-O'.", "where")
        named = self._named(node, node)
        return literal(self._constant(node)) if named is None else named

    def _named(self, node: ast.expr, required: ast.expr | None) -> Operand | None:
        """What a name stands for; None for what is no name, and for an unknown one that is not ``required``."""
        name = _name(node)
        if name is None:
            return None
        try:
            return terms.find(name, self.known, self.ways)
        except RequestError:
            if required is None:
                return None
            raise

    def _constant(self, node: ast.expr) -> bool | int | float | str:
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
            listed = ", ".join(terms.names(self.known))
            raise RequestError(
                f"{node.id!r} cannot stand here: put text in quotes, or name a column on the left: {listed}.", "where"
            )
        raise _mistake(node, "is not a number, a text in quotes or a column")


def _name(node: ast.expr) -> str | None:
    """The text of ``e_hull``, ``e_hull@chgnet``, ``e_hull@'name'`` and of any of them with ``.uncertainty``."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, attribute):
            inner = _name(value)
            return None if inner is None else f"{inner}.{attribute}"
        case ast.BinOp(ast.Name(name), ast.MatMult(), ast.Attribute(ast.Constant(str() as method), attribute)):
            return f"{name}@{method}.{attribute}"
        case ast.BinOp(ast.Name(name), ast.MatMult(), ast.Constant(str() as method)):
            return f"{name}@{method}"
        case ast.BinOp(ast.Name(name), ast.MatMult(), right):
            inner = _name(right)
            return None if inner is None else f"{name}@{inner}"
    return None


def _marked(stage: str, reason: str) -> ColumnElement[bool]:
    """Whether a stage let a candidate pass although it had a reason against it, this one where it is named."""
    later = verdicts.alias()
    own = select(literal(1)).where(
        verdicts.c.candidate_id == candidates.c.id,
        verdicts.c.stage == stage,
        verdicts.c.status == PASSED,
        verdicts.c.reason == reason if reason else verdicts.c.reason != "",
        ~select(literal(1))
        .where(
            later.c.candidate_id == verdicts.c.candidate_id,
            later.c.stage == verdicts.c.stage,
            later.c.id > verdicts.c.id,
        )
        .exists(),
    )
    return own.correlate(candidates).exists()


def _having(term: Term, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Candidates with such a value, found through the index of values instead of one by one."""
    return candidates.c.id.in_(term.rows(quantities.c.candidate).where(condition))


def _sql(value: Operand) -> ColumnElement[Any]:
    return value.value() if isinstance(value, Term) else value


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.UnaryOp)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(value: Operand) -> bool:
    return isinstance(value.type, Text) or value.type.python_type is str


def _is_flag(value: Operand) -> bool:
    return isinstance(value.type, Boolean)


def _mistake(node: ast.AST, what: str) -> RequestError:
    return RequestError(f"In the filter, {ast.unparse(node)!r} {what}.", "where")
