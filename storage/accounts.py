"""The accounts: receipts = read + repeats + set_aside + quarantined + pending, per channel, at any time."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from storage.deliveries import UNSPLIT
from storage.models import Delivery, Receipt, ResponseReceipt, ResponseRow, Sighting
from storage.receipts import COUNTS

_receipts = Receipt.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_deliveries = Delivery.__table__  # type: ignore[attr-defined]
_responses = ResponseRow.__table__  # type: ignore[attr-defined]
_links = ResponseReceipt.__table__  # type: ignore[attr-defined]
_sightings = Sighting.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Accounts:
    """The outcomes of a channel's receipts so far, and its responses so far (any status)."""

    receipts: int = 0
    read: int = 0
    repeats: int = 0
    set_aside: int = 0
    quarantined: int = 0
    pending: int = 0
    responses: int = 0

    @property
    def balance(self) -> bool:
        """Whether every receipt has exactly one outcome."""
        return self.receipts == self.read + self.repeats + self.set_aside + self.quarantined + self.pending


@dataclass(frozen=True, slots=True)
class Item:
    """A receipt with one outcome, for a person to look at."""

    receipt: int
    reference: str | None
    channel: str
    outcome: str
    reason: str
    next_step: str
    run: int


def accounts(tx: Connection, channels: Collection[str]) -> dict[str, Accounts]:
    """The accounts of these channels, counted now from the receipts themselves."""
    joined = _receipts.outerjoin(_deliveries, _deliveries.c.id == _receipts.c.delivery_id)
    by_channel = tx.execute(
        select(_receipts.c.channel, func.count()).select_from(joined).where(COUNTS).group_by(_receipts.c.channel)
    )
    totals: dict[str, int] = dict(by_channel.all())
    by_outcome = tx.execute(
        select(_receipts.c.channel, _receipts.c.outcome, func.count())
        .select_from(joined)
        .where(COUNTS)
        .group_by(_receipts.c.channel, _receipts.c.outcome)
    )
    counted = {(channel, outcome): number for channel, outcome, number in by_outcome}
    responses = _responses_by_channel(tx)
    return {
        name: Accounts(
            receipts=totals.get(name, 0),
            read=counted.get((name, "read"), 0),
            repeats=counted.get((name, "repeat"), 0),
            set_aside=counted.get((name, "set_aside"), 0),
            quarantined=counted.get((name, "quarantined"), 0),
            pending=counted.get((name, "pending"), 0),
            responses=responses.get(name, 0),
        )
        for name in channels
    }


def received_in(tx: Connection, run: int, channel: str) -> int:
    """How many receipts of a channel are new in this run."""
    return tx.execute(
        select(func.count())
        .select_from(_receipts.outerjoin(_deliveries, _deliveries.c.id == _receipts.c.delivery_id))
        .where(_receipts.c.run_id == run, _receipts.c.channel == channel, COUNTS)
    ).scalar_one()


def _responses_by_channel(tx: Connection) -> dict[str, int]:
    found = tx.execute(
        select(_responses.c.channel, func.count())
        .join(_receipts, _receipts.c.id == _responses.c.reading_receipt_id)
        .where(_receipts.c.outcome == "read", _responses.c.joined_into == "")
        .group_by(_responses.c.channel)
    )
    return dict(found.all())


def shown_items(tx: Connection, channel: str, deliveries: Collection[int]) -> tuple[int, int]:
    """Of deliveries that the source shows now: (items that they hold, distinct by source key; deliveries not split
    yet).

    A delivery that is accounted for as one (refused, or a repeat) is one item.
    """
    found = tx.execute(
        select(_deliveries.c.id, _deliveries.c.state).where(
            _deliveries.c.channel == channel, _deliveries.c.id.in_(deliveries)
        )
    )
    states: dict[int, str] = dict(found.all())
    split = [number for number, state in states.items() if state == "split"]
    items = tx.execute(
        select(func.count(func.distinct(_sightings.c.source_key))).where(
            _sightings.c.channel == channel, _sightings.c.container != "", _sightings.c.delivery_id.in_(split)
        )
    ).scalar_one()
    as_one = sum(state in ("refused", "repeat") for state in states.values())
    return items + as_one, sum(state in UNSPLIT for state in states.values())


def items(tx: Connection, outcome: str) -> list[Item]:
    """The receipts with this outcome, by number, each with the reference of its first response if it has one."""
    standing = _responses.alias("standing")
    # Looked up for each receipt that is listed: grouped, it would go through all responses in every run.
    first = (
        select(func.min(_links.c.response_id))
        .join(standing, standing.c.id == _links.c.response_id)
        .where(_links.c.receipt_id == _receipts.c.id, standing.c.joined_into == "")
        .correlate(_receipts)
        .scalar_subquery()
    )
    found = tx.execute(
        select(
            _receipts.c.id, _responses.c.reference, _receipts.c.channel, _receipts.c.outcome, _receipts.c.reason,
            _receipts.c.next_step, _receipts.c.run_id,
        )
        .outerjoin(_deliveries, _deliveries.c.id == _receipts.c.delivery_id)
        .outerjoin(_responses, _responses.c.id == first)
        .where(_receipts.c.outcome == outcome, COUNTS)
        .order_by(_receipts.c.id)
    )  # fmt: skip
    return [Item(*row) for row in found]
