"""Rich text in table and tree cells: formulas with subscripts, space-group symbols with overbars."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAbstractTextDocumentLayout, QColor, QFont, QFontMetricsF, QPainter, QPalette, QTextDocument
from PySide6.QtWidgets import (
    QApplication,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionHeaderV2,
    QStyleOptionViewItem,
    QWidget,
)

from crystal_studio.app import theme

HTML_ROLE = int(Qt.ItemDataRole.UserRole) + 40
ELLIPSIS = "…"
INSET = 3  # what Qt leaves between an item's text and its frame, pixels


@lru_cache(maxsize=4096)
def _laid_out(html: str, font_key: str) -> QTextDocument:
    """One line of rich text; QStaticText would be faster but draws no overbars."""
    font = QFont()
    font.fromString(font_key)
    document = QTextDocument()
    document.setDocumentMargin(0)
    document.setDefaultFont(font)
    document.setHtml(f"<span style='white-space: pre'>{html}</span>")
    return document


def draw_rich(
    painter: QPainter, box: QRectF, html: str, font: QFont, palette: QPalette, at_right: bool = False
) -> None:
    """Draw one line of rich text in a box, vertically centred, with an ellipsis where it does not fit."""
    document = _laid_out(html, font.toString())
    size = document.size()
    context = QAbstractTextDocumentLayout.PaintContext()
    context.palette = palette
    painter.save()
    if size.width() > box.width() + 1:
        dots = QFontMetricsF(font).horizontalAdvance(ELLIPSIS)
        painter.setFont(font)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, ELLIPSIS)
        box = box.adjusted(0, 0, -dots, 0)
    elif at_right:
        box = box.adjusted(box.width() - size.width(), 0, 0, 0)
    painter.setClipRect(box)
    painter.translate(QPointF(box.left(), box.top() + (box.height() - size.height()) / 2))
    document.documentLayout().draw(painter, context)
    painter.restore()


class RichTextDelegate(QStyledItemDelegate):
    """Paints ``HTML_ROLE`` where a cell has one, the plain text otherwise."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        html = index.data(HTML_ROLE)
        if not html:
            super().paint(painter, option, index)
            return
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        plain.text = ""
        style = plain.widget.style() if plain.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, plain.widget)
        box = style.subElementRect(QStyle.SubElement.SE_ItemViewItemText, plain, plain.widget)
        at_right = bool(plain.displayAlignment & Qt.AlignmentFlag.AlignRight)
        draw_rich(painter, QRectF(box).adjusted(INSET, 0, -INSET, 0), html, plain.font, plain.palette, at_right)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), max(size.height(), int(QFontMetricsF(option.font).height() * 1.55)))


class RichTextHeader(QHeaderView):
    """The header of a table that paints ``HTML_ROLE`` where a section has one, the plain text otherwise."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        model = self.model()
        html = model.headerData(logicalIndex, self.orientation(), HTML_ROLE) if model else None
        if not html:
            super().paintSection(painter, rect, logicalIndex)
            return
        option = QStyleOptionHeaderV2()
        self.initStyleOption(option)
        option.rect = rect
        self.initStyleOptionForIndex(option, logicalIndex)
        right = bool(option.textAlignment & Qt.AlignmentFlag.AlignRight)
        option.text = ""
        style = self.style()
        style.drawControl(QStyle.ControlElement.CE_Header, option, painter, self)
        box = QRectF(style.subElementRect(QStyle.SubElement.SE_HeaderLabel, option, self))
        font, palette = self.font(), option.palette
        font.setWeight(QFont.Weight.DemiBold)  # of the sections in the style sheet, which tells nobody its font
        palette.setColor(QPalette.ColorRole.Text, QColor(theme.tokens().muted))
        if right:
            box.setLeft(max(box.left(), box.right() - _laid_out(html, font.toString()).size().width()))
        draw_rich(painter, box, html, font, palette)
