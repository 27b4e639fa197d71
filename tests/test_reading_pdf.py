"""PDFs: page count in = page count out, each word where it stands, and a page that can't be read said, not lost."""

import re
from io import BytesIO

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from intake.reading import dispatch, pdf
from intake.reading.parts import Part, Reading, Unreadable

LETTER = [
    "12 Mill Lane", "Watton", "IP25 6AB", None, "Dear Sir or Madam,", None, "I want to keep the centre open because",
    "my children go there every week.", None, "Yours faithfully,",
]  # fmt: skip


def made(draw, **more) -> bytes:
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, **more)
    draw(canvas)
    canvas.save()
    return out.getvalue()


def typed(canvas: Canvas, lines=LETTER, top: float = 760) -> None:
    text = canvas.beginText(72, top)
    text.setFont("Helvetica", 11)
    for line in lines:
        text.textLine(line or "")
    canvas.drawText(text)
    canvas.showPage()


def scanned(canvas: Canvas, words: str = "Keep the centre open", dpi: int = 150) -> None:
    page = Image.new("L", (round(8.27 * dpi), round(11.69 * dpi)), 255)
    ImageDraw.Draw(page).text((dpi, dpi), words, font=ImageFont.load_default(dpi // 5), fill=0)
    canvas.drawImage(ImageReader(page), 0, 0, *A4)
    canvas.showPage()


def read(data: bytes) -> Reading:
    reading = dispatch.read(data, "application/pdf", {})
    assert isinstance(reading, Reading), reading
    return reading


def reason(data: bytes) -> str:
    result = dispatch.read(data, "application/pdf", {})
    assert isinstance(result, Unreadable), result
    assert result.next_step
    return result.reason


def ink_box(data: bytes, number: int) -> tuple[int, int, int, int]:
    """Where a page has ink when it is drawn, in points."""
    drawn = pypdfium2.PdfDocument(data)[number].render(scale=1, grayscale=True).to_pil()
    return drawn.convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()


def assert_boxes_match(part: Part, box: tuple[int, int, int, int]) -> None:
    left, top = min(w.x0 for w in part.words), min(w.top for w in part.words)
    right, bottom = max(w.x1 for w in part.words), max(w.bottom for w in part.words)
    assert left - 2 <= box[0]
    assert top - 2 <= box[1]
    assert right + 2 >= box[2]
    assert bottom + 2 >= box[3]
    assert (right - left) * (bottom - top) < 4 * (box[2] - box[0]) * (box[3] - box[1])


def test_a_typed_letter_keeps_its_lines_and_paragraphs_and_its_words_know_their_place():
    part = read(made(typed)).parts[0]
    assert part.text == "\n".join(line or "" for line in LETTER)
    assert (part.method, part.page, part.kind, part.confidence) == ("pdf", 1, "page", 1.0)
    assert (part.width, part.height) == (595.28, 841.89)
    for word in part.words:
        assert part.text[word.start : word.start + len(word.text)] == word.text
    assert_boxes_match(part, ink_box(made(typed), 0))


def test_a_scanned_page_is_read_by_ocr_with_its_words_in_the_same_measure():
    data = made(scanned)
    part = read(data).parts[0]
    assert part.text == "Keep the centre open"
    assert part.method == "ocr"
    assert (round(part.width), round(part.height)) == (595, 842)
    assert part.confidence > 0.8
    assert part.ink is not None
    assert 0.0005 < part.ink < 0.05
    assert_boxes_match(part, ink_box(data, 0))


def test_typed_and_scanned_pages_may_stand_in_one_file():
    def draw(canvas: Canvas) -> None:
        typed(canvas)
        scanned(canvas)
        canvas.showPage()

    reading = read(made(draw))
    assert [(p.number, p.page, p.method) for p in reading.parts] == [(0, 1, "pdf"), (1, 2, "ocr"), (2, 3, "ocr")]
    assert (reading.parts[2].text, reading.parts[2].ink, reading.needs) == ("", 0.0, [])
    assert reading.facts["pages"] == "3"
    assert reading.reader == "pdf 2, ocr 1"


def test_a_stamp_of_text_on_a_scanned_page_does_not_hide_the_page():
    """Some scanners print a line of text over the picture."""

    def draw(canvas: Canvas) -> None:
        canvas.drawString(20, 20, "Scanned by office 3")
        scanned(canvas)

    part = read(made(draw)).parts[0]
    assert part.method == "ocr"
    assert "Keep the centre open" in part.text


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_the_places_of_a_turned_page_are_those_that_a_person_sees(rotation):
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(rotation)
        canvas.drawString(100, 300, "Some words here")
        canvas.showPage()

    data = made(draw)
    assert_boxes_match(read(data).parts[0], ink_box(data, 0))


def test_the_places_of_a_cropped_page_count_from_its_visible_corner():
    def draw(canvas: Canvas) -> None:
        canvas.setCropBox((50, 50, 400, 800))
        canvas.drawString(100, 700, "Some words here")
        canvas.drawString(450, 700, "Hidden")
        canvas.showPage()

    data = made(draw)
    part = read(data).parts[0]
    assert (part.width, part.height, part.text) == (350.0, 750.0, "Some words here")
    assert_boxes_match(part, ink_box(data, 0))


def test_what_was_typed_into_a_form_is_part_of_its_page():
    def draw(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "Your comments:")
        canvas.acroForm.textfield(name="comments", value="Keep it open", x=72, y=650, width=300, height=30)
        canvas.showPage()

    assert read(made(draw)).parts[0].text == "Your comments:\n\nKeep it open".replace("\n\n", "\n")


@pytest.mark.parametrize(
    ("written", "fact"),
    [
        ("D:20110301103000+00'00'", {"scan_date": "2011-03-01T10:30:00Z"}),
        ("D:20110301103000Z", {"scan_date": "2011-03-01T10:30:00Z"}),
        ("D:20110701003000+01'00'", {"scan_date": "2011-06-30T23:30:00Z"}),
        ("D:20110301103000-05'30", {"scan_date": "2011-03-01T16:00:00Z"}),
        ("D:20110301103000", {"scan_date_local": "2011-03-01T10:30:00"}),
        ("20110301103000", {"scan_date_local": "2011-03-01T10:30:00"}),
        ("D:201103011030", {"scan_date_local": "2011-03-01T10:30:00"}),
        ("D:19040101000000Z", {}),
        ("D:20110231103000Z", {}),
        ("D:20111301103000Z", {}),
        ("D:20110301103000+99'99'", {}),
        ("yesterday", {}),
        ("", {}),
    ],
)
def test_the_scan_date_is_utc_or_local_or_unknown(written, fact):
    assert pdf._scan_date(written) == fact


def test_the_scan_date_is_a_fact_of_the_reading():
    assert read(made(typed)).facts["scan_date"].endswith("Z")


def test_a_password_is_asked_for():
    protected = made(typed, encrypt=StandardEncryption("secret", ownerPassword="owner"))
    assert reason(protected) == "This PDF is protected by a password."
    open_to_all = made(typed, encrypt=StandardEncryption("", ownerPassword="owner", canPrint=0))
    assert read(open_to_all).parts[0].text.startswith("12 Mill Lane")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xd8\xff\xe0 JFIF", "This file is not a picture that can be opened; it looks like a JPEG picture."),
        (b"PK\x03\x04 zip", "This file is not a PDF; it looks like a Word, Excel or other zipped file."),
        (b"plain words", "This file is not a PDF."),
        (b"%PDF-1.4\n1 0 obj\n<< /Type /Cat", "This PDF is cut off: its end is missing."),
        (b"%PDF-1.4\nnothing\nstartxref\n0\n%%EOF", "This PDF is damaged and does not open."),
    ],
)
def test_what_does_not_open_is_unreadable_and_says_why(data, why):
    assert reason(data) == why


def test_a_pdf_cut_off_anywhere_before_its_end_is_unreadable():
    whole = made(lambda canvas: [typed(canvas), scanned(canvas, dpi=50)])
    end = whole.rindex(b"startxref")
    for at in range(1, end, end // 60):
        assert reason(whole[:at])


def test_one_page_that_can_not_be_read_costs_no_other():
    data = made(lambda canvas: [typed(canvas), typed(canvas), typed(canvas)])
    page = re.search(rb"\n4 0 obj\n(<<.*?/Type /Page\b.*?>>)\nendobj", data, re.DOTALL)
    assert page is not None
    reading = read(data.replace(page[1], b"(lost)".ljust(len(page[1]))))
    assert [p.problem for p in reading.parts] == [None, "This page is damaged and could not be drawn.", None]
    assert [p.page for p in reading.parts] == [1, 2, 3]
    assert "Mill Lane" in reading.parts[2].text
    assert reading.needs == ["rescan"]


def test_a_text_layer_that_pdfminer_can_not_open_is_read_from_the_drawn_page():
    data = made(typed)
    broken = data.replace(b"/Type /Pages", b"/Typo /Pages")
    reading = read(broken)
    assert reading.parts[0].page == 1
    assert "Mill Lane" in reading.parts[0].text


def test_an_enormous_page_is_drawn_smaller():
    def draw(canvas: Canvas) -> None:
        canvas.setPageSize((14_400, 14_400))
        canvas.rect(100, 100, 5_000, 5_000, fill=1)
        canvas.showPage()

    part = read(made(draw)).parts[0]
    assert (part.width, part.height) == (14_400, 14_400) or part.width == pytest.approx(14_400, rel=0.01)
    assert part.ink is not None
    assert part.ink > 0.1


def test_each_page_is_a_sign_of_life():
    ticks = []
    data = made(lambda canvas: [typed(canvas) for _ in range(3)])
    dispatch.read(data, "application/pdf", {}, lambda: ticks.append(1))
    assert len(ticks) == 3
