"""One picture of a page to words: laid upright, read by Tesseract, and by a second engine where that is not enough."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from intake.reading import ink, second, tesseract, upright
from intake.reading.ink import Marks
from intake.reading.pagetext import Box, into_lines, into_paragraphs
from intake.reading.parts import OtherReading
from intake.reading.raster import Page
from intake.reading.tesseract import Paragraphs
from intake.reading.view import View

TESSERACT, RAPIDOCR = "tesseract", "rapidocr"
SURE = 0.9
_DOUBTFUL = 0.75
_STILL_THERE = 0.6
_ASKEW = 0.3
_CLEARLY, _SOME_LINES = 1.3, 40.0
_LOW, _GOOD, _HIGH, _MOST_LARGER = 13.0, 20.0, 45.0, 3.0
_MOST_PIXELS, _LONGEST_SIDE = 40_000_000, 32_000  # Tesseract's own limit is 32,767
_WEIGHT_OF_MISSED, _SPARE = 1.0, 0.02


class Attempt(NamedTuple):
    """What one engine made of a view: its words, in pixels of the view; ``said`` is how sure the engine says it is of
    them, ``missed`` the share of the page's letters that no word covers, ``confidence`` what we make of both."""

    engine: str
    view: View
    paragraphs: Paragraphs
    said: float
    missed: float
    confidence: float

    @property
    def text(self) -> str:
        """Its words, as they would be typed."""
        return "\n\n".join(
            "\n".join(" ".join(box.text for box in line) for line in paragraph) for paragraph in self.paragraphs
        )


class Found(NamedTuple):
    """How a page was read. ``paragraphs`` are its words in reading order, in pixels of ``view``, which is upright;
    ``turned`` by how many degrees clockwise the page is turned for that."""

    paragraphs: Paragraphs
    view: View
    turned: int
    confidence: float
    engine: str
    choice: str
    others: list[OtherReading]


class _Sheet(NamedTuple):
    """A page's picture to be read, its marks, and those that have to be covered by words."""

    view: View
    marks: Marks
    seen: Marks
    dpi: float


def recognise(page: Page) -> Found:
    """Read a picture.

    Raises:
        ToolMissingError: Tesseract or its data is not on this machine.
    """
    sheet = _sheet(page)
    turned, view = _upright(sheet)
    first = _by_tesseract(sheet, view)
    if first.confidence < _DOUBTFUL:
        turned, first = _other_ways(sheet, turned, first)
    if first.confidence >= SURE:
        return _found(first, turned, "", [])
    second_one = _by_rapidocr(sheet, first.view)
    return _chosen(turned, first, second_one)


def _sheet(page: Page) -> _Sheet:
    """What is to be read of a page: with its colours faded, unless most of its letters would fade with them."""
    plain = View.of(page.grey)
    seen = ink.marks_of(plain.pixels)
    if page.faded is not None:
        faded = View.of(page.faded)
        marks = ink.marks_of(faded.pixels)
        if len(marks.boxes) >= _STILL_THERE * len(seen.boxes):
            return _Sheet(faded, marks, seen, page.dpi)
    return _Sheet(plain, seen, seen, page.dpi)


def _upright(sheet: _Sheet) -> tuple[int, View]:
    lie = upright.lie_of(sheet.marks)
    return lie.turn, _prepared(sheet, sheet.view.turned(lie.turn), lie.askew)


def _prepared(sheet: _Sheet, view: View, askew: float) -> View:
    """Straight, and of a size that Tesseract reads well."""
    height = sheet.marks.height
    scale = 1.0
    if 0 < height < _LOW:
        scale = min(_MOST_LARGER, _GOOD / height)
    elif height > _HIGH:
        scale = _GOOD / height
    width, tall = view.size
    scale = min(scale, (_MOST_PIXELS / (width * tall)) ** 0.5, _LONGEST_SIDE / max(width, tall))
    return view.straightened(askew if abs(askew) >= _ASKEW else 0.0, scale)


def _by_tesseract(sheet: _Sheet, view: View) -> Attempt:
    paragraphs = tesseract.read(view, sheet.dpi / view.grain)
    words = [box for paragraph in paragraphs for line in paragraph for box in line]
    said, missed = _mean(words), _missed(sheet, view, words)
    confidence = max(0.0, said - _WEIGHT_OF_MISSED * max(0.0, missed - _SPARE))
    return Attempt(TESSERACT, view, paragraphs, said, missed, confidence)


def _by_rapidocr(sheet: _Sheet, view: View) -> Attempt:
    words = second.read(view)
    said, missed = _mean(words), _missed(sheet, view, words)
    confidence = min(1.0, max(0.0, 0.75 + (said - 0.95) * 6.67))
    return Attempt(RAPIDOCR, view, into_paragraphs(into_lines(words)), said, missed, confidence)


def _missed(sheet: _Sheet, view: View, words: Sequence[Box]) -> float:
    return ink.uncovered(sheet.seen, [view.on_page((box.x0, box.top, box.x1, box.bottom)) for box in words])


def _mean(words: Sequence[Box]) -> float:
    chars = sum(len(box.text) for box in words)
    return sum(box.confidence * len(box.text) for box in words) / chars if chars else 0.0


def _other_ways(sheet: _Sheet, turned: int, first: Attempt) -> tuple[int, Attempt]:
    """Another way up, if a few lines read much better so; else what there is."""
    some = _some_lines(sheet)
    well = {turn: _letters_read(sheet, some.turned(turn)) for turn in (0, 90, 180, 270)}
    best = max(well, key=lambda turn: well[turn])
    if best == turned or well[best] < _CLEARLY * well[turned]:
        return turned, first
    again = _by_tesseract(sheet, _prepared(sheet, sheet.view.turned(best), 0.0))
    return (best, again) if again.confidence > first.confidence else (turned, first)


def _some_lines(sheet: _Sheet) -> View:
    """A square of the page, where its letters are."""
    width, height = sheet.view.size
    if not len(sheet.marks.boxes):
        return sheet.view
    middle = np.median(sheet.marks.boxes, axis=0)
    x, y, half = (middle[0] + middle[2]) / 2, (middle[1] + middle[3]) / 2, _SOME_LINES * sheet.marks.height / 2
    part = sheet.view.cut(
        max(0, int(x - half)), max(0, int(y - half)), min(width, int(x + half) + 1), min(height, int(y + half) + 1)
    )
    return _prepared(sheet, part, 0.0)


def _letters_read(sheet: _Sheet, some: View) -> float:
    paragraphs = tesseract.read(some, sheet.dpi / some.grain, block=True)
    words = [box for paragraph in paragraphs for line in paragraph for box in line]
    return sum(box.confidence**2 * len(box.text) for box in words if box.text.isalnum())


def agreement(one: str, other: str) -> float:
    """How many of the words of two readings are the same, in any order, 0 to 1."""
    ours, theirs = (Counter(re.findall(r"\w+", text.casefold())) for text in (one, other))
    ours, theirs = (Counter({w: n * len(w) for w, n in each.items()}) for each in (ours, theirs))
    both = sum((ours & theirs).values())
    return 2 * both / (sum(ours.values()) + sum(theirs.values()) or 1)


def _chosen(turned: int, first: Attempt, other: Attempt) -> Found:
    best, rest = (other, first) if other.confidence >= first.confidence else (first, other)
    return _found(best, turned, f"{best.engine} {best.confidence:.2f}, {rest.engine} {rest.confidence:.2f}", [rest])


def _found(best: Attempt, turned: int, choice: str, others: Sequence[Attempt]) -> Found:
    return Found(
        best.paragraphs, best.view, turned, best.confidence, best.engine, choice,
        [OtherReading(each.engine, each.text, round(each.confidence, 4)) for each in others if each.text],
    )  # fmt: skip
