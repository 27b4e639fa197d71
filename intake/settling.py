"""Receipts that wait -> outcomes: read, repeat, set aside, quarantined, or still pending with the reason.

What can be read becomes responses. A repeat is a byte-identical whole message or file, and nothing less certain.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import structlog
from pydantic import ValidationError

from intake import normalise
from intake.config import ChannelSettings
from intake.normalise import Filled, Rules
from intake.reading.parts import Part, Reading, ToolMissing, Unreadable, Word
from intake.reading.readers import Readers
from intake.reading.sandbox import ReadJob, ReadResult
from intake.receive import ChannelRun
from intake.screening import Verdict, screen_message
from intake.splitting import row_cells, split_delivery
from intake.tables import RowReader, is_blank
from storage import deliveries, ledger, receipts, responses, rows
from storage.database import Transaction
from storage.receipts import ReceiptView, Settled
from storage.reference import make_reference
from storage.responses import NewResponse, StoredPart
from storage.schema import NEEDS, Response

log = structlog.get_logger()
_PAGE = 500
_WRITE_EVERY = 100
ROWS_READER = "rows 1"
_DAMAGED = Unreadable(
    "The stored bytes are no longer those that were received.", "Restore this original from a backup, then retry."
)
_UNSOUND = Unreadable("The reader's answer was not in order.", "Open the original by hand; report the receipt number.")


@dataclass(frozen=True, slots=True)
class Desk:
    """What settling goes by: the rules, the channel's settings, and the reader of its rows."""

    rules: Rules
    channel: ChannelSettings
    row_reader: RowReader


@dataclass(slots=True)
class Ended:
    """What became of some receipts, to be written in one transaction."""

    settled: list[Settled] = field(default_factory=list)
    responses: list[NewResponse] = field(default_factory=list)
    parts: list[StoredPart] = field(default_factory=list)
    row_ids: dict[str, int] = field(default_factory=dict)
    receipts: int = 0


def settle_pending(
    current: ChannelRun, desk: Desk, pool: Readers, advance: Callable[[int], None]
) -> ToolMissing | None:
    """Settle all receipts of a channel that wait, as far as this machine can; what it lacks is handed back.

    ``advance`` is told of each batch how many receipts it settled.
    """
    writer = _Writer(current, advance)
    _settle_rows(current, desk, writer)
    # Followers, whose bytes an older receipt holds, wait for how that one ends.
    missing = _settle_items(current, desk, pool, writer, followers=False)
    return _settle_items(current, desk, pool, writer, followers=True) or missing


class _Writer:
    """Collects what became of receipts, and writes it a batch at a time."""

    def __init__(self, current: ChannelRun, advance: Callable[[int], None]) -> None:
        self._current = current
        self._advance = advance
        self.ended = Ended()

    def write_if_full(self) -> None:
        if self.ended.receipts >= _WRITE_EVERY:
            self.write()

    def write(self) -> None:
        if self.ended.receipts:
            write_ended(self._current, self.ended)
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
            elif not current.originals.path(receipt.sha256).exists():
                add_result(desk, writer.ended, receipt, _DAMAGED)
            else:
                opened[receipt.id] = receipt
                yield read_job(current, receipt)

    missing = None
    for job, result in pool.read(jobs()):
        if isinstance(result, ToolMissing):
            missing = result
        add_result(desk, writer.ended, opened.pop(job.key), result)
        writer.write_if_full()
    writer.write()
    return missing


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
        first = receipts.by_numbers(tx, [older])[0]
    if first.outcome == "pending":
        return Settled(receipt.id, "pending", f"Waits for receipt {older}, which has the same bytes.")
    if first.outcome == "read" or (first.outcome == "set_aside" and first.reason != "empty"):
        return Settled(receipt.id, "repeat", f"Byte-identical to receipt {older}.")
    return None


def read_job(current: ChannelRun, receipt: ReceiptView) -> ReadJob:
    """The job that reads a receipt's original. Messages of an mbox have their ``>From`` lines unquoted."""
    options = {"unquote_from": True} if receipt.delivery_id is not None else {}
    return ReadJob(receipt.id, current.originals.path(receipt.sha256), None, receipt.media_type, options)


def add_result(desk: Desk, ended: Ended, receipt: ReceiptView, result: ReadResult, *, screened: bool = True) -> None:
    """Work out what a reading makes of its receipt. ``screened`` is false where a person overturned the screening."""
    ended.receipts += 1
    if isinstance(result, ToolMissing):
        # What waited goes on waiting; what was in quarantine, and is only tried again, stays there.
        ended.settled.append(Settled(receipt.id, receipt.outcome, f"{result.tool} is missing.", result.advice))
    elif isinstance(result, Unreadable):
        ended.settled.append(Settled(receipt.id, "quarantined", result.reason, result.next_step))
    elif not all(_is_sound(reading) for reading in [result, *result.forwarded]):
        ended.settled.append(Settled(receipt.id, "quarantined", _UNSOUND.reason, _UNSOUND.next_step))
    else:
        ended.parts += [part for n, r in enumerate([result, *result.forwarded]) for part in _parts(receipt, n, r)]
        is_message = receipt.media_type == "message/rfc822"
        verdict = _verdict(result, is_message=is_message) if screened else None
        if verdict is not None:
            said = f"Rule: {verdict.rule}. A person looks at it before closing; overturn it if it is an answer."
            ended.settled.append(Settled(receipt.id, "set_aside", verdict.reason, said))
        elif is_message:
            ended.responses += _from_message(desk, receipt, result)
        else:
            filled = normalise.document(desk.rules, receipt, result)
            ended.responses.append(_response(desk, receipt, 1, filled, result.reader))


def _is_sound(reading: Reading) -> bool:
    """Whether a reading keeps to its form: what untrusted bytes may have taken over must not harm what is stored."""
    in_order = all(part.number == n for n, part in enumerate(reading.parts))
    return in_order and not any("\x00" in part.text for part in reading.parts)


def _verdict(reading: Reading, *, is_message: bool) -> Verdict | None:
    if is_message:
        return screen_message(reading.facts)
    return Verdict("empty", "nothing on any page") if normalise.is_blank_document(reading) else None


def _from_message(desk: Desk, receipt: ReceiptView, reading: Reading) -> list[NewResponse]:
    """One response, or one for each message that one of ours forwarded whole."""
    sender = reading.facts.get("from_email", "").casefold()
    if reading.forwarded and any(sender.endswith(known.casefold()) for known in desk.channel.forwarders):
        return [
            _response(desk, receipt, n, normalise.message(desk.rules, receipt, inner, reading), inner.reader, item=n)
            for n, inner in enumerate(reading.forwarded, start=1)
        ]
    return [_response(desk, receipt, 1, normalise.message(desk.rules, receipt, reading), reading.reader)]


def add_row(desk: Desk, ended: Ended, receipt: ReceiptView, cells: dict[str, str]) -> None:
    """Work out what a row becomes: a response, a further version of one, or nothing but an empty line."""
    ended.receipts += 1
    if is_blank(cells):
        ended.settled.append(Settled(receipt.id, "set_aside", "empty", "Nothing to do: the row holds nothing."))
        return
    if desk.channel.mapping.id_columns:
        ended.row_ids[receipt.source_key] = receipt.id
    ended.responses.append(_response(desk, receipt, 1, desk.row_reader.read(receipt, cells), ROWS_READER))


def _response(
    desk: Desk, receipt: ReceiptView, ordinal: int, filled: Filled, reader: str, *, item: int = 0
) -> NewResponse:
    return NewResponse(
        item=item,
        receipt_id=receipt.id,
        ordinal=ordinal,
        response=make_response(desk.rules, receipt, ordinal, filled, reader),
        evidence=filled.evidence,
        monitoring=filled.monitoring,
    )


def make_response(rules: Rules, receipt: ReceiptView, ordinal: int, filled: Filled, reader: str) -> Response:
    """The validated response that these fields make. A value that does not fit its column leaves it blank: the evidence
    still offers it, and ``needs`` says that there is a conflict."""
    values = {
        "reference": reference_of(rules, receipt, ordinal), "consultation": rules.consultation.id,
        "channel": receipt.channel, "source": receipt.source_key, "original_sha256": receipt.sha256,
        "run": receipt.run_id, "reader_version": reader, "answers": filled.answers,
        **filled.values, "needs": tuple(filled.needs & set(NEEDS)),
    }  # fmt: skip
    try:
        return Response(**values)
    except ValidationError as error:
        unfit = {str(problem["loc"][0]) for problem in error.errors()}
        kept = {column: value for column, value in values.items() if column not in unfit}
        return Response(**kept | {"needs": (*kept["needs"], "conflict")})


def reference_of(rules: Rules, receipt: ReceiptView, ordinal: int) -> str:
    """The reference of a receipt's n-th response."""
    return make_reference(
        rules.consultation.reference_prefix, rules.consultation.id, receipt.channel, receipt.source_key,
        sha256=receipt.sha256 if receipt.path_named else "", ordinal=ordinal,
    )  # fmt: skip


def _parts(receipt: ReceiptView, item: int, reading: Reading) -> Iterator[StoredPart]:
    for part in reading.parts:
        words = msgspec.msgpack.encode(part.words) if part.words else None
        document = msgspec.json.encode(msgspec.structs.replace(part, text="", words=[])).decode()
        yield StoredPart(
            receipt_id=receipt.id, item=item, number=part.number, reader=reading.reader, document=document,
            text=part.text, words=words,
        )  # fmt: skip


def stored_part(stored: StoredPart) -> Part:
    """A part as its reader handed it over."""
    part = msgspec.json.decode(stored.document, type=Part)
    words = msgspec.msgpack.decode(stored.words, type=list[Word]) if stored.words else []
    return msgspec.structs.replace(part, text=stored.text, words=words)


def write_ended(current: ChannelRun, ended: Ended) -> None:
    """Write what became of some receipts, in one transaction."""
    at = current.clock()
    with current.database.write() as tx:
        new = _without_versions(tx, current, ended)
        responses.add_responses(tx, current.run, at, _with_free_references(tx, new))
        responses.add_parts(tx, ended.parts)
        receipts.settle(tx, current.run, at, ended.settled)
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
    writer = _Writer(current, lambda _: None)
    if receipt.kind == "file":
        _split_again(current, desk, pool, receipt)
        return
    if receipt.kind == "row":
        with current.database.read() as tx:
            content = receipts.contents(tx, [receipt.sha256])[receipt.sha256]
        add_row(desk, writer.ended, receipt, row_cells(content))
    else:
        for _, result in pool.read([read_job(current, receipt)]):
            add_result(desk, writer.ended, receipt, result, screened=screened)
    writer.write()


def _split_again(current: ChannelRun, desk: Desk, pool: Readers, receipt: ReceiptView) -> None:
    with current.database.write() as tx:
        number = deliveries.reopen(tx, receipt.id)
        if number is None:
            return
        delivery = deliveries.delivery(tx, number)
    if split_delivery(current, pool, desk.channel.mapping, delivery) is None:
        settle_pending(current, desk, pool, lambda _: None)
