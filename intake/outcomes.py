"""What a reading makes of its receipt: an outcome, responses with their evidence, parts to be kept. Pure.

Nothing is written here; ``settling`` writes what this works out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite

import msgspec
from pydantic import ValidationError

from intake import normalise, relays
from intake.config import ChannelSettings
from intake.normalise import Filled, Rules
from intake.reading.parts import Reading, ToolMissing, Unreadable, marks_hold
from intake.reading.sandbox import ReadResult
from intake.screening import Verdict, screen_message
from intake.tables import RowReader, is_blank
from storage.receipts import ReceiptView, Settled
from storage.reference import make_reference
from storage.responses import NewResponse, StoredPart
from storage.schema import NEEDS, Response

ROWS_READER = "rows 1"
MESSAGE_TYPES = frozenset({"message/rfc822", "application/vnd.ms-outlook"})
"""The kinds of originals that are messages: they are screened, and their senders may be respondents."""
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

    @property
    def characters(self) -> int:
        """How much text is waiting to be written."""
        return sum(len(part.text) for part in self.parts)


def add_result(desk: Desk, ended: Ended, receipt: ReceiptView, result: ReadResult, *, screened: bool = True) -> None:
    """Work out what a reading makes of its receipt. ``screened`` is false where a person overturned the screening."""
    ended.receipts += 1
    if isinstance(result, ToolMissing):
        # What waited goes on waiting; what was in quarantine, and is only tried again, stays there.
        ended.settled.append(Settled(receipt.id, receipt.outcome, f"{result.tool} is missing.", result.advice))
    elif isinstance(result, Unreadable):
        ended.settled.append(Settled(receipt.id, "quarantined", result.reason, result.next_step))
    elif not all(_is_sound(reading) for reading in [result, *relays.carried(result)]):
        ended.settled.append(Settled(receipt.id, "quarantined", _UNSOUND.reason, _UNSOUND.next_step))
    else:
        ended.parts += [part for n, r in enumerate([result, *relays.carried(result)]) for part in _parts(receipt, n, r)]
        is_message = receipt.media_type in MESSAGE_TYPES
        ours = is_message and relays.is_our_machine(desk.channel, result)
        verdict = _verdict(result, is_message=is_message) if screened and not ours else None
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
    return all(
        part.number == n
        and "\x00" not in part.text
        and 0 <= part.confidence <= 1
        and marks_hold(part)
        and all(0 <= w.confidence <= 1 and all(map(isfinite, (w.x0, w.top, w.x1, w.bottom))) for w in part.words)
        for n, part in enumerate(reading.parts)
    )


def _verdict(reading: Reading, *, is_message: bool) -> Verdict | None:
    if is_message:
        return screen_message(reading.facts)
    return Verdict("empty", "nothing on any page") if normalise.is_blank_document(reading) else None


def _from_message(desk: Desk, receipt: ReceiptView, reading: Reading) -> list[NewResponse]:
    """One response, or those of the messages and letters that one of our own senders passes on."""
    return [
        _response(desk, receipt, ordinal, found.filled, found.reading.reader, item=found.item)
        for ordinal, found in enumerate(relays.responses_in(desk.rules, desk.channel, receipt, reading), start=1)
    ]


def add_row(desk: Desk, ended: Ended, receipt: ReceiptView, cells: dict[str, str], *, screened: bool = True) -> None:
    """Work out what a row becomes: a response, a further version of one, or nothing but an empty line."""
    ended.receipts += 1
    if screened and is_blank(cells):
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
