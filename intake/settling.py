"""Receipts that wait -> outcomes: read, repeat, set aside, quarantined, or still pending with the reason.

What can be read becomes responses. A repeat is a byte-identical whole message or file, and nothing less certain.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from intake import calls
from intake.bundled import CALL_TYPES, FURTHER, call_job
from intake.filled import Rules
from intake.outcomes import MESSAGE_TYPES, Desk, Ended, add_result, add_row
from intake.reading.parts import ToolMissing, Unreadable
from intake.reading.readers import Readers
from intake.reading.sandbox import ReadJob, ReadResult
from intake.reading.splitting import NEXT_STEP
from intake.receive import ChannelRun
from intake.splitting import row_cells
from intake.written import write_ended
from storage import further, rebuilt, receipts, responses
from storage.originals import OriginalDamaged
from storage.receipts import ReceiptView, Settled

_PAGE = 500
_WRITE_EVERY = 100
_WRITE_CHARACTERS = 4_000_000
_CARRIES_A_FORM = 30_000  # bytes of a message: a scanned page, encoded, has more; most mail has less, and reads quicker
DAMAGED = Unreadable(
    "The stored bytes are no longer those that were received.", "Restore this original from a backup, then retry."
)


def settle_pending(
    current: ChannelRun, desk: Desk, pool: Readers, advance: Callable[[int], None]
) -> ToolMissing | None:
    """Settle all receipts of a channel that wait, as far as this machine can; what it lacks is handed back.

    ``advance`` is told of each batch how many receipts it settled.
    """
    writer = _Writer(current, desk.rules, advance)
    _settle_rows(current, desk, writer)
    # Followers, whose bytes an older receipt holds, wait for how that one ends.
    missing = _settle_items(current, desk, pool, writer, followers=False)
    return _settle_items(current, desk, pool, writer, followers=True) or missing


class _Writer:
    """Collects what became of receipts, and writes it a batch at a time."""

    def __init__(self, current: ChannelRun, rules: Rules, advance: Callable[[int], None]) -> None:
        self._current = current
        self._rules = rules
        self._advance = advance
        self.ended = Ended()

    def write_if_full(self) -> None:
        if self.ended.receipts >= _WRITE_EVERY or self.ended.characters >= _WRITE_CHARACTERS:
            self.write()

    def pass_over(self, count: int) -> None:
        """So many stay as they are."""
        if count:
            self._advance(count)

    def write(self) -> None:
        if self.ended.receipts:
            write_ended(self._current, self._rules, self.ended)
            self._advance(self.ended.receipts)
            self.ended = Ended()


def _pending(current: ChannelRun, *, rows_only: bool) -> Iterator[list[ReceiptView]]:
    after = 0
    while True:
        with current.database.read() as tx:
            page = receipts.pending(tx, current.channel, after, _PAGE, rows=rows_only)
        if not page:
            return
        after = page[-1].id
        yield page


def _settle_rows(current: ChannelRun, desk: Desk, writer: _Writer) -> None:
    for page in _pending(current, rows_only=True):
        with current.database.read() as tx:
            kept = receipts.contents(tx, [receipt.sha256 for receipt in page])
        for receipt in page:
            if receipt.source_key in writer.ended.row_ids:
                writer.write()  # the first version of this id must have its response before the second one is linked
            add_row(desk, writer.ended, receipt, row_cells(kept[receipt.sha256]))
            writer.write_if_full()
    writer.write()


def _settle_items(
    current: ChannelRun, desk: Desk, pool: Readers, writer: _Writer, *, followers: bool
) -> ToolMissing | None:
    opened: dict[int, ReceiptView] = {}

    def jobs() -> Iterator[ReadJob]:
        for receipt, older in _items(current, desk, writer, followers=followers):
            decided = None if older is None else as_repeat(current, receipt, older)
            if decided is not None:
                writer.ended.settled.append(decided)
                writer.ended.receipts += 1
            elif (job := _intact_job(current, desk, receipt)) is None:
                add_result(desk, writer.ended, receipt, DAMAGED)
            else:
                opened[receipt.id] = receipt
                yield job

    missing = None
    lost: list[ReadJob] = []
    for job, result in chain(pool.read(jobs()), _second_readings(pool, lost)):
        if isinstance(result, ToolMissing):
            missing = result
        if (again := _without_attachments(job, result)) is not None:
            lost.append(again)
            continue
        note_taken_in(writer.ended, job, result)
        add_result(desk, writer.ended, opened.pop(job.key), result, now=current.clock())
        writer.write_if_full()
    writer.write()
    return missing


def _second_readings(pool: Readers, lost: list[ReadJob]) -> Iterator[tuple[ReadJob, ReadResult]]:
    """Read what is lost once everything else is read; the list is looked at only then."""
    if lost:
        yield from pool.read(lost)


def _without_attachments(job: ReadJob, result: ReadResult) -> ReadJob | None:
    """The job that reads a message without its attachments, if reading it whole has ended the reader: one of them is
    most likely to blame, and must not take the words of the message with it."""
    was_lost = isinstance(result, Unreadable) and result.next_step == NEXT_STEP
    if not was_lost or job.media_type not in MESSAGE_TYPES or "attachments" in job.options:
        return None
    return ReadJob(job.key, job.path, job.content, job.media_type, {**job.options, "attachments": False})


def note_taken_in(ended: Ended, job: ReadJob, result: ReadResult) -> None:
    """Which further originals of a receipt a reading has taken in: all that it was given, unless nothing was read."""
    if not isinstance(result, ToolMissing) and (number := job.options.get(FURTHER, 0)):
        ended.taken_in[job.key] = number


def read_now(
    current: ChannelRun, desk: Desk, pool: Readers, receipt: ReceiptView, ended: Ended | None = None
) -> ReadResult:
    """The reading of one receipt's originals; ``ended`` is told which further ones it took in."""
    job = _intact_job(current, desk, receipt)
    if job is None:
        return DAMAGED
    [(job, result)] = pool.read([job])
    again = _without_attachments(job, result)
    if again is not None:
        return next(read for _, read in pool.read([again]))
    if ended is not None:
        note_taken_in(ended, job, result)
    return result


def _intact_job(current: ChannelRun, desk: Desk, receipt: ReceiptView) -> ReadJob | None:
    """The job that reads a receipt's originals; None if their stored bytes are no longer those that were received."""
    try:
        if receipt.media_type in CALL_TYPES:
            return call_job(current, receipt)
    except OriginalDamaged:
        return None
    return read_job(current, receipt, desk.forms) if current.originals.intact(receipt.sha256) else None


def _items(
    current: ChannelRun, desk: Desk, writer: _Writer, *, followers: bool
) -> Iterator[tuple[ReceiptView, int | None]]:
    """Whole messages and files that wait and may be settled now, each with the older receipt of the same bytes (None
    for the first of them)."""
    for page in _pending(current, rows_only=False):
        with current.database.read() as tx:
            oldest = receipts.first_holders(tx, [receipt.sha256 for receipt in page])
        mine = [receipt for receipt in page if (oldest[receipt.sha256] < receipt.id) is followers]
        waiting = _calls_waiting(current, desk, mine)
        writer.pass_over(len(waiting))
        for receipt in mine:
            if receipt.id not in waiting:
                yield receipt, oldest[receipt.sha256] if followers else None


def _calls_waiting(current: ChannelRun, desk: Desk, page: Sequence[ReceiptView]) -> set[int]:
    """Calls of which nothing has come since they were read, and that still wait: they need not be read again."""
    read = {r.id: r for r in page if r.media_type in CALL_TYPES and r.reason}
    if not read:
        return set()
    with current.database.read() as tx:
        grown = further.with_unread(tx, list(read))
        kept = [one for one in responses.readings_of(tx, list(read)) if one.receipt_id not in grown]
    now, wait = current.clock(), desk.channel.source.transcript_wait()
    return {k.receipt_id for k in kept if calls.waits_on(read[k.receipt_id], k.reader, k.facts, now, wait)}


def as_repeat(current: ChannelRun, receipt: ReceiptView, older: int) -> Settled | None:
    """The outcome of a receipt whose bytes an older one holds; None if it must be read for itself: what is empty or
    quarantined never has a repeat."""
    with current.database.read() as tx:
        root = rebuilt.same_as(tx, older)
        first = receipts.by_numbers(tx, [root])[0]
    if first.outcome == "pending":
        reason = f"Waits for receipt {older}, which has the same bytes."
        return Settled(receipt.id, "pending", reason, f"Nothing here: it follows receipt {older}.")
    if first.outcome == "read" or (first.outcome == "set_aside" and first.reason != "empty"):
        said = "" if root == older else f", which is the same message as receipt {root}"
        return Settled(receipt.id, "repeat", f"Byte-identical to receipt {older}{said}.")
    return None


def read_job(current: ChannelRun, receipt: ReceiptView, forms: Sequence[Any] = ()) -> ReadJob:
    """The job that reads a receipt's original. Messages of an mbox have their ``>From`` lines unquoted. ``forms`` go
    with what may be or carry a reply form: a message that is too short to carry one is read without."""
    options: dict[str, Any] = {"unquote_from": True} if receipt.delivery_id is not None else {}
    path = current.originals.path(receipt.sha256)
    if forms and (receipt.media_type not in MESSAGE_TYPES or path.stat().st_size >= _CARRIES_A_FORM):
        options["forms"] = list(forms)
    return ReadJob(receipt.id, path, None, receipt.media_type, options)
