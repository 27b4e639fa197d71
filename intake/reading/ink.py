"""The marks of ink on a page: how much there is, which have the size of letters, and which of those no word covers."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from intake.reading.copies import Copies
from intake.reading.view import Edges, Picture

_DARK = 0.8
_BLACK = 64
_LONG_SIDE = 1_700  # pixels that are enough to see letters apart: A4 at 145 dpi
_NEARBY = 41  # pixels whose mean is the paper around a pixel
_LEAST_CONTRAST = 16
_CONTRAST_SHARE = 0.35
_SPECK = 5
_PICTURE = 0.68  # the mean beside the brightest: in letters it is higher, nothing is lost; chosen without photographs
_LOWEST, _HIGHEST = 0.45, 3.2
_WIDEST = 8.0


class Marks(NamedTuple):
    """The marks on a page that have the size of letters, each with its box, in pixels of the page; and how high the
    usual one is (about the height of an x), 0 if there are none."""

    boxes: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    height: float


def ink_share(pixels: Picture) -> float:
    """Return the share of pixels that are clearly darker than the paper, which is taken to be the median, 0 to 1."""
    paper = _median(pixels)
    dark = int(paper * _DARK) if paper > _BLACK else _BLACK
    return float(np.count_nonzero(pixels < dark) / pixels.size)


def _median(pixels: Picture) -> int:
    """That of every seventh line, if it is that of all: to count is four times as quick as a histogram."""
    half = pixels.size / 2
    likely = _middle(np.ascontiguousarray(pixels[::7]))
    if np.count_nonzero(pixels < likely) < half <= np.count_nonzero(pixels <= likely):
        return likely
    return _middle(pixels)


def _middle(pixels: Picture) -> int:
    steps = cv2.calcHist([pixels], [0], None, [256], [0, 256]).ravel().astype(float).cumsum()
    return int(np.searchsorted(steps, steps[-1] / 2))


def marks_of(copies: Copies) -> Marks:
    """Find the marks of a page. Pictures, rules, frames and specks are not among them, nor is what runs together."""
    shrink = max(1, -(-max(copies.pixels.shape) // _LONG_SIDE))
    small = copies.smaller(shrink)
    count, _, found, _ = cv2.connectedComponentsWithStats(_inked(small), connectivity=8, ltype=cv2.CV_32S)
    if count < 2:
        return Marks(np.zeros((0, 4)), 0.0)
    found = found[1:]
    found = found[(found[:, 4] >= _SPECK) & ~_in_a_picture(small, found)].astype(float)
    tall = found[:, 3]
    some = tall[(tall >= 3) & (tall <= 150)]
    if not some.size:
        return Marks(np.zeros((0, 4)), 0.0)
    # By area, so that specks and dots, however many, don't say how high a letter is.
    order = np.argsort(some)
    weight = np.cumsum(some[order])
    usual = float(some[order][np.searchsorted(weight, weight[-1] / 2)])
    letters = found[(tall >= _LOWEST * usual) & (tall <= _HIGHEST * usual) & (found[:, 2] <= _WIDEST * usual)]
    boxes = np.column_stack((letters[:, :2], letters[:, :2] + letters[:, 2:4])) * shrink
    return Marks(boxes, usual * shrink)


def _inked(small: Picture) -> Picture:
    """What is darker than the paper around it, as 1; however faint the ink, and whatever the light."""
    paper = cv2.blur(small, (_NEARBY, _NEARBY))
    darker = cv2.subtract(paper, small)
    steps = cv2.calcHist([darker], [0], None, [256], [0, 256]).ravel().cumsum()
    deepest = int(np.searchsorted(steps, 0.995 * steps[-1]))
    least = max(_LEAST_CONTRAST, _CONTRAST_SHARE * deepest)
    return np.asarray(darker > least, dtype=np.uint8)


def _in_a_picture(small: Picture, found: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which marks stand in a picture: around letters most is as bright as the brightest nearby, in a picture little."""
    mean = cv2.blur(small, (_NEARBY, _NEARBY))[::4, ::4]
    brightest = cv2.dilate(small[::4, ::4], np.ones((_NEARBY // 4, _NEARBY // 4), np.uint8))
    dark = mean < _PICTURE * brightest
    return np.asarray(dark[(found[:, 1] + found[:, 3] // 2) // 4, (found[:, 0] + found[:, 2] // 2) // 4])


def uncovered(marks: Marks, words: Sequence[Edges]) -> float:
    """The share of the marks that lie in no word's box, 0 to 1; boxes in pixels of the page."""
    if not len(marks.boxes):
        return 0.0
    right, bottom = marks.boxes[:, 2].max(), marks.boxes[:, 3].max()
    grain = max(1.0, marks.height / 4)
    covered = np.zeros((int(bottom / grain) + 2, int(right / grain) + 2), dtype=bool)
    for x0, top, x1, low in words:
        spare = marks.height / 4
        left, upper = max(0, int((x0 - spare) / grain)), max(0, int((top - spare) / grain))
        covered[upper : int((low + spare) / grain) + 1, left : int((x1 + spare) / grain) + 1] = True
    across = ((marks.boxes[:, 0] + marks.boxes[:, 2]) / 2 / grain).astype(int)
    down = ((marks.boxes[:, 1] + marks.boxes[:, 3]) / 2 / grain).astype(int)
    return float(1 - covered[down, across].mean())
