"""What frames a letter is marked on its pages, and no word of the person who wrote it is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.reading.parts import Part, marks_hold, unmarked
from intake.reading.zones import find_marks, zoned
from tests.support.letterpages import PAGES, Labelled, drawn, labelled, ocred

LEFT_AT_MOST = 0.03
"""Of the lines that frame letters, so many may stay in the text of pages with a text layer."""
LEFT_WHEN_MISREAD = 0.06


def scored(page: Labelled) -> tuple[list[str], int, int, int]:
    """The words of a respondent that are marked; how many lines frame the letter, how many of them are left in its
    text, and how many are taken for another kind."""
    marks = find_marks(page.part)
    lost: list[str] = []
    lines: dict[tuple[int, str], list[str]] = {}
    for word in page.part.words:
        kind = page.kinds[word.start]
        found = next((mark.kind for mark in marks if mark.start <= word.start < mark.end), "")
        if kind:
            lines.setdefault((page.part.text.count("\n", 0, word.start), kind), []).append(found)
        elif found:
            lost.append(word.text)
    left = sum("" in found for found in lines.values())
    other = sum("" not in found and set(found) != {kind} for (_, kind), found in lines.items())
    return lost, len(lines), left, other


def test_there_are_enough_pages():
    assert len(PAGES) >= 60


@pytest.mark.parametrize("name", PAGES)
def test_no_word_of_a_respondent_is_taken_for_a_frame(name):
    """Not on a page as it is typed, nor skewed, nor misread by OCR in one, three or six letters of a hundred."""
    for misread, skew, seed in [
        (0, 0, 0),
        (0, 6, 0),
        (0, -8, 0),
        (0.01, 0, 1),
        (0.03, 4, 2),
        (0.03, -4, 3),
        (0.06, 0, 4),
    ]:
        lost, *_ = scored(labelled(PAGES[name], misread=misread, skew=skew, seed=seed))
        assert not lost, (name, misread, skew)


@pytest.mark.parametrize(("misread", "at_most"), [(0.0, LEFT_AT_MOST), (0.02, LEFT_WHEN_MISREAD)])
def test_few_lines_of_a_frame_are_left_in_the_text(misread, at_most):
    found = [scored(labelled(layout, misread=misread, seed=seed)) for seed in (1, 2) for layout in PAGES.values()]
    lines, left, other = (sum(score[n] for score in found) for n in (1, 2, 3))
    assert left <= at_most * lines
    assert other <= at_most * lines


def test_a_typed_page_is_marked_by_its_text_layer():
    """The same pages, set by reportlab in a proportional type and read by pdfplumber: nothing lost, 3 in 100 left."""
    found = [scored(drawn(layout)) for layout in PAGES.values()]
    assert [score[0] for score in found if score[0]] == []
    assert sum(score[2] for score in found) <= LEFT_AT_MOST * sum(score[1] for score in found)


@pytest.mark.parametrize(
    "name", ["letterhead, centred", "stamped with the council's name", "a postscript below the name"]
)
def test_a_scanned_page_is_marked(name):
    """The same through a picture and Tesseract, whose words are matched with the truth by their places."""
    lost, lines, left, _ = scored(ocred(PAGES[name]))
    assert not lost
    assert left <= 0.1 * lines


words = st.lists(
    st.sampled_from([
        "Dear", "Sir", "Madam,", "Yours", "faithfully", "RECEIVED", "14", "FEB", "2011", "NR1", "2DL", "Road", "I",
        "the", "Council", "01632", "960140", "Page", "2", "of", "3", "a@example.org", "Hello,", "Mrs", "B.", "\n",
        "\n\n", "P.S.", "we", "Thirtle", "centre", "-", "é", "Registered", "charity", "no.",
    ]),
    max_size=60,
)  # fmt: skip


@settings(deadline=None)
@given(words, st.floats(0, 700), st.sampled_from(["pdf", "ocr"]))
def test_marks_hold_whatever_the_page(said, top, method):
    """In order, inside the text, none over another; text and marks together are the whole page."""
    part = page_of(said, top, method)
    made = zoned(part)
    assert marks_hold(made)
    assert (made.text, made.words) == (part.text, part.words)
    covered = set()
    for start, end in [*unmarked(made), *((mark.start, mark.end) for mark in made.marks)]:
        assert not covered & set(range(start, end))
        covered |= set(range(start, end))
    assert all(made.text[n].isspace() for n in range(len(made.text)) if n not in covered)


def page_of(said: list[str], top: float, method: str) -> Part:
    """A page with these words, a new line or paragraph where there is a line feed."""
    layout = "\n".join(f"T< {line}" if line.strip() else "" for line in " ".join(said).split("\n"))
    part = labelled(layout).part
    moved = [type(w)(w.text, w.start, w.x0, w.top + top, w.x1, w.bottom + top, w.confidence) for w in part.words]
    return Part(
        number=0, kind="page", media_type="application/pdf", text=part.text, words=moved, page=1, method=method,
        width=part.width, height=part.height,
    )  # fmt: skip


def test_a_page_that_is_marked_or_is_no_page_stays_as_it_is():
    body = Part(number=0, kind="body", media_type="text/plain", text="Dear Sir,\nkeep it.\nYours faithfully")
    assert zoned(body) is body
    page = zoned(labelled(PAGES["resident, blocked style"]).part)
    assert page.marks
    assert zoned(page) is page


def test_an_envelope_is_no_text():
    """A page with an address or two and nothing else is framed all over; three addresses are what somebody says."""
    envelope = labelled("A> Children's Centre Commissioning\nA> County Hall\nA> Norwich\nA> NR1 2DL").part
    assert unmarked(zoned(envelope)) == []
