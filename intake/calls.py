"""What becomes of a call or a text message: how it ended, and the fields of its response. Pure.

A call waits as long as it goes on, or a recording or transcript of it is still to come; it ends when nothing is waited
for any more. What comes later is read in then.
"""

import re
from datetime import datetime, timedelta

import msgspec

from intake import fields
from intake.content import add_content
from intake.evidence import in_part
from intake.filled import Filled, Rules, finished
from intake.reading.call import ONGOING, READER, SPOKEN_BY
from intake.reading.callfacts import FACT, MESSAGE, CallFacts, Recorded
from intake.reading.parts import Part, Reading
from intake.when import received
from storage.receipts import ReceiptView, Settled
from storage.schema import Evidence

SENSELESS = (msgspec.DecodeError, ValueError, TypeError, OverflowError, IndexError)
"""What is raised where a reader's process says what can't be: it has opened untrusted bytes."""
_COMING = frozenset({"", "in-progress", "paused", "stopped", "processing"})
"""The states of a recording that is still to come."""
_NOTHING_SOON = "Nothing here: each run looks again."
# What a speech recogniser writes with capitals after "my name is", two to four words of it.
_NAME = re.compile(r"\b[Mm]y name(?:'s| is) ((?:[A-Z][A-Za-z'\u2019-]+)(?: (?:[A-Z][A-Za-z'\u2019-]*)){1,3})")


def facts_of(reading: Reading) -> CallFacts:
    """What the reader says of a call.

    Raises:
        SENSELESS: it says nothing that makes sense.
    """
    return msgspec.json.decode(reading.facts.get(FACT, ""), type=CallFacts)


# ---- how it ended


def ended(receipt: ReceiptView, reading: Reading, now: datetime | None, wait: timedelta) -> Settled | None:
    """How a call or text message ended, or why it waits; None if it is a response.

    Args:
        receipt: its receipt.
        reading: what its reader made of it.
        now: aware UTC; None where nothing is waited for.
        wait: how long a transcript is waited for, from the end of its recording.
    """
    facts = facts_of(reading)
    if receipt.media_type == MESSAGE:
        return _message_ended(receipt, reading, facts)
    if facts.status in ONGOING and now is not None:
        return Settled(receipt.id, "pending", f"The call is still going on ({facts.status}).", _NOTHING_SOON)
    announced = _announced(facts)
    if not announced:
        return _no_message(receipt, reading, facts)
    if now is not None and (waits := _waits(receipt, facts, announced, now, wait)) is not None:
        return waits
    if not any(one.audio or one.heard == "read" for one in announced):
        reason = "A recording of this call was announced, and could not be had."
        step = f"It is asked for again for a week. Call back, if {_number(receipt, facts)}; retry once it is there."
        return Settled(receipt.id, "quarantined", reason, step)
    return None


def _announced(facts: CallFacts) -> list[Recorded]:
    """The recordings that can hold something."""
    return [one for one in facts.recordings if one.status != "absent" and (one.seconds != 0 or one.heard == "read")]


def waits_on(receipt: ReceiptView, reader: str, facts: str, now: datetime, wait: timedelta) -> bool:
    """Whether a call of which nothing has come since it was read still waits for the same thing: ``facts`` (JSON) are
    those of that reading."""
    if reader.partition(",")[0] != READER:
        return False
    try:
        kept = Reading(reader=reader, parts=[], facts=msgspec.json.decode(facts, type=dict[str, str]))
        settled = ended(receipt, kept, now, wait)
    except SENSELESS:
        return False
    return settled is not None and (settled.outcome, settled.reason) == ("pending", receipt.reason)


def _message_ended(receipt: ReceiptView, reading: Reading, facts: CallFacts) -> Settled | None:
    if reading.facts.get("empty") == "true" and not facts.media:
        said = "Rule: a text message without a word or picture. A person looks at it before closing."
        return Settled(receipt.id, "set_aside", "empty", said)
    return None


def _no_message(receipt: ReceiptView, reading: Reading, facts: CallFacts) -> Settled:
    taken = "" if facts.taken else " (recordings are not taken in: recordings = false)"
    if reading.facts.get("state") == "answered":
        step = f"It was answered, and there is no recording of it{taken}: see that what was said is in the log."
    else:
        step = f"Missed, with no message{taken}: call back, if {_number(receipt, facts)}."
    return Settled(receipt.id, "set_aside", "no-message", f"{step} Overturn it if it is an answer.")


def _number(receipt: ReceiptView, facts: CallFacts) -> str:
    if fields.e164(facts.sender):
        return f"nobody has yet: the number is in `intake trace {receipt.id}`"
    return "they can be found: no number was given"


def _waits(
    receipt: ReceiptView, facts: CallFacts, announced: list[Recorded], now: datetime, wait: timedelta
) -> Settled | None:
    until = [(one, _end_of(one, facts, receipt) + wait) for one in announced]
    if any(one.status in _COMING and now < at for one, at in until):
        return Settled(receipt.id, "pending", "A recording of this call is still being made.", _NOTHING_SOON)
    unheard = [at for one, at in until if one.audio and one.heard in ("", "waiting") and now < at]
    if unheard:
        reason = f"The transcript of its recording is waited for until {max(unheard):%Y-%m-%d %H:%M} UTC."
        return Settled(receipt.id, "pending", reason, "Nothing here: then a person types what was said.")
    return None


def _end_of(one: Recorded, facts: CallFacts, receipt: ReceiptView) -> datetime:
    """When a recording ended, as far as anything says it."""
    if one.started and one.seconds is not None:
        return datetime.fromisoformat(one.started) + timedelta(seconds=one.seconds)
    known = [written for written in (one.started, facts.ended, facts.started) if written]
    return datetime.fromisoformat(known[0]) if known else receipt.taken_at


# ---- its fields


def fill(rules: Rules, receipt: ReceiptView, reading: Reading) -> Filled:
    """The fields of a call or text message that is a response: the caller's words, when they rang, and their number."""
    facts = facts_of(reading)
    filled = Filled()
    header = reading.parts[0]
    is_message = receipt.media_type == MESSAGE
    _received(rules, filled, receipt, facts, header, "message" if is_message else "call")
    filled.fill("words", "own")
    add_content(rules, filled, [part for part in reading.parts if part.content])
    _name(filled, reading.parts)
    _phone(rules, filled, facts, header)
    filled.needs |= set(reading.needs)
    if is_message:
        if not filled.values.get("text") and not facts.media:
            filled.needs.add("transcription")
        return finished(rules, filled)
    announced = _announced(facts)
    heard = [one for one in announced if one.audio or one.heard == "read"]
    if not filled.values.get("text") or any(one.heard != "read" for one in heard):
        filled.needs.add("transcription")
    if any(part.content and part.engine.startswith(SPOKEN_BY) for part in reading.parts):
        filled.needs.add("transcription")  # nobody vouches for that program: its words stand in until somebody listened
    if len(heard) < len(announced):
        filled.needs.add("attachment")  # something that was announced is not here
    return finished(rules, filled)


def _received(
    rules: Rules, filled: Filled, receipt: ReceiptView, facts: CallFacts, header: Part, basis: str
) -> None:  # fmt: skip
    at = datetime.fromisoformat(facts.started) if facts.started else receipt.arrived_at
    found = _in_line(header, "Sent" if basis == "message" else "Started", facts.started)
    received(rules, filled, at, basis, method="source", evidence=[found] if found else ())


def _phone(rules: Rules, filled: Filled, facts: CallFacts, header: Part) -> None:
    """The caller's number, before any that was said; none that was withheld, and never one of ours."""
    number = fields.e164(facts.sender)
    found = _in_line(header, "From", facts.sender, number)
    if number and found is not None and not rules.is_ours(number):
        filled.fill("phone", number, found)


def _in_line(header: Part, name: str, written: str, value: str | None = None) -> Evidence | None:
    """Evidence for what stands behind a name in the header."""
    at = f"\n{header.text}".find(f"\n{name}: {written}")
    if not written or at < 0:
        return None
    start = at + len(name) + 2
    return in_part(header, start, start + len(written), written if value is None else value)


def _name(filled: Filled, parts: list[Part]) -> None:
    """A name that the caller said to be theirs, if they said one."""
    found = [
        (part, match)
        for part in parts
        if part.content and part.kind == "transcript"
        for match in _NAME.finditer(part.text)
        if not any(mark.start <= match.start() < mark.end for mark in part.marks)
    ]
    evidence = [in_part(part, match.start(1), match.end(1), match[1]) for part, match in found]
    if len({match[1] for _, match in found}) == 1:
        filled.fill("name", found[0][1][1], *evidence)
    else:
        filled.offer("name", *evidence)
