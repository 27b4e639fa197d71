"""In which encoding a table is written: by its mark, else UTF-8, else the likeliest of those in which every byte is a
character.

Windows-1252, windows-1250 (Polish, Czech) and Mac Roman give almost every byte a meaning, so that decoding alone proves
little. Two signs decide: what no writing has in its words (donÕt, ³ódka, Ł5), counted here, and which of them
charset-normalizer takes for the text of a language; where both say nothing, windows-1252, as Excel writes in Britain.
"""

import codecs
import re
import unicodedata
from collections.abc import Sequence
from typing import BinaryIO

from intake.reading.tablehead import Refused

SHOWN = {
    "utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16", "cp1252": "windows-1252",
    "cp1250": "windows-1250", "mac_roman": "mac-roman",
}  # fmt: skip
_CHUNK_BYTES = 1 << 20
_EIGHT_BIT = ("cp1252", "cp1250", "mac_roman")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_HIGH = re.compile("[^\x00-\x7f]")
_AROUND_BYTES = 40
_SAMPLE_BYTES = 65_536
_ENOUGH_TO_GUESS = 20
_IN_WORDS = "’‘'-–—·…"
_UNWRITTEN = frozenset({"Sk", "No", "Sm", "Lm"})
_KINDS = {
    b"PK\x03\x04": "a spreadsheet or another zipped file",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"%PDF": "a PDF",
}
_AS_UTF8 = "Have it exported as CSV in UTF-8."


def encoding_of(stream: BinaryIO) -> str:
    """The encoding of the whole file, by Python's name, confirmed by decoding all of it.

    Raises:
        Refused: there is none, or the file is no text.
    """
    head = stream.read(_CHUNK_BYTES)
    for magic, kind in _KINDS.items():
        if head.startswith(magic):
            raise Refused(f"This file is {kind}, not a CSV table.", "Ask for it to be exported as CSV.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif head.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]  # it says itself what it is: what then is no UTF-8 is damaged
    elif head.count(0) > max(4, len(head) // 10):
        candidates = [_unmarked(head)]
    else:
        candidates = ["utf-8-sig", *_EIGHT_BIT]
    wrong_at = _undecodable(stream, candidates[0])
    if wrong_at is None:
        return candidates[0]
    fitting = [name for name in candidates[1:] if _undecodable(stream, name) is None]
    chosen = _likeliest(stream, fitting) if fitting else None
    if chosen is None:
        raise Refused(
            f"Line {_line_of(stream, wrong_at, candidates[0])} holds characters in an unknown encoding.", _AS_UTF8
        )
    return chosen


def _unmarked(head: bytes) -> str:
    """Which UTF-16 it is without a mark: the zeros of letters that are ASCII's stand on one side."""
    odd, even = head[1::2].count(0), head[::2].count(0)
    name = "utf-16-le" if odd > even else "utf-16-be"
    whole = head[: len(head) & ~1]
    if min(odd, even) > max(odd, even) // 10 or "\x00" in whole.decode(name, "replace"):
        raise Refused("This file is not text.", _AS_UTF8)
    return name


def _likeliest(stream: BinaryIO, fitting: Sequence[str]) -> str | None:
    """The encoding, of those that fit, in which the words look like words."""
    sample = _sample(stream)
    texts = {name: sample.decode(name, "replace") for name in fitting}
    if fitting[0] != "mac_roman" and len(set(texts.values())) == 1:
        return fitting[0]
    taken = _taken_for_text(sample, fitting)
    if not taken and len(_HIGH_BYTE.findall(sample)) >= _ENOUGH_TO_GUESS:
        other = _guess(sample)
        if other is not None and _undecodable(stream, other) is None:
            return other
    chosen = min(fitting, key=lambda name: (_unwritten(texts[name]), name not in taken))
    # Every byte is a character of Mac Roman: that it fits is no sign that it is meant.
    unlikely = chosen == "mac_roman" and _unwritten(texts[chosen]) * 10 > len(_HIGH_BYTE.findall(sample))
    return None if unlikely else chosen


def _sample(stream: BinaryIO) -> bytes:
    """What stands around the bytes that are not ASCII."""
    stream.seek(0)
    pieces: list[bytes] = []
    size = 0
    while size < _SAMPLE_BYTES and (chunk := stream.read(_CHUNK_BYTES)):
        end = 0
        for found in _HIGH_BYTE.finditer(chunk):
            if found.start() < end:
                continue
            start, end = max(end, found.start() - _AROUND_BYTES), found.end() + _AROUND_BYTES
            pieces.append(chunk[start:end])
            size += end - start
            if size >= _SAMPLE_BYTES:
                break
    return b"\n".join(pieces)


def _taken_for_text(sample: bytes, fitting: Sequence[str]) -> set[str]:
    """Those that charset-normalizer takes it for."""
    from charset_normalizer import from_bytes  # slow to import, seldom needed

    found = from_bytes(sample, cp_isolation=list(fitting))
    return {name for match in found for name in (match.encoding, *match.could_be_from_charset)}


def _guess(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best is not None else None


def _unwritten(text: str) -> int:
    """How many characters stand where no writing has them."""
    padded = f" {text} "
    return sum(
        _is_unwritten(padded[at - 1], padded[at], padded[at + 1])
        for at in (found.start() for found in _HIGH.finditer(padded))
    )


def _is_unwritten(before: str, this: str, after: str) -> bool:
    if this.isalpha():
        if before.isdigit() or after.isdigit():
            return True
        alone = not before.isalpha() and not after.isalpha()
        return this.isupper() and (before.islower() or alone)
    if this in _IN_WORDS:
        return False
    if before.isalpha() and after.isalpha():
        return True
    return unicodedata.category(this) in _UNWRITTEN and (before.isalpha() or after.isalpha())


def _undecodable(stream: BinaryIO, encoding: str) -> int | None:
    """The offset of the first byte that is not in this encoding, or None if all are."""
    handling = "surrogatepass" if encoding.startswith("utf") else "strict"
    try:
        decoder = codecs.getincrementaldecoder(encoding)(handling)
    except LookupError:
        return 0
    stream.seek(0)
    at = 0
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            decoder.decode(chunk)
            at += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return at + error.start
    return None


def _line_of(stream: BinaryIO, offset: int, encoding: str) -> int:
    """The line of a byte, however the lines before it end."""
    stream.seek(0)
    before = stream.read(offset).decode(encoding, "replace")
    return 1 + before.replace("\r\n", "\n").replace("\r", "\n").count("\n")
