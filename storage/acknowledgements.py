"""Acknowledgements: one row a receipt, from the intent that is committed before anything is sent to what became of it.

Every change of a row has a ledger entry in its own transaction, which commits to the whole row and holds nothing of it
but the receipt's number and the state.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, update

from storage import ledger
from storage.columns import utc_text
from storage.models import Acknowledgement, AcknowledgingSince, Delivery, Receipt, ResponseRow, Run
from storage.receipts import COUNTS

_rows = Acknowledgement.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_since = AcknowledgingSince.__table__  # type: ignore[attr-defined]
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_responses = ResponseRow.__table__  # type: ignore[attr-defined]
_deliveries = Delivery.__table__  # type: ignore[attr-defined]
_runs = Run.__table__  # type: ignore[attr-defined]

State = Literal["intended", "sent", "deferred", "failed", "unsure", "skipped", "asked", "settled"]
MAY_HAVE_GONE_OUT: tuple[State, ...] = ("intended", "sent", "unsure", "settled")
FOR_A_PERSON: tuple[State, ...] = ("unsure", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A receipt's acknowledgement as it stands; see ``models.Acknowledgement``. ``address`` is in lower case."""

    receipt_id: int
    channel: str
    state: State
    reason: str = ""
    reference: str = ""
    address: str = ""
    answers: str = ""
    message_id: str = ""
    asked: bool = False
    attempts: int = 0
    tried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A receipt that may be acknowledged: its responses' references, whether it was relayed, and where it stands."""

    receipt_id: int
    references: tuple[str, ...]
    relayed: bool
    standing: Standing | None


def since(tx: Connection, channel: str) -> datetime | None:
    """Since when a channel acknowledges; None if it does not."""
    return tx.execute(select(_since.c.since).where(_since.c.channel == channel)).scalar()


def switch(tx: Connection, run: int, at: datetime, channel: str, *, on: bool) -> None:
    """Remember that a channel acknowledges from now on, or that it no longer does; enter it in the ledger.

    From the start of this run, since what arrives while it reads was written after it was switched on; and from the
    beginning of that second, since mail servers tell the time of an arrival in whole ones.
    """
    if on:
        started = tx.execute(select(_runs.c.started_at).where(_runs.c.id == run)).scalar_one()
        tx.execute(insert(_since), {"channel": channel, "since": started.replace(microsecond=0), "run_id": run})
    else:
        tx.execute(delete(_since).where(_since.c.channel == channel))
    ledger.append(tx, "acknowledging", at, [{"channel": channel, "on": on, "run": run}])


def of_receipt(tx: Connection, receipt: int) -> Standing | None:
    """A receipt's acknowledgement; None if nothing was ever decided about one."""
    found = in_states(tx, _rows.c.receipt_id == receipt)
    return found[0] if found else None


def of_channel(tx: Connection, channel: str, states: Collection[State]) -> list[Standing]:
    """A channel's acknowledgements in these states, by receipt."""
    return in_states(tx, and_(_rows.c.channel == channel, _rows.c.state.in_(states)))


def in_states(tx: Connection, which: ColumnElement[bool]) -> list[Standing]:
    """The acknowledgements that a condition names, by receipt."""
    found = tx.execute(select(_rows).where(which).order_by(_rows.c.receipt_id))
    apart = ("salt", "written_at", "run_id")
    return [Standing(**{k: v for k, v in row._mapping.items() if k not in apart}) for row in found]


def candidates(
    tx: Connection, channel: str, arrived_since: datetime, taken_since: datetime, after: int, limit: int
) -> list[Candidate]:
    """The next receipts that may be acknowledged, by number: messages that are read, came in time, and were not dealt
    with yet; and those that are to be tried again, or that a person asked for."""
    query = _candidates(channel, arrived_since, taken_since).where(_receipts.c.id > after)
    found = list(tx.execute(query.order_by(_receipts.c.id).limit(limit)).scalars())
    standing = {row.receipt_id: row for row in in_states(tx, _rows.c.receipt_id.in_(found))}
    return [_candidate(tx, number, standing.get(number)) for number in found]


def count_candidates(tx: Connection, channel: str, arrived_since: datetime, taken_since: datetime) -> int:
    """How many receipts may still be acknowledged."""
    query = _candidates(channel, arrived_since, taken_since).subquery()
    return tx.execute(select(func.count()).select_from(query)).scalar_one()


def _candidates(channel: str, arrived_since: datetime, taken_since: datetime) -> Select[Any]:
    new = and_(
        _rows.c.receipt_id.is_(None), _receipts.c.taken_at >= taken_since,
        or_(_responses.c.received_at.is_(None), _responses.c.received_at >= arrived_since),
    )  # fmt: skip
    return (
        select(_receipts.c.id)
        .distinct()
        .join(_responses, _responses.c.receipt_id == _receipts.c.id)
        .outerjoin(_deliveries, _deliveries.c.id == _receipts.c.delivery_id)
        .outerjoin(_rows, _rows.c.receipt_id == _receipts.c.id)
        .where(
            _receipts.c.channel == channel, _receipts.c.outcome == "read", _receipts.c.kind == "item",
            _receipts.c.media_type == "message/rfc822", COUNTS, _responses.c.status != "excluded",
            _responses.c.joined_into == "",
            or_(new, _rows.c.state.in_(("deferred", "asked"))),
        )
    )  # fmt: skip


def _candidate(tx: Connection, receipt: int, standing: Standing | None) -> Candidate:
    query = select(_responses.c.reference, _responses.c.relayed_by, _responses.c.item)
    counting = _responses.c.receipt_id == receipt, _responses.c.joined_into == ""
    found = tx.execute(query.where(*counting).order_by(_responses.c.ordinal)).all()
    relayed = any(row.relayed_by or row.item for row in found)
    return Candidate(receipt, tuple(row.reference for row in found), relayed, standing)


def tried(tx: Connection, after: datetime, *, channel: str = "", address: str = "") -> int:
    """How many messages were offered to a server since then: of a channel, or for an address (of any channel)."""
    query = select(func.count()).where(_rows.c.tried_at > after)
    if channel:
        query = query.where(_rows.c.channel == channel)
    if address:
        query = query.where(_rows.c.address == address, _rows.c.state.in_(MAY_HAVE_GONE_OUT))
    return tx.execute(query).scalar_one()


def answered(tx: Connection, address: str, message_id: str, but: int) -> bool:
    """Whether a message with this Message-ID from this address was acknowledged under another receipt."""
    query = select(func.count()).where(
        _rows.c.address == address, _rows.c.answers == message_id, _rows.c.receipt_id != but,
        _rows.c.state.in_((*MAY_HAVE_GONE_OUT, "deferred")),
    )  # fmt: skip
    return bool(tx.execute(query).scalar_one())


def write(tx: Connection, run: int | None, at: datetime, became: Sequence[Standing]) -> None:
    """Write what acknowledgements have become, each with its ledger entry."""
    entries = []
    for standing in became:
        row = {name: getattr(standing, name) for name in Standing.__dataclass_fields__}
        row |= {"written_at": at, "run_id": run}
        salt = ledger.new_salt()
        changed = tx.execute(
            update(_rows).where(_rows.c.receipt_id == standing.receipt_id).values(**row, salt=salt)
        ).rowcount
        if not changed:
            tx.execute(insert(_rows), {**row, "salt": salt})
        entry = {"receipt": standing.receipt_id, "state": standing.state, "attempt": standing.attempts, "run": run}
        entries.append({**entry, "commitment": ledger.commitment(salt, document(row))})
    ledger.append(tx, "acknowledgement", at, entries)


def document(row: dict[str, Any]) -> dict[str, Any]:
    """What the ledger's commitment to an acknowledgement covers: the row as both databases keep it."""
    tried_at = row["tried_at"]
    return {
        **row, "tried_at": None if tried_at is None else utc_text(tried_at), "written_at": utc_text(row["written_at"]),
    }  # fmt: skip


def break_off(tx: Connection, run: int, at: datetime, channel: str) -> int:
    """What a run intended and did not live to finish may have gone out or not: unsure, for a person. How many.

    The caller holds the channel's lease, so that no other run is sending now.
    """
    left = of_channel(tx, channel, ["intended"])
    write(tx, run, at, [replace(standing, state="unsure", reason="broken-off") for standing in left])
    return len(left)


def within_limits(tx: Connection, at: datetime, channel: str, per_minute: int, per_day: int) -> bool:
    """Whether the channel may offer one more message now."""
    minute, day = at - timedelta(seconds=60), at - timedelta(days=1)
    return tried(tx, minute, channel=channel) < per_minute and tried(tx, day, channel=channel) < per_day
