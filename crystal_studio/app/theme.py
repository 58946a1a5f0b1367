"""The look of the program: one set of tokens a theme, from which palette, style sheet and plots are made."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

SCHEMES = ("system", "light", "dark")


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
        from crystal_studio.app.stylesheet import style_sheet

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


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two colours, 1 to 21."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
