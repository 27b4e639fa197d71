"""A text layer is the page's text only where the page shows it; the choice and the reading not taken are kept."""

import io
import re

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from intake.reading import dispatch, ocr
from intake.reading.agreed import ToolMissingError
from intake.reading.parts import Part, Reading, ToolMissing
from intake.reading.trust import alike

SHOWN = [
    "I want to keep the centre open because my children go there",
    "every week, and there is no other place for them to play when",
    "it rains. Please think again before you close it for good.",
]
SAID = [
    "The council should close all of these buildings at once and sell",
    "the land, since nobody in our village has ever made any use of",
    "them. Yours sincerely, a resident who pays too much in taxes.",
]


def page(draw) -> Part:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=0)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return first(out.getvalue())


def first(data: bytes) -> Part:
    reading = dispatch.read(data, "application/pdf", {})
    assert isinstance(reading, Reading), reading
    return reading.parts[0]


def lines(canvas: Canvas, said=SHOWN, *, x: float = 72, top: float = 700, size: float = 12, mode: int = 0) -> None:
    canvas.saveState()
    text = canvas.beginText(x, top)
    text.setFont("Helvetica", size)
    text.setTextRenderMode(mode)
    for line in said:
        text.textLine(line)
    canvas.drawText(text)
    canvas.restoreState()


def scan(canvas: Canvas, said=SHOWN, *, dpi: int = 200) -> None:
    picture = Image.new("L", (round(8.27 * dpi), round(11.69 * dpi)), 255)
    font = ImageFont.load_default(dpi // 6)
    for number, line in enumerate(said):
        ImageDraw.Draw(picture).text((dpi, 2 * dpi + number * dpi // 4), line, font=font, fill=0)
    canvas.drawImage(ImageReader(picture), 0, 0, *A4)


def words(part: Part) -> str:
    return " ".join(part.text.split())


def test_what_is_typed_is_taken_from_its_layer_without_a_word_of_doubt():
    part = page(lines)
    assert (part.engine, part.method, part.choice, part.others) == ("text layer", "pdf", "", [])
    assert words(part) == " ".join(SHOWN)


def white(canvas, said):
    canvas.setFillColorRGB(1, 1, 1)
    lines(canvas, said, top=400)


def tiny(canvas, said):
    lines(canvas, said, top=400, size=1)


def beside(canvas, said):
    lines(canvas, said, x=700, top=400)


def covered(canvas, said):
    lines(canvas, said, top=400)
    canvas.setFillColorRGB(1, 1, 1)
    canvas.rect(50, 350, 500, 80, stroke=0, fill=1)


def clipped(canvas, said):
    canvas.saveState()
    outline = canvas.beginPath()
    outline.rect(0, 800, 10, 10)
    canvas.clipPath(outline, stroke=0)
    lines(canvas, said, top=400)
    canvas.restoreState()


def invisible(canvas, said):
    lines(canvas, said, top=400, mode=3)


@pytest.mark.parametrize("hide", [white, tiny, beside, covered, clipped, invisible])
def test_words_that_nobody_sees_are_no_words_of_the_page(hide):
    """White, tiny, beside the page, painted over, clipped away or in the invisible mode."""

    def draw(canvas):
        hide(canvas, SAID[:2])
        canvas.setFillColorRGB(0, 0, 0)
        lines(canvas)

    part = page(draw)
    assert words(part) == " ".join(SHOWN)
    assert part.engine == "text layer"


@pytest.mark.parametrize("hide", [white, covered, invisible])
def test_a_page_that_hides_more_than_it_shows_is_read_by_ocr_and_says_so(hide):
    def draw(canvas):
        hide(canvas, SAID)
        canvas.setFillColorRGB(0, 0, 0)
        lines(canvas, SHOWN[:2])

    part = page(draw)
    assert part.engine == "tesseract"
    assert alike(part.text, " ".join(SHOWN[:2])) > 0.9
    assert "can't be seen" in part.choice
    assert [other.engine for other in part.others] == ["text layer"]
    assert "sell" in part.others[0].text


def test_a_layer_that_says_something_else_than_the_scan_under_it_is_not_believed():
    """The picture shows one letter; the invisible layer says another, in good English."""

    def draw(canvas):
        scan(canvas)
        lines(canvas, SAID, mode=3)

    part = page(draw)
    assert alike(part.text, " ".join(SHOWN)) > 0.9
    assert part.engine == "tesseract"
    assert "close all" in part.others[0].text


def test_text_under_a_picture_is_not_believed():
    def draw(canvas):
        lines(canvas, SAID)
        scan(canvas)

    part = page(draw)
    assert alike(part.text, " ".join(SHOWN)) > 0.9


def test_another_program_s_poor_ocr_gives_way_to_ours():
    def draw(canvas):
        scan(canvas)
        lines(canvas, [re.sub("[eao]", "c", line).replace("th", "lh") for line in SHOWN], mode=3)

    part = page(draw)
    assert alike(part.text, " ".join(SHOWN)) > 0.9
    assert part.engine == "tesseract"
    assert "no better" in part.choice


def shuffled() -> bytes:
    """A typed page whose font says wrong letters (ToUnicode, ISO 32000-1, 9.10.3): each the next of the alphabet."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=0)
    lines(canvas)
    canvas.showPage()
    canvas.save()
    wrong = "".join(f"<{c:02x}> <{(c - 97 + 7) % 26 + 97:04x}>\n" for c in range(97, 123))
    cmap = f"1 begincodespacerange <00> <ff> endcodespacerange\n26 beginbfchar\n{wrong}endbfchar\n"
    data = out.getvalue()
    font = re.search(rb"/BaseFont /Helvetica", data)
    assert font is not None
    number = max(map(int, re.findall(rb"\n(\d+) 0 obj", data))) + 1
    changed = data[: font.start()] + f"/ToUnicode {number} 0 R ".encode() + data[font.start() :]
    end = changed.rindex(b"xref\n0")
    body = f"{number} 0 obj\n<</Length {len(cmap)}>>stream\n{cmap}endstream\nendobj\n".encode()
    return changed[:end] + body + changed[end:]


def test_letters_that_stand_for_others_are_noticed():
    part = first(shuffled())
    assert alike(part.text, " ".join(SHOWN)) > 0.9
    assert part.engine == "tesseract"
    assert part.choice == "its text layer says something else than it shows; OCR reads something else"
    assert "dhua" in part.others[0].text  # "want", as the font says it


def test_a_letter_with_a_photograph_keeps_its_typed_words():
    """More ink than the words account for: OCR is asked, says the same, and the exact words of the layer stay."""

    def draw(canvas):
        lines(canvas)
        noise = Image.effect_noise((400, 300), 80)
        canvas.drawImage(ImageReader(noise), 72, 300, 400, 300)

    part = page(draw)
    assert words(part) == " ".join(SHOWN)
    assert part.engine == "text layer"


def test_words_in_a_picture_beside_a_line_of_type_are_not_lost():
    def draw(canvas):
        canvas.drawString(72, 800, "Please see my letter of Monday")
        picture = Image.new("L", (1400, 500), 255)
        for number, line in enumerate(SHOWN):
            ImageDraw.Draw(picture).text((20, 60 + 120 * number), line, font=ImageFont.load_default(42), fill=0)
        canvas.drawImage(ImageReader(picture), 60, 400, 480, 171)

    part = page(draw)
    assert "children go there" in words(part)
    assert "letter of Monday" in words(part)


def test_a_language_that_ocr_does_not_know_keeps_its_layer():
    said = [
        "Chcemy, zeby centrum dla dzieci zostalo otwarte, poniewaz nasze dzieci",
        "chodza tam co tydzien i nie ma innego miejsca, gdzie moglyby sie bawic.",
        "Prosimy o ponowne rozpatrzenie tej sprawy przed podjeciem decyzji.",
    ]
    part = page(lambda canvas: lines(canvas, said))
    assert words(part) == " ".join(said)


def test_a_layer_that_ocr_neither_confirms_nor_betters_is_looked_at_by_a_person():
    """Printed upside down: the layer says its letters backwards, and OCR may not read them either."""

    def draw(canvas):
        canvas.translate(*A4)
        canvas.rotate(180)
        lines(canvas)
        canvas.showPage()

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    draw(canvas)
    canvas.save()
    reading = dispatch.read(out.getvalue(), "application/pdf", {})
    assert isinstance(reading, Reading)
    read = alike(reading.parts[0].text, " ".join(SHOWN)) > 0.9
    assert read or reading.needs == ["transcription"]


def test_without_tesseract_a_typed_page_is_believed(monkeypatch):
    def missing(*_):
        raise ToolMissingError(ToolMissing("Tesseract", "Install it."))

    monkeypatch.setattr(ocr, "page_part", missing)
    assert words(page(lines)) == " ".join(SHOWN)


def test_how_alike_two_texts_are():
    ours, theirs = " ".join(SHOWN), " ".join(SAID)
    assert alike(ours, ours) == alike("", "") == 1.0
    assert alike(ours, ours.replace("e", "é").upper()) > 0.95
    assert alike(ours, theirs) < 0.45
    assert alike(ours, "") == 0.0
