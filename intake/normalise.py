"""Parts of a message or a document -> the fields of a response, each with its evidence.

Pure: the same parts always give the same fields.

A field is right or blank. What fills it carries where it was read from; what can't be told apart is left blank, and a
``needs`` says what a person must still do.
"""

from intake.content import add_content, add_language, add_pages, found_in_text, sure_parts
from intake.evidence import in_header
from intake.filled import Filled, Rules, finished
from intake.formpages import has_marks
from intake.forms import with_answers
from intake.reading.parts import INKED, Part, Reading
from intake.reading.shares import find_attached, find_share
from intake.when import received_document, received_message
from storage.receipts import ReceiptView
from storage.schema import Evidence


def message(rules: Rules, receipt: ReceiptView, reading: Reading, relayed_in: Reading | None = None) -> Filled:
    """The fields of one email message; of one that was forwarded whole in ``relayed_in``, by somebody of ours.

    What is forwarded was received when the outer message was: its own date is evidence, and a person may take it.
    """
    filled = Filled()
    received_message(rules, filled, receipt, relayed_in or reading)
    if relayed_in is not None:
        name, address = (relayed_in.facts.get(fact, "") for fact in ("from_name", "from_email"))
        relay = f"{name} <{address}>" if name else address
        filled.fill("relayed_by", relay, Evidence(value=relay, method="text", confidence=1.0, quote=relay))
        if written := reading.facts.get("date_header"):
            filled.offer("received_at", Evidence(value=written, method="text", confidence=0.5, quote=written))
    _sender(rules, filled, reading)
    filled.fill("words", "own")
    add_content(rules, filled, sure_parts(filled, with_answers(rules, filled, reading.parts)))
    if reading.facts.get("empty") == "true":
        _subject_alone(filled, reading)
    filled.needs |= set(reading.needs)
    _look_elsewhere(filled, reading)
    if receipt.facts.get("mailbox_role") == "junk":
        filled.needs.add("genuine?")  # a server or a person took it for junk: another person says whether it is
    return finished(rules, filled)


def _sender(rules: Rules, filled: Filled, reading: Reading) -> None:
    address = reading.facts.get("from_email", "")
    name = reading.facts.get("from_name", "")
    if not address or rules.is_ours(address):
        return
    header = next((p for p in reading.parts if p.kind == "headers"), None)
    filled.fill("email", address, in_header(header, address))
    if reading.facts.get("from_count", "1") != "1":
        filled.needs.add("respondent")  # several wrote it (RFC 5322, 3.6.2): this is the first of them
    if name and name.casefold() != address.casefold():
        filled.fill("name", name, in_header(header, name))


def _subject_alone(filled: Filled, reading: Reading) -> None:
    """A message with nothing but a subject: that is what its sender said."""
    if subject := reading.facts.get("subject", "").strip():
        header = next((p for p in reading.parts if p.kind == "headers"), None)
        filled.fill("text", subject, in_header(header, subject, "subject:"))
        filled.fill("method", "text")
        filled.fill("confidence", 1.0)


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
    received_document(rules, filled, receipt, reading)
    add_pages(filled, reading.parts)
    filled.fill("words", "own")
    add_content(rules, filled, [p for p in with_answers(rules, filled, reading.parts) if p.content])
    filled.needs |= set(reading.needs)
    return finished(rules, filled)


def is_blank_document(reading: Reading) -> bool:
    """Whether there is nothing on any page: no words, no ink, nothing that could not be read, nothing left unread."""
    return not reading.needs and not any(
        has_marks(p) or (p.content and (p.text.strip() or p.problem or (p.ink or 0) > INKED)) for p in reading.parts
    )


def transcribed(rules: Rules, text: str) -> Filled:
    """The fields that can be read from words which a person typed from an original."""
    filled = Filled()
    filled.fill("text", text)
    found_in_text(rules, filled, [Part(number=0, kind="transcript", media_type="text/plain", text=text)], "person")
    add_language(filled)
    return finished(rules, filled)
