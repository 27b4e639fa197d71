"""Chooses the reader for a media type. Readers are imported when first needed: a run of mail alone loads no OCR."""

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from mmap import mmap
from typing import BinaryIO, cast

from msgspec.structs import replace

from intake.reading.agreed import Document, Tick, no_tick
from intake.reading.pages import join
from intake.reading.parts import Picture, Piece, Reading, Row, Sound, Table, Unreadable
from intake.reading.sniff import kind_with_pages
from intake.reading.wire import Options

Reader = Callable[[bytes, Options, Tick], Reading | Unreadable]
Splitter = Callable[[BinaryIO, Options], Unreadable | tuple[Table, Iterator[list[Row]]] | Iterator[list[Piece]]]

READERS = {
    "message/rfc822": "mime",
    "application/pdf": "pdf",
    "image/tiff": "ocr",
    "image/jpeg": "ocr",
    "image/png": "ocr",
    "image/gif": "ocr",
    "image/heic": "ocr",
    "image/heif": "ocr",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-word.document.macroenabled.12": "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template": "docx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/vnd.ms-outlook": "msg",
    "application/vnd.twilio.call+json": "call",
    "application/vnd.twilio.message+json": "call",
    "text/plain": "text",
    "text/html": "text",
}
_WITH_PAGES = frozenset({"pdf", "ocr"})
SPLITTERS = {
    "application/mbox": "mbox",
    # Whichever of these a table is called: what it is, its bytes say.
    "text/csv": "tabular",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "tabular",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template": "tabular",
    "application/vnd.ms-excel.sheet.macroenabled.12": "tabular",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": "tabular",
    "application/vnd.ms-excel": "tabular",
    "application/vnd.oasis.opendocument.spreadsheet": "tabular",
}

EMPTY = Unreadable("This file is empty.", "Ask for it to be sent again; keep this one as a record that it came.")


def read(data: bytes, media_type: str, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:
    """Read one item.

    Args:
        data: its bytes.
        media_type: a key of ``READERS``; the reader receives it as ``options["media_type"]``.
        options: what the reader documents, and nothing else.
        tick: called after each page.

    A file of pages is read whole: what is attached to a message, or a picture in a document.

    Raises:
        ToolMissingError: this machine lacks something that the reader needs.
    """
    name = READERS.get(media_type)
    if name is None:
        return _no_reader(media_type)
    if not data:
        return EMPTY
    if options.get("learn"):
        from intake.reading import blankform  # only for the person who sets a form up

        return blankform.read(data)
    if name in _WITH_PAGES:
        document = open_document(data, media_type, options)
        if isinstance(document, Unreadable):
            return document
        return join(_pages(document, 0, document.pages, tick))
    return _reader(name)(data, {**options, "media_type": media_type}, tick)


def _with_zones(reading: Reading) -> Reading:
    """A reading with what frames a letter marked on its pages."""
    if not any(part.kind == "page" and part.words for part in reading.parts):
        return reading
    from intake.reading.zones import zoned  # a message without pages needs none of it

    return replace(reading, parts=[zoned(part) for part in reading.parts])


def draw(data: bytes, media_type: str, options: Options) -> Picture | Unreadable:
    """Draw a page of one item; for the options see ``picture``."""
    from intake.reading import picture  # only where somebody looks at a page

    return picture.draw(data, media_type, options) if data else EMPTY


def listen(data: bytes, media_type: str, options: Options) -> Sound | Unreadable:
    """Decode the recording that an item is, or holds; for the options see ``audio``."""
    from intake.reading import audio  # only where a speech program is configured

    return audio.listen(data, media_type, options) if data else EMPTY


def has_pages(media_type: str) -> bool:
    """Whether files of this kind are opened by ``open_document`` and read a page at a time."""
    return READERS.get(media_type) in _WITH_PAGES


def open_document(data: bytes | mmap, media_type: str, options: Options) -> Document | Unreadable:
    """Open a file of pages, whichever kind of them it is: a JPEG that is called .pdf is read as a JPEG.

    Args:
        data: its bytes, which stay as they are as long as it is open.
        media_type: one that ``has_pages``.
        options: what the readers pdf and ocr document.
    """
    if not len(data):
        return EMPTY
    kind = kind_with_pages(data) or media_type
    return _opener(READERS[kind])(data, {**options, "media_type": kind})


def read_pages(document: Document, first: int, end: int, tick: Tick) -> Reading | Unreadable:
    """Read some pages of an open document, from ``first`` (from 0) to before ``end``; with none, only what there is to
    be said about it. Damaged pages stay in their place."""
    readings = _pages(document, first, min(end, document.pages), tick)
    if end - first == 1 or end <= first:
        return next(readings, document.about())
    return join(readings, first)


def _pages(document: Document, first: int, end: int, tick: Tick) -> Iterator[Reading]:
    for number in range(first, end):
        yield _with_zones(document.page(number))
        tick()


def split(
    stream: BinaryIO, media_type: str, options: Options
) -> Unreadable | tuple[Table, Iterator[list[Row]]] | Iterator[list[Piece]]:
    """Split a delivery: an mbox into its messages, a table into its rows.

    Args:
        stream: the delivery, seekable, at its start.
        media_type: a key of ``SPLITTERS``.
        options: what the splitter documents.
    """
    name = SPLITTERS.get(media_type)
    if name is None:
        return _no_reader(media_type)
    if not stream.read(1):
        return EMPTY
    stream.seek(0)
    return _splitter(name)(stream, options)


def _no_reader(media_type: str) -> Unreadable:
    if media_type == "application/octet-stream":  # what a name without a known suffix stands for
        return Unreadable(
            "The file's name does not say what kind of file it is.",
            "Open it by hand: if it is an email message, put it in again named .eml, else ask for it as a PDF.",
        )
    shown = media_type if len(media_type) < 100 and media_type.isascii() and media_type.isprintable() else "unknown"
    return Unreadable(f"There is no reader for files of the kind {shown}.", "Open it by hand, or ask for it as a PDF.")


@cache
def _reader(name: str) -> Reader:
    return cast(Reader, import_module(f"intake.reading.{name}").read)


@cache
def _opener(name: str) -> Callable[[bytes | mmap, Options], Document | Unreadable]:
    return cast(
        Callable[[bytes | mmap, Options], Document | Unreadable], import_module(f"intake.reading.{name}").opened
    )


@cache
def _splitter(name: str) -> Splitter:
    return cast(Splitter, import_module(f"intake.reading.{name}").split)
