"""The values that a reader hands back: parts of an item with their text and places. They cross a process border.

Everything here is data from untrusted bytes, decoded strictly (msgspec) when it comes out of a reader's process.
All text is clean for storage: NUL and lone surrogates are replaced one for one by U+FFFD, so places stay true.
"""

from math import isfinite
from typing import Any, Literal

import msgspec

Method = Literal["text", "html", "pdf", "ocr", "office", "transcript", "form", "row", "person"]

INKED = 0.0002
"""``Part.ink`` from which on a page has something on it: "Yes", written by hand on A4 at 300 dpi, has 0.0003. A typed
line of 12 points has 0.0004, a letter 0.003 to 0.1."""


class Word(msgspec.Struct, frozen=True, array_like=True):
    """A word on a page. Its box is in points from the top left of the page as shown; ``start`` is its first character
    in the page's text; ``confidence`` runs from 0 to 1."""

    text: str
    start: int
    x0: float
    top: float
    x1: float
    bottom: float
    confidence: float


class FormField(msgspec.Struct, frozen=True, array_like=True):
    """A field of a form that somebody filled in: its name in the file, the label that people see ("" if none), and
    where its value stands in the part's text. A choice's value is what the form calls the chosen option."""

    name: str
    label: str
    start: int
    end: int


MarkKind = Literal["quoted", "signature", "letterhead", "address", "date", "greeting", "closing", "stamp"]


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """Characters of a part's text that are not this person's answer: mail that is quoted, a signature (which a mail
    program's footer and a disclaimer are too), and what frames a letter (letterhead, address block, date, greeting,
    closing, a stamp). They stay in the text; ``start`` counts from 0, ``end`` is excluded."""

    kind: MarkKind
    start: int
    end: int


class Code(msgspec.Struct, frozen=True, array_like=True):
    """A machine-readable code (QR) on a page: what it says, and the box around it, in points as of a ``Word``."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float


BoxState = Literal["empty", "ticked", "filled", "circled", "struck", "unsure", "written", "stray"]


class FormBox(msgspec.Struct, frozen=True, array_like=True):
    """A box of a scanned reply form: its field's name, what is on it, how sure that is, and where it stands, in points
    as of a ``Word``. Of a box with writing, ``start`` and ``end`` are the characters of the part's text that were read
    in it, or ``said`` is what was read, where the box is kept apart; ``sure`` says that a reading can be the answer.
    ``only``: its question takes one option alone. ``struck`` is a mark that was taken back, or an emphatic one:
    ``takes_back`` says that the form tells people to do so by filling the box in. ``stray`` is ink beside all boxes."""

    name: str
    state: BoxState
    confidence: float
    x0: float
    top: float
    x1: float
    bottom: float
    start: int = 0
    end: int = 0
    said: str = ""
    sure: bool = False
    only: bool = False
    takes_back: bool = False


class Spoken(msgspec.Struct, frozen=True, array_like=True):
    """A sentence of a transcript: its characters in the part's text (``end`` excluded), from when to when it was spoken
    in its recording (seconds), and who spoke: ``caller``, ``handler``, or "" where that is not known."""

    start: int
    end: int
    begins: float
    ends: float
    speaker: Literal["caller", "handler", ""] = ""
    confidence: float = 1.0


class OtherReading(msgspec.Struct, frozen=True, array_like=True):
    """What another engine made of a page, kept beside the reading that was taken: evidence, never the text."""

    engine: str
    text: str
    confidence: float


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A readable piece of an original: a message's header, a body, an attachment, a page, a transcript.

    ``number`` is its position in the item, from 0. ``text`` is its decoded text (places count its characters from 0).
    ``content`` says whether the text can be words of the respondent (a header or a logo's file name can't).
    ``page`` counts from 1 for a page of a document, with ``width`` and ``height`` in points. ``confidence`` is that of
    the reading, 0 to 1. ``marks`` are in order, inside the text, and do not overlap. ``cleaned`` counts the characters
    that had to be replaced. ``problem`` is set when the part is kept but could not be read: one sentence, without
    personal data. ``inside`` is the number of the attached file that this part was read from, None if it stands in the
    item itself. ``fields`` are those of a filled form. ``base`` is where the text begins in the part of that number,
    for a message that stands inside another one's text. Of a page: ``turned`` is by how many degrees clockwise it must
    be turned to be upright (0, 90, 180, 270; boxes are those of the page as shown, unturned); ``engine`` says what read
    it (``text layer``, ``tesseract``, ``rapidocr``), ``choice`` why, where there was a choice; ``others`` are the
    readings that were not taken; ``codes`` what its codes say. Of a page of a reply form: ``boxes`` are its boxes, and
    ``apart`` those of monitoring questions, which go to a table apart and are never stored with the part; ``form`` is
    the form's name, which of its pages this is (from 1), and how many it has. Of a transcript: ``spoken`` are its
    sentences, in order, and ``name`` is the name of the recording that its seconds count in.
    """

    number: int
    kind: Literal["headers", "body", "attachment", "page", "transcript", "form"]
    media_type: str
    text: str = ""
    content: bool = True
    method: Method = "text"
    confidence: float = 1.0
    name: str = ""
    page: int | None = None
    width: float | None = None
    height: float | None = None
    words: list[Word] = []
    marks: list[Mark] = []
    ink: float | None = None
    cleaned: int = 0
    problem: str | None = None
    inside: int | None = None
    fields: list[FormField] = []
    base: int = 0
    turned: int = 0
    engine: str = ""
    choice: str = ""
    others: list[OtherReading] = []
    codes: list[Code] = []
    boxes: list[FormBox] = []
    apart: list[FormBox] = []
    form: tuple[str, int, int] | None = None
    spoken: list[Spoken] = []


def piece_of(part: Part, start: int, end: int, **changes: Any) -> Part:
    """Some characters of a part as a part of their own that knows where they stand: evidence found in it names places
    of the whole. What was marked or found in the whole is not carried over."""
    values: dict[str, Any] = {
        "number": part.number, "kind": part.kind, "media_type": part.media_type, "content": part.content,
        "method": part.method, "confidence": part.confidence, "name": part.name, "inside": part.inside,
    }  # fmt: skip
    return Part(**{**values, "text": part.text[start:end], "base": part.base + start, **changes})


def marks_hold(part: Part) -> bool:
    """Whether the marks of a part are what ``Part`` says of them."""
    end = 0
    for mark in part.marks:
        if not end <= mark.start < mark.end <= len(part.text):
            return False
        end = mark.end
    return True


def spoken_holds(part: Part) -> bool:
    """Whether the sentences of a transcript are what ``Spoken`` says of them: inside the text, with times that are
    some."""
    end = 0
    for sentence in part.spoken:
        if not end <= sentence.start <= sentence.end <= len(part.text) or not 0 <= sentence.confidence <= 1:
            return False
        if not (isfinite(sentence.ends) and 0 <= sentence.begins <= sentence.ends):
            return False
        end = sentence.end
    return True


def boxes_hold(part: Part) -> bool:
    """Whether the boxes of a form page are what ``FormBox`` says of them."""
    return all(
        0 <= box.confidence <= 1
        and all(map(isfinite, (box.x0, box.top, box.x1, box.bottom)))
        and 0 <= box.start <= box.end <= len(part.text)
        and "\x00" not in box.name + box.said
        for box in (*part.boxes, *part.apart)
    )


def unmarked(part: Part) -> list[tuple[int, int]]:
    """The places of what stands between the marks of a part, without the space around it; nothing that is blank."""
    spans = []
    starts = [0, *(mark.end for mark in part.marks)]
    ends = [*(mark.start for mark in part.marks), len(part.text)]
    for start, end in zip(starts, ends, strict=True):
        piece = part.text[start:end]
        if words := piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            spans.append((first, first + len(words)))
    return spans


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader made of one item.

    ``facts`` are claims found in the bytes, under the names that the reader documents (all times ISO 8601 UTC).
    ``needs`` are words of the schema that the reader itself saw cause for. ``forwarded`` are messages carried whole
    inside this one, each read in the same way; their parts are numbered within each.
    """

    reader: str
    parts: list[Part]
    facts: dict[str, str] = {}
    needs: list[str] = []
    forwarded: list["Reading"] = []


PICTURE_VERSION = 1
"""Of what a page's picture looks like: pictures that another version made are made anew."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A page of an original, or a cut-out of one, as a picture to look at.

    ``across`` and ``down`` are its size in pixels, ``width`` and ``height`` that of what it shows in points: a box on
    the page is a box in the picture once it is scaled by them.
    """

    media_type: Literal["image/webp", "image/png"]
    content: bytes
    across: int
    down: int
    width: float
    height: float


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """A recording as a WAV of 16-bit PCM, one channel, 16 kHz, and how long it is in seconds."""

    wav: bytes
    seconds: float


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """Nothing of the item could become a response. ``reason`` and ``next_step`` are one sentence each, for staff."""

    reason: str
    next_step: str


class ToolMissing(msgspec.Struct, frozen=True, tag="tool-missing"):
    """The item could not be tried, because this machine lacks something. The item is not to blame and stays pending.

    ``tool`` is what is missing, ``advice`` one sentence that says what to install or set. ``reason`` is why the item
    waits, where more is to be said than that the tool is missing.
    """

    tool: str
    advice: str
    reason: str = ""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One message of an mbox: where its exact bytes lie in the delivery."""

    start: int
    end: int


class Table(msgspec.Struct, frozen=True):
    """The header of a table, unique names in file order; ``first_row`` is the row number of the first data row.

    ``facts`` say how the file was read, under the names that the reader documents.
    """

    columns: list[str]
    first_row: int = 2
    facts: dict[str, str] = {}


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One data row: its number in the file (from 1, the header counted) and its cells in the header's order.

    ``cleaned`` counts the characters of its cells that had to be replaced.
    """

    number: int
    cells: list[str]
    cleaned: int = 0
