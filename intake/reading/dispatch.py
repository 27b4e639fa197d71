"""Chooses the reader for a media type. Readers are imported when first needed: a run of mail alone loads no OCR."""

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import BinaryIO, cast

from msgspec.structs import replace

from intake.reading.parts import Piece, Reading, Row, Table, ToolMissing, Unreadable
from intake.reading.wire import Options

Tick = Callable[[], None]
"""Called by a reader after each page, so that a long document isn't taken for one that hangs."""
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
    "text/plain": "text",
    "text/html": "text",
}
SPLITTERS = {"application/mbox": "mbox", "text/csv": "rows"}

EMPTY = Unreadable("This file is empty.", "Ask for it to be sent again; keep this one as a record that it came.")


class ToolMissingError(Exception):
    """Raised inside a reader that finds this machine incomplete; it carries the answer."""

    def __init__(self, missing: ToolMissing) -> None:
        super().__init__(missing.tool)
        self.missing = missing


def no_tick() -> None:
    """The tick of a caller that does not wait for one."""


def read(data: bytes, media_type: str, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:
    """Read one item.

    Args:
        data: its bytes.
        media_type: a key of ``READERS``; the reader receives it as ``options["media_type"]``.
        options: what the reader documents, and nothing else.
        tick: called after each page.

    Raises:
        ToolMissingError: this machine lacks something that the reader needs.
    """
    name = READERS.get(media_type)
    if name is None:
        return _no_reader(media_type)
    if not data:
        return EMPTY
    return _with_zones(_reader(name)(data, {**options, "media_type": media_type}, tick))


def _with_zones(result: Reading | Unreadable) -> Reading | Unreadable:
    """A reading with what frames a letter marked on its pages."""
    if isinstance(result, Unreadable) or not any(part.kind == "page" and part.words for part in result.parts):
        return result
    from intake.reading.zones import zoned  # a message without pages needs none of it

    return replace(result, parts=[zoned(part) for part in result.parts])


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
def _splitter(name: str) -> Splitter:
    return cast(Splitter, import_module(f"intake.reading.{name}").split)
