"""The scans that OCR is measured on: PDFs of pictures, as office scanners write them, made from a fixed seed."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdfium2
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from benchmarks.accuracy.sets import SETS, Set, TruePage, page

_A4 = (595.28, 841.89)
_QUALITY = 85
_CLEAN = "clean-300"


def clean_pages(count: int) -> Iterator[TruePage]:
    """Clean upright pages of 300 dpi."""
    return (page(_set(_CLEAN), number) for number in range(count))


def mixed_pages(count: int) -> Iterator[TruePage]:
    """Clean and bad pages by turns; the bad ones of each kind by turns."""
    bad = [each for each in SETS if each.group == "bad"]
    for number in range(count):
        kind, nth = (
            (_set(_CLEAN), number) if number % 2 == 0 else (bad[number // 2 % len(bad)], number // 2 // len(bad))
        )
        yield page(kind, nth)


def write_scans(path: Path, pages: Sequence[TruePage]) -> None:
    """A PDF in which each page is one JPEG, grey or in colour, that covers A4."""
    canvas = Canvas(str(path), pagesize=_A4, invariant=1)
    for each in pages:
        with Image.open(io.BytesIO(each.data)) as image:
            _draw(canvas, _as_jpeg(image))
    canvas.save()


def write_long(path: Path, count: int, scans: int) -> None:
    """A PDF of many pages: every other one printed by a program, the rest scans of 200 dpi, by turns in fax compression
    (G4) and as JPEG. ``scans`` different ones are made, which come again and again."""
    pictures, written = io.BytesIO(), io.BytesIO()
    first, *others = [_short_scan(number) for number in range(scans)]
    first.save(pictures, "PDF", save_all=True, append_images=others, resolution=200)  # "1" as CCITT G4, "L" as JPEG
    canvas = Canvas(written, pagesize=_A4, invariant=1)
    for number in range(0, count, 2):
        for line in range(30):
            words = f"Page {number + 1}, line {line + 1}: there is no bus on a Sunday."
            canvas.drawString(72, 770 - 22 * line, words)
        canvas.showPage()
    canvas.save()
    scanned, printed = pypdfium2.PdfDocument(pictures.getvalue()), pypdfium2.PdfDocument(written.getvalue())
    whole = pypdfium2.PdfDocument.new()
    for number in range(count):
        source, nth = (scanned, number // 2 % scans) if number % 2 else (printed, number // 2)
        whole.import_pages(source, [nth])
    whole.save(path)


def _draw(canvas: Canvas, picture: io.BytesIO) -> None:
    canvas.drawImage(ImageReader(picture), 0, 0, *_A4)
    canvas.showPage()


def _as_jpeg(image: Image.Image) -> io.BytesIO:
    out = io.BytesIO()
    image.convert("RGB" if image.mode == "RGB" else "L").save(out, "JPEG", quality=_QUALITY)
    out.seek(0)
    return out


def _short_scan(number: int) -> Image.Image:
    """The upper third of a letter at 200 dpi; the rest stays white, so that a thousand are read in a few minutes."""
    with Image.open(io.BytesIO(page(_set("clean-200"), number).data)) as image:
        grey = image.convert("L")
    white = Image.new("L", grey.size, 255)
    white.paste(grey.crop((0, 0, grey.width, grey.height // 3)))
    return white if number % 2 else white.convert("1", dither=Image.Dither.NONE)


def _set(name: str) -> Set:
    return next(each for each in SETS if each.name == name)
