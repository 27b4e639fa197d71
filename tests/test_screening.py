"""What is not an answer: a machine's message by its standard, and never a person's."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.reading import mime
from intake.reading.parts import Reading
from intake.screening import Verdict, screen_message
from storage.schema import SET_ASIDE_REASONS
from tests.support.consultation import SAMPLES

BODY = "I think the centre should stay open.\r\n"


def screen(header: str, body: str = BODY) -> Verdict | None:
    """The verdict on a message with these header lines, read as every message is."""
    lines = ["From: A Resident <resident@example.org>", "Date: Tue, 1 Mar 2011 10:00:00 +0000", *header.splitlines()]
    return screen_raw(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


def screen_raw(raw: bytes) -> Verdict | None:
    reading = mime.read(raw, {})
    assert isinstance(reading, Reading)
    return screen_message(reading.facts)


def report(
    kind: str, machine: str, body: str = "Your message could not be delivered.", subtype: str = "report"
) -> bytes:
    """A multipart/report (RFC 6522) with a machine-readable part of this type."""
    return (
        "From: MAILER-DAEMON@example.net\r\nTo: office@council.example\r\nSubject: Report\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/{subtype}; report-type="{kind}"; boundary=cut\r\n\r\n'
        f"--cut\r\nContent-Type: text/plain\r\n\r\n{body}\r\n"
        f"--cut\r\nContent-Type: {machine}\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
        "Final-Recipient: rfc822; office@council.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--cut--\r\n"
    ).encode()


# --- machines ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["Auto-Submitted: auto-replied", "auto-submitted: AUTO-REPLIED", "Auto-Submitted: auto-replied (vacation)",
     "Auto-Submitted: (out of office) auto-replied", 'Auto-Submitted: auto-replied; owner-email="clerk@example.net"',
     "Auto-Submitted:\r\n auto-replied", "Auto-Submitted:auto-replied", "Auto-Submitted: auto-replied;"],
)  # fmt: skip
def test_an_automatic_reply_is_set_aside(line: str) -> None:
    """RFC 3834, 5: a message that says it was replied automatically is set aside, however the field is written."""
    verdict = screen(line)
    assert verdict is not None
    assert verdict.reason == "auto-reply"
    assert "RFC 3834" in verdict.rule


@pytest.mark.parametrize("sign", ["Return-Path: <>", "Precedence: auto_reply", "Precedence: junk"])
def test_what_a_machine_generated_and_shows_twice_is_set_aside(sign: str) -> None:
    """RFC 3834: auto-generated with a second sign of a machine is set aside, and the rule names both."""
    verdict = screen(f"{sign}\nAuto-Submitted: auto-generated")
    assert verdict is not None
    assert verdict.reason == "auto-reply"
    assert sign.partition(":")[0] in verdict.rule
    assert "RFC 3834" in verdict.rule


@pytest.mark.parametrize(
    ("raw", "reason", "standard"),
    [
        (report("delivery-status", "message/delivery-status"), "bounce", "RFC 3464"),
        (report("DELIVERY-STATUS", "message/global-delivery-status"), "bounce", "RFC 3464"),
        (report("disposition-notification", "message/disposition-notification"), "read-receipt", "RFC 8098"),
        (report("delivery-status", "message/delivery-status", body=""), "bounce", "RFC 3464"),
    ],
    ids=["bounce", "bounce of an international address", "read receipt", "bounce without words"],
)
def test_a_report_is_set_aside(raw: bytes, reason: str, standard: str) -> None:
    """RFC 3464 and RFC 8098: a bounce and a read receipt are set aside, and the rule names the standard."""
    verdict = screen_raw(raw)
    assert verdict is not None
    assert (verdict.reason, standard in verdict.rule) == (reason, True)


def test_a_message_of_nothing_is_set_aside() -> None:
    """No subject, no words and nothing attached: there is nothing to count."""
    for body in ("", "\r\n", "  \t\r\n\r\n"):
        verdict = screen("Message-ID: <a@example.org>", body)
        assert verdict is not None
        assert verdict.reason == "empty"


# --- people -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        "Auto-Submitted: no", "Auto-Submitted: No", "Auto-Submitted: no (auto-replied)",
        'Auto-Submitted: no; x="auto-replied"',
        "Auto-Submitted: (auto-replied) no", "Auto-Submitted:", "Auto-Submitted: yes", "Auto-Submitted: auto-notified",
        "Auto-Submitted: auto-generated", "Auto-Submitted: auto-generated\nX-Mailer: FormMail 1.9",
        "Auto-Submitted: auto-generated\nReturn-Path: <forms@example.org>",
        "Auto-Submitted: auto-generated\nPrecedence: bulk",
        "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All",
        "Auto-Submitted: auto-generated\nPrecedence: list\nList-Unsubscribe: <mailto:out@example.org>",
        "Return-Path: <>", "Return-Path: <>\nX-Mailer: an old mailer", "Precedence: bulk", "Precedence: junk",
        "Precedence: list",
        "List-Id: <campaign.example.org>\nList-Unsubscribe: <https://example.org/out>", "X-Auto-Response-Suppress: All",
        "X-Autoreply: yes", "X-Spam-Status: Yes", "Feedback-ID: 1:2:3:example", "Subject: Automatic reply: my answer",
        "Subject: Out of office", "Subject: Undeliverable: my answer", "Subject: Read: your consultation",
        "In-Reply-To: <bounce@example.net>\nReferences: <bounce@example.net>", "From: MAILER-DAEMON@example.org",
        "Sender: noreply@example.org", "Importance: low", "Content-Type: text/plain; report-type=delivery-status",
        "X-Auto-Submitted: auto-replied", "Comments: Auto-Submitted: auto-replied",
    ],
)  # fmt: skip
def test_a_person_s_words_are_never_set_aside(lines: str) -> None:
    """Form mailers, campaign platforms, mailing lists, odd senders and telling subjects: by themselves none of them
    sets a resident's own words aside."""
    assert screen(lines) is None


@pytest.mark.parametrize(
    "raw",
    [
        report(
            "delivery-status",
            "message/delivery-status",
            body="My answer came back, so I send it again.",
            subtype="mixed",
        ),
        report("survey", "message/delivery-status").replace(b"MAILER-DAEMON", b"resident"),
        report("", "message/delivery-status").replace(b"MAILER-DAEMON", b"resident"),
    ],
    ids=["a bounce inside a person's own message", "a report of another kind", "a report of no kind"],
)
def test_what_only_holds_a_report_is_not_one(raw: bytes) -> None:
    """A person who passes a bounce on, and reports that are neither bounce nor read receipt, are left to people."""
    assert screen_raw(raw) is None


@pytest.mark.parametrize("reply", ["auto-replied", "auto-generated"])
def test_an_attached_automatic_reply_does_not_rub_off(reply: str) -> None:
    """What a forwarded message says of itself says nothing of the message that carries it."""
    raw = (
        "From: A Resident <resident@example.org>\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\r\nThis is what I got.\r\n"
        f"--cut\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@example.net\r\nAuto-Submitted: {reply}\r\n"
        "Return-Path: <>\r\n\r\nAway.\r\n--cut--\r\n"
    ).encode()
    assert screen_raw(raw) is None


def test_words_in_the_subject_alone_are_words() -> None:
    """A person who says everything in the subject and leaves the rest empty has answered."""
    assert screen("Subject: Please keep the Holt centre open", "") is None


@pytest.mark.parametrize("kind", ["application/pdf", "image/jpeg", "application/octet-stream"])
def test_a_message_that_only_carries_something_is_not_empty(kind: str) -> None:
    """A letter attached to an empty message is an answer, whether or not its kind can be read."""
    raw = (
        "From: A Resident <resident@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\n\r\n\r\n"
        f"--cut\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename=letter\r\n\r\nxyz\r\n--cut--\r\n"
    ).encode()
    assert screen_raw(raw) is None


# --- whatever is claimed ----------------------------------------------------------------------------------------------

FACTS = {
    "auto_submitted": ["no", "auto-generated", "auto-replied", "auto-notified", ""],
    "report_type": ["delivery-status", "disposition-notification", "feedback-report", ""],
    "return_path": ["<>", "a@example.org", ""],
    "precedence": ["bulk", "junk", "auto_reply", "list", ""],
    "x_auto_response_suppress": ["All", ""],
    "empty": ["true", ""],
    "subject": ["Holt", " ", ""],
}


def test_every_verdict_names_its_rule() -> None:
    """Whatever facts come together, a verdict is a word of the schema with its rule, and a person's `no` is believed
    unless the message is a report or holds nothing."""
    for values in itertools.product(*FACTS.values()):
        facts = dict(zip(FACTS, values, strict=True))
        verdict = screen_message(facts)
        if verdict is not None:
            assert verdict.reason in SET_ASIDE_REASONS
            assert verdict.rule
        if facts["auto_submitted"] in ("no", "auto-notified", "") and facts["precedence"] != "auto_reply":
            assert verdict is None or verdict.reason in ("bounce", "read-receipt", "empty")


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(FACTS)) | st.text(), st.text()))
def test_any_facts_can_be_screened(facts: dict[str, str]) -> None:
    """Whatever a reader's process claims, screening does not raise, and finds the same again."""
    assert screen_message(facts) == screen_message(facts)


@pytest.mark.parametrize("path", sorted((SAMPLES / "inbox").glob("*.eml")), ids=lambda path: path.stem)
def test_the_sample_messages_are_screened_as_its_readme_says(path: Path) -> None:
    """Of the sample's messages those that its README calls a machine's or empty for certain are set aside, and no other
    but perhaps the newsletter."""
    certain = {"005": "auto-reply", "006": "bounce", "007": "read-receipt", "025": "empty"}
    verdict = screen_raw(path.read_bytes())
    if path.name[:3] == "017":
        assert verdict is None or verdict.reason == "marketing"
    else:
        assert (verdict.reason if verdict else None) == certain.get(path.name[:3])
