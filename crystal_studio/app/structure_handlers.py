"""What the menus do with one structure: take it to the design panel, whole or by its Wyckoff positions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crystal_studio.campaign import seed_structure
from crystal_studio.campaign.seed_structure import SeedStructure

if TYPE_CHECKING:
    from crystal_studio.app.window_parts import WindowParts


class StructureHandlers:
    """Works on the selected candidate of a window and shows what comes of it on the Design page."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window

    def show(self, tab: str) -> None:
        """Go to a tab of the design panel."""
        self._window.show_page("design")
        self._window.design.what.show_tab(tab)

    def complete(self) -> None:
        """Keep and complete the selected candidate."""
        self._take("keep")

    def use_template(self) -> None:
        """Ask for the Wyckoff positions of the selected candidate."""
        self._take("template")

    def use_cell(self) -> None:
        """Ask for crystals in the cell of the selected candidate."""
        self._take("cell")

    def complete_file(self) -> None:
        """Ask for a structure file to keep and complete."""
        self.show("sites")
        sites = self._window.design.sites
        sites.mode.chosen.emit("keep")
        sites.open_file()

    def read(self, path: Path) -> None:
        """Keep and complete the structure of a file."""
        self.show("sites")
        self._window.design.sites.mode.chosen.emit("keep")
        self._window.design.sites.read(path)

    def _take(self, sites: str) -> None:
        window = self._window
        reader, ids = window.session.reader, window.explore.selected_ids()
        if reader is None or not ids:
            return

        def read(_: object) -> SeedStructure:
            row = reader.candidate(ids[0])
            return seed_structure.of_candidates(reader.batch(ids[:1]), name=f"candidate {row.id} ({row.formula})")

        def done(found: SeedStructure) -> None:
            window.design.sites.take_structure(found, sites)
            self.show("sites")
            if len(ids) > 1:
                window.status.tell(f"Took the first of the {len(ids)} candidates selected")

        window.background.run(read, done, window.fault, key="seed structure")
