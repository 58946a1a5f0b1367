"""Rich text in table and tree cells: formulas with subscripts, space-group symbols with overbars."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPalette, QStaticText, QTextOption
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

HTML_ROLE = int(Qt.ItemDataRole.UserRole) + 40
INSET = 3  # what Qt leaves between an item's text and its frame, pixels
_ONE_LINE = QTextOption()
_ONE_LINE.setWrapMode(QTextOption.WrapMode.NoWrap)


@lru_cache(maxsize=4096)
def _laid_out(html: str, family: str, size: float, weight: int) -> QStaticText:
    text = QStaticText(html)
    text.setTextFormat(Qt.TextFormat.RichText)
    text.setTextOption(_ONE_LINE)
    font = QFont(family)
    font.setPointSizeF(size)
    font.setWeight(QFont.Weight(weight))
    text.prepare(font=font)
    return text


def draw_rich(painter: QPainter, box: QRectF, html: str, font: QFont, colour: QPalette, centred: bool = False) -> None:
    """Draw one line of rich text in a box, vertically centred."""
    text = _laid_out(html, font.family(), font.pointSizeF(), int(font.weight()))
    size = text.size()
    x = box.left() + (box.width() - size.width()) / 2 if centred else box.left()
    painter.save()
    painter.setClipRect(box)
    painter.setFont(font)
    painter.setPen(colour.color(QPalette.ColorRole.Text))
    painter.drawStaticText(QPointF(x, box.top() + (box.height() - size.height()) / 2), text)
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
        draw_rich(painter, QRectF(box).adjusted(INSET, 0, -INSET, 0), html, plain.font, plain.palette)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), max(size.height(), int(QFontMetricsF(option.font).height() * 1.55)))
