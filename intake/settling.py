"""Receipts that wait -> outcomes: read, repeat, set aside, quarantined, or still pending with the reason.

What can be read becomes responses. A repeat is a byte-identical whole message or file, and nothing less certain.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import structlog

from intake.added import added_files, with_files
from intake.filled import Rules
from intake.mailing import decide_doubted, flag_earlier, to_be_freed, with_follow_ups
from intake.outcomes import MESSAGE_TYPES, Desk, Ended, add_result, add_row
from intake.reading.parts import Reading, ToolMissing, Unreadable
from intake.reading.readers import Readers
from intake.reading.sandbox import ReadJob, ReadResult
from intake.reading.splitting import NEXT_STEP
from intake.receive import ChannelRun
from intake.revise import apply_decisions, holding
from intake.splitting import row_cells, split_delivery
from storage import decisions, deliveries, ledger, mailkeys, rebuilt, receipts, responses, rows
from storage.database import Transaction
from storage.receipts import ReceiptView, Settled
from storage.reference import make_reference
from storage.responses import Change, NewResponse

log = structlog.get_logger()
_PAGE = 500
_WRITE_EVERY = 100
_WRITE_CHARACTERS = 4_000_000
_DAMAGED = Unreadable(
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
        for receipt, older in _items(current, followers=followers):
            decided = None if older is None else _as_repeat(current, receipt, older)
            if decided is not None:
                writer.ended.settled.append(decided)
                writer.ended.receipts += 1
            elif not current.originals.intact(receipt.sha256):
                add_result(desk, writer.ended, receipt, _DAMAGED)
            else:
                opened[receipt.id] = receipt
                yield read_job(current, receipt)

    missing = None
    lost: list[ReadJob] = []
    for job, result in chain(pool.read(jobs()), _second_readings(pool, lost)):
        if isinstance(result, ToolMissing):
            missing = result
        if (again := _without_attachments(job, result)) is not None:
            lost.append(again)
            continue
        add_result(desk, writer.ended, opened.pop(job.key), result)
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


def _read_now(current: ChannelRun, pool: Readers, receipt: ReceiptView) -> ReadResult:
    """The reading of one receipt's original."""
    [(job, result)] = pool.read([read_job(current, receipt)])
    again = _without_attachments(job, result)
    return next(read for _, read in pool.read([again])) if again is not None else result


def _items(current: ChannelRun, *, followers: bool) -> Iterator[tuple[ReceiptView, int | None]]:
    """Whole messages and files that wait, each with the older receipt of the same bytes (None for the first of
    them)."""
    for page in _pending(current, rows_only=False):
        with current.database.read() as tx:
            oldest = receipts.first_holders(tx, [receipt.sha256 for receipt in page])
        for receipt in page:
            older = oldest[receipt.sha256]
            if (older < receipt.id) is followers:
                yield receipt, older if followers else None


def _as_repeat(current: ChannelRun, receipt: ReceiptView, older: int) -> Settled | None:
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


def read_job(current: ChannelRun, receipt: ReceiptView) -> ReadJob:
    """The job that reads a receipt's original. Messages of an mbox have their ``>From`` lines unquoted."""
    options = {"unquote_from": True} if receipt.delivery_id is not None else {}
    return ReadJob(receipt.id, current.originals.path(receipt.sha256), None, receipt.media_type, options)


def write_ended(current: ChannelRun, rules: Rules, ended: Ended) -> None:
    """Write what became of some receipts, in one transaction."""
    at, run = current.clock(), current.run
    with current.database.write() as tx:
        new = _with_free_references(tx, _without_versions(tx, current, ended))
        mailkeys.add_keys(tx, ended.mail_keys)
        links = mailkeys.links(tx, ended.mail_keys)
        new = with_follow_ups(links, new, ended.parts, ended.doubted)
        sure = [item for item in new if item.receipt_id not in ended.doubted]
        responses.add_responses(tx, run, at, sure)
        responses.add_parts(tx, ended.parts)
        rebuilt.keep_identities(tx, list(ended.identities.items()))
        receipts.settle(tx, run, at, ended.settled)
        if ended.doubted:
            counting, aside = decide_doubted(tx, ended.doubted, new)
            responses.add_responses(tx, run, at, counting)
            receipts.settle(tx, run, at, aside)
        flag_earlier(tx, rules, run, at, links, sure)
        ledger.number_entries(tx)
    for settled in ended.settled:
        if settled.outcome == "quarantined":
            log.info("quarantined", receipt=settled.receipt, reason=settled.reason, next=settled.next_step)


def _without_versions(tx: Transaction, current: ChannelRun, ended: Ended) -> list[NewResponse]:
    """Link rows whose id has a response already to that one; ``follow_tables`` then decides whose values it shows."""
    known = rows.response_of_key(tx, current.channel, list(ended.row_ids)) if ended.row_ids else {}
    further = {ended.row_ids[key]: response for key, response in known.items()}
    responses.link_receipts(tx, [(response, receipt) for receipt, response in further.items()])
    receipts.settle(tx, current.run, current.clock(), [Settled(receipt, "read") for receipt in further])
    return [new for new in ended.responses if new.receipt_id not in further]


def _with_free_references(tx: Transaction, new: Sequence[NewResponse]) -> list[NewResponse]:
    """The same responses; one whose reference another has already (45 bits may meet) gets the next one."""
    taken = responses.taken_references(tx, [n.response.reference for n in new])
    free = []
    for item in new:
        response = item.response
        while response.reference in taken:
            prefix = response.reference.partition("-")[0]
            following = make_reference(prefix, response.consultation, response.channel, response.reference)
            response = response.model_copy(update={"reference": following})
            taken |= responses.taken_references(tx, [following])
        taken.add(response.reference)
        free.append(replace(item, response=response))
    return free


def reread(current: ChannelRun, desk: Desk, pool: Readers, receipt: ReceiptView, *, screened: bool) -> None:
    """Read one receipt again and settle it anew, because a person asked for it."""
    writer = _Writer(current, desk.rules, lambda _: None)
    if receipt.kind == "file":
        _split_again(current, desk, pool, receipt)
        return
    if receipt.kind == "row":
        with current.database.read() as tx:
            content = receipts.contents(tx, [receipt.sha256])[receipt.sha256]
        add_row(desk, writer.ended, receipt, row_cells(content), screened=screened)
    elif (decided := _as_older(current, receipt)) is not None:
        writer.ended.settled.append(decided)
        writer.ended.receipts += 1
    else:
        intact = current.originals.intact(receipt.sha256)
        first = _read_now(current, pool, receipt) if intact else _DAMAGED
        result = _with_added(current, pool, receipt, first)
        add_result(desk, writer.ended, receipt, result, screened=screened)
        if _read_anew(current, desk, writer.ended):
            return
    writer.write()


def free_doubted(current: ChannelRun, desk: Desk, pool: Readers) -> int:
    """Give back to be responses what was set aside as advertising before something else from its service was one; how
    many. Each may speak for others in turn, so it is asked until there are none."""
    tried: set[int] = set()
    while True:
        with current.database.read() as tx:
            numbers = [number for number in to_be_freed(tx, current.channel) if number not in tried]
            waiting = receipts.by_numbers(tx, numbers[:_PAGE])
        if not waiting:
            break
        for receipt in waiting:
            tried.add(receipt.id)
            reread(current, desk, pool, receipt, screened=True)
    with current.database.read() as tx:
        return sum(
            receipt.outcome != "set_aside"
            for start in range(0, len(tried), _PAGE)
            for receipt in receipts.by_numbers(tx, sorted(tried)[start : start + _PAGE])
        )


def _with_added(current: ChannelRun, pool: Readers, receipt: ReceiptView, result: ReadResult) -> ReadResult:
    """A reading with the files that people added to the receipt."""
    with current.database.read() as tx:
        files = added_files(decisions.decisions_on(tx, [receipt.id], None))
        kinds = {f.sha256: row.media_type for f in files if (row := receipts.original(tx, f.sha256)) is not None}
    if not files or isinstance(result, ToolMissing):
        return result
    found: dict[int, Reading | Unreadable] = {}
    jobs = [
        ReadJob(n, current.originals.path(file.sha256), None, kinds.get(file.sha256, ""), {})
        for n, file in enumerate(files)
        if current.originals.intact(file.sha256)
    ]
    for job, read in pool.read(jobs):
        if isinstance(read, ToolMissing):
            return read
        found[job.key] = read
    return with_files(
        result, [(file, kinds.get(file.sha256, ""), found.get(n, _DAMAGED)) for n, file in enumerate(files)]
    )


def _read_anew(current: ChannelRun, desk: Desk, ended: Ended) -> bool:
    """Give the response that a receipt has already what a new reading made of it, with people's decisions on top;
    false if it has none. ``version`` counts the files that were added, so that an acceptance is of what was seen."""
    at = current.clock()
    with current.database.write() as tx:
        mine = responses.responses_of(tx, [new.receipt_id for new in ended.responses])
        if len(ended.responses) != 1 or not mine.get(ended.responses[0].receipt_id):
            return False
        new = ended.responses[0]
        view = responses.load(tx, mine[new.receipt_id])[0]
        held = holding(decisions.decisions_on(tx, [new.receipt_id], view.id))
        kept = responses.base_state(tx, view)
        base = new.response.model_copy(
            update={
                "reference": kept.reference,
                "version": 1 + sum(decision.action == "add" for decision in held),
                "likely_duplicate_of": kept.likely_duplicate_of,
                "campaign": kept.campaign,
            }
        )
        state = apply_decisions(desk.rules, base, held)
        decided = any(decision.response_id is not None for decision in held)
        change = Change(
            response_id=view.id, cause="decision" if decided else "reading", response=state,
            base=base if decided else None, evidence=new.evidence, receipt_id=new.receipt_id,
            monitoring=new.monitoring,
        )  # fmt: skip
        responses.change_response(tx, current.run, at, change)
        responses.add_parts(tx, ended.parts)
        if receipts.by_numbers(tx, [new.receipt_id])[0].outcome != "read":
            receipts.settle(tx, current.run, at, [Settled(new.receipt_id, "read")])
        ledger.number_entries(tx)
    return True


def _as_older(current: ChannelRun, receipt: ReceiptView) -> Settled | None:
    """The outcome of a receipt whose bytes an older one holds, None if there is none or it must be read for itself."""
    with current.database.read() as tx:
        older = receipts.first_holders(tx, [receipt.sha256])[receipt.sha256]
    return _as_repeat(current, receipt, older) if older < receipt.id else None


def _split_again(current: ChannelRun, desk: Desk, pool: Readers, receipt: ReceiptView) -> None:
    with current.database.write() as tx:
        number = deliveries.reopen(tx, current.run, current.clock(), receipt.id)
        if number is None:
            return
        delivery = deliveries.delivery(tx, number)
    if split_delivery(current, pool, desk.channel.mapping, delivery) is None:
        settle_pending(current, desk, pool, lambda _: None)
