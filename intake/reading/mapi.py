"""Outlook's own form of a message (MAPI properties; [MS-OXPROPS], [MS-OXCMSG]) as a MIME message, to be read like one.

Both kinds of file that hold such messages (.msg and winmail.dat) come through here, so that screening, forwarding and
fields know one kind of message. Bodies and files are taken over byte for byte; only their wrapping is made anew.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from struct import unpack_from
from urllib.parse import quote

from intake.reading import rtf
from intake.reading.charset import codec_name

MAX_DEPTH = 8
"""Of messages inside messages."""
Value = str | bytes | int
SUBJECT, HEADERS, CLASS, SUBMITTED, DELIVERED = 0x0037, 0x007D, 0x001A, 0x0039, 0x0E06
MESSAGE_ID, IN_REPLY_TO, REFERENCES, DISPLAY_TO, DISPLAY_CC = 0x1035, 0x1042, 0x1039, 0x0E04, 0x0E03
BODY, HTML, HTML_TEXT, RTF_COMPRESSED, CODEPAGE, MESSAGE_CODEPAGE = 0x1000, 0x1013, 0x1014, 0x1009, 0x3FDE, 0x3FFD
DATA, LONG_NAME, SHORT_NAME, SHOWN_NAME, MIME_TAG, METHOD = 0x3701, 0x3707, 0x3704, 0x3001, 0x370E, 0x3705
CONTENT_ID, SMTP, EMAIL, RECIPIENT_TYPE = 0x3712, 0x39FE, 0x3003, 0x0C15
_SENDERS = ((0x0042, (0x5D02, 0x0065)), (0x0C1A, (0x5D01, 0x0C1F)))  # for whom it was sent comes before who sent it
_BY_REFERENCE = frozenset({2, 3, 4, 7})
_REPORTS = {".ndr": "delivery-status", ".dr": "delivery-status", ".ipnrn": "disposition-notification",
            ".ipnnrn": "disposition-notification"}  # fmt: skip
_FIELD = re.compile(r"^([!-9;-~]+):.*(?:\n[ \t].*)*", re.MULTILINE)
_OURS = ("content-type", "content-transfer-encoding", "mime-version", "content-disposition")
_LINE_END = re.compile(r"\r\n?|\n")
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_TOKEN = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_MAX_RTF_BYTES = 64 << 20
_RTF_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS "
    b"Sans SerifSymbolArialTimes New RomanCourier{\\colortbl"
    b"\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u"
    b"\\tab\\tx"
)


@dataclass(slots=True)
class Attached:
    """A file of a message, or a message inside it."""

    props: Mapping[int, Value]
    inner: "Item | None" = None


@dataclass(slots=True)
class Item:
    """A message: its properties by number (times as FILETIME), its files, and the properties of its recipients."""

    props: dict[int, Value] = field(default_factory=dict)
    files: list[Attached] = field(default_factory=list)
    recipients: list[Mapping[int, Value]] = field(default_factory=list)


def to_mime(item: Item, *, with_header: bool = True) -> bytes:
    """A MIME message, or without header a MIME entity, that says what the item says."""
    mark = hashlib.sha256(repr(sorted(item.props.items())).encode("utf-8", "replace")).hexdigest()[:40]
    shown: list[Attached] = []
    apart: list[Attached] = []
    html = _html(item.props)
    for attached in item.files:
        cid = _text(attached.props, CONTENT_ID)
        (shown if cid and html and f"cid:{cid}".encode() in html[1] else apart).append(attached)
    body = _wrapped("alternative", mark + "a", _bodies(item.props, html))
    if shown:
        body = _wrapped("related", mark + "r", [body, *map(_file, shown)])
    name = _text(item.props, CLASS).lower()
    report = next((kind for end, kind in _REPORTS.items() if name.startswith("report.") and name.endswith(end)), "")
    kind = f"report; report-type={report}" if report else "mixed"
    whole = _wrapped(kind, mark + "m", [body, *map(_file, apart)]) if apart or report else body
    return (_header(item) if with_header else b"") + whole


def _wrapped(kind: str, boundary: str, entities: list[bytes]) -> bytes:
    if len(entities) == 1 and ";" not in kind:
        return entities[0]
    cut = f"--{boundary}\r\n".encode()
    inside = b"\r\n".join(cut + entity for entity in entities)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'
    return head.encode() + inside + f"\r\n--{boundary}--\r\n".encode()


def _bodies(props: Mapping[int, Value], html: tuple[str, bytes] | None) -> list[bytes]:
    plain = props.get(BODY, "")
    charset = "utf-8" if isinstance(plain, str) else _charset(props)
    raw = plain.encode("utf-8", "replace") if isinstance(plain, str) else plain if isinstance(plain, bytes) else b""
    raw = raw.rstrip(b"\x00")
    found = []
    if raw.strip():
        found.append(_entity(f"text/plain; charset={charset}", raw))
    if html:
        found.append(_entity(f"text/html; charset={html[0]}", html[1]))
    if not found and isinstance(compressed := props.get(RTF_COMPRESSED), bytes):
        document = rtf.words(decompress(compressed))
        text = "\n\n".join(filter(None, (document.text.strip(), *document.notes)))
        found.append(_entity("text/plain; charset=utf-8", text.encode("utf-8", "replace")))
    return found or [_entity("text/plain; charset=utf-8", b"")]


def _html(props: Mapping[int, Value]) -> tuple[str, bytes] | None:
    value = props.get(HTML) or props.get(HTML_TEXT)
    if isinstance(value, str):
        return "utf-8", value.encode("utf-8", "replace")
    return (_charset(props), value) if isinstance(value, bytes) and value.strip(b"\x00 \r\n") else None


def _charset(props: Mapping[int, Value]) -> str:
    page = props.get(CODEPAGE) or props.get(MESSAGE_CODEPAGE)
    return codepage(page) if isinstance(page, int) else "windows-1252"


def codepage(number: int) -> str:
    """The charset of a Windows code page."""
    known = {65001: "utf-8", 20127: "us-ascii", 1200: "utf-16-le", 20866: "koi8-r", 50220: "iso-2022-jp"}
    iso = f"iso-8859-{number - 28590}" if 28591 <= number <= 28605 else ""
    return known.get(number) or iso or codec_name(f"cp{number}") or "windows-1252"


def _entity(content_type: str, raw: bytes, *more: str) -> bytes:
    head = "\r\n".join([f"Content-Type: {content_type}", "Content-Transfer-Encoding: binary", *more])
    return head.encode("utf-8", "replace") + b"\r\n\r\n" + raw


def _file(attached: Attached) -> bytes:
    name = next((n for p in (LONG_NAME, SHORT_NAME, SHOWN_NAME) if (n := _text(attached.props, p))), "")
    spelled = quote(name, safe="", errors="replace")
    where = (
        f"Content-Disposition: attachment; filename*=utf-8''{spelled}" if name else "Content-Disposition: attachment"
    )
    if attached.inner is not None:
        return _entity("message/rfc822", to_mime(attached.inner), where)
    raw = attached.props.get(DATA, b"")
    if attached.props.get(METHOD) in _BY_REFERENCE and not raw:
        return _entity("message/external-body; access-type=local-file", b"", where)
    declared = _text(attached.props, MIME_TAG).lower()
    kind = declared if _TOKEN.fullmatch(declared) and not declared.startswith(("multipart/", "message/")) else ""
    cid = _text(attached.props, CONTENT_ID)
    more = [f"Content-ID: <{cid}>"] if cid else []
    data = raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace") if isinstance(raw, str) else b""
    return _entity(kind or "application/octet-stream", data, where, *more)


# --- the header -----------------------------------------------------------------------------------------------------


def _header(item: Item) -> bytes:
    """The header that it travelled with, as far as it has one; else one made of its properties."""
    travelled = _LINE_END.sub("\n", _text(item.props, HEADERS, one_line=False)).strip("\n \x00")
    kept = [found[0] for found in _FIELD.finditer(travelled) if found[1].lower() not in _OURS]
    named = {line.partition(":")[0].lower() for line in kept}
    made = [(name, value) for name, value in _claims(item) if value and name.lower() not in named]
    lines = [*kept, *(f"{name}: {value}" for name, value in made), "MIME-Version: 1.0"]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _claims(item: Item) -> Iterable[tuple[str, str]]:
    props = item.props
    yield "From", next((who for name, addresses in _SENDERS if (who := _mailbox(props, name, addresses))), "")
    for field_name, kind, shown in (("To", 1, DISPLAY_TO), ("Cc", 2, DISPLAY_CC)):
        people = [_mailbox(r, SHOWN_NAME, (SMTP, EMAIL)) for r in item.recipients if r.get(RECIPIENT_TYPE, 1) == kind]
        yield field_name, ", ".join(filter(None, people)) or _text(props, shown)
    yield "Subject", _text(props, SUBJECT)
    yield "Date", _date(props.get(SUBMITTED) or props.get(DELIVERED))
    yield "Message-ID", _text(props, MESSAGE_ID)
    yield "In-Reply-To", _text(props, IN_REPLY_TO)
    yield "References", _text(props, REFERENCES)


def _mailbox(props: Mapping[int, Value], name: int, addresses: Iterable[int]) -> str:
    """A mailbox of RFC 5322; an address that only Exchange knows (X.500) is none."""
    address = next((a for p in addresses if "@" in (a := _text(props, p)) and "<" not in a), "")
    said = _text(props, name).replace("\\", "\\\\").replace('"', '\\"')
    if not said:
        return f"<{address}>" if address else ""
    return f'"{said}" <{address}>' if address else f'"{said}"'


def _date(value: Value | None) -> str:
    if not isinstance(value, int):
        return ""
    try:
        return format_datetime(_EPOCH + timedelta(microseconds=value // 10))
    except OverflowError:
        return ""


def _text(props: Mapping[int, Value], number: int, *, one_line: bool = True) -> str:
    value = props.get(number, "")
    if isinstance(value, bytes):
        value = value.decode("cp1252", "replace")
    text = value.rstrip("\x00") if isinstance(value, str) else ""
    return " ".join(text.split()) if one_line else text


# --- bodies ---------------------------------------------------------------------------------------------------------


def decompress(data: bytes) -> bytes:
    """The RTF of a compressed body ([MS-OXRTFCP]), as far as it goes."""
    if len(data) < 16:
        return b""
    size, raw_size, kind, _ = unpack_from("<4I", data)
    end = min(len(data), size + 4)
    if kind == 0x414C454D:  # MELA: it is not compressed
        return data[16 : 16 + raw_size]
    if kind != 0x75465A4C:  # LZFu
        return b""
    out = bytearray(_RTF_START)
    at, limit = 16, min(raw_size, _MAX_RTF_BYTES) + len(_RTF_START)
    while at < end and len(out) < limit:
        flags, at = data[at], at + 1
        for bit in range(8):
            if at >= end or len(out) >= limit:
                break
            if not flags >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            if at + 1 >= end:
                return bytes(out[len(_RTF_START) :])
            offset, length = (data[at] << 4) | (data[at + 1] >> 4), (data[at + 1] & 15) + 2
            at += 2
            if offset == len(out) % 4096:
                return bytes(out[len(_RTF_START) :])
            start = len(out) - ((len(out) - offset) % 4096 or 4096)
            for step in range(length):
                if start + step < 0:
                    out.append(0x20)
                else:
                    out.append(out[start + step])
    return bytes(out[len(_RTF_START) : limit])
