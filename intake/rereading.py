"""What is read again, because a person asked for it or more of it came: with what was added, and people's decisions on
top."""

from collections.abc import Sequence

from intake.added import added_files, added_to_read, with_files
from intake.bundled import CALL_TYPES
from intake.outcomes import MESSAGE_TYPES, Desk, Ended, add_result, add_row
from intake.reading.parts import Reading, ToolMissing, Unreadable
from intake.reading.readers import Readers
from intake.reading.sandbox import ReadJob, ReadResult
from intake.receive import ChannelRun
from intake.revise import apply_decisions, holding
from intake.settling import DAMAGED, as_repeat, read_now, settle_pending
from intake.splitting import row_cells, split_delivery
from intake.spokenmail import with_transcripts
from intake.written import write_ended
from storage import decisions, deliveries, further, ledger, receipts, responses
from storage.decisions import DecisionView
from storage.originals import OriginalDamaged
from storage.receipts import ReceiptView, Settled
from storage.responses import Change, NewResponse
from storage.schema import Response

_SUBSTANCE = tuple(
    name
    for name in Response.model_fields
    if name not in ("needs", "method", "confidence", "run", "reader_version", "version", "status", "reviewed_by",
                    "reviewed_at")
)  # fmt: skip
"""The fields that are what somebody said, and when and who they are."""
_NOT_READ = frozenset({"follow-up?", "duplicate?", "genuine?"})
"""The needs that other items, or the way in which an item came, give a response: reading it again takes none away."""


def reread(current: ChannelRun, desk: Desk, pool: Readers, receipt: ReceiptView, *, screened: bool) -> None:
    """Read one receipt again and settle it anew."""
    ended = Ended()
    if receipt.kind == "file":
        _split_again(current, desk, pool, receipt)
        return
    if receipt.kind == "row":
        with current.database.read() as tx:
            content = receipts.contents(tx, [receipt.sha256])[receipt.sha256]
        add_row(desk, ended, receipt, row_cells(content), screened=screened)
    elif (decided := _as_older(current, receipt)) is not None:
        ended.settled.append(decided)
        ended.receipts += 1
    else:
        result = read_now(current, desk, pool, receipt, ended)
        if receipt.media_type in MESSAGE_TYPES:
            result = _with_heard(current, receipt, result, ended)
        result = _with_added(current, desk, pool, receipt, result)
        with current.database.read() as tx:
            is_new = receipt.id not in responses.responses_of(tx, [receipt.id])
        if receipt.media_type in CALL_TYPES and not is_new:
            if not isinstance(result, Reading):
                return  # what is read stays as it is
            screened = screened and receipt.outcome != "read"  # what counts goes on counting
        now = current.clock() if is_new else None
        add_result(desk, ended, receipt, result, screened=screened, parted=is_new, now=now)
        if _read_anew(current, desk, ended, grows=receipt.media_type in CALL_TYPES):
            return
    if ended.receipts:
        write_ended(current, desk.rules, ended)


def _read_anew(current: ChannelRun, desk: Desk, ended: Ended, *, grows: bool) -> bool:
    """Give the response that a receipt has already what a new reading made of it, with people's decisions on top;
    false if it has none."""
    at = current.clock()
    with current.database.write() as tx:
        mine = responses.responses_of(tx, [new.receipt_id for new in ended.responses])
        if len(ended.responses) != 1 or not mine.get(ended.responses[0].receipt_id):
            return False
        new = ended.responses[0]
        view = responses.load(tx, mine[new.receipt_id])[0]
        held = holding(decisions.decisions_on(tx, [new.receipt_id], view.id))
        base = _base_anew(desk, new, responses.base_state(tx, view), view.response, held, grows=grows)
        state = apply_decisions(desk.rules, base, held)
        decided = any(decision.response_id is not None for decision in held)
        change = Change(
            response_id=view.id, cause="decision" if decided else "reading", response=state,
            base=base if decided else None, evidence=new.evidence, receipt_id=new.receipt_id,
            monitoring=new.monitoring,
        )  # fmt: skip
        responses.change_response(tx, current.run, at, change)
        responses.add_parts(tx, ended.parts)
        responses.add_readings(tx, ended.readings)
        further.mark_read(tx, ended.taken_in)
        if receipts.by_numbers(tx, [new.receipt_id])[0].outcome != "read":
            receipts.settle(tx, current.run, at, [Settled(new.receipt_id, "read")])
        ledger.number_entries(tx)
    return True


def _base_anew(
    desk: Desk, new: NewResponse, kept: Response, before: Response, held: Sequence[DecisionView],
    *, grows: bool,
) -> Response:  # fmt: skip
    """What a new reading alone makes of a response that was ``before``, and for the machine alone ``kept``.

    Its version counts the files that people added, and of what grows also how often it came to read otherwise with
    their decisions on top: an acceptance is of what was seen.
    """
    base = new.response.model_copy(
        update={
            "reference": kept.reference,
            "version": 1 + sum(added_to_read(decision) for decision in held),
            "needs": tuple(sorted({*new.response.needs, *(_NOT_READ & set(kept.needs))})),
            "likely_duplicate_of": kept.likely_duplicate_of,
            "campaign": kept.campaign,
        }
    )
    if not grows:
        return base
    same = base.model_copy(update={"version": kept.version})
    state = apply_decisions(desk.rules, same, held)
    otherwise = any(getattr(state, name) != getattr(before, name) for name in _SUBSTANCE)
    return same.model_copy(update={"version": kept.version + 1}) if otherwise else same


def _with_heard(current: ChannelRun, receipt: ReceiptView, result: ReadResult, ended: Ended) -> ReadResult:
    """A message's reading with what a speech program heard in its recordings."""
    with current.database.read() as tx:
        kept = further.of_receipt(tx, receipt.id)
    if not kept or not isinstance(result, Reading):
        return result
    ended.taken_in[receipt.id] = max(one.number for one in kept)
    try:
        return with_transcripts(result, current.originals, kept)
    except OriginalDamaged:
        return result  # verify says so; the message itself is whole


def _with_added(current: ChannelRun, desk: Desk, pool: Readers, receipt: ReceiptView, result: ReadResult) -> ReadResult:
    """A reading with the files that people added to the receipt."""
    with current.database.read() as tx:
        files = added_files(decisions.decisions_on(tx, [receipt.id], None))
        kinds = {f.sha256: row.media_type for f in files if (row := receipts.original(tx, f.sha256)) is not None}
    if not files or isinstance(result, ToolMissing):
        return result
    found: dict[int, Reading | Unreadable] = {}
    options = {"forms": list(desk.forms)} if desk.forms else {}
    jobs = [
        ReadJob(n, current.originals.path(file.sha256), None, kinds.get(file.sha256, ""), options)
        for n, file in enumerate(files)
        if current.originals.intact(file.sha256)
    ]
    for job, read in pool.read(jobs):
        if isinstance(read, ToolMissing):
            return read
        found[job.key] = read
    return with_files(
        result, [(file, kinds.get(file.sha256, ""), found.get(n, DAMAGED)) for n, file in enumerate(files)]
    )


def _as_older(current: ChannelRun, receipt: ReceiptView) -> Settled | None:
    """The outcome of a receipt whose bytes an older one holds, None if there is none or it must be read for itself."""
    with current.database.read() as tx:
        older = receipts.first_holders(tx, [receipt.sha256])[receipt.sha256]
    return as_repeat(current, receipt, older) if older < receipt.id else None


def _split_again(current: ChannelRun, desk: Desk, pool: Readers, receipt: ReceiptView) -> None:
    with current.database.write() as tx:
        number = deliveries.reopen(tx, current.run, current.clock(), receipt.id)
        if number is None:
            return
        delivery = deliveries.delivery(tx, number)
    if split_delivery(current, pool, desk.rules.consultation, desk.channel.mapping, delivery) is None:
        settle_pending(current, desk, pool, lambda _: None)
