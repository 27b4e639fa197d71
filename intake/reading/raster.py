"""Pictures into pages: every frame of a TIFF, or a JPEG, PNG, GIF or HEIC, as the page that a person sees, in grey."""

import math
import re
import struct
import warnings
from datetime import datetime
from io import BytesIO
from typing import NamedTuple

from PIL import ExifTags, Image, ImageChops, ImageOps

from intake.reading.parts import Unreadable
from intake.reading.sniff import not_a

MAX_PIXELS = 120_000_000
"""Of one page: A4 at 1,200 dpi has 139 million, at 1,000 dpi 97 million."""
MAX_PAGES = 2_000
POINTS = 72.0
_USUAL_DPI = 300.0
_LONG_SIDE_INCHES = (1.0, 40.0)
_LIKELY_LONG_SIDE_INCHES = 24.0
_A4_LONG_SIDE_INCHES = 11.69
_DPI = (50.0, 2_400.0)
_SQUARE = 1.1
_COLOUR = 60  # apart: the brightest and the darkest colour of a pixel; the noise of a JPEG stays below
_COLOURED_SHARE = 0.0005  # of the pixels of a page; a stamp has 0.005
_SIDEWAYS = frozenset({5, 6, 7, 8})
_FORMATS: tuple[str, ...] = ("TIFF", "JPEG", "PNG", "GIF")
_HEIF = ("HEIF",)
_DATE = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_YEARS = range(1990, 2100)

DAMAGED = (
    OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises on damaged pictures: each decoder its own."""

# The limit is ours, by page and with a sentence; Pillow's is a warning first.
Image.MAX_IMAGE_PIXELS = None


class Page(NamedTuple):
    """A picture as a person sees it: upright, grey, with square pixels; dots per inch, and whether they are a guess.

    ``faded`` is the same with what is coloured faded away (a red stamp, yellow paper), None if nothing on it is.
    """

    grey: Image.Image
    dpi: float
    dpi_assumed: bool
    faded: Image.Image | None = None


class Shown(NamedTuple):
    """A frame as a person sees it, with its colours; how many dots an inch has across and down. Its points are those of
    its ``Page``."""

    image: Image.Image
    dpi: tuple[float, float]


class TooLarge(Exception):
    """A frame that is not unpacked, because it would fill the memory; the message says why, for staff."""


class Scan:
    """A file of pictures, opened but not yet decoded."""

    def __init__(self, image: Image.Image) -> None:
        """Args: image: as Pillow opened it. ``size`` is that of its first frame, in pixels."""
        self._image = image
        # A JPEG of a telephone may carry a second picture and a PNG may move: their first is the page.
        self.size = image.size
        self.frames = min(getattr(image, "n_frames", 1), MAX_PAGES + 1) if image.format == "TIFF" else 1

    def page(self, number: int) -> Page:
        """Decode one frame, numbered from 0.

        Raises:
            TooLarge: it has more pixels than are read.
            OSError and others of ``DAMAGED``: it can't be decoded.
        """
        upright, dpi, _ = self._upright(number)
        return _squared(flat(upright), dpi, faded(upright))

    def shown(self, number: int, enough: int) -> Shown:
        """The same frame to look at. ``enough``: a long side of so many pixels will do, where it is quicker to decode.

        Raises: as ``page``.
        """
        upright, dpi, share = self._upright(number, enough)
        across, down = dpi or (_assumed_dpi(max(upright.size) / share),) * 2
        return Shown(upright, (across * share, down * share))

    def _upright(self, number: int, enough: int | None = None) -> tuple[Image.Image, tuple[float, float] | None, float]:
        """A frame turned as its file says; the resolution that the file names for it, across and down; and which share
        of its pixels, by the side, is left."""
        share = 1.0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self.frames > 1:
                self._image.seek(number)
            width, height = self._image.size
            if width * height > MAX_PIXELS:
                most = f"{MAX_PIXELS // 1_000_000} million"
                raise TooLarge(f"The picture has {width} × {height} pixels, and no more than {most} are read.")
            orientation = self._image.getexif().get(ExifTags.Base.Orientation, 1)
            dpi = _declared_dpi(self._image)
            if enough is not None:  # a JPEG can be decoded at 1/2, 1/4, 1/8
                self._image.draft(None, (min(width, enough), min(height, enough)))
                share = max(self._image.size) / max(width, height)
            upright = ImageOps.exif_transpose(self._image)
        if dpi is not None and orientation in _SIDEWAYS:
            dpi = (dpi[1], dpi[0])
        return upright, dpi, share

    def taken(self) -> str | None:
        """When it was scanned or photographed, by its own clock: ``YYYY-MM-DDTHH:MM:SS`` without zone, or None."""
        try:
            exif = self._image.getexif()
            original = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
            written = original or exif.get(ExifTags.Base.DateTime)
        except DAMAGED:
            return None
        found = _DATE.match(written) if isinstance(written, str) else None
        return local_time(*found.groups()) if found else None


def open_scan(data: bytes) -> Scan | Unreadable:
    """Open a TIFF, JPEG, PNG, GIF or HEIC, whichever of them it is."""
    formats = _FORMATS
    if data[4:8] == b"ftyp":
        import pi_heif  # a telephone's pictures (HEIC): its decoder is loaded only when there is one

        pi_heif.register_heif_opener()
        formats = _HEIF
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scan = Scan(Image.open(BytesIO(data), formats=formats))
    except DAMAGED:
        return Unreadable(not_a("a picture that can be opened", data), "Scan it again, or ask for another copy.")
    if scan.frames > MAX_PAGES:
        return Unreadable(f"This file has more than {MAX_PAGES} pages.", "Split it into several files.")
    return scan


def local_time(year: str, month: str, day: str, hour: str, minute: str, second: str) -> str | None:
    """Return a time without zone as ``YYYY-MM-DDTHH:MM:SS``, or None if it can't be one or is not of 1990-2099."""
    written = f"{year}-{month}-{day}T{hour}:{minute}:{second}"
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return written if moment.year in _YEARS else None


def page_of(image: Image.Image, dpi: float) -> Page:
    """Any picture that stands upright, with square pixels, as a page."""
    return Page(flat(image), dpi, dpi_assumed=False, faded=faded(image))


def flat(image: Image.Image) -> Image.Image:
    """The picture in grey as it looks on white paper: everything that can be seen on it is there."""
    mode = image.mode
    if mode in ("1", "L"):
        return image.convert("L")
    if mode.startswith(("I", "F")):
        return _eight_bit(image)
    if mode == "LAB":
        return image.getchannel(0)
    return on_white(image).convert("L")


def faded(image: Image.Image) -> Image.Image | None:
    """The brightest colour of each pixel, on white paper: black print stays black, while a red stamp and coloured
    paper turn light. None where that changes nothing."""
    if image.mode in ("1", "L", "LA", "La", "LAB") or image.mode.startswith(("I", "F")):
        return None
    red, green, blue = on_white(image).split()
    brightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    colour = ImageChops.subtract(brightest, darkest).histogram()
    return brightest if sum(colour[_COLOUR:]) > _COLOURED_SHARE * sum(colour) else None


def on_white(image: Image.Image) -> Image.Image:
    """The picture in RGB as it looks on white paper."""
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        layers = image.convert("RGBA")
        white = Image.new("RGBA", layers.size, "white")
        return Image.alpha_composite(white, layers).convert("RGB")
    return image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """A picture of 16 or more bits a pixel in 8; how many it has is seen from its brightest pixel."""
    whole = image.convert("F")
    brightest = max(value for value in whole.getextrema() if isinstance(value, float))
    top = 65_535.0 if brightest > 255 else 255.0 if brightest > 1 else 1.0
    return whole.point(lambda value: value * (255.0 / top)).convert("L")


def _squared(grey: Image.Image, dpi: tuple[float, float] | None, brightest: Image.Image | None = None) -> Page:
    """The page with square pixels: a fax has twice as many across as down."""
    if dpi is not None and max(dpi) > _SQUARE * min(dpi):
        across, down = dpi
        best = max(dpi)
        size = (round(grey.width * best / across), round(grey.height * best / down))
        grey, brightest = grey.resize(size), brightest.resize(size) if brightest else None
        dpi = (best, best)
    if dpi is not None:
        return Page(grey, max(dpi), dpi_assumed=False, faded=brightest)
    return Page(grey, _assumed_dpi(max(grey.size)), dpi_assumed=True, faded=brightest)


def _assumed_dpi(long_side: float) -> float:
    """The resolution of a page of so many pixels that names none: 300, or that of A4 where 300 makes no sheet."""
    likely = long_side / _USUAL_DPI <= _LIKELY_LONG_SIDE_INCHES
    return _USUAL_DPI if likely else long_side / _A4_LONG_SIDE_INCHES


def _declared_dpi(image: Image.Image) -> tuple[float, float] | None:
    """The resolution that the file names, or None if it names none or one that makes no sheet of paper."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
        inches = max(image.width / across, image.height / down)
    except (KeyError, ValueError, TypeError, ArithmeticError):
        return None
    low, high = _DPI
    sound = all(math.isfinite(value) and low <= value <= high for value in (across, down))
    shortest, longest = _LONG_SIDE_INCHES
    return (across, down) if sound and shortest <= inches <= longest else None
