"""What stays of a message that a server builds anew: the same for every form of it, another for other words."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.reading import mime
from intake.reading.parts import Reading
from tests.support.consultation import ROOT, bundle, message
from tests.support.rebuild import rebuilt

HEAD = "Message-ID: <1@example.org>"
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200)


def identity(data: bytes) -> str:
    reading = mime.read(data, {})
    assert isinstance(reading, Reading)
    return reading.facts.get("identity", "")


def letter(text: str = "Keep it open.", rich: str = "", attachment: bytes = b"", **fields: str) -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    named = {"From": "Jo <jo@example.org>", "Date": "Tue, 1 Mar 2011 10:00:00 +0000", "Message-ID": "<1@example.org>"}
    for name, value in (named | fields).items():
        made[name] = value
    made.set_content(text)
    if rich:
        made.add_alternative(rich, subtype="html")
    if attachment:
        made.add_attachment(attachment, maintype="application", subtype="pdf", filename="letter.pdf")
    return made


@settings(deadline=None, max_examples=60)
@given(WORDS, WORDS, st.binary(max_size=300), st.integers(1, 40))
def test_every_form_of_a_message_has_one_identity(text: str, rich: str, attachment: bytes, variant: int) -> None:
    """Other boundaries, encodings, line lengths and header order change the bytes, and not the identity."""
    data = letter(text, f"<p>{rich.replace('<', '').replace('&', '')}</p>", attachment).as_bytes()
    again = rebuilt(data, variant)
    assert again != data
    assert identity(again) == identity(data) != ""
    assert identity(rebuilt(again, variant + 1)) == identity(data)


@pytest.mark.parametrize(
    "changed",
    [
        letter("Keep it shut."),
        letter(attachment=b"%PDF other"),
        letter(rich="<p>Keep it open. Please.</p>"),
        letter(**{"Message-ID": "<2@example.org>"}),
        letter(Date="Tue, 1 Mar 2011 10:00:01 +0000"),
        letter(From="Jo <joe@example.org>"),
    ],
)
def test_other_words_are_another_message(changed: EmailMessage) -> None:
    """The same Message-ID does not make two messages one: one other word, second, address or attachment is enough."""
    assert identity(changed.as_bytes()) != identity(letter().as_bytes())


def test_without_a_message_id_there_is_none() -> None:
    """What has no Message-ID is never suggested to be another message."""
    assert identity(message("Keep it open.")) == ""


def test_a_bundle_has_one_identity_whatever_its_form() -> None:
    """Messages that are carried inside count with their sender, date and words."""
    inner = message("One.", headers=HEAD), message("Two.")
    data = bundle(*inner).replace(b"Subject: Fwd", b"Message-ID: <9@example.org>\r\nSubject: Fwd")
    other = data.replace(b"Two.", b"Three.")
    assert identity(rebuilt(data)) == identity(data) != ""
    assert identity(other) != identity(data)


def test_a_large_attachment_is_taken_piece_by_piece() -> None:
    """9 MB in lines of another length are the same attachment; one other byte is not."""
    content = bytes(range(256)) * 36_000
    data = letter(attachment=content).as_bytes()
    assert identity(rebuilt(data, 5)) == identity(data)
    assert identity(letter(attachment=content[:-1] + b"!").as_bytes()) != identity(data)


def test_too_many_parts_have_none() -> None:
    """A message with more parts than are looked at is like no other: what stands beyond could differ."""
    parts = b"".join(b"--x\r\n\r\nPart %d\r\n" % n for n in range(1_200))
    head = b"From: a@example.org\r\nMessage-ID: <1@x>\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    assert identity(head + parts + b"--x--\r\n") == ""


def test_every_sample_keeps_its_identity() -> None:
    """Real forms of mail, rebuilt: each has the identity that it had, and no two have the same."""
    found = {}
    for path in sorted((ROOT / "samples/inbox").glob("*.eml")):
        data = path.read_bytes()
        digest = identity(data) if isinstance(mime.read(data, {}), Reading) else ""
        if digest:
            assert identity(rebuilt(data)) == digest, path.name
            found.setdefault(digest, set()).add(data)
    assert len(found) > 5
    assert all(len(of_one) == 1 for of_one in found.values())
