"""A message as a mail server that keeps it taken apart hands it out again: other bytes, the same words.

So does Exchange after a move or a migration: another order of header fields, other boundaries, other transfer encodings
and charsets, other line lengths. ``variant`` draws another form of the same message.
"""

import base64
import re

from intake.reading.mimetree import Entity
from intake.reading.plaintext import decode_text

_OWN_FIELDS = ("content-type", "content-transfer-encoding", "mime-version", "content-disposition")


def rebuilt(message: bytes, variant: int = 1) -> bytes:
    """Another form of the message; its Message-ID, Date, From, texts and attachments are the same."""
    whole = Entity(message, 0, len(message))
    kept = [(field.name, field.value) for field in whole.fields if field.name.lower() not in _OWN_FIELDS]
    moved = variant % max(1, len(kept))
    head = [f"X-Server-Version: 15.{variant}", *(f"{name}: {value}" for name, value in kept[moved:] + kept[:moved])]
    return ("\r\n".join([*head, "MIME-Version: 1.0"]) + "\r\n").encode() + _body(whole, variant)


def _body(entity: Entity, variant: int) -> bytes:
    """Header fields of the content, an empty line, and the content."""
    if entity.is_multipart and (children := list(entity.children())):
        boundary = f"_{variant:03}_rebuilt_{entity.start}_"
        parts = b"".join(f"--{boundary}\r\n".encode() + _body(child, variant) + b"\r\n" for child in children)
        start = f'Content-Type: {entity.media_type}; boundary="{boundary}"\r\n\r\n'.encode()
        return start + parts + f"--{boundary}--\r\n".encode()
    disposition = entity.header("content-disposition")
    more = f"Content-Disposition: {disposition}\r\n".encode() if disposition else b""
    content, kind = entity.body(), entity.header("content-type") or "text/plain"
    if entity.media_type == "message/rfc822":
        return more + f"Content-Type: {entity.media_type}\r\n\r\n".encode() + rebuilt(content, variant)
    if entity.media_type.startswith("text/"):
        text, _ = decode_text(content, entity.params.get("charset"))
        content = re.sub(r"\n", "\r\n", text + "\n" * (variant % 3)).encode()
        kind = f'{entity.media_type}; charset="utf-8"'
    width = 60 + variant % 16
    lines = re.findall(rb".{1,%d}" % width, base64.b64encode(content))
    encoded = b"Content-Transfer-Encoding: base64\r\n\r\n" + b"\r\n".join(lines)
    return more + f"Content-Type: {kind}\r\n".encode() + encoded + b"\r\n"
