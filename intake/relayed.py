"""The fields of what a machine passes on in a message of its own: a scanned letter, somebody's words, a call. Pure."""

from collections.abc import Sequence

from intake import fields
from intake.content import add_content, add_pages
from intake.evidence import in_part
from intake.filled import Filled, Rules, finished
from intake.forms import with_answers
from intake.reading.parts import Part, Reading, piece_of
from intake.when import received, received_message
from storage.receipts import ReceiptView


def scanned_letter(rules: Rules, receipt: ReceiptView, reading: Reading, pages: Sequence[Part]) -> Filled:
    """The fields of a letter that a scanner sent by mail as one of its files; ``reading`` is that of the message.

    It had reached the council before it was scanned, and was scanned before the message arrived: that time is the
    latest possible.
    """
    filled = Filled()
    arrived = Filled()
    received_message(rules, arrived, receipt, reading)
    at = arrived.values.get("received_at")
    received(rules, filled, at, "scan", method="source", evidence=arrived.evidence.get("received_at", ()))
    add_pages(filled, pages)
    filled.fill("words", "own")
    add_content(rules, filled, [p for p in with_answers(rules, filled, pages) if p.content])
    return finished(rules, filled)


def relayed_words(rules: Rules, receipt: ReceiptView, reading: Reading, said: Sequence[Part]) -> Filled:
    """The fields of words that a machine passes on in a message of its own: the sender is nobody's name."""
    filled = Filled()
    received_message(rules, filled, receipt, reading)
    filled.fill("words", "own")
    add_content(rules, filled, said)
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
            filled.fill("phone", found[0][1].value, *(in_part(p, f.start, f.end, f.value) for p, f in found))
            return
        filled.offer("phone", *(in_part(p, f.start, f.end, f.value) for p, f in found))


def _line_of(header: Part, field_name: str) -> Part:
    """The part that one field of a header is, with its place in it."""
    start = 0
    for line in header.text.split("\n"):
        if line.lower().startswith(field_name):
            return piece_of(header, start, start + len(line))
        start += len(line) + 1
    return piece_of(header, 0, 0)
