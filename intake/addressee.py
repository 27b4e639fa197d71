"""To whom an acknowledgement may be written, by what a message's header says (RFC 3834). Pure. In doubt, to nobody.

It goes to the one address of From, and only if the envelope speaks for it: RFC 3834, section 4, sends automatic
responses to the Return-Path, because From is anybody's to write; respondents read mail at From. So both must agree (in
their domain). Reply-To is never written to (same section), and if it leads to another domain than From, as it does in
forged mail, nobody is.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{4,253}\Z)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_MACHINE = re.compile(
    r"(?:mailer-daemon|postmaster|daemon|root|bounces?(?:[+=_-].*)?|.*[._+-]bounces?|owner-.*|.*-owner|.*-request"
    r"|(?:.*[._+-])?(?:no|not|donot|do[._-]not)[._-]?reply(?:[._+-].*)?"
    r"|auto-?reply|auto-?respon(?:d|der|se)|notifications?|majordomo|listserv)",
    re.IGNORECASE,
)
_SILENT = re.compile(r"\b(?:all|autoreply)\b", re.IGNORECASE)  # of X-Auto-Response-Suppress
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,400}>")

REASONS: dict[str, str] = {
    "automatic": "it came from a machine, which an automatic reply must never answer (RFC 3834)",
    "report": "it is a report of a mail system",
    "no-return": "its Return-Path is empty: it wants no answer",
    "machine-address": "its sender's address is a machine's",
    "ours": "its sender is one of ours",
    "relay": "it was passed on by somebody else than the respondent",
    "several": "it has no sender, or more than one",
    "address": "its sender's address is none that can be written to",
    "junk": "it was taken for junk or deleted, and junk often has a forged sender",
    "forged": "the receiving server found that its sender's address may be forged",
    "list": "it came through a list or a bulk sender",
    "reply-to": "its Reply-To leads to another domain than its sender's, as in forged mail",
    "return-path": "its envelope names another domain than its sender's",
    "same-message": "the same message was acknowledged already under another receipt",
    "too-many": "its sender has had as many acknowledgements today as one address may have",
}
"""Why nothing was sent, by the word that is kept."""
OVERRULED = frozenset({"junk", "forged", "list", "reply-to", "return-path", "same-message", "too-many"})
"""What a person who asks for an acknowledgement overrules. Machines, relays and our own people are never written to."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """To whom to write, and the Message-ID that is answered ("" if the message has none that can be named)."""

    address: str
    message_id: str


def addressee(facts: Mapping[str, str], is_ours: Callable[[str], bool], *, asked: bool) -> Addressee | str:
    """To whom the acknowledgement of a message goes; the word of ``REASONS`` if to nobody.

    ``facts`` are those of the message reader, and the source's ``mailbox_role``. ``asked``: a person wants it sent.
    """
    address = facts.get("from_email", "")
    reason = _is_machine(facts) or _is_nobody(facts, address, is_ours)
    if not reason and not asked:
        reason = _in_doubt(facts, address)
    if reason:
        return reason
    message_id = facts.get("message_id", "")
    return Addressee(address, message_id if _MESSAGE_ID.fullmatch(message_id) else "")


def matches(address: str, endings: Sequence[str]) -> bool:
    """Whether an address is one of these, or ends as they do ("@norfolk.gov.uk")."""
    return any(address.casefold().endswith(ending.casefold()) for ending in endings)


def _is_machine(facts: Mapping[str, str]) -> str:
    """RFC 3834, section 2, and what Exchange says with a header of its own."""
    if facts.get("auto_submitted", "no") != "no" or facts.get("precedence") == "auto_reply":
        return "automatic"
    if any(facts.get(fact) for fact in ("x_autoreply", "acknowledgement")):  # the second is our own mark, come back
        return "automatic"
    if _SILENT.search(facts.get("x_auto_response_suppress", "")):
        return "automatic"
    if facts.get("report_type") or facts.get("x_failed_recipients"):
        return "report"
    if facts.get("return_path") == "<>":
        return "no-return"
    return ""


def _is_nobody(facts: Mapping[str, str], address: str, is_ours: Callable[[str], bool]) -> str:
    if facts.get("from_count", "0") != "1" or not address:
        return "several"
    if not _ADDRESS.fullmatch(address):
        return "address"
    if _MACHINE.fullmatch(address.partition("@")[0]):
        return "machine-address"
    if any(is_ours(facts[fact]) for fact in ("from_email", "sender_email") if facts.get(fact)):
        return "ours"
    return ""


def _in_doubt(facts: Mapping[str, str], address: str) -> str:
    if facts.get("mailbox_role") or facts.get("spam_verdict"):
        return "junk"
    # What the council's own server found out about the sender (RFC 8601).
    by_envelope_alone = facts.get("spf") == "fail" and facts.get("dkim") != "pass"
    if facts.get("dmarc", "fail" if by_envelope_alone else "") == "fail":
        return "forged"
    if any(facts.get(fact) for fact in ("list_id", "list_unsubscribe", "feedback_id")):
        return "list"
    if facts.get("precedence") in ("list", "bulk", "junk"):
        return "list"
    if not _same_domain(facts.get("reply_to", ""), address):
        return "reply-to"
    envelope = facts.get("return_path") or facts.get("sender_email", "")
    return "" if _same_domain(envelope, address) else "return-path"


def _same_domain(other: str, address: str) -> bool:
    """Whether an address is of the same domain or of one below or above; true if there is none."""
    theirs, ours = (a.rpartition("@")[2].casefold().rstrip(".") for a in (other, address))
    return not theirs or theirs == ours or theirs.endswith(f".{ours}") or ours.endswith(f".{theirs}")
