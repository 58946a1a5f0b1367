"""The funnel: a bar a stage with how many entered, passed, were marked and failed, and why."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.flow import FlowLayout
from crystal_studio.app.numbers_text import count, plural, rate
from crystal_studio.app.widgets import label
from crystal_studio.campaign.events import StageCount
from crystal_studio.funnel.reasons import title

MAX_REASONS = 4


class FunnelBar(QWidget):
    """Passed in full colour (striped where only marked), rejected hatched, still inside plain; the length is the share
    of all asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumHeight(18)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._parts = (0, 0, 0, 0, 1)
        theme.manager().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(240, 18)

    def show_counts(self, entered: int, passed: int, failed: int, total: int, marked: int = 0) -> None:
        """Draw these numbers; ``marked`` are among those that passed."""
        self._parts = (entered, passed, failed, marked, max(total, entered, 1))
        said = f", {marked} of them marked" if marked else ""
        self.setAccessibleName(f"{entered} entered, {passed} passed{said}, {failed} rejected")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        entered, passed, failed, marked, total = self._parts
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(t.sunken))
        painter.drawRoundedRect(box, 4, 4)

        def part(start: float, length: float) -> QRectF:
            return QRectF(
                box.left() + box.width() * start / total, box.top(), box.width() * length / total, box.height()
            )

        if entered > passed + failed:
            painter.setBrush(QColor(t.accent_soft))
            painter.drawRoundedRect(part(0, entered), 4, 4)
        if passed:
            painter.setBrush(QColor(t.accent))
            painter.drawRoundedRect(part(0, passed), 4, 4)
        if marked:
            painter.setBrush(QBrush(QColor(t.surface), Qt.BrushStyle.FDiagPattern))
            painter.drawRoundedRect(part(passed - marked, marked), 4, 4)
        if failed:
            painter.setBrush(QColor(t.excluded_soft))
            painter.drawRoundedRect(part(passed, failed), 4, 4)
            painter.setBrush(QBrush(QColor(t.excluded), Qt.BrushStyle.BDiagPattern))
            painter.setPen(QPen(QColor(t.excluded), 1))
            painter.drawRoundedRect(part(passed, failed), 4, 4)


class _StageRow(QWidget):
    reason_clicked = Signal(str, str)

    def __init__(self, stage: StageCount) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.stage = stage.stage
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        self.title = label(stage.title, "section")
        self.rate = label("", "small")
        self.counts = label("", "muted")
        self.counts.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.bar = FunnelBar()
        self.reasons = QWidget()
        self.reasons.setProperty("role", "plain")
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.reasons.setSizePolicy(policy)
        self._flow = FlowLayout(self.reasons, 2)
        self._shown: dict[str, int] = {}
        grid.addWidget(self.title, 0, 0)
        grid.addWidget(self.rate, 0, 1)
        grid.addWidget(self.counts, 0, 2)
        grid.addWidget(self.bar, 1, 0, 1, 3)
        grid.addWidget(self.reasons, 2, 0, 1, 3)
        grid.setColumnStretch(1, 1)

    def show_stage(self, stage: StageCount, total: int, ended: bool) -> None:
        self.bar.show_counts(stage.entered, stage.passed, stage.rejected, total, stage.marked)
        text = f"{count(stage.passed)} of {count(stage.entered)} passed"
        if stage.marked:
            text = f"{text} · {count(stage.marked)} marked"
        if stage.waiting:
            text = f"{count(stage.waiting)} waiting · {text}"
        if stage.error:
            text = f"{plural(stage.error, 'error')} to be tried again · {text}"
        self.counts.setText(text if stage.entered else "not reached" if ended else "waiting")
        self.rate.setText(rate(stage.rate) if stage.rate > 0 else "")
        reasons = dict(sorted(stage.reasons.items(), key=lambda pair: -pair[1])[:MAX_REASONS])
        if list(reasons) != list(self._shown):
            self._flow.clear()
            for reason in reasons:
                link = QPushButton()
                link.setProperty("role", "link")
                link.setProperty("reason", reason)
                link.setToolTip("Show these candidates on the Explore page")
                link.setProperty("words", title(self.stage, reason))
                link.clicked.connect(lambda _=False, reason=reason: self.reason_clicked.emit(self.stage, reason))
                self._flow.addWidget(link)
            self.reasons.setVisible(bool(reasons))
            self.reasons.updateGeometry()
        for i, number in enumerate(reasons.values()):
            item = self._flow.itemAt(i)
            button = item.widget() if item else None
            if isinstance(button, QPushButton):
                button.setText(f"{count(number)} × {button.property('words')}")
        self._shown = reasons


class FunnelChart(QWidget):
    """All stages under each other; ``reason_clicked(stage, code)``."""

    reason_clicked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "plain")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        self._column.addStretch(1)
        self._rows: list[_StageRow] = []

    def show_stages(self, stages: Sequence[StageCount], total: int, ended: bool = False) -> None:
        """Draw the stages; ``total`` candidates asked for are the full width; ``ended``: nothing more will come."""
        if [row.stage for row in self._rows] != [s.stage for s in stages]:
            for row in self._rows:
                row.deleteLater()
            self._rows = []
            for stage in stages:
                made = _StageRow(stage)
                made.reason_clicked.connect(self.reason_clicked)
                self._column.insertWidget(len(self._rows), made)
                self._rows.append(made)
        for shown, stage in zip(self._rows, stages, strict=True):
            shown.show_stage(stage, total, ended)
