"""Batches of letters as a scanner delivers them: sheets that `intake separator` printed, and pages of a few words."""

import io
from collections.abc import Sequence

import pypdfium2
from PIL import Image, ImageDraw, ImageFont

from intake.app import separators
from tests.support.consultation import Consultation

DPI = 100
_A4 = (827, 1169)


def sheets(made: Consultation, count: int | None = None, batch: str = "17") -> bytes:
    """The PDF that ``intake separator`` prints for box B4, of letters received on 1 March."""
    return separators(made.path, "2011-03-01", "B4", batch, count)


def drawn(pdf: bytes, dpi: int = DPI) -> list[Image.Image]:
    """The pages of a PDF as pictures in grey."""
    document = pypdfium2.PdfDocument(pdf)
    return [page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L") for page in document]


def page(words: str = "") -> Image.Image:
    """A scanned page with these lines; without, a blank one."""
    made = Image.new("L", _A4, 255)
    ImageDraw.Draw(made).multiline_text((90, 120), words, fill=0, font=ImageFont.load_default(24), spacing=12)
    return made


def scan(pages: Sequence[Image.Image], kind: str = "TIFF", dpi: int = DPI) -> bytes:
    """The pages as one file: a TIFF of black and white (G4), or a PDF of pictures."""
    out = io.BytesIO()
    if kind == "TIFF":
        flat = [one.point(lambda value: 255 if value > 128 else 0).convert("1") for one in pages]
        flat[0].save(out, "TIFF", save_all=True, append_images=flat[1:], compression="group4", dpi=(dpi, dpi))
    else:
        pages[0].save(out, "PDF", save_all=True, append_images=list(pages[1:]), resolution=dpi)
    return out.getvalue()
