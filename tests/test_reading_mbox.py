"""Mailboxes in a file: every message once, exactly its bytes, whoever wrote the file."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.reading import mbox
from intake.reading.parts import Unreadable

FROM = b"From jo@example.org Tue Mar  1 10:00:00 2011\n"
ONE = b"Subject: One\n\nKeep it open.\n"
TWO = b"Subject: Two\n\nAnd the bus.\n"


def split(data: bytes) -> list[bytes]:
    result = mbox.split(BytesIO(data), {})
    assert not isinstance(result, Unreadable)
    return [data[piece.start : piece.end] for group in result for piece in group]


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (FROM + ONE, [ONE]),
        (FROM + ONE + b"\n" + FROM + TWO, [ONE, TWO]),
        (FROM + ONE + b"\n" + FROM + TWO + b"\n", [ONE, TWO]),
        (b"\n\n" + FROM + ONE, [ONE]),
        (b"\xef\xbb\xbf" + FROM + ONE, [ONE]),
        # whoever leaves out the empty line
        (FROM + ONE + FROM + TWO, [ONE, TWO]),
        # dates of every writer
        (b"From jo@x Tue Mar 01 10:00:00 +0000 2011\n" + ONE, [ONE]),
        (b"From jo@x Tue Mar  1 10:00:00 GMT 2011 remote from y\n" + ONE, [ONE]),
        (b"From jo@x Tue, 1 Mar 2011 10:00 +0000\n" + ONE, [ONE]),
        (b"From 1844347792267117879@xxx Tue Mar 01 10:00:00 +0000 2011\n" + ONE, [ONE]),
        # without a date (Thunderbird, Google's old exports)
        (b"From - \n" + ONE + b"\nFrom -\n" + TWO, [ONE, TWO]),
        (b"From 12345@xxx\n" + ONE + b"\nFrom 12346@xxx\n" + TWO, [ONE, TWO]),
        # lines of the text that begin with From
        (FROM + ONE + b"\nFrom now on I am for it.\n\n" + FROM + TWO, [ONE + b"\nFrom now on I am for it.\n", TWO]),
        (FROM + ONE + b"\nFrom\n\n" + FROM + TWO, [ONE + b"\nFrom\n", TWO]),
        (FROM + ONE + b"\n>" + FROM + b"\n" + FROM + TWO, [ONE + b"\n>" + FROM, TWO]),
        # one that is empty
        (FROM + b"\n" + FROM + TWO, [b"", TWO]),
        (FROM, [b""]),
        (FROM[:-1], [b""]),
    ],
)
@pytest.mark.parametrize("dos", [False, True])
def test_a_message_is_what_stands_between_two_from_lines(data, messages, dos):
    if dos:
        data, messages = data.replace(b"\n", b"\r\n"), [message.replace(b"\n", b"\r\n") for message in messages]
    assert split(data) == messages


def test_a_content_length_that_leads_to_a_from_line_is_respected():
    """mboxcl2 leaves From lines in the text as they are."""
    body = b"Before.\n\n" + FROM + b"After.\n"
    one = b"Subject: One\nContent-Length: %d\n\n" % len(body) + body
    assert split(FROM + one + b"\n" + FROM + TWO) == [one, TWO]
    assert split(FROM + one) == [one]


@pytest.mark.parametrize("wrong", [0, 3, 10, 10_000])
def test_a_content_length_that_leads_elsewhere_is_not_believed(wrong):
    one = b"Subject: One\nContent-Length: %d\n\nKeep it open.\n" % wrong
    assert split(FROM + one + b"\n" + FROM + TWO) == [one, TWO]


@pytest.mark.parametrize("data", [b"Subject: x\n\nHello\n", b"\n\n\n", b"%PDF-1.4\n", b"From me to you\n\nHello\n"])
def test_a_file_that_does_not_begin_with_a_from_line_is_no_mbox(data):
    assert mbox.split(BytesIO(data), {}) == mbox.NO_MBOX


def test_a_from_line_is_found_wherever_the_chunks_of_the_file_end(monkeypatch):
    monkeypatch.setattr(mbox, "_CHUNK_BYTES", 5_000)
    for padding in range(4_700, 5_100):
        first = b"Subject: One\n\n" + b"x" * padding + b"\n"
        assert split(FROM + first + b"\n" + FROM + TWO) == [first, TWO]


def test_a_line_without_end_costs_no_memory():
    data = FROM + b"Subject: One\n\n" + b"x" * 20_000_000 + b"\n\n" + FROM + TWO
    assert len(split(data)) == 2


lines = st.sampled_from(
    [b"", b"Subject: x", b"Keep it open.", b"From now on", b">From me", b"x" * 90, FROM[:-1], b"From -"]
)


@settings(deadline=None)
@given(st.lists(lines, max_size=30), st.sampled_from([b"\n", b"\r\n"]))
def test_pieces_never_overlap_and_leave_out_nothing_but_from_lines_and_empty_ones(body, line_end):
    data = line_end.join([FROM[:-1], *body, b""])
    result = mbox.split(BytesIO(data), {})
    assert not isinstance(result, Unreadable)
    at = 0
    for group in result:
        for piece in group:
            assert at <= piece.start <= piece.end
            between = data[at : piece.start].split(line_end)
            assert all(line == b"" or line.startswith(b"From ") for line in between)
            at = piece.end
    assert data[at:] in (b"", line_end)


messages = st.lists(st.sampled_from([ONE, TWO, b"Subject: x\n\nFrom all of us\n", b"A: b\n\n\n\nend\n"]), min_size=1)


@given(messages)
def test_what_an_mbox_writer_writes_comes_back_byte_for_byte(written):
    data = b"\n".join(FROM + message for message in written)
    assert split(data) == written
