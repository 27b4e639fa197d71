"""The accounts of a run and its channels: counted from the receipts themselves and from the listing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from channels.base import Listing
from intake.acknowledge import Acknowledged
from intake.alarms import alarms
from intake.reading.readers import Means
from intake.receive import ChannelRun, Listed
from storage import accounts, layouts, receipts, runs
from storage.database import Database, Transaction

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """The accounts of one channel after a run, under the names of ``intake run --json``.

    ``listed``, ``unknown``, ``waiting`` and ``vanished`` are None, and ``error`` is a sentence, where the channel
    failed. ``acknowledgements`` are None where the channel does not acknowledge. ``rows`` are how many rows the tables
    hold that this run split (``in``), and how many of them have a receipt or a sighting (``out``); None where it split
    none. ``tables`` is how many tables that were. ``alarms`` are sentences about what a person should look at, though
    nothing failed. ``window``: the hours that the listing was limited to, None where it was whole. ``notices`` are
    sentences about the channel's settings that each run says.
    """

    listed: int | None
    unknown: int | None
    waiting: int | None
    vanished: int | None
    received: int
    read: int
    repeats: int
    set_aside: int
    quarantined: int
    pending: int
    responses: int
    error: str | None
    acknowledgements: dict[str, int] | None = None
    rows: dict[str, int] | None = None
    tables: int = 0
    alarms: tuple[str, ...] = ()
    window: int | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunReport:
    """The accounts of one run. ``lacking`` says what this machine lacked for reading (one sentence each), ``means`` how
    untrusted bytes were opened."""

    run: int
    started_at: datetime
    finished_at: datetime
    balanced: bool
    channels: dict[str, ChannelReport]
    means: Means
    lacking: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object that ``intake run --json`` prints."""
        return {
            "run": self.run,
            "started_at": _z(self.started_at),
            "finished_at": _z(self.finished_at),
            "balanced": self.balanced,
            "sandbox": self.means.kind,
            "channels": {name: _as_json(report) for name, report in self.channels.items()},
        }


def _as_json(report: ChannelReport) -> dict[str, Any]:
    return {name: value for name, value in asdict(report).items() if name != "tables"}


def _z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def account(
    current: ChannelRun, listed: Listed | None, left: Sequence[Listing], vanished: int, error: str | None,
    acknowledged: Acknowledged | None = None,
) -> ChannelReport:  # fmt: skip
    """Count, from the receipts themselves and from the listing; never from a cursor or a flag.

    ``left`` is what is listed and has neither receipt nor sighting.
    """
    with current.database.read() as tx:
        counted = accounts.accounts(tx, [current.channel])[current.channel]
        received = accounts.received_in(tx, current.run, current.channel)
        rows = layouts.rows_of_run(tx, current.run, current.channel)
        shown = None if listed is None else _shown(tx, current.channel, listed)
    if not counted.balance:
        error = error or "The accounts do not add up: run `intake verify`, and keep the home as it is."
        shown = None
    if rows is not None and rows.accounted != rows.rows:
        said = f"Of {rows.rows} rows {rows.accounted} are accounted for: run `intake verify`, and keep the files."
        error = error or said
        shown = None
    missing = None if shown is None else _unaccounted(current, left)
    found: dict[str, Any] = {
        "listed": None if shown is None else shown.items,
        "unknown": missing,
        "waiting": None if shown is None else shown.waiting,
        "vanished": None if shown is None else vanished,
    }
    with current.database.write() as tx:
        whole = listed if listed is not None and listed.window_hours is None else None
        digest = None if whole is None else whole.digest
        count = None if whole is None else len(whole.versions)
        kept = {**found, "received": received, "error": error, "listing_count": count, "listing_digest": digest}
        kept["alarm"] = stopped = acknowledged.alarm if acknowledged else None
        runs.keep_channel(tx, current.run, current.channel, kept)
        standing = alarms(tx, [current.channel], current.clock(), {current.channel: stopped})
    for alarm in standing:
        log.warning("alarm", alarm=alarm.alarm, channel=alarm.channel, count=alarm.count, next=alarm.next_step)
    return ChannelReport(
        **found, received=received, read=counted.read, repeats=counted.repeats, set_aside=counted.set_aside,
        quarantined=counted.quarantined, pending=counted.pending, responses=counted.responses, error=error,
        acknowledgements=acknowledged.as_json() if acknowledged else None,
        rows=None if rows is None else {"in": rows.rows, "out": rows.accounted},
        tables=0 if rows is None else rows.files,
        alarms=tuple(alarm.sentence for alarm in standing),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shown:
    items: int
    waiting: int


def _shown(tx: Transaction, channel: str, listed: Listed) -> _Shown:
    """How many items the source shows now: a whole one is one, a delivery as many as it holds."""
    # A delivery that was moved away and copied back is shown under two keys: two files, of the same items.
    mine = [number for key, version, number in receipts.delivery_sightings(tx, channel) if listed.shows(key, version)]
    items, unsplit = accounts.shown_items(tx, channel, set(mine))
    missed = sum(key in listed.versions for key in receipts.waiting(tx, channel))
    return _Shown(len(listed.versions) - len(mine) + items + unsplit, missed + unsplit)


def _unaccounted(current: ChannelRun, left: Sequence[Listing]) -> int:
    """How many listed items have neither receipt nor sighting and do not wait: must be none."""
    with current.database.read() as tx:
        waiting = receipts.waiting(tx, current.channel)
    return sum(item.source_key not in waiting for item in left)


def recounted(database: Database, name: str, report: ChannelReport) -> ChannelReport:
    """The same report, with the outcomes as they are now."""
    with database.read() as tx:
        now = accounts.accounts(tx, [name])[name]
    return replace(
        report, read=now.read, repeats=now.repeats, set_aside=now.set_aside, quarantined=now.quarantined,
        responses=now.responses,
    )  # fmt: skip
