"""A voicemail that came by mail: what is told around the transcript is a machine's word, and left out. Pure."""

import re

from intake import relayed
from intake.added import added_parts
from intake.filled import Filled, Rules
from intake.reading.parts import Part, Reading, piece_of
from intake.spokenmail import heard_parts
from storage.receipts import ReceiptView

_TRANSCRIPT = re.compile(
    r"^[ \t]*(?:voice ?mail |message |audio )?(?:transcript(?:ion)?|preview|message text)\b[^:\n]{0,60}:[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_ANNOUNCED = re.compile(
    r"\s*(?:(?:duration|length|from|to|caller|caller id|calling number|called|date|time|received|mailbox|extension|ext"
    r"|number|priority|size|message id|message length)[ \t]*[:#].*"
    r"|(?:dear \w+|hello|hi)[,.]?|(?:you (?:have )?(?:received|got) |new )(?:an? )?(?:new )?(?:voice|message|call)\b.*"
    r"|this (?:e-?mail|message) (?:was|is) (?:sent|generated|an auto)\b.*"
    r"|.*\b(?:voice ?mail|voice message)\b.*|(?:to (?:listen|play|hear)|click (?:here|to)|the attached|attached)\b.*"
    r"|https?:.*|[-=_]{3,}.*|[\W\d]*)",
    re.IGNORECASE,
)


def call(rules: Rules, receipt: ReceiptView, reading: Reading) -> Filled:
    """A voicemail that came by mail: the words of its transcript if it has one, or of one that a person added; the
    caller's number, never a sender. Where it has none, what a speech program heard stands in."""
    said = [piece for part in reading.parts if part.kind == "body" and part.content for piece in _transcript(part)]
    typed = [part for part in added_parts(reading) if part.content and part.text.strip()]
    said += typed or ([] if said else heard_parts(reading))
    filled = relayed.relayed_words(rules, receipt, reading, said)
    if not said or any(part in said for part in heard_parts(reading)):
        filled.needs.add("transcription")  # a speech program's words stand in until somebody has listened
    if "phone" not in filled.values:
        where = [p for p in reading.parts if p.kind == "headers"] + [p for p in reading.parts if p.kind == "body"]
        relayed.caller(rules, filled, reading.facts.get("subject", ""), where)
    return filled


def _transcript(part: Part) -> list[Part]:
    """The words that were spoken: what follows a line that says so, else all lines that announce nothing."""
    marked = _TRANSCRIPT.search(part.text)
    if marked is not None:
        piece = piece_of(part, marked.end(), len(part.text), kind="transcript", method="transcript")
        return [piece] if piece.text.strip() else []
    pieces = []
    at = 0
    for line in part.text.split("\n"):
        if line.strip() and not _ANNOUNCED.fullmatch(line[:2_000]):
            pieces.append(piece_of(part, at, at + len(line), kind="transcript", method="transcript"))
        at += len(line) + 1
    words = sum(len(piece.text.split()) for piece in pieces)
    return pieces if words >= 3 else []
