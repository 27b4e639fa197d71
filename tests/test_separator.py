"""Separator sheets: printed by the command, and known again from a scan, however it lies and however bad it is."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFilter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from intake.reading import dispatch
from intake.reading.codes import find_codes
from intake.reading.sheet import Sheet, read_sheet
from intake.separator import separator_pdf
from tests.support.batches import drawn, page
from tests.support.consultation import Consultation, pdf

SHEET = Sheet("norfolk-childrens-centres-2011", date(2011, 3, 1), "B4", "17", 3, 20)
Worse = Callable[[Image.Image], Image.Image]


def turned(degrees: float) -> Worse:
    return lambda image: image.rotate(degrees, expand=True, fillcolor=255, resample=Image.Resampling.BILINEAR)


def faint(image: Image.Image) -> Image.Image:
    return image.point(lambda value: 200 + value * 40 // 255)


def two_colours(image: Image.Image) -> Image.Image:
    return image.point(lambda value: 255 if value > 128 else 0)


def dithered(image: Image.Image) -> Image.Image:
    return image.convert("1").convert("L")


def noisy(image: Image.Image) -> Image.Image:
    rough = np.asarray(image, dtype=np.int16) + np.random.default_rng(1).normal(0, 40, (image.height, image.width))
    return Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))


def stained(image: Image.Image) -> Image.Image:
    """A coffee ring and a fold through the code."""
    made = image.copy()
    width, height = made.size
    drawing = ImageDraw.Draw(made)
    drawing.ellipse((width * 0.40, height * 0.55, width * 0.52, height * 0.63), fill=90)
    drawing.line((0, height * 0.72, width, height * 0.74), fill=255, width=height // 200)
    return made


def photographed(image: Image.Image) -> Image.Image:
    """Taken with a telephone, from below and aside, blurred."""
    width, height = image.size
    corners = (-width * 0.08, -height * 0.03, 0, height * 1.06, width * 1.02, height, width * 1.1, -height * 0.02)
    seen = image.transform(image.size, Image.Transform.QUAD, corners, Image.Resampling.BILINEAR, fillcolor=255)
    return seen.filter(ImageFilter.GaussianBlur(width / 1000))


TURNED = [pytest.param(turned(degrees), id=f"turned {degrees}") for degrees in (0, 90, 180, 270, 3, -7)]


@pytest.mark.parametrize("dpi", [75, 150, 300])
@pytest.mark.parametrize("worse", [*TURNED, faint, two_colours, dithered, noisy, stained, photographed])
def test_a_scanned_sheet_is_known(dpi: int, worse: Worse) -> None:
    """From 150 to 300 dpi, and below: upside down, sideways, skewed, faint, in black and white, noisy, stained,
    photographed."""
    [image] = drawn(separator_pdf([SHEET], "The future of the centres"), dpi)
    scanned = worse(image)
    [code] = find_codes(scanned, dpi)
    assert read_sheet(code.text) == SHEET
    width, height = scanned.width * 72 / dpi, scanned.height * 72 / dpi
    assert 0 <= code.x0 < code.x1 <= width
    assert 0 <= code.top < code.bottom <= height


def test_the_box_of_a_code_is_where_it_stands() -> None:
    """Its box is in points from the top left of the page as shown."""
    [image] = drawn(separator_pdf([SHEET], "T"), 150)
    [code] = find_codes(image, 150)
    white = image.copy()
    scale = 150 / 72
    inside = [round(edge * scale) for edge in (code.x0 - 4, code.top - 4, code.x1 + 4, code.bottom + 4)]
    ImageDraw.Draw(white).rectangle(inside, fill=255)
    assert find_codes(white, 150) == []
    assert code.x1 - code.x0 == pytest.approx(code.bottom - code.top, rel=0.03)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (3000, 2), (60, 60)])
def test_odd_pictures_have_no_code(size: tuple[int, int]) -> None:
    """A picture of any shape is looked at and nothing is found."""
    assert find_codes(Image.new("L", size, 255), 300) == []
    assert find_codes(Image.effect_noise(size, 100), 300) == []


def test_a_page_of_words_has_no_code() -> None:
    assert find_codes(page("Keep it open.\n" * 20), 100) == []


# --- pages with a text layer ------------------------------------------------------------------------------------------


def codes_of(content: bytes) -> list[list[str]]:
    reading = dispatch.read(content, "application/pdf", {})
    return [[code.text for code in part.codes] for part in reading.parts]  # type: ignore[union-attr]


def test_the_printed_sheet_itself() -> None:
    """The command's own PDF, put between letters without being scanned: its code is drawn, its words are text."""
    assert codes_of(separator_pdf([SHEET], "T")) == [[SHEET.text()]]


def test_a_scan_with_words_laid_over_it() -> None:
    """A searchable PDF, as scanners make them: the code is in the picture under the words."""
    [image] = drawn(separator_pdf([SHEET], "T"), 150)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.drawInlineImage(image, 0, 0, *A4)
    words = canvas.beginText(72, 700)
    words.setTextRenderMode(3)
    words.textLines(
        "SEPARATOR SHEET\nA new letter starts behind this sheet, and this is a line of a hundred characters. " * 2
    )
    canvas.drawText(words)
    canvas.save()
    assert codes_of(out.getvalue()) == [[SHEET.text()]]


def test_typed_pages_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of typed words costs no picture of it."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the page was drawn")

    monkeypatch.setattr(pypdfium2.PdfPage, "render", never)
    assert codes_of(pdf("Keep it open.", "And the bus.")) == [[], []]


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_sheets(place: Consultation) -> None:
    """Each sheet says in large words what it is, when the letters were received, and where they lie; and the same in
    its code. Numbered ones count up to how many there are."""
    done = place.command(
        "separator", "--received", "2011-03-01", "--box", "B4", "--batch", "17", "--count", "3", "--out", "s.pdf"
    )
    assert (done.code, done.out) == (0, "")
    content = (place.folder / "s.pdf").read_bytes()
    reading = dispatch.read(content, "application/pdf", {})
    assert len(reading.parts) == 3  # type: ignore[union-attr]
    for number, part in enumerate(reading.parts, start=1):  # type: ignore[union-attr]
        for words in ("SEPARATOR SHEET", "A new letter starts behind this sheet.", "Received on 1 March 2011",
                      "Box B4, batch 17", f"Sheet {number} of 3"):  # fmt: skip
            assert words in part.text
        assert read_sheet(part.codes[0].text) == Sheet("test", date(2011, 3, 1), "B4", "17", number, 3)
    assert not place.sqlite.exists() or place.receipts() == []


def test_one_sheet_to_copy_goes_to_stdout(place: Consultation) -> None:
    """Without a count it is one sheet, which says that it is to be copied; without a file it is on stdout."""
    command = place.command_line("separator", "--received", "2011-03-01", "--box", "B4")
    import subprocess

    done = subprocess.run(command, capture_output=True, cwd=place.folder, check=True)
    [part] = dispatch.read(done.stdout, "application/pdf", {}).parts  # type: ignore[union-attr]
    assert "Copy this sheet" in part.text
    assert read_sheet(part.codes[0].text) == Sheet("test", date(2011, 3, 1), "B4")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--received", "1 March", "--box", "B4"), "--received"),
        (("--received", "2011-03-01", "--box", "a|b"), "--box"),
        (("--received", "2011-03-01", "--box", "B4", "--count", "0"), "--count"),
        (("--received", "2009-03-01", "--box", "B4"), "--received"),
    ],
)
def test_what_no_sheet_can_say(place: Consultation, options: tuple[str, ...], named: str) -> None:
    """What does not fit, or would not be believed when it is read, is refused before anything is printed."""
    from intake.app import separators
    from intake.errors import ConfigurationError

    said = dict(zip(options[::2], options[1::2], strict=True))
    count = int(said["--count"]) if "--count" in said else None
    with pytest.raises(ConfigurationError, match=named):
        separators(place.path, said["--received"], said["--box"], "", count)


def test_long_words_fit_the_page(tmp_path: Path) -> None:
    """The longest box and batch, and a long title, are on the page whole, and the code is known."""
    long = Sheet("x" * 60, date(2011, 3, 1), "W" * 40, "M" * 40, 9999, 9999)
    reading = dispatch.read(separator_pdf([long], "A consultation about " * 8), "application/pdf", {})
    [part] = reading.parts  # type: ignore[union-attr]
    assert all(word.x0 >= 0 and word.x1 <= A4[0] for word in part.words)
    [image] = drawn(separator_pdf([long], "T"), 150)
    [code] = find_codes(noisy(image), 150)
    assert read_sheet(code.text) == long
