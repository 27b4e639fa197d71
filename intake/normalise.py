"""Parts -> the fields of a response, each with its evidence. Pure: the same parts always give the same fields.

A field is right or blank. What fills it carries where it was read from; what can't be told apart is left blank, and a
``needs`` says what a person must still do.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from intake import fields, forms
from intake.config import Consultation
from intake.places import Gazetteer
from intake.reading.parts import INKED, Part, Reading, piece_of, unmarked
from intake.reading.shares import find_attached, find_share
from storage.columns import utc_text
from storage.receipts import ReceiptView
from storage.schema import LATEST_POSSIBLE, Evidence, FieldEvidence

TRANSCRIBE_BELOW = 0.75
"""An OCR reading whose words are less sure than this is a hint for a person, never the text (handwriting, mostly)."""
_INDIVIDUAL_ROLES = frozenset({"parent", "carer", "grandparent", "foster carer", "childminder"})


@dataclass(frozen=True)
class Rules:
    """What normalising goes by: the consultation and its places."""

    consultation: Consultation
    gazetteer: Gazetteer

    def is_ours(self, contact: str) -> bool:
        """Whether an address, number or postcode is the council's own, which is never a respondent's."""
        return _squeezed(contact) in self._own

    @cached_property
    def _own(self) -> frozenset[str]:
        own = self.consultation.own_contacts
        return frozenset(
            _squeezed(spelled) for contact in own for spelled in (contact, fields.e164(contact)) if spelled
        )


@dataclass(slots=True)
class Filled:
    """The fields of one response as far as they are read: values by column, evidence by column, needs."""

    values: dict[str, Any] = field(default_factory=dict)
    evidence: FieldEvidence = field(default_factory=dict)
    needs: set[str] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)
    monitoring: dict[str, str] = field(default_factory=dict)

    def fill(self, column: str, value: Any, *evidence: Evidence) -> None:
        """Set a column with the evidence for it, which stands first."""
        self.values[column] = value
        self.evidence[column] = [*evidence, *self.evidence.get(column, [])]

    def offer(self, column: str, *evidence: Evidence) -> None:
        """Keep evidence that does not fill its column by itself."""
        self.evidence.setdefault(column, []).extend(evidence)


def message(rules: Rules, receipt: ReceiptView, reading: Reading, relayed_in: Reading | None = None) -> Filled:
    """The fields of one email message; of one that was forwarded whole in ``relayed_in``, by somebody of ours.

    What is forwarded was received when the outer message was: its own date is evidence, and a person may take it.
    """
    filled = Filled()
    _received_message(rules, filled, receipt, relayed_in or reading)
    if relayed_in is not None:
        name, address = (relayed_in.facts.get(fact, "") for fact in ("from_name", "from_email"))
        relay = f"{name} <{address}>" if name else address
        filled.fill("relayed_by", relay, Evidence(value=relay, method="text", confidence=1.0, quote=relay))
        if written := reading.facts.get("date_header"):
            filled.offer("received_at", Evidence(value=written, method="text", confidence=0.5, quote=written))
    _sender(rules, filled, reading)
    filled.fill("words", "own")
    _content(rules, filled, _sure_parts(filled, _with_answers(rules, filled, reading.parts)))
    if reading.facts.get("empty") == "true":
        _subject_alone(filled, reading)
    filled.needs |= set(reading.needs)
    _look_elsewhere(filled, reading)
    if receipt.facts.get("mailbox_role") == "junk":
        filled.needs.add("genuine?")  # a server or a person took it for junk: another person says whether it is
    return finished(rules, filled)


def scanned_letter(rules: Rules, receipt: ReceiptView, reading: Reading, pages: Sequence[Part]) -> Filled:
    """The fields of a letter that a scanner sent by mail as one of its files; ``reading`` is that of the message.

    It had reached the council before it was scanned, and was scanned before the message arrived: that time is the
    latest possible.
    """
    filled = Filled()
    arrived = Filled()
    _received_message(rules, arrived, receipt, reading)
    at = arrived.values.get("received_at")
    received(rules, filled, at, "scan", method="source", evidence=arrived.evidence.get("received_at", ()))
    _pages(filled, pages)
    filled.fill("words", "own")
    _content(rules, filled, _with_answers(rules, filled, pages))
    return finished(rules, filled)


def relayed_words(rules: Rules, receipt: ReceiptView, reading: Reading, said: Sequence[Part]) -> Filled:
    """The fields of words that a machine passes on in a message of its own: the sender is nobody's name."""
    filled = Filled()
    _received_message(rules, filled, receipt, reading)
    filled.fill("words", "own")
    _content(rules, filled, said)
    if len(said) > 1 and "text" in filled.values:
        filled.values["text"] = "\n".join(part.text.strip() for part in said)
    return finished(rules, filled)


def caller(rules: Rules, filled: Filled, subject: str, parts: Sequence[Part]) -> None:
    """``phone`` from what a voicemail system says about a call: its subject first, then the lines of its body."""
    head = [p for p in parts if p.kind == "headers"]
    lines = [_line_of(p, "subject:") for p in head] if subject else []
    for looked_at in (lines, [p for p in parts if p.kind != "headers"]):
        found = [(p, f) for p in looked_at for f in fields.phone_numbers(p.text) if not rules.is_ours(f.value)]
        if len({f.value for _, f in found}) == 1:
            filled.fill("phone", found[0][1].value, *(_in_part(p, f.start, f.end, f.value) for p, f in found))
            return
        filled.offer("phone", *(_in_part(p, f.start, f.end, f.value) for p, f in found))


def _line_of(header: Part, field_name: str) -> Part:
    """The part that one field of a header is, with its place in it."""
    start = 0
    for line in header.text.split("\n"):
        if line.lower().startswith(field_name):
            return piece_of(header, start, start + len(line))
        start += len(line) + 1
    return piece_of(header, 0, 0)


def _sure_parts(filled: Filled, parts: Sequence[Part]) -> list[Part]:
    """The parts that make the text of a message: a picture beside it whose reading is in doubt (a photograph, often)
    must not hide what was typed, so it is a hint, and a person looks."""
    content = [p for p in parts if p.content]
    doubtful = [p for p in content if p.inside is not None and _is_doubtful(p)]
    if not doubtful or not any(p.text.strip() for p in content if p.inside is None):
        return content
    filled.needs.add("transcription")
    filled.offer("text", *(_as_written(p, *span) for p in doubtful for span in unmarked(p)))
    return [p for p in content if p not in doubtful]


def _is_doubtful(part: Part) -> bool:
    return part.method == "ocr" and (
        part.confidence < TRANSCRIBE_BELOW if part.text.strip() else (part.ink or 0) > INKED and not part.problem
    )


def _with_answers(rules: Rules, filled: Filled, parts: Sequence[Part]) -> list[Part]:
    """The parts, with the answers of a filled form taken as answers; what else was filled in stays, line by line."""
    return [piece for part in parts for piece in (_filled_in(rules, filled, part) if part.fields else [part])]


def _filled_in(rules: Rules, filled: Filled, part: Part) -> list[Part]:
    answers = forms.answers_of(rules.consultation.questions, part)
    own, given = [], dict[str, list[str]]()
    for answer in answers:
        question, field_ = answer.question, answer.field
        evidence = _in_part(part, field_.start, field_.end, answer.value)
        if not answer.fits:
            filled.needs.add("conflict")
        if question.monitoring:
            filled.monitoring[question.id] = answer.value
        elif not answer.fits:
            filled.offer(f"answer.{question.id}", evidence)
        else:
            given.setdefault(question.id, []).append(answer.value)
            filled.offer(f"answer.{question.id}", evidence)
            if question.kind == "text":
                own.append(piece_of(part, field_.start, field_.end))
    for q in rules.consultation.questions:
        if q.id in given:
            values = given[q.id]
            filled.answers[q.id] = "\n\n".join(values) if q.kind == "text" else ";".join(sorted(set(values)))
    taken = {answer.field for answer in answers if answer.fits or answer.question.monitoring}
    return own + [piece_of(part, *_line_around(part, f.start, f.end)) for f in part.fields if f not in taken]


def _line_around(part: Part, start: int, end: int) -> tuple[int, int]:
    """From the start of the line, which holds the label, to the end of the value."""
    return part.text.rfind("\n", 0, start) + 1, end


def _look_elsewhere(filled: Filled, reading: Reading) -> None:
    """The need to fetch what a message points to, or says is attached when nothing is."""
    text = filled.values.get("text", "")
    if reading.facts.get("fetched") == "true":
        return  # a person added what was meant
    missing = reading.facts.get("has_attachments") != "true" and find_attached(text)
    if missing or find_share(text):
        filled.needs.add("fetch")


def document(rules: Rules, receipt: ReceiptView, reading: Reading) -> Filled:
    """The fields of a letter or any other document."""
    filled = Filled()
    _received_document(rules, filled, receipt, reading)
    _pages(filled, reading.parts)
    filled.fill("words", "own")
    _content(rules, filled, [p for p in _with_answers(rules, filled, reading.parts) if p.content])
    filled.needs |= set(reading.needs)
    return finished(rules, filled)


def _pages(filled: Filled, parts: Sequence[Part]) -> None:
    # What was added and taken back is no content; nor is a page of a filled form, but it is there.
    pages = {p.page for p in parts if p.page is not None and (p.content or p.inside is None)}
    if pages:
        filled.fill("pages", f"{min(pages)}-{max(pages)}" if len(pages) > 1 else str(min(pages)))


def is_blank_document(reading: Reading) -> bool:
    """Whether there is nothing on any page: no words, no ink, nothing that could not be read, nothing left unread."""
    return not reading.needs and not any(
        p.text.strip() or p.problem or (p.ink or 0) > INKED for p in reading.parts if p.content
    )


def transcribed(rules: Rules, text: str) -> Filled:
    """The fields that can be read from words which a person typed from an original."""
    filled = Filled()
    filled.fill("text", text)
    _found_in_text(rules, filled, [Part(number=0, kind="transcript", media_type="text/plain", text=text)], "person")
    add_language(filled)
    return finished(rules, filled)


# --- what a text holds ---------------------------------------------------------------------------------------------


def _content(rules: Rules, filled: Filled, parts: Sequence[Part]) -> None:
    """``text`` and what is found in it. An OCR reading too poor to be the text becomes a hint."""
    written = [p for p in parts if p.text.strip()]
    poor = [p for p in written if p.method == "ocr" and p.confidence < TRANSCRIBE_BELOW]
    unread = [p for p in parts if not p.text.strip() and (p.ink or 0) > INKED]
    if poor or unread:
        filled.needs.add("transcription")
    if any(p.problem for p in parts):
        filled.needs.add("rescan" if any(p.problem and p.page for p in parts) else "attachment")
    if not written:
        return
    spans = [(p, start, end) for p in written for start, end in unmarked(p)]
    evidence = [_as_written(p, start, end) for p, start, end in spans]
    main = max(written, key=lambda p: len(p.text))
    if poor:
        # One page in doubt puts the whole letter before a person: half a text would look like all of it.
        filled.offer("text", *evidence)
        filled.fill("method", main.method)
        filled.fill("confidence", min(p.confidence for p in written))
        return
    filled.fill("text", "\n\n".join(p.text[start:end] for p, start, end in spans), *evidence)
    filled.fill("method", main.method)
    filled.fill("confidence", min(p.confidence for p in written))
    _cut(filled, written)
    _found_in_text(rules, filled, written)
    add_language(filled)


def _as_written(part: Part, start: int, end: int) -> Evidence:
    # Such words are kept once, with the part: `trace` quotes them from there.
    evidence = _in_part(part, start, end, None)
    return Evidence(value=None, method=evidence.method, confidence=evidence.confidence, place=evidence.place)


def _cut(filled: Filled, parts: Sequence[Part]) -> None:
    """``text_cut``, with the place of everything that is marked and therefore not in ``text``."""
    marks = [(p, mark) for p in parts for mark in p.marks]
    if marks:
        evidence = [
            Evidence(
                value=str(mark.end - mark.start), method=p.method, confidence=round(p.confidence, 2),
                place={"part": p.number, "start": p.base + mark.start, "end": p.base + mark.end},
            )
            for p, mark in marks
        ]  # fmt: skip
        filled.fill("text_cut", sum(mark.end - mark.start for _, mark in marks), *evidence)


def _is_marked(part: Part, start: int, *kinds: str) -> bool:
    """Whether what begins there is marked as one of these."""
    before = bisect_right(part.marks, start, key=lambda mark: mark.start) - 1
    return before >= 0 and start < part.marks[before].end and part.marks[before].kind in kinds


def _found_in_text(rules: Rules, filled: Filled, parts: Sequence[Part], method: str | None = None) -> None:
    """Contacts, which a signature may hold but quoted mail may not, and the places that are talked about."""
    for column, find in (("postcode", fields.postcodes), ("phone", fields.phone_numbers)):
        found = [
            (p, f)
            for p in parts
            for f in find(p.text)
            if not rules.is_ours(f.value) and not _is_marked(p, f.start, "quoted")
        ]
        evidence = [_in_part(p, f.start, f.end, f.value, method) for p, f in found]
        if len({f.value for _, f in found}) == 1:
            filled.fill(column, found[0][1].value, *evidence)
        else:
            filled.offer(column, *evidence)
    _places(rules, filled, parts, method)


def _places(rules: Rules, filled: Filled, parts: Sequence[Part], method: str | None) -> None:
    meant: list[Evidence] = []
    codes: set[str] = set()
    for part in parts:
        for named in rules.gazetteer.find_meant(part.text):
            if _is_marked(part, named.start, "quoted", "signature"):
                continue
            evidence = _in_part(part, named.start, named.end, ";".join(named.codes), method)
            if len(named.codes) == 1:
                codes.add(named.codes[0])
                meant.append(evidence)
            else:
                filled.needs.add("place?")
                filled.offer("places", evidence)
    if codes:
        filled.fill("places", tuple(codes), *meant)


def add_language(filled: Filled) -> None:
    """``language``, where nobody has said it, and the need for a translation where it is not English."""
    code = filled.values.get("language", "")
    if not code and (code := fields.language(filled.values.get("text", ""))):
        filled.fill("language", code, Evidence(value=code, method="text", confidence=0.95))
    if code not in ("", "en"):
        filled.needs.add("translation")


def _in_part(part: Part, start: int, end: int, value: str | None, method: str | None = None) -> Evidence:
    """Evidence for characters of a part; for a page whose words have boxes, the box around them."""
    boxed = [w for w in part.words if w.start < end and w.start + len(w.text) > start]
    confidence = min((w.confidence for w in boxed), default=part.confidence)
    place: dict[str, Any] = {"part": part.number, "start": part.base + start, "end": part.base + end}
    if boxed and part.page is not None:
        box = [
            min(w.x0 for w in boxed),
            min(w.top for w in boxed),
            max(w.x1 for w in boxed),
            max(w.bottom for w in boxed),
        ]
        place = {"page": part.page, "box": [round(edge, 1) for edge in box]}
        if part.inside is not None:
            place["part"] = part.number  # pages of several files may be in one message
    if value is None:
        confidence = part.confidence
    quote = part.text[start:end]
    return Evidence(
        value=value, method=method or part.method, confidence=round(confidence, 2), place=place, quote=quote
    )


# --- who ------------------------------------------------------------------------------------------------------------


def _sender(rules: Rules, filled: Filled, reading: Reading) -> None:
    address = reading.facts.get("from_email", "")
    name = reading.facts.get("from_name", "")
    if not address or rules.is_ours(address):
        return
    header = next((p for p in reading.parts if p.kind == "headers"), None)
    filled.fill("email", address, in_header(header, address))
    if name and name.casefold() != address.casefold():
        filled.fill("name", name, in_header(header, name))


def _subject_alone(filled: Filled, reading: Reading) -> None:
    """A message with nothing but a subject: that is what its sender said."""
    if subject := reading.facts.get("subject", "").strip():
        header = next((p for p in reading.parts if p.kind == "headers"), None)
        filled.fill("text", subject, in_header(header, subject, "subject:"))
        filled.fill("method", "text")
        filled.fill("confidence", 1.0)


def in_header(header: Part | None, value: str, field_name: str = "from:") -> Evidence:
    start = -1 if header is None else _in_line(header.text, field_name, value)
    if start < 0 and header is not None and header.number:
        start = header.text.find(value)  # a header block inside a text, in the language of its mail program
    if header is not None and start >= 0:
        return _in_part(header, start, start + len(value), value)
    return Evidence(value=value, method="text", confidence=1.0)


def _in_line(text: str, field_name: str, value: str) -> int:
    start = 0
    for line in text.split("\n"):
        if line.lower().startswith(field_name) and value in line:
            return start + line.index(value)
        start += len(line) + 1
    return -1


def _squeezed(contact: str) -> str:
    return "".join(contact.split()).casefold()


# --- when -----------------------------------------------------------------------------------------------------------


def _received_message(rules: Rules, filled: Filled, receipt: ReceiptView, reading: Reading) -> None:
    """A mailbox's INTERNALDATE; for a file the last hop's Received header, else Date, else the file's time."""
    if receipt.arrived_basis != "file_time":
        received(rules, filled, receipt.arrived_at, receipt.arrived_basis, method="source")
        return
    for basis in ("received_header", "date_header"):
        if at := _instant(reading.facts.get(basis)):
            received(rules, filled, at, basis, method="text")
            return
    received(rules, filled, receipt.arrived_at, "file_time", method="source")


def _instant(written: str | None) -> datetime | None:
    """A reader's ISO 8601 UTC time; None if it is none: what a reader's process says is not believed blindly."""
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _received_document(rules: Rules, filled: Filled, receipt: ReceiptView, reading: Reading) -> None:
    """The earlier of the scan's and the file's time: each says when it had arrived at the latest.

    The date inside a typed document is when it was written, which is no such time: only pictures of pages are scans.
    """
    is_scan = any(part.method == "ocr" for part in reading.parts)
    scanned = _scan_time(rules, reading.facts) if is_scan else None
    known = [
        (at, basis) for at, basis in ((scanned, "scan"), (receipt.arrived_at, receipt.arrived_basis)) if at is not None
    ]
    if known:
        at, basis = min(known)
        received(rules, filled, at, basis, method="text" if basis == "scan" else "source")
    else:
        filled.needs.add("received-date")


def _scan_time(rules: Rules, facts: Mapping[str, str]) -> datetime | None:
    if at := _instant(facts.get("scan_date")):
        return at
    local = facts.get("scan_date_local")
    when = fields.read_time(local, rules.consultation.timezone) if local else None
    return when.at if when else None


def is_late(consultation: Consultation, at: datetime, *, day_only: bool) -> bool:
    """Whether what was received then is late; of a time known to the day only, whether that day is after the last."""
    if day_only:
        return at.astimezone(consultation.timezone).date() > consultation.closing_day
    return at >= consultation.closes_at


def received(
    rules: Rules, filled: Filled, at: datetime | None, basis: str, *, method: str,
    evidence: Sequence[Evidence] = (), day_only: bool = False,
) -> None:  # fmt: skip
    """``received_at``, its basis, and whether it is late.

    A latest possible time proves in time, never late; a time known to the day only is late after the closing day.
    """
    if at is None:
        filled.needs.add("received-date")
        return
    late: bool | None = is_late(rules.consultation, at, day_only=day_only)
    if late and basis in LATEST_POSSIBLE:
        late = None
        filled.needs.add("received-date")
    elif late:
        filled.needs.add("late?")
    written = utc_text(at)[:19] + "Z"
    filled.fill(
        "received_at", at, *(evidence or [Evidence(value=written, method=method, confidence=1.0, quote=written)])
    )
    filled.fill("received_basis", basis)
    filled.fill("late", late)


# --- at the end -----------------------------------------------------------------------------------------------------


def finished(rules: Rules, filled: Filled) -> Filled:
    """What follows from the fields together: the kind that a role implies, and what the config requires."""
    role = filled.values.get("respondent_role", "")
    if role in _INDIVIDUAL_ROLES and not filled.values.get("respondent_kind"):
        filled.fill("respondent_kind", "individual", *filled.evidence.get("respondent_role", []))
    if any(not filled.values.get(column) for column in rules.consultation.required):
        filled.needs.add("respondent")
    return filled
