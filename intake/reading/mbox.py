"""application/mbox: where each message of an mbox lies (mboxo, mboxrd, mboxcl, mboxcl2; RFC 4155).

A message goes from the line after its From_ line to the next From_ line, or to the empty line before that, which
belongs to the mbox, as does one at the end of the file. A From_ line has a date, or is one word with a header field in
the next line; if neither the start of the file nor an empty line is before it, a header field must follow in any case.
A Content-Length is respected only if it leads exactly to a From_ line or to the end of the file.

The file is gone through in chunks, so its size does not matter. Nothing in it is changed: ">From " stays, and the
reader of the messages undoes it (``unquote_from``).
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from intake.reading.parts import Piece, Unreadable
from intake.reading.wire import Options

READER = "1"
_CHUNK_BYTES = 4 * 1024 * 1024
_LINE_BYTES = 1_024
_HEADER_BYTES = 65_536
_PIECES_A_FRAME = 1_000
_CANDIDATE = re.compile(rb"\n(\r?\n)?(?=From )")
_DATED = re.compile(
    rb"From .{0,900}?\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b.{0,40}?\d{1,2}:\d\d.{0,60}\r?$", re.DOTALL
)
_ONE_WORD = re.compile(rb"From [^\s]{1,300} *\r?$")
_FIELD = re.compile(rb"[!-9;-~]{1,200}:")
_CONTENT_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,15})[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_HEADER_END = re.compile(rb"\n\r?\n")

NO_MBOX = Unreadable(
    "This file is not an mbox: it does not begin with a From_ line.",
    "If it is a single message, name it .eml; else ask for another export of the mailbox.",
)


class _File:
    """A file of any size, read through one window that moves."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, 2)
        self._start = 0
        self._chunk = b""

    def chunk(self, at: int) -> tuple[int, bytes]:
        """A piece of the file with its offset: it holds two lines of what starts here, or all."""
        enough = min(at + 2 * _LINE_BYTES, self.size)
        if not self._start <= at <= enough <= self._start + len(self._chunk):
            self._stream.seek(at)
            self._start, self._chunk = at, self._stream.read(_CHUNK_BYTES)
        return self._start, self._chunk

    def window(self, at: int, length: int = 2 * _LINE_BYTES) -> bytes:
        """Some bytes from here."""
        start, chunk = self.chunk(at)
        return chunk[at - start : at - start + length]


def split(stream: BinaryIO, options: Options) -> Unreadable | Iterator[list[Piece]]:  # noqa: ARG001 - as all splitters
    """Split an mbox.

    Args:
        stream: the file, seekable; empty lines may stand before its first From_ line.
        options: none.

    Returns:
        The pieces, a thousand at a time, or ``Unreadable`` if the file does not begin with a From_ line.
    """
    file = _File(stream)
    head = file.window(0)
    first = len(head) - len(head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"))
    if not _is_from_line(file.window(first)):
        return NO_MBOX
    return _grouped(_pieces(file, first))


def _pieces(file: _File, first: int) -> Iterator[Piece]:
    marker: int | None = first
    while marker is not None:
        line = file.window(marker).partition(b"\n")[0]
        start = min(marker + len(line) + 1, file.size)
        end, marker = _by_content_length(file, start) or _by_next_marker(file, start)
        yield Piece(start, end)


def _by_next_marker(file: _File, start: int) -> tuple[int, int | None]:
    """Where the message that starts here ends, and where the From_ line of the next one is (None at the end)."""
    at = start - 1  # a message without a byte: the empty line follows its From_ line at once
    while True:
        offset, chunk = file.chunk(at)
        for found in _CANDIDATE.finditer(chunk, at - offset):
            marker = offset + found.end()
            if _is_from_line(file.window(marker), after_empty_line=bool(found[1])):
                return max(start, offset + found.start() + 1), marker
        if offset + len(chunk) >= file.size:
            return max(start, _end_of_last(file)), None
        at = offset + len(chunk) - _LINE_BYTES


def _end_of_last(file: _File) -> int:
    """Where the last message ends: the empty line after it is the mbox's, as it is for all others, so that the message
    keeps its bytes when another one follows."""
    tail = file.window(max(0, file.size - 3), 3)
    if tail.endswith(b"\n\r\n"):
        return file.size - 2
    return file.size - 1 if tail.endswith(b"\n\n") else file.size


def _by_content_length(file: _File, start: int) -> tuple[int, int | None] | None:
    """The same by the message's Content-Length, or None if it has none or a wrong one."""
    head = file.window(start, _HEADER_BYTES)
    header_end = _HEADER_END.search(head)
    length = _CONTENT_LENGTH.search(head, 0, header_end.start() + 1) if header_end else None
    if header_end is None or length is None:
        return None
    end = start + header_end.end() + int(length[1])
    if end > file.size:
        return None
    marker = end + len(file.window(end, 4)) - len(file.window(end, 4).lstrip(b"\r\n"))
    if marker == file.size:
        return end, None
    after_line = file.window(end - 1, 1) == b"\n" or marker > end
    return (end, marker) if after_line and _is_from_line(file.window(marker)) else None


def _is_from_line(window: bytes, *, after_empty_line: bool = True) -> bool:
    line, _, rest = window.partition(b"\n")
    if not line.startswith(b"From "):
        return False
    before_header = bool(_FIELD.match(rest))
    dated = bool(_DATED.match(line))
    return (dated and (before_header or after_empty_line)) or (before_header and bool(_ONE_WORD.match(line)))


def _grouped(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    group: list[Piece] = []
    for piece in pieces:
        group.append(piece)
        if len(group) == _PIECES_A_FRAME:
            yield group
            group = []
    if group:
        yield group
