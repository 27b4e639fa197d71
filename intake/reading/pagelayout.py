"""Where words stand on a page, and in which order they are read: lines, columns, blocks side by side, paragraphs. Pure.

Looked for are gutters: stretches from top to bottom that no line crosses. What stands left of one is read before what
stands right of it only where both sides are prose, or where both are blocks of short lines such as two addresses.
The rows of a table and the number before an item are read across.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple


class Box(NamedTuple):
    """A word where it was seen: points from the top left of the page, confidence 0 to 1."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    confidence: float = 1.0


_MAX_WORDS = 3_000
_MAX_RUNS = 500
_MAX_GUTTERS = 40
_GUTTER = 0.9  # in heights of a line, at least
_LEVEL, _STEEP = 0.002, 0.09  # slopes: nearly none, and more than a page that is "slightly" askew
_DEPTH = 6
_ROWS = 3
_PROSE_WORDS = 4
_POSTCODE = re.compile(r"(?<![\w-])[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}(?![\w-])")
_BULLET = re.compile(r"(?:[•·▪◦‣*–—-]|\(?[\divxIVX]{1,4}[.)]|\(?[a-zA-Z][.)])$")


class _Run(NamedTuple):
    """Words of one line without a wide gap between them, and the box around them on the page made level."""

    words: list[Box]
    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


def in_order(boxes: Sequence[Box]) -> list[list[list[Box]]]:
    """Paragraphs of lines of words, in reading order."""
    if not boxes:
        return []
    slope = _slope(boxes) if len(boxes) <= _MAX_WORDS else 0.0
    lines = into_lines(boxes, slope)
    runs = [run for line in lines for run in _runs(line, slope)]
    regions = [runs] if len(runs) > _MAX_RUNS else _regions(runs, 0)
    return [paragraph for region in regions for paragraph in into_paragraphs(_rows(region), slope)]


def into_lines(boxes: Iterable[Box], slope: float = 0.0) -> list[list[Box]]:
    """Sort words into lines, top to bottom, left to right: those whose heights overlap by half stand in one line.

    ``slope`` is by how much lines sink from left to right.
    """
    lines: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: ((box.top + box.bottom) / 2 - slope * box.x0, box.x0)):
        if lines and _beside(lines[-1][-1], box, slope):
            lines[-1].append(box)
        else:
            lines.append([box])
    return [sorted(line, key=lambda box: box.x0) for line in lines]


def _beside(last: Box, box: Box, slope: float) -> bool:
    moved = slope * (box.x0 - last.x0)
    overlap = min(last.bottom, box.bottom - moved) - max(last.top, box.top - moved)
    return overlap >= 0.5 * min(last.bottom - last.top, box.bottom - box.top)


def into_paragraphs(lines: list[list[Box]], slope: float = 0.0) -> list[list[list[Box]]]:
    """Part lines where the step from one to the next is clearly larger than the usual step, and where a line of prose
    is indented below one that ends a sentence."""
    tops = [min(box.top - slope * box.x0 for box in line) for line in lines]
    steps = [below - above for above, below in pairwise(tops)]
    usual = sorted(steps)[len(steps) // 4] if steps else 0.0
    left = _left_edge(lines)
    paragraphs = [lines[:1]] if lines else []
    for number, (line, step) in enumerate(zip(lines[1:], steps, strict=True), 1):
        if step > 1.35 * usual or _is_indented(lines, number, left):
            paragraphs.append([line])
        else:
            paragraphs[-1].append(line)
    return paragraphs


def _left_edge(lines: Sequence[Sequence[Box]]) -> float:
    """Where most lines begin."""
    starts = sorted(line[0].x0 for line in lines)
    near = [sum(abs(other - start) < 4 for other in starts) for start in starts] if len(starts) < _MAX_RUNS else [0]
    return starts[near.index(max(near))] if starts else 0.0


def _is_indented(lines: Sequence[Sequence[Box]], number: int, left: float) -> bool:
    """Whether a line is the indented first one of a paragraph, below a line that ends one."""
    line, above = lines[number], lines[number - 1]
    height = line[0].bottom - line[0].top
    if not 0.8 * height < line[0].x0 - left < 5 * height or abs(above[0].x0 - left) > 4:
        return False
    goes_on = number + 1 >= len(lines) or abs(lines[number + 1][0].x0 - left) < 4
    ends = above[-1].text.rstrip("\"'”’)").endswith((".", "!", "?", ":"))
    return goes_on and ends and len(line) > 3 and not _BULLET.match(line[0].text)


# ---- a page that is askew


def _slope(boxes: Sequence[Box]) -> float:
    """By how much lines sink from left to right, a share of the way; 0.0 where they are level, or it can't be said."""
    chains: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: box.x0):
        height = box.bottom - box.top
        best = None
        for chain in chains[-60:]:
            last = chain[-1]
            gap, shift = box.x0 - last.x1, abs((box.top + box.bottom) - (last.top + last.bottom)) / 2
            if -0.3 * height < gap < 2 * height and shift < 0.4 * height and (best is None or shift < best[0]):
                best = shift, chain
        if best:
            best[1].append(box)
        else:
            chains.append([box])
        chains.sort(key=lambda chain: chain[-1].x1)
    found = [
        ((last.top + last.bottom - first.top - first.bottom) / 2 / (last.x0 - first.x0), last.x0 - first.x0)
        for first, last in ((chain[0], chain[-1]) for chain in chains if len(chain) > 3)
        if last.x0 > first.x0
    ]
    if len(found) < 3:
        return 0.0
    slopes = sorted(slope for slope, length in found if length > 0.5 * max(length for _, length in found))
    middle = median(slopes)
    return middle if _LEVEL < abs(middle) < _STEEP else 0.0


# ---- runs, gutters, columns


def _runs(line: Sequence[Box], slope: float) -> list[_Run]:
    pieces: list[list[Box]] = [[line[0]]]
    for before, box in pairwise(line):
        height = max(before.bottom - before.top, box.bottom - box.top)
        if box.x0 - before.x1 > _GUTTER * height:
            pieces.append([])
        pieces[-1].append(box)
    return [
        _Run(
            words, words[0].x0, min(w.top - slope * w.x0 for w in words), max(w.x1 for w in words),
            max(w.bottom - slope * w.x0 for w in words),
        )
        for words in pieces
    ]  # fmt: skip


def _rows(runs: Sequence[_Run]) -> list[list[Box]]:
    """Lines of a region again, from left to right."""
    rows: list[list[_Run]] = []
    for run in sorted(runs, key=lambda run: ((run.top + run.bottom) / 2, run.x0)):
        last = rows[-1][-1] if rows else None
        if last and min(last.bottom, run.bottom) - max(last.top, run.top) >= 0.5 * min(last.height, run.height):
            rows[-1].append(run)
        else:
            rows.append([run])
    return [[box for run in sorted(row, key=lambda run: run.x0) for box in run.words] for row in rows]


def _regions(runs: list[_Run], depth: int) -> list[list[_Run]]:
    """Runs that are read row by row, region after region."""
    split = _best_split(runs) if depth < _DEPTH and len(runs) > _ROWS else None
    if split is None:
        return [runs] if runs else []
    return [region for piece in split for region in _regions(piece, depth + 1)]


def _best_split(runs: list[_Run]) -> list[list[_Run]] | None:
    """What stands above two columns or blocks, the two, and what stands below; None where there are none."""
    best: tuple[int, list[list[_Run]]] | None = None
    for gutter in _gutters(runs):
        for band in _bands(runs, gutter):
            split = _as_columns(band, gutter) or _as_blocks(band, gutter)
            if split is None:
                continue
            inside = [*split[0], *split[1]]
            if best is None or len(inside) > best[0]:
                top = min(run.top for run in inside)
                within = set(map(id, inside))
                others = [run for run in runs if id(run) not in within]
                above = [run for run in others if (run.top + run.bottom) / 2 < top + run.height * 0.3]
                below = [run for run in others if (run.top + run.bottom) / 2 >= top + run.height * 0.3]
                best = len(inside), [above, *split, below]
    return best[1] if best else None


def _gutters(runs: Sequence[_Run]) -> list[float]:
    """Places from left to right where something ends and something else begins beside it."""
    found: list[float] = []
    for run in runs:
        beside = [
            other.x0 for other in runs
            if other.x0 > run.x1 and min(run.bottom, other.bottom) > max(run.top, other.top)
        ]  # fmt: skip
        if beside and min(beside) - run.x1 > 0.6 * run.height:
            # Just left of what begins there: columns have a straight left edge, and often a ragged right one.
            found.append(min(beside) - 0.25 * run.height)
    kept: list[float] = []
    for place in sorted(found):
        if not kept or place - kept[-1] > 6:
            kept.append(place)
    return kept[:_MAX_GUTTERS]


def _bands(runs: Sequence[_Run], gutter: float) -> list[list[_Run]]:
    """Stretches from top to bottom in which nothing crosses the gutter."""
    bands: list[list[_Run]] = [[]]
    crossing = sorted((run.top + run.bottom) / 2 for run in runs if run.x0 < gutter < run.x1)
    edges = iter([*crossing, float("inf")])
    edge = next(edges)
    for run in sorted((r for r in runs if not r.x0 < gutter < r.x1), key=lambda r: (r.top + r.bottom) / 2):
        while (run.top + run.bottom) / 2 > edge:
            edge = next(edges)
            bands.append([])
        bands[-1].append(run)
    return [band for band in bands if len(band) > _ROWS]


def _sides(band: Sequence[_Run], gutter: float) -> tuple[list[_Run], list[_Run]]:
    return [run for run in band if run.x1 <= gutter], [run for run in band if run.x0 >= gutter]


def _as_columns(band: Sequence[_Run], gutter: float) -> list[list[_Run]] | None:
    """Both sides as columns of prose: many lines, of several words, most of them beginning in the middle of a
    sentence, on both sides at the same height."""
    left, right = _sides(band, gutter)
    if min(len(left), len(right)) <= _ROWS or not _is_beside(left, right):
        return None
    if not (_is_prose(left) and _is_prose(right)) or _is_table(left, right):
        return None
    return [left, right]


def _is_beside(left: Sequence[_Run], right: Sequence[_Run]) -> bool:
    top, bottom = (
        max(min(r.top for r in s) for s in (left, right)),
        min(max(r.bottom for r in s) for s in (left, right)),
    )
    return bottom - top > 2 * median(run.height for run in left)


def _is_prose(runs: Sequence[_Run]) -> bool:
    lower = sum(run.words[0].text[:1].islower() for run in runs)
    words = sum(len(run.words) for run in runs)
    return lower >= 0.3 * len(runs) and words >= _PROSE_WORDS * 0.75 * len(runs) and lower > 1


def _is_table(left: Sequence[_Run], right: Sequence[_Run]) -> bool:
    """Whether both sides make a new start at the same heights, more than once: the rows of a table."""
    starts = [_starts(side) for side in (left, right)]
    shared = sum(any(abs(a - b) < 3 for b in starts[1]) for a in starts[0])
    return shared >= 2 and shared >= 0.6 * max(len(starts[0]), len(starts[1]))


def _starts(runs: Sequence[_Run]) -> list[float]:
    """The tops of lines that stand apart from the line above."""
    ordered = sorted(runs, key=lambda run: run.top)
    steps = [below.top - above.top for above, below in pairwise(ordered)]
    usual = sorted(steps)[len(steps) // 4] if steps else 0.0
    return [run.top for run, step in zip(ordered[1:], steps, strict=True) if step > 1.35 * usual]


def _as_blocks(band: Sequence[_Run], gutter: float) -> list[list[_Run]] | None:
    """Two blocks of short lines side by side, one of them an address: each as far as its lines follow one another."""
    left, right = _sides(band, gutter)
    pairs = [
        (a, b) for a in left for b in right
        if min(a.bottom, b.bottom) - max(a.top, b.top) > 0.2 * min(a.height, b.height)
    ]  # fmt: skip
    if len(pairs) < 2:
        return None
    blocks = [_together(side, {id(pair[n]) for pair in pairs}) for n, side in enumerate((left, right))]
    short = all(len(block) > 1 and all(len(run.words) <= 8 for run in block) for block in blocks)
    codes = [sum(bool(_POSTCODE.search(" ".join(w.text for w in run.words))) for run in block) for block in blocks]
    listed = sum(len(run.words) == 1 and bool(_BULLET.match(run.words[0].text)) for run in blocks[0])
    if not short or sum(codes) == 0 or max(codes) > 1 or listed > 1:
        return None
    return sorted(blocks, key=lambda block: (round(min(run.top for run in block)), block[0].x0))


def _together(runs: Sequence[_Run], paired: set[int]) -> list[_Run]:
    """The runs of a side that have something beside them, with those that follow right above and below."""
    ordered = sorted(runs, key=lambda run: run.top)
    inside = [n for n, run in enumerate(ordered) if id(run) in paired]
    first, last = inside[0], inside[-1]
    step = 1.7 * median(run.height for run in ordered)
    while first > 0 and ordered[first].top - ordered[first - 1].top < step:
        first -= 1
    while last + 1 < len(ordered) and ordered[last + 1].top - ordered[last].top < step:
        last += 1
    return ordered[first : last + 1]
