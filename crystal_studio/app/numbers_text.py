"""Numbers as a reader wants them: thousands apart, units always there, spans of time in words."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

MISSING = "–"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # of any locale


def count(value: float) -> str:
    """A whole number with thousands apart: "12,480"."""
    return f"{int(value):,}"


def figure(value: float | None, digits: int = 3, unit: str = "") -> str:
    """A number with fixed decimals and its unit, or a dash where there is none."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return MISSING
    text = f"{value:,.{digits}f}".replace("-", "\u2212")
    return f"{text} {unit}" if unit else text


def plus_minus(value: float | None, std: float | None, digits: int) -> str:
    """A value with one standard deviation: "−1.23 ± 0.05"; a dash where there is none."""
    return MISSING if figure(value) == MISSING else f"{figure(value, digits)} ± {figure(std, digits)}"


def span(seconds: float) -> str:
    """A span of time: "under 1 s", "42 s", "4 min", "2 h 05 min"; a dash where it is unknown."""
    if not math.isfinite(seconds) or seconds < 0:
        return MISSING
    if seconds < 1:
        return "under 1 s"
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def day(moment: datetime, now: datetime) -> str:
    """A moment as one remembers it: "today 14:02", "yesterday 09:10", "12 Nov 2026"."""
    if moment.date() == now.date():
        return f"today {moment:%H:%M}"
    if moment.date() == now.date() - timedelta(days=1):
        return f"yesterday {moment:%H:%M}"
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def left(seconds: float, at_least: bool = False) -> str:
    """The time left: "4 min", "over 4 min" where only a lower bound is known."""
    text = span(seconds)
    return f"over {text}" if at_least and text != MISSING else text


def rate(per_second: float) -> str:
    """A rate with the unit that keeps it readable: "3.1 / s", "24 / min"."""
    if not math.isfinite(per_second) or per_second <= 0:
        return MISSING
    if per_second >= 100:
        return f"{count(per_second)} / s"
    if per_second >= 1:
        return f"{per_second:.1f} / s"
    if per_second * 60 >= 1:
        return f"{per_second * 60:.0f} / min"
    return f"{per_second * 3600:.0f} / h"


def plural(number: int, one: str, many: str = "") -> str:
    """ "1 candidate", "2 candidates"."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"
