"""Further originals: what a receipt that grows has got since its first one, and what its source did not hand over."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, select, update

from storage import ledger
from storage.columns import utc_text
from storage.models import FurtherOriginal, Lacking, Receipt, Sighting
from storage.receipts import NewOriginal, add_originals

_further = FurtherOriginal.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_lacking = Lacking.__table__  # type: ignore[attr-defined]
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_sightings = Sighting.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFurther:
    """A further original of a receipt, whose bytes are durable. ``name`` is "" for the item itself in a later version,
    else what it is called in its source (a recording's SID), or what made it here (``speech/…``)."""

    receipt_id: int
    name: str
    sha256: str
    size: int
    media_type: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherView:
    """A further original as it is kept; ``size`` is not: it stands with the original."""

    receipt_id: int
    number: int
    name: str
    sha256: str
    media_type: str
    facts: dict[str, str]
    taken_at: datetime
    run_id: int | None
    is_read: bool


def add_further(tx: Connection, run: int | None, at: datetime, new: Sequence[NewFurther]) -> int:
    """Add further originals to receipts, not read yet, each with its ledger entry; how many.

    Bytes that the receipt has already under the same name, as its first original too, are not added again.
    """
    known = _known(tx, {n.receipt_id for n in new})
    rows: list[dict[str, Any]] = []
    for item in new:
        have = known[item.receipt_id]
        if (item.name, item.sha256) in have:
            continue
        have.append((item.name, item.sha256))
        rows.append(
            {"receipt_id": item.receipt_id, "number": len(have) - 1, "name": item.name, "sha256": item.sha256,
             "media_type": item.media_type, "facts": ledger.canonical(dict(item.facts)).decode(), "taken_at": at,
             "run_id": run, "salt": ledger.new_salt(), "is_read": False}
        )  # fmt: skip
    if not rows:
        return 0
    taken = {row["sha256"] for row in rows}
    add_originals(tx, at, [NewOriginal(n.sha256, n.size, n.media_type) for n in new if n.sha256 in taken])
    tx.execute(insert(_further), rows)
    entries = [
        {"receipt": row["receipt_id"], "number": row["number"], "run": run,
         "commitment": ledger.commitment(row["salt"], further_document(row))}
        for row in rows
    ]  # fmt: skip
    ledger.append(tx, "further-original", at, entries)
    return len(rows)


def further_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger's commitment to a further original covers: everything of it that never changes."""
    names = ("receipt_id", "number", "name", "sha256", "media_type", "facts", "run_id")
    return {name: row[name] for name in names} | {"taken_at": utc_text(row["taken_at"])}


def _known(tx: Connection, receipts: set[int]) -> dict[int, list[tuple[str, str]]]:
    """Name and SHA-256 of all originals of these receipts, the first one ("") first."""
    found = tx.execute(select(_receipts.c.id, _receipts.c.sha256).where(_receipts.c.id.in_(receipts)))
    known: dict[int, list[tuple[str, str]]] = {number: [("", sha256)] for number, sha256 in found}
    query = select(_further.c.receipt_id, _further.c.name, _further.c.sha256).where(_further.c.receipt_id.in_(receipts))
    for number, name, sha256 in tx.execute(query.order_by(_further.c.number)):
        known[number].append((name, sha256))
    return known


def of_receipt(tx: Connection, receipt: int) -> list[FurtherView]:
    """The further originals of a receipt, in the order in which they came."""
    query = select(_further).where(_further.c.receipt_id == receipt).order_by(_further.c.number)
    return [_view(row) for row in tx.execute(query)]


def _view(row: Row[Any]) -> FurtherView:
    values = {name: value for name, value in row._mapping.items() if name != "salt"}
    return FurtherView(**{**values, "facts": json.loads(row.facts)})


def unread(tx: Connection, channel: str, after: int, limit: int) -> list[int]:
    """The next receipts of a channel that have ended, and have a further original that no reading has taken in."""
    query = (
        select(_receipts.c.id)
        .join(_further, _further.c.receipt_id == _receipts.c.id)
        .where(
            _further.c.is_read.is_(False), _receipts.c.channel == channel, _receipts.c.id > after,
            _receipts.c.outcome.in_(("read", "set_aside", "quarantined")),
        )
        .distinct()
        .order_by(_receipts.c.id)
        .limit(limit)
    )  # fmt: skip
    return list(tx.execute(query).scalars())


def with_unread(tx: Connection, receipts: Sequence[int]) -> set[int]:
    """Which of these receipts have a further original that no reading has taken in."""
    query = select(_further.c.receipt_id).where(_further.c.receipt_id.in_(receipts), _further.c.is_read.is_(False))
    return set(tx.execute(query).scalars())


def mark_read(tx: Connection, up_to: Mapping[int, int]) -> None:
    """A reading has taken in the further originals of these receipts, up to these numbers."""
    for receipt, number in up_to.items():
        tx.execute(
            update(_further)
            .where(_further.c.receipt_id == receipt, _further.c.number <= number, _further.c.is_read.is_(False))
            .values(is_read=True)
        )


def receipts_of_keys(tx: Connection, channel: str, keys: Sequence[str]) -> dict[str, int]:
    """The receipts of whole items by source key, whatever the version: the oldest of each."""
    query = (
        select(_sightings.c.source_key, func.min(_sightings.c.receipt_id))
        .where(
            _sightings.c.channel == channel, _sightings.c.source_key.in_(keys), _sightings.c.container == "",
            _sightings.c.receipt_id.is_not(None),
        )
        .group_by(_sightings.c.source_key)
    )  # fmt: skip
    return dict(tx.execute(query).all())


def names_held(tx: Connection, channel: str, keys: Sequence[str]) -> dict[str, frozenset[str]]:
    """The names of the further originals that are kept of these items, by source key; "" is none."""
    query = (
        select(_sightings.c.source_key, _further.c.name)
        .join(_further, _further.c.receipt_id == _sightings.c.receipt_id)
        .where(
            _sightings.c.channel == channel, _sightings.c.source_key.in_(keys), _sightings.c.container == "",
            _further.c.name != "",
        )
        .distinct()
    )  # fmt: skip
    found: dict[str, set[str]] = defaultdict(set)
    for key, name in tx.execute(query):
        found[key].add(name)
    return {key: frozenset(names) for key, names in found.items()}


def note_lacking(tx: Connection, run: int, at: datetime, channel: str, lacking: Sequence[tuple[str, str, str]]) -> None:
    """Note (source key, version, reason) of what could not be had whole; since when is kept as long as the version
    stays."""
    since = {key: (version, since) for key, version, since in _noted(tx, channel, [key for key, _, _ in lacking])}
    arrived_whole(tx, channel, list(since))
    rows = []
    for key, version, reason in {item[0]: item for item in lacking}.values():
        before, first = since.get(key, (None, at))
        rows.append(
            {"channel": channel, "source_key": key, "version": version, "reason": reason,
             "since": first if before == version else at, "run_id": run}
        )  # fmt: skip
    if rows:
        tx.execute(insert(_lacking), rows)


def _noted(tx: Connection, channel: str, keys: Sequence[str]) -> list[tuple[str, str, datetime]]:
    query = select(_lacking.c.source_key, _lacking.c.version, _lacking.c.since).where(
        _lacking.c.channel == channel, _lacking.c.source_key.in_(keys)
    )
    return [(key, version, since) for key, version, since in tx.execute(query)]


def arrived_whole(tx: Connection, channel: str, keys: Sequence[str]) -> None:
    """Nothing of these items is lacking any more."""
    if keys:
        tx.execute(delete(_lacking).where(and_(_lacking.c.channel == channel, _lacking.c.source_key.in_(keys))))


def lacking(tx: Connection, channel: str, after: datetime) -> dict[str, str]:
    """Of which items something has been lacking, since this moment or later: version by source key."""
    query = select(_lacking.c.source_key, _lacking.c.version).where(
        _lacking.c.channel == channel, _lacking.c.since >= after
    )
    return dict(tx.execute(query).all())
