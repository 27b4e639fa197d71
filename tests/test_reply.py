"""An acknowledgement as a message: whatever the config and a sender's header hold, its fields stay its own."""

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from channels.acknowledge import AcknowledgeSettings, make_acknowledging
from channels.base import Outside
from intake.reply import Reply, as_message, filled_in, new_message_id

FIELDS = [
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Consultation-Acknowledgement", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
]  # fmt: skip


def reply(**values: Any) -> Reply:
    given_values: dict[str, Any] = {
        "from_name": "The team", "from_address": "team@council.example", "to": "ann@example.org",
        "subject": "We have received it", "text": "Thank you.", "reference": "TST-00000-00000",
        "answers": "<one@example.org>", "message_id": "<two@council.example>",
        "at": datetime(2011, 3, 27, 2, 30, tzinfo=timezone(timedelta(hours=1))),
    }  # fmt: skip
    return Reply(**given_values | values)


@given(subject=st.text(), name=st.text(max_size=60), text=st.text())
def test_its_fields_are_these_and_no_others(subject: str, name: str, text: str) -> None:
    """Line breaks of any kind in a subject, a name or a text add no field, and no line is too long for SMTP."""
    try:
        made = as_message(reply(subject=subject, from_name=name, text=text))
    except ValueError:
        assert name  # a name that can't be written down is refused when the config is read
        return
    except UnicodeEncodeError:
        assert re.search("[\ud800-\udfff]", text)
        return
    read = email.message_from_bytes(made, policy=email.policy.default)
    assert [key for key in read if key != "Subject"] == [key for key in FIELDS if key != "Subject"]
    assert all(len(line) <= 998 for line in made.split(b"\r\n"))
    assert made.replace(b"\r\n", b"").isascii()
    assert b"\r" not in made.replace(b"\r\n", b"")
    assert b"\n" not in made.replace(b"\r\n", b"")
    assert read.get_content().splitlines() == text.splitlines() or not text


@given(name=st.text(max_size=70), title=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_the_config_takes_can_be_written(name: str, title: str) -> None:
    """A sender that the config lets pass, and any title, make a message: nothing fails when it is to be sent."""
    try:
        section = {"host": "smtp.example.org", "from": f"{name} <team@council.example>"}
        settings = AcknowledgeSettings.model_validate(section)
    except ValidationError:
        return
    how = make_acknowledging(settings, Outside(lambda: datetime(2011, 3, 1, tzinfo=UTC), {}), None)
    subject, text = (filled_in(template, "TST-1", title) for template in (how.subject, how.text))
    made = as_message(reply(from_name=how.from_name, from_address=how.from_address, subject=subject, text=text))
    read = email.message_from_bytes(made, policy=email.policy.default)
    assert read["From"].addresses[0].addr_spec == "team@council.example"
    assert "TST-1" in read.get_content()


@pytest.mark.parametrize(
    "spoilt",
    [
        {"answers": "<a@b>\r\nBcc: <eve@example.org>"}, {"to": "ann@example.org>\r\nBcc: <eve@example.org"},
        {"reference": "TST\nX: y"}, {"message_id": "<a>\r\n\r\n<script>"}, {"to": "änn@example.org"},
        {"answers": "<a@b>\r\n <c@d>\r"}, {"from_address": "team@council.example\r"},
    ],
)  # fmt: skip
def test_a_field_that_would_be_two_is_refused(spoilt: dict[str, str]) -> None:
    """Nothing is sent that holds a line break which is not ours; the sentence repeats nothing of it."""
    with pytest.raises(ValueError, match=r"^the field [A-Za-z-]+ of an acknowledgement would not be one field$"):
        as_message(reply(**spoilt))


def test_long_and_foreign_words_come_back_as_they_were() -> None:
    """A long subject in any script is folded by RFC 2047, and read back whole."""
    subject = "Ŷ consultation about the children's centres of Norfolk, all of them, " * 4
    read = email.message_from_bytes(
        as_message(reply(subject=subject, from_name="Tîm Ŷ", text="Ŷ\n.\n" + "x" * 3000)), policy=email.policy.default
    )
    assert read["Subject"] == subject
    assert read["From"].addresses[0].display_name == "Tîm Ŷ"
    assert read.get_content() == "Ŷ\r\n.\r\n" + "x" * 3000 + "\r\n"
    assert read["Date"].datetime == datetime(2011, 3, 27, 1, 30, tzinfo=UTC)


def test_a_long_message_id_is_named_as_it_is() -> None:
    """It is not folded or encoded, so that the recipient's program finds the message it belongs to."""
    answers = f"<{'a' * 390}@b.example>"
    made = as_message(reply(answers=answers))
    assert f"\r\nIn-Reply-To: {answers}\r\n".encode() in made
    assert b"In-Reply-To" not in as_message(reply(answers=""))


@given(st.text())
def test_a_title_fills_in_as_one_line_and_is_no_template(title: str) -> None:
    """Braces in a title stay braces; line breaks become spaces."""
    filled = filled_in("{title}: {reference} {{}}", "TST-1", title)
    assert "\n" not in filled
    assert "\r" not in filled
    assert filled.endswith(": TST-1 {}")


def test_message_ids_never_repeat() -> None:
    """Each is new, of our domain."""
    made = {new_message_id("TST-00000-00000", "council.example") for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"<tst-00000-00000\.[0-9a-f]{16}@council\.example>", one) for one in made)
