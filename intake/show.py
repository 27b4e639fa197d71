"""Words and tables for a terminal. Everything from outside is shown as plain text, without control characters."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from intake import numbers
from intake.accounting import RunReport
from intake.job import NoProgress
from intake.job import Progress as Teller
from intake.layouts import for_log
from intake.reading.readers import LIMITS_ALONE, SANDBOXED, Means
from storage.audit import Check

log = structlog.get_logger()
_COUNTS = ("listed", "received", "read", "repeats", "set_aside", "quarantined", "pending", "responses")


def _plain(value: Any) -> Text:
    shown = "".join(c if c.isprintable() else "\ufffd" for c in str(value)) if value is not None else "–"
    return Text(shown)


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


class _Bars:
    """Progress bars on stderr, one for each step of a channel, with counts and time left."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: Any = None

    def step(self, channel: str, what: str, total: int | None) -> None:
        """The bar before is done; a new one begins."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(f"{channel}: {what}", total=total)

    def advance(self, count: int) -> None:
        """So many more."""
        self._bars.advance(self._task, count)


@contextmanager
def progress() -> Iterator[Teller]:
    """Bars where somebody watches a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield NoProgress()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bars:
        yield _Bars(bars)


def sentence(said: str) -> None:
    """One sentence."""
    _console().print(_plain(said))


def run_report(report: RunReport, quarantined: Sequence[dict[str, Any]], title: str) -> None:
    """The accounts of a run, the errors of its channels, and what a person must look at."""
    rows = {name: vars_of(channel) for name, channel in report.channels.items()}
    console = _console()
    console.print(_accounts(f"{title}: run {report.run}", rows, _COUNTS))
    for name, channel in report.channels.items():
        for notice in channel.notices:
            console.print(_plain(f"{name}: {notice}"))
        if channel.window is not None:
            console.print(_plain(f"{name}: only the last {channel.window} hours were listed in this run."))
        if channel.error:
            console.print(_plain(f"{name}: {channel.error}"))
        if channel.waiting:
            console.print(Text(f"{name}: {channel.waiting} waiting to be taken in; the next run tries again."))
        if channel.rows is not None:
            files = f"{channel.tables} file{'' if channel.tables == 1 else 's'}"
            console.print(Text(f"{name}: rows: {channel.rows['in']} in {files}, {channel.rows['out']} accounted for."))
        owed = channel.acknowledgements
        if owed and (owed["sent"] or owed["waiting"]):
            console.print(_plain(f"{name}: {owed['sent']} acknowledged, {owed['waiting']} to be acknowledged later."))
        for alarm in channel.alarms:
            console.print(_plain(f"{name}: ALARM: {alarm}"))
    for item in quarantined:
        said = f"receipt {item['receipt']} ({item['channel']}): {item['outcome']}."
        console.print(_plain(f"{said} {item['reason']} {item['next'] or ''}"))
    verdict = (
        "Balanced: all that is listed is accounted for; receipts = read + repeats + set aside + quarantined + pending."
        if report.balanced
        else "NOT balanced: see above; what was received is kept."
    )
    console.print(Text(verdict))
    console.print(_plain(_opened(report.means)))


def _opened(means: Means) -> str:
    """How this run opened what arrived."""
    if means.kind == SANDBOXED:
        return "What arrived was opened in a sandbox (bubblewrap)."
    if means.kind == LIMITS_ALONE:
        return f"What arrived was opened with limits alone, outside a sandbox, because {means.why}: {means.advice}."
    return "What arrived was not opened: there is no sandbox."


def log_items(found: Sequence[dict[str, Any]]) -> None:
    """A warning in the log for each of these receipts, where nobody reads a table."""
    for item in found:
        log.warning(item["outcome"], receipt=item["receipt"], reason=for_log(item["reason"] or ""), next=item["next"])


def vars_of(channel: Any) -> dict[str, Any]:
    """A channel's counts by name."""
    return {name: getattr(channel, name) for name in _COUNTS}


def _accounts(title: str, rows: dict[str, dict[str, Any]], names: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("channel", no_wrap=True)
    for name in names:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True)
    for channel, counts in rows.items():
        table.add_row(_plain(channel), *(_plain(counts[name]) for name in names))
    table.add_section()
    table.add_row("all", *(str(sum(counts[name] or 0 for counts in rows.values())) for name in names))
    return table


def learned(file: str, boxes: int, told: dict[str, list[str]]) -> None:
    """What was learned of a form, and what a person should look at in it."""
    console = _console()
    console.print(
        _plain(f'The layout is in {file}: {boxes} boxes. Name it in the config: [reading] forms = ["{file}"].')
    )
    for name, said in (
        ("proposed", "By the words beside it, please check:"), ("unmapped", "Fits no question, and is left out:"),
        ("missing", "The consultation asks for it, and no box was found:"),
    ):  # fmt: skip
        for item in told[name]:
            console.print(_plain(f"{said} {item}"))


def status(standing: dict[str, Any], title: str) -> None:
    """The accounts as they stand."""
    table = _accounts(title, standing["channels"], _COUNTS[2:])
    console = _console()
    console.print(table)
    for name, counts in standing["channels"].items():
        last = counts["last_run"]
        said = f"last run {last['run']}, {last['finished_at']}" if last else "never run"
        console.print(_plain(f"{name}: {said}{'; ' + last['error'] if last and last['error'] else ''}"))
    for alarm in standing["alarms"]:
        said = f"ALARM: {alarm['channel']}, since {alarm['since']}: {alarm['what']} {alarm['next']}"
        console.print(_plain(said))


def items(found: Sequence[dict[str, Any]]) -> None:
    """Receipts with their reason, and below each what to do next: lines, since sentences don't fit a table's cells."""
    console = _console()
    for item in found:
        named = f"receipt {item['receipt']}" + (f", {item['reference']}" if item["reference"] else "")
        console.print(_plain(f"{named} ({item['channel']}): {item['reason'] or item['outcome']}"))
        for said in (item["next"], item.get("source")):
            if said:
                console.print(_plain(f"    {said}"))
    if not found:
        console.print(Text("There are none."))


def checks(done: Sequence[Check]) -> None:
    """What verify checked, and everything that does not hold."""
    console = _console()
    for check in done:
        console.print(Text(f"{'holds' if check.ok else 'DOES NOT HOLD'}: {check.name} ({check.checked} checked)"))
        for failure in check.failures:
            console.print(_plain(f"  {failure}"))


def trace(found: dict[str, Any]) -> None:
    """A trace for reading: fields with their evidence, receipts with their originals, the history."""
    console = _console()
    console.print(Text(found["reference"] or "no response"))
    if found["joined_into"]:
        console.print(_plain(f"  is part of {found['joined_into']} now, and counts no more by itself"))
    for column, pieces in found["fields"].items():
        value = (found["response"][column] or "").replace("\n", " ")
        told = numbers.shown(value) if column == "phone" else ""
        console.print(Text.assemble(f"  {column}: ", _plain(value[:200]), f"  ({told})" if told else ""))
        for piece in pieces:
            quote = (piece["quote"] or "").replace("\n", " ")[:100]
            console.print(_plain(f"      {piece['method']} {piece['confidence']:.2f} {_where(piece['place'])} {quote}"))
    for mark in found["marked"]:
        quote = mark["quote"].replace("\n", " ")[:100]
        console.print(_plain(f"  not in text, {mark['kind']}: {_where(mark['place'])} {quote}"))
    for receipt in found["receipts"]:
        arrived = f"arrived {receipt['arrived_at']} ({receipt['arrived_basis']}), source {receipt['source']}"
        said = f"receipt {receipt['receipt']} ({receipt['outcome']}) on {receipt['channel']}, run {receipt['run']}"
        console.print(_plain(f"{said}, {arrived}"))
        if receipt["reason"]:
            console.print(_plain(f"  {receipt['reason']}: {receipt['next'] or ''}"))
        if receipt["call"]:
            console.print(_plain(f"  {_call(receipt['call'])}"))
        if told := receipt["acknowledgement"]:
            at = f" at {told['tried_at']}" if told["tried_at"] else ""
            console.print(_plain(f"  acknowledgement: {told['state']}{at}{': ' + told['why'] if told['why'] else ''}"))
        if typed_by := receipt["facts"].get("typed_by"):
            console.print(_plain(f"  typed in by {typed_by}"))
        for sound in receipt["recordings"]:
            console.print(_plain(f"  recording: {sound['name'] or 'without a name'}, {sound['media_type']}"))
        for kept in receipt["originals"]:
            state = {True: "intact", False: "DAMAGED"}.get(kept["intact"], kept["intact"])
            said = f"{kept['bytes']} bytes, {kept['media_type']}, {state}"
            name = f" {kept['name']}" if kept.get("name") else ""
            console.print(_plain(f"  original {kept['sha256']}{name}: {said}"))
    for entry in found["history"]:
        said = " ".join(f"{k}={v}" for k, v in entry.items() if k not in ("type", "at", "commitment") and v is not None)
        console.print(_plain(f"  {entry['at'][:19]}Z {entry['type']} {said}"))
    if "crop" in found:
        console.print(_plain(_crop(found["crop"])))


def _call(told: dict[str, Any]) -> str:
    """Who rang, and how it ended, in one line."""
    shown = numbers.shown(told["number"] or "")
    number = f"{told['number']} ({shown})" if shown else told["number"] or "a number that was not given"
    recordings = told.get("recordings", [])
    kept = f", {sum(one.get('audio', False) for one in recordings)} of {len(recordings)} recordings kept"
    return f"from {number}, {told['state']}{kept if recordings else ''}"


def _crop(made: dict[str, Any]) -> str:
    others = f"; the first of its {made['boxes']} places" if made["boxes"] > 1 else ""
    box = ", ".join(f"{edge:g}" for edge in made["box"])
    return f"The picture of {made['field']} (page {made['page']}, box {box}{others}) is in {made['file']}."


def _where(place: dict[str, Any] | None) -> str:
    return "" if place is None else " ".join(f"{key} {value}" for key, value in place.items())
