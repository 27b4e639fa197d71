"""Receipts, sightings, deliveries and what waits: the record of what arrived, where it was listed, and how it ended."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, or_, select, update

from storage import ledger
from storage.columns import utc_text
from storage.database import insert_kept, insert_new, take_numbers
from storage.models import Delivery, Original, Receipt, Sighting, Waiting
from storage.rebuilt import keys_of_same
from storage.schema import Outcome

_originals = Original.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_sightings = Sighting.__table__  # type: ignore[attr-defined]
_deliveries = Delivery.__table__  # type: ignore[attr-defined]
_waiting = Waiting.__table__  # type: ignore[attr-defined]

COUNTS = or_(_receipts.c.delivery_id.is_(None), _receipts.c.kind == "file", _deliveries.c.state == "split")
"""A receipt counts unless it is an item of a delivery that is not wholly split yet (join ``deliveries`` for it)."""

_UNCHANGING = (
    "id", "channel", "kind", "source_key", "version", "sha256", "media_type", "arrived_at", "arrived_basis", "facts",
    "taken_at", "run_id", "path_named", "delivery_id", "place",
)  # fmt: skip
"""What the ledger's commitment to a receipt covers: everything of it that never changes."""


@dataclass(frozen=True, slots=True)
class NewOriginal:
    """An original to be recorded; ``content`` only where its bytes are kept in the database (a table's row)."""

    sha256: str
    size: int
    media_type: str
    content: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReceipt:
    """A receipt to be written. ``container`` is the path of the delivery that shows it, "" for a whole item."""

    channel: str
    kind: str
    source_key: str
    version: str
    sha256: str
    media_type: str
    arrived_at: datetime | None
    arrived_basis: str
    facts: Mapping[str, str] = field(default_factory=dict)
    path_named: bool = False
    container: str = ""
    delivery_id: int | None = None
    place: int | None = None
    outcome: Outcome = "pending"
    reason: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptView:
    """A receipt as it is stored; ``facts`` decoded; ``delivery_key`` the path of its delivery, "" for a whole item."""

    id: int
    channel: str
    kind: str
    source_key: str
    version: str
    path_named: bool
    sha256: str
    media_type: str
    arrived_at: datetime | None
    arrived_basis: str
    facts: dict[str, str]
    taken_at: datetime
    run_id: int
    delivery_id: int | None
    place: int | None
    outcome: Outcome
    reason: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """A delivery as it is stored."""

    id: int
    channel: str
    source_key: str
    sha256: str
    media_type: str
    arrived_at: datetime | None
    arrived_basis: str
    facts: dict[str, str]
    state: str
    items: int | None
    receipt_id: int | None
    run_id: int


@dataclass(frozen=True, slots=True)
class Held:
    """A receipt (or a delivery) that holds some bytes, and the pairs of key and version it was listed under."""

    id: int
    pairs: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Settled:
    """How a receipt ended, or why it still waits."""

    receipt: int
    outcome: Outcome
    reason: str = ""
    next_step: str = ""


def known_versions(tx: Connection, channel: str, keys: Sequence[str]) -> dict[str, set[str]]:
    """Under which versions these keys of whole items and deliveries were seen before."""
    found = tx.execute(
        select(_sightings.c.source_key, _sightings.c.version).where(
            _sightings.c.channel == channel, _sightings.c.source_key.in_(keys), _sightings.c.container == ""
        )
    )
    known: dict[str, set[str]] = defaultdict(set)
    for key, version in found:
        known[key].add(version)
    return known


def known_items(tx: Connection, channel: str, keys: Sequence[str]) -> dict[tuple[str, str], int]:
    """Receipts of deliveries' items by source key and version, wherever they were seen."""
    found = tx.execute(
        select(_sightings.c.source_key, _sightings.c.version, _sightings.c.receipt_id).where(
            _sightings.c.channel == channel, _sightings.c.source_key.in_(keys), _sightings.c.container != ""
        )
    )
    return {(key, version): receipt for key, version, receipt in found}


def holders(tx: Connection, channel: str, hashes: Iterable[str], *, deliveries: bool = False) -> dict[str, list[Held]]:
    """Whole items (or deliveries) of this channel that hold these bytes, oldest first, by SHA-256.

    Among their pairs are those of receipts that a person confirmed to be the same message in other bytes.
    """
    table, column = (_deliveries, _sightings.c.delivery_id) if deliveries else (_receipts, _sightings.c.receipt_id)
    query = (
        select(table.c.sha256, table.c.id, _sightings.c.source_key, _sightings.c.version)
        .join(table, and_(table.c.id == column, _sightings.c.container == ""))
        .where(table.c.channel == channel, table.c.sha256.in_(list(hashes)))
    )
    if not deliveries:
        query = query.where(table.c.kind == "item")
    pairs: dict[tuple[str, int], set[tuple[str, str]]] = defaultdict(set)
    for sha256, number, key, version in tx.execute(query):
        pairs[sha256, number].add((key, version))
    further = {} if deliveries else keys_of_same(tx, [number for _, number in pairs])
    held: dict[str, list[Held]] = defaultdict(list)
    for (sha256, number), seen in sorted(pairs.items()):
        held[sha256].append(Held(number, frozenset(seen | further.get(number, set()))))
    return held


def delivery_sightings(tx: Connection, channel: str) -> list[tuple[str, str, int]]:
    """Under which keys and versions the deliveries of a channel were seen: (key, version, delivery)."""
    found = tx.execute(
        select(_sightings.c.source_key, _sightings.c.version, _sightings.c.delivery_id).where(
            _sightings.c.channel == channel, _sightings.c.container == "", _sightings.c.delivery_id.is_not(None)
        )
    )
    return [(key, version, number) for key, version, number in found]


def add_originals(tx: Connection, at: datetime, originals: Sequence[NewOriginal]) -> None:
    """Record originals whose bytes are already durable (or are given with them)."""
    stored = utc_text(at)
    rows = [
        {"sha256": o.sha256, "size": o.size, "media_type": o.media_type, "stored_at": stored, "content": o.content}
        for o in {o.sha256: o for o in originals}.values()
    ]
    insert_kept(tx, _originals, rows, new_only=True)


def add_receipts(tx: Connection, run: int, at: datetime, new: Sequence[NewReceipt]) -> list[int]:
    """Write receipts, the sighting of each, and their ledger entries; their numbers, in order."""
    if not new:
        return []
    numbers = list(take_numbers(tx, "receipt", len(new)))
    taken = utc_text(at)
    rows = [_receipt_row(number, run, taken, receipt) for number, receipt in zip(numbers, new, strict=True)]
    insert_kept(tx, _receipts, rows)
    add_sightings(
        tx, run, at, [(r.channel, r.container, r.source_key, r.version, n, r.delivery_id, r.place)
                      for n, r in zip(numbers, new, strict=True)]
    )  # fmt: skip
    entries = [
        {"receipt": row["id"], "channel": row["channel"], "run": run,
         "commitment": ledger.commitment(row["salt"], {name: row[name] for name in _UNCHANGING})}
        for row in rows
    ]  # fmt: skip
    ledger.append(tx, "receipt", at, entries)
    ended = [
        Settled(n, r.outcome, r.reason, r.next_step)
        for n, r in zip(numbers, new, strict=True)
        if r.outcome != "pending"
    ]
    _append_outcomes(tx, run, at, ended)
    return numbers


def _receipt_row(number: int, run: int, taken: str, new: NewReceipt) -> dict[str, Any]:
    return {
        "id": number, "channel": new.channel, "kind": new.kind, "source_key": new.source_key, "version": new.version,
        "path_named": new.path_named, "sha256": new.sha256, "media_type": new.media_type,
        "arrived_at": None if new.arrived_at is None else utc_text(new.arrived_at), "arrived_basis": new.arrived_basis,
        "facts": ledger.canonical(dict(new.facts)).decode(), "taken_at": taken, "run_id": run,
        "delivery_id": new.delivery_id, "place": new.place, "outcome": new.outcome, "reason": new.reason,
        "next_step": new.next_step, "salt": ledger.new_salt(),
    }  # fmt: skip


def add_sightings(
    tx: Connection, run: int, at: datetime,
    seen: Sequence[tuple[str, str, str, str, int | None, int | None, int | None]],
) -> None:  # fmt: skip
    """Record sightings: (channel, container, source key, version, receipt, delivery, place)."""
    names = ("channel", "container", "source_key", "version", "receipt_id", "delivery_id", "place")
    now = utc_text(at)
    rows = [{**dict(zip(names, s, strict=True)), "run_id": run, "seen_at": now} for s in seen]
    insert_kept(tx, _sightings, rows, new_only=True)


def see_again(
    tx: Connection, run: int, at: datetime, delivery: DeliveryView, seen: Sequence[tuple[str, str, int, int]]
) -> None:
    """An export shows known items again: (source key, version, receipt, place). One sighting a path, kept up to
    date."""
    container = delivery.source_key
    rows = [
        (delivery.channel, container, key, version, receipt, delivery.id, place)
        for key, version, receipt, place in seen
    ]
    add_sightings(tx, run, at, rows)
    if rows:
        tx.execute(
            update(_sightings)
            .where(
                _sightings.c.channel == delivery.channel, _sightings.c.container == container,
                _sightings.c.source_key == bindparam("key"), _sightings.c.version == bindparam("v"),
            )
            .values(delivery_id=delivery.id, place=bindparam("row")),
            [{"key": key, "v": version, "row": place} for key, version, _, place in seen],
        )  # fmt: skip


def settle(tx: Connection, run: int | None, at: datetime, settled: Sequence[Settled], *, logged: bool = True) -> None:
    """Write how receipts ended. ``logged`` is false where another entry of this transaction says so already.

    That one goes on waiting, maybe for another reason, is no entry; that one waits again which had ended, is.
    """
    if not settled:
        return
    waits = _ended(tx, [s.receipt for s in settled if s.outcome == "pending"])
    tx.execute(
        update(_receipts)
        .where(_receipts.c.id == bindparam("number"))
        .values(outcome=bindparam("o"), reason=bindparam("r"), next_step=bindparam("n")),
        [{"number": s.receipt, "o": s.outcome, "r": s.reason, "n": s.next_step} for s in settled],
    )
    if logged:
        _append_outcomes(tx, run, at, [s for s in settled if s.outcome != "pending" or s.receipt in waits])


def _ended(tx: Connection, numbers: Sequence[int]) -> set[int]:
    """Which of these receipts have ended."""
    if not numbers:
        return set()
    query = select(_receipts.c.id).where(_receipts.c.id.in_(numbers), _receipts.c.outcome != "pending")
    return set(tx.execute(query).scalars())


def _append_outcomes(tx: Connection, run: int | None, at: datetime, settled: Sequence[Settled]) -> None:
    if not settled:
        return
    found = tx.execute(select(_receipts.c.id, _receipts.c.salt).where(_receipts.c.id.in_([s.receipt for s in settled])))
    salts: dict[int, str] = dict(found.all())
    entries = [
        {"receipt": s.receipt, "outcome": s.outcome, "run": run,
         "commitment": ledger.commitment(salts[s.receipt], outcome_document(s))}
        for s in settled
    ]  # fmt: skip
    ledger.append(tx, "outcome", at, entries)


def outcome_document(settled: Settled) -> dict[str, str]:
    """What the ledger's commitment to an outcome covers."""
    return {"outcome": settled.outcome, "reason": settled.reason, "next_step": settled.next_step}


def pending(tx: Connection, channel: str, after: int, limit: int, *, rows: bool) -> list[ReceiptView]:
    """The next receipts of a channel that wait to be read, by number: rows of tables, or all others."""
    kind = _receipts.c.kind == "row" if rows else _receipts.c.kind != "row"
    query = (
        _view_query()
        .where(_receipts.c.channel == channel, _receipts.c.outcome == "pending", _receipts.c.id > after, kind, COUNTS)
        .order_by(_receipts.c.id)
        .limit(limit)
    )
    return [_view(row) for row in tx.execute(query)]


def by_numbers(tx: Connection, numbers: Sequence[int]) -> list[ReceiptView]:
    """Receipts by number, in order of their numbers."""
    return [_view(row) for row in tx.execute(_view_query().where(_receipts.c.id.in_(numbers)).order_by(_receipts.c.id))]


def first_holders(tx: Connection, hashes: Sequence[str]) -> dict[str, int]:
    """The oldest whole message or file that holds these bytes, on any channel: its receipt by SHA-256."""
    found = tx.execute(
        select(_receipts.c.sha256, func.min(_receipts.c.id))
        .where(_receipts.c.sha256.in_(hashes), _receipts.c.kind == "item")
        .group_by(_receipts.c.sha256)
    )
    return dict(found.all())


def contents(tx: Connection, hashes: Sequence[str]) -> dict[str, bytes]:
    """The bytes of originals that are kept in the database, by SHA-256."""
    found = tx.execute(
        select(_originals.c.sha256, _originals.c.content).where(
            _originals.c.sha256.in_(hashes), _originals.c.content.is_not(None)
        )
    )
    return {sha256: bytes(content) for sha256, content in found}


def original(tx: Connection, sha256: str) -> Row[Any] | None:
    """The record of one original: sha256, size, media_type, stored_at, content, erased_at."""
    return tx.execute(select(_originals).where(_originals.c.sha256 == sha256)).one_or_none()


def set_waiting(tx: Connection, run: int, at: datetime, channel: str, missed: Sequence[tuple[str, str, str]]) -> None:
    """Note (source key, version, reason) of what could not be handed over; ``since`` is kept from the first time."""
    rows = [
        {"channel": channel, "source_key": k, "version": v, "reason": r, "since": at, "run_id": run}
        for k, v, r in missed
    ]
    insert_new(tx, _waiting, rows)
    for key, version, reason in missed:
        tx.execute(
            update(_waiting)
            .where(_waiting.c.channel == channel, _waiting.c.source_key == key)
            .values(version=version, reason=reason, run_id=run)
        )


def waiting(tx: Connection, channel: str) -> dict[str, tuple[str, datetime]]:
    """What waits in a channel: source key -> (reason, since)."""
    found = tx.execute(
        select(_waiting.c.source_key, _waiting.c.reason, _waiting.c.since).where(_waiting.c.channel == channel)
    )
    return {key: (reason, since) for key, reason, since in found}


@dataclass(frozen=True, slots=True)
class Waiters:
    """How many items of a channel wait for one reason, and since when the first of them does."""

    channel: str
    reason: str
    count: int
    since: datetime


def waiting_since(tx: Connection, channels: Collection[str], before: datetime) -> list[Waiters]:
    """What has waited since before this moment, by channel and reason."""
    found = tx.execute(
        select(
            _waiting.c.channel, _waiting.c.reason, func.count(), func.min(_waiting.c.since, type_=_waiting.c.since.type)
        )
        .where(_waiting.c.channel.in_(channels), _waiting.c.since < before)
        .group_by(_waiting.c.channel, _waiting.c.reason)
        .order_by(_waiting.c.channel, _waiting.c.reason)
    )
    return [Waiters(*row) for row in found]


def all_waiting(tx: Connection) -> list[tuple[str, str, str]]:
    """Everything that waits: (channel, source key, reason), by channel and key."""
    found = tx.execute(
        select(_waiting.c.channel, _waiting.c.source_key, _waiting.c.reason).order_by(
            _waiting.c.channel, _waiting.c.source_key
        )
    )
    return [tuple(row) for row in found]


def stop_waiting(tx: Connection, channel: str, keys: Sequence[str]) -> None:
    """These items arrived, or are no longer listed."""
    if keys:
        tx.execute(
            delete(_waiting).where(_waiting.c.channel == channel, _waiting.c.source_key == bindparam("key")),
            [{"key": key} for key in keys],
        )


def _view_query() -> Any:
    wanted = [c for c in _receipts.c if c.name != "salt"]
    return select(*wanted).outerjoin(_deliveries, _deliveries.c.id == _receipts.c.delivery_id)


def _view(row: Row[Any]) -> ReceiptView:
    return ReceiptView(**{**row._mapping, "facts": json.loads(row.facts)})
