"""A message as Outlook saves it (.msg; [MS-OXMSG]) turned into the MIME message that it is.

Read with olefile alone: python-oxmsg, which rests on it, reads no messages inside messages and raises on code pages
that it does not know.
"""

from io import BytesIO
from struct import unpack_from
from typing import Any

import olefile

from intake.reading.charset import decode
from intake.reading.mapi import (  # fmt: skip
    BODY,
    CODEPAGE,
    DATA,
    HTML,
    MAX_DEPTH,
    MESSAGE_CODEPAGE,
    Attached,
    Item,
    Value,
    codepage,
    to_mime,
)

_MAX_ATTACHMENTS = 1_000
_PROPERTIES = "__properties_version1.0"
_STRING, _STRING8, _BINARY, _OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
_INTEGER, _TRUTH, _TIME = 0x0003, 0x000B, 0x0040
_HEADER, _HEADER_INSIDE, _HEADER_OF_PART = 32, 24, 8
_FREE_BYTES = 1 << 20


def as_mime(data: bytes) -> bytes | None:
    """The MIME message that a .msg file holds; None if it holds none that can be opened."""
    try:
        with olefile.OleFileIO(BytesIO(data)) as ole:
            item = _Reader(ole, 2 * len(data) + _FREE_BYTES).item([], ole.root, 0)
    except Exception:  # noqa: BLE001 - olefile raises whatever a damaged file leads it to
        return None
    return None if item is None else to_mime(item)


class _Reader:
    def __init__(self, ole: Any, max_bytes: int) -> None:
        """Args:
        ole: the opened file.
        max_bytes: of all streams together: several may be said to lie in the same place.
        """
        self._ole = ole
        self._left = max_bytes

    def item(self, path: list[str], node: Any, depth: int) -> Item | None:
        """The message in a storage; None if there is none."""
        kids = {kid.name: kid for kid in node.kids}
        if _PROPERTIES not in kids:
            return None
        props = self._props(path, kids, _HEADER_INSIDE if path else _HEADER)
        item = Item(props)
        for name, kid in kids.items():
            if name.startswith("__recip_version1.0_") and len(item.recipients) < _MAX_ATTACHMENTS:
                inside = {k.name: k for k in kid.kids}
                item.recipients.append(self._props([*path, name], inside, _HEADER_OF_PART))
            elif name.startswith("__attach_version1.0_") and len(item.files) < _MAX_ATTACHMENTS:
                item.files.append(self._attached([*path, name], kid, depth))
        return item

    def _attached(self, path: list[str], node: Any, depth: int) -> Attached:
        kids = {kid.name: kid for kid in node.kids}
        props = self._props(path, kids, _HEADER_OF_PART)
        name = f"__substg1.0_{DATA:04X}{_OBJECT:04X}"
        if name in kids and depth < MAX_DEPTH:
            inner = self.item([*path, name], kids[name], depth + 1)
            return Attached(props, inner)
        return Attached(props)

    def _props(self, path: list[str], kids: dict[str, Any], header: int) -> dict[int, Value]:
        """The properties of a storage, those that are text decoded."""
        table = self._stream([*path, _PROPERTIES]) if _PROPERTIES in kids else b""
        props: dict[int, Value] = {}
        for at in range(header, len(table) - 15, 16):
            kind, number = unpack_from("<HH", table, at)
            if kind in (_INTEGER, _TRUTH):
                props[number] = unpack_from("<i" if kind == _INTEGER else "<?", table, at + 8)[0]
            elif kind == _TIME:
                props[number] = unpack_from("<Q", table, at + 8)[0]
        page = props.get(MESSAGE_CODEPAGE) or props.get(CODEPAGE)
        charset = codepage(page) if isinstance(page, int) else "windows-1252"
        for name, kid in kids.items():
            if not name.startswith("__substg1.0_") or len(name) != 20 or kid.entry_type != olefile.STGTY_STREAM:
                continue
            number, kind = int(name[12:16], 16), int(name[16:], 16)
            if kind == _STRING:
                props[number] = self._stream([*path, name]).decode("utf-16-le", "replace")
            elif kind == _STRING8 and number in (BODY, HTML):
                props[number] = self._stream([*path, name])  # in the code page of the bodies
            elif kind == _STRING8:
                props[number] = decode(self._stream([*path, name]), charset)[0]
            elif kind == _BINARY and number not in props:
                props[number] = self._stream([*path, name])
        return props

    def _stream(self, path: list[str]) -> bytes:
        with self._ole.openstream(path) as stream:
            data: bytes = stream.read(self._left)
        self._left -= len(data)
        return data
