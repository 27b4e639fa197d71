"""How the picture of a page is read: however it lies, whatever lies on it, and how sure of it we may be."""

import random
from io import BytesIO

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFont

from intake.content import TRANSCRIBE_BELOW
from intake.reading import ink, ocr, raster, recognise, upright
from intake.reading.child import ReadJob
from intake.reading.copies import Copies
from intake.reading.limits import Limits
from intake.reading.parts import Part, Reading
from intake.reading.readers import find_means
from intake.reading.view import View
from intake.reading.zones import zoned

LETTER = """I am writing about the centre in Mill Lane.
My daughter has been going there since she
was six months old, and we would be lost
without it. The bus runs twice a day, so no
other place can be reached from here.
Please think again before you close it.
The staff know every family by name, and
that is worth more than a new building.
Nobody has asked the midwives or the school
what they think of the plan. We were told
in March that nothing had been decided yet.
I hope that common sense will win. Thank you.""".splitlines()
QR = zxingcpp.BarcodeFormat.QRCode
FACE = "/usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf"


def letter(dpi: int = 150, *, lines=LETTER, points: float = 12, ink=(0, 0, 0), paper=(255, 255, 255)) -> Image.Image:
    """A sheet of A5 with some typed lines."""
    sheet = Image.new("RGB", (round(5.83 * dpi), round(8.27 * dpi)), paper)
    draw = ImageDraw.Draw(sheet)
    try:
        face = ImageFont.truetype(FACE, points * dpi / 72)
    except OSError:
        face = ImageFont.load_default(points * dpi / 72)
    for number, line in enumerate(lines):
        draw.text((0.8 * dpi, (1 + number * points * 1.5 / 72) * dpi), line, font=face, fill=ink)
    return sheet


def read(image: Image.Image, dpi: float = 150) -> Part:
    return ocr.page_part(raster.page_of(image, dpi), 0, "image/png")


def wrong(part: Part, truth=LETTER) -> float:
    """The share of the words that are not found, or not there."""
    return 1 - recognise.agreement(part.text, " ".join(truth))


def turned(image: Image.Image, degrees: int) -> Image.Image:
    """Turned clockwise."""
    ways = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
    return image.transpose(ways[degrees]) if degrees else image


def noisy(image: Image.Image, sigma: float) -> Image.Image:
    values = np.asarray(image.convert("L"), dtype=float)
    values = values + np.random.default_rng(7).normal(0, sigma, values.shape)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("askew", [0.0, 4.0])
def test_a_page_is_read_however_it_lies_and_each_word_stands_where_its_ink_is(degrees, askew):
    """Boxes are those of the page as shown, whatever was done to read it."""
    page = turned(letter().convert("L").rotate(askew, Image.Resampling.BICUBIC, fillcolor=255), degrees)
    part = read(page)
    assert wrong(part) < 0.02
    assert part.turned == (360 - degrees) % 360
    left = np.asarray(page) < 128
    whole = left.sum()
    for word in part.words:
        x0, top, x1, bottom = (round(edge * 150 / 72) for edge in (word.x0, word.top, word.x1, word.bottom))
        assert left[top:bottom, x0:x1].any() or not word.text.isalnum()
        left[max(0, top - 1) : bottom + 1, max(0, x0 - 1) : x1 + 1] = False
    assert left.sum() < 0.01 * whole
    assert min(min(word.x0, word.top) for word in part.words) >= 0
    assert max(word.x1 for word in part.words) <= part.width
    assert max(word.bottom for word in part.words) <= part.height


@given(
    turn=st.sampled_from([0, 90, 180, 270]),
    askew=st.floats(-8, 8),
    scale=st.floats(0.3, 3),
    x=st.integers(5, 190),
    y=st.integers(5, 90),
)
@settings(max_examples=60, deadline=None)
def test_the_way_back_from_a_view_leads_to_the_same_ink(turn, askew, scale, x, y):
    """Where a view shows a dot, the page has it."""
    page = np.full((100, 200), 255, dtype=np.uint8)
    page[y - 4 : y + 5, x - 4 : x + 5] = 0
    view = View(page, np.eye(3)).turned(turn).straightened(askew, scale)
    rows, columns = np.nonzero(view.pixels < 128)
    if not rows.size:  # a dot at the edge, made very small
        return
    x0, top, x1, bottom = view.on_page((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    spare = 1.5 / scale + 1.5
    assert abs((x0 + x1) / 2 - (max(0, x - 4) + min(200, x + 5)) / 2) < spare + 2
    assert abs((top + bottom) / 2 - (max(0, y - 4) + min(100, y + 5)) / 2) < spare + 2


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_how_a_page_lies_is_seen_before_anything_is_read(degrees):
    page = turned(letter().convert("L").rotate(-2, Image.Resampling.BICUBIC, fillcolor=255), degrees)
    lie = upright.lie_of(ink.marks_of(Copies.of(page)))
    assert lie.turn == (360 - degrees) % 360
    assert lie.askew == pytest.approx(-2, abs=0.3)


def test_a_short_note_on_its_head_is_read_the_right_way_up():
    """Too few letters to see how they lie: they are read in each direction."""
    part = read(turned(letter(lines=["Please keep it open"], points=20), 180))
    assert (part.text, part.turned) == ("Please keep it open", 180)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_what_frames_a_letter_is_found_however_the_page_lies(degrees):
    """The words' places are those of the page as shown, and the frame is looked for as if it lay upright."""
    whole = ["Dear Sir or Madam,", "", *LETTER, "", "Yours faithfully,", "Mary Smith"]
    upright_page, lying = (zoned(read(turned(letter(lines=whole), angle))) for angle in (0, degrees))
    assert lying.turned == 360 - degrees
    assert [mark.kind for mark in upright_page.marks] == [mark.kind for mark in lying.marks]
    assert {mark.kind for mark in lying.marks} >= {"greeting", "closing"}


@pytest.mark.parametrize(("ink_", "paper"), [
    ((0, 0, 0), (250, 225, 90)), ((0, 0, 0), (110, 170, 230)), ((40, 60, 220), (255, 255, 255)),
    ((190, 30, 40), (255, 255, 255)),
])  # fmt: skip
def test_coloured_paper_and_coloured_ink_are_read(ink_, paper):
    part = read(letter(ink=ink_, paper=paper))
    assert wrong(part) < 0.02
    assert part.confidence > TRANSCRIBE_BELOW


def test_a_red_stamp_hides_no_word():
    stamp = Image.new("RGB", letter().size, "white")
    draw = ImageDraw.Draw(stamp)
    draw.rectangle((250, 180, 640, 330), outline=(220, 50, 60), width=6)
    draw.text((265, 200), "RECEIVED\n4 MAR 2011", font=ImageFont.load_default(50), fill=(220, 50, 60))
    part = read(ImageChops.multiply(letter(), stamp))
    assert wrong(part) < 0.05
    assert part.confidence > TRANSCRIBE_BELOW


def test_a_page_that_the_first_engine_reads_badly_is_read_by_the_second_and_both_are_kept():
    part = read(noisy(letter(100, points=10), 35), 100)
    assert part.engine == "rapidocr"
    assert [other.engine for other in part.others] == ["tesseract"]
    assert part.choice.startswith("Read twice: rapidocr")
    assert wrong(part) < 0.1


def test_the_second_engine_reads_inside_the_sandbox():
    """No network, no file to write, 2 GB, one thread: it needs nothing else, and fetches nothing."""
    page = BytesIO()
    noisy(letter(100, lines=LETTER[:4], points=10), 35).crop((0, 0, 583, 250)).save(page, "PNG", dpi=(100, 100))
    means = find_means("require")
    with means.readers(1, Limits()) as readers:
        [(_, reading)] = readers.read([ReadJob(1, None, page.getvalue(), "image/png")])
    assert isinstance(reading, Reading), reading
    assert reading.parts[0].engine == "rapidocr"
    assert wrong(reading.parts[0], LETTER[:4]) < 0.1


def test_a_clean_page_is_read_once():
    part = read(letter())
    assert (part.engine, part.choice, part.others, part.turned) == ("tesseract", "", [], 0)
    assert part.confidence > 0.9


def test_lines_that_no_word_covers_are_noticed():
    """Tesseract is as sure of a page when it has dropped half of its lines."""
    marks = ink.marks_of(Copies.of(letter().convert("L")))
    assert ink.uncovered(marks, [(0, 0, 900, 1300)]) == 0
    assert ink.uncovered(marks, [(0, 0, 900, 330)]) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("kind", ["picture", "frame", "signature"])
def test_what_is_no_letter_does_not_make_a_page_unsure(kind):
    page = letter().convert("L")
    draw = ImageDraw.Draw(page)
    if kind == "picture":
        shades = np.random.default_rng(1).normal(128, 60, (20, 30)).clip(0, 255).astype(np.uint8)
        page.paste(Image.fromarray(shades).resize((400, 250), Image.Resampling.BICUBIC), (100, 800))
    elif kind == "frame":
        draw.rectangle((20, 20, 850, 1200), outline=0, width=5)
    else:
        hand = random.Random(3)
        draw.line([(120 + 6 * n, 750 + hand.randint(-25, 25)) for n in range(50)], fill=60, width=3)
    part = read(page)
    assert wrong(part) < 0.05
    assert part.confidence > TRANSCRIBE_BELOW


def test_what_nobody_could_read_is_a_hint_for_a_person():
    """Scribbling is ink, and no engine may be sure of it."""
    hand = random.Random(5)
    page = Image.new("L", (875, 620), 255)
    draw = ImageDraw.Draw(page)
    for top in range(150, 500, 60):
        draw.line([(100 + 7 * n, top + hand.randint(-16, 16)) for n in range(90)], fill=40, width=3)
    assert read(page).confidence < TRANSCRIBE_BELOW


def test_an_empty_reading_of_a_page_with_ink_is_never_sure(monkeypatch):
    monkeypatch.setattr(recognise.tesseract, "read", lambda *_, **__: [])
    monkeypatch.setattr(recognise.second, "read", lambda *_: [])
    part = read(letter())
    assert (part.text, part.confidence) == ("", 0.0)
    assert ocr.needs_of(part) == {"transcription"}


def test_a_second_engine_that_fails_costs_nothing(monkeypatch):
    def broken():
        raise RuntimeError("out of memory")

    monkeypatch.setattr(recognise.second, "_engine", broken)
    page = BytesIO()
    noisy(letter(100, points=10), 30).save(page, "PNG", dpi=(100, 100))
    part = read(Image.open(page), 100)
    assert part.engine == "tesseract"


def test_a_code_on_a_page_is_no_word() -> None:
    """The squares of somebody's QR code are not read: the letter beside it is, and a page of nothing else has no text,
    so that a person looks at it."""
    code = Image.fromarray(np.array(zxingcpp.create_barcode("https://example.org", QR).to_image(scale=6)))
    with_letter, alone = letter(), Image.new("RGB", letter().size, "white")
    for sheet in (with_letter, alone):
        sheet.paste(code.convert("RGB"), (250, 900))
    part = read(with_letter)
    assert wrong(part) == 0
    assert [found.text for found in part.codes] == ["https://example.org"]
    part = read(alone)
    assert (part.text, len(part.codes), ocr.needs_of(part)) == ("", 1, {"transcription"})
