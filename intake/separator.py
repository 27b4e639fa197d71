"""Separator sheets as a PDF: a sentence that a person reads, and a code that the scan folder reads.

The code is large (a module has 2 mm or more) and has the highest error correction (level H of ISO/IEC 18004: nearly a
third of it may be lost), so that a sheet that was copied, crumpled or scanned badly is still known.
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from intake.qr import draw_code
from intake.reading.sheet import Sheet

HEADING = "SEPARATOR SHEET"
SENTENCE = "A new letter starts behind this sheet."
_HANDLING = "Lay one before each letter of the batch. It is scanned with the letters and is no part of what they say."
_COPIED = "Copy this sheet: one for each letter."
_CODE_MM = 120.0
_MARGIN_MM = 20.0


def separator_pdf(sheets: Sequence[Sheet], title: str) -> bytes:
    """A PDF of A4 pages, one a sheet; ``title`` is the consultation's."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle("Separator sheets")
    for sheet in sheets:
        _draw(canvas, sheet, title)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def words_of(sheet: Sheet) -> list[str]:
    """What the sheet says to a person, below its heading."""
    day = f"{sheet.received.day} {sheet.received:%B %Y}"
    where = f"Box {sheet.box}" + (f", batch {sheet.batch}" if sheet.batch else "")
    number = f"Sheet {sheet.number} of {sheet.count}" if sheet.count else _COPIED
    return [f"Received on {day}", where, number]


def printed_on(sheet: Sheet, title: str) -> list[str]:
    """All lines of a sheet, from the top."""
    return [HEADING, SENTENCE, *words_of(sheet), _HANDLING, title]


def _draw(canvas: Any, sheet: Sheet, title: str) -> None:
    from reportlab.lib.units import mm

    width, height = canvas._pagesize
    top = height - 28 * mm
    canvas.setFillGray(0)
    for text, font, size in (
        (HEADING, "Helvetica-Bold", 34.0),
        (SENTENCE, "Helvetica-Bold", 22.0),
        *((line, "Helvetica", 20.0) for line in words_of(sheet)),
    ):
        _centred(canvas, text, font, size, top)
        top -= size * 1.55
    side = _CODE_MM * mm
    draw_code(canvas, sheet.text(), ((width - side) / 2, 32 * mm), side, level="H", quiet=4)
    _centred(canvas, _HANDLING, "Helvetica", 10.0, 24 * mm)
    _centred(canvas, title, "Helvetica", 10.0, 18 * mm)


def _centred(canvas: Any, text: str, font: str, size: float, top: float) -> None:
    """A line in the middle of the page, smaller if it would not fit."""
    from reportlab.lib.units import mm

    width = canvas._pagesize[0]
    room = width - 2 * _MARGIN_MM * mm
    needed = canvas.stringWidth(text, font, size)
    canvas.setFont(font, size if needed <= room else max(6.0, size * room / needed))
    canvas.drawCentredString(width / 2, top, text)
