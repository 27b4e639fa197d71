"""A page as a picture for people: the whole of it, light, for the screen; or a cut-out at the resolution of a scan.

Options:
    page       which page or frame, from 0
    box        [x0, top, x1, bottom]: only this piece, in points from the top left of the page as shown
    size       [width, height] of the page in points as its reading has it: the box is in these
    turned     by how many degrees clockwise the page must be turned to be upright (0, 90, 180, 270); a box is that of
               the unturned page
    attached   of a message: which of its parts the document is, counting those that stand in the message itself
    item       of a message: 0 for itself, n for the n-th message that it carries, in the order of their responses

Whole pages are WebP: of scans in black and white as small as a PNG of 16 greys, of all others smaller, and made in half
the time. Cut-outs are PNG, which every program opens. Colours stay: stamps and pens are seen by them.
"""

from io import BytesIO
from math import sqrt
from typing import Any, Literal

import pypdfium2
from PIL import Image

from intake.reading.parts import Picture, Unreadable
from intake.reading.raster import DAMAGED, POINTS, Shown, TooLarge, flat, on_white, open_scan
from intake.reading.sniff import kind_with_pages
from intake.reading.wire import Options
from intake.reading.within import file_of

LONG_SIDE = 1_400
"""Pixels of a whole page's longer side: 120 an inch of A4, where 10-point print is 16 pixels high and reads well. Who
changes how a page looks counts ``PICTURE_VERSION`` up."""
_QUALITY, _EFFORT = 60, 2
_DPI = 300.0
_MAX_CUT_DPI = 600.0
_MAX_CUT_PIXELS = 9_000_000  # A4 at 300 dpi, just
_MARGIN, _MARGIN_SHARE = 4.0, 0.25
_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
_PICTURES = frozenset({"image/tiff", "image/jpeg", "image/png", "image/gif", "image/heic", "image/heif"})

_OPEN_IT = "Open the original itself: `intake original` gives its bytes."
_NO_PAGES = Unreadable("Files of this kind have no pages to be shown.", _OPEN_IT)
_NO_PAGE = Unreadable("This file has no such page.", "Check the number of the page.")
_DAMAGED = Unreadable("This page is damaged and can't be drawn.", _OPEN_IT)

Box = tuple[float, float, float, float]


def draw(data: bytes, media_type: str, options: Options) -> Picture | Unreadable:
    """Draw a page.

    Args:
        data: the bytes of the original that holds it.
        media_type: of the original.
        options: see above.
    """
    found = file_of(data, media_type, options)
    if isinstance(found, Unreadable):
        return found
    data, media_type = found
    media_type = kind_with_pages(data) or media_type  # what is called .pdf may be a JPEG: it is read as what it is
    number, turned = int(options.get("page", 0)), int(options.get("turned", 0))
    if media_type == "application/pdf":
        shown = _of_pdf(data, number, options)
    elif media_type in _PICTURES:
        shown = _of_scan(data, number, options)
    else:
        return _NO_PAGES
    return shown if isinstance(shown, Unreadable) else _packed(shown, turned, "PNG" if "box" in options else "WEBP")


def _of_pdf(data: bytes, number: int, options: Options) -> Shown | Unreadable:
    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()  # so that what was typed into a form is seen
        if not 0 <= number < len(document):
            return _NO_PAGE
        page = document[number]
        width, height = page.get_size()
        if not width * height > 0:
            return _DAMAGED
        if "box" not in options:
            dpi = min(_DPI, LONG_SIDE * POINTS / max(width, height))
            image = _rendered(page, dpi)  # of whole pixels: a little more than the page
            return Shown(image, (image.width * POINTS / width, image.height * POINTS / height))
        x0, top, x1, bottom = _cut(options, width, height)
        dpi = _cut_dpi(_DPI, x1 - x0, bottom - top)
        image = _rendered(page, dpi, (x0, height - bottom, width - x1, top))
    except (pypdfium2.PdfiumError, ValueError):
        return _DAMAGED
    return Shown(image, (dpi, dpi))


def _rendered(page: Any, dpi: float, off: Box = (0, 0, 0, 0)) -> Image.Image:
    """A page without so many points at its left, bottom, right and top."""
    image: Image.Image = page.render(scale=dpi / POINTS, crop=off).to_pil()
    return image


def _of_scan(data: bytes, number: int, options: Options) -> Shown | Unreadable:
    scan = open_scan(data)
    if isinstance(scan, Unreadable):
        return scan
    if not 0 <= number < scan.frames:
        return _NO_PAGE
    whole = "box" not in options
    try:
        image, (across, down) = scan.shown(number, LONG_SIDE if whole else max(scan.size))
        image = _as_seen(image)
    except TooLarge as error:
        return Unreadable(str(error), _OPEN_IT)
    except DAMAGED:
        return _DAMAGED
    if whole:
        return _sized(image, across, down, LONG_SIDE * max(across, down) / _longest(image, across, down))
    width, height = image.width * POINTS / across, image.height * POINTS / down
    x0, top, x1, bottom = _cut(options, width, height)
    pixels = (x0 * across / POINTS, top * down / POINTS, x1 * across / POINTS, bottom * down / POINTS)
    piece = image.crop((int(pixels[0]), int(pixels[1]), -int(-pixels[2] // 1), -int(-pixels[3] // 1)))
    return _sized(piece, across, down, _cut_dpi(_MAX_CUT_DPI, x1 - x0, bottom - top))


def _longest(image: Image.Image, across: float, down: float) -> float:
    """The longer side in pixels, once they are square."""
    return max(image.width / across, image.height / down) * max(across, down)


def _sized(image: Image.Image, across: float, down: float, dpi: float) -> Shown:
    """With square pixels (a fax has twice as many across as down), and no more of them to the inch than ``dpi``."""
    dpi = min(dpi, max(across, down))
    size = (max(1, round(image.width * dpi / across)), max(1, round(image.height * dpi / down)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BOX if dpi < min(across, down) else Image.Resampling.BICUBIC)
    return Shown(image, (dpi, dpi))


def _as_seen(image: Image.Image) -> Image.Image:
    """The picture in grey or RGB, as it looks on white paper."""
    grey = image.mode in ("1", "L", "LAB") or image.mode.startswith(("I", "F"))
    return flat(image) if grey else on_white(image)


def _cut(options: Options, width: float, height: float) -> Box:
    """What is cut out of a page of this size in points: the box with a little margin, inside the page."""
    x0, top, x1, bottom = map(float, options["box"])
    told_width, told_height = map(float, options.get("size") or (width, height))
    across, down = width / told_width, height / told_height
    margin = _MARGIN + _MARGIN_SHARE * max(0.0, min(x1 - x0, bottom - top))
    left, right = max(0.0, (x0 - margin) * across), min(width, (x1 + margin) * across)
    upper, lower = max(0.0, (top - margin) * down), min(height, (bottom + margin) * down)
    if not (right - left >= 1 and lower - upper >= 1):
        raise ValueError("the box is not on the page")
    return left, upper, right, lower


def _cut_dpi(dpi: float, width: float, height: float) -> float:
    """The resolution of a cut-out of so many points: less where it would have too many pixels."""
    return min(dpi, POINTS * sqrt(_MAX_CUT_PIXELS / (width * height)))


def _packed(shown: Shown, turned: int, kind: Literal["WEBP", "PNG"]) -> Picture:
    image, (across, down) = shown
    width, height = image.width * POINTS / across, image.height * POINTS / down
    if turned in _TURNS:
        image = image.transpose(_TURNS[turned])
        width, height = (height, width) if turned != 180 else (width, height)
    if kind == "PNG" and image.mode != "L" and _is_grey(image):
        image = image.convert("L")
    out = BytesIO()
    if kind == "WEBP":
        image.save(out, "WEBP", quality=_QUALITY, method=_EFFORT)
    else:
        image.save(out, "PNG", dpi=(round(across), round(down)))
    return Picture(
        media_type="image/webp" if kind == "WEBP" else "image/png", content=out.getvalue(),
        across=image.width, down=image.height, width=round(width, 2), height=round(height, 2),
    )  # fmt: skip


def _is_grey(image: Image.Image) -> bool:
    red, green, blue = image.convert("RGB").split()
    return red.tobytes() == green.tobytes() == blue.tobytes()
