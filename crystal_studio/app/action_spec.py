"""What an action of the user is, and the conditions that it can need."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ActionSpec:
    """One action. ``needs`` names the conditions that must hold; the first that fails is the reason shown."""

    id: str
    text: str
    menu: str
    shortcut: str = ""
    tip: str = ""
    icon: str = ""
    needs: tuple[str, ...] = ()
    checkable: bool = False
    separator: bool = False  # a line above it in its menu


CONDITIONS: dict[str, str] = {
    "project": "Open or create a project first.",
    "writable": "This project is open for reading only.",
    "valid request": "Correct the request on the Design page first.",
    "idle": "A campaign is running: wait for it or stop it first.",
    "running": "No campaign is running.",
    "paused": "The campaign is not paused.",
    "unpaused": "The campaign is paused already.",
    "alone": "Another window or command is writing to this project: wait for it or stop it there.",
    "unfinished": "There is no unfinished campaign in this project.",
    "selection": "Select candidates in the table on the Explore page first.",
    "candidates": "There are no candidates in this project yet.",
    "undo": "There is nothing to undo.",
    "redo": "There is nothing to redo.",
    "example": "The bundled example is not installed.",
    "ternaries": "The bundled example of ternary systems is not installed.",
    "frameworks": "The bundled example of metal-organic frameworks is not installed.",
}

MENUS = ("File", "Edit", "Design", "Run", "Explore", "View", "Help")


def dock(key: str, text: str, what: str, separator: bool = False) -> ActionSpec:
    """That which shows or hides a dock of the Explore page."""
    return ActionSpec(f"view.{key}", text, "View", "", f"Show or hide {what}", "", (), True, separator)
