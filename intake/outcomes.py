"""What a reading makes of its receipt: an outcome, responses with their evidence, parts to be kept. Pure.

Nothing is written here; ``settling`` writes what this works out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isfinite
from typing import Any

import msgspec

from intake import batches, calls, normalise, relays
from intake.bulk import bulk_signs, doubts_for, services, spam_sign
from intake.bundled import CALL_TYPES
from intake.claims import add_claims
from intake.config import ChannelSettings
from intake.cues import cues
from intake.division import NONE
from intake.filled import Filled, Rules
from intake.mailing import Doubted, keys_of
from intake.reading.parts import Code, Reading, ToolMissing, Unreadable, boxes_hold, marks_hold, spoken_holds
from intake.reading.sandbox import ReadResult
from intake.responding import make_response
from intake.screening import Verdict, screen_message
from intake.tables import RowReader, is_blank
from intake.typedcells import TYPED_READER, TYPED_TYPE, read_typed
from storage.mailkeys import NewKeys
from storage.receipts import ReceiptView, Settled
from storage.responses import NewResponse, StoredPart, StoredReading
from storage.schema import Evidence

ROWS_READER = "rows 1"
_DIGEST = re.compile(r"[0-9a-f]{64}")
MESSAGE_TYPES = frozenset({"message/rfc822", "application/vnd.ms-outlook"})
"""The kinds of originals that are messages: they are screened, and their senders may be respondents."""
_UNSOUND = Unreadable("The reader's answer was not in order.", "Open the original by hand; report the receipt number.")


@dataclass(frozen=True, slots=True)
class Desk:
    """What settling goes by: the rules, the channel's settings, the reader of its rows, and the layouts of the reply
    forms that may arrive, as the readers take them."""

    rules: Rules
    channel: ChannelSettings
    row_reader: RowReader
    forms: tuple[Any, ...] = ()


@dataclass(slots=True)
class Ended:
    """What became of some receipts, to be written in one transaction. ``doubted`` are those, by receipt, whose
    responses count only if something else from the service that sent them is a response. ``taken_in`` says up to which
    further original each receipt was read."""

    settled: list[Settled] = field(default_factory=list)
    responses: list[NewResponse] = field(default_factory=list)
    parts: list[StoredPart] = field(default_factory=list)
    readings: list[StoredReading] = field(default_factory=list)
    mail_keys: list[NewKeys] = field(default_factory=list)
    doubted: dict[int, Doubted] = field(default_factory=dict)
    row_ids: dict[str, int] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    taken_in: dict[int, int] = field(default_factory=dict)
    receipts: int = 0

    @property
    def characters(self) -> int:
        """How much text is waiting to be written."""
        return sum(len(part.text) for part in self.parts)


def add_result(
    desk: Desk, ended: Ended, receipt: ReceiptView, result: ReadResult, *, screened: bool = True, parted: bool = True,
    now: datetime | None = None,
) -> None:  # fmt: skip
    """Work out what a reading makes of its receipt. ``screened`` is false where a person overturned the screening,
    ``parted`` where a file is one letter already and stays so; ``now`` (aware UTC) decides how long a call still waits
    for what may come, and None that it does not."""
    ended.receipts += 1
    if isinstance(result, ToolMissing):
        # What waited goes on waiting; what was in quarantine, and is only tried again, stays there, and what is set
        # aside keeps its reason.
        if receipt.outcome == "set_aside":
            return
        reason = result.reason or f"{result.tool} is missing."
        ended.settled.append(Settled(receipt.id, receipt.outcome, reason, result.advice))
    elif isinstance(result, Unreadable):
        ended.settled.append(Settled(receipt.id, "quarantined", result.reason, result.next_step))
    elif not all(_is_sound(reading) for reading in [result, *relays.carried(result)]):
        ended.settled.append(Settled(receipt.id, "quarantined", _UNSOUND.reason, _UNSOUND.next_step))
    elif receipt.media_type in CALL_TYPES:
        _add_call(desk, ended, receipt, result, now, screened=screened)
    else:
        if receipt.media_type in MESSAGE_TYPES:
            _add_message(desk, ended, receipt, result, screened=screened)
            return
        split = desk.channel.source.split_of(receipt.source_key) if parted else NONE
        _add_document(desk, ended, receipt, result, split, screened=screened)


def _add_document(
    desk: Desk, ended: Ended, receipt: ReceiptView, result: Reading, split: str, *, screened: bool
) -> None:
    """A file: its letters, each a response."""
    ended.parts += _parts(receipt, 0, result)
    ended.readings.append(stored_reading(receipt, result))
    batch = batches.batch_of(desk.rules, result.parts, split)
    if screened and normalise.is_blank_document(result):
        ended.settled.append(_set_aside(receipt, Verdict("empty", "nothing on any page")))
    elif screened and batch.pages and not batch.has_words:
        ended.settled.append(_set_aside(receipt, Verdict("empty", "nothing but separator sheets")))
    else:
        for n, letter in enumerate(batch.letters):
            filled = batches.fill(desk.rules, receipt, result, batch, n)
            response = _response(desk, receipt, n + 1, filled, result.reader)
            ended.responses.append(replace(response, pieces=batches.pieces_of(receipt, batch, letter)))


def _add_call(
    desk: Desk, ended: Ended, receipt: ReceiptView, reading: Reading, now: datetime | None, *, screened: bool
) -> None:
    """A call or text message: it waits, is set aside, or is one response. A person's overturning ends the waiting."""
    try:
        settled = calls.ended(receipt, reading, now, desk.channel.source.transcript_wait()) if screened else None
        filled = calls.fill(desk.rules, receipt, reading) if settled is None else None
    except calls.SENSELESS:
        ended.settled.append(Settled(receipt.id, "quarantined", _UNSOUND.reason, _UNSOUND.next_step))
        return
    ended.readings.append(stored_reading(receipt, reading))
    if settled is None or settled.outcome != "pending":
        ended.parts += _parts(receipt, 0, reading)
    if settled is not None:
        ended.settled.append(settled)
    elif filled is not None:
        ended.responses.append(_response(desk, receipt, 1, filled, reading.reader))


def stored_reading(receipt: ReceiptView, reading: Reading) -> StoredReading:
    """What a reading says of a document beside its parts, as it is kept."""
    facts, needs = msgspec.json.encode(reading.facts).decode(), msgspec.json.encode(reading.needs).decode()
    return StoredReading(receipt_id=receipt.id, reader=reading.reader, facts=facts, needs=needs)


def _set_aside(receipt: ReceiptView, verdict: Verdict) -> Settled:
    said = f"Rule: {verdict.rule}. A person looks at it before closing; overturn it if it is an answer."
    return Settled(receipt.id, "set_aside", verdict.reason, said)


def _is_sound(reading: Reading) -> bool:
    """Whether a reading keeps to its form: what untrusted bytes may have taken over must not harm what is stored."""
    if any("\x00" in value for value in reading.facts.values()):
        return False
    return all(
        part.number == n
        and "\x00" not in part.text
        and 0 <= part.confidence <= 1
        and marks_hold(part)
        and all(map(_is_sound_code, part.codes))
        and all(0 <= w.confidence <= 1 and all(map(isfinite, (w.x0, w.top, w.x1, w.bottom))) for w in part.words)
        and boxes_hold(part)
        and spoken_holds(part)
        for n, part in enumerate(reading.parts)
    )


def _is_sound_code(code: Code) -> bool:
    return "\x00" not in code.text and all(map(isfinite, (code.x0, code.top, code.x1, code.bottom)))


def _add_message(desk: Desk, ended: Ended, receipt: ReceiptView, reading: Reading, *, screened: bool) -> None:
    """A message: set aside by rule, or its response, or those of what one of our own senders passes on."""
    if receipt.delivery_id is None and _DIGEST.fullmatch(reading.facts.get("identity", "")):
        ended.identities[receipt.sha256] = reading.facts["identity"]
    readings = [reading, *relays.carried(reading)]
    ended.mail_keys += keys_of(receipt.id, readings, [_is_ours(desk, each) for each in readings])
    text = "\n\n".join(part.text for part in reading.parts if part.content)
    is_asked = screened and not relays.is_our_machine(desk.channel, reading)
    verdict = screen_message(reading.facts, text, desk.rules.is_ours) if is_asked else None
    if verdict is not None:
        ended.parts += [part for item, each in enumerate(readings) for part in _parts(receipt, item, each)]
        ended.settled.append(_set_aside(receipt, verdict))
        return
    responses = relays.responses_in(desk.rules, desk.channel, receipt, reading)
    shown = relays.marked_as_found(readings, responses)
    ended.parts += [part for item, each in enumerate(shown) for part in _parts(receipt, item, each)]
    for ordinal, found in enumerate(responses, start=1):
        add_claims(found.filled, found.reading)
        if found.item and screened:
            _doubt_carried(found.filled, found.reading)
        if found.is_own:
            if screened:
                _add_doubts(desk, ended, receipt, reading, text, found.filled)
            for cue in cues(reading.parts):
                found.filled.offer("exclusion_reason", cue)
        response = _response(desk, receipt, ordinal, found.filled, found.reading.reader, item=found.item)
        ended.responses.append(replace(response, pieces=found.pieces))


def _doubt_carried(filled: Filled, reading: Reading) -> None:
    """Somebody of ours passed it on as an answer, so it is one; where a rule would take it for a machine's, a person
    looks (`genuine?`)."""
    verdict = screen_message(reading.facts, "\n\n".join(part.text for part in reading.parts if part.content))
    if verdict is not None and verdict.reason != "empty":
        filled.needs.add("genuine?")
        said = f"{verdict.reason}: {verdict.rule}"
        filled.offer("needs", Evidence(value="genuine?", method="text", confidence=0.5, quote=said))


def _is_ours(desk: Desk, reading: Reading) -> bool:
    return desk.rules.is_ours(reading.facts.get("from_email", "")) or relays.is_forwarder(desk.channel, reading)


def _add_doubts(desk: Desk, ended: Ended, receipt: ReceiptView, reading: Reading, text: str, filled: Filled) -> None:
    """Bulk headers and a spam filter's word are a reason to look (`genuine?`). What has bulk headers and shows nothing
    of a person or of this consultation counts only if something else from its service does."""
    bulk, spam = bulk_signs(reading.facts), spam_sign(reading.facts, receipt.facts)
    if not bulk and not spam:
        return
    filled.needs.add("genuine?")
    said = ", ".join([*bulk, *([spam] if spam else [])])
    filled.offer("needs", Evidence(value="genuine?", method="text", confidence=0.5, quote=said))
    known = frozenset(services(reading.facts))
    if not bulk or not known or reading.forwarded or _is_ours(desk, reading):
        return
    if not doubts_for(desk.rules).about(reading.facts, text, reading.needs):
        rule = (
            f"{', '.join(bulk)}; it names neither the consultation nor a place nor a question, and nothing else from"
            f" {' or '.join(sorted(known))} is a response"
        )
        ended.doubted[receipt.id] = Doubted(_set_aside(receipt, Verdict("marketing", rule)), known)


def add_row(desk: Desk, ended: Ended, receipt: ReceiptView, cells: dict[str, str], *, screened: bool = True) -> None:
    """Work out what a row becomes: a response, a further version of one, or nothing: an empty line, or a trial. What a
    person typed in during a call is a row of its own, read by the names of the schema's columns."""
    ended.receipts += 1
    if screened and is_blank(cells):
        ended.settled.append(Settled(receipt.id, "set_aside", "empty", "Nothing to do: the row holds nothing."))
        return
    if receipt.media_type == TYPED_TYPE:
        ended.responses.append(_response(desk, receipt, 1, read_typed(desk.rules, receipt, cells), TYPED_READER))
        return
    if screened and desk.row_reader.is_test(cells):
        ended.settled.append(_set_aside(receipt, Verdict("test", "the survey tool marks this row as a trial")))
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


def _parts(receipt: ReceiptView, item: int, reading: Reading) -> Iterator[StoredPart]:
    for part in reading.parts:
        words = msgspec.msgpack.encode(part.words) if part.words else None
        document = msgspec.json.encode(msgspec.structs.replace(part, text="", words=[], apart=[])).decode()
        yield StoredPart(
            receipt_id=receipt.id, item=item, number=part.number, reader=reading.reader, document=document,
            text=part.text, words=words,
        )  # fmt: skip
