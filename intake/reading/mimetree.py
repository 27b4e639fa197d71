"""The structure of a MIME message (RFC 2045, 2046): entities with their header fields and the place of their body.

Bodies are found by offset and copied only when asked for, so that a large attachment costs nothing until it is read.
The standard library's parser goes line by line, and recurses for every level that a message is nested.
"""

import binascii
import re
from collections.abc import Iterator
from functools import cached_property

from intake.reading.clean import clean_name
from intake.reading.headers import Field, decode_base64, parse_value, split_block
from intake.reading.plaintext import decode_text

MAX_HEADER_BYTES = 1_048_576
"""Of one header block; fields beyond are not read."""
_HEADER_END = re.compile(rb"\n\r{0,3}\n")
_EMPTY_LINE = re.compile(rb"\r{0,3}\n")
_MAX_DELIMITER_TAIL = 200
_SHORT_BYTES = 262_144


class Entity:
    """A message, or one part of it. ``fields`` are those of its header, in order; ``cleaned`` counts replacements."""

    def __init__(self, data: bytes, start: int, end: int, default_type: str = "text/plain") -> None:
        """Take the header of an entity apart.

        Args:
            data: the bytes that hold it.
            start: where it starts in them.
            end: where it ends in them.
            default_type: its media type if it names none (RFC 2046, 5.1.5).
        """
        self._data = data
        self._children: list[Entity] | None = None
        self._text: tuple[str | None, tuple[str, int]] | None = None
        self.end = end
        empty_line = _EMPTY_LINE.match(data, start, end)
        header_end = empty_line or _HEADER_END.search(data, start, end)
        block_end = start if empty_line else header_end.start() if header_end else end
        block = split_block(data[start : min(block_end, start + MAX_HEADER_BYTES)])
        self.header_cut = block_end - start > MAX_HEADER_BYTES
        ended_early = not self.header_cut and start + block.end < block_end
        self.start = start + block.end if ended_early else header_end.end() if header_end else end
        self.fields: list[Field] = block.fields
        self.cleaned = block.cleaned
        self._first: dict[str, str] = {}
        for field in block.fields:
            self._first.setdefault(field.name.lower(), field.value)
        self.media_type, self.params = self._content_type(default_type)
        self.disposition, self._disposition_params = parse_value(self.header("content-disposition"))

    def header(self, name: str) -> str:
        """The value of the first field of this name (in lower case), encoded words as they stand; "" if none."""
        return self._first.get(name, "")

    def has(self, name: str) -> bool:
        """Whether there is a field of this name (in lower case)."""
        return name in self._first

    @property
    def subtype(self) -> str:
        """The second half of the media type."""
        return self.media_type.partition("/")[2]

    @property
    def is_multipart(self) -> bool:
        """Whether it consists of further entities."""
        return self.media_type.startswith("multipart/")

    @property
    def transfer_encoding(self) -> str:
        """Its Content-Transfer-Encoding in lower case, "" if none."""
        return self.header("content-transfer-encoding").partition(";")[0].strip().lower()

    @cached_property
    def name(self) -> str:
        """The file name that the sender gave it, fit to be shown; "" if none. Never a path to be used."""
        return clean_name(self._disposition_params.get("filename") or self.params.get("name") or "")

    @property
    def encoded_size(self) -> int:
        """The length of its body in bytes, before the transfer encoding is undone."""
        return self.end - self.start

    @property
    def size(self) -> int:
        """The length of its body in bytes; of base64, about."""
        return self.encoded_size * 73 // 100 if self.transfer_encoding == "base64" else self.encoded_size

    def chunks(self, size: int) -> Iterator[bytes]:
        """Its body as it stands, the transfer encoding not undone, in pieces of so many bytes."""
        for at in range(self.start, self.end, size):
            yield self._data[at : min(at + size, self.end)]

    def body(self, max_bytes: int | None = None) -> bytes:
        """Its bytes with the transfer encoding undone; of an unknown encoding, as they stand.

        Args:
            max_bytes: take no more than about as many of them.
        """
        end = self.end if max_bytes is None else min(self.end, self.start + 2 * max_bytes)
        raw = self._data[self.start : end]
        if self.transfer_encoding == "base64":
            return decode_base64(raw)
        if self.transfer_encoding == "quoted-printable":
            return binascii.a2b_qp(raw)
        return raw

    def children(self) -> Iterator["Entity"]:
        """The entities of a multipart, in order. What stands before the first and after the last is no content.

        Taken apart once: who goes through all of them and comes again gets the same ones.
        """
        if self._children is not None:
            yield from self._children
            return
        default = "message/rfc822" if self.subtype == "digest" else "text/plain"
        found = []
        for start, end in self._spans():
            found.append(Entity(self._data, start, end, default))
            yield found[-1]
        self._children = found

    def text(self, raw: bytes, charset: str | None) -> tuple[str, int]:
        """Its body ``raw`` as text, and how many characters had to be replaced; decoded once while it is short."""
        if len(raw) > _SHORT_BYTES:
            return decode_text(raw, charset)
        if self._text is None or self._text[0] != charset:
            self._text = charset, decode_text(raw, charset)
        return self._text[1]

    def _spans(self) -> Iterator[tuple[int, int]]:
        """The places of the children: between the delimiter lines, the line break before each not included."""
        boundary = self.params.get("boundary", "").encode("utf-8", "replace").rstrip()
        if not boundary:
            return
        data, mark, begin = self._data, b"--" + boundary, None
        at = data.find(mark, self.start, self.end)
        while at != -1:
            after = at + len(mark)
            line_end = data.find(b"\n", after, self.end)
            line_end = self.end if line_end == -1 else line_end
            tail = data[after : min(line_end, after + _MAX_DELIMITER_TAIL)].rstrip()
            if tail in (b"", b"--") and (at == self.start or data[at - 1 : at] == b"\n"):
                if begin is not None:
                    yield begin, max(begin, at - (2 if data[at - 2 : at] == b"\r\n" else 1))
                if tail:
                    return
                begin = min(line_end + 1, self.end)
            at = data.find(mark, after, self.end)
        if begin is not None:
            yield begin, self.end

    def _content_type(self, default_type: str) -> tuple[str, dict[str, str]]:
        media_type, params = parse_value(self.header("content-type"))
        main, _, sub = media_type.partition("/")
        if main == "multipart" and not sub:
            return "multipart/mixed", params
        if not main.strip() or not sub.strip():
            return default_type, params
        return f"{main.strip()}/{sub.strip()}", params
