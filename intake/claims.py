"""What a message's header claims beside its sender: offered as evidence, never a rule, and nothing is filled by it."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from intake.evidence import in_header
from intake.filled import Filled
from intake.reading.parts import Part, Reading
from storage.schema import Evidence

_FAR = timedelta(days=1)
_SAID = {
    "address": "another address than the sender's is written as the name",
    "direction": "marks in the name change the order in which it is shown",
    "unseen": "the name holds characters that can't be seen",
    "mixed-script": "name or address mixes letters that look alike",
}


def add_claims(filled: Filled, reading: Reading) -> None:
    """Offer what the header says: of the time (Date more than a day from arrival), of addresses (Reply-To, Sender, an
    internationalised domain in its own letters), of the way (what the receiving server found, who signed), and what is
    odd about the name. A name that is written as somebody else's address is no name."""
    header = next((part for part in reading.parts if part.kind == "headers"), None)
    _time(filled, reading, header)
    if "email" in filled.values:
        _addresses(filled, reading, header)
        _way(filled, reading)
        _name(filled, reading)


def _time(filled: Filled, reading: Reading, header: Part | None) -> None:
    arrived, said = filled.values.get("received_at"), reading.facts.get("date_header", "")
    written = [piece.value for piece in filled.evidence.get("received_at", [])]
    if arrived is None or not said or said in written:
        return
    try:
        differs = abs(datetime.fromisoformat(said) - arrived) > _FAR
    except (ValueError, TypeError, OverflowError):
        return  # a reader's process claims something that is no time
    if differs:
        line = (
            next((line for line in header.text.split("\n") if line.lower().startswith("date:")), "") if header else ""
        )
        found = in_header(header, line.partition(":")[2].strip(), "date:")
        filled.offer("received_at", replace(found, value=said, confidence=0.5))


def _addresses(filled: Filled, reading: Reading, header: Part | None) -> None:
    facts, email = reading.facts, filled.values["email"]
    for fact, field_name in (("reply_to", "reply-to:"), ("sender_email", "sender:")):
        other = facts.get(fact, "")
        if other and other.casefold() != email.casefold():
            filled.offer("email", replace(in_header(header, other, field_name), confidence=0.5))
    if readable := facts.get("from_readable", ""):
        filled.offer("email", replace(in_header(header, email), value=readable, confidence=1.0))


def _way(filled: Filled, reading: Reading) -> None:
    facts = reading.facts
    found = [f"{method}={facts[method]}" for method in ("spf", "dkim", "dmarc") if facts.get(method)]
    if not found:
        return
    signed = facts.get("dkim_domains", "")
    server = facts.get("authentication_server", "the receiving server")
    said = f"Authentication-Results of {server} (RFC 8601){f', signed by {signed}' if signed else ''}"
    filled.offer("email", Evidence(value="; ".join(found), method="source", confidence=0.5, quote=said))


def _name(filled: Filled, reading: Reading) -> None:
    signs = [sign for sign in reading.facts.get("from_signs", "").split(";") if sign in _SAID]
    if not signs or "name" not in filled.values:
        return
    first, *others = filled.evidence["name"]
    said = Evidence(value="; ".join(_SAID[sign] for sign in signs), method="text", confidence=0.5)
    filled.evidence["name"] = [replace(first, confidence=0.5), *others, said]
    if "address" in signs:
        del filled.values["name"]
