"""Messages in which the sender is not the respondent: officers who forward, scanners, voicemail. Pure.

Which senders these are the channel's settings say. Whoever else forwards something is the respondent, with one
response.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from intake import batches, normalise, relayed
from intake.added import added_parts
from intake.config import ChannelSettings
from intake.filled import Filled, Rules
from intake.reading.forwards import Inlined, find_inlined, is_quoted, unquoted, unquoted_places
from intake.reading.marking import mark_message
from intake.reading.parts import Mark, Part, Reading, piece_of
from intake.reading.quoting import Writer
from intake.voicemail import call
from intake.writtentimes import written_time
from storage.receipts import ReceiptView
from storage.schema import Evidence

_DOCUMENTS = ("application/pdf", "image/")


@dataclass(frozen=True, slots=True)
class Found:
    """A response that a message gives: its fields, the reading that they come from, and what of the receipt that is (0:
    the message itself; ``pieces`` names the parts of it, "" for all). ``is_own`` says that the sender of the message is
    its respondent."""

    filled: Filled
    reading: Reading
    item: int = 0
    is_own: bool = False
    pieces: str = ""


def responses_in(rules: Rules, channel: ChannelSettings, receipt: ReceiptView, reading: Reading) -> list[Found]:
    """The responses of one message, at least one: its own, those that it carries, or the letters that it brings."""
    sender = reading.facts.get("from_email", "").casefold()
    found: list[Found] = []
    if _is_one(sender, channel.scanners):
        found = _scanned(rules, receipt, reading)
    elif _is_one(sender, channel.voicemail):
        found = [Found(call(rules, receipt, reading), reading)]
    elif _is_one(sender, channel.forwarders):
        items = {id(inner): item for item, inner in enumerate(carried(reading), start=1)}
        found = _forwarded(_Relay(rules, channel, receipt, reading, items), reading)
    if found:
        return found
    own = normalise.message(rules, receipt, reading)
    if reading.forwarded:
        own.needs.add("attachment")  # whose words these are, a person says
    if is_our_machine(channel, reading):
        return [Found(_nobodys(own), reading)]
    return [Found(own, reading, is_own=True)]


def marked_as_found(readings: Sequence[Reading], found: Sequence[Found]) -> list[Reading]:
    """The readings of a receipt, in which a text that holds the messages of others is marked as each of those was:
    what its sender quoted from us is our mail with all of theirs in it, and none of that is kept back."""
    shown = list(readings)
    for item, reading in enumerate(readings):
        inside = [one.reading for one in found if one.item == item and one.reading is not reading]
        pieces = [p for inner in inside for p in inner.parts if p.kind == "body"]
        if not pieces:
            continue
        marks = sorted(
            (Mark(mark.kind, p.base + mark.start, p.base + mark.end) for p in pieces for mark in p.marks),
            key=lambda mark: mark.start,
        )
        numbers = {p.number for p in pieces}
        parts = [replace(p, marks=marks) if p.number in numbers else p for p in reading.parts]
        shown[item] = replace(reading, parts=parts)
    return shown


def _nobodys(filled: Filled) -> Filled:
    """What a machine of ours sent without a letter or a call in it: a person fetches that; the machine is nobody."""
    for column in ("name", "email"):
        filled.values.pop(column, None)
        filled.evidence.pop(column, None)
    filled.needs.add("fetch")
    return filled


def is_forwarder(channel: ChannelSettings, reading: Reading) -> bool:
    """Whether a message is from somebody of ours who passes on what others wrote."""
    return _is_one(reading.facts.get("from_email", "").casefold(), channel.forwarders)


def is_our_machine(channel: ChannelSettings, reading: Reading) -> bool:
    """Whether a message is a scanner's or a voicemail system's: what it brings is a person's, whatever its header says
    of the machine."""
    return _is_one(reading.facts.get("from_email", "").casefold(), (*channel.scanners, *channel.voicemail))


def _is_one(sender: str, known: Sequence[str]) -> bool:
    return bool(sender) and any(sender.endswith(one.casefold()) for one in known)


# --- officers who forward -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Relay:
    """The message that reached us from one of ours, and the numbers of those that it carries (by identity)."""

    rules: Rules
    channel: ChannelSettings
    receipt: ReceiptView
    outer: Reading
    items: dict[int, int]

    def message(self, inner: Reading) -> Filled:
        return normalise.message(self.rules, self.receipt, inner, self.outer)


def carried(reading: Reading) -> list[Reading]:
    """All messages that one carries whole: first those right inside it, then what these carry."""
    found = list(reading.forwarded)
    for inner in reading.forwarded:
        found += carried(inner)
    return found


def _forwarded(relay: _Relay, reading: Reading) -> list[Found]:
    """A response for each message that was forwarded whole, or put into the text of the one that forwards; through as
    many of ours as passed it on."""
    found: list[Found] = []
    for inner in reading.forwarded:
        deeper = _forwarded(relay, inner) if is_forwarder(relay.channel, inner) else []
        found += deeper or [Found(relay.message(inner), inner, relay.items[id(inner)])]
    return [*found, *_inlined(relay, reading)]


def _inlined(relay: _Relay, reading: Reading) -> list[Found]:
    rules, channel = relay.rules, relay.channel
    body = next((p for p in reading.parts if p.kind == "body" and p.content and p.text.strip()), None)
    if body is None:
        return []
    theirs = _respondents(find_inlined(body.text), rules, channel)
    files = [p for p in reading.parts if p.content and p.inside is not None and not reading.forwarded]
    found = []
    for message in theirs:
        inner = _reading_of(reading, body, message, files if len(theirs) == 1 else [])
        filled = relay.message(inner)
        if (text := filled.values.get("text", "")) and is_quoted(body.text[message.start : message.end]):
            # Where something between two of its lines is marked, an empty line with a quote sign is left of it.
            filled.values["text"] = re.sub(r"\n{3,}", "\n\n", unquoted(text)).strip()
        if files and len(theirs) > 1:
            filled.needs.add("attachment")
        _offer_arrival(rules, filled, message, body)
        found.append(Found(filled, inner, relay.items.get(id(reading), 0)))
    return found


def _respondents(messages: Sequence[Inlined], rules: Rules, channel: ChannelSettings) -> list[Inlined]:
    """Those that are a respondent's: not one of ours who passed it on, nor what a respondent answered to and quotes."""
    theirs: list[Inlined] = []
    for message in messages:
        email, name = (message.facts.get(fact, "").casefold() for fact in ("from_email", "from_name"))
        if email and (_is_one(email, channel.forwarders) or rules.is_ours(email)):
            continue
        before = theirs[-1] if theirs else None
        if before is not None and not message.surely and _answers(before, message):
            theirs[-1] = Inlined(before.head_start, before.start, message.end, before.facts, before.surely)
        elif email or name:
            theirs.append(message)
    return theirs


def _answers(later: Inlined, earlier: Inlined) -> bool:
    """Whether the later message is by somebody to whom the earlier one went: then it quotes it."""
    went_to = earlier.facts.get("to", "").casefold()
    email, name = (later.facts.get(fact, "").casefold() for fact in ("from_email", "from_name"))
    return bool((email and email in went_to) or (name and name in went_to))


def _reading_of(outer: Reading, body: Part, message: Inlined, files: Sequence[Part]) -> Reading:
    """The message inside as a reading: pieces of the outer one's text that know where they stand in it."""
    head = piece_of(body, message.head_start, message.start, kind="headers", content=False)
    words = piece_of(body, message.start, message.end)
    facts = {k: v for k, v in message.facts.items() if k in ("from_name", "from_email", "subject")}
    if outer.facts.get("has_attachments") and files:
        facts["has_attachments"] = "true"
    # What stands below mail that was passed on is the exchange that it ends.
    writer = Writer(
        email=facts.get("from_email", ""), name=facts.get("from_name", ""), answers=True,
        subject=facts.get("subject", ""),
    )  # fmt: skip
    marked, needs = _marked(words, writer)
    return Reading(
        reader=outer.reader, parts=[head, marked, *files], facts=facts,
        needs=sorted((set(outer.needs) - {"quoted?"}) | needs),
    )  # fmt: skip


def _marked(words: Part, writer: Writer) -> tuple[Part, set[str]]:
    """The words of a message inside another one with their marks, also where each line has a quote sign; and what a
    person must still do."""
    if not is_quoted(words.text):
        [marked], needs = mark_message([words], {}, writer)
        return marked, needs
    plain, places = unquoted_places(words.text)
    [marked], needs = mark_message([replace(words, text=plain)], {}, writer)
    # The end of a mark is where its last character ends: a quote sign after it belongs to the next line.
    marks = [Mark(mark.kind, places[mark.start], places[mark.end - 1] + 1) for mark in marked.marks]
    return replace(words, marks=marks), needs


def _offer_arrival(rules: Rules, filled: Filled, message: Inlined, body: Part) -> None:
    """When the message inside was sent, as it says itself: a suggestion, for a person to take."""
    written = message.facts.get("date", "")
    at = written_time(rules, written)
    start = body.text.find(written, message.head_start, message.start) if written else -1
    if at is None or start < 0:
        return
    place = {"part": body.number, "start": start, "end": start + len(written)}
    filled.offer("received_at", Evidence(value=at, method=body.method, confidence=0.5, place=place, quote=written))


# --- scanners -------------------------------------------------------------------------------------------------------


def _scanned(rules: Rules, receipt: ReceiptView, reading: Reading) -> list[Found]:
    """A letter for each PDF or picture that a scanner sent, several where separator sheets part its pages; what the
    scanner says of itself is nobody's word. What a person adds belongs to the only letter: there is one, or nothing can
    be added."""
    added = added_parts(reading)
    more = [p for p in added if p.content]
    sent = reading.parts[: len(reading.parts) - len(added)]
    files = [p for p in sent if p.kind == "attachment" and p.inside is None and p.media_type.startswith(_DOCUMENTS)]
    # What has neither pages nor a problem was a logo of the scanner's.
    letters: list[Part | None] = [
        file for file in files if file.problem is not None or any(p.inside == file.number for p in sent)
    ]
    found = []
    for file in letters or ([None] if more else []):
        pages = [] if file is None else [p for p in sent if p.inside == file.number]
        is_bad = file is not None and file.problem is not None
        batch = batches.batch_of(rules, pages, "separator", None if file is None else file.number)
        if batch.pages and not batch.has_words and len(letters) > 1:
            continue  # nothing but separator sheets
        for letter in batch.letters:
            parts = pages
            if not batch.is_plain:
                parts = [p for p in batches.parts_of_letter(pages, batch, letter) if p.content]
            filled = relayed.scanned_letter(rules, receipt, reading, [*parts, *more])
            if not batch.is_plain:
                filled.values["pages"] = batches.pages_in(batch, letter)
            if (is_bad and not more) or any(p.problem for p in added if p.inside is None):
                filled.needs.add("attachment")
            batches.add_sheet(rules, filled, batch, letter)
            found.append(Found(filled, reading, pieces=batches.pieces_of(receipt, batch, letter)))
    return found
