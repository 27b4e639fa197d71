"""The append-only log. An entry is its RFC 8785 bytes, its leaf SHA-256(0x00 ‖ bytes) as in RFC 6962.

Entries hold no personal data: what they speak for stands in them as a salted commitment, HMAC-SHA256 under a salt
that is
kept beside the row itself and goes with it when the row is erased. Writers insert entries without a position in
their own
transaction; ``number_entries`` gives positions without gaps to what is committed.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import rfc8785
from sqlalchemy import Connection, func, select, update

from storage.columns import utc_text
from storage.database import insert_kept
from storage.models import LedgerEntry

_fast_json = msgspec.json.Encoder(order="sorted")
_FROM_E000 = re.compile(b"[\xee-\xff]")  # in UTF-8, the first byte of any character from U+E000 on
_entries = LedgerEntry.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only


def new_salt() -> str:
    """A fresh salt, 128 bits in hex."""
    return secrets.token_hex(16)


def commitment(salt: str, document: Any) -> str:
    """The salted commitment to a JSON value: HMAC-SHA256 in hex, keyed by the salt's bytes, over its RFC 8785 bytes."""
    return hmac.digest(bytes.fromhex(salt), canonical(document), "sha256").hex()


def canonical(document: Any) -> bytes:
    """RFC 8785 canonical JSON of objects, lists, strings, whole numbers, booleans and null; no fractions.

    msgspec writes just these bytes at a fiftieth of the time, as long as no key sorts differently as UTF-16 than by
    code point; a property test holds it against the RFC's library.
    """
    written = _fast_json.encode(document)
    return written if written.isascii() or _sorts_alike(written, document) else rfc8785.dumps(document)


def _sorts_alike(written: bytes, document: Any) -> bool:
    """Whether no key holds a character from U+E000 on, below which UTF-16 sorts the larger ones. Most documents hold
    none at all."""
    return _FROM_E000.search(written) is None or _keys_below(document)


def _keys_below(document: Any) -> bool:
    if isinstance(document, dict):
        return all(max(key, default="") < "\ue000" for key in document) and all(map(_keys_below, document.values()))
    return not isinstance(document, list | tuple) or all(map(_keys_below, document))


def append(tx: Connection, kind: str, at: datetime, entries: Sequence[Mapping[str, Any]]) -> None:
    """Add entries of one kind to the log, in the caller's transaction. ``receipt`` in an entry makes it findable."""
    rows, written = [], utc_text(at)
    for entry in entries:
        body = canonical({"type": kind, "at": written, **entry})
        leaf = hashlib.sha256(b"\x00" + body).digest()
        rows.append({"receipt_id": entry.get("receipt"), "body": body, "leaf": leaf})
    insert_kept(tx, _entries, rows)


def number_entries(tx: Connection) -> None:
    """Give the next positions, from 0 and without gaps, to committed entries that have none. The caller holds the
    lock."""
    first = func.coalesce(select(func.max(_entries.c.position) + 1).scalar_subquery(), 0)
    waiting = (
        select(_entries.c.id, (func.row_number().over(order_by=_entries.c.id) - 1 + first).label("at"))
        .where(_entries.c.position.is_(None))
        .subquery()
    )
    tx.execute(update(_entries).where(_entries.c.id == waiting.c.id).values(position=waiting.c.at))


def history(tx: Connection, receipts: Sequence[int]) -> list[bytes]:
    """The entries that speak of these receipts, in order, as their canonical bytes."""
    found = tx.execute(select(_entries.c.body).where(_entries.c.receipt_id.in_(receipts)).order_by(_entries.c.id))
    return [bytes(body) for body in found.scalars()]
