"""Laying a scanned page of a form straight: from its pixels to the place of each box on the printed page.

By the black marks in the corners, which the page's code helps to find; by the code alone where marks are missing; by
the printed words where the form has neither. What comes out is the page in grey at ``DPI``, as printed.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from intake.reading.formlayout import LayoutPage, LayoutWord, word_key
from intake.reading.parts import Word
from intake.reading.raster import POINTS

DPI = 200.0
_FROM_POINTS = DPI / POINTS
_MARK_MM = 5.0
_PX_PER_MM = DPI / 25.4
_MARK_REACH = 15 * _PX_PER_MM
_MAX_CODE_ERROR = 2.0 * _PX_PER_MM
_FIT_POINTS = 5.0
_MIN_WORDS = 12
_STRETCH = (0.5, 2.0)
_MAX_SKEW = 0.06
_MAX_CANDIDATES = 4
_SPREAD = 0.6

Array = NDArray[Any]
Matrix = NDArray[np.float64]


class Straight(NamedTuple):
    """A page laid straight: its picture at ``DPI``, and the matrix that takes the scan's pixels to it."""

    grey: Array
    matrix: Matrix

    def back(self, edges: tuple[float, float, float, float], points: float) -> tuple[float, float, float, float]:
        """Where a box of the straight page (in its pixels) stands on the page as shown; ``points`` is the size of the
        scan's pixels."""
        x0, top, x1, bottom = edges
        corners = np.array([[[x0, top], [x1, top], [x1, bottom], [x0, bottom]]], np.float64)
        moved = cv2.perspectiveTransform(corners, np.linalg.inv(self.matrix))[0] * points
        left, up = moved.min(axis=0)
        right, down = moved.max(axis=0)
        return round(float(left), 2), round(float(up), 2), round(float(right), 2), round(float(down), 2)


def straightened(grey: Array, matrix: Matrix, page: LayoutPage) -> Straight:
    """The page as printed, by a matrix that takes the scan's pixels to its points at ``DPI``."""
    size = (round(page.width * _FROM_POINTS), round(page.height * _FROM_POINTS))
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if scale < 0.7:
        grey = cv2.GaussianBlur(grey, (0, 0), 0.4 / scale)
    flat = cv2.warpPerspective(grey, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
                               borderValue=(255,))  # fmt: skip
    return Straight(flat, matrix)


def code_corners(grey: Array, said: str) -> Array | None:
    """The corners of the code that says this, clockwise from its own top left, in pixels."""
    import zxingcpp

    for seen in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])):
        if seen.text == said:
            at = seen.position
            corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
            return np.array([[corner.x, corner.y] for corner in corners], np.float64)
    return None


def by_marks(grey: Array, corners: Array, page: LayoutPage) -> Matrix | None:
    """The matrix for a page of our own form, by its marks and its code; None if they contradict each other."""
    if page.code is None:
        return None
    x0, top, x1, bottom = page.code
    code = np.array([[x0, top], [x1, top], [x1, bottom], [x0, bottom]], np.float64) * _FROM_POINTS
    rough: Any = cv2.estimateAffine2D(corners, code)[0]
    if rough is None:
        return None
    first: Matrix = np.vstack([rough, [0.0, 0.0, 1.0]])
    found, wanted = _matched_marks(grey, first, page)
    if len(found) == 4:
        matrix = np.asarray(cv2.getPerspectiveTransform(_f32(found), _f32(wanted)), np.float64)
        if _error(matrix, corners, code) < _MAX_CODE_ERROR:
            return matrix
        return None
    near = [*found, *(tuple(corner) for corner in corners)]
    there = np.array([*wanted, *map(tuple, code)], np.float64)
    better: Any = cv2.estimateAffine2D(np.array(near, np.float64), there)[0]
    return first if better is None else np.vstack([better, [0.0, 0.0, 1.0]])


def _f32(points: Sequence[Any]) -> Array:
    return np.array(points, np.float32)


def _error(matrix: Matrix, points: Array, wanted: Array) -> float:
    moved = cv2.perspectiveTransform(points[None], matrix)[0]
    return float(np.abs(moved - wanted).max())


def _matched_marks(grey: Array, rough: Matrix, page: LayoutPage) -> tuple[list[Any], list[Any]]:
    """The marks that were found near the places where the code says that they must be, and these places."""
    candidates = _squares(grey, rough)
    found: list[Any] = []
    wanted: list[Any] = []
    if not len(candidates):
        return found, wanted
    moved = cv2.perspectiveTransform(candidates[None], rough)[0]
    for x, y in page.marks:
        at = np.array([x, y]) * _FROM_POINTS
        distance = np.linalg.norm(moved - at, axis=1)
        nearest = int(distance.argmin())
        if distance[nearest] < _MARK_REACH:
            found.append(tuple(candidates[nearest]))
            wanted.append(tuple(at))
    return found, wanted


def _squares(grey: Array, rough: Matrix) -> Array:
    """The middles of all black squares of about the size of a mark."""
    side = _MARK_MM * _PX_PER_MM / float(np.sqrt(abs(np.linalg.det(rough[:2, :2]))))
    smooth = cv2.GaussianBlur(grey, (0, 0), max(0.8, side / 30))
    _, dark = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, _, stats, middles = cv2.connectedComponentsWithStats(dark)
    good = []
    for n in range(1, count):
        _, _, width, height, area = stats[n]
        if 0.6 * side < width < 1.7 * side and 0.6 * side < height < 1.7 * side and 0.55 * side**2 < area:
            turned = area / (width * height)
            if turned > 0.7 and area < 1.5 * side**2:
                good.append(middles[n])
    return np.array(good, np.float64).reshape(-1, 2)


class WordFit(NamedTuple):
    """How well a page's words stand where a form's words stand: the matrix from points to points (as shown → as
    printed), and what share of the form's words fit."""

    matrix: Matrix
    share: float


def by_words(words: Sequence[Word], page: LayoutPage) -> WordFit | None:
    """How a page's words fit those of a form, None if they do not at all.

    All pairs of equal words are tried together (RANSAC): what is quoted elsewhere, in other lines, does not fit.
    """
    pairs = _pairs(words, page.words)
    if len(pairs) < _MIN_WORDS:
        return None
    seen = np.array([pair[0] for pair in pairs], np.float64)
    printed = np.array([pair[1] for pair in pairs], np.float64)
    ransac: Any = cv2.estimateAffine2D(
        seen, printed, method=cv2.RANSAC, ransacReprojThreshold=_FIT_POINTS, maxIters=20_000, confidence=0.999
    )
    found, inside = ransac
    if found is None or not _is_a_scan(found):
        return None
    fits = inside.ravel().astype(bool)
    held = {tuple(point) for point in printed[fits]}
    everywhere = np.array([[word.x, word.y] for word in page.words], np.float64)
    reach, whole = np.ptp(np.array(list(held)), axis=0), np.ptp(everywhere, axis=0)
    if len(held) < _MIN_WORDS or (reach < _SPREAD * whole).any():
        return None
    return WordFit(np.vstack([found, [0.0, 0.0, 1.0]]), len(held) / len(page.words))


def _pairs(words: Sequence[Word], printed: Sequence[LayoutWord]) -> list[tuple[Any, Any]]:
    seen: dict[str, list[tuple[float, float]]] = {}
    for word in words:
        if key := word_key(word.text):
            seen.setdefault(key, []).append(((word.x0 + word.x1) / 2, (word.top + word.bottom) / 2))
    often = Counter(word.text for word in printed)
    return [
        (at, (word.x, word.y))
        for word in printed
        if often[word.text] <= _MAX_CANDIDATES
        for at in seen.get(word.text, [])[: 2 * _MAX_CANDIDATES]
    ]


def _is_a_scan(affine: Array) -> bool:
    """Whether an affine map is what a scanner does to a page: turned and scaled, hardly sheared or stretched."""
    across, down = float(np.linalg.norm(affine[:, 0])), float(np.linalg.norm(affine[:, 1]))
    low, high = _STRETCH
    if not (low < across < high and low < down < high) or abs(across / down - 1) > _MAX_SKEW:
        return False
    square = float(affine[:, 0] @ affine[:, 1]) / (across * down)
    return abs(square) < _MAX_SKEW and float(np.linalg.det(affine[:, :2])) > 0
