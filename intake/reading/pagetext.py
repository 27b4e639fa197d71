"""The text of a page from its words: lines, paragraphs parted by an empty one, and where each word starts.

``arrange`` makes paragraphs of lines of loose words; ``compose`` makes text of paragraphs, whoever made them. A word
that was divided at the end of a line is whole in the text; both its pieces stay words with boxes of their own.
"""

from collections.abc import Iterable
from typing import NamedTuple

from intake.reading.clean import clean
from intake.reading.hyphens import is_divided
from intake.reading.pagelayout import Box, in_order, into_lines, into_paragraphs
from intake.reading.parts import Word

__all__ = ["Box", "PageText", "arrange", "compose", "into_lines", "into_paragraphs"]


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


def arrange(boxes: Iterable[Box]) -> list[list[list[Box]]]:
    """Put loose words in reading order: paragraphs of lines of words.

    Columns of prose are read one after the other, and so are two addresses side by side; the rows of a table, and
    whatever else stands beside something, from left to right. A page that is slightly askew is read as if it were not.

    Args:
        boxes: words, in any order. One with spaces in it (a line, from an engine that gives no words) is taken apart.
    """
    return in_order([word for box in boxes for word in _words(box)])


def _words(box: Box) -> list[Box]:
    """The words of a box, each with its share of the width."""
    pieces = box.text.split()
    if len(pieces) < 2:
        return [box] if pieces else []
    wide = (box.x1 - box.x0) / len(box.text)
    words, at = [], 0
    for piece in pieces:
        start = box.text.index(piece, at)
        at = start + len(piece)
        words.append(box._replace(text=piece, x0=box.x0 + start * wide, x1=box.x0 + at * wide))
    return words


def compose(paragraphs: Iterable[Iterable[Iterable[Box]]]) -> PageText:
    """Put a page's text together.

    Args:
        paragraphs: paragraphs of lines of words, in reading order. Words of spaces alone are left out.
    """
    made = [[line for line in map(_cleaned, paragraph) if line] for paragraph in paragraphs]
    seen = {text for lines in made for line in lines for text, _, _ in line}
    words: list[Word] = []
    pieces: list[str] = []
    at = cleaned = 0
    for lines in made:
        joined = ""  # how the last word of the line above goes on in this one
        for number, line in enumerate(lines):
            below = lines[number + 1] if number + 1 < len(lines) else None
            divided = is_divided(line[-1][0], below[0][0], seen) if below else ""
            for place, (text, replaced, box) in enumerate(line):
                if place == 0:
                    gap = "\n\n" if number == 0 else "" if joined else "\n"
                else:
                    gap = "\n" if place == 1 and joined else " "
                gap = gap if words else ""
                # The hyphen that only divides a word is no character of it.
                shown = text[:-1] if divided == "soft" and place == len(line) - 1 else text
                at += len(gap)
                pieces += (gap, shown)
                words.append(_word(shown, at, box))
                at += len(shown)
                cleaned += replaced
            joined = divided
    return PageText("".join(pieces), words, cleaned)


def _word(text: str, start: int, box: Box) -> Word:
    edges = (box.x0, box.top, box.x1, box.bottom)
    x0, top, x1, bottom = (round(edge, 2) for edge in edges)
    return Word(text, start, x0, top, x1, bottom, round(box.confidence, 4))


def _cleaned(line: Iterable[Box]) -> list[tuple[str, int, Box]]:
    """The words of a line that are not blank, fit to be stored, and how many characters of each had to be replaced."""
    found = (("".join(box.text.split()), box) for box in line)
    return [(*clean(text), box) for text, box in found if text]
