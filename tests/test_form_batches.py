"""Reply forms in a day's post: each filled form is one response and each page is in exactly one letter, between
separator sheets or without; a page that is missing, doubled or out of order puts the form before a person."""

import base64
import io
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from intake.batches import Batch, batch_of
from intake.config import Consultation as Asked
from intake.filled import Rules
from intake.places import Gazetteer
from intake.reading.formlayout import FormCode, code_text
from intake.reading.parts import Code, Mark, Part
from intake.reading.sheet import Sheet
from intake.replyform import ReplyForm, reply_form
from tests.support.batches import drawn, sheets
from tests.support.consultation import Consultation
from tests.support.replyforms import DPI, box_of, printed, scanned, tick, typed

pytestmark = pytest.mark.usefixtures("warm_readers")

AT = datetime(2011, 3, 5, 9, tzinfo=UTC)


class Post:
    """A consultation whose form is printed, and what its readers send."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.made = Consultation(folder, home=home)
        assert self.made.command("form", "--out", "form.pdf").code == 0
        self._blank = printed((folder / "form.pdf").read_bytes())
        with self.made.app() as app:
            self._form: ReplyForm = reply_form(app.consultation, app.settings.form)
        self.parts = drawn(sheets(self.made, 4), DPI)

    def form(self, agree: str, *pages: int) -> list[Image.Image]:
        """A form on which somebody ticked this; of its pages these."""
        filled = [page.copy() for page in self._blank]
        number, box = box_of(self._form.layout, f"agree.{agree}")
        tick(filled[number], box.edges)
        return [filled[page - 1] for page in pages or range(1, len(filled) + 1)]

    def letter(self, *lines: str) -> list[Image.Image]:
        page = Image.new("L", self._blank[0].size, 255)
        for n, line in enumerate(lines):
            typed(page, (72.0, 100.0 + 30 * n, 0, 0), line)
        return [page]

    def rows(self, name: str) -> list[dict[str, str]]:
        found = [row for row in self.made.export() if row["source"] == name]
        return sorted(found, key=lambda row: int(row["pages"].partition("-")[0]))

    def why(self, row: dict[str, str]) -> list[str]:
        needs = self.made.trace(row["reference"])["fields"].get("needs", [])
        return [piece["quote"] for piece in needs if piece["value"] == "split?"]


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Post:
    """A batch with sheets, of which one is missing before a form; and one without any."""
    post = Post(tmp_path_factory.mktemp("forms"), empty_home)
    one, two, _, four = post.parts
    mixed = [
        *(one, *post.letter("Keep Watton open.")), *(two, *post.form("No")), *post.form("Yes"),
        *(four, *post.letter("And the bus as well.")),
    ]  # fmt: skip
    plain = [*post.letter("Keep Dereham open."), *post.form("No", 2, 3), *post.form("Yes", 1, 3, 2)]
    post.made.put("letters/mixed.tif", scanned(mixed), AT)
    post.made.put("letters/plain.tif", scanned(plain), AT)
    post.made.takes("letters", received=2, read=2, responses=7)
    return post


def test_forms_and_letters_between_sheets(post: Post) -> None:
    """A form behind another one is a response of its own though its sheet is missing; it was received on the same day,
    and is the letter whose number is missing. That the sheet is missing is said."""
    rows = post.rows("mixed.tif")
    assert [row["pages"] for row in rows] == ["1-2", "3-6", "7-9", "10-11"]
    assert [row["answer.agree"] for row in rows] == ["", "No", "Yes", ""]
    assert [row["needs"] for row in rows] == ["", "split?", "", ""]
    assert post.why(rows[1])[0].startswith("Separator sheet 3 is not among these pages")
    assert {(row["received_at"], row["received_basis"]) for row in rows} == {("2011-03-01T12:00:00Z", "separator")}
    assert [row["paper_ref"].rpartition(", ")[2] for row in rows] == [f"letter {n}" for n in (1, 2, 3, 4)]
    assert "Keep Watton open." in rows[0]["text"]
    assert post.made.failures() == {}


def test_forms_and_letters_without_sheets(post: Post) -> None:
    """Forms part letters where no sheet does; what is not sure is flagged with the reason."""
    rows = post.rows("plain.tif")
    assert [row["pages"] for row in rows] == ["1", "2-3", "4-6"]
    assert [row["answer.agree"] for row in rows] == ["", "No", "Yes"]
    assert [row["needs"] for row in rows] == ["", "split?", "split?"]
    assert [post.why(row) for row in rows[1:]] == [
        [
            "Page 1 of the form is missing.",
            "Nothing parts the form on page 2 from what is before it, which may have come with it.",
        ],
        ["The pages of the form are not in order."],
    ]


# --- any order of pages -----------------------------------------------------------------------------------------------

RULES = Rules(
    Asked.model_validate({
        "id": "test", "title": "A test", "opens": date(2011, 1, 24), "closes": date(2011, 4, 18),
        "timezone": "Europe/London", "reference_prefix": "TST",
    }),
    Gazetteer({}),
)  # fmt: skip
SHEET = Sheet("test", date(2011, 3, 1), "B4").text()


def of(said: str, split: str = "separator") -> Batch:
    """The letters of these pages: digits are pages of a form of three, x is one of a form of one page, S a separator, _
    blank, a a page of a letter, A its first, o a page of a form without boxes."""
    parts = []
    for n, one in enumerate(said):
        form = ("x", 1, 1) if one == "x" else ("f", int(one), 3) if one in "123" else None
        code = code_text(FormCode("test", *form)) if form else SHEET if one == "S" else ""
        parts.append(Part(
            number=n, kind="page", media_type="image/tiff",
            method="form" if one == "o" else "ocr", page=n + 1, width=595, height=842,
            text="Dear Sir" if one in "aA" else "", marks=[Mark("greeting", 0, 8)] if one == "A" else [],
            ink=0.0 if one == "_" else 0.1, codes=[Code(code, 10, 10, 90, 90)] if code else [],
        ))  # fmt: skip
    return batch_of(RULES, parts, split)


def letters(said: str, split: str = "separator") -> list[str]:
    return [said[one.span.first : one.span.last + 1] for one in of(said, split).letters]


@pytest.mark.parametrize(
    ("said", "unsure"),
    [
        ("123|123", ""),
        ("S123|S123|123|Sa", ""),
        ("x|x", ""),
        ("321|321", "12"),
        ("123|213|123", "2"),
        ("23|123", "1"),
        ("13|123", "1"),
        ("1|123", "1"),
        ("1223|123", "1"),
        ("1233|123", "1"),
        ("a|123", "2"),
        ("123a", "1"),
        ("123|A|123", "23"),
        ("1a23", "1"),
        ("1_2_3_|1_2_3_", ""),
        ("123|x|123", ""),
        ("S12|S3", "12"),
        ("oxo|xo", ""),
    ],
)
def test_which_pages_are_one_form(said: str, unsure: str) -> None:
    assert letters(said.replace("|", "")) == said.split("|")
    made = of(said.replace("|", ""))
    assert "".join(str(n) for n, letter in enumerate(made.letters, start=1) if letter.doubts) == unsure


@pytest.mark.parametrize(
    ("split", "said"), [("none", "123123"), ("every:3", "123|123"), ("every:2", "12|31|23"), ("every:6", "123123")]
)
def test_a_way_of_splitting_that_does_not_look_holds(split: str, said: str) -> None:
    """Who says that each file, or each N pages, are a letter has it so; a form that is not whole in it is flagged."""
    assert letters(said.replace("|", ""), split) == said.split("|")
    assert all(letter.doubts for letter in of(said.replace("|", ""), split).letters) == (split != "every:3")


@pytest.mark.parametrize("said", ["1_2_3|_123", "12_3|_a|_123", "a|_1__2__3|__1"])
def test_a_blank_page_inside_a_form_parts_nothing(said: str) -> None:
    assert letters(said.replace("|", ""), "blank") == said.split("|")


@given(st.text("123xS_aA", min_size=1, max_size=30), st.sampled_from(["separator", "blank", "none", "every:2"]))
def test_each_page_is_in_one_letter_and_no_letter_has_two_forms_in_order(said: str, split: str) -> None:
    """Whatever lies in the pile: all pages, in order, each once; behind a page 1 that follows a whole form or another
    page 1, a letter begins where pages say where letters begin."""
    found = letters(said, split)
    assert "".join(found) == said
    if split in ("separator", "blank"):
        for one in found:
            pages = [c for c in one if c in "123x"]
            assert not any(second == "1" and first in "1x" for first, second in pairwise(pages))


# --- forms filled in on a screen --------------------------------------------------------------------------------------


def on_screen(blank: bytes, **values: str) -> bytes:
    """A PDF form with these fields filled in."""
    writer = PdfWriter(clone_from=io.BytesIO(blank))
    for page in writer.pages:
        if "/Annots" in page:
            writer.update_page_form_field_values(page, values, auto_regenerate=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def foreign() -> bytes:
    """Somebody else's form, of two pages with a field each."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    for name, asked in (("a1", "What should be kept, and why do you think so?"), ("a2", "Anything else to tell us?")):
        canvas.drawString(72, 700, asked)
        canvas.acroForm.textfield(name=name, x=72, y=600, width=300, height=30)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


@pytest.mark.parametrize("way", ["letters", "scanner"])
def test_pages_on_which_nothing_was_filled_in(place: Consultation, way: str) -> None:
    """Of our form and a foreign one, in the folder or by mail from a scanner: what is printed on a page with fields is
    nobody's words where others were filled in; a form on which nothing was filled in at all is empty."""
    assert place.command("form", "--out", "form.pdf").code == 0
    ours = (place.folder / "form.pdf").read_bytes()
    files = {
        "ours": on_screen(ours, structure="Keep Watton open."), "theirs": on_screen(foreign(), a1="Keep Watton open."),
    }  # fmt: skip
    if way == "letters":
        for name, content in files.items():
            place.put(f"letters/{name}.pdf", content, AT)
        place.put("letters/empty.pdf", ours, AT)
        place.takes("letters", received=3, read=2, set_aside=1, responses=2)
        assert place.item("set_aside")["reason"] == "empty"
    else:
        place.configure('forwarders = ["@council.example"]', 'scanners = ["scanner@council.example"]')
        for name, content in files.items():
            place.put(f"inbox/{name}.eml", scanned_mail(content))
        place.run("email")
    found = {row["text"]: row for row in place.export()}
    assert set(found) == {"Keep Watton open.", "a1: Keep Watton open."}
    assert {row["needs"] for row in found.values()} == {""}
    assert place.failures() == {}


def scanned_mail(content: bytes) -> bytes:
    head = "From: <scanner@council.example>\r\nDate: Sat, 5 Mar 2011 09:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    kind = "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
    name = 'Content-Disposition: attachment; filename="x.pdf"\r\n\r\n'
    return (head + kind + name).encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")
