"""The headers of the tables that were split, and the accounts of their rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, union

from storage.database import insert_new
from storage.models import Decision, Layout, Receipt, RepeatedRow, Sighting

_layouts = Layout.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only
_repeated = RepeatedRow.__table__  # type: ignore[attr-defined]
_receipts = Receipt.__table__  # type: ignore[attr-defined]
_sightings = Sighting.__table__  # type: ignore[attr-defined]
_decisions = Decision.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class KnownLayout:
    """A header that was taken before, in file order, and what each of its columns filled (by header)."""

    header: tuple[str, ...]
    uses: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLayout:
    """The header of a table that is split now. ``rows`` is how many rows its reader counted."""

    delivery_id: int
    channel: str
    run_id: int
    header: Sequence[str]
    uses: Mapping[str, Sequence[str]]
    rows: int
    decision_id: int | None = None


@dataclass(frozen=True, slots=True)
class RowAccounts:
    """How many tables were split, the rows that their readers counted, and those that have a receipt or sighting."""

    files: int
    rows: int
    accounted: int


def known_layouts(tx: Connection, channel: str) -> list[KnownLayout]:
    """The different headers that were taken in this channel, the newest first."""
    query = select(_layouts.c.header, _layouts.c.uses).where(_layouts.c.channel == channel)
    found: dict[str, KnownLayout] = {}
    for header, uses in tx.execute(query.order_by(_layouts.c.delivery_id.desc())):
        if header not in found:
            used = {name: tuple(columns) for name, columns in json.loads(uses).items()}
            found[header] = KnownLayout(tuple(json.loads(header)), used)
    return list(found.values())


def add_layout(tx: Connection, new: NewLayout, accounted: int) -> None:
    """Keep the header of a table whose rows are all taken, ``accounted`` of them found again."""
    row = {
        "delivery_id": new.delivery_id, "channel": new.channel, "run_id": new.run_id,
        "header": json.dumps(list(new.header)), "uses": json.dumps({k: list(v) for k, v in new.uses.items()}),
        "rows": new.rows, "accounted": accounted, "decision_id": new.decision_id,
    }  # fmt: skip
    tx.execute(insert(_layouts), row)


def add_repeated(tx: Connection, delivery: int, places: Sequence[tuple[int, int]]) -> None:
    """Rows of a file that stand in it again further down: (place, receipt)."""
    rows = [{"delivery_id": delivery, "place": place, "receipt_id": receipt} for place, receipt in places]
    insert_new(tx, _repeated, rows)


def accounted_rows(tx: Connection, delivery: int) -> int:
    """How many places of a table have a receipt or a sighting: counted from these."""
    places = union(
        select(_receipts.c.place).where(_receipts.c.delivery_id == delivery, _receipts.c.kind == "row"),
        select(_sightings.c.place).where(_sightings.c.delivery_id == delivery, _sightings.c.container != ""),
        select(_repeated.c.place).where(_repeated.c.delivery_id == delivery),
    ).subquery()
    return tx.execute(select(func.count()).select_from(places)).scalar_one()


def rows_of_run(tx: Connection, run: int, channel: str) -> RowAccounts | None:
    """The rows of the tables of a channel that this run split; None if it split none."""
    query = select(func.count(), func.sum(_layouts.c.rows), func.sum(_layouts.c.accounted)).where(
        _layouts.c.run_id == run, _layouts.c.channel == channel
    )
    files, rows, accounted = tx.execute(query).one()
    return RowAccounts(files, int(rows), int(accounted)) if files else None


def accepted_as_it_is(tx: Connection, receipt: int) -> int | None:
    """The decision, if it holds, by which somebody takes the file of this receipt though its header has changed."""
    query = select(func.max(_decisions.c.id)).where(
        _decisions.c.receipt_id == receipt, _decisions.c.response_id.is_(None), _decisions.c.action == "accept",
        _decisions.c.undone_by.is_(None),
    )  # fmt: skip
    return tx.execute(query).scalar()
