"""Deliveries: files that hold many items, from being stored to being split or refused."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from storage import ledger
from storage.columns import utc_text
from storage.database import take_numbers
from storage.models import Delivery, Receipt, RepeatedRow, Sighting
from storage.receipts import DeliveryView, Settled, add_sightings, settle

_deliveries = Delivery.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_sightings = Sighting.__table__  # type: ignore[attr-defined]
_repeated = RepeatedRow.__table__  # type: ignore[attr-defined]


UNSPLIT = ("stored", "copy")
"""The states of a delivery that waits to be split; a copy's bytes were listed twice at once when it arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery whose bytes are durable. ``state`` is stored, or copy."""

    channel: str
    source_key: str
    version: str
    sha256: str
    media_type: str
    arrived_at: datetime | None
    arrived_basis: str
    facts: Mapping[str, str]
    state: str = "stored"


def add_deliveries(tx: Connection, run: int, at: datetime, new: Sequence[NewDelivery]) -> list[int]:
    """Write deliveries with their sightings and ledger entries; their numbers."""
    if not new:
        return []
    numbers = list(take_numbers(tx, "delivery", len(new)))
    rows: list[dict[str, Any]] = []
    for number, d in zip(numbers, new, strict=True):
        facts = ledger.canonical(dict(d.facts)).decode()
        rows.append(
            {"id": number, "channel": d.channel, "source_key": d.source_key, "sha256": d.sha256,
             "media_type": d.media_type, "arrived_at": d.arrived_at, "arrived_basis": d.arrived_basis, "facts": facts,
             "stored_at": at, "run_id": run, "state": d.state, "salt": ledger.new_salt()}
        )  # fmt: skip
    tx.execute(insert(_deliveries), rows)
    seen = [(d.channel, "", d.source_key, d.version, None, n, None) for n, d in zip(numbers, new, strict=True)]
    add_sightings(tx, run, at, seen)
    entries = [
        {"delivery": row["id"], "channel": row["channel"], "run": run, "state": row["state"],
         "commitment": ledger.commitment(row["salt"], delivery_document(row))}
        for row in rows
    ]  # fmt: skip
    ledger.append(tx, "delivery", at, entries)
    return numbers


def delivery_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger's commitment to a delivery covers."""
    arrived = row["arrived_at"]
    return {
        "id": row["id"], "channel": row["channel"], "source_key": row["source_key"], "sha256": row["sha256"],
        "media_type": row["media_type"], "arrived_at": None if arrived is None else utc_text(arrived),
        "arrived_basis": row["arrived_basis"], "facts": row["facts"], "stored_at": utc_text(row["stored_at"]),
        "run_id": row["run_id"],
    }  # fmt: skip


def unsplit(tx: Connection, channel: str) -> list[DeliveryView]:
    """Deliveries of a channel that wait to be split, in the order of their first sighting."""
    query = select(_deliveries).where(_deliveries.c.channel == channel, _deliveries.c.state.in_(UNSPLIT))
    return [_view(row) for row in tx.execute(query.order_by(_deliveries.c.id))]


def delivery(tx: Connection, number: int) -> DeliveryView:
    """One delivery by its number."""
    return _view(tx.execute(select(_deliveries).where(_deliveries.c.id == number)).one())


def newest_of_path(tx: Connection, channel: str, source_key: str) -> int:
    """The newest delivery that came under this path; 0 if there is none."""
    newest = select(func.max(_deliveries.c.id)).where(
        _deliveries.c.channel == channel, _deliveries.c.source_key == source_key
    )
    return tx.execute(newest).scalar() or 0


def uncounted_items(tx: Connection, number: int) -> dict[tuple[str, str], int]:
    """Receipts that a killed run wrote for this delivery and that do not count yet, by source key and version."""
    found = tx.execute(
        select(_receipts.c.source_key, _receipts.c.version, _receipts.c.id).where(
            _receipts.c.delivery_id == number, _receipts.c.kind != "file"
        )
    )
    return {(key, version): receipt for key, version, receipt in found}


def finish_split(tx: Connection, run: int, at: datetime, number: int, items: int) -> None:
    """All items of a delivery have their receipts: from now on they count, all together.

    Earlier files of the same path that could not be split are thereby replaced, and so is this one's own refusal.
    """
    done = delivery(tx, number)
    tx.execute(update(_deliveries).where(_deliveries.c.id == number).values(state="split", items=items))
    _log_state(tx, at, run, number, "split", items=items, receipt=done.receipt_id)
    refused = tx.execute(
        select(_receipts.c.id)
        .join(_deliveries, _deliveries.c.receipt_id == _receipts.c.id)
        .where(
            _deliveries.c.channel == done.channel, _deliveries.c.source_key == done.source_key,
            _deliveries.c.id <= number, _receipts.c.outcome == "quarantined",
        )
    ).scalars()  # fmt: skip
    settle(tx, run, at, [Settled(receipt, "set_aside", "replaced") for receipt in refused])


def _log_state(
    tx: Connection, at: datetime, run: int | None, number: int, state: str, *, items: int | None, receipt: int | None
) -> None:
    # Not under the name "receipt", by which the entries of one receipt are found.
    entry = {"delivery": number, "state": state, "items": items, "accounted_by": receipt, "run": run}
    ledger.append(tx, "delivery-state", at, [entry])


def account_as_one(tx: Connection, run: int | None, at: datetime, number: int, receipt: int, state: str) -> None:
    """The delivery is accounted for by one receipt: it was refused, or it repeats another."""
    _log_state(tx, at, run, number, state, items=None, receipt=receipt)
    tx.execute(update(_deliveries).where(_deliveries.c.id == number).values(state=state, receipt_id=receipt))
    tx.execute(
        update(_sightings)
        .where(_sightings.c.delivery_id == number, _sightings.c.container == "")
        .values(receipt_id=receipt)
    )


def reopen(tx: Connection, run: int | None, at: datetime, receipt: int) -> int | None:
    """A refused delivery is to be split again: its number, or None if this receipt is no such file's.

    It is a copy, as when it arrived, if another path has brought the same bytes and its own path had not.
    """
    row = tx.execute(
        select(_deliveries).where(_deliveries.c.receipt_id == receipt, _deliveries.c.state == "refused")
    ).one_or_none()
    if row is None:
        return None
    alike = tx.execute(
        select(_deliveries.c.id, _deliveries.c.source_key).where(
            _deliveries.c.channel == row.channel, _deliveries.c.sha256 == row.sha256, _deliveries.c.id != row.id
        )
    ).all()
    came_back = any(key == row.source_key and number < row.id for number, key in alike)
    state = "copy" if alike and not came_back else "stored"
    tx.execute(update(_deliveries).where(_deliveries.c.id == row.id).values(state=state))
    _log_state(tx, at, run, row.id, state, items=None, receipt=receipt)
    return int(row.id)


def same_bytes(tx: Connection, channel: str, sha256: str, besides: int) -> int | None:
    """The oldest other delivery that holds the same bytes and was split."""
    return tx.execute(
        select(func.min(_deliveries.c.id)).where(
            _deliveries.c.channel == channel, _deliveries.c.sha256 == sha256,
            _deliveries.c.id != besides, _deliveries.c.state == "split",
        )
    ).scalar()  # fmt: skip


def _view(row: Row[Any]) -> DeliveryView:
    values = {k: v for k, v in row._mapping.items() if k not in ("salt", "stored_at")}
    return DeliveryView(**{**values, "facts": json.loads(row.facts)})


def drop_uncounted(tx: Connection, run: int, at: datetime, number: int) -> None:
    """Take away the receipts that a killed run wrote for a delivery which now can't be split: they never counted.

    The ledger keeps that they were written and dropped, so that the hole in the numbers is explained.
    """
    dropped = sorted(uncounted_items(tx, number).values())
    if dropped:
        tx.execute(delete(_sightings).where(_sightings.c.receipt_id.in_(dropped)))
        tx.execute(delete(_repeated).where(_repeated.c.delivery_id == number))
        tx.execute(delete(_receipts).where(_receipts.c.id.in_(dropped)))
        ledger.append(tx, "dropped", at, [{"receipt": receipt, "run": run} for receipt in dropped])
