"""What the menus do with DFT: hand the selected candidates in, and collect what came back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from crystal_studio.app.numbers_text import plural
from crystal_studio.campaign.dft_request import DftRequest

if TYPE_CHECKING:
    from crystal_studio.app.dft.collect_dialog import CollectDialog
    from crystal_studio.app.dft.dft_dialog import DftDialog
    from crystal_studio.app.window_parts import WindowParts


class DftHandlers:
    """Works on the project of a window; what runs here is launched like a campaign."""

    def __init__(self, window: WindowParts, launch: Callable[[DftRequest], object]) -> None:
        self._window, self._launch = window, launch
        window.actions_.join({"explore.dft": self.hand_in, "explore.collect_dft": self.collect})

    def hand_in(self) -> DftDialog | None:
        """Ask how the selected candidates are computed, and begin."""
        from crystal_studio.app.dft.dft_dialog import DftDialog

        window = self._window
        project, reader, ids = window.session.path, window.session.reader, window.explore.selected_ids()
        if project is None or reader is None or not ids or window.campaign.running:
            return None
        dialog = DftDialog(project, reader, ids, window.background, window.state, window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.asked.connect(self._launch)
        dialog.open()
        return dialog

    def collect(self) -> CollectDialog | None:
        """Ask which bundles have come back, and read them."""
        from crystal_studio.app.dft.collect_dialog import CollectDialog
        from crystal_studio.app.dft.collecting import awaited

        window = self._window
        project, reader = window.session.path, window.session.reader
        if project is None or reader is None or window.campaign.running:
            return None
        dialog = CollectDialog(project, awaited(reader), window.background, window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.collected.connect(lambda ids: window.status.tell(f"{plural(len(ids), 'DFT result')} taken"))
        dialog.collected.connect(lambda _: window.session.poll())
        dialog.open()
        return dialog
