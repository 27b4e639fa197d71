"""A day's post in one file: each letter is a response, each page in exactly one; a person mends what was parted wrongly
with nothing read again, and takes it back exactly."""

import base64
import io
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from intake.errors import ConfigurationError, Refused
from intake.reading.sandbox import ReaderPool
from tests.support.batches import drawn, page, scan, sheets
from tests.support.consultation import ACCOUNT, Consultation, message, pdf, without
from tests.test_decide import state

pytestmark = pytest.mark.usefixtures("warm_readers")

SCANNED = datetime(2011, 3, 5, 9, tzinfo=UTC)
COUNT = 20
LOST = (5, 12)
"""The separators that are missing from a batch."""


def words(number: int) -> list[str]:
    """A letter of two pages."""
    return [f"Letter number {number} says\nkeep Watton open.", f"This is the end of letter {number}."]


def letter(number: int) -> list[Image.Image]:
    """The same, scanned."""
    return [page(said) for said in words(number)]


def pages_of(row: dict[str, str]) -> list[int]:
    first, _, last = row["pages"].partition("-")
    return list(range(int(first), int(last or first) + 1))


def rows_of(made: Consultation, source: str) -> list[dict[str, str]]:
    """The responses of a file, by their pages."""
    return sorted((row for row in made.export() if row["source"] == source), key=pages_of)


def needs(made: Consultation, source: str) -> list[str]:
    return [row["needs"] for row in rows_of(made, source)]


@pytest.fixture
def nothing_read() -> Iterator[None]:
    """While this lasts, whatever opens an original fails the test."""
    with patch.object(ReaderPool, "read", side_effect=AssertionError("something was read")):
        yield


# --- a day's post -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Consultation:
    """A batch of 20 letters with numbered sheets, the same without two of them, and one with one copied sheet."""
    made = Consultation(tmp_path_factory.mktemp("post"), home=empty_home)
    printed = drawn(sheets(made, COUNT))
    whole = [one for n in range(COUNT) for one in (printed[n], *letter(n + 1))]
    made.put("letters/whole.tif", scan(whole), SCANNED)
    _put_lost(made)
    [copied] = drawn(sheets(made, batch=""))
    made.put("letters/copied.tif", scan([copied, *letter(1), copied, *letter(2), copied, *letter(3)]), SCANNED)
    made.takes("letters", listed=3, received=3, read=3, responses=COUNT + COUNT - len(LOST) + 3)
    return made


def _put_lost(made: Consultation) -> None:
    """The same letters as a PDF with words, between the sheets as they were printed, but for two."""
    printed = pypdfium2.PdfDocument(sheets(made, COUNT))
    letters = pypdfium2.PdfDocument(pdf(*(said for n in range(COUNT) for said in words(n + 1))))
    order = [
        one
        for n in range(COUNT)
        for one in (*([(printed, n)] if n + 1 not in LOST else []), (letters, 2 * n), (letters, 2 * n + 1))
    ]
    put_pdf(made, "two-lost.pdf", order)


@pytest.fixture
def mine(post: Consultation, tmp_path: Path) -> Consultation:
    """That post, to do with as a test likes."""
    return post.copy(tmp_path)


def test_a_batch_of_sixty_pages(post: Consultation) -> None:
    """20 letters with separators are 20 responses, in order; each page is in exactly one, none is unsure; each says
    when it was received and where its paper lies, and the separator is no text of it."""
    rows = rows_of(post, "whole.tif")
    assert [number for row in rows for number in pages_of(row)] == list(range(1, 3 * COUNT + 1))
    assert [row["paper_ref"] for row in rows] == [f"box B4, batch 17, letter {n}" for n in range(1, COUNT + 1)]
    for number, row in enumerate(rows, start=1):
        assert (row["received_at"], row["received_basis"], row["late"]) == (
            "2011-03-01T12:00:00Z",
            "separator",
            "false",
        )
        assert (row["needs"], row["places"]) == ("", "C1")
        assert f"{number}" in row["text"]
        assert "SEPARATOR" not in row["text"].upper()
    assert post.failures() == {}


def test_one_copied_sheet(post: Consultation) -> None:
    """One printed sheet, copied as often as there are letters, does the same; the letters are counted."""
    rows = rows_of(post, "copied.tif")
    assert [row["pages"] for row in rows] == ["1-3", "4-6", "7-9"]
    assert [row["paper_ref"] for row in rows] == [f"box B4, letter {n}" for n in (1, 2, 3)]
    assert needs(post, "copied.tif") == ["", "", ""]


def test_two_lost_separators_are_noticed_and_mended(mine: Consultation, nothing_read: None) -> None:
    """Where two separators are missing, the two letters that hold another one are flagged, with the reason; a person's
    split gives what the whole batch gave, with nothing read again."""
    rows = rows_of(mine, "two-lost.pdf")
    assert [n for n, row in enumerate(rows, start=1) if row["needs"]] == [4, 10]
    assert {row["needs"] for row in rows} == {"", "split?"}
    for row, missing in zip([row for row in rows if row["needs"]], LOST, strict=True):
        said = mine.trace(row["reference"])["fields"]["needs"][0]["quote"]
        assert said.startswith(f"Separator sheet {missing} is not among these pages")
        one, *_, last = pages_of(row)
        mine.decide(row["reference"], "split", f"{one}-{last - 2},{last - 1}-{last}")
    mended = rows_of(mine, "two-lost.pdf")
    assert [row["text"] for row in mended] == ["\n\n".join(words(n + 1)) for n in range(COUNT)]
    same = ("paper_ref", "received_at", "received_basis", "late", "needs", "places")
    assert [[row[c] for c in same] for row in mended] == [[row[c] for c in same] for row in rows_of(mine, "whole.tif")]
    assert [number for row in mended for number in pages_of(row)] == list(range(1, 3 * COUNT - 1))
    assert mine.failures() == {}


def test_trace_shows_the_pages_of_the_letter_alone(post: Consultation) -> None:
    """Evidence of a letter is on its own pages, and its words are those that stand there."""
    row = rows_of(post, "whole.tif")[6]
    found = post.trace(row["reference"])
    places = [piece["place"] for pieces in found["fields"].values() for piece in pieces if piece["place"]]
    assert {place["page"] for place in places} <= set(pages_of(row))
    assert found["joined_into"] is None
    [received] = [p for p in found["fields"]["received_at"] if p["place"]]
    assert received["place"]["page"] == pages_of(row)[0]
    assert received["quote"].startswith("intake-sheet/1|test|2011-03-01|B4|17|7/20|")


# --- split, on both databases -----------------------------------------------------------------------------------------

TEXTS = ("Keep Watton open. I live at NR16 1AB.", "More of it.", "Close Dereham. I live at NR9 1AA.", "And the bus.")


def typed(made: Consultation, name: str = "a.pdf", texts: Sequence[str] = TEXTS) -> str:
    """Put a typed file in, of one page for each text, and take it; its reference."""
    made.put(f"letters/{name}", pdf(*texts), SCANNED)
    made.run("letters")
    [row] = rows_of(made, name)
    return row["reference"]


def test_split_and_back(here: Consultation, nothing_read: None) -> None:
    """A person's split makes each range a letter with its own fields and evidence; the first keeps the reference.
    Undone, all is as it was, and split again it works again."""
    with patch.object(ReaderPool, "read", REAL_READ):
        name = typed(here)
    assert rows_of(here, "a.pdf")[0]["postcode"] == ""
    before = state(here, name)
    for _ in range(2):
        said = here.decide(name, "split", "1-2, 3-4")
        one, two = rows_of(here, "a.pdf")
        assert (one["reference"], one["pages"], one["postcode"]) == (name, "1-2", "NR16 1AB")
        assert (two["pages"], two["postcode"]) == ("3-4", "NR9 1AA")
        assert two["reference"] in said
        assert two["text"] == "\n\n".join(TEXTS[2:])
        assert {p["value"] for p in here.trace(name)["fields"]["postcode"]} == {"NR16 1AB"}
        assert {p["place"]["page"] for p in here.trace(two["reference"])["fields"]["postcode"]} == {3}
        assert here.failures() == {}
        with here.app() as app:
            assert app.status()["channels"]["letters"]["responses"] == 2
        assert here.decide(name, "undo", by="bob") == "Undone: split by ann."
        assert state(here, name) == before
        assert here.failures() == {}
        assert here.trace(two["reference"])["joined_into"] == name


REAL_READ = ReaderPool.read


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> tuple[Consultation, str]:
    """A typed file of four pages, taken once for all who change nothing, or a copy; and its reference."""
    made = Consultation(tmp_path_factory.mktemp("typed"), home=empty_home)
    return made, typed(made)


@pytest.mark.parametrize(
    "value", ["", "1", "1-4", "1-2", "1-2,4", "1-2,3-5", "3-4,1-2", "1-2,2-4", "0-2,3-4", "a,b", "2-1,3-4"]
)
def test_a_split_that_does_not_fit(taken: tuple[Consultation, str], value: str) -> None:
    """Ranges must hold each page once and in order, and be a change; else the sentence says what would be right."""
    made, name = taken
    before = state(made, name)
    with pytest.raises(Refused, match=r"pages|parted"):
        made.decide(name, "split", value)
    assert state(made, name) == before
    assert made.failures() == {}


def test_a_whole_file_is_parted_anew(here: Consultation) -> None:
    """With a receipt's number all its pages are parted anew: a letter goes on as the response whose words begin in it,
    what is left of none is part of another, and all that is undone in one step."""
    printed = pypdfium2.PdfDocument(sheets(here, 3))
    letters = pypdfium2.PdfDocument(pdf(*TEXTS))
    put_pdf(
        here,
        "day.pdf",
        [(printed, 0), (letters, 0), (letters, 1), (printed, 1), (letters, 2), (printed, 2), (letters, 3)],
    )
    here.takes("letters", listed=1, received=1, read=1, responses=3)
    rows = rows_of(here, "day.pdf")
    assert [row["pages"] for row in rows] == ["1-3", "4-5", "6-7"]
    with pytest.raises(Refused, match="name one of them"):
        here.decide(1, "accept")
    before = state(here, rows[0]["reference"])
    here.decide(1, "split", "1-2,3,4-7")
    now = rows_of(here, "day.pdf")
    assert [row["pages"] for row in now] == ["1-2", "3", "4-7"]
    assert [row["reference"] for row in now][::2] == [row["reference"] for row in rows][:2]
    assert here.trace(rows[2]["reference"])["joined_into"] == rows[1]["reference"]
    assert [row["paper_ref"] for row in now] == [f"box B4, batch 17, letter {n}" for n in ("1", "1, part 2", "2")]
    assert here.failures() == {}
    with pytest.raises(Refused, match="is part of"):
        here.decide(rows[2]["reference"], "accept")
    here.decide(rows[0]["reference"], "undo")
    assert state(here, rows[0]["reference"]) == before
    assert here.failures() == {}


def put_pdf(made: Consultation, name: str, pages: Sequence[tuple[pypdfium2.PdfDocument, int]]) -> None:
    """A file of pages of other PDFs."""
    merged = pypdfium2.PdfDocument.new()
    for document, number in pages:
        merged.import_pages(document, [number])
    target = made.folder / "letters" / name
    merged.save(target)
    made.put(f"letters/{name}", target.read_bytes(), SCANNED)


def test_what_people_decided_stays_with_the_first(place: Consultation) -> None:
    """A correction made before a split holds for the letter that keeps the reference, and the command says so; another
    letter is as it was read. What was decided since must be undone before the split is."""
    name = typed(place)
    place.decide(name, "correct", "name=Mrs Jones")
    assert f"stays with {name}" in place.decide(name, "split", "1-2,3-4")
    one, two = rows_of(place, "a.pdf")
    assert (one["name"], two["name"]) == ("Mrs Jones", "")
    place.decide(two["reference"], "accept")
    with pytest.raises(Refused, match="undo that first"):
        place.decide(name, "undo")
    place.decide(two["reference"], "undo")
    place.decide(name, "undo")
    [row] = rows_of(place, "a.pdf")
    assert (row["name"], row["pages"]) == ("Mrs Jones", "1-4")
    assert place.failures() == {}


def test_accepting_settles_the_doubt(mine: Consultation) -> None:
    """Who confirms a letter has seen that its pages are one."""
    row = next(row for row in rows_of(mine, "two-lost.pdf") if row["needs"])
    mine.decide(row["reference"], "accept")
    assert next(r for r in mine.export() if r["reference"] == row["reference"])["needs"] == ""


def test_a_rerun_and_a_copy_change_nothing(mine: Consultation) -> None:
    """After a split, a further run keeps the person's word; a copy of the file is its repeat."""
    name = rows_of(mine, "two-lost.pdf")[3]["reference"]
    first, *_, last = pages_of(rows_of(mine, "two-lost.pdf")[3])
    mine.decide(name, "split", f"{first}-{last - 2},{last - 1}-{last}")
    rows = mine.export()
    mine.put("letters/again.pdf", (mine.folder / "letters/two-lost.pdf").read_bytes(), SCANNED)
    mine.takes("letters", listed=4, received=1, repeats=1)
    assert mine.export() == rows
    assert mine.failures() == {}


# --- join -------------------------------------------------------------------------------------------------------------


def test_join_and_back(here: Consultation) -> None:
    """One letter scanned as two files is one response: its text goes on in the second file, whose receipt stays read;
    the other response is in no export and no count, and says of which it is a part. Undone, all is back."""
    one = typed(here, "a.pdf", TEXTS[:1])
    two = typed(here, "b.pdf", TEXTS[1:2])
    before = state(here, one), state(here, two)
    with patch.object(ReaderPool, "read", side_effect=AssertionError("something was read")):
        here.decide(one, "join", two)
        [row] = here.export()
        assert (row["reference"], row["source"], row["pages"]) == (one, "a.pdf", "1")
        assert row["text"] == "\n\n".join(TEXTS[:2])
        assert here.trace(two)["joined_into"] == one
        found = here.trace(one)
        assert [receipt["source"] for receipt in found["receipts"]] == ["a.pdf", "b.pdf"]
        quotes = {(p["place"].get("receipt"), p["quote"]) for p in found["fields"]["text"]}
        assert quotes == {(None, TEXTS[0]), (2, TEXTS[1])}
        with here.app() as app:
            account = app.status()["channels"]["letters"]
            read = app.items("read")
        assert (account["read"], account["responses"]) == (2, 1)
        assert sum(account[outcome] for outcome in ACCOUNT) == 2
        assert [item["reference"] for item in read] == [one, one]
        assert here.trace(2)["reference"] == one
        assert here.failures() == {}
        for action, value in (("accept", ""), ("undo", ""), ("split", "1")):
            with pytest.raises(Refused, match="is part of"):
                here.decide(two, action, value)  # type: ignore[arg-type]
        here.decide(one, "undo")
    assert (state(here, one), state(here, two)) == before
    assert here.failures() == {}


def test_join_of_neighbours_gives_the_letter_that_they_were(place: Consultation) -> None:
    """What was split is joined again to the same letter, and a join of three files in two steps is undone in two."""
    name = typed(place)
    text = rows_of(place, "a.pdf")[0]["text"]
    place.decide(name, "split", "1-2,3-4")
    other = rows_of(place, "a.pdf")[1]["reference"]
    place.decide(name, "join", other)
    [row] = rows_of(place, "a.pdf")
    assert (row["pages"], row["text"]) == ("1-4", text)
    more = typed(place, "b.pdf", ["A third."])
    place.decide(more, "join", name)
    [row] = place.export()
    assert (row["reference"], row["text"]) == (more, f"A third.\n\n{text}")
    assert place.trace(other)["joined_into"] == name
    assert place.failures() == {}
    with pytest.raises(Refused, match="joined from several files"):
        place.decide(more, "split", "1,2-5")
    place.decide(more, "undo")
    place.decide(name, "undo")
    assert [row["pages"] for row in rows_of(place, "a.pdf")] == ["1-2", "3-4"]
    assert place.failures() == {}


def test_what_can_not_be_joined(place: Consultation) -> None:
    """A letter is joined to another letter: not to itself, a message, an excluded one, or what is none."""
    name, other = typed(place), typed(place, "b.pdf", ["B."])
    place.mail("m.eml")
    place.run("email")
    mail = next(row["reference"] for row in place.export() if row["channel"] == "email")
    for value in (name, mail, "", "TST-00000-00000", "2"):
        with pytest.raises(Refused):
            place.decide(name, "join", value)
    with pytest.raises(Refused):
        place.decide(mail, "join", name)
    place.decide(other, "exclude", reason="off-topic")
    with pytest.raises(Refused, match="restore it first"):
        place.decide(name, "join", other)
    for target in (name, mail):
        with pytest.raises(Refused):
            place.decide(target, "split", "1")


def test_what_is_made_of_pieces_is_not_set_aside_or_added_to(place: Consultation) -> None:
    """Of a joined letter the files hang together: setting one of them aside, or adding to it, would lose the other."""
    one, two = typed(place, "a.pdf", ["A."]), typed(place, "b.pdf", ["B."])
    place.decide(one, "join", two)
    place.put("more.pdf", pdf("C."))
    for target in (1, 2):
        with pytest.raises(Refused, match="pieces"):
            place.decide(target, "set-aside", reason="enquiry")
        with pytest.raises(Refused, match="pieces"):
            place.decide(target, "add", str(place.folder / "more.pdf"))
    assert [row["text"] for row in place.export()] == ["A.\n\nB."]


# --- verify -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def redivided(taken: tuple[Consultation, str], tmp_path_factory: pytest.TempPathFactory) -> Consultation:
    """One letter parted, and its second part joined with another file."""
    made, name = taken[0].copy(tmp_path_factory.mktemp("redivided")), taken[1]
    other = typed(made, "b.pdf", ["B."])
    made.decide(name, "split", "1-2,3-4")
    made.decide(rows_of(made, "a.pdf")[1]["reference"], "join", other)
    assert made.failures() == {}
    return made


@pytest.mark.parametrize(
    "statement",
    [
        "update response set joined_into = '' where joined_into <> ''",
        "update response set pieces = '[[1,0,2]]' where pieces = '[[1,0,1]]'",
        "update response set pieces = '' where pieces = '[[1,0,1]]'",
        "update response set joined_into = 'TST-00000-00000' where joined_into <> ''",
    ],
)
def test_verify_sees_what_was_done_by_hand(redivided: Consultation, statement: str, tmp_path: Path) -> None:
    """Pages in two letters or in none, and what is part of nothing, are found."""
    made = redivided.copy(tmp_path)
    made.tamper(statement)
    found = made.failures()
    assert {"letters", "responses"} <= found.keys()


# --- what comes with sheets -------------------------------------------------------------------------------------------


def test_a_file_of_sheets_alone_is_empty(place: Consultation) -> None:
    """The printed sheets themselves, put into the scan folder by mistake, are no answer."""
    place.put("letters/sheets.pdf", sheets(place, 2))
    place.takes("letters", listed=1, received=1, set_aside=1, responses=0)
    assert (place.receipts()[0]["reason"], place.receipts()[0]["next_step"][:35]) == (
        "empty",
        "Rule: nothing but separator sheets.",
    )


def test_what_is_written_on_a_sheet_is_not_lost(place: Consultation) -> None:
    """A note on a separator sheet is kept as text, or put before a person where it can't be read; a letter that has a
    sheet's code on it is a letter. A sheet as it was printed says what is in its code, and is not read."""
    plain, noted, scrawled, printed_over = drawn(sheets(place, 4), 150)
    face = ImageFont.load_default(34)
    ImageDraw.Draw(noted).text((150, 590), "These are two letters, Mary", font=face, fill=40)
    waves = [(150 + 3 * n, 600 + 18 * (n % 5) * (-1) ** n) for n in range(60)]
    ImageDraw.Draw(scrawled).line(waves, fill=60, width=3)
    over = "\n".join(f"Line {n} of what is said here about Watton." for n in range(9))
    ImageDraw.Draw(printed_over).multiline_text((100, 520), over, font=face, fill=0)
    stuck = plain.resize((200, 283))
    code = stuck.crop((20, 120, 180, 260))
    letters = [one.resize(plain.size) for one in (page("Keep Watton open."), page("Close Dereham now."))]
    letters[1].paste(code, (900, 1400))
    files = {
        "a.tif": [plain, letters[0], noted, letters[0]], "b.tif": [scrawled, letters[0]],
        "c.tif": [plain, letters[0], letters[1]], "d.tif": [plain, letters[0], printed_over], "e.tif": [noted],
    }  # fmt: skip
    for name, pages in files.items():
        place.put(f"letters/{name}", scan(pages, dpi=150), SCANNED)
    place.takes("letters", received=5, read=5, responses=6)
    found = {name: rows_of(place, name) for name in files}
    assert [row["needs"] for row in found["a.tif"]] == ["", "split?"]
    assert "These are two letters, Mary" in found["a.tif"][1]["text"]
    assert "SEPARATOR" not in found["a.tif"][1]["text"].upper()
    assert [row["needs"] for row in found["b.tif"]] == ["split?;transcription"]
    assert "Keep Watton open." in found["b.tif"][0]["text"]
    for name, said in (("c.tif", "Close Dereham now."), ("d.tif", "Line 8 of what is said here")):
        [row] = found[name]
        assert said in row["text"]
        assert row["needs"] == "split?"
    assert "two letters, Mary" in found["e.tif"][0]["text"]
    assert place.failures() == {}


def test_what_is_typed_on_the_file_of_a_sheet_is_not_lost(place: Consultation) -> None:
    """The same where the page has a text layer: the sheet as it was printed, with more on it."""
    from pypdf import PdfReader, PdfWriter

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.drawString(72, 560, "There are two letters here.")
    canvas.save()
    writer = PdfWriter(clone_from=io.BytesIO(sheets(place, 1)))
    writer.pages[0].merge_page(PdfReader(out).pages[0])
    writer.append(io.BytesIO(pdf("Keep Watton open.")))
    made = io.BytesIO()
    writer.write(made)
    place.put("letters/a.pdf", made.getvalue(), SCANNED)
    place.takes("letters", received=1, read=1, responses=1)
    [row] = place.export()
    assert (row["text"], row["needs"]) == ("There are two letters here.\n\nKeep Watton open.", "split?")


def test_split_by_folder(place: Consultation) -> None:
    """A table gives each subfolder its own way of splitting."""
    place.configure(
        'folder = "letters"\n', 'folder = "letters"\nsplit = { "cards" = "every:2", "cards/big" = "none" }\n'
    )
    for name in ("a.pdf", "cards/b.pdf", "cards/big/c.pdf"):
        place.put(f"letters/{name}", pdf(f"{name} one", "two", "three", "four"), SCANNED)
    place.run("letters")
    assert {name: len(rows_of(place, name)) for name in ("a.pdf", "cards/b.pdf", "cards/big/c.pdf")} == {
        "a.pdf": 1, "cards/b.pdf": 2, "cards/big/c.pdf": 1,
    }  # fmt: skip
    assert place.failures() == {}


@pytest.mark.parametrize(
    "split", ['"pages"', '"every:0"', '"every:x"', "3", '{ ".." = "none" }', '{ "a" = "x" }', '{ "/a" = "none" }']
)
def test_a_split_that_is_none(place: Consultation, split: str) -> None:
    """The config's error names the key and what would be right."""
    place.configure('folder = "letters"\n', f'folder = "letters"\nsplit = {split}\n')
    with pytest.raises(ConfigurationError, match=r"channels\.letters\.split"), place.app():
        pass


def test_a_stamp_that_a_person_reads(place: Consultation) -> None:
    """One step says when it was received and that a stamp says so; the posting date is set beside it."""
    name = typed(place)
    place.decide(name, "correct", "received_at=2011-04-20 stamp")
    place.decide(name, "correct", "posted_on=2011-04-16")
    [row] = rows_of(place, "a.pdf")
    assert (row["received_at"], row["received_basis"], row["late"]) == ("2011-04-20T11:00:00Z", "stamp", "true")
    assert (row["posted_on"], row["needs"]) == ("2011-04-16", "late?")
    assert place.failures() == {}


@pytest.mark.parametrize(("said", "why"), [("1999-01-01 stamp", "92 days"), ("2098-01-01", "still to come")])
def test_a_date_that_can_not_be_is_refused(place: Consultation, said: str, why: str) -> None:
    """A year mistyped would decide whether a letter is late."""
    name = typed(place)
    with pytest.raises(Refused, match=why):
        place.decide(name, "correct", f"received_at={said}")
    assert place.failures() == {}


def test_a_home_from_before(place: Consultation) -> None:
    """A file that was read before its reading's facts were kept is split as well; when it was received stays."""
    name = typed(place)
    place.tamper("delete from reading")
    received = rows_of(place, "a.pdf")[0]["received_at"]
    place.decide(name, "split", "1-2,3-4")
    assert [row["received_at"] for row in rows_of(place, "a.pdf")] == [received] * 2


def test_the_ledger_names_no_page(mine: Consultation) -> None:
    """What a person decides about pages is in the ledger as an action and a commitment, without the value."""
    name = rows_of(mine, "copied.tif")[0]["reference"]
    mine.decide(name, "split", "1-2,3")
    bodies = [json.loads(bytes(body)) for body in mine.sql("select body from ledger_entry")]
    [entry] = [body for body in bodies if body["type"] == "decision"]
    assert set(entry) == {"type", "at", "receipt", "decision", "action", "commitment"}


def test_messages_are_not_parted(place: Consultation) -> None:
    """A message with pages attached is a message."""
    place.put("inbox/a.eml", message("Keep it."))
    place.run("email")
    with pytest.raises(Refused, match="scanned file of pages"):
        place.decide(1, "split", "1")


LATER_TABLES = ("further_original", "lacking", "layout", "repeated_row", "entered_row")
"""The tables that came after the one of readings."""


def test_a_home_of_the_version_before_is_brought_up_to_date(place: Consultation) -> None:
    """A home in which letters were read before there were batches is upgraded when it is opened: what the ledger
    commits to holds as before, and its letters can be split."""
    name = typed(place)
    rows = place.export()
    with closing(sqlite3.connect(place.sqlite)) as connection:
        for statement in (
            "alter table response drop column pieces",
            "alter table response drop column joined_into",
            "drop table reading",
            *(f"drop table {later}" for later in LATER_TABLES),
            "update alembic_version set version_num = '0004'",
        ):
            connection.execute(statement)
        connection.commit()
    assert place.failures() == {}
    assert place.export() == rows
    place.decide(name, "split", "1-2,3-4")
    assert len(place.export()) == 2
    assert place.failures() == {}


def test_a_batch_that_a_scanner_sends_by_mail(place: Consultation) -> None:
    """Separator sheets part the pages of a file that a scanner sent as mail, too."""
    place.configure('forwarders = ["@council.example"]', 'scanners = ["scanner@council.example"]')
    printed = pypdfium2.PdfDocument(sheets(place, 3))
    letters = pypdfium2.PdfDocument(pdf(*TEXTS))
    put_pdf(place, "x.pdf", [(printed, 0), (letters, 0), (letters, 1), (printed, 1), (letters, 2)])
    content = (place.folder / "letters/x.pdf").read_bytes()
    (place.folder / "letters/x.pdf").unlink()
    head = "From: <scanner@council.example>\r\nDate: Sat, 5 Mar 2011 09:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    kind = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
    name = 'Content-Disposition: attachment; filename="x.pdf"\r\n\r\n'
    place.put("inbox/a.eml", (head + kind + name).encode() + base64.encodebytes(content).replace(b"\n", b"\r\n"))
    place.takes("email", received=1, read=1, responses=2)
    one, two = sorted(place.export(), key=pages_of)
    assert (one["pages"], one["text"], one["needs"]) == ("1-3", "\n\n".join(TEXTS[:2]), "")
    assert (two["pages"], two["text"], two["needs"]) == ("4-5", TEXTS[2], "split?")  # the third sheet is not there
    assert {(row["received_at"], row["received_basis"]) for row in (one, two)} == {
        ("2011-03-01T12:00:00Z", "separator")
    }
    assert two["paper_ref"] == "box B4, batch 17, letter 2"
    assert {piece["quote"] for piece in place.trace(two["reference"])["fields"]["text"]} == {TEXTS[2]}
    assert place.failures() == {}


def test_a_damaged_sheet_is_known_by_its_words(place: Consultation) -> None:
    """A scanned sheet whose code is lost parts letters by what it says, and the letter behind it is unsure."""
    first, second = drawn(sheets(place, 2))
    width, height = second.size
    second.paste(255, (0, round(height * 0.5), width // 2, height))
    place.put("letters/a.tif", scan([first, page("Keep it open."), second, page("Close them all.")]), SCANNED)
    place.run("letters")
    one, two = rows_of(place, "a.tif")
    assert (one["pages"], two["pages"]) == ("1-2", "3-4")
    assert two["needs"].split(";") == ["split?"]
    assert two["text"] == "Close them all."
    assert two["received_basis"] == "file_time"


def test_what_is_read_again_stays_one_letter(place: Consultation) -> None:
    """A file that is one letter stays the same response when a file is added to it, whatever way of splitting holds by
    then; undone, it is as before."""
    name = typed(place)
    before = state(place, name)
    place.configure('folder = "letters"\n', 'folder = "letters"\nsplit = "every:1"\n')
    place.put("more.pdf", pdf("And this."))
    place.decide(name, "add", str(place.folder / "more.pdf"))
    [row] = place.export()
    assert (row["reference"], row["text"]) == (name, "\n\n".join([*TEXTS, "And this."]))
    assert place.failures() == {}
    place.decide(name, "undo")
    assert without(place.export()[0], "version") == without(before[0][0], "version", "outcome")


def test_answers_of_a_form_stay_with_its_page(place: Consultation) -> None:
    """The fields of a form that is the first page go with it, answers to monitoring questions too, which stay apart; a
    split that is undone gives them back."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.drawString(72, 800, "Please write into the boxes.")
    box = {"x": 72, "width": 300, "height": 30}
    canvas.acroForm.textfield(name="a", tooltip="What do you think?", value="Keep Watton open.", y=700, **box)
    options = ["This", "That"]
    canvas.acroForm.choice(name="b", tooltip="What is your background?", options=options, value="That", y=600, **box)
    canvas.showPage()
    canvas.drawString(72, 760, "Close Dereham.")
    canvas.save()
    place.put("letters/a.pdf", out.getvalue(), SCANNED)
    place.run("letters")
    [row] = rows_of(place, "a.pdf")
    before = state(place, row["reference"])
    apart = "select r.pages, m.question, m.answer from monitoring_answer m join response r on r.id = m.response_id"
    kept = place.sql(apart)
    assert (row["answer.structure"], kept) == ("Keep Watton open.", [("1-2", "background", "That")])
    place.decide(row["reference"], "split", "1,2")
    one, two = rows_of(place, "a.pdf")
    assert (one["answer.structure"], two["answer.structure"], two["text"]) == (
        "Keep Watton open.",
        "",
        "Close Dereham.",
    )
    assert place.sql(apart) == [("1", "background", "That")]
    place.decide(row["reference"], "undo")
    assert (state(place, row["reference"]), place.sql(apart)) == (before, kept)
    assert place.failures() == {}


def test_pages_that_do_not_follow_each_other(place: Consultation) -> None:
    """A letter whose pages were scanned apart in one file is joined: its pages are listed as they lie, and it can be
    parted again."""
    name = typed(place)
    place.decide(name, "split", "1,2-3,4")
    last = rows_of(place, "a.pdf")[2]["reference"]
    place.decide(name, "join", last)
    [row] = [row for row in place.export() if row["reference"] == name]
    assert (row["pages"], row["text"]) == ("1;4", f"{TEXTS[0]}\n\n{TEXTS[3]}")
    assert place.failures() == {}
    before = state(place, name)
    for value in ("1-4", "1,2-4"):
        with pytest.raises(Refused, match="each page"):
            place.decide(name, "split", value)
    place.decide(name, "split", "1,4")
    assert sorted(row["pages"] for row in place.export()) == ["1", "2-3", "4"]
    assert place.failures() == {}
    place.decide(name, "undo")
    assert state(place, name) == before
    assert place.failures() == {}
