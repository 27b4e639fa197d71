"""How a page lies: on its side, on its head, askew; seen from its letters alone, before anything is read.

Letters of one line stand on a line: over their lower edges, seen along it, the page is dark in few places. The upper
edges are less even (x, b, T), so which of the four edges of its letters is the most even says where the page's top is.
"""

from math import radians, tan
from typing import NamedTuple

import numpy as np

from intake.reading.ink import Marks

_STEEPEST = 8.0
_COARSE, _FINE = 0.5, 0.1
_ENOUGH = 25
_MOST = 4_000
_BIN = 0.2

Points = np.ndarray[tuple[int], np.dtype[np.float64]]


class Lie(NamedTuple):
    """``turn`` is by how many degrees clockwise the page must be turned to be upright (a multiple of 90), ``askew`` by
    how many more; ``sure`` how much more even the lines are in this direction than across (1: no more), ``top`` the
    same against the page on its head."""

    turn: int
    askew: float
    sure: float
    top: float


def lie_of(marks: Marks) -> Lie:
    """How a page lies, from its marks."""
    boxes = marks.boxes
    if len(boxes) < _ENOUGH:
        return Lie(0, 0.0, 1.0, 1.0)
    if len(boxes) > _MOST:
        boxes = boxes[:: -(-len(boxes) // _MOST)]
    grain = max(0.5, marks.height * _BIN)
    left, top, right, bottom = (boxes[:, side] for side in range(4))
    middle, level = (left + right) / 2, (top + bottom) / 2
    # Turned clockwise by 90 degrees, what was on the right is below.
    evenness = {
        0: _best(middle, bottom, grain), 180: _best(-middle, -top, grain),
        90: _best(-level, right, grain), 270: _best(level, -left, grain),
    }  # fmt: skip
    turn = max(evenness, key=lambda angle: evenness[angle][0])
    even, askew = evenness[turn]
    across = max(evenness[(turn + 90) % 360][0], evenness[(turn + 270) % 360][0])
    return Lie(turn, askew, even / across, even / evenness[(turn + 180) % 360][0])


def _best(along: Points, down: Points, grain: float) -> tuple[float, float]:
    """How even the edges are in the direction in which they are most, and how many degrees clockwise the page must be
    turned for it to be level."""
    coarse = np.arange(-_STEEPEST, _STEEPEST + _COARSE / 2, _COARSE)
    best = max(coarse, key=lambda angle: _even(along, down, grain, angle))
    fine = best + np.arange(-_COARSE, _COARSE + _FINE / 2, _FINE)
    best = max(fine, key=lambda angle: _even(along, down, grain, angle))
    return _even(along, down, grain, best), float(best)


def _even(along: Points, down: Points, grain: float, degrees: float) -> float:
    level = (down + along * tan(radians(degrees))) / grain
    counts = np.bincount((level - level.min()).astype(np.intp)).astype(float)
    smooth = counts[:-1] + counts[1:] if len(counts) > 1 else counts
    return float((smooth**2).sum() / len(down))
