"""What travels between a reader's process and its parent: msgpack values in frames with a length prefix.

A frame is four bytes of length (unsigned, little-endian, not counting themselves) and a msgpack value. Requests carry
the descriptor of the original beside them (SCM_RIGHTS), one each, in the same order. Answers are decoded strictly: the
process that made them has opened untrusted bytes, so nothing in them is believed without a look.
"""

import struct
from collections.abc import Iterator
from math import isfinite
from typing import Any, Literal

import msgspec

from intake.reading.parts import (
    Picture,
    Piece,
    Reading,
    Row,
    Sound,
    Table,
    ToolMissing,
    Unreadable,
    marks_hold,
    spoken_holds,
)

LENGTH = struct.Struct("<I")
MAX_REQUEST_BYTES = 32_768
"""Small, so that a full window of requests always fits the socket's buffer and the parent never blocks on a child."""
MAX_SPLIT_REQUEST_BYTES = 1 << 20
"""Of a request to split, which is alone in its process: a survey of a hundred questions has headers of some 50 kB."""
OUT_OF_MEMORY = 17
"""Exit status of a child whose reader ran out of its address space: it is replaced, since its heap is in pieces."""

MAX_PICTURE_BYTES = 32 * 1024 * 1024
MAX_PICTURE_SIDE = 16_384
SOUND_RATE = 16_000
MAX_SOUND_SECONDS = 30 * 60
"""What is longer is for a person to hear: with one answer of 58 MB it stays within what a reader may say."""
_BEGINS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/webp": b"RIFF"}

Options = dict[str, Any]
Task = Literal["read", "split", "draw", "listen"]


class Request(msgspec.Struct, frozen=True, array_like=True):
    """What to do with the descriptor that comes along."""

    task: Task
    media_type: str
    options: Options


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The process has started and set its limits."""


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """A page of the item is done: the time allowed for one step starts again."""


class Read(msgspec.Struct, frozen=True, tag="read"):
    """The answer to ``read``."""

    reading: Reading


class Drawn(msgspec.Struct, frozen=True, tag="drawn"):
    """The answer to ``draw``."""

    picture: Picture


class Listened(msgspec.Struct, frozen=True, tag="listened"):
    """The answer to ``listen``."""

    sound: Sound


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The answer to any task when there is nothing to hand over."""

    why: Unreadable | ToolMissing


class Header(msgspec.Struct, frozen=True, tag="table"):
    """The first answer to ``split`` of a table that has been checked whole."""

    table: Table


class Rows(msgspec.Struct, frozen=True, tag="rows"):
    """Some rows of a table, in file order."""

    rows: list[Row]


class Pieces(msgspec.Struct, frozen=True, tag="pieces"):
    """Some messages of an mbox, in file order."""

    pieces: list[Piece]


class End(msgspec.Struct, frozen=True, tag="end"):
    """The last answer to ``split``."""


Answer = Ready | Progress | Read | Drawn | Listened | Failed | Header | Rows | Pieces | End

_encoder = msgspec.msgpack.Encoder()
_request_decoder = msgspec.msgpack.Decoder(Request)
_answer_decoder: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class BadFrame(Exception):
    """The other side sent something that is no frame of this protocol, or one that is too long."""


def frame(value: Request | Answer) -> bytes:
    """Return the value as a frame."""
    body = _encoder.encode(value)
    return LENGTH.pack(len(body)) + body


def request(body: bytes) -> Request:
    """Decode the body of a request.

    Raises:
        msgspec.DecodeError: it is no request.
    """
    return _request_decoder.decode(body)


def answer(body: bytes | memoryview) -> Answer:
    """Decode the body of an answer and look at what its types can't say.

    Raises:
        BadFrame: it is no answer, its parts are not numbered in order, its marks don't fit its text, that is not
            clean, or a picture or a sound is none.
    """
    try:
        value = _answer_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise BadFrame from error
    if isinstance(value, Read):
        parts = value.reading.parts
        _check(value.reading, parts[0].number if parts else 0)  # some pages of a file: numbered as in the whole of it
    elif isinstance(value, Drawn):
        _check_picture(value.picture)
    elif isinstance(value, Listened):
        _check_sound(value.sound)
    elif isinstance(value, Rows) and any("\x00" in cell for row in value.rows for cell in row.cells):
        raise BadFrame
    return value


def _check(reading: Reading, first: int = 0) -> None:
    for number, part in enumerate(reading.parts, first):
        if part.number != number or "\x00" in part.text or "\x00" in part.name:
            raise BadFrame
        if part.marks and not marks_hold(part):
            raise BadFrame
        if part.spoken and not spoken_holds(part):
            raise BadFrame
    if any("\x00" in value for value in reading.facts.values()):
        raise BadFrame
    for inner in reading.forwarded:
        _check(inner)


def _check_picture(picture: Picture) -> None:
    """It goes to a person's browser, which decodes it in a sandbox of its own: here, only that it is what it says."""
    sound = all(0 < side <= MAX_PICTURE_SIDE for side in (picture.across, picture.down))
    sound = sound and all(side > 0 and isfinite(side) for side in (picture.width, picture.height))
    begins = picture.content.startswith(_BEGINS[picture.media_type])
    if not sound or not begins or len(picture.content) > MAX_PICTURE_BYTES:
        raise BadFrame


def _check_sound(sound: Sound) -> None:
    """It goes to a speech program: a plain WAV that is as long as it says."""
    samples = (len(sound.wav) - 44) / 2
    sound_holds = sound.wav.startswith(b"RIFF") and 0 < samples <= (MAX_SOUND_SECONDS + 1) * SOUND_RATE
    if not sound_holds or not abs(sound.seconds - samples / SOUND_RATE) < 0.01:
        raise BadFrame


class Frames:
    """Puts frames together from the pieces in which a stream delivers them."""

    def __init__(self, max_bytes: int) -> None:
        """Args: max_bytes: the longest body that is accepted."""
        self._buffer = bytearray()
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the bodies of the frames that are complete now; take all of them before feeding again.

        Raises:
            BadFrame: a frame is announced as longer than allowed.
        """
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= LENGTH.size:
            (length,) = LENGTH.unpack_from(buffer, at)
            if length > self._max_bytes:
                raise BadFrame
            end = at + LENGTH.size + length
            if len(buffer) < end:
                break
            yield bytes(buffer[at + LENGTH.size : end])
            at = end
        del buffer[:at]
