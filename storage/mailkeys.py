"""What messages are found by: their ids, the ids that they name, and the services that sent them out.

A look-up table and no record: all of it stands in the headers of the originals, and is written anew with each reading.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, exists, insert, select

from storage.database import insert_new
from storage.models import MailKey, Receipt, ResponseRow

_keys = MailKey.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_responses = ResponseRow.__table__  # type: ignore[attr-defined]
_MAX_BYTES = 255
_CHUNK = 5_000
Kind = Literal["id", "names", "service", "sent"]


@dataclass(frozen=True, slots=True)
class NewKeys:
    """The keys of one message. ``item`` is 0 for the receipt's own message, n for the n-th one forwarded in it."""

    receipt_id: int
    item: int
    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """A message names another one that is here. ``response_id`` is that of the naming message, None if it has none yet
    or none of its own any more; of several letters in it, the first. ``named_reference`` of the other's response, ""
    likewise. ``message_id`` is what names it."""

    receipt_id: int
    item: int
    message_id: str
    named_receipt: int
    named_item: int
    response_id: int | None
    named_reference: str


def _kept(value: str) -> str:
    """A value as it is kept: a long one as its digest, since an index takes no more."""
    raw = value.encode()
    return value if len(raw) <= _MAX_BYTES else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def add_keys(tx: Connection, new: Sequence[NewKeys]) -> None:
    """Write the keys of messages; those of an earlier reading give way."""
    if not new:
        return
    own = _keys.c.receipt_id.in_({keys.receipt_id for keys in new})
    tx.execute(delete(_keys).where(own, _keys.c.kind != "sent"))
    rows = [
        {"receipt_id": keys.receipt_id, "item": keys.item, "kind": kind, "value": value}
        for keys in new
        for kind, values in (("id", keys.ids), ("names", keys.names), ("service", keys.services))
        for value in dict.fromkeys(map(_kept, values))
    ]
    if rows:
        tx.execute(insert(_keys), rows)


def add_sent(tx: Connection, receipt: int, item: int, message_id: str) -> None:
    """We sent somebody a message about theirs, with this id: who answers it follows theirs up."""
    insert_new(tx, _keys, [{"receipt_id": receipt, "item": item, "kind": "sent", "value": _kept(message_id)}])


def links(tx: Connection, of: Sequence[NewKeys]) -> list[Link]:
    """Every naming of a message by another, where either is one of these: so it does not matter which came first. Their
    keys must be written already.

    A message does not name itself, nor another one of its own receipt.
    """
    written = {_kept(value): value for keys in of for value in (*keys.ids, *keys.names)}
    values = sorted(written)
    pairs: set[tuple[int, int, str, int, int]] = set()
    naming, named = _keys.alias("naming"), _keys.alias("named")
    query = select(naming.c.receipt_id, naming.c.item, naming.c.value, named.c.receipt_id, named.c.item).where(
        naming.c.kind == "names", named.c.kind.in_(("id", "sent")), named.c.value == naming.c.value,
        named.c.receipt_id != naming.c.receipt_id,
    )  # fmt: skip
    for start in range(0, len(values), _CHUNK):
        found = tx.execute(query.where(naming.c.value.in_(values[start : start + _CHUNK])))
        pairs |= {tuple(row) for row in found}
    return _with_responses(tx, pairs, written) if pairs else []


def _with_responses(tx: Connection, pairs: set[tuple[int, int, str, int, int]], written: dict[str, str]) -> list[Link]:
    receipts = {receipt for pair in pairs for receipt in (pair[0], pair[3])}
    columns = (_responses.c.receipt_id, _responses.c.item, _responses.c.id, _responses.c.reference)
    counting = _responses.c.receipt_id.in_(receipts), _responses.c.joined_into == ""
    query = select(*columns).where(*counting).order_by(_responses.c.ordinal.desc())  # the first of several is kept
    found = {(receipt, item): (number, reference) for receipt, item, number, reference in tx.execute(query)}
    made = []
    for receipt, item, value, named, named_item in sorted(pairs):
        number, _ = found.get((receipt, item), (None, ""))
        _, reference = found.get((named, named_item), (None, ""))
        made.append(Link(receipt, item, written.get(value, value), named, named_item, number, reference))
    return made


def accepted(tx: Connection, services: Iterable[str]) -> set[str]:
    """Those of these services that sent out something which is a response now, and not an excluded one."""
    found = set()
    for service in set(services):
        from_it = (
            select(_keys.c.receipt_id)
            .join(_receipts, _receipts.c.id == _keys.c.receipt_id)
            .where(_keys.c.kind == "service", _keys.c.value == _kept(service), _receipts.c.outcome == "read")
            .where(exists().where(_responses.c.receipt_id == _receipts.c.id, _responses.c.status != "excluded"))
            .limit(1)
        )
        if tx.execute(from_it).first() is not None:
            found.add(service)
    return found


def set_aside_services(tx: Connection, channel: str, reason: str) -> dict[int, set[str]]:
    """The services of a channel's receipts that are set aside for this reason, by receipt."""
    query = (
        select(_keys.c.receipt_id, _keys.c.value)
        .join(_receipts, _receipts.c.id == _keys.c.receipt_id)
        .where(_receipts.c.channel == channel, _receipts.c.outcome == "set_aside", _receipts.c.reason == reason)
        .where(_keys.c.kind == "service", _keys.c.item == 0)
    )
    found: dict[int, set[str]] = {}
    for receipt, service in tx.execute(query):
        found.setdefault(receipt, set()).add(service)
    return found
