"""A blank form whose boxes somebody marked: where they are, what stands beside them, and what else is printed.

The boxes are the PDF's form fields (AcroForm); if it has none, the rectangles that somebody drew onto the pages in a
viewer (square annotations; ISO 32000-1, 12.5.6.8), whose comment names them.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import Any

import msgspec
import numpy as np
import pdfplumber
import pypdfium2

from intake.reading import ocr
from intake.reading.blanks import FACT, Blank, BlankBox, BlankPage
from intake.reading.formlayout import MASK_POINTS, Kind, LayoutWord, packed_mask, telling_words
from intake.reading.pagetext import Box, into_lines
from intake.reading.parts import Part, Reading, Unreadable
from intake.reading.pdfium import CHECKBOX, RADIO, SQUARE, TEXT, WIDGET, annotations, open_pdf, string_of
from intake.reading.raster import POINTS, Page

READER = "1"
_MAX_PAGES, _MAX_BOXES = 20, 400
_TICK_POINTS, _SLENDER = 34.0, 1.6
_DRAWN_DPI, _INK = 144.0, 200
_NEAR, _LINES_ABOVE = 12.0, 12


def read(data: bytes) -> Reading | Unreadable:
    """Learn the boxes of a blank form from its PDF."""
    document = open_pdf(data)
    if isinstance(document, Unreadable):
        return document
    if len(document) > _MAX_PAGES:
        return Unreadable(f"This form has more than {_MAX_PAGES} pages.", "Learn its pages in several files.")
    found = [list(_boxes(document, number)) for number in range(len(document))]
    fields = any(is_field for boxes in found for is_field, _ in boxes)
    pages = []
    parts = []
    with pdfplumber.open(BytesIO(data)) as pdf:
        for number, boxes in enumerate(found):
            chosen = [box for is_field, box in boxes if is_field is fields][:_MAX_BOXES]
            pages.append(_page(document[number], pdf.pages[number], chosen))
            parts.append(Part(number=number, kind="page", media_type="application/pdf", page=number + 1, content=False))
    return Reading(reader=f"blank form {READER}", parts=parts, facts={FACT: msgspec.json.encode(Blank(pages)).decode()})


def _boxes(document: Any, number: int) -> Iterator[tuple[bool, BlankBox]]:
    """The fields and rectangles of a page; true for a field."""
    raw = pypdfium2.raw
    form = document.formenv.raw if document.formenv is not None else None
    page = document[number]
    for annotation in annotations(page, 10 * _MAX_BOXES):
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        edges = _edges(page, annotation)
        if kind == WIDGET and form is not None and (field := _field(form, annotation, edges)) is not None:
            yield True, field
        elif kind == SQUARE:
            said = _string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
            yield False, BlankBox(" ".join(said.split()), _by_size(edges), edges)


def _field(form: Any, annotation: Any, edges: tuple[float, float, float, float]) -> BlankBox | None:
    raw = pypdfium2.raw
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    name = _string(raw.FPDFAnnot_GetFormFieldName, form, annotation)
    if kind == RADIO:
        return BlankBox(f"{name}.{_string(raw.FPDFAnnot_GetFormFieldExportValue, form, annotation)}", "tick", edges)
    if kind == CHECKBOX:
        return BlankBox(name, "tick", edges)
    return BlankBox(name, "written", edges) if kind == TEXT else None


def _by_size(edges: tuple[float, float, float, float]) -> Kind:
    width, height = edges[2] - edges[0], edges[3] - edges[1]
    small = max(width, height) <= _TICK_POINTS and max(width, height) <= _SLENDER * min(width, height)
    return "tick" if small else "written"


def _edges(page: Any, annotation: Any) -> tuple[float, float, float, float]:
    """Where an annotation is, in points from the top left of the page as shown."""
    raw = pypdfium2.raw
    box = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, box)
    width, height = page.get_size()
    corners = []
    for x, y in ((box.left, box.top), (box.right, box.bottom)):
        across, down = ctypes.c_int(), ctypes.c_int()
        size = round(width * 100), round(height * 100)
        raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, across, down)
        corners.append((across.value / 100, down.value / 100))
    (a, b), (c, d) = corners
    return min(a, c), min(b, d), max(a, c), max(b, d)


def _page(page: Any, layer: pdfplumber.page.Page, boxes: Sequence[BlankBox]) -> BlankPage:
    width, height = page.get_size()
    drawn = page.render(scale=_DRAWN_DPI / POINTS, grayscale=True, may_draw_forms=False, draw_annots=False)
    grey = np.asarray(drawn.to_pil().convert("L"))
    words = _words(page, layer)
    lines = into_lines(words)
    middles = [LayoutWord(w.text, round((w.x0 + w.x1) / 2, 1), round((w.top + w.bottom) / 2, 1)) for w in words]
    return BlankPage(
        width=round(width, 2),
        height=round(height, 2),
        boxes=[_described(box, lines, grey) for box in boxes],
        words=[(word.text, word.x, word.y) for word in telling_words(middles)],
        mask=packed_mask(_cells(grey < _INK, width, height)),
    )


def _words(page: Any, layer: pdfplumber.page.Page) -> list[Box]:
    """The printed words: of the text layer, or read where it has none."""
    left, top, _, _ = (float(edge) for edge in layer.cropbox)
    words = [
        Box(word["text"], word["x0"] - left, word["top"] - top, word["x1"] - left, word["bottom"] - top)
        for word in layer.extract_words(x_tolerance_ratio=0.15)
    ]
    if words:
        return words
    drawn = page.render(scale=300 / POINTS, grayscale=True, may_draw_forms=False, draw_annots=False)
    read = ocr.plain_part(Page(drawn.to_pil().convert("L"), 300.0, dpi_assumed=False), 0, "application/pdf")
    return [Box(word.text, word.x0, word.top, word.x1, word.bottom, word.confidence) for word in read.words]


def _described(box: BlankBox, lines: Sequence[Sequence[Box]], grey: Any) -> BlankBox:
    x0, top, x1, bottom = box.box
    middle = (top + bottom) / 2
    level = [line for line in lines if min(w.top for w in line) - 2 < middle < max(w.bottom for w in line) + 2]
    right = [word for line in level for word in line if word.x0 >= x1 - 2]
    beside = _until_gap(right) or " ".join(word.text for line in level for word in line if word.x1 <= x0 + 2)
    higher = [line for line in lines if max(w.bottom for w in line) <= top + 3][-_LINES_ABOVE:]
    k = _DRAWN_DPI / POINTS
    inset = 2.0
    inside = grey[
        round((top + inset) * k) : round((bottom - inset) * k), round((x0 + inset) * k) : round((x1 - inset) * k)
    ]
    blank = float((inside < _INK).mean()) if inside.size else 0.0
    above = "\n".join(" ".join(word.text for word in line) for line in higher)
    return msgspec.structs.replace(box, blank=round(blank, 4), beside=beside, above=above)


def _until_gap(words: Sequence[Box]) -> str:
    """The words from the first one up to a wide gap: another column's are no label."""
    said: list[str] = []
    end = None
    for word in sorted(words, key=lambda w: w.x0):
        if end is not None and word.x0 - end > _NEAR:
            break
        said.append(word.text)
        end = word.x1
    return " ".join(said)


def _cells(dark: Any, width: float, height: float) -> Any:
    """Which cells of the page's mask have something printed in them."""
    rows, columns = round(height / MASK_POINTS), round(width / MASK_POINTS)
    cells = np.zeros((rows, columns), bool)
    y, x = np.nonzero(dark)
    k = POINTS / _DRAWN_DPI / MASK_POINTS
    cells[np.minimum((y * k).astype(int), rows - 1), np.minimum((x * k).astype(int), columns - 1)] = True
    return cells


def _string(get: Callable[..., int], *asked: Any) -> str:
    return string_of(get, *asked).replace("\x00", "")
