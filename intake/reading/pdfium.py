"""PDFium, as far as several readers need it: opening a PDF, its annotations, and the strings that it hands out."""

import ctypes
import re
from collections.abc import Callable, Iterator
from mmap import mmap
from typing import Any

import pypdfium2

from intake.reading.parts import Unreadable
from intake.reading.pdflayer import Layers
from intake.reading.sniff import not_a

NOTE, LINK, FREE_TEXT, SQUARE, FILE, WIDGET = 1, 2, 3, 5, 17, 20
"""Kinds of annotations (FPDF_ANNOT_…)."""
BUTTON, CHECKBOX, RADIO, COMBO, LIST, TEXT, SIGNATURE = 1, 2, 3, 4, 5, 6, 7
"""Kinds of fields (FPDF_FORMFIELD_…)."""
_NO_ERROR, _PASSWORD_ERROR, _SECURITY_ERROR = 0, 4, 5  # FPDF_ERR_SUCCESS, FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
_MAX_STRING_BYTES = 400_000
_HEAD_BYTES, _TAIL_BYTES = 1_024, 2_048
_ZIP = b"PK\x03\x04"
_LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s+(\d{1,12})\b|/L\s+(\d{1,12})\b[^>]{0,200}?/Linearized\b")
_OBJECT = re.compile(rb"\b\d+ \d+ obj\b")

PROTECTED = Unreadable(
    "This PDF is protected by a password.", "Ask the sender for the password, or print it and scan the print."
)
_AGAIN = "Ask for it again, or scan the letter again."


def open_pdf(data: bytes | mmap) -> Any | Unreadable:
    """PDFium's document of a PDF, with its form; the bytes are not copied."""
    # A zip that holds PDFs unpacked has their words in it, and would pass for the last of them.
    if data[:4] == _ZIP or b"%PDF-" not in data[:_HEAD_BYTES]:
        return Unreadable(not_a("a PDF", data), "Open it by hand, and ask for a PDF or a scan if it is a letter.")
    tail = data[-_TAIL_BYTES:]
    if b"startxref" not in tail and b"%%EOF" not in tail:
        return Unreadable("This PDF is cut off: its end is missing.", _AGAIN)
    try:
        document = pypdfium2.PdfDocument(
            data if isinstance(data, bytes) else (ctypes.c_ubyte * len(data)).from_buffer(data)
        )
        document.init_forms()  # does nothing without a form; must come before the first page is touched
        len(document)
    except pypdfium2.PdfiumError as error:
        return _not_opened(error.err_code, data)
    return document


def _not_opened(error: int | None, data: bytes | mmap) -> Unreadable:
    if error == _PASSWORD_ERROR:
        return PROTECTED
    if error == _SECURITY_ERROR:
        return Unreadable("This PDF is encrypted in a way that is not known here.", PROTECTED.next_step)
    if error == _NO_ERROR or Layers(data, 0).count() == 0:
        return Unreadable("This PDF has no pages.", _AGAIN)
    return Unreadable("This PDF is damaged and does not open.", _AGAIN)


def is_cut(data: bytes | mmap) -> bool:
    """Whether the end of a PDF that opens is missing, so that pages may be: it is shorter than it says (linearized: ISO
    32000-1, annex F), or a later version of it has begun behind its last end."""
    said, tail = _LINEARIZED.search(data[:_HEAD_BYTES]), data[-_TAIL_BYTES:]
    if said is not None and int(said[1] or said[2]) > len(data):
        return True
    return _OBJECT.search(tail[max(0, tail.rfind(b"%%EOF")) :]) is not None if b"%%EOF" in tail else False


def holds_files(document: Any) -> bool:
    """Whether files are attached to a PDF as a whole (a portfolio)."""
    return bool(pypdfium2.raw.FPDFDoc_GetAttachmentCount(document) > 0)


def annotations(page: Any, most: int | None = None) -> Iterator[Any]:
    """The annotations of a page, the first ``most`` of them; each is gone once the next one is asked for."""
    raw = pypdfium2.raw
    count = raw.FPDFPage_GetAnnotCount(page)
    for index in range(count if most is None else min(count, most)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if annotation:
            try:
                yield annotation
            finally:
                raw.FPDFPage_CloseAnnot(annotation)


def string_of(get: Callable[..., int], *asked: Any) -> str:
    """A string that PDFium hands out as UTF-16 with a NUL at its end, its size in bytes asked for first."""
    size = min(get(*asked, None, 0), _MAX_STRING_BYTES)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    get(*asked, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")
