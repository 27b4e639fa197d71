"""Whether a page with the code of a separator sheet is that sheet as it was printed, and nothing besides.

Only such a page says all that it has to say in its code. Where its code is not where a sheet has it (it was stuck or
copied onto a letter), or where there is ink beside what is printed (a note, a letter printed over it), its words are
read as those of any page.
"""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
from PIL import Image, ImageDraw

from intake.reading.parts import Code
from intake.reading.raster import POINTS
from intake.reading.sheet import Sheet, read_sheet
from intake.reading.view import Picture

_SHORT_MM, _LONG_MM = 210.0, 297.0
_SIDE_MM = 101.5  # of the code: 98 to 105, by how much it says
_MIDDLE = (0.5, 205.0 / 297.0)
_OFF, _NARROWEST, _WIDEST, _SLANT = 0.1, 0.38, 0.62, 1.3
_TO_CODE_MM = 205.0  # from the upper edge of the paper to the middle of the code
_PRINTED_MM = (
    (-59.0, -59.0, 59.0, 59.0),  # the code
    (-67.0, -194.0, 67.0, -171.0), (-76.0, -172.0, 76.0, -154.0), (-93.0, -159.0, 93.0, -117.0),  # above it
    (-93.0, 59.0, 93.0, 84.0),  # below it
)  # fmt: skip
"""Where something is printed, from the middle of the code, with some 6 mm around it for a sheet that lies askew."""
_EDGE_MM, _SIDE_EDGE_MM = 8.0, 15.0  # shadows, and the holes of a punch
_LOOKED_AT_DPI = 100.0
_BLACK_PERCENT = 2.0  # of a sheet, more is black: its code
_CONTRAST = 0.33
_STROKE_MM, _STROKES_MM2 = 1.8, 3.0
"""Measured: sheets as printed, at 75 to 300 dpi, turned by up to 3 degrees, faint, dithered, noisy, stained: 0.0; with
"2 letters" written on them: 14 and more. At 7 degrees, and photographed from aside, the print leaves 10 to 80."""


def sheet_code(codes: Sequence[Code]) -> Code | None:
    """The code on a page that is a separator sheet's, if there is one."""
    return next((code for code in codes if isinstance(read_sheet(code.text), Sheet)), None)


def is_bare(grey: Image.Image, dpi: float, code: Code) -> bool:
    """Whether a page is a separator sheet as it was printed, whichever way up it lies.

    Args:
        grey: the page (mode L).
        dpi: its resolution.
        code: the sheet's code on it.
    """
    turns = _turns(grey.width * POINTS / dpi, grey.height * POINTS / dpi, code)
    if turns is None:
        return False
    factor = max(1, round(dpi / _LOOKED_AT_DPI))
    small = grey.reduce(factor)
    per_mm = max(small.size) / _LONG_MM
    rest = _without_print(small, code, POINTS / dpi * factor, per_mm, turns)
    paper, print_ = (float(np.percentile(np.asarray(small), share)) for share in (50, _BLACK_PERCENT))
    return _strokes(rest, paper - _CONTRAST * (paper - print_), per_mm) < _STROKES_MM2


def _turns(width: float, height: float, code: Code) -> int | None:
    """By how many right angles, clockwise, the sheet lies turned; None if the code is not where a sheet has it."""
    across, down = code.x1 - code.x0, code.bottom - code.top
    if not (across > 0 and down > 0 and 1 / _SLANT < across / down < _SLANT):
        return None
    if not _NARROWEST < max(across, down) / min(width, height) < _WIDEST:
        return None
    x, y = (code.x0 + code.x1) / 2 / width, (code.top + code.bottom) / 2 / height
    places = (_MIDDLE, (1 - _MIDDLE[1], _MIDDLE[0]), (_MIDDLE[0], 1 - _MIDDLE[1]), (_MIDDLE[1], _MIDDLE[0]))
    fits = [n for n, at in enumerate(places) if abs(x - at[0]) < _OFF and abs(y - at[1]) < _OFF]
    fits = [n for n in fits if (n % 2 == 1) == (width > height)]
    return fits[0] if fits else None


def _without_print(small: Image.Image, code: Code, points: float, per_mm: float, turns: int) -> Image.Image:
    """The page without what is printed on a sheet, and without its edges."""
    made = small.copy()
    paper = int(np.median(np.asarray(small)))
    pen = ImageDraw.Draw(made)
    x, y = (code.x0 + code.x1) / 2 / points, (code.top + code.bottom) / 2 / points
    for box in _PRINTED_MM:
        x0, y0, x1, y1 = (edge * per_mm for edge in _turned(box, turns))
        pen.rectangle((x + x0, y + y0, x + x1, y + y1), fill=paper)
    sides, ends = (_EDGE_MM, _SIDE_EDGE_MM) if turns % 2 else (_SIDE_EDGE_MM, _EDGE_MM)
    width, height = made.size
    for edge in (
        (0, 0, sides * per_mm, height), (width - sides * per_mm, 0, width, height),
        (0, 0, width, ends * per_mm), (0, height - ends * per_mm, width, height),
    ):  # fmt: skip
        pen.rectangle(edge, fill=paper)
    return made


def _turned(box: tuple[float, float, float, float], turns: int) -> tuple[float, float, float, float]:
    for _ in range(turns):
        x0, y0, x1, y1 = box
        box = (-y1, x0, -y0, x1)
    return box


def _strokes(rest: Image.Image, dark_below: float, per_mm: float) -> float:
    """How much of what is left are strokes, in square millimetres: dark, and longer than specks and dots are."""
    dark = (cast(Picture, np.asarray(rest)) < dark_below).astype(np.uint8)
    _, _, found, _ = cv2.connectedComponentsWithStats(dark, connectivity=8, ltype=cv2.CV_32S)
    longest = found[1:, 2:4].max(axis=1, initial=0) if len(found) > 1 else np.zeros(0)
    return float(found[1:, 4][longest >= _STROKE_MM * per_mm].sum()) / per_mm**2
