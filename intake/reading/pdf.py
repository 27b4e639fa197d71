"""application/pdf: each page by its text layer where that says what the page shows, else by OCR.

PDFium opens the file, counts and draws the pages; what was typed into form fields or put on the page as a comment is
made part of it first. The words of the text layer come from pdfplumber; whether they are to be believed is decided by
``trust``, and the choice is kept with the page, as is the reading that was not taken. Of a form that somebody filled
in, what was filled in is a part of its own behind the pages, and the pages that it stands on are no content.

Options: ``pages``, ``[first, end]``, from 0, half-open (see ``dispatch.read_pages``). ``forms``, the layouts of reply
forms: a page of one is read as ``ocr`` reads it, whether it has a text layer or not. ``learn``: the PDF is a blank
form, whose boxes are to be learned (see ``blankform``). Facts:
    pages              how many pages the file has
    scan_date          CreationDate as ``YYYY-MM-DDTHH:MM:SSZ``; scan_date_local, without Z, if it names no zone

``needs`` has ``rescan`` for a page that can't be read or a file whose end looks cut off, ``attachment`` for files
inside the file (a portfolio), and ``transcription`` as in ``ocr``, or where OCR can't confirm a doubtful text layer.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from mmap import mmap
from typing import Any

import pypdfium2
from msgspec.structs import replace as changed

from intake.reading import ocr, pdfcodes, pdfform, sheetink, trust
from intake.reading.agreed import ToolMissingError
from intake.reading.drawn import NotDrawn, draw, lacks_a_picture
from intake.reading.formlayout import Layout, from_option
from intake.reading.pages import MAX_PAGES, damaged_page, in_points_of
from intake.reading.pagetext import Box, arrange, compose
from intake.reading.parts import INKED, OtherReading, Part, Reading, Unreadable
from intake.reading.pdfform import Typed
from intake.reading.pdfium import FILE, LINK, WIDGET, annotations, holds_files, is_cut, open_pdf
from intake.reading.pdflayer import Layers
from intake.reading.raster import POINTS, Page, local_time, page_of
from intake.reading.sheet import MORE
from intake.reading.wire import Options

READER = "2"
_DATE = re.compile(r"D?:?(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:(Z)|([+-])(\d\d)'?(\d\d)?)?")
_MAX_OFFSET = timedelta(hours=14)
_LONGEST_LETTER_INCHES, _A4_INCHES = 24.0, 11.69
_MAX_CHECK_POINTS = 2_000.0
_MEDIA_TYPE = "application/pdf"

_DAMAGED_PAGE = "This page is damaged and could not be drawn."
_LOST_CONTENT = "What this page should show is damaged and could not be drawn."
_LOST_PICTURE = "The picture that this page should show is damaged and could not be drawn."


def opened(data: bytes | mmap, options: Options) -> "PdfFile | Unreadable":
    """Open a PDF.

    Args:
        data: its bytes; they are not copied.
        options: see above.
    """
    document = open_pdf(data)
    if isinstance(document, Unreadable):
        return document
    pages = len(document)
    if pages > MAX_PAGES:
        return Unreadable(f"This PDF has more than {MAX_PAGES} pages.", "Split it into several files.")
    needs = ({"rescan"} if is_cut(data) else set()) | ({"attachment"} if holds_files(document) else set())
    return PdfFile(document, data, needs, from_option(options.get("forms")))


class PdfFile:
    """A PDF that is open; ``pages`` is how many it has."""

    def __init__(self, document: Any, data: bytes | mmap, needs: set[str], forms: Sequence[Layout]) -> None:
        """Args: document: PDFium's. data: its bytes. needs: of the file as a whole. forms: what its pages may be of."""
        self.pages = pages = len(document)
        self._forms = forms
        self._document = document
        self._layers = Layers(data, pages)
        self._needs = needs
        self._facts = {"pages": str(pages), **_scan_date(document.get_metadata_value("CreationDate"))}

    def about(self) -> Reading:
        """What there is to be said about the file without reading a page."""
        return Reading(reader=f"pdf {READER}", parts=[], facts=self._facts, needs=sorted(self._needs))

    def page(self, number: int) -> Reading:
        """Read one page; see ``agreed.Document``.

        Raises:
            ToolMissingError: the page needs OCR, and Tesseract or its data is not on this machine.
        """
        part, typed, files = self._page(number)
        parts = [part, *([pdfform.form_part(typed, number + 1)] if typed is not None else [])]
        needs = {"rescan"} if part.problem else ocr.needs_of(part) if part.method == "ocr" else set()
        needs |= {"transcription"} if trust.disputed(part) else set()
        needs |= self._needs | ({"attachment"} if files else set())
        if number == 0 and (self._layers.count() or 0) > self.pages:
            needs.add("rescan")  # the file says that it has fewer pages than there are, and PDFium believes it
        reader = f"pdf {READER}" + (f", ocr {ocr.READER}" if part.method == "ocr" or part.others else "")
        return Reading(reader=reader, parts=parts, facts=self._facts, needs=sorted(needs))

    def _page(self, number: int) -> tuple[Part, list[Typed] | None, bool]:
        """A page, what was typed onto it (None where nothing could be), and whether files are attached to it."""
        try:
            page = self._document[number]
        except pypdfium2.PdfiumError:
            return damaged_page(number, _MEDIA_TYPE, _DAMAGED_PAGE), None, False
        try:
            kinds = {pypdfium2.raw.FPDFAnnot_GetSubtype(annotation) for annotation in annotations(page)}
            if not kinds - {LINK}:
                return page_part(page, number, self._layers, forms=self._forms), None, False
            found = pdfform.typed_on(self._document, page, number)
            typed = found if found or WIDGET in kinds else None
            forms = () if any(field.name for field in found) else self._forms  # it was filled in on a screen
            flattened = pypdfium2.raw.FPDFPage_Flatten(page, pypdfium2.raw.FLAT_NORMALDISPLAY)
            if flattened == pypdfium2.raw.FLATTEN_SUCCESS:
                page.close()
                page = self._document[number]
                return page_part(page, number, self._alone(number), 0, forms), typed, FILE in kinds
            return page_part(page, number, self._layers, forms=forms), typed, FILE in kinds
        except pypdfium2.PdfiumError:
            return damaged_page(number, _MEDIA_TYPE, _DAMAGED_PAGE), None, False
        finally:
            page.close()

    def _alone(self, number: int) -> Layers:
        """The text layer of a page that was changed, in a PDF of its own."""
        alone = pypdfium2.PdfDocument.new()
        try:
            alone.import_pages(self._document, [number])
            out = BytesIO()
            alone.save(out)
        finally:
            alone.close()
        return Layers(out.getvalue(), 1)


def page_part(page: Any, number: int, layers: Layers, at: int | None = None, forms: Sequence[Layout] = ()) -> Part:
    """Read one page: by its text layer, by OCR, or by the better of both.

    Args:
        page: PDFium's.
        number: its number in the file, from 0.
        layers: where its text layer is found.
        at: its number there, if it is another one.
        forms: the reply forms that it may be a page of.

    Raises:
        ToolMissingError: it needs OCR, and Tesseract or its data is not on this machine.
    """
    there = number if at is None else at
    seen = layers.page(there) if _has_text(page) else None
    if seen is None or not seen.boxes:
        read = _by_ocr(page, number, forms)
        return damaged_page(number, _MEDIA_TYPE, _LOST_CONTENT) if _is_lost(page, read, layers, there) else read
    width, height = page.get_size()
    try:
        grey, dpi = draw(
            page, min(trust.CHECK_DPI, trust.CHECK_DPI * _MAX_CHECK_POINTS / max(width, height)), colour=False
        )
    except NotDrawn:
        return damaged_page(number, _MEDIA_TYPE, _DAMAGED_PAGE)
    judged = trust.judge(seen.boxes, seen.pictures, grey, dpi)
    layer = _by_layer(judged.boxes, page, number)
    if not judged.doubt and not _sample_holds(judged.boxes, grey, dpi):
        judged = judged._replace(doubt="its text layer says something else than it shows")
    if not judged.doubt:
        if forms and (form := _form_page(page, layer, forms)) is not None:
            return form
        if (code := sheetink.sheet_code(layer.codes)) is not None and not sheetink.is_bare(grey, dpi, code):
            return _with_more(layer, page, number, forms)
        return changed(layer, choice=_left_out(judged.hidden)) if judged.hidden else layer
    read = _by_ocr(page, number, forms)
    if read.problem:
        return read if judged.useless else layer
    if read.method == "form":
        return read
    by_ocr, why = trust.choose(layer, read, judged)
    taken, other = (read, layer) if by_ocr else (layer, read)
    said = OtherReading(other.engine, _all_words(seen.boxes) if by_ocr else other.text, other.confidence)
    why = f"{why}; {_left_out(judged.hidden)}" if judged.hidden and not by_ocr else why
    return changed(taken, choice=why, others=[*taken.others, said], codes=taken.codes or other.codes)


def _is_lost(page: Any, read: Part, layers: Layers, at: int) -> bool:
    """Whether a page passes for an empty one because PDFium could make nothing of its content."""
    empty = not read.words and not read.problem and not read.ink
    return empty and pypdfium2.raw.FPDFPage_CountObjects(page) == 0 and layers.is_damaged(at)


def _with_more(layer: Part, page: Any, number: int, forms: Sequence[Layout]) -> Part:
    """A separator sheet with a text layer on which there is more than was printed: the layer's words, or, if OCR finds
    more of them (a scan made searchable, and what was written on it), those of OCR."""
    read = _by_ocr(page, number, forms)
    taken = read if not read.problem and len(read.words) > len(layer.words) else layer
    return changed(taken, choice=MORE, codes=layer.codes)


def _sample_holds(boxes: list[Box], grey: Any, dpi: float) -> bool:
    """Whether OCR reads on a few lines what the text layer says there; it is believed where nothing can be compared."""
    picture, text = trust.sample(boxes, grey, dpi)
    if not text:
        return True
    try:
        read = ocr.plain_part(Page(picture, dpi, dpi_assumed=False), 0, _MEDIA_TYPE)
    except ToolMissingError:
        return True
    return trust.same(text, read.text)


def _left_out(hidden: int) -> str:
    return f"{hidden} word{'s' if hidden > 1 else ''} of the text layer can't be seen on the page and were left out"


def _all_words(boxes: list[Box]) -> str:
    return compose(arrange(boxes)).text


def _has_text(page: Any) -> bool:
    try:
        text = page.get_textpage()
    except pypdfium2.PdfiumError:
        return True
    try:
        return bool(text.count_chars() > 0)
    finally:
        text.close()


def _by_layer(boxes: list[Box], page: Any, number: int) -> Part:
    width, height = page.get_size()
    found = compose(arrange(boxes))
    return Part(
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
        engine="text layer",
        codes=pdfcodes.codes_on(page, width, height),
    )


def _form_page(page: Any, layer: Part, forms: Sequence[Layout]) -> Part | None:
    """A page with a sound text layer as a page of a form, which somebody printed into a file; None if it is none."""
    from intake.reading import formpage  # image libraries that other pages don't need

    if not (formpage.own_form(layer.codes, forms) or formpage.may_be_learned(layer.words, forms)):
        return None
    try:
        picture, dpi = draw(page)
    except (NotDrawn, ValueError):
        return None
    form = ocr.form_part(page_of(picture, dpi), layer, forms)
    return None if form is None else in_points_of(form, *page.get_size())


def _by_ocr(page: Any, number: int, forms: Sequence[Layout]) -> Part:
    width, height = page.get_size()
    try:
        picture, dpi = draw(page)
    except (NotDrawn, ValueError):
        return damaged_page(number, _MEDIA_TYPE, _DAMAGED_PAGE)
    likely = max(width, height) / POINTS <= _LONGEST_LETTER_INCHES
    if not likely:  # a photograph without a resolution, one point a pixel: most likely of a sheet of paper
        dpi = max(picture.size) / _A4_INCHES
    read = ocr.page_part(page_of(picture, dpi, dpi_assumed=not likely), number, _MEDIA_TYPE, forms)
    if not read.words and (read.ink or 0.0) < INKED and lacks_a_picture(page):
        return damaged_page(number, _MEDIA_TYPE, _LOST_PICTURE)  # it would pass for an empty page
    return in_points_of(read, width, height)


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
