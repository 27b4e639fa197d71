"""One picture of a page to words: laid upright, read by Tesseract, and by a second engine where that is not enough."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from intake.reading import ink, second, tesseract, upright
from intake.reading.copies import Copies
from intake.reading.ink import Marks
from intake.reading.pagetext import Box, arrange
from intake.reading.parts import OtherReading
from intake.reading.raster import Page
from intake.reading.tesseract import Paragraphs
from intake.reading.upright import Lie
from intake.reading.view import View

TESSERACT, RAPIDOCR = "tesseract", "rapidocr"
_STILL_THERE = 0.6
"""Of a page's letters: if fewer are left when colours fade, its ink is coloured, and it is read as it is."""
_ASKEW = 0.3
"""Degrees that are mended. At 150 dpi and 1.9 degrees 0.48 % of the characters were wrong unmended, 0.32 % mended."""
_LOW, _GOOD, _HIGH, _MOST_LARGER = 13.0, 20.0, 45.0, 3.0
"""How high an x is, in pixels, about: below the first a page is made larger until it is ``_GOOD``, above the third
smaller. 8 pixels (a 100-dpi fax): 0.46 % wrong as it is, 0.13 % twice as large; 7 (75 dpi): 31 % and 3 %; 14 (150 dpi):
no difference."""
_MOST_PIXELS, _LONGEST_SIDE = 40_000_000, 32_000  # Tesseract's own limit is 32,767

_TESSERACT_SURE = 0.93
_TESSERACT_DOUBTFUL = 0.85
_RAPIDOCR_DOUBTFUL = 0.95
_DOUBTFUL = 0.75
"""How sure each engine says it is (the mean of its words) where it errs in about 5 % of the characters: 0.75 of
ours for both. Measured on pages with known words: Tesseract 0.93 and more: 0 to 1.6 % wrong, 0.90: 3 to 4.5 %,
0.87: 2 %, 0.78: 6 to 36 %. RapidOCR 0.98 and more: 0 to 1.9 %, 0.93: 5 to 50 %, 0.83: 16 to 23 %."""
_HOPELESS = 0.2
"""Below this, cleaning is not tried: a guess, by which a page of which nothing was read is not read twice by the same
engine. Above it, a quick median took a noisy page from 2.2 to 0.1 % wrong and from 0.92 to 0.95, a fax from 3.7 to
0.5 %, a page full of specks from 12.6 to 0 %; it costs a second reading by Tesseract."""
_SPARE, _WEIGHT_OF_MISSED = 0.03, 2.0
"""The share of letters that may lie outside the words (a stamp, a signature: up to 0.02), and what more of them costs.
Pages of which lines were dropped had 0.19 to 0.97, at a confidence of up to 0.95."""
_FEW, _SCRIBBLE = 3, 0.5
"""A letter or two that only the second engine sees may as well be a scribble: it reads an arc as a "C", and is sure."""
_TURNS = (0, 90, 180, 270)
_LINES_SEEN, _CLEARLY, _SOME_LINES = 1.5, 1.3, 40.0
"""``Lie.sure`` of real pages in four directions: 1.6 to 14; short notes have 1."""


class Attempt(NamedTuple):
    """What one engine made of a view: its words, in pixels of the view, and how right they are likely to be. That comes
    from how sure the engine says it is, and from how many of the page's letters no word covers."""

    engine: str
    view: View
    paragraphs: Paragraphs
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


def recognise(page: Page, copies: Copies) -> Found:
    """Read a picture.

    Args:
        page: the picture.
        copies: those of its grey.

    Raises:
        ToolMissingError: Tesseract or its data is not on this machine.
    """
    sheet = _sheet(page, copies)
    lie = upright.lie_of(sheet.marks)
    turned = lie.turn
    first = _by_tesseract(sheet, _prepared(sheet, sheet.view.turned(turned), lie.askew))
    if first.confidence < _DOUBTFUL:
        turned, first = _other_ways(sheet, lie, first)
    if first.confidence >= _TESSERACT_SURE:
        return _found(first, turned, "", [])
    if first.confidence > _HOPELESS and sheet.marks.height >= _LOW:
        again = _by_tesseract(sheet, first.view.cleaned())
        if again.confidence >= _TESSERACT_SURE:
            return _found(again, turned, "Read twice: tesseract is surer of it without grain and specks.", [first])
    return _chosen(turned, first, _by_rapidocr(sheet, first.view))


def _sheet(page: Page, copies: Copies) -> _Sheet:
    """What is to be read of a page: with its colours faded, unless most of its letters would fade with them."""
    seen = ink.marks_of(copies)
    if page.faded is not None:
        faded = Copies.of(page.faded)
        marks = ink.marks_of(faded)
        if len(marks.boxes) >= _STILL_THERE * len(seen.boxes):
            return _Sheet(View.of(faded.pixels), marks, seen, page.dpi)
    return _Sheet(View.of(copies.pixels), seen, seen, page.dpi)


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
    paragraphs = _tesseract(sheet, view)
    words = _words(paragraphs)
    said, missed = _mean(words), _missed(sheet, view, words)
    steep = (_TESSERACT_SURE - _DOUBTFUL) / (_TESSERACT_SURE - _TESSERACT_DOUBTFUL)
    right = said if said >= _TESSERACT_SURE else _DOUBTFUL + (said - _TESSERACT_DOUBTFUL) * steep
    return Attempt(TESSERACT, view, paragraphs, _less(right, missed, _WEIGHT_OF_MISSED))


def _tesseract(sheet: _Sheet, view: View, *, block: bool = False) -> Paragraphs:
    return tesseract.read(view, sheet.dpi / view.grain, block=block)


def _words(paragraphs: Paragraphs) -> list[Box]:
    return [box for paragraph in paragraphs for line in paragraph for box in line]


def _by_rapidocr(sheet: _Sheet, view: View) -> Attempt:
    words = second.read(view)
    right = _DOUBTFUL + (_mean(words) - _RAPIDOCR_DOUBTFUL) * (1 - _DOUBTFUL) / (1 - _RAPIDOCR_DOUBTFUL)
    confidence = _less(right, _missed(sheet, view, words), 1.0)  # it misses what is no writing
    if sum(map(str.isalnum, "".join(box.text for box in words))) < _FEW:
        confidence = min(confidence, _SCRIBBLE)
    return Attempt(RAPIDOCR, view, arrange(words), confidence)


def _less(right: float, missed: float, weight: float) -> float:
    return min(1.0, max(0.0, right - weight * max(0.0, missed - _SPARE)))


def _missed(sheet: _Sheet, view: View, words: Sequence[Box]) -> float:
    return ink.uncovered(sheet.seen, [view.on_page((box.x0, box.top, box.x1, box.bottom)) for box in words])


def _mean(words: Sequence[Box]) -> float:
    chars = sum(len(box.text) for box in words)
    return sum(box.confidence * len(box.text) for box in words) / chars if chars else 0.0


def _other_ways(sheet: _Sheet, lie: Lie, first: Attempt) -> tuple[int, Attempt]:
    """Another way up, if a few lines read much better so; else what there is.

    Where the lines of writing are seen, it can only stand on its head, and the second engine tells that of any hand;
    it reads lines that stand upright as well, so where they are not, the first one says which way they run.
    """
    some = _some_lines(sheet)
    if lie.sure >= _LINES_SEEN:
        well = {turn: _well_read(second.read(some.turned(turn))) for turn in (lie.turn, (lie.turn + 180) % 360)}
    else:
        well = {turn: _well_read(_words(_tesseract(sheet, some.turned(turn), block=True))) for turn in _TURNS}
    best = max(well, key=lambda turn: well[turn])
    if best == lie.turn or well[best] < _CLEARLY * well[lie.turn]:
        return lie.turn, first
    again = _by_tesseract(sheet, _prepared(sheet, sheet.view.turned(best), lie.askew))
    return best, again


def _well_read(words: Sequence[Box]) -> float:
    """How many letters were read, each counting for less the less sure it is."""
    return sum(box.confidence**2 * len(box.text) for box in words if any(map(str.isalnum, box.text)))


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


def agreement(one: str, other: str) -> float:
    """How many of the words of two readings are the same, in any order, 0 to 1."""
    ours, theirs = (Counter(re.findall(r"\w+", text.casefold())) for text in (one, other))
    ours, theirs = (Counter({w: n * len(w) for w, n in each.items()}) for each in (ours, theirs))
    both = sum((ours & theirs).values())
    return 2 * both / (sum(ours.values()) + sum(theirs.values()) or 1)


def _chosen(turned: int, first: Attempt, other: Attempt) -> Found:
    best, rest = (other, first) if other.confidence >= first.confidence else (first, other)
    why = (
        f"Read twice: {best.engine} ({best.confidence:.2f}) is surer of it than {rest.engine} ({rest.confidence:.2f})."
    )
    return _found(best, turned, why, [rest])


def _found(best: Attempt, turned: int, choice: str, others: Sequence[Attempt]) -> Found:
    return Found(
        best.paragraphs, best.view, turned, best.confidence, best.engine, choice,
        [OtherReading(each.engine, each.text, round(each.confidence, 4)) for each in others if each.text],
    )  # fmt: skip
