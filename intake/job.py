"""One run, read like a table of contents: list, receive, split, put away, read, settle, acknowledge, account."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from channels.base import Acknowledging, Adapter, Listing, SourceError
from intake.accounting import ChannelReport, RunReport, account, recounted
from intake.acknowledge import acknowledge
from intake.entered import join_rows, look_at_rows
from intake.following import follow_tables
from intake.freeing import free_doubted
from intake.growing import read_grown
from intake.outcomes import Desk
from intake.reading.parts import ToolMissing
from intake.reading.readers import Means, Readers
from intake.rebuilt import suggest_rebuilt
from intake.receive import ChannelRun, Listed, list_source, receive, unknown, wanted
from intake.settling import settle_pending
from intake.speech import Speech, Transcribed, transcribe
from intake.splitting import split_deliveries
from storage import accounts, deliveries, ledger, receipts, runs
from storage.database import Database, LeaseHeld
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
    """A channel ready to run: its adapter, what its items are settled by, and how they are acknowledged, if at all.

    ``window_hours``: the adapter lists only what is so new; None where it lists the whole source. ``notices`` are
    sentences about its settings that each run says.
    """

    adapter: Adapter
    desk: Desk
    acknowledging: Acknowledging | None = None
    window_hours: int | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """What a run works with."""

    database: Database
    originals: OriginalStore
    clock: Callable[[], datetime]
    means: Means
    progress: Progress
    speech: Speech | None = None


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
    for name, notice in ((name, notice) for name, way in ways.items() for notice in way.notices):
        log.warning("notice", channel=name, notice=notice)
    reports = {
        name: replace(_run_channel(job, number, name, way, pool, lacking), window=way.window_hours, notices=way.notices)
        for name, way in ways.items()
    }
    _free(job, number, ways, pool, reports)
    _enter(job, number, ways, reports)
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
        return account(current, None, [], 0, error)


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
                reports[name] = recounted(job.database, name, reports[name])


def _enter(job: Job, number: int, ways: dict[str, Way], reports: dict[str, ChannelReport]) -> None:
    """Once all is in: rows that were typed from paper are joined with their letters, which came another way."""
    for name, way in ways.items():
        current = ChannelRun(name, number, job.database, job.originals, job.clock)
        try:
            with job.database.lease(f"channel {name}"):
                look_at_rows(current, way.desk)
        except LeaseHeld:
            continue
    rules = next((way.desk.rules for way in ways.values()), None)
    changed = join_rows(job.database, rules, job.clock, number) if rules is not None else set()
    for name in changed & reports.keys():
        reports[name] = recounted(job.database, name, reports[name])


def _run_leased(job: Job, current: ChannelRun, way: Way, pool: Readers, lacking: list[str]) -> ChannelReport:
    listed: Listed | None = None
    vanished = 0
    error = None
    try:
        job.progress.step(current.channel, "listing", None)
        listed = list_source(way.adapter, way.window_hours)
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
    heard = _transcribe(job, current, way, pool)
    missing.append(heard.missing)
    read_grown(current, way.desk, pool)
    lacking += [f"{tool.tool}: {tool.advice}" for tool in missing if tool is not None]
    follow_tables(current, way.desk)
    if listed is not None and listed.window_hours is None and error is None:
        suggest_rebuilt(current, way.desk.rules, listed)
    job.progress.step(current.channel, "acknowledging", None)
    acknowledged = acknowledge(current, way.desk, pool, way.acknowledging)
    report = account(current, None if error else listed, left, vanished, error, acknowledged)
    return replace(report, alarms=(*report.alarms, *([heard.problem] if heard.problem else [])))


def _forget_vanished(current: ChannelRun, listed: Listed) -> int:
    """What waited at the last run and is no longer listed: how many. A window shows of nothing that it is gone."""
    if listed.window_hours is not None:
        return 0
    with current.database.write() as tx:
        gone = [key for key in receipts.waiting(tx, current.channel) if key not in listed.versions]
        receipts.stop_waiting(tx, current.channel, gone)
    if gone:
        log.warning("items vanished before they could be received", channel=current.channel, count=len(gone))
    return len(gone)


def _receive(job: Job, current: ChannelRun, way: Way, listed: Listed) -> None:
    new = wanted(current, listed)
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
    return split_deliveries(current, pool, way.desk.rules.consultation, way.desk.channel.mapping)


def _settle(job: Job, current: ChannelRun, way: Way, pool: Readers) -> ToolMissing | None:
    with current.database.read() as tx:
        waiting = accounts.accounts(tx, [current.channel])[current.channel].pending
    job.progress.step(current.channel, "reading", waiting)
    return settle_pending(current, way.desk, pool, job.progress.advance)


def _transcribe(job: Job, current: ChannelRun, way: Way, pool: Readers) -> Transcribed:
    """Have what waits for words transcribed, where a program for it is configured; calls that waited go on then."""
    if job.speech is None:
        return Transcribed()
    job.progress.step(current.channel, "transcribing", None)
    heard = transcribe(current, pool, job.speech)
    if heard.asked:
        settle_pending(current, way.desk, pool, lambda _: None)
    return heard
