"""What is not an answer, by rule and standard. When in doubt, it is a response.

A verdict sets aside, never drops: the bytes stay, a person looks at every one, and overturns it in one step. Headers of
bulk mail and the verdicts of spam filters play no part here (see ``bulk``).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from storage.schema import MachineReason

Facts = Mapping[str, str]
IsOurs = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an item is set aside: the reason's word, and the rule with its standard."""

    reason: MachineReason
    rule: str


def screen_message(facts: Facts, text: str = "", is_ours: IsOurs = lambda _: False) -> Verdict | None:
    """Whether a message is a machine's; None if it is a person's.

    Args:
        facts: what the message reader found in it.
        text: its text.
        is_ours: whether an address is the council's own.
    """
    return _bounce(facts, text) or _read_receipt(facts) or _automatic_reply(facts, is_ours) or _empty(facts, text)


# --- what became of a message of ours ---------------------------------------------------------------------------------

_SAYS = {
    "failed": "it failed", "delayed": "it is delayed", "delivered": "it was delivered",
    "relayed": "it was passed on", "expanded": "it was sent on to a list",
}  # fmt: skip
_BOUNCE_STARTS = re.compile(
    r"(?:hi\.? )?this is the (?:qmail-send program|mail system|mail delivery system|deliver program|postfix program"
    r"|mail transport agent) at"
    r"|this (?:message|report) was (?:created|generated) automatically by (?:the )?mail (?:delivery )?"
    r"(?:software|system)"
    r"|(?:a|the|your) message (?:that )?you sent (?:could not|to the following recipients could not)"
    r"|the original message was received at"
    r"|your message did not reach some or all of the intended recipients"
    r"|delivery to the following recipients?(?:\(s\))? (?:failed|has been delayed)"
    r"|this is an automatically generated delivery status notification",
    re.IGNORECASE,
)
"""How the mail servers that write no RFC 3464 report begin: qmail, Exim, sendmail, Exchange and Postfix of old."""
_MAILERS = re.compile(r"(?:mailer-daemon|mail-daemon|mailerdaemon|postmaster|maildelivery)@?", re.IGNORECASE)


def _bounce(facts: Facts, text: str) -> Verdict | None:
    """A report on the delivery of a message of ours: failed, delayed or done; or a complaint that it is spam."""
    if facts.get("report_type") == "delivery-status" or facts.get("content_type") == "message/delivery-status":
        return Verdict("bounce", f"multipart/report with report-type=delivery-status{_what_became(facts)} (RFC 3464)")
    if facts.get("report_type") == "feedback-report":
        return Verdict("bounce", "multipart/report with report-type=feedback-report (RFC 5965)")
    if facts.get("content_class") == "urn:content-classes:dsn":
        return Verdict("bounce", "Content-Class: urn:content-classes:dsn, Exchange's delivery report (as RFC 3464)")
    from_server = _from_mail_server(facts)
    if not from_server or facts.get("auto_submitted") == "no":
        return None
    if facts.get("content_type") == "multipart/report" and facts.get("delivery_status_action"):
        return Verdict("bounce", f"a delivery report{_what_became(facts)} (RFC 3464) and {from_server}")
    if facts.get("x_failed_recipients"):
        return Verdict("bounce", f"X-Failed-Recipients, as Exim writes it, and {from_server}")
    start = " ".join(text[:500].split())
    if _is_mailer(facts.get("from_email", "")) and _BOUNCE_STARTS.match(start):
        return Verdict("bounce", f"the opening words of a mail server's report (before RFC 3464) and {from_server}")
    return None


def _what_became(facts: Facts) -> str:
    said = [_SAYS[word] for word in facts.get("delivery_status_action", "").split(";") if word in _SAYS]
    return f": {', '.join(said)}" if said else ""


def _from_mail_server(facts: Facts) -> str:
    """What shows that a mail server wrote this; "" if nothing does. Its envelope has no sender (RFC 5321, 4.5.5): one
    that is known and has one speaks for a person."""
    envelope = facts.get("return_path", "")
    if envelope and envelope != "<>":
        return ""
    if _is_mailer(facts.get("from_email", "")):
        return "a mail server as its sender"
    if envelope == "<>":
        return "an empty Return-Path (RFC 5321)"
    return "Auto-Submitted (RFC 3834)" if facts.get("auto_submitted", "").startswith("auto-") else ""


def _is_mailer(address: str) -> bool:
    return bool(_MAILERS.fullmatch(address.partition("@")[0]))


_READ_SUBJECT = re.compile(
    r"\s*(?:read|not read|gelesen|nicht gelesen|ungelesen|lu|non lu|leído|no leído|letto|non letto|gelezen|niet gelezen"
    r"|przeczytano|nie przeczytano|lida|não lida|citit|skaityta|läst|lest)\s*:",
    re.IGNORECASE,
)


def _read_receipt(facts: Facts) -> Verdict | None:
    if facts.get("report_type") == "disposition-notification":
        return Verdict("read-receipt", "multipart/report with report-type=disposition-notification (RFC 8098)")
    if facts.get("content_type") == "message/disposition-notification":
        return Verdict("read-receipt", "a disposition notification by itself (RFC 8098)")
    if facts.get("content_class") == "urn:content-classes:mdn":
        return Verdict("read-receipt", "Content-Class: urn:content-classes:mdn, Outlook's read receipt (as RFC 8098)")
    if facts.get("content_type") == "multipart/report" and facts.get("disposition"):
        # The type of the report is missing. A person's message is no multipart/report, but one sign is not enough.
        if _READ_SUBJECT.match(facts.get("subject", "")):
            return Verdict("read-receipt", 'a disposition notification (RFC 8098) and the subject of one ("Read: …")')
        if facts.get("return_path") == "<>" or facts.get("auto_submitted", "").startswith("auto-"):
            return Verdict("read-receipt", "a disposition notification (RFC 8098) that a machine sent (RFC 3834)")
    return None


# --- what answers by itself -------------------------------------------------------------------------------------------

_AWAY_SUBJECT = re.compile(
    r"\s*(?:automatic reply|automatic response|auto[- ]?reply|auto[- ]?response|autoreply|autoresponse|auto"
    r"|out of (?:the )?office(?: auto-?reply)?"
    r"|automatische antwort|abwesenheitsnotiz|abwesenheit|réponse automatique|absence du bureau|absent\(e\) du bureau"
    r"|respuesta automática|fuera de la oficina|risposta automatica|fuori sede|automatisch antwoord"
    r"|afwezigheidsbericht|odpowiedź automatyczna|autoodpowiedź|poza biurem|resposta automática|răspuns automat"
    r"|automatinis atsakymas|automātiska atbilde|autosvar|automatisk svar|automaattinen vastaus|automatická odpověď"
    r"|automatikus válasz|otomatik yanıt"
    r"|автоматический ответ|автоматична відповідь|自動返信|自动回复|自動回覆)\s*[:：]",
    re.IGNORECASE,
)
"""How Exchange, Notes and others name an automatic reply, in the languages that the council's residents use most."""


def _automatic_reply(facts: Facts, is_ours: IsOurs) -> Verdict | None:
    """RFC 3834. `no` is a person's word for it, whatever else the header holds."""
    submitted = facts.get("auto_submitted", "")
    if submitted == "no":
        return None
    if submitted == "auto-replied":
        if facts.get("acknowledgement") or is_ours(facts.get("from_email", "")):
            return Verdict(
                "auto-reply", "Auto-Submitted: auto-replied (RFC 3834), an acknowledgement of ours come back"
            )
        return Verdict("auto-reply", "Auto-Submitted: auto-replied (RFC 3834)")
    if facts.get("acknowledgement") and is_ours(facts.get("from_email", "")):
        return Verdict("auto-reply", "X-Consultation-Acknowledgement, with which we mark ours, and our own sender")
    signs = _signs(facts)
    if len(signs) > 1 and not _is_form(facts):
        return Verdict("auto-reply", f"{signs[0]} and {signs[1]}")
    return None


def _signs(facts: Facts) -> list[str]:
    """The signs, the surest first, that an automatic answer was written; empty if the first of them, which must be one
    that people's mail does not have, is missing. What is no sign by itself stands last."""
    surest = []
    if facts.get("auto_submitted") == "auto-generated":
        surest.append("Auto-Submitted: auto-generated (RFC 3834)")
    if facts.get("x_autoreply"):
        surest.append("X-Autoreply or X-Autorespond")
    if facts.get("precedence") == "auto_reply":
        surest.append("Precedence: auto_reply")
    away = bool(_AWAY_SUBJECT.match(facts.get("subject", "")))
    if not surest and not (away and facts.get("x_auto_response_suppress")):
        return []
    if not surest:
        surest.append("X-Auto-Response-Suppress, as Exchange writes it")
    if facts.get("return_path") == "<>":
        surest.append("an empty Return-Path (RFC 5321)")
    if facts.get("precedence") == "junk":
        surest.append("Precedence: junk")
    if away:
        surest.append('the subject of an automatic reply ("Automatic reply: …")')
    return surest


def _is_form(facts: Facts) -> bool:
    """Whether this looks like a web form's message: it is no answer to one of ours, and replies go to somebody else
    than the sender: to the resident who filled it in."""
    replies_to = facts.get("reply_to", "").casefold()
    is_answer = bool(facts.get("in_reply_to") or facts.get("references"))
    return not is_answer and replies_to not in ("", facts.get("from_email", "").casefold())


# --- nothing at all ---------------------------------------------------------------------------------------------------

_SUBJECT_OF_NOTHING = re.compile(
    r"(?:\s|(?:re|fw|fwd|aw|sv|antw|odp)\s*:|[(\[<]?(?:no subject|kein betreff|sans objet|brak tematu)[)\]>]?)*",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"^\s*(?:sent from (?:my |the )?(?:i?phone|ipad|android|samsung|galaxy|mobile|blackberry|huawei|mail for windows"
    r"|yahoo mail|outlook)\b[^\n]{0,60}|get outlook for (?:ios|android)[^\n]{0,60})\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_UNSEEN = str.maketrans("", "", "\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff")
_MAX_DEVICE_CHARS = 500


def _empty(facts: Facts, text: str) -> Verdict | None:
    """Nothing said and nothing attached. Pixels and logos are no words, nor is what a telephone adds by itself."""
    if not _SUBJECT_OF_NOTHING.fullmatch(facts.get("subject", "")) or facts.get("has_attachments") == "true":
        return None
    if facts.get("empty") == "true":
        return Verdict("empty", "no words, no subject, and nothing attached")
    if text and len(text) < _MAX_DEVICE_CHARS and not _DEVICE.sub("", text).translate(_UNSEEN).strip():
        return Verdict("empty", "nothing but what a telephone or mail program adds, and nothing attached")
    return None
