"""The scans that OCR is measured on: PDFs of pictures, as office scanners write them, made from a fixed seed."""

import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pypdfium2
from PIL import Image
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
    pictures = []
    for each in pages:
        with Image.open(io.BytesIO(each.data)) as image:
            pictures.append(_scan(image.convert("RGB" if image.mode == "RGB" else "L")))
    _bind(path, pictures)


def write_long(path: Path, count: int, scans: int) -> None:
    """A PDF of many pages: every other one printed by a program, the rest scans of 200 dpi, by turns in fax compression
    (G4) and as JPEG. ``scans`` different ones are made, which come again and again."""
    pictures = [_scan(_short_scan(number)) for number in range(scans)]
    _bind(path, [pictures[number // 2 % scans] if number % 2 else _printed(number + 1) for number in range(count)])


def _scan(image: Image.Image) -> bytes:
    """A PDF of one page, which the picture covers: black and white as CCITT G4, grey and colours as JPEG."""
    out = io.BytesIO()
    options = {} if image.mode == "1" else {"quality": _QUALITY}
    image.save(out, "PDF", resolution=image.height * 72 / _A4[1], **options)
    return out.getvalue()


def _printed(number: int) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=_A4, invariant=1)
    for line in range(30):
        canvas.drawString(72, 770 - 22 * line, f"Page {number}, line {line + 1}: there is no bus on a Sunday.")
    canvas.save()
    return out.getvalue()


def _bind(path: Path, pages: Sequence[bytes]) -> None:
    """One PDF of PDFs of one page each."""
    with closing(pypdfium2.PdfDocument.new()) as whole:
        for each in pages:
            with closing(pypdfium2.PdfDocument(each)) as single:
                whole.import_pages(single)
        whole.save(path)


def _short_scan(number: int) -> Image.Image:
    """The upper third of a letter at 200 dpi; the rest stays white, so that a thousand are read in a few minutes."""
    with Image.open(io.BytesIO(page(_set("clean-200"), number).data)) as image:
        grey = image.convert("L")
    white = Image.new("L", grey.size, 255)
    white.paste(grey.crop((0, 0, grey.width, grey.height // 3)))
    return white if number % 2 else white.convert("1", dither=Image.Dither.NONE)


def _set(name: str) -> Set:
    return next(each for each in SETS if each.name == name)
