"""winmail.dat (application/ms-tnef; [MS-OXTNEF]): what Outlook wraps for itself, as a MIME entity to be read like one.

Our own reading: tnefparse takes the square of the time on hostile files, and gives nothing of a damaged one.
"""

import struct
from collections.abc import Iterator
from struct import unpack_from

from intake.reading.charset import decode
from intake.reading.mapi import (
    BODY,
    DATA,
    HTML,
    MAX_DEPTH,
    SHORT_NAME,
    SUBJECT,
    Attached,
    Item,
    Value,
    codepage,
    to_mime,
)

_SIGNATURE = b"\x78\x9f\x3e\x22"
_MAX_ATTACHMENTS = 1_000
_MAX_PROPERTIES = 20_000
_SUBJECT, _BODY, _FILE_DATA, _FILE_NAME = 0x8004, 0x800C, 0x800F, 0x8010
_NEW_FILE, _PROPS, _FILE_PROPS, _CODEPAGE = 0x9002, 0x9003, 0x9005, 0x9007
_MESSAGE_IID = bytes.fromhex("0703020000000000c000000000000046")
_FIXED = {0x0002: ("<h", 4), 0x0003: ("<i", 4), 0x0004: ("<f", 4), 0x0005: ("<d", 8), 0x0006: ("<q", 8),
          0x0007: ("<d", 8), 0x000A: ("<i", 4), 0x000B: ("<H", 4), 0x0014: ("<q", 8), 0x0040: ("<Q", 8),
          0x0048: ("", 16)}  # fmt: skip
_STRING8, _STRING, _BINARY, _OBJECT = 0x001E, 0x001F, 0x0102, 0x000D
_MANY, _NAMED = 0x1000, 0x8000


def as_mime(data: bytes) -> bytes | None:
    """What a winmail.dat holds, as far as it is sound, as a MIME entity; None if it is none or holds nothing."""
    item = _item(data, 0)
    return None if item is None or not (item.props or item.files) else to_mime(item, with_header=False)


def _item(data: bytes, depth: int) -> Item | None:
    if not data.startswith(_SIGNATURE):
        return None
    item, charset = Item(), "windows-1252"
    name: Value = ""
    files: list[dict[int, Value]] = []
    inner: dict[int, Item | None] = {}
    for number, value in _attributes(data):
        if number == _CODEPAGE and len(value) >= 4:
            charset = codepage(unpack_from("<I", value)[0])
        elif number == _NEW_FILE and len(files) < _MAX_ATTACHMENTS:
            files.append({})
        elif number == _PROPS:
            for prop, kind, found in _properties(value, charset):
                if kind != _OBJECT:
                    item.props[prop] = found
        elif number == _BODY:
            item.props.setdefault(BODY, decode(value.rstrip(b"\x00"), charset)[0])
        elif number == _SUBJECT:
            item.props.setdefault(SUBJECT, decode(value.rstrip(b"\x00"), charset)[0])
        elif number in (_FILE_DATA, _FILE_NAME, _FILE_PROPS):
            if not files:
                files.append({})
            props = files[-1]
            if number == _FILE_DATA:
                props[DATA] = value
            elif number == _FILE_NAME:
                name = decode(value.rstrip(b"\x00"), charset)[0]
                props[SHORT_NAME] = name
            else:
                _take_file_props(props, inner, len(files) - 1, value, charset, depth)
    item.files = [Attached(props, inner.get(n)) for n, props in enumerate(files)]
    return item


def _take_file_props(
    props: dict[int, Value], inner: dict[int, Item | None], index: int, value: bytes, charset: str, depth: int
) -> None:
    """The MAPI properties of a file; where they hold a message, that."""
    for prop, kind, found in _properties(value, charset):
        if kind == _OBJECT and isinstance(found, bytes) and prop == DATA:
            if found.startswith(_MESSAGE_IID) and depth < MAX_DEPTH:
                inner[index] = _item(found[16:], depth + 1)
            else:
                props[DATA] = found[16:]
        elif prop != DATA or DATA not in props:
            props[prop] = found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes of a stream (2.1.3): number and value, the last as far as it goes."""
    at, end = 6, len(data)
    while at + 9 <= end:
        number, _, length = unpack_from("<HHI", data, at + 1)
        yield number, data[at + 9 : at + 9 + length]
        at += 9 + length + 2


def _properties(data: bytes, charset: str) -> Iterator[tuple[int, int, Value]]:
    """The MAPI properties of a list (2.1.3.4): number, kind, value; of several values the first; up to any damage."""
    try:
        (count,) = unpack_from("<I", data)
        at = 4
        for _ in range(min(count, _MAX_PROPERTIES)):
            kind, number = unpack_from("<HH", data, at)
            at += 4
            if number >= _NAMED:
                at = _after_name(data, at)
            single = kind & ~_MANY
            several = bool(kind & _MANY) or single in (_STRING8, _STRING, _BINARY, _OBJECT)
            values = 1
            if several:
                (values,) = unpack_from("<I", data, at)
                at += 4
            for nth in range(values):
                value, at = _value(data, at, single, charset, number)
                if nth == 0 and value is not None and number < _NAMED:
                    yield number, single, value
                if at > len(data):
                    return
    except (struct.error, KeyError):
        return


def _after_name(data: bytes, at: int) -> int:
    """Where the value of a named property starts: behind its set's GUID and its name."""
    (kind,) = unpack_from("<I", data, at + 16)
    at += 20
    if kind == 0:
        return at + 4
    (length,) = unpack_from("<I", data, at)
    return int(at + 4 + length + (-length % 4))


def _value(data: bytes, at: int, kind: int, charset: str, number: int) -> tuple[Value | None, int]:
    if kind in _FIXED:
        form, width = _FIXED[kind]
        found = unpack_from(form, data, at)[0] if form else None
        return (found if isinstance(found, int) else None), at + width
    if kind not in (_STRING8, _STRING, _BINARY, _OBJECT):
        raise KeyError(kind)
    (length,) = unpack_from("<I", data, at)
    at += 4
    raw = data[at : at + length]
    at += length + (-length % 4)
    if kind == _STRING:
        return raw.decode("utf-16-le", "replace").rstrip("\x00"), at
    if kind == _STRING8 and number not in (BODY, HTML):
        return decode(raw.rstrip(b"\x00"), charset)[0], at
    return raw, at
