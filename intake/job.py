"""One run, read like a table of contents: list, receive, split, put away, read, settle, acknowledge, account."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Protocol

import structlog

from channels.base import Acknowledging, Adapter, Listing, SourceError
from intake.acknowledge import Acknowledged, acknowledge
from intake.alarms import alarms
from intake.following import follow_tables
from intake.outcomes import Desk
from intake.reading.parts import ToolMissing
from intake.reading.readers import Means, Readers
from intake.rebuilt import suggest_rebuilt
from intake.receive import ChannelRun, Listed, list_source, receive, unknown
from intake.settling import free_doubted, settle_pending
from intake.splitting import split_deliveries
from storage import accounts, deliveries, ledger, receipts, runs
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
    """A channel ready to run: its adapter, what its items are settled by, and how they are acknowledged, if at all."""

    adapter: Adapter
    desk: Desk
    acknowledging: Acknowledging | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What a run works with."""

    database: Database
    originals: OriginalStore
    clock: Callable[[], datetime]
    means: Means
    progress: Progress


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """The accounts of one channel after a run, under the names of ``intake run --json``.

    ``listed``, ``unknown``, ``waiting`` and ``vanished`` are None, and ``error`` is a sentence, where the channel
    failed. ``acknowledgements`` are None where the channel does not acknowledge. ``alarms`` are sentences about what a
    person should look at, though nothing failed.
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
    alarms: tuple[str, ...] = ()


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
        number = runs.start_run(tx, started, job.means.kind)
    log.info("run started", run=number, channels=list(ways), sandbox=job.means.kind)
    if job.means.why:
        log.warning("no sandbox", run=number, sandbox=job.means.kind, why=job.means.why, advice=job.means.advice)
    lacking: list[str] = []
    reports = {name: _run_channel(job, number, name, way, pool, lacking) for name, way in ways.items()}
    _free(job, number, ways, pool, reports)
    finished = job.clock()
    balanced = all(report.error is None and report.unknown == 0 for report in reports.values())
    report = RunReport(number, started, finished, balanced, reports, job.means, tuple(dict.fromkeys(lacking)))
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
        return _account(job, current, None, [], 0, error)


def _free(job: Job, number: int, ways: dict[str, Way], pool: Readers, reports: dict[str, ChannelReport]) -> None:
    """Once all is in: what was set aside as advertising, and now isn't, is read; one channel may speak for another."""
    freed = True
    while freed:
        freed = False
        for name, way in ways.items():
            current = ChannelRun(name, number, job.database, job.originals, job.clock)
            try:
                with job.database.lease(f"channel {name}"):
                    count = free_doubted(current, way.desk, pool)
            except LeaseHeld:
                continue
            if count:
                freed = True
                reports[name] = _recounted(job, name, reports[name])


def _recounted(job: Job, name: str, report: ChannelReport) -> ChannelReport:
    with job.database.read() as tx:
        now = accounts.accounts(tx, [name])[name]
    return replace(
        report, read=now.read, repeats=now.repeats, set_aside=now.set_aside, quarantined=now.quarantined,
        responses=now.responses,
    )  # fmt: skip


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
    missing = [_split(job, current, way, pool)]
    left = unknown(job.database, current.channel, listed) if listed is not None and error is None else []
    if listed is not None and error is None:
        error = _put_away(current, way, listed, left)
    missing.append(_settle(job, current, way, pool))
    lacking += [f"{tool.tool}: {tool.advice}" for tool in missing if tool is not None]
    follow_tables(current, way.desk)
    if listed is not None and error is None:
        suggest_rebuilt(current, way.desk.rules, listed)
    job.progress.step(current.channel, "acknowledging", None)
    acknowledged = acknowledge(current, way.desk, pool, way.acknowledging)
    return _account(job, current, None if error else listed, left, vanished, error, acknowledged)


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


def _put_away(current: ChannelRun, way: Way, listed: Listed, left: Sequence[Listing]) -> str | None:
    """Let the adapter change its source, if its settings say so; the error, if it could not.

    Only now that everything is received, and only what has a receipt by this listing's key and version: what an earlier
    run received and could not put away comes again. A file of many items stays until it is split.
    """
    with current.database.read() as tx:
        stays = {delivery.source_key for delivery in deliveries.unsplit(tx, current.channel)}
    stays |= {listing.source_key for listing in left}
    try:
        way.adapter.after_commit([key for key in listed.versions if key not in stays])
    except SourceError as failure:
        log.warning("channel failed", channel=current.channel, kind=type(failure).__name__)
        return f"{failure} {failure.advice}"
    finally:
        way.adapter.close()
    return None


def _split(job: Job, current: ChannelRun, way: Way, pool: Readers) -> ToolMissing | None:
    job.progress.step(current.channel, "splitting", None)
    return split_deliveries(current, pool, way.desk.channel.mapping)


def _settle(job: Job, current: ChannelRun, way: Way, pool: Readers) -> ToolMissing | None:
    with current.database.read() as tx:
        waiting = accounts.accounts(tx, [current.channel])[current.channel].pending
    job.progress.step(current.channel, "reading", waiting)
    return settle_pending(current, way.desk, pool, job.progress.advance)


def _account(
    job: Job, current: ChannelRun, listed: Listed | None, left: Sequence[Listing], vanished: int, error: str | None,
    acknowledged: Acknowledged | None = None,
) -> ChannelReport:  # fmt: skip
    """Count, from the receipts themselves and from the listing; never from a cursor or a flag.

    ``left`` is what is listed and has neither receipt nor sighting.
    """
    with job.database.read() as tx:
        counted = accounts.accounts(tx, [current.channel])[current.channel]
        received = accounts.received_in(tx, current.run, current.channel)
        shown = None if listed is None else _shown(tx, current.channel, listed)
    if not counted.balance:
        error = error or "The accounts do not add up: run `intake verify`, and keep the home as it is."
        shown = None
    missing = None if shown is None else _unaccounted(current, left)
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
        kept["alarm"] = stopped = acknowledged.alarm if acknowledged else None
        runs.keep_channel(tx, current.run, current.channel, kept)
        standing = alarms(tx, [current.channel], job.clock(), {current.channel: stopped})
    for alarm in standing:
        log.warning("alarm", alarm=alarm.alarm, channel=alarm.channel, count=alarm.count, next=alarm.next_step)
    return ChannelReport(
        **found, received=received, read=counted.read, repeats=counted.repeats, set_aside=counted.set_aside,
        quarantined=counted.quarantined, pending=counted.pending, responses=counted.responses, error=error,
        acknowledgements=acknowledged.as_json() if acknowledged else None,
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
