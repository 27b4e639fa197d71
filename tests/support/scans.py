"""Scans as scanners, telephones and copiers make them: a letter drawn as a picture, packed in each of their ways."""

import io
import struct
from collections.abc import Sequence

from PIL import ExifTags, Image, ImageChops, ImageDraw, ImageFont
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
    image.save(out, kind, **more)
    return out.getvalue()


def tiff(*pages: Image.Image, dpi: int = DPI, **more: object) -> bytes:
    """A TIFF of these pages."""
    first, *others = pages
    return saved(first, "TIFF", save_all=True, append_images=others, dpi=(dpi, dpi), **more)


def g4(lines: Sequence[str] = LETTER, dpi: int = DPI) -> tuple[bytes, tuple[int, int]]:
    """The bare bytes of a page in Group 4 (ITU-T T.6), and its size in pixels. As JBIG2 and PDF have it, 1 is black."""
    page = ImageChops.invert(bilevel(lines, dpi))  # Pillow codes what is bright as the fax's black
    content = saved(page, "TIFF", compression="group4", strip_size=1 << 24)
    with Image.open(io.BytesIO(content)) as image:
        (start,), (length,) = image.tag_v2[273], image.tag_v2[279]  # type: ignore[attr-defined]  # a TIFF's
    return content[start : start + length], page.size


def white_tiff(side: int, dpi: int = 300) -> bytes:
    """A white square of so many pixels as a TIFF in Group 4, made without drawing it: each line is one bit, which says
    that it is as the line before (T.6, 2.2.3)."""
    data = b"\xff" * (-(-side // 8)) + b"\x00\x10\x01\x00\x10\x01"
    entries = [(256, 4, side), (257, 4, side), (258, 3, 1), (259, 3, 4), (262, 3, 0), (273, 4, 8), (277, 3, 1),
               (278, 4, side), (279, 4, len(data))]  # fmt: skip
    place = 8 + len(data) + len(data) % 2
    after = place + 2 + 12 * (len(entries) + 2) + 4
    packed = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    packed += b"".join(struct.pack("<HHII", tag, 5, 1, after) for tag in (282, 283))
    head = struct.pack("<2sHI", b"II", 42, place)
    folder = struct.pack("<H", len(entries) + 2) + packed + struct.pack("<I", 0) + struct.pack("<II", dpi, 1)
    return head + data + b"\0" * (len(data) % 2) + folder


def askew(page: Image.Image) -> Image.Image:
    """A page photographed from the side on a dark table: its edges are not parallel."""
    width, height = page.size
    corners = (-0.12, -0.05, -0.03, 1.05, 1.06, 1.1, 1.1, -0.1)  # x and y, from the top left against the clock
    return page.convert("RGB").transform(
        (width, height), Image.Transform.QUAD,
        tuple(share * side for share, side in zip(corners, (width, height) * 4, strict=True)),
        resample=Image.Resampling.BICUBIC, fillcolor=(70, 50, 40),
    )  # fmt: skip


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
