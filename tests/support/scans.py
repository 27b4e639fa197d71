"""Scans as scanners, telephones and copiers make them: a letter drawn as a picture, packed in each of their ways."""

import io
from collections.abc import Sequence

from PIL import ExifTags, Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

LETTER = (
    "12 Mill Lane", "Watton", "IP25 6AB", "", "Dear Sir or Madam,", "",
    "I want to keep the centre open because", "my children go there every week.", "", "Yours faithfully,", "A Resident",
)  # fmt: skip
POSTCODE = "IP25 6AB"
DPI = 150


def sheet(lines: Sequence[str] = LETTER, dpi: int = DPI, paper: int = 255) -> Image.Image:
    """A page of A4 with these lines, printed at 12 points and half as much again between them."""
    page = Image.new("L", (round(A4[0] * dpi / 72), round(A4[1] * dpi / 72)), paper)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(round(12 * dpi / 72))
    for number, line in enumerate(lines):
        draw.text((dpi, dpi + number * round(18 * dpi / 72)), line, font=font, fill=0)
    return page


def bilevel(lines: Sequence[str] = LETTER, dpi: int = DPI) -> Image.Image:
    """The same in black and white, as a fax or a scanner's G4 has it."""
    return sheet(lines, dpi).point(lambda value: 255 * (value > 128)).convert("1")


def saved(image: Image.Image, kind: str, **more: object) -> bytes:
    """A picture as a file of Pillow's kind."""
    out = io.BytesIO()
    image.save(out, kind, **more)  # type: ignore[arg-type]  # each kind has its own
    return out.getvalue()


def tiff(*pages: Image.Image, dpi: int = DPI, **more: object) -> bytes:
    """A TIFF of these pages."""
    first, *others = pages
    return saved(first, "TIFF", save_all=True, append_images=others, dpi=(dpi, dpi), **more)


def photo(page: Image.Image, orientation: int, dpi: int = DPI) -> bytes:
    """A JPEG whose pixels lie as the camera was held; its EXIF orientation says how to turn them (6: clockwise)."""
    turn = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    kept = turn[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return saved(page if kept is None else page.transpose(kept), "JPEG", exif=exif, dpi=(dpi, dpi), quality=90)


def scanned_pdf(*pages: Image.Image, rotate: int = 0) -> bytes:
    """A PDF whose pages are these pictures. ``rotate``: the pictures lie turned in it, and /Rotate turns them back."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    for page in pages:
        lying = page.rotate(rotate, expand=True)  # counter-clockwise, as /Rotate is clockwise
        size = A4 if rotate % 180 == 0 else (A4[1], A4[0])
        canvas.setPageSize(size)
        canvas.setPageRotation(rotate)
        canvas.drawImage(ImageReader(lying), 0, 0, *size)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def cropped_pdf(lines: Sequence[str] = LETTER) -> bytes:
    """A typed PDF of which a crop box shows the middle alone."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setCropBox((50, 250, 500, 800))
    text = canvas.beginText(90, 700)
    text.textLines("\n".join(lines))
    canvas.drawText(text)
    canvas.showPage()
    canvas.save()
    return out.getvalue()
