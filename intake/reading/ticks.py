"""What is on the boxes of a form that was laid straight: ticks, crosses, filled, circled and scribbled boxes, writing.

Everything is measured in ink that stands out from the paper around it, in millimetres, so that resolution and paper do
not matter. What is not clearly one thing is ``unsure``: a person looks. Figures: ``make accuracy``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from intake.reading.boxink import MM, SPECK_MM2, Edges, cut, darkness, grown, is_speck, measured, pixels, without_specks
from intake.reading.formlayout import MASK_POINTS, LayoutBox, LayoutPage, unpacked_mask
from intake.reading.parts import BoxState
from intake.reading.raster import POINTS
from intake.reading.register import DPI, Array

_FAINT = 0.12
_NOISES = 5.0
_EDGE_REACH = 2.2 * MM
_EDGE_SHARE = 0.45
_INSIDE = 0.75 * MM
_AROUND = 4.0 * MM
_BAND = 0.95 * MM
_MARK_MM2, _MARK_EXTENT = 0.7, 0.38
_RING_MM2 = 1.0
_FILLED, _DENSE = 0.55, 0.3
_STRUCK_RING_MM2 = 6.0
_SECTORS, _CIRCLE = 16, 11
_TAIL = 0.7
_MOST = 0.75
_STREAK = 1.6 * MM
_WRITTEN_MM2 = 0.5
_STRAY_MM2, _STRAY_EXTENT, _STRAY_TOTAL = 1.5, 2.5, 3.0
_MARGIN = 7 * MM
_HOLES = 22 * MM


class Seen(NamedTuple):
    """What is on a box: in a word, how sure that is, and where the box really stands, in pixels."""

    state: BoxState
    confidence: float
    edges: Edges
    framed: bool


class InkedPage:
    """A straight page with its ink."""

    def __init__(self, grey: Array, page: LayoutPage) -> None:
        """Args:
        grey: the page at ``DPI``.
        page: what is printed on it.
        """
        self.dark = darkness(grey)
        mask = unpacked_mask(page)
        if mask is None:
            self.printed = np.zeros(grey.shape, bool)
        else:
            scale = MASK_POINTS * DPI / POINTS
            rows = np.minimum((np.arange(grey.shape[0]) / scale).astype(int), mask.shape[0] - 1)
            columns = np.minimum((np.arange(grey.shape[1]) / scale).astype(int), mask.shape[1] - 1)
            self.printed = mask[np.ix_(rows, columns)]
        smooth = cv2.GaussianBlur(self.dark, (0, 0), 0.8)
        free = smooth[~self.printed]
        noise = 1.48 * float(np.median(np.abs(free - np.median(free)))) if free.size else 0.0
        self.threshold = min(0.5, max(_FAINT, _NOISES * noise))
        self.ink = smooth > self.threshold
        self._boxes = [(box, pixels(box.edges)) for box in page.boxes]
        self._owner = self._owned()

    def look(self, number: int) -> Seen:
        """What is on a box of the page, by its number."""
        box, expected = self._boxes[number]
        edges, framed = self._framed(expected)
        if box.kind == "written":
            return self._written(box, edges, framed)
        return self._tick(number, box, edges, framed)

    def _framed(self, edges: Edges) -> tuple[Edges, bool]:
        """Where the printed lines around a box really are; as it was expected where they are not seen."""
        x0, top, x1, bottom = edges
        across = self._shift(x0, x1, top, bottom, self.dark)
        down = self._shift(top, bottom, x0, x1, self.dark.T)
        if across is None or down is None:
            return edges, False
        return (x0 + across, top + down, x1 + across, bottom + down), True

    def _shift(self, first: float, second: float, low: float, high: float, dark: Array) -> float | None:
        """By how much two lines that belong together are off the places where they are expected, None if they are not
        there. One line alone may be a pen's; both, at the right distance, hardly are."""
        reach = round(_EDGE_REACH)
        start, end = round(low + MM), round(high - MM)
        left, right = round(first) - reach, round(second) - reach
        width = 2 * reach + 1
        if left < 0 or start < 0 or end - start < MM or right + width > dark.shape[1]:
            return None
        one = (dark[start:end, left : left + width] > self.threshold).mean(axis=0)
        other = (dark[start:end, right : right + width] > self.threshold).mean(axis=0)
        if one.shape != other.shape:
            return None
        both = np.minimum(one, other) - 0.02 * np.abs(np.arange(width) - reach) / MM
        best = int(both.argmax())
        if both[best] < _EDGE_SHARE:
            return None
        near = np.arange(max(0, best - 2), min(width, best + 3))
        weights = np.maximum(both[near], 0.0) ** 2
        return float((weights * near).sum() / weights.sum()) - reach

    def _tick(self, number: int, box: LayoutBox, edges: Edges, framed: bool) -> Seen:
        inner = cut(self.ink, grown(edges, -_INSIDE))
        if inner.size == 0:
            return Seen("unsure", 0.0, edges, framed)
        area, extent, touching, largest = measured(inner)
        area = max(0.0, area - box.blank * inner.size / MM**2)
        share = area * MM**2 / inner.size
        ring_area, sectors, sides = self._ring(edges, number)
        if self._is_streaked(edges):
            state, confidence = "unsure", 0.3
        elif area < SPECK_MM2:
            state, confidence = _outside_alone(ring_area, sectors)
        elif share >= _DENSE and ring_area >= _STRUCK_RING_MM2 * (1.0 if share < _FILLED else 1.3):
            state, confidence = "struck", 0.6
        elif share >= _FILLED:
            state, confidence = "filled", 0.9
        elif area < _MARK_MM2 or extent < _MARK_EXTENT or share < 2 * box.blank:
            state, confidence = ("circled", 0.8) if sectors >= _CIRCLE else ("unsure", 0.4)
        elif extent < _TAIL and len(touching) == 1 and touching <= sides:
            state, confidence = "unsure", 0.4
        else:
            state, confidence = "ticked", round(min(0.99, 0.85 + 0.2 * largest), 2)
        return Seen(state, confidence, edges, framed)  # type: ignore[arg-type]

    def _ring(self, edges: Edges, number: int) -> tuple[float, int, frozenset[str]]:
        """The ink around a box that belongs to it: mm², how many of 16 directions have some, and on which sides."""
        outer = grown(edges, _AROUND)
        left, up = max(0, round(outer[0])), max(0, round(outer[1]))
        around = cut(self._owner, outer)
        window = around == number
        if not window.any():
            return 0.0, 0, frozenset()
        grid: Array = np.indices(window.shape)
        x, y = grid[1] + left, grid[0] + up
        x0, top, x1, bottom = edges
        angles: Array = np.arctan2(y[window] - (top + bottom) / 2, x[window] - (x0 + x1) / 2)
        turned = np.floor((angles + np.pi) / (2 * np.pi) * _SECTORS) % _SECTORS
        sides = {
            name
            for name, there in (
                ("left", window & (x < x0)), ("right", window & (x >= x1)), ("top", window & (y < top)),
                ("bottom", window & (y >= bottom)),
            )
            if there.any()
        }  # fmt: skip
        return float(window.sum()) / MM**2, len(np.unique(turned)), frozenset(sides)

    def _owned(self) -> Array:
        """For each pixel the number of the box to tick that its ink belongs to, -1 for none.

        A piece of ink belongs to the marked box that it begins at, else to the one that most of it is nearest to; what
        joins several boxes (circles that touch) is shared out.
        """
        owner = np.full(self.ink.shape, -1, np.int16)
        ticks = [(n, edges) for n, (box, edges) in enumerate(self._boxes) if box.kind == "tick"]
        count, labels, stats, _ = cv2.connectedComponentsWithStats(self._around(ticks), connectivity=8)
        marked = {n for n, edges in ticks if measured(cut(self.ink, grown(edges, -_INSIDE)))[0] >= _MARK_MM2}
        for n in range(1, count):
            if not is_speck(stats[n]):
                left, top, width, height, _ = (int(value) for value in stats[n])
                rows, columns = np.nonzero(labels[top : top + height, left : left + width] == n)
                y, x = rows + top, columns + left
                owner[y, x] = _owners(y, x, ticks, marked)
        return owner

    def _around(self, ticks: Sequence[tuple[int, Edges]]) -> Array:
        """The ink around the boxes to tick, where nothing is printed."""
        rest = self.ink & ~cv2.dilate(self.printed.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
        near = np.zeros(rest.shape, bool)
        for _, edges in ticks:
            cut(near, grown(edges, _AROUND))[:] = True
        for _, edges in ticks:
            cut(near, grown(edges, _BAND))[:] = False
        around: Array = (rest & near).astype(np.uint8)
        return around

    def _is_streaked(self, edges: Edges) -> bool:
        """Whether a straight line runs through a box and far beyond it: a scanner's, or one that strikes it out."""
        reach = 2.2 * MM
        window = cut(self.ink, grown(edges, reach))
        x0, top, x1, bottom = (round(edge) for edge in grown(edges, -_INSIDE))
        left, up = max(0, round(edges[0] - reach)), max(0, round(edges[1] - reach))
        for ink, low, high in ((window, x0 - left, x1 - left), (window.T, top - up, bottom - up)):
            inside = ink[:, max(0, low) : max(0, high)]
            if inside.size and inside.any(axis=1).mean() > 0.97:
                columns = np.array([np.flatnonzero(row).mean() for row in inside if row.any()])
                if np.ptp(columns) < _STREAK and float(np.median(inside.sum(axis=1))) < _STREAK:
                    return True
        return False

    def _written(self, box: LayoutBox, edges: Edges, framed: bool) -> Seen:
        inner = without_specks(cut(self.ink, grown(edges, -_INSIDE)))
        area = max(0.0, float(inner.sum()) / MM**2 - box.blank * inner.size / MM**2)
        if area < _WRITTEN_MM2 or (box.blank and area < 0.5 * box.blank * inner.size / MM**2):
            return Seen("empty", 0.99, edges, framed)
        return Seen("written", 1.0, edges, framed)

    def stray(self) -> Edges | None:
        """What is written beside all boxes, where nothing is printed: the box around it, None if there is nothing."""
        rest = self.ink & ~cv2.dilate(self.printed.astype(np.uint8), np.ones((27, 27), np.uint8)).astype(bool)
        edge = round(_MARGIN)
        rest[:edge], rest[-edge:], rest[:, :edge], rest[:, -edge:] = False, False, False, False
        for box, edges in self._boxes:
            x0, top, x1, bottom = grown(edges, (6 if box.kind == "tick" else 5) * MM)
            rest[max(0, round(top)) : round(bottom), max(0, round(x0)) : round(x1)] = False
        count, _, stats, _ = cv2.connectedComponentsWithStats(rest.astype(np.uint8), connectivity=8)
        found = [stats[n] for n in range(1, count) if self._is_stray(stats[n])]
        if sum(int(one[4]) for one in found) < _STRAY_TOTAL * MM**2:
            return None
        return (
            float(min(one[0] for one in found)), float(min(one[1] for one in found)),
            float(max(one[0] + one[2] for one in found)), float(max(one[1] + one[3] for one in found)),
        )  # fmt: skip

    def _is_stray(self, stats: Array) -> bool:
        left, top, width, height, area = (int(value) for value in stats)
        if area < _STRAY_MM2 * MM**2 or max(width, height) < _STRAY_EXTENT * MM:
            return False
        across, down = self.ink.shape[1], self.ink.shape[0]
        at_edge = min(left, top, across - left - width, down - top - height) < _HOLES
        is_hole = 0.7 < width / height < 1.4 and area > 0.5 * width * height
        is_fold = min(width, height) < _STREAK / 2 and max(width, height) > 100 * MM
        return not (at_edge and is_hole) and not is_fold


def _owners(y: Array, x: Array, ticks: Sequence[tuple[int, Edges]], marked: set[int]) -> Array:
    """The box that each pixel of a piece of ink belongs to."""
    away: dict[int, Array] = {}
    for n, (x0, top, x1, bottom) in ticks:
        across = np.maximum(0, np.maximum(x0 - x, x - x1))
        distance: Array = np.hypot(across, np.maximum(0, np.maximum(top - y, y - bottom)))
        if distance.min() <= _AROUND:
            away[n] = distance
    begins = [n for n in away if n in marked and away[n].min() <= _BAND + 0.4 * MM]
    if len(begins) == 1 or not away:
        return np.full(len(x), begins[0] if begins else -1)
    numbers = np.array(list(away))
    nearest: Array = numbers[np.argmin(np.stack([away[n] for n in numbers]), axis=0)]
    pixels = {n: int((nearest == n).sum()) for n in numbers}
    most = max(pixels, key=lambda n: pixels[n])
    if pixels[most] >= _MOST * len(x):
        return np.full(len(x), most)
    strangers = [n for n in numbers if pixels[n] < (1 - _MOST) * pixels[most]]
    return np.where(np.isin(nearest, strangers), -1, nearest)


def _outside_alone(ring_area: float, sectors: int) -> tuple[BoxState, float]:
    """What a box with nothing in it is, by the ink around it."""
    if ring_area < _RING_MM2:
        return "empty", 0.99
    return ("circled", 0.85) if sectors >= _CIRCLE else ("unsure", 0.3)
