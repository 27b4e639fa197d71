"""The machine-readable codes (QR, ISO/IEC 18004) on a picture of a page, by zxing-cpp, whichever way up it lies.

Codes that somebody meant to be scanned are large, so the page is looked at in three small copies: of A4, about 60, 100
and 150 dots per inch. That takes 10 ms of A4 at 300 dpi, where the whole page would take 25, and noise, dirt and
dithering are gone from it: at 60 dpi a separator sheet is still known under noise that hides it at 100 and 150.
Only where one of them shows a code that can't be read is the whole picture tried.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from intake.reading.clean import clean
from intake.reading.copies import Copies
from intake.reading.parts import Code
from intake.reading.raster import POINTS
from intake.reading.view import Picture

_LONG_SIDES = (700, 1_200, 1_800)
_MAX_LONG_SIDE = 5_000
_MAX_CODES = 20
_MAX_CHARACTERS = 4_000


def find_codes(grey: Image.Image, dpi: float) -> list[Code]:
    """The codes on a page, each once, from the top.

    Args:
        grey: the page (mode L).
        dpi: its resolution, for the boxes.
    """
    return codes_in(Copies.of(grey), dpi)


def codes_in(copies: Copies, dpi: float) -> list[Code]:
    """The same of a page whose smaller copies are wanted for more than this."""
    points = POINTS / dpi
    hidden = False
    for picture in _sizes(copies, _LONG_SIDES):
        found, damaged = _look(picture, copies, points)
        if found:
            return found
        hidden = hidden or damaged
    if hidden:
        for picture in _sizes(copies, (_MAX_LONG_SIDE,)):
            return _look(picture, copies, points)[0]
    return []


def _sizes(copies: Copies, sides: tuple[int, ...]) -> Iterator[Picture]:
    """The page in sizes of about so many pixels, each size once; a small one is enlarged at most to twice its size."""
    seen = set()
    longest = max(copies.pixels.shape)
    for side in sides:
        factor = 0 if longest * 2 <= side else max(1, round(longest / side))
        if factor not in seen:
            seen.add(factor)
            yield copies.smaller(factor) if factor else _twice(copies.pixels)


def _twice(pixels: Picture) -> Picture:
    height, width = pixels.shape
    grey = Image.fromarray(pixels)
    return np.asarray(grey.resize((width * 2, height * 2), Image.Resampling.BICUBIC))


def _look(picture: Picture, copies: Copies, points: float) -> tuple[list[Code], bool]:
    """The codes of a copy of the page, and whether there is one that can't be read."""
    import zxingcpp  # only where there are pictures of pages

    seen = zxingcpp.read_barcodes(
        picture,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        try_downscale=False,
        try_invert=False,
        return_errors=True,
    )
    points *= copies.pixels.shape[1] / picture.shape[1]
    sound = [code for code in seen if code.valid and code.text][:_MAX_CODES]
    codes = [_code(code, points) for code in sound]
    return sorted(codes, key=lambda code: (code.top, code.x0)), len(sound) < len(seen)


def _code(seen: Any, points: float) -> Code:
    place = seen.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    across, down = [corner.x * points for corner in corners], [corner.y * points for corner in corners]
    edges = (round(edge, 2) for edge in (min(across), min(down), max(across), max(down)))
    text, _ = clean(seen.text[:_MAX_CHARACTERS])
    return Code(text, *edges)
