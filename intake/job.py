"""One run, read like a table of contents: list, receive, split, read, settle, account."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog

from channels.base import Adapter, SourceError
from intake.following import follow_tables
from intake.outcomes import Desk
from intake.reading.parts import ToolMissing
from intake.reading.readers import Readers
from intake.receive import ChannelRun, Listed, list_source, receive, unknown
from intake.settling import settle_pending
from intake.splitting import split_deliveries
from storage import accounts, ledger, receipts, runs
from storage.database import Database, LeaseHeld, Transaction
from storage.originals import OriginalStore

log = structlog.get_logger()


class Progress(Protocol):
    """What a run tells while it goes on: a step of a channel, how much of it there is, and how much is done."""

    def step(self, channel: str, what: str, total: int | None) -> None:
        """A new step begins."""
        ...

    def advance(self, count: int) -> None:
        """So many more items of the step are done."""
        ...


class NoProgress:
    """Tells nobody."""

    def step(self, channel: str, what: str, total: int | None) -> None:
        """Ignored."""

    def advance(self, count: int) -> None:
        """Ignored."""


@dataclass(frozen=True, slots=True)
class Way:
    """A channel ready to run: its adapter, and what its items are settled by."""

    adapter: Adapter
    desk: Desk


@dataclass(frozen=True, slots=True)
class Job:
    """What a run works with."""

    database: Database
    originals: OriginalStore
    clock: Callable[[], datetime]
    sandbox: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """The accounts of one channel after a run, under the names of ``intake run --json``.

    ``listed``, ``unknown``, ``waiting`` and ``vanished`` are None, and ``error`` is a sentence, where the channel
    failed.
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


@dataclass(frozen=True, slots=True)
class RunReport:
    """The accounts of one run. ``lacking`` says what this machine lacked for reading (one sentence each)."""

    run: int
    started_at: datetime
    finished_at: datetime
    balanced: bool
    channels: dict[str, ChannelReport]
    lacking: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object that ``intake run --json`` prints."""
        return {
            "run": self.run,
            "started_at": _z(self.started_at),
            "finished_at": _z(self.finished_at),
            "balanced": self.balanced,
            "channels": {name: asdict(report) for name, report in self.channels.items()},
        }


def _z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def run(job: Job, ways: dict[str, Way], pool: Readers) -> RunReport:
    """Run these channels once, one after the other. A channel that fails says so, and the others run.

    Raises:
        OSError: the disk is full, or the home can't be written.
        DatabaseUnusable: the database can't be used.
    """
    started = job.clock()
    with job.database.write() as tx:
        number = runs.start_run(tx, started, job.sandbox)
    log.info("run started", run=number, channels=list(ways), sandbox=job.sandbox)
    lacking: list[str] = []
    reports = {name: _run_channel(job, number, name, way, pool, lacking) for name, way in ways.items()}
    finished = job.clock()
    balanced = all(report.error is None and report.unknown == 0 for report in reports.values())
    report = RunReport(number, started, finished, balanced, reports, tuple(dict.fromkeys(lacking)))
    with job.database.write() as tx:
        runs.finish_run(tx, number, finished, report.as_json())
        ledger.number_entries(tx)
    job.database.checkpoint()
    log.info("run finished", run=number, balanced=balanced)
    return report


def _run_channel(job: Job, run_number: int, name: str, way: Way, pool: Readers, lacking: list[str]) -> ChannelReport:
    current = ChannelRun(name, run_number, job.database, job.originals, job.clock)
    with job.database.write() as tx:
        runs.keep_channel(tx, run_number, name, {"received": 0})
    try:
        with job.database.lease(f"channel {name}"):
            return _run_leased(job, current, way, pool, lacking)
    except LeaseHeld:
        error = "Another run is working on this channel now; nothing was done here, the next run takes it up."
        return _account(job, current, None, 0, error)


def _run_leased(job: Job, current: ChannelRun, way: Way, pool: Readers, lacking: list[str]) -> ChannelReport:
    listed: Listed | None = None
    vanished = 0
    error = None
    try:
        job.progress.step(current.channel, "listing", None)
        listed = list_source(way.adapter)
        vanished = _forget_vanished(current, listed)
        _receive(job, current, way, listed)
    except SourceError as failure:
        error = f"{failure} {failure.advice}"
        log.warning("channel failed", channel=current.channel, kind=type(failure).__name__)
    finally:
        way.adapter.close()
    missing = (_split(job, current, way, pool), _settle(job, current, way, pool))
    lacking += [f"{tool.tool}: {tool.advice}" for tool in missing if tool is not None]
    follow_tables(current, way.desk)
    return _account(job, current, None if error else listed, vanished, error)


def _forget_vanished(current: ChannelRun, listed: Listed) -> int:
    """What waited at the last run and is no longer listed: how many."""
    with current.database.write() as tx:
        gone = [key for key in receipts.waiting(tx, current.channel) if key not in listed.versions]
        receipts.stop_waiting(tx, current.channel, gone)
    if gone:
        log.warning("items vanished before they could be received", channel=current.channel, count=len(gone))
    return len(gone)


def _receive(job: Job, current: ChannelRun, way: Way, listed: Listed) -> None:
    new = unknown(current.database, current.channel, listed)
    job.progress.step(current.channel, "receiving", len(new))
    done = 0
    for dealt_with in receive(current, way.adapter, listed, new):
        job.progress.advance(dealt_with - done)
        done = dealt_with


def _split(job: Job, current: ChannelRun, way: Way, pool: Readers) -> ToolMissing | None:
    job.progress.step(current.channel, "splitting", None)
    return split_deliveries(current, pool, way.desk.channel.mapping)


def _settle(job: Job, current: ChannelRun, way: Way, pool: Readers) -> ToolMissing | None:
    with current.database.read() as tx:
        waiting = accounts.accounts(tx, [current.channel])[current.channel].pending
    job.progress.step(current.channel, "reading", waiting)
    return settle_pending(current, way.desk, pool, job.progress.advance)


def _account(job: Job, current: ChannelRun, listed: Listed | None, vanished: int, error: str | None) -> ChannelReport:
    """Count, from the receipts themselves and from the listing; never from a cursor or a flag."""
    with job.database.read() as tx:
        counted = accounts.accounts(tx, [current.channel])[current.channel]
        received = accounts.received_in(tx, current.run, current.channel)
        shown = None if listed is None else _shown(tx, current.channel, listed)
    if not counted.balance:
        error = error or "The accounts do not add up: run `intake verify`, and keep the home as it is."
        shown = None
    missing = None if shown is None or listed is None else _unaccounted(current, listed)
    found = {
        "listed": None if shown is None else shown.items,
        "unknown": missing,
        "waiting": None if shown is None else shown.waiting,
        "vanished": None if shown is None else vanished,
    }
    with job.database.write() as tx:
        digest = None if listed is None else listed.digest
        count = None if listed is None else len(listed.versions)
        kept = {**found, "received": received, "error": error, "listing_count": count, "listing_digest": digest}
        runs.keep_channel(tx, current.run, current.channel, kept)
    return ChannelReport(
        **found, received=received, read=counted.read, repeats=counted.repeats, set_aside=counted.set_aside,
        quarantined=counted.quarantined, pending=counted.pending, responses=counted.responses, error=error,
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


def _unaccounted(current: ChannelRun, listed: Listed) -> int:
    """How many listed items have neither receipt nor sighting and do not wait: must be none."""
    with current.database.read() as tx:
        waiting = receipts.waiting(tx, current.channel)
    return sum(item.source_key not in waiting for item in unknown(current.database, current.channel, listed))
