"""application/pdf: each page by its text layer where it has one, else by OCR.

PDFium opens the file, counts and draws the pages; what was typed into form fields or put on the page as a comment is
made part of it first. The words of the text layer come from pdfplumber. A page is drawn and read by OCR if it has no
words, if it is a picture with hardly any, or if its fonts don't say which letters they show. Of a form that somebody
filled in, what was filled in is a part of its own behind the pages, and the pages that it stands on are no content.

Options: ``forms``, the layouts of reply forms: a page of one is read as ``ocr`` reads it, whether it has a text layer
or not. ``learn``: the PDF is a blank form, whose boxes are to be learned (see ``blankform``). Facts:
    pages              how many pages the file has
    scan_date          CreationDate as ``YYYY-MM-DDTHH:MM:SSZ``; scan_date_local, without Z, if it names no zone

``needs`` has ``rescan`` for a page that can't be read, and ``transcription`` as in ``ocr``.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from math import sqrt
from typing import Any, NamedTuple

import pdfplumber
import pypdfium2
from msgspec.structs import replace as changed
from pdfminer.pdfexceptions import PDFException
from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

from intake.reading import ocr, pdfform
from intake.reading.codes import find_codes
from intake.reading.dispatch import Tick, no_tick
from intake.reading.formlayout import Layout, from_option
from intake.reading.pagetext import Box, compose, into_lines, into_paragraphs
from intake.reading.parts import Part, Reading, Unreadable
from intake.reading.pdfform import Typed
from intake.reading.raster import MAX_PAGES, POINTS, Page, local_time
from intake.reading.sniff import not_a
from intake.reading.wire import Options

READER = "1"
_DPI = 300.0
_CODE_DPI = 150.0
_MAX_PIXELS = 25_000_000
_HEAD_BYTES, _TAIL_BYTES = 1_024, 2_048
_FEW_CHARS = 100
_PICTURE_SHARE = 0.5
_NONSENSE_SHARE = 0.3
_NONSENSE = re.compile("\\(cid:\\d+\\)|[\ufffd\ue000-\uf8ff]")
_DATE = re.compile(r"D?:?(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:(Z)|([+-])(\d\d)'?(\d\d)?)?")
_MAX_OFFSET = timedelta(hours=14)
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_LINK = 2  # FPDF_ANNOT_LINK
_MEDIA_TYPE = "application/pdf"

_DAMAGED = (
    PdfminerException, MalformedPDFException, PDFException, OSError, ValueError, TypeError, KeyError, IndexError,
    AttributeError, AssertionError, ArithmeticError, RecursionError, struct.error,
)  # fmt: skip
"""What pdfminer raises on damaged pages: it trusts most of what it finds."""

PROTECTED = Unreadable(
    "This PDF is protected by a password.", "Ask the sender for the password, or print it and scan the print."
)
_DAMAGED_PAGE = "This page is damaged and could not be drawn."


class _Seen(NamedTuple):
    """The text layer of a page: its words, in points from the top left of the page as shown, and how much of the page
    pictures cover, 0 to 1."""

    boxes: list[Box]
    pictures: float


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:
    """Read a PDF.

    Args:
        data: its bytes.
        options: see above.
        tick: called after each page.

    Raises:
        ToolMissingError: a page needs OCR, and Tesseract or its data is not on this machine.
    """
    if b"%PDF-" not in data[:_HEAD_BYTES]:
        return Unreadable(not_a("a PDF", data), "Open it by hand, and ask for a PDF or a scan if it is a letter.")
    if b"startxref" not in data[-_TAIL_BYTES:] and b"%%EOF" not in data[-_TAIL_BYTES:]:
        return Unreadable("This PDF is cut off: its end is missing.", "Ask for it again, or scan the letter again.")
    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()  # does nothing without a form; must come before the first page is touched
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD_ERROR:
            return PROTECTED
        return Unreadable("This PDF is damaged and does not open.", "Ask for it again, or scan the letter again.")
    if pages == 0:
        return Unreadable("This PDF has no pages.", "Ask for it again, or scan the letter again.")
    if options.get("learn"):
        from intake.reading import blankform  # only for the person who sets a form up

        return blankform.learn(document, data)
    if pages > MAX_PAGES:
        return Unreadable(f"This PDF has more than {MAX_PAGES} pages.", "Split it into several files.")
    forms = from_option(options.get("forms"))
    return _read(document, pages, _with_typed_in(document, data), tick, forms)


def _read(document: Any, pages: int, shown: "_Shown", tick: Tick, forms: Sequence[Layout]) -> Reading | Unreadable:
    data, typed, form_pages = shown
    parts: list[Part] = []
    needs: set[str] = set()
    filled_pages = {field.page for field in typed if field.name}
    if filled_pages:
        filled_pages |= form_pages  # also those on which nothing was filled in
    typed = [field for field in typed if not field.shown or field.page in filled_pages]
    with _text_layers(data, pages) as layers:
        for number in range(pages):
            part = _page(document, number, layers, () if number in filled_pages else forms)
            if number in filled_pages and part.method == "pdf":
                part = changed(part, content=False)
            parts.append(part)
            needs |= {"rescan"} if part.problem else ocr.needs_of(part) if part.method == "ocr" else set()
            tick()
    if all(part.problem for part in parts):
        return Unreadable("No page of this PDF could be read.", "Ask for it again, or scan the letter again.")
    methods = {part.method for part in parts}
    if typed:
        parts.append(pdfform.form_part(typed, len(parts)))
    reader = f"pdf {READER}" + (f", ocr {ocr.READER}" if "ocr" in methods else "")
    facts = {"pages": str(pages), **_scan_date(document.get_metadata_value("CreationDate"))}
    return Reading(reader=reader, parts=parts, facts=facts, needs=sorted(needs))


def _page(document: Any, number: int, layers: "_Layers", forms: Sequence[Layout]) -> Part:
    """Read one page, numbered from 0."""
    try:
        page = document[number]
        width, height = page.get_size()
    except pypdfium2.PdfiumError:
        return ocr.damaged_page(number, _MEDIA_TYPE, _DAMAGED_PAGE)
    seen = layers.page(number)
    if seen is None or _is_picture(seen):
        return _drawn(page, number, width, height, forms)
    found = compose(into_paragraphs(into_lines(seen.boxes)))
    part = Part(
        number=number,
        kind="page",
        media_type=_MEDIA_TYPE,
        text=found.text,
        method="pdf",
        page=number + 1,
        width=round(width, 2),
        height=round(height, 2),
        words=found.words,
        cleaned=found.cleaned,
    )
    if not forms:
        return part
    # A form that was printed into a file, or scanned by a machine that puts its own reading under the picture.
    drawn = _drawn_form(page, part, width, height, forms)
    return part if drawn is None else drawn


def _drawn_form(page: Any, part: Part, width: float, height: float, forms: Sequence[Layout]) -> Part | None:
    """A page with a text layer as a page of a form, None if it is none."""
    from intake.reading import formpage

    if not width * height > 0:
        return None
    low = _rendered(page, width, height, _CODE_DPI)
    codes = [] if low is None else find_codes(low.grey, low.dpi)
    named = formpage.own_form(codes, forms)
    if not (named or formpage.may_be_learned(part.words, forms)):
        return changed(part, codes=codes)
    picture = _rendered(page, width, height, _DPI)
    return None if picture is None else ocr.form_part(picture, part, forms)


def _is_picture(seen: _Seen) -> bool:
    """Whether the words of a page are not what a person would read on it."""
    text = "".join(box.text for box in seen.boxes)
    nonsense = sum(map(len, _NONSENSE.findall(text)))
    return (
        not text
        or (len(text) < _FEW_CHARS and seen.pictures > _PICTURE_SHARE)
        or nonsense > _NONSENSE_SHARE * len(text)
    )


def _drawn(page: Any, number: int, width: float, height: float, forms: Sequence[Layout]) -> Part:
    if not width * height > 0:
        return ocr.damaged_page(number, _MEDIA_TYPE, _DAMAGED_PAGE)
    picture = _rendered(page, width, height, _DPI)
    if picture is None:
        return ocr.damaged_page(number, _MEDIA_TYPE, _DAMAGED_PAGE)
    return ocr.page_part(picture, number, _MEDIA_TYPE, forms)


def _rendered(page: Any, width: float, height: float, dpi: float) -> Page | None:
    """A picture of a page, None if it can't be drawn."""
    dpi = min(dpi, POINTS * sqrt(_MAX_PIXELS / (width * height)))
    try:
        grey = page.render(scale=dpi / POINTS, grayscale=True).to_pil().convert("L")
    except (pypdfium2.PdfiumError, ValueError):
        return None
    return Page(grey, dpi, dpi_assumed=False)


class _Layers:
    """The text layers of a PDF's pages, as far as pdfplumber can open it and finds as many pages as PDFium."""

    def __init__(self, pages: list[pdfplumber.page.Page]) -> None:
        self._pages = pages

    def page(self, number: int) -> _Seen | None:
        """The text layer of a page, numbered from 0; None if it can't be read."""
        if not self._pages:
            return None
        page = self._pages[number]
        try:
            left, top, right, bottom = (float(edge) for edge in page.cropbox)
            boxes = [
                Box(word["text"], word["x0"] - left, word["top"] - top, word["x1"] - left, word["bottom"] - top)
                for word in page.extract_words(x_tolerance_ratio=0.15)
            ]
            area = (right - left) * (bottom - top)
            pictures = sum(float(image["width"]) * float(image["height"]) for image in page.images)
        except _DAMAGED:
            return None
        finally:
            page.close()
        shown = [
            box for box in boxes if box.x1 > 0 and box.bottom > 0 and box.x0 < right - left and box.top < bottom - top
        ]
        return _Seen(shown, pictures / area if area > 0 else 0.0)


@contextmanager
def _text_layers(data: bytes, pages: int) -> Iterator[_Layers]:
    try:
        pdf = pdfplumber.open(BytesIO(data))
        found = pdf.pages
    except _DAMAGED:
        yield _Layers([])
        return
    yield _Layers(found if len(found) == pages else [])


class _Shown(NamedTuple):
    """A PDF with what was filled in as part of its pages: its bytes, what was filled in or commented, and the pages
    (from 0) that have fields of a form."""

    data: bytes
    typed: list[Typed]
    form_pages: set[int]


def _with_typed_in(document: Any, data: bytes) -> _Shown:
    """The PDF with the values of its form fields and the words of its comments as part of its pages, and these
    alone."""
    raw = pypdfium2.raw
    flattened = False
    typed: list[Typed] = []
    form_pages: set[int] = set()
    try:
        if any(_has_more_than_links(document[number]) for number in range(len(document))):
            typed = pdfform.typed_in(document)
            form_pages = pdfform.pages_with_fields(document) if typed else set()
        for number in range(len(document)):
            page = document[number]
            if _has_more_than_links(page):
                flattened |= raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
        if not flattened:
            return _Shown(data, typed, form_pages)
        flat = BytesIO()
        document.save(flat)
    except pypdfium2.PdfiumError:
        return _Shown(data, typed, form_pages)
    return _Shown(flat.getvalue(), typed, form_pages)


def _has_more_than_links(page: Any) -> bool:
    raw = pypdfium2.raw
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        raw.FPDFPage_CloseAnnot(annotation)
        if kind != _LINK:
            return True
    return False


def _scan_date(written: str) -> dict[str, str]:
    """The fact that a CreationDate makes (ISO 32000-1, 7.9.4), if it is a plausible date."""
    found = _DATE.match(written)
    if found is None:
        return {}
    year, month, day, hour, minute, second, utc, sign, hours, minutes = found.groups()
    local = local_time(year, month, day, hour, minute, second or "00")
    if local is None:
        return {}
    if utc is None and sign is None:
        return {"scan_date_local": local}
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if offset > _MAX_OFFSET:
        return {}
    moment = datetime.fromisoformat(local).replace(tzinfo=UTC) - (-offset if sign == "-" else offset)
    return {"scan_date": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
