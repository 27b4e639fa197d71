"""What stays of a message when a mail server builds its bytes anew: a digest of who wrote what, when.

Exchange and others keep a message taken apart, and put it together again when it is moved or migrated: with other
boundaries, transfer encodings, line lengths and header order, so with another hash, but with the same words and
attachments. Two messages of one identity are a suggestion to a person, never more.
"""

import binascii
import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping

from intake.reading.htmltext import declared_charset
from intake.reading.mimetree import Entity
from intake.reading.plaintext import MAX_BYTES

_MAX_ENTITIES = 1_000
_MAX_DEPTH = 50
_CHUNK_BYTES = 4 << 20
_TAG = re.compile(r"<[^<>]*>")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_MESSAGES = frozenset({"message/rfc822", "message/global"})


class _TooMuch(Exception):
    """The message has more to it than is looked at."""


def identity(message: Entity, facts: Mapping[str, str]) -> str:
    """SHA-256 (hex) over Message-ID, Date, From's address, the words of all texts and the bytes of all other parts.

    Words are decoded, with white space as single blanks; HTML's without its tags. The order of the parts, their names
    and how they are encoded do not matter. "" if there is no Message-ID, or more parts than are looked at.

    Args:
        message: the whole message.
        facts: of its header, as ``mailfacts`` names them.
    """
    if not facts.get("message_id"):
        return ""
    sent = facts.get("date_header") or _squeezed(message.header("date"))
    try:
        leaves = sorted(_leaves(message, 0, [_MAX_ENTITIES]))
    except _TooMuch:
        return ""
    said = ["identity 1", facts["message_id"], sent, facts.get("from_email", "").casefold(), *leaves]
    return _sha256(json.dumps(said).encode())


def _leaves(entity: Entity, depth: int, left: list[int]) -> Iterator[str]:
    """One line for each leaf: what it is, and its digest. Leaves without a word are none: servers add and drop them."""
    left[0] -= 1
    if left[0] < 0 or depth > _MAX_DEPTH:
        raise _TooMuch
    if entity.media_type in _MESSAGES:
        body = entity.body()
        inner = Entity(body, 0, len(body))
        yield "message " + _sha256(_squeezed("\n".join(map(inner.header, ("from", "date", "subject")))).encode())
        yield from _leaves(inner, depth + 1, left)
        return
    is_leaf = True
    for child in entity.children() if entity.is_multipart else ():
        is_leaf = False
        yield from _leaves(child, depth + 1, left)
    if not is_leaf:
        return
    if (entity.is_multipart or entity.media_type.startswith("text/")) and entity.encoded_size <= MAX_BYTES:
        if words := _words(entity):
            yield "text " + _sha256(words.encode("utf-8", "surrogatepass"))
    else:
        yield "bytes " + _bytes(entity)


def _words(entity: Entity) -> str:
    raw = entity.body()
    is_html = entity.media_type == "text/html"
    text, _ = entity.text(raw, entity.params.get("charset") or (declared_charset(raw) if is_html else None))
    return _squeezed(html.unescape(_TAG.sub(" ", text)) if is_html else text)


def _bytes(entity: Entity) -> str:
    """The digest of a part's bytes. Base64 is undone a piece at a time: a large attachment is never in memory twice."""
    if entity.transfer_encoding != "base64":
        return _sha256(entity.body())
    digest, kept = hashlib.sha256(), b""
    for chunk in entity.chunks(_CHUNK_BYTES):
        digits = kept + chunk.translate(None, _NOT_BASE64)
        whole = len(digits) - len(digits) % 4
        digest.update(binascii.a2b_base64(digits[:whole]))
        kept = digits[whole:]
    if len(kept) > 1:
        digest.update(binascii.a2b_base64(kept + b"=" * (4 - len(kept))))
    return digest.hexdigest()


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
