"""Ink on a page that was laid straight: how dark it is, in which pieces, and what of it is inside a box."""

import cv2
import numpy as np

from intake.reading.raster import POINTS
from intake.reading.register import DPI, Array

MM = DPI / 25.4
"""Pixels of a straight page in a millimetre."""
SPECK_MM2, _SPECK_EXTENT = 0.12, 0.7

Edges = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


def darkness(grey: Array) -> Array:
    """By how much each pixel is darker than the paper around it, 0 to 1."""
    small = cv2.resize(grey, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    paper = cv2.GaussianBlur(cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 9), (0, 0), 3)
    whole = cv2.resize(paper, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    whole = np.maximum(whole, 1.0)
    dark: Array = np.clip((whole - grey) / whole, 0.0, 1.0).astype(np.float32)
    return dark - min(0.1, float(np.median(dark)))


def is_speck(stats: Array) -> bool:
    """Whether a piece of ink is dust, by its row of OpenCV's ``connectedComponentsWithStats``."""
    _, _, width, height, area = (int(value) for value in stats)
    return area < SPECK_MM2 * MM**2 or max(width, height) < _SPECK_EXTENT * MM


def pixels(edges: Edges) -> Edges:
    """A box in points as one in pixels of a straight page."""
    x0, top, x1, bottom = (edge * DPI / POINTS for edge in edges)
    return x0, top, x1, bottom


def grown(edges: Edges, by: float) -> Edges:
    """A box with so many pixels more on each side."""
    return edges[0] - by, edges[1] - by, edges[2] + by, edges[3] + by


def cut(whole: Array, edges: Edges) -> Array:
    """What of a page is inside a box: a view, not a copy."""
    x0, top, x1, bottom = (max(0, round(edge)) for edge in edges)
    return whole[top:bottom, x0:x1]


def without_specks(ink: Array) -> Array:
    """Ink without dust."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    for n in range(1, count):
        kept[n] = not is_speck(stats[n])
    cleaned: Array = kept[labels]
    return cleaned


def measured(inner: Array) -> tuple[float, float, frozenset[str], float]:
    """The ink inside a box: mm², how far its longest piece reaches (1: from side to side), which sides that piece
    touches, and that piece's share of the inside."""
    ink = without_specks(inner)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    if count < 2:
        return 0.0, 0.0, frozenset(), 0.0
    height, width = inner.shape
    longest = max(range(1, count), key=lambda n: max(stats[n][2] / width, stats[n][3] / height))
    left, top, across, down, area = (int(value) for value in stats[longest])
    touching = {
        name
        for name, there in (
            ("left", left == 0), ("right", left + across >= width), ("top", top == 0), ("bottom", top + down >= height)
        )
        if there
    }  # fmt: skip
    extent = max(across / width, down / height)
    return float(ink.sum()) / MM**2, extent, frozenset(touching), area / inner.size
