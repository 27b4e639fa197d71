"""The text layer of a PDF's pages, by pdfplumber: words with boxes, and how much of the page pictures cover."""

import re
import struct
import zlib
from io import BufferedReader, BytesIO, RawIOBase
from mmap import mmap
from typing import Any, NamedTuple

import pdfplumber
from pdfminer.pdfexceptions import PDFException
from pdfminer.pdftypes import PDFStream, resolve1
from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

from intake.reading.pagetext import Box

_KEPT_BYTES = 32_000_000
_SEARCHED_BYTES = 1_000_000
_EMPTY_BYTES = 16  # a stream of so few holds nothing, packed
_SHOWS = re.compile(rb"\b(?:Tj|TJ|Do|sh|EI)\b")
_SHOWS_NOTHING = re.compile(rb"(?:\( {0,9}\)|< {0,9}>)\s{0,9}Tj|\[ {0,9}\]\s{0,9}TJ")

_DAMAGED = (
    PdfminerException, MalformedPDFException, PDFException, OSError, ValueError, TypeError, KeyError, IndexError,
    AttributeError, AssertionError, ArithmeticError, RecursionError, struct.error,
)  # fmt: skip
"""What pdfminer raises on damaged pages: it trusts most of what it finds."""


class Seen(NamedTuple):
    """The text layer of a page: its words, in points from the top left of the page as shown, and how much of the page
    pictures cover, 0 to 1."""

    boxes: list[Box]
    pictures: float


class Layers:
    """The text layers of a PDF's pages, as far as pdfplumber can open it and finds as many pages as PDFium. It is
    opened when the first of them is asked for: a PDF of pictures needs none."""

    def __init__(self, data: bytes | mmap, pages: int) -> None:
        """Args: data: the PDF. pages: how many pages it has."""
        self._data = data
        self._count = pages
        self._pdf: Any = None
        self._pages: list[Any] | None = None

    def count(self) -> int | None:
        """How many pages pdfplumber finds; None if it can't open the file."""
        if self._pdf is None:
            self._open()
        return None if self._pages is None else len(self._pages)

    def page(self, number: int) -> Seen | None:
        """The text layer of a page, numbered from 0; None if it can't be read."""
        if self.count() != self._count or self._pages is None:
            return None
        page = self._pages[number]
        try:
            return _seen(page)
        except _DAMAGED:
            return None
        finally:
            page.close()
            self._let_go()

    def is_damaged(self, number: int) -> bool:
        """Whether a page on which PDFium finds nothing to draw has content (ISO 32000-1, 7.8.2) that is damaged: it
        says to show something, or can't be unpacked."""
        if self.count() != self._count or self._pages is None:
            return False
        try:
            streams = [resolve1(one) for one in self._pages[number].page_obj.contents]
            return any(_is_damaged(stream) for stream in streams if isinstance(stream, PDFStream))
        except _DAMAGED:
            return True
        finally:
            self._let_go()

    def _open(self) -> None:
        data = self._data
        stream: Any = BytesIO(data) if isinstance(data, bytes) else BufferedReader(_View(data))
        try:
            self._pdf = pdfplumber.open(stream)
            self._pages = self._pdf.pages
        except _DAMAGED:
            self._pdf = self._pdf or False  # tried, and not again

    def _let_go(self) -> None:
        """Forget the streams of earlier pages (pictures, mostly), which pdfminer would keep to the end."""
        cached: dict[int, tuple[Any, Any]] = getattr(self._pdf.doc, "_cached_objs", {})
        streams = {key: found[0] for key, found in cached.items() if isinstance(found[0], PDFStream)}
        if sum(len(stream.rawdata or b"") + len(stream.data or b"") for stream in streams.values()) > _KEPT_BYTES:
            for key in streams:
                del cached[key]


def _is_damaged(stream: PDFStream) -> bool:
    """Whether a content stream of which nothing was drawn says that something is to be drawn, or can't be unpacked."""
    raw = bytes(stream.rawdata or b"")
    try:
        said = bytes(stream.get_data())
    except (*_DAMAGED, zlib.error):
        return bool(raw.strip())
    if said.strip():
        return _SHOWS.search(_SHOWS_NOTHING.sub(b"", said[:_SEARCHED_BYTES])) is not None
    # pdfminer gives nothing for a stream that does not unpack, as for one that holds nothing.
    if len(raw) < _EMPTY_BYTES or stream.decipher is not None:
        return False
    try:
        return bool(zlib.decompressobj().decompress(raw, 1).strip())
    except zlib.error:
        return True


def _seen(page: Any) -> Seen:
    left, top, right, bottom = (float(edge) for edge in page.cropbox)
    width, height = right - left, bottom - top
    boxes = [
        Box(word["text"], word["x0"] - left, word["top"] - top, word["x1"] - left, word["bottom"] - top)
        for word in page.extract_words(x_tolerance_ratio=0.15)
    ]
    shown = [box for box in boxes if box.x1 > 0 and box.bottom > 0 and box.x0 < width and box.top < height]
    covered = 0.0
    for image in page.images:
        across = min(float(image["x1"]), right) - max(float(image["x0"]), left)
        down = min(float(image["bottom"]), bottom) - max(float(image["top"]), top)
        covered += max(0.0, across) * max(0.0, down)
    return Seen(shown, min(1.0, covered / (width * height)) if width * height > 0 else 0.0)


class _View(RawIOBase):
    """A file to read from that is the mapped one, with a position of its own and nothing copied."""

    def __init__(self, data: mmap) -> None:
        self._data = data
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, len(self._data))[whence])
        return self._at

    def readinto(self, buffer: Any) -> int:
        piece = self._data[self._at : self._at + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
