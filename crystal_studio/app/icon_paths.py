"""Icons as our own simple paths on a 24 x 24 grid."""

from __future__ import annotations

# Strokes of width 1.8 with round ends; "fill:" marks shapes that are filled instead.
PATHS: dict[str, str] = {
    "design": "M4 20l4-1 11-11-3-3L5 16z M14 7l3 3",
    "run": "fill:M8 5v14l11-7z",
    "explore": "M4 6h16 M4 12h16 M4 18h16 M9 6v12",
    "pause": "M9 6v12 M15 6v12",
    "stop": "fill:M7 7h10v10H7z",
    "resume": "fill:M8 5v14l11-7z",
    "new": "M7 3h7l4 4v14H7z M14 3v4h4 M12.5 11v6 M9.5 14h6",
    "open": "M3 7h6l2 2h10v10H3z",
    "save": "M5 4h11l3 3v13H5z M8 4v5h7V4 M8 20v-6h8v6",
    "copy": "M9 9h11v11H9z M15 9V4H4v11h5",
    "import": "M12 4v11 M8 11l4 4 4-4 M4 20h16",
    "export": "M12 15V4 M8 8l4-4 4 4 M4 20h16",
    "undo": "M8 5L4 9l4 4 M4 9h9a6 6 0 0 1 0 12H9",
    "redo": "M16 5l4 4-4 4 M20 9h-9a6 6 0 0 0 0 12h4",
    "search": "M10.5 4a6.5 6.5 0 1 0 .01 0z M15.5 15.5L20 20",
    "dice": "M6.5 4h11A2.5 2.5 0 0 1 20 6.5v11a2.5 2.5 0 0 1-2.5 2.5h-11A2.5 2.5 0 0 1 4 17.5v-11A2.5 2.5 0 0 1 6.5 4z "
    "fill:M8.5 7a1.5 1.5 0 1 0 .01 0z M15.5 14a1.5 1.5 0 1 0 .01 0z M12 10.5a1.5 1.5 0 1 0 .01 0z "
    "M15.5 7a1.5 1.5 0 1 0 .01 0z M8.5 14a1.5 1.5 0 1 0 .01 0z",
    "close": "M6 6l12 12 M18 6L6 18",
    "check": "M5 12.5l4.5 4.5L19 7",
    "columns": "M4 5h16v14H4z M10 5v14 M15 5v14",
    "filter": "M4 5h16l-6 8v6l-4-2v-4z",
    "folder": "M3 7h6l2 2h10v10H3z",
    "theme": "M12 4a8 8 0 1 0 .01 0z fill:M12 4a8 8 0 0 1 0 16z",
    "command": "M5 6l6 6-6 6 M13 18h7",
    "warning": "M12 4L3 20h18z M12 10v5 M12 17.6h.01",
    "info": "M12 4a8 8 0 1 0 .01 0z M12 11v5 M12 8h.01",
    "clear": "M5 7h14 M9 7V4h6v3 M7 7l1 13h8l1-13",
    "crystal": "M12 2.5l8 4.8v9.4l-8 4.8-8-4.8V7.3z M12 12l8-4.7 M12 12L4 7.3 M12 12v9.5",
    "chevron": "M7 10l5 5 5-5",
    "lower": "M7 14l5-5 5 5",
    "closed": "M10 7l5 5-5 5",
    "scatter": "M4 4v16h16 M9 15h.01 M12 10h.01 M16 12h.01 M17 7h.01 M8 11h.01",
    "add": "M12 5v14 M5 12h14",
    "help": "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4 M12 17.5h.01",
}


def svg(name: str, colour: str) -> bytes:
    """The icon as an SVG document in one colour."""
    strokes: list[str] = []
    fills: list[str] = []
    for index, part in enumerate(PATHS[name].split("fill:")):
        (fills if index else strokes).append(part.strip())
    body = "".join(
        f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linecap="round" '
        'stroke-linejoin="round"/>'
        for d in strokes
        if d
    ) + "".join(f'<path d="{d}" fill="{colour}" stroke="none"/>' for d in fills if d)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{body}</svg>'.encode()
