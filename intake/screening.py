"""What is not an answer, by rule and standard. When in doubt, it is a response.

A verdict sets aside, never drops: the bytes stay, a person looks at every one, and overturns it in one step.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from storage.schema import MachineReason


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an item is set aside: the reason's word, and the rule with its standard."""

    reason: MachineReason
    rule: str


def screen_message(facts: Mapping[str, str]) -> Verdict | None:
    """Whether a message is a machine's, by the facts that the message reader found in it; None if it is a person's."""
    report = facts.get("report_type", "")
    submitted = facts.get("auto_submitted", "")
    if report == "delivery-status":
        return Verdict("bounce", "multipart/report with report-type=delivery-status (RFC 3464)")
    if report == "disposition-notification":
        return Verdict("read-receipt", "multipart/report with report-type=disposition-notification (RFC 8098)")
    if submitted == "auto-replied":
        return Verdict("auto-reply", "Auto-Submitted: auto-replied (RFC 3834)")
    if submitted == "auto-generated" and (sign := _second_sign(facts)):
        return Verdict("auto-reply", f"Auto-Submitted: auto-generated (RFC 3834) and {sign}")
    if facts.get("empty") == "true" and not facts.get("subject", "").strip():
        return Verdict("empty", "no words, no subject, and nothing attached")
    return None


def _second_sign(facts: Mapping[str, str]) -> str | None:
    """A sign, beside ``auto-generated``, that no person wrote this: form mailers send residents' own words with it."""
    if facts.get("return_path") == "<>":
        return "an empty Return-Path (RFC 5321)"
    if facts.get("precedence") in ("auto_reply", "junk"):
        return f"Precedence: {facts['precedence']}"
    return None
