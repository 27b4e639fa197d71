"""Which pages make which letter, and where that is unsure: no page is lost, none is in two letters, doubts are said."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.batches import Batch, batch_of, fill, read_pieces, write_pieces
from intake.config import Consultation
from intake.division import PageKind, divide
from intake.doubts import second_starts
from intake.filled import Rules
from intake.pagekinds import look
from intake.places import Gazetteer
from intake.reading.parts import Code, Mark, Part, Reading
from intake.reading.sheet import Sheet, read_sheet, sheets_of_batch
from storage.receipts import ReceiptView

CONSULTATION = Consultation.model_validate({
    "id": "test", "title": "A test", "opens": date(2011, 1, 24), "closes": date(2011, 4, 18),
    "timezone": "Europe/London", "reference_prefix": "TST", "own_contacts": ("NR1 2DL",),
})  # fmt: skip
RULES = Rules(CONSULTATION, Gazetteer({}))
DAY = date(2011, 3, 1)
KINDS: st.SearchStrategy[PageKind] = st.sampled_from(["sheet", "blank", "words"])
WAYS = st.one_of(st.sampled_from(["separator", "none", "blank"]), st.integers(1, 5).map("every:{}".format))
LABELS = st.text(st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="|"), max_size=40).filter(
    str.isprintable
)


def sheet(number: int = 0, count: int = 0, *, box: str = "B4", batch: str = "17", day: date = DAY) -> str:
    return Sheet("test", day, box, batch, number, count).text()


def pages(*said: str) -> list[Part]:
    """A page for each: the code of a sheet, "" for a blank one, else its words."""
    made = []
    for number, words in enumerate(said):
        codes = [Code(words, 10, 10, 90, 90)] if words.startswith("intake-sheet/") else []
        made.append(Part(
            number=number, kind="page", media_type="image/tiff", method="ocr", page=number + 1, width=595, height=842,
            text="" if codes else words, ink=0.1 if words else 0.0, codes=codes,
        ))  # fmt: skip
    return made


def batch(*said: str, split: str = "separator") -> Batch:
    return batch_of(RULES, pages(*said), split)


def spans(made: Batch) -> list[tuple[int, int]]:
    """The first and the last page of each letter, as people count pages."""
    return [(letter.span.first + 1, letter.span.last + 1) for letter in made.letters]


def unsure(made: Batch) -> dict[int, list[str]]:
    """The doubts by letter, from 1."""
    return {n: letter.doubts for n, letter in enumerate(made.letters, start=1) if letter.doubts}


def papers(made: Batch) -> list[str]:
    return [letter.paper for letter in made.letters]


# --- dividing ---------------------------------------------------------------------------------------------------------


@given(kinds=st.lists(KINDS, min_size=1, max_size=40), split=WAYS)
def test_each_page_is_in_exactly_one_letter(kinds: Sequence[PageKind], split: str) -> None:
    """Whatever kinds of pages come in whatever order: the letters are all pages, in order, each once; each letter has
    words, if any page has."""
    found = divide(kinds, split)
    assert [page for span in found for page in span.pages] == list(range(len(kinds)))
    if "words" in kinds:
        assert all(any(kinds[page] == "words" for page in span.pages) for span in found)
    else:
        assert len(found) == 1


@given(kinds=st.lists(KINDS, min_size=1, max_size=40))
def test_no_letter_goes_on_behind_a_separator(kinds: Sequence[PageKind]) -> None:
    """Between two pages of words in one letter there is never a separator sheet; and letters part nowhere else."""
    starts = {span.first for span in divide(kinds, "separator")[1:]}
    words = [page for page, kind in enumerate(kinds) if kind == "words"]
    for one, two in pairwise(words):
        has_sheet = "sheet" in kinds[one:two]
        assert has_sheet == any(one < start <= two for start in starts)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (["S", "a", "a", "S", "b"], [(1, 3), (4, 5)]),
        (["a", "S", "b"], [(1, 1), (2, 3)]),
        (["S", "S", "a", "S", "", "S", "b"], [(1, 3), (4, 7)]),
        (["S", "a", "S"], [(1, 3)]),
        (["S", "a", "S", ""], [(1, 4)]),
        (["S", "", "a", "", "b"], [(1, 5)]),
        (["a", "b"], [(1, 2)]),
        (["S", "", "S"], [(1, 3)]),
    ],
)
def test_separators(said: list[str], wanted: list[tuple[int, int]]) -> None:
    """A separator belongs to the letter behind it, also doubled or with a blank back; at the end, to the last one; the
    pages before the first one are a letter of their own."""
    assert spans(batch(*(sheet() if word == "S" else word for word in said))) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (["a", "", "b", "b", "", "c"], [(1, 1), (2, 4), (5, 6)]),  # one side was scanned: odd places of blank pages
        (["a", "", "", "", "b", "b", "", "", "c", ""], [(1, 2), (3, 6), (7, 10)]),  # both sides: blank papers part
        (["", "a", "", ""], [(1, 4)]),
        (["a", "", "b", ""], [(1, 1), (2, 4)]),
    ],
)
def test_blank_pages(said: list[str], wanted: list[tuple[int, int]]) -> None:
    """Blank pages part letters; the blank back of a letter's page does not, where blank papers lie between letters."""
    assert spans(batch(*said, split="blank")) == wanted


def test_blank_pages_that_may_be_backs() -> None:
    """Where each blank page could be a back, letters are parted there and a person looks."""
    made = batch("a", "", "b", "", split="blank")
    assert set(unsure(made)) == {1, 2}
    assert unsure(batch("a", "", "b", "b", "", "c", split="blank")) == {}


def test_every_few_pages() -> None:
    """Cards of two pages are parted by count, a blank back counts; a remainder is unsure; a sheet on top says when they
    were received and where they lie, and is not counted."""
    made = batch(sheet(), "a", "", "b", "b", "c", split="every:2")
    assert spans(made) == [(1, 3), (4, 5), (6, 6)]
    assert papers(made) == [f"box B4, batch 17, letter {n}" for n in (1, 2, 3)]
    assert list(unsure(made)) == [3]
    assert spans(batch("a", "a", "", "", "b", "b", split="every:2")) == [(1, 4), (5, 6)]
    assert list(unsure(batch("a", "a", "", "", "b", "b", split="every:2"))) == [1]


def test_none_parts_nothing() -> None:
    """A file that is one letter stays one; a sheet in it is no text of it."""
    assert spans(batch("a", sheet(), "b", split="none")) == [(1, 3)]


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbered_sheets() -> None:
    """Where all numbered sheets are there nothing is unsure, and the number is the letter's."""
    made = batch(sheet(1, 2), "a", sheet(2, 2), "b")
    assert papers(made) == ["box B4, batch 17, letter 1", "box B4, batch 17, letter 2"]
    assert unsure(made) == {}


def test_a_copied_sheet_is_counted() -> None:
    """One sheet that was copied, numbered or not, parts as well; the letter's place is counted."""
    for one in (sheet(), sheet(3, 20)):
        made = batch(one, "a", one, one, "b", one, "c")
        assert papers(made) == [f"box B4, batch 17, letter {n}" for n in (1, 2, 3)]
        assert unsure(made) == {}


@given(count=st.integers(2, 12), data=st.data())
def test_a_missing_numbered_sheet_is_noticed(count: int, data: st.DataObject) -> None:
    """Whichever sheets of a numbered batch are missing, each letter that holds more than one is unsure, and only those
    and the one that has lost its own sheet."""
    missing = data.draw(st.sets(st.integers(1, count), min_size=1, max_size=count - 1))
    left = [n for n in range(1, count + 1) if n not in missing]
    if len(left) < 2:
        return
    said = [text for n in range(1, count + 1) for text in ([sheet(n, count)] if n in left else []) + [f"letter {n}"]]
    made = batch(*said)
    swallowing = set()
    for letter, (first, last) in enumerate(spans(made), start=1):
        words = sum(not text.startswith("intake-sheet/") for text in said[first - 1 : last])
        if words > 1 or not said[first - 1].startswith("intake-sheet/"):
            swallowing.add(letter)
    assert set(unsure(made)) == swallowing


@pytest.mark.parametrize(
    ("said", "letters"),
    [
        (["a", sheet(), "b"], [1]),  # nothing before the first
        ([sheet(1, 3), "a", sheet(2, 3), sheet(3, 3), "b"], [2]),  # no letter between two of them
        ([sheet(1, 3), "a", sheet(2, 3), "b", sheet(3, 3)], [2]),  # no letter behind the last
        ([sheet(2, 3), "a", sheet(1, 3), "b", sheet(3, 3), "c"], [2]),  # in another order
        ([sheet(1, 2), "a", "SEPARATOR SHEET A new letter starts behind this sheet. Box B4", "b"], [1, 2]),
        ([sheet(), "a", sheet()[:-1] + "!", "b"], [1]),  # forged
        ([sheet(), "a", Sheet("other", DAY, "B4").text(), "b"], [1]),  # another consultation's
    ],
)
def test_doubts_about_sheets(said: list[str], letters: list[int]) -> None:
    """What is not as it should be with the sheets is said of the letter that it concerns."""
    assert list(unsure(batch(*said))) == letters


def test_a_sheet_that_is_none_of_ours_parts_nothing() -> None:
    """A sheet of another consultation, or a code that this program did not print, is a page of the letter."""
    for other in (Sheet("other", DAY, "B4").text(), sheet()[:-1] + "!", "intake-sheet/1|||", "intake-sheet/2|x|y"):
        made = batch(sheet(), "a", other, "b")
        assert spans(made) == [(1, 4)]
        assert list(unsure(made)) == [1]


def test_a_page_with_two_sheets_on_it_is_no_sheet() -> None:
    """Two sheets that were laid on the glass together: which of them holds is for a person to say."""
    part = pages("")[0]
    codes = [Code(Sheet("test", DAY, box).text(), 1, 1, 2, 2) for box in ("B4", "B5")]
    known = {name: getattr(part, name) for name in Part.__struct_fields__}
    seen = look(RULES, Part(**known | {"codes": codes}))
    assert (seen.kind, seen.strange) == ("words", "has the codes of two separator sheets")
    assert look(RULES, Part(**known | {"codes": codes[:1] * 2})).kind == "sheet"


@pytest.mark.parametrize("box", ["B\u202e4", "B\u200b"])
def test_a_sheet_names_a_box_that_can_be_read(box: str) -> None:
    """Signs that turn or hide what follows are no name of a box, whoever made the code."""
    assert read_sheet(Sheet("test", DAY, box).text()) == "unsound"


def test_codes_of_others_are_nothing_to_us() -> None:
    """A letter may have a QR code on it: that is no sheet and no doubt."""
    part = pages("Scan me.")[0]
    seen = look(RULES, Part(**{name: getattr(part, name) for name in Part.__struct_fields__}
                            | {"codes": [Code("https://example.org", 1, 1, 2, 2)]}))  # fmt: skip
    assert (seen.kind, seen.strange) == ("words", "")


@given(box=LABELS, batch_=LABELS, day=st.dates(), number=st.integers(1, 9999), data=st.data())
def test_a_sheet_says_what_it_was_printed_with(
    box: str, batch_: str, day: date, number: int, data: st.DataObject
) -> None:
    """Whatever fits a sheet comes back from its code as it was; one changed character makes it no sheet."""
    made = Sheet("test", day, box, batch_, number, data.draw(st.integers(number, 9999)))
    assert read_sheet(made.text()) == made
    text = made.text()
    at = data.draw(st.integers(len("intake-sheet/"), len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != text[at]))
    assert read_sheet(text[:at] + other + text[at + 1 :]) == "unsound"


@given(st.text())
def test_any_code_is_read(text: str) -> None:
    """No text of a code raises."""
    assert read_sheet(text) is None or text.startswith("intake-sheet/")
    assert read_sheet(f"intake-sheet/{text}") is not None


def test_what_fits_no_sheet() -> None:
    """Words that a code can't hold are refused with what would be right."""
    for box, batch_, count in (("a|b", "", 1), ("x" * 41, "", 1), ("B4", "a\nb", 1), ("B4", "", 0), ("", "", 1)):
        with pytest.raises(ValueError, match="should"):
            sheets_of_batch("test", DAY, box, batch_, count)


# --- marks ------------------------------------------------------------------------------------------------------------


def marked(*pages_: Sequence[tuple[str, int]]) -> list[Part]:
    """Pages with marks of a kind at a place."""
    text = "x" * 2_000
    return [
        Part(number=n, kind="page", media_type="application/pdf", page=n + 1, text=text,
             marks=[Mark(kind, at, at + 5) for kind, at in marks])  # type: ignore[arg-type]
        for n, marks in enumerate(pages_)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("marks", "found"),
    [
        ([[("greeting", 50), ("closing", 900)], [("greeting", 20)]], [2]),
        ([[("greeting", 50), ("closing", 900)], [("letterhead", 0)]], [2]),
        ([[("greeting", 50), ("closing", 900)], [("address", 0), ("date", 50)]], [2]),
        ([[("greeting", 50), ("closing", 300), ("greeting", 500), ("closing", 900)]], [1]),
        ([[("greeting", 50)], [("closing", 900)]], []),
        ([[("greeting", 50), ("closing", 900)], [("date", 10)]], []),
        ([[("greeting", 50), ("closing", 900)], []], []),
        ([[("greeting", 50)], [("letterhead", 0)], [("closing", 900)]], []),
        ([[("greeting", 50), ("closing", 900)], [("letterhead", 1500)]], []),
    ],
)
def test_a_second_letter_within_one(marks: list[list[tuple[str, int]]], found: list[int]) -> None:
    """Behind a closing, a greeting, a letterhead or a date with an address at the top of a page starts another letter;
    a letterhead on each page, a postscript or a date alone does not."""
    assert [page for page, _ in second_starts(marked(*marks))] == found


def test_much_longer_alone_is_no_doubt() -> None:
    """A letter that is much longer than the others is unsure only if one of its pages also begins like a letter."""
    said = [sheet(), "a", sheet(), "b", sheet(), *"cdefgh"]
    assert unsure(batch(*said)) == {}
    parts = pages(*said)
    parts[8] = Part(**{name: getattr(parts[8], name) for name in Part.__struct_fields__}
                    | {"text": "Dear Sir, no.", "marks": [Mark("greeting", 0, 8)]})  # fmt: skip
    assert list(unsure(batch_of(RULES, parts, "separator"))) == [3]


# --- when it was received ---------------------------------------------------------------------------------------------


def receipt(arrived: datetime) -> ReceiptView:
    return ReceiptView(
        id=1, channel="letters", kind="item", source_key="a.tif", version="1", path_named=True, sha256="0" * 64,
        media_type="image/tiff", arrived_at=arrived, arrived_basis="file_time", facts={}, taken_at=arrived, run_id=1,
        delivery_id=None, place=None, outcome="pending", reason="", next_step="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("day", "scanned", "basis", "late", "needs"),
    [
        (date(2011, 3, 1), datetime(2011, 3, 5, tzinfo=UTC), "separator", False, set()),
        (date(2011, 4, 18), datetime(2011, 4, 21, tzinfo=UTC), "separator", False, set()),
        (date(2011, 4, 19), datetime(2011, 4, 21, tzinfo=UTC), "separator", True, {"late?"}),
        (date(2011, 3, 5), datetime(2011, 3, 5, 8, tzinfo=UTC), "separator", False, set()),
        (date(2011, 3, 6), datetime(2011, 3, 5, 8, tzinfo=UTC), "file_time", False, {"received-date"}),
        (date(2011, 3, 5), datetime(2000, 1, 1, tzinfo=UTC), "separator", False, set()),
        (date(2009, 3, 1), datetime(2011, 3, 5, tzinfo=UTC), "file_time", False, {"received-date"}),
        (date(2010, 3, 1), datetime(2011, 4, 21, tzinfo=UTC), "file_time", None, {"received-date"}),
    ],
)
def test_the_day_that_a_sheet_says(
    day: date, scanned: datetime, basis: str, late: bool | None, needs: set[str]
) -> None:
    """A sheet's day is when its letter was received: late only after the closing day. A day long before the opening, or
    after the scan (by a clock that can be right), is not believed: it stays as evidence, and a person says the day."""
    parts = pages(sheet(day=day), "Keep it open.")
    made = batch_of(RULES, parts, "separator")
    filled = fill(RULES, receipt(scanned), Reading(reader="ocr 1", parts=parts), made, 0)
    assert (filled.values["received_basis"], filled.values["late"], filled.needs) == (basis, late, needs)
    noon = CONSULTATION.noon(day).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert noon in [piece.value for piece in filled.evidence["received_at"]]
    assert filled.values["text"] == "Keep it open."
    assert (filled.values["pages"], filled.values["paper_ref"]) == ("1-2", "box B4, batch 17, letter 1")


# --- pieces -----------------------------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_pieces_that_go_on_are_one(lengths: list[int]) -> None:
    """Pieces of one file that follow each other are kept as one; others as they are."""
    starts = [sum(lengths[:n]) for n in range(len(lengths))]
    one = [(7, start, start + length - 1) for start, length in zip(starts, lengths, strict=True)]
    assert read_pieces(write_pieces(one)) == [(7, 0, sum(lengths) - 1)]
    assert read_pieces(write_pieces([(7, 0, 1), (8, 2, 3), (7, 5, 6)])) == [(7, 0, 1), (8, 2, 3), (7, 5, 6)]


# --- envelopes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size", "marks", "is_envelope"),
    [
        ("Children's Centres, County Hall, NR1 2DL", (623, 312), (0, 40), True),
        ("FREEPOST 2nd class Children's Centres, County Hall, NR1 2DL", (623, 312), (19, 59), True),
        ("Children's Centres, County Hall, NR1 2DL", (595, 842), (0, 40), False),
        ("Keep them all open. Children's Centres, County Hall, NR1 2DL", (419, 298), (20, 60), False),
        ("Mrs Jones, 1 High Street, NR9 1AA", (623, 312), (0, 33), False),
    ],
)
def test_envelopes(text: str, size: tuple[float, float], marks: tuple[int, int], is_envelope: bool) -> None:
    """An envelope with our address and what the post prints is kept and is no text; a card on which somebody wrote, or
    an envelope with anybody else's address, is."""
    part = Part(number=0, kind="page", media_type="image/tiff", method="ocr", page=1, width=size[0], height=size[1],
                text=text, ink=0.1, marks=[Mark("address", *marks)])  # fmt: skip
    assert look(RULES, part).is_envelope is is_envelope
