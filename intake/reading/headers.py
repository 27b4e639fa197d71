"""A message's header block: fields, encoded words (RFC 2047), parameters (RFC 2045 and 2231), addresses and dates (RFC
5322).

Every function takes whatever a sender may have written and returns something. The standard library's own functions
for this raise on real mail (KeyError, LookupError, IndexError, RecursionError) or take quadratic time.
"""

import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from intake.reading.charset import decode
from intake.reading.clean import clean

_FIELD_NAME = re.compile(r"[!-9;-~]+[ \t]*:")
_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,60})?\?([bBqQ])\?([^?]*)\?=")
_WORD_GAP = re.compile(r"(?<=\?=)[ \t]+(?==\?[^?\s]{1,120}\?[bBqQ]\?)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
# The last alternative passes over what is no parameter, in one go: a search that started anew at every character of a
# long run would take quadratic time.
_PARAMETER = re.compile(
    r'([^\s=;"]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^;"]*+)|"(?:[^"\\]|\\.)*+"?|[^\s=;"]++|[\s=;]++', re.DOTALL
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_ADDRESS_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)"?|([()])|<([^<>]*+)>|([,;:])|([^"()<>,;:]++|[<>])', re.DOTALL)
_DATE = re.compile(
    r"(?P<day>\d{1,2})[\s-]+(?P<month>[A-Za-z]{3})[a-z]*\.?[\s-]+(?P<year>\d{2,4})[\s,]+"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?(?:\.\d+)?\s*(?P<zone>[+-]\d{4}\b|[A-Za-z]{1,5}\b)?"
)
_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
           "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}  # fmt: skip
_ZONE_HOURS = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3,
    "edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8,
}  # fmt: skip
_FIRST_YEAR, _LAST_YEAR = 1990, 2100
_MAX_ADDRESS_CHARS = 65_536
_MAX_PARAMETER_CHARS = 65_536
_MAX_DATE_CHARS = 200


class Field(NamedTuple):
    """A header field: its name as written; its value unfolded, with encoded words as they stand."""

    name: str
    value: str


class Block(NamedTuple):
    """A header block. ``end`` is the offset of the first line that is no header; ``cleaned`` counts replacements."""

    fields: list[Field]
    end: int
    cleaned: int


class Address(NamedTuple):
    """A mailbox: display name (decoded) and address as written; either may be ""."""

    name: str
    email: str


def split_block(raw: bytes) -> Block:
    """Take a header block apart: lines ended by LF or CR LF, without the empty line that ends the block.

    Raw 8-bit text is taken as UTF-8, else as windows-1252. A From_ line at the top is passed over.
    """
    names: list[str] = []
    values: list[list[str]] = []
    at = cleaned = 0
    for line, length, replaced in _lines(raw):
        if line[:1] in (" ", "\t"):
            if values:
                values[-1].append(line.strip())
        elif _FIELD_NAME.match(line):
            name, _, value = line.partition(":")
            names.append(name.rstrip())
            values.append([value.strip()])
        elif names or not line.startswith(("From ", ">From ")):
            break
        cleaned += replaced
        at += length + 1
    fields = [Field(name, " ".join(lines)) for name, lines in zip(names, values, strict=True)]
    return Block(fields, min(at, len(raw)), cleaned)


def _lines(raw: bytes) -> Iterator[tuple[str, int, int]]:
    """The lines of a block as text, with their length in bytes and how many characters were replaced."""
    if raw.isascii():
        for line in raw.decode("ascii").split("\n"):
            text, replaced = clean(line.rstrip("\r"))
            yield text, len(line), replaced
        return
    for raw_line in raw.split(b"\n"):
        text, replaced = decode(raw_line.rstrip(b"\r"), None)
        yield text, len(raw_line), replaced


def decode_words(value: str) -> str:
    """Decode the encoded words of a header value (RFC 2047), also where they stand inside quotes; clean for storage."""
    if "=?" not in value:
        return value
    pieces: list[str] = []
    pending, charset, at = b"", "", 0
    value = _WORD_GAP.sub("", value)
    for word in _ENCODED_WORD.finditer(value):
        if word.start() > at or word[1].lower() != charset:
            # Neighbours in the same charset are decoded together: some senders cut inside a character.
            pieces += [decode(pending, charset)[0], value[at : word.start()]]
            pending, charset = b"", word[1].lower()
        pending += _word_bytes(word[2], word[3])
        at = word.end()
    pieces += [decode(pending, charset)[0], value[at:]]
    return clean("".join(pieces))[0]


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "bB":
        return decode_base64(raw)
    return binascii.a2b_qp(raw, header=True)


def decode_base64(raw: bytes) -> bytes:
    """Decode base64 as far as it goes: what does not belong is left out, and a piece cut off at the end dropped."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        digits = _NOT_BASE64.sub(b"", raw)
        whole = len(digits) - (1 if len(digits) % 4 == 1 else 0)
        return binascii.a2b_base64(digits[:whole] + b"=" * (-whole % 4))


def parse_value(value: str) -> tuple[str, dict[str, str]]:
    """Take a structured value such as Content-Type's apart.

    Returns:
        The value before the first semicolon, in lower case, and its parameters: names in lower case, values decoded
        (RFC 2231 sections and percent-encoding, also RFC 2047, which has no place there but is common).
    """
    main, _, rest = value.partition(";")
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for name, raw in _PARAMETER.findall(rest[:_MAX_PARAMETER_CHARS]):
        text = _QUOTED_PAIR.sub(r"\1", raw[1:-1]) if raw.startswith('"') else raw.strip()
        section = _SECTION.fullmatch(name.lower())
        if section:
            sections.setdefault(section[1], []).append((int(section[2] or 0), bool(section[3]), text))
    return main.strip().lower(), {name: _join(parts) for name, parts in sections.items()}


def _join(parts: list[tuple[int, bool, str]]) -> str:
    if len(parts) == 1 and not parts[0][1]:
        return decode_words(parts[0][2])
    numbers: set[int] = set()
    charset, raw = None, b""
    for number, encoded, text in sorted(parts, key=lambda part: (part[0], not part[1])):
        if number in numbers:
            continue  # "name" beside "name*": the extended one came first
        numbers.add(number)
        if encoded and number == 0 and text.count("'") >= 2:
            charset, _, first = text.split("'", 2)
            raw += unquote_to_bytes(first)
        else:
            raw += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode(raw, charset or "utf-8")[0]


def parse_addresses(value: str) -> list[Address]:
    """Return the mailboxes of a header value, those in groups included; what stands beyond 64 K characters is left."""
    addresses: list[Address] = []
    phrase, angle, comment, depth = [], "", [], 0
    for token in _ADDRESS_TOKEN.finditer(value[:_MAX_ADDRESS_CHARS] + ","):
        quoted, bracket, address, mark, text = token.groups()
        if bracket:
            depth = max(0, depth + (1 if bracket == "(" else -1))
        elif depth and not (mark and token.end() > len(value)):
            comment.append(token[0])
        elif quoted is not None:
            phrase.append(_QUOTED_PAIR.sub(r"\1", quoted))
        elif address is not None:
            angle = address.strip()
        elif text is not None:
            phrase.append(text)
        elif mark == ":":
            phrase = phrase if "@" in "".join(phrase) else []
        else:
            addresses += _address("".join(phrase), angle, "".join(comment))
            phrase, angle, comment, depth = [], "", [], 0
    return addresses


def _address(phrase: str, angle: str, comment: str) -> list[Address]:
    phrase = " ".join(phrase.split())
    if not angle and "@" in phrase and " " not in phrase:
        return [Address(decode_words(comment).strip(), phrase)]
    name = decode_words(phrase or comment).strip(" '")
    email = "".join(angle.split())
    return [Address(name, email if "@" in email else "")] if name or email else []


def parse_date(value: str) -> str | None:
    """Return a date as ``YYYY-MM-DDTHH:MM:SSZ``; None if it is no date, impossible, without zone, or outside 1990-2099.

    ``-0000`` counts as UTC (RFC 5322, 3.3). Of the names of zones, those that are in use in Europe and North America
    are known, BST as British Summer Time.
    """
    found = _DATE.search(value[:_MAX_DATE_CHARS])
    if found is None or found["zone"] is None:
        return None
    minutes = _zone_minutes(found["zone"])
    month = _MONTHS.get(found["month"].lower())
    year = int(found["year"])
    if len(found["year"]) < 4:
        year += 2000 if year < 50 else 1900
    if minutes is None or month is None or not _FIRST_YEAR <= year < _LAST_YEAR:
        return None
    try:
        zone = timezone(timedelta(minutes=minutes))
        second = min(int(found["second"] or 0), 59)
        moment = datetime(year, month, int(found["day"]), int(found["hour"]), int(found["minute"]), second, tzinfo=zone)
    except ValueError:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _zone_minutes(zone: str) -> int | None:
    if zone[0] not in "+-":
        named = _ZONE_HOURS.get(zone.lower())
        return None if named is None else named * 60
    hours, minutes = int(zone[1:3]), int(zone[3:5])
    if hours > 14 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)
