"""The look of the program: one set of tokens a theme, from which palette, style sheet and plots are made."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from crystal_studio.app.stylesheet import style_sheet
from crystal_studio.app.tokens import DARK, LIGHT, Tokens

SCHEMES = ("system", "light", "dark")


def palette(tokens: Tokens) -> QPalette:
    """The Qt palette of a theme, for everything the style sheet does not name."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: tokens.window,
        QPalette.ColorRole.WindowText: tokens.text,
        QPalette.ColorRole.Base: tokens.surface,
        QPalette.ColorRole.AlternateBase: tokens.window,
        QPalette.ColorRole.Text: tokens.text,
        QPalette.ColorRole.Button: tokens.surface,
        QPalette.ColorRole.ButtonText: tokens.text,
        QPalette.ColorRole.BrightText: tokens.danger,
        QPalette.ColorRole.Highlight: tokens.accent,
        QPalette.ColorRole.HighlightedText: tokens.on_accent,
        QPalette.ColorRole.ToolTipBase: tokens.surface,
        QPalette.ColorRole.ToolTipText: tokens.text,
        QPalette.ColorRole.PlaceholderText: tokens.muted,
        QPalette.ColorRole.Link: tokens.accent,
        QPalette.ColorRole.LinkVisited: tokens.accent,
        QPalette.ColorRole.Light: tokens.surface,
        QPalette.ColorRole.Midlight: tokens.hover,
        QPalette.ColorRole.Mid: tokens.line_strong,
        QPalette.ColorRole.Dark: tokens.line_strong,
        QPalette.ColorRole.Shadow: tokens.line_strong,
        QPalette.ColorRole.Accent: tokens.accent,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.faint))
    return made


class ThemeManager(QObject):
    """Holds the theme of the application and tells when it changes."""

    changed = Signal()

    def __init__(self, application: QApplication, scheme: str = "system") -> None:
        super().__init__(application)
        self.setObjectName("theme")
        self._application = application
        self._scheme = scheme
        self.tokens = LIGHT
        self._applied: tuple[Tokens, float] | None = None
        application.styleHints().colorSchemeChanged.connect(self._system_changed)
        self.set_scheme(scheme)

    @property
    def scheme(self) -> str:
        """What the user chose: system, light or dark."""
        return self._scheme

    def set_scheme(self, scheme: str) -> None:
        """Switch to "light" or "dark", or follow the "system"."""
        self._scheme = scheme if scheme in SCHEMES else "system"
        native = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        self._application.styleHints().setColorScheme(native.get(self._scheme, Qt.ColorScheme.Unknown))
        self._apply()

    def _system_changed(self) -> None:
        if self._scheme == "system":
            self._apply()

    def _apply(self) -> None:
        dark = self._scheme == "dark" or (
            self._scheme == "system" and self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
        )
        tokens = DARK if dark else LIGHT
        size = self._application.font().pointSizeF()
        if self._applied == (tokens, size):
            return  # a style sheet set again would polish every widget again
        self._applied = (tokens, size)
        self.tokens = tokens
        self._application.setPalette(palette(self.tokens))
        self._application.setStyleSheet(style_sheet(tokens, size))
        self.changed.emit()


def manager() -> ThemeManager:
    """The theme of the running application; made on first use."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("There is no QApplication yet.")
    found = application.findChild(ThemeManager, "theme")
    return found if isinstance(found, ThemeManager) else ThemeManager(application)


def tokens() -> Tokens:
    """The colours in force."""
    return manager().tokens
