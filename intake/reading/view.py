"""A page's picture as an engine reads it (turned, straightened, another size) and the way back to the page as shown.

Pixels are counted from the top left; a matrix takes homogeneous coordinates of this view to pixels of the page.
"""

from math import cos, radians, sin
from typing import NamedTuple, Self

import cv2
import numpy as np

Picture = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Edges = tuple[float, float, float, float]

cv2.setNumThreads(1)  # all cores are busy with other pages
_QUARTERS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class View(NamedTuple):
    """Grey pixels, and the matrix from them back to the pixels of the page."""

    pixels: Picture
    back: Matrix

    @classmethod
    def of(cls, pixels: Picture) -> Self:
        """The page itself."""
        return cls(pixels, np.eye(3))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def grain(self) -> float:
        """How many pixels of the page one of this view is wide."""
        return float(np.hypot(self.back[0, 0], self.back[1, 0]))

    def turned(self, degrees: int) -> "View":
        """Turned clockwise by 0, 90, 180 or 270 degrees: exact, no pixel changes."""
        if not degrees:
            return self
        width, height = self.size
        undo = {
            90: [[0, 1, 0], [-1, 0, height], [0, 0, 1]],
            180: [[-1, 0, width], [0, -1, height], [0, 0, 1]],
            270: [[0, -1, width], [1, 0, 0], [0, 0, 1]],
        }[degrees]
        return View(_picture(cv2.rotate(self.pixels, _QUARTERS[degrees])), self.back @ np.array(undo, float))

    def straightened(self, degrees: float, scale: float = 1.0) -> "View":
        """Turned clockwise by a few degrees (negative: the other way) and made larger, nothing cut off."""
        if not degrees:
            return self.scaled(scale)
        width, height = self.size
        across, along = cos(radians(degrees)) * scale, sin(radians(degrees)) * scale
        to = (round(width * abs(across) + height * abs(along)), round(width * abs(along) + height * abs(across)))
        there = np.array([[across, -along, 0.0], [along, across, 0.0], [0.0, 0.0, 1.0]])
        centre = there @ np.array([width / 2, height / 2, 1.0])
        there[0, 2], there[1, 2] = to[0] / 2 - centre[0], to[1] / 2 - centre[1]
        paper = float(np.median(self.pixels[::8, ::8]))
        pixels = cv2.warpAffine(self.pixels, there[:2], to, flags=cv2.INTER_CUBIC, borderValue=paper)
        return View(_picture(pixels), self.back @ np.linalg.inv(there))

    def scaled(self, factor: float) -> "View":
        """Larger or smaller."""
        width, height = self.size
        to = (max(1, round(width * factor)), max(1, round(height * factor)))
        if to == (width, height):
            return self
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        pixels = _picture(cv2.resize(self.pixels, to, interpolation=how))
        return View(pixels, self.back @ np.diag([width / to[0], height / to[1], 1.0]))

    def cleaned(self) -> "View":
        """Without grain and specks: each pixel the median of the nine around it. Thin strokes go with them."""
        return View(_picture(cv2.medianBlur(self.pixels, 3)), self.back)

    def cut(self, left: int, top: int, right: int, bottom: int) -> "View":
        """A part of it, in its pixels."""
        move = np.array([[1.0, 0.0, left], [0.0, 1.0, top], [0.0, 0.0, 1.0]])
        return View(np.ascontiguousarray(self.pixels[top:bottom, left:right]), self.back @ move)

    def on_page(self, edges: Edges) -> Edges:
        """The upright box on the page that holds a box of this view: left, top, right, bottom."""
        x0, top, x1, bottom = edges
        corners = self.back @ np.array([[x0, x1, x0, x1], [top, top, bottom, bottom], [1.0] * 4])
        across, down = corners[0] / corners[2], corners[1] / corners[2]
        return float(across.min()), float(down.min()), float(across.max()), float(down.max())


def _picture(pixels: object) -> Picture:
    return np.asarray(pixels, dtype=np.uint8)
