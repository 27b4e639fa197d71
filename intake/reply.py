"""An acknowledgement as a message: plain text, and nothing in it that its recipient wrote but the Message-ID. Pure."""

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

_LINE = re.compile(r"[ -~]+(?:\r\n [ -~]+)*")  # printable ASCII, folded by us alone
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An acknowledgement to be written. ``answers`` is the Message-ID of what it acknowledges, "" if there is none."""

    from_name: str
    from_address: str
    to: str
    subject: str
    text: str
    reference: str
    answers: str
    message_id: str
    at: datetime


def filled_in(template: str, reference: str, title: str) -> str:
    """A template with its placeholders filled. The title is one line, whatever the config holds."""
    return template.format(reference=reference, title=_NOT_SHOWN.sub(" ", title))


def new_message_id(reference: str, domain: str) -> str:
    """A Message-ID of our own domain, never used before."""
    return f"<{reference.lower()}.{secrets.token_hex(8)}@{domain}>"


def as_message(reply: Reply) -> bytes:
    """The message's bytes: ASCII, lines ended by CR LF.

    It says that a machine wrote it (RFC 3834, 3.1.7), asks Exchange for no answer, and carries our own mark, by which
    it is known if it comes back. No Precedence (3.1.8 leaves it to old responders), no Reply-To, nothing quoted.

    Raises:
        ValueError: a field would not stay a field (a line break in it, or characters beyond ASCII).
    """
    fields = {
        "From": _mailbox(reply.from_name, reply.from_address),
        "To": f"<{reply.to}>",
        "Subject": _words(_NOT_SHOWN.sub(" ", reply.subject), len("Subject: ")),
        "Date": format_datetime(reply.at),
        "Message-ID": reply.message_id,
        "In-Reply-To": reply.answers,
        "References": reply.answers,
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "X-Consultation-Acknowledgement": reply.reference,
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "base64",
    }
    lines = []
    for name, value in fields.items():
        if not value:
            continue
        if not _LINE.fullmatch(value):
            raise ValueError(f"the field {name} of an acknowledgement would not be one field")
        lines.append(f"{name}: {value}\r\n")
    body = "\r\n".join(reply.text.splitlines()) + "\r\n"
    return "".join(lines).encode("ascii") + b"\r\n" + _base64(body.encode())


def _mailbox(name: str, address: str) -> str:
    if not name:
        return address
    if name.isascii():
        return '"' + name.replace("\\", r"\\").replace('"', r"\"") + f'" <{address}>'
    return f"{_words(name, len('From: '))} <{address}>"


def _words(text: str, used: int) -> str:
    """Text as a header holds it: as it is if it is short ASCII, else in encoded words (RFC 2047)."""
    if text.isascii() and len(text) + used <= 78:
        return text
    return Header(text, "utf-8", maxlinelen=76, header_name="x" * (used - 2)).encode(linesep="\r\n")


def _base64(body: bytes) -> bytes:
    encoded = base64.b64encode(body)
    return b"".join(encoded[at : at + 76] + b"\r\n" for at in range(0, len(encoded), 76))
