"""A page of a PDF as a picture, by PDFium: at the resolution of the scan that it shows, else at 300 dpi.

A page that one scan covers comes out as that scan's own pixels: drawn at exactly its size, PDFium copies them, and
what the file says of them (turned, cropped, inverted, masked, CMYK) is already as a person sees it.
"""

import ctypes
from math import hypot, sqrt
from typing import Any, NamedTuple, cast

import pypdfium2
from PIL import Image

POINTS = 72.0
_DPI = 300.0
_FINEST_DPI = 600.0
_MAX_OWN_DPI = 4_800.0
_MAX_PIXELS = 40_000_000  # A4 at 600 dpi has 35 million
_REDUCED_PIXELS = 25_000_000
_COVERS = 0.9
_COUNTS = 0.1
_EXACT = 0.005
_MAX_OBJECTS = 500
_MAX_DEPTH = 3
_IMAGE, _FORM = 3, 5  # FPDF_PAGEOBJ_IMAGE, FPDF_PAGEOBJ_FORM
_GREY_BITS = 8


class Scan(NamedTuple):
    """A picture on a page: its pixels across and down as shown, the dots per inch that makes of them, how much of the
    page it covers, 0 to 1, and whether it may have colours."""

    across: int
    down: int
    dpi: float
    share: float
    colour: bool


class NotDrawn(Exception):
    """PDFium can't draw the page."""


def draw(page: Any, dpi: float | None = None, *, colour: bool = True) -> tuple[Image.Image, float]:
    """Draw a page; what comes back are the picture, grey or in colours, and its dots per inch.

    Args:
        page: PDFium's.
        dpi: None for that of the scan that it shows, or the best for reading.
        colour: whether colours are wanted where there may be any.

    Raises:
        NotDrawn: it can't be drawn.
    """
    width, height = page.get_size()
    if not (width > 0 and height > 0 and width * height < float("inf")):
        raise NotDrawn
    scans = pictures(page) if dpi is None else []
    whole = scans[0] if len(scans) == 1 and scans[0].share >= _COVERS else None
    if dpi is None:
        own = [scan.dpi for scan in scans if scan.share >= _COUNTS]
        dpi = whole.dpi if whole is not None else max([_DPI, *own])
        dpi = min(dpi, max(_FINEST_DPI, _DPI)) if whole is None else dpi
    across, down = width * dpi / POINTS, height * dpi / POINTS
    if across * down > _MAX_PIXELS:
        shrink = sqrt(_REDUCED_PIXELS / (across * down))
        across, down, whole = across * shrink, down * shrink, None
    size = (max(1, round(across)), max(1, round(down)))
    if whole is not None and _near(size[0], whole.across) and _near(size[1], whole.down):
        size = (whole.across, whole.down)
    grey = not colour or not (any(scan.colour for scan in scans) if scans else True)
    return _render(page, size, grey=grey), size[0] * POINTS / width


def pictures(page: Any) -> list[Scan]:
    """The pictures of a page, the one that covers most of it first; none if it has too many things on it to look."""
    raw = pypdfium2.raw
    if raw.FPDFPage_CountObjects(page) > _MAX_OBJECTS:
        return []
    found: list[Scan] = []
    try:
        for thing in page.get_objects(filter=(_IMAGE,), max_depth=_MAX_DEPTH):
            scan = _scan(thing, page)
            if scan is not None:
                found.append(scan)
            if len(found) > _MAX_OBJECTS:
                return []
    except pypdfium2.PdfiumError:
        return []
    return sorted(found, key=lambda scan: -scan.share)


def lacks_a_picture(page: Any) -> bool:
    """Whether a picture of a page can't be unpacked: PDFium leaves it out without a word."""
    try:
        for thing in page.get_objects(filter=(_IMAGE,), max_depth=_MAX_DEPTH):
            thing.get_bitmap().close()
    except pypdfium2.PdfiumError:
        return True
    return False


def _scan(image: Any, page: Any) -> Scan | None:
    raw = pypdfium2.raw
    width, height = page.get_size()
    pixels, lines = image.get_px_size()
    details = raw.FPDF_IMAGEOBJ_METADATA()
    if not raw.FPDFImageObj_GetImageMetadata(image, page, details):
        return None
    placing = image.get_matrix()
    wide, high = hypot(placing.a, placing.b), hypot(placing.c, placing.d)
    if not (wide > 0 and high > 0):
        return None
    across, down = pixels * POINTS / wide, lines * POINTS / high
    if not (0 < across < _MAX_OWN_DPI and 0 < down < _MAX_OWN_DPI):
        return None
    turned = (page.get_rotation() in (90, 270)) != (abs(placing.b) > abs(placing.a))
    placed = [wide, high]
    if turned:
        pixels, lines = lines, pixels
        placed.reverse()
    share = min(1.0, placed[0] / width) * min(1.0, placed[1] / height)
    return Scan(
        pixels, lines, max(across, down), share, details.bits_per_pixel > _GREY_BITS or details.bits_per_pixel == 0
    )


def _near(drawn: int, own: int) -> bool:
    return abs(drawn - own) <= max(2, _EXACT * own)


def _render(page: Any, size: tuple[int, int], *, grey: bool) -> Image.Image:
    raw = pypdfium2.raw
    kind, mode, depth = (raw.FPDFBitmap_Gray, "L", 1) if grey else (raw.FPDFBitmap_BGR, "RGB", 3)
    stride = (size[0] * depth + 3) // 4 * 4
    buffer = (ctypes.c_ubyte * (stride * size[1]))()
    bitmap = raw.FPDFBitmap_CreateEx(*size, kind, buffer, stride)
    if not bitmap:
        raise NotDrawn
    try:
        raw.FPDFBitmap_FillRect(bitmap, 0, 0, *size, 0xFFFFFFFF)
        raw.FPDF_RenderPageBitmap(bitmap, page, 0, 0, *size, 0, raw.FPDF_ANNOT)
    finally:
        raw.FPDFBitmap_Destroy(bitmap)
    return Image.frombuffer(mode, size, cast(bytes, buffer), "raw", "L" if grey else "BGR", stride, 1)
