"""Text and HTML files as items, the cleaning of text, and the texts of messages' parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.reading import text
from intake.reading.clean import clean
from intake.reading.parts import Reading, Unreadable


def read(data: bytes, media_type: str = "text/plain", **options) -> Reading:
    reading = text.read(data, {"media_type": media_type, **options})
    assert isinstance(reading, Reading)
    return reading


def test_a_text_file_is_one_part():
    reading = read("Keep it – open.\r\nPlease.".encode())
    assert [(p.kind, p.text, p.method, p.content) for p in reading.parts] == [
        ("body", "Keep it – open.\nPlease.", "text", True)
    ]
    assert reading.reader == "text 1"


def test_an_html_file_is_laid_out():
    part = read(b"<p>Keep it</p><ul><li>open</ul>", "text/html").parts[0]
    assert (part.text, part.method) == ("Keep it\n\n  * open", "html")


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        ("café".encode("utf-16"), {}, "café"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", {}, "café"),
        ("Привет".encode("koi8-r"), {"charset": "koi8-r"}, "Привет"),
        (b"a\x00b", {}, "a\ufffdb"),
        (b"a\xed\xa0\x80b and more text around it", {}, None),
    ],
)
def test_texts_of_all_charsets_are_decoded_and_clean(data, options, expected):
    found = read(data, **options).parts[0].text
    assert found == expected if expected else "\x00" not in found
    found.encode()


def test_what_is_no_text_is_unreadable():
    result = text.read(b"PK\x03\x04" + bytes(3000), {"media_type": "text/plain"})
    assert isinstance(result, Unreadable)
    assert "looks like a Word, Excel or other zipped file" in result.reason


def test_an_empty_text_says_so():
    assert read(b" \n ").facts == {"empty": "true"}


def test_a_text_too_long_is_read_in_part():
    reading = read(b"x" * 5_000_000)
    assert (len(reading.parts[0].text), reading.needs) == (4_000_000, ["attachment"])


@given(st.text(st.characters()))
def test_cleaning_replaces_one_for_one_and_only_what_can_not_be_stored(value):
    cleaned, count = clean(value)
    cleaned.encode()
    assert "\x00" not in cleaned
    assert len(cleaned) == len(value)
    assert count == sum(1 for a, b in zip(value, cleaned, strict=True) if a != b)
