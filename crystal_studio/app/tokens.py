"""Colours of the light and the dark theme by what they mean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tokens:
    """Colours by what they mean, as "#rrggbb"."""

    name: str
    window: str  # behind the cards
    surface: str  # cards, tables, fields
    sunken: str  # wells: unfilled bars, chips at rest
    hover: str
    line: str
    line_strong: str
    text: str
    muted: str  # secondary text, still 4.5:1 on every ground
    faint: str  # disabled text only
    accent: str
    accent_hover: str
    accent_soft: str
    on_accent: str
    allowed: str
    allowed_soft: str
    required: str
    required_soft: str
    excluded: str
    excluded_soft: str
    warning: str
    warning_soft: str
    danger: str
    danger_soft: str
    success: str
    series: tuple[str, ...]  # plot colours, told apart by colour-blind readers too


LIGHT = Tokens(
    name="light",
    window="#f2f4f8",
    surface="#ffffff",
    sunken="#e9edf3",
    hover="#eef2f8",
    line="#dbe1ea",
    line_strong="#b4bfcd",
    text="#17202c",
    muted="#526072",
    faint="#93a0b0",
    accent="#2456c5",
    accent_hover="#1b469f",
    accent_soft="#e3ebfc",
    on_accent="#ffffff",
    allowed="#2456c5",
    allowed_soft="#dbe6fd",
    required="#0a7052",
    required_soft="#d3f0e4",
    excluded="#ad3a12",
    excluded_soft="#fbe2d7",
    warning="#855300",
    warning_soft="#fdf0d2",
    danger="#b3261e",
    danger_soft="#fbe3e1",
    success="#0a7052",
    series=("#2456c5", "#d9822b", "#0f8f6b", "#a23b8f", "#5b7083", "#c0392b"),
)

DARK = Tokens(
    name="dark",
    window="#10141b",
    surface="#181e27",
    sunken="#242c38",
    hover="#212936",
    line="#2b3442",
    line_strong="#4a586b",
    text="#e7ebf2",
    muted="#a0adbe",
    faint="#647285",
    accent="#7ba7ff",
    accent_hover="#9bbcff",
    accent_soft="#22345a",
    on_accent="#0a1426",
    allowed="#7ba7ff",
    allowed_soft="#213359",
    required="#4fcf9f",
    required_soft="#153b2e",
    excluded="#ff9d73",
    excluded_soft="#47271b",
    warning="#f2bf62",
    warning_soft="#3d3018",
    danger="#ff8d85",
    danger_soft="#482321",
    success="#4fcf9f",
    series=("#7ba7ff", "#f0a35c", "#4fcf9f", "#e08fd0", "#9fb2c6", "#ff8d85"),
)


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two colours, 1 to 21."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
