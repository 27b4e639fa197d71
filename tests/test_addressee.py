"""To whom an acknowledgement may be written: RFC 3834 by its cases, and in doubt to nobody."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.addressee import OVERRULED, REASONS, Addressee, addressee, matches

PERSON = {"from_email": "ann@example.org", "from_count": "1", "message_id": "<one@mail.example.org>"}


def of_nobody(_address: str) -> bool:
    return False


def whom(facts: Mapping[str, str], *, asked: bool = False) -> Addressee | str:
    return addressee({**PERSON, **facts}, of_nobody, asked=asked)


@pytest.mark.parametrize(
    "facts",
    [
        {}, {"return_path": "ann@example.org"}, {"return_path": "Ann@EXAMPLE.org"},
        {"return_path": "bounce-7@mail.example.org"}, {"reply_to": "ann.home@example.org"}, {"auto_submitted": "no"},
        {"sender_email": "secretary@example.org"}, {"x_auto_response_suppress": "DR, RN, NRN"},
        {"from_email": "o'neil+consultation@a-b.example.co.uk"}, {"from_email": "norman.reply@example.org"},
        {"from_email": "rebounce@example.org"}, {"from_email": "request@example.org"},
        {"precedence": "first-class"}, {"dmarc": "pass", "spf": "fail"}, {"spf": "fail", "dkim": "pass"},
        {"spf": "softfail"}, {"dmarc": "none"}, {"sender_email": "x@a.example", "return_path": "ann@example.org"},
    ],
)  # fmt: skip
def test_a_person_is_written_to_at_the_address_of_from(facts: dict[str, str]) -> None:
    """From is where respondents read; the envelope must not speak against it."""
    assert whom(facts) == Addressee(facts.get("from_email", "ann@example.org"), "<one@mail.example.org>")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        # RFC 3834, section 2: any Auto-Submitted but "no"; an empty Return-Path; lists; and RFC 3834, 5.1 of keywords
        ({"auto_submitted": "auto-generated"}, "automatic"), ({"auto_submitted": "auto-replied"}, "automatic"),
        ({"auto_submitted": "auto-notified"}, "automatic"), ({"auto_submitted": "x-unheard-of"}, "automatic"),
        ({"x_autoreply": "true"}, "automatic"), ({"precedence": "auto_reply"}, "automatic"),
        ({"x_auto_response_suppress": "All"}, "automatic"),
        ({"x_auto_response_suppress": "DR,AutoReply"}, "automatic"),
        ({"return_path": "<>"}, "no-return"),
        ({"report_type": "delivery-status"}, "report"), ({"report_type": "disposition-notification"}, "report"),
        ({"x_failed_recipients": "true"}, "report"),
        ({"list_id": "true"}, "list"), ({"list_unsubscribe": "true"}, "list"), ({"feedback_id": "true"}, "list"),
        ({"precedence": "bulk"}, "list"), ({"precedence": "list"}, "list"), ({"precedence": "junk"}, "list"),
        ({"acknowledgement": "true"}, "automatic"),
        ({"mailbox_role": "junk"}, "junk"), ({"mailbox_role": "trash"}, "junk"),
        ({"spam_verdict": "X-Spam-Flag"}, "junk"), ({"dmarc": "fail", "spf": "pass"}, "forged"),
        ({"spf": "fail"}, "forged"), ({"spf": "fail", "dkim": "fail"}, "forged"),
        # Section 4: where not to send
        ({"reply_to": "ann@example.net"}, "reply-to"), ({"reply_to": "list@example.org.evil.example"}, "reply-to"),
        ({"return_path": "bounces+ann=example.org@platform.example"}, "return-path"),
        ({"sender_email": "mailer@platform.example"}, "return-path"),
        ({"from_email": "MAILER-DAEMON@example.org"}, "machine-address"),
        ({"from_email": "noreply@example.org"}, "machine-address"),
        ({"from_email": "No-Reply@example.org"}, "machine-address"),
        ({"from_email": "do-not-reply@example.org"}, "machine-address"),
        ({"from_email": "donotreply@example.org"}, "machine-address"),
        ({"from_email": "survey.no_reply@example.org"}, "machine-address"),
        ({"from_email": "noreply+ann@example.org"}, "machine-address"),
        ({"from_email": "owner-parents@example.org"}, "machine-address"),
        ({"from_email": "parents-request@example.org"}, "machine-address"),
        ({"from_email": "bounce+17@example.org"}, "machine-address"),
        ({"from_email": "postmaster@example.org"}, "machine-address"),
        # What is no address, or not one
        ({"from_email": ""}, "several"), ({"from_count": "2"}, "several"), ({"from_count": "0"}, "several"),
        ({"from_email": "ann@localhost"}, "address"), ({"from_email": "ann@[192.0.2.1]"}, "address"),
        ({"from_email": "änn@example.org"}, "address"), ({"from_email": "ann@exämple.org"}, "address"),
        ({"from_email": "ann@example.org>\r\nRCPT TO:<eve@example.org"}, "address"),
        ({"from_email": "ann\r\n@example.org"}, "address"), ({"from_email": "ann@example.org\n"}, "address"),
        ({"from_email": '"ann@x"@example.org'}, "address"), ({"from_email": "a" * 65 + "@example.org"}, "address"),
        ({"from_email": f"ann@{'a.' * 130}org"}, "address"), ({"from_email": "ann@@example.org"}, "address"),
    ],
)  # fmt: skip
def test_nobody_is_written_to_in_doubt(facts: dict[str, str], reason: str) -> None:
    """Each case by its rule; a person who asks overrules doubts, and never what is sure."""
    assert whom(facts) == reason
    assert reason in REASONS
    asked = whom(facts, asked=True)
    if reason in OVERRULED:
        assert asked == Addressee("ann@example.org", "<one@mail.example.org>")
    else:
        assert asked == reason


def test_ours_are_never_written_to_even_if_asked() -> None:
    """Neither as From nor as Sender."""
    for facts in ({}, {"from_email": "x@example.org", "sender_email": "ann@example.org"}):
        said = addressee({**PERSON, **facts}, lambda address: address == "ann@example.org", asked=True)
        assert said == "ours"


@pytest.mark.parametrize(
    "message_id", ["", "no brackets", "<a b@c>", "<a@b>\r\nBcc: <eve@example.org>", "<ä@b>", f"<{'a' * 401}>", "<a><b>"]
)
def test_a_message_id_that_could_spoil_a_header_is_left_out(message_id: str) -> None:
    """The reply then names no message, and is sent."""
    assert whom({"message_id": message_id}) == Addressee("ann@example.org", "")


@given(
    st.dictionaries(st.sampled_from(["from_email", "reply_to", "return_path", "message_id", "precedence"]), st.text())
)
def test_whatever_stands_in_a_header_no_line_break_comes_out(facts: dict[str, str]) -> None:
    """What is handed on is printable ASCII without spaces, or a reason."""
    found = whom(facts, asked=True)
    if isinstance(found, Addressee):
        for given_out in (found.address, found.message_id):
            assert all("!" <= c <= "~" for c in given_out)
    else:
        assert found in REASONS


def test_endings_of_addresses() -> None:
    """A domain with its @, or a whole address, in any case."""
    assert matches("Officer@Norfolk.gov.uk", ["@norfolk.gov.uk"])
    assert not matches("officer@norfolk.gov.uk.example", ["@norfolk.gov.uk"])
    assert not matches("officer@norfolk.gov.uk", [])
