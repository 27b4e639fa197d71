"""The text of a page from its words: lines, paragraphs parted by an empty one, and where each word starts."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from intake.reading.clean import clean
from intake.reading.parts import Word


class Box(NamedTuple):
    """A word where it was seen: points from the top left of the page, confidence 0 to 1."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    confidence: float = 1.0


class PageText(NamedTuple):
    """The text of a page and its words; ``cleaned`` counts the characters that had to be replaced."""

    text: str
    words: list[Word]
    cleaned: int

    @property
    def confidence(self) -> float:
        """The mean of its words, weighted by their length; 1.0 without words."""
        chars = sum(len(word.text) for word in self.words)
        return sum(word.confidence * len(word.text) for word in self.words) / chars if chars else 1.0


def compose(paragraphs: Iterable[Iterable[Iterable[Box]]]) -> PageText:
    """Put a page's text together.

    Args:
        paragraphs: paragraphs of lines of words, in reading order. Words of spaces alone are left out.
    """
    words: list[Word] = []
    pieces: list[str] = []
    at = cleaned = 0
    for paragraph in paragraphs:
        gap = "\n\n"
        for line in paragraph:
            for box in line:
                text, replaced = clean("".join(box.text.split()))
                if not text:
                    continue
                before = gap if pieces else ""
                gap = " "
                at += len(before)
                pieces += (before, text)
                words.append(_word(text, at, box))
                at += len(text)
                cleaned += replaced
            gap = "\n" if gap == " " else gap
    return PageText("".join(pieces), words, cleaned)


def _word(text: str, start: int, box: Box) -> Word:
    edges = (box.x0, box.top, box.x1, box.bottom)
    x0, top, x1, bottom = (round(edge, 2) for edge in edges)
    return Word(text, start, x0, top, x1, bottom, round(box.confidence, 4))


def into_lines(boxes: Iterable[Box]) -> list[list[Box]]:
    """Sort words into lines, top to bottom, left to right: those whose heights overlap by half stand in one line."""
    lines: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: ((box.top + box.bottom) / 2, box.x0)):
        if lines and _beside(lines[-1], box):
            lines[-1].append(box)
        else:
            lines.append([box])
    return [sorted(line, key=lambda box: box.x0) for line in lines]


def _beside(line: list[Box], box: Box) -> bool:
    last = line[-1]
    overlap = min(last.bottom, box.bottom) - max(last.top, box.top)
    return overlap >= 0.5 * min(last.bottom - last.top, box.bottom - box.top)


def into_paragraphs(lines: list[list[Box]]) -> list[list[list[Box]]]:
    """Part lines where the step from one to the next is clearly larger than the page's usual step."""
    tops = [min(box.top for box in line) for line in lines]
    steps = [below - above for above, below in pairwise(tops)]
    usual = sorted(steps)[len(steps) // 4] if steps else 0.0
    paragraphs = [lines[:1]] if lines else []
    for line, step in zip(lines[1:], steps, strict=True):
        if step > 1.35 * usual:
            paragraphs.append([line])
        else:
            paragraphs[-1].append(line)
    return paragraphs
