"""Quoted mail and signatures are marked, and no word of the person who wrote is lost.

"Lost" is defined in ``tests.support.replies``: a word that the person wrote and that is not in ``text``, at its place
in the order. The cases say who wrote which line.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.reading import mime
from intake.reading.marking import mark_message
from intake.reading.parts import Part, Reading, marks_hold, unmarked
from intake.reading.quoting import Hint, Writer
from tests.support.replies import Case, cases, left_over, lost, words

CASES = list(cases())
WRITER = Writer("jo.writer@example.com", "Jo Writer", answers=True, subject="Re: x")


def read(message: bytes) -> Reading:
    found = mime.read(message, {})
    assert isinstance(found, Reading)
    return found


def text_of(*parts: Part) -> str:
    return "\n\n".join(p.text[start:end] for p in parts if p.content for start, end in unmarked(p))


def body(text: str) -> Part:
    return Part(number=0, kind="body", media_type="text/plain", text=text)


def marked(text: str, writer: Writer = WRITER) -> Part:
    return mark_message([body(text)], {}, writer)[0][0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_word_is_lost(case: Case):
    """Every word that the person wrote is in ``text``, in order; and where that is in doubt, all of the message is."""
    reading = read(case.message)
    assert lost(case.of("w"), text_of(*reading.parts)) == []
    if case.fields.get("expect") == "whole":
        assert not any(part.marks for part in reading.parts)
    assert ("quoted?" in reading.needs) is (case.fields.get("needs") == "quoted?")


def test_what_is_cut_is_what_was_quoted():
    """Of the cases where something is quoted for sure, at most one word in a hundred of it stays in ``text``."""
    sure = [case for case in CASES if case.fields.get("expect") != "whole"]
    stayed = sum(left_over(case.of("q"), case.of("w"), text_of(*read(case.message).parts)) for case in sure)
    assert stayed <= 0.01 * sum(len(words(case.of("q"))) for case in sure)


def test_signatures_are_cut_where_nothing_is_in_doubt():
    """And of their words at most one in a hundred stays."""
    sure = [case for case in CASES if case.fields.get("expect") != "whole"]
    stayed = sum(left_over(case.of("s"), case.of("w"), text_of(*read(case.message).parts)) for case in sure)
    assert stayed <= 0.01 * sum(len(words(case.of("s"))) for case in sure)


def test_there_are_cases_enough():
    assert len(CASES) >= 60
    assert sum(case.fields.get("expect") == "whole" for case in CASES) >= 20


def test_a_lost_word_is_seen():
    """The definition bites: a word gone, a word moved, a word said once that was written twice."""
    assert lost("keep it open", "keep it") == ["open"]
    assert lost("very very good", "very good") == ["very"]
    assert lost("one two", "two one") != []
    assert lost("Keep it open!", "> keep IT,\nopen") == []


# --- what holds of every text ----------------------------------------------------------------------------------------

LINES = st.sampled_from([
    "", " ", "Keep Watton open.", "No.", "> quoted", ">> deeper", ">", " > spaced", "-- ", "--", "-----", "________",
    "On 4 Mar 2011 at 10:15, A Team <team@council.example> wrote:", "On Monday the officer wrote:", "wrote:",
    "On 4 Mar 2011 at 10:15, A Team", "<team@council.example> wrote:", "From: A Team <team@council.example>",
    "From: the heart", "Sent: 04 March 2011 10:15", "To: Jo Writer", "Subject: x", "-----Original Message-----",
    "---------- Forwarded message ---------", "Begin forwarded message:", "Kind regards", "Jo Writer",
    "01632 960111", "Watton, NR1 2DL", "Sent from my iPhone", "P.S. and the lift", "\u3000", "é\U0001f600",
    "This email is confidential and intended solely for the addressee; if it is not for you, please delete it.",
])  # fmt: skip
TEXTS = st.lists(LINES, max_size=40).map("\n".join)
WRITERS = st.builds(
    Writer, st.sampled_from(["", "jo.writer@example.com", "team@council.example"]), st.sampled_from(["", "Jo Writer"]),
    st.booleans(), st.sampled_from(["", "Re: x", "FW: x"]),
)  # fmt: skip
HINTS = st.lists(
    st.tuples(st.sampled_from(["cited", "quoted", "held", "rest", "forward", "signature"]), st.integers(0, 900)),
    max_size=4,
)


@settings(max_examples=250)
@given(TEXTS, WRITERS, HINTS)
def test_every_character_is_either_text_or_marked_once(text, writer, hinted):
    """Whatever the text and whatever HTML says of it: marks are in order, inside the text and do not overlap, and what
    stands between them and what they cover is, but for space, all of the text once."""
    hints = [Hint(kind, start, min(start + 60, len(text))) for kind, start in hinted if start < len(text)]
    (part,), needs = mark_message([body(text)], {0: hints}, writer)
    assert marks_hold(part)
    assert needs <= {"quoted?"}
    assert part.text == text
    spans = [*unmarked(part), *((mark.start, mark.end) for mark in part.marks)]
    covered = [at for start, end in spans for at in range(start, end)]
    assert len(covered) == len(set(covered))
    assert {at for at, character in enumerate(text) if not character.isspace()} <= set(covered)


@settings(max_examples=100)
@given(TEXTS, WRITERS)
def test_marking_twice_is_marking_once(text, writer):
    once, needs = mark_message([body(text)], {}, writer)
    assert mark_message(once, {}, writer) == (once, needs)


@settings(max_examples=100)
@given(TEXTS, WRITERS)
def test_what_is_marked_leaves_something(text, writer):
    """Never is everything marked: where nothing would be left, nothing is cut."""
    part, needs = mark_message([body(text)], {}, writer)
    assert not part[0].marks or text_of(*part).strip()
    assert part[0].marks or needs or text_of(*part) == text.strip()


@settings(max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=":>-_=*─—\x00"), max_size=400))
def test_a_text_without_any_sign_of_a_quote_has_none(text):
    assert all(mark.kind == "signature" for mark in marked(text).marks)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(["Keep it.", "We go on Tuesdays, always.", "", "Why close it?"]), min_size=1, max_size=12)
)
def test_prose_above_and_below_a_quote_stays(prose):
    """Whatever stands above an attributed quote with quote signs, and below it, is text."""
    mine = "\n".join(["I do not agree with this.", *prose])
    quote = "On 4 Mar 2011 at 10:15, A Team <team@council.example> wrote:\n> What do you think?\n> Tell us."
    text = text_of(marked(f"{mine}\n\n{quote}\n\n{mine}"))
    assert lost(f"{mine} {mine}", text) == []
    assert left_over(quote, f"{mine} {mine}", text) == 0
