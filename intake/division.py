"""Which pages of a file make which letter, from what kind of page each is. Pure.

Whatever the pages are: the letters together are all pages, in order, and no page is in two. What parts two letters (a
separator sheet, a blank page) belongs to the letter behind it; at the end of the file, to the last one.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

PageKind = Literal["sheet", "blank", "words"]
SEPARATOR, NONE, BLANK = "separator", "none", "blank"


@dataclass(frozen=True, slots=True)
class Span:
    """The pages of a letter, counted from 0, both ends included. ``has_rest`` says that pages which would have been a
    letter of their own by number, and have nothing on them, were put to it."""

    first: int
    last: int
    has_rest: bool = False

    @property
    def pages(self) -> range:
        return range(self.first, self.last + 1)


def divide(
    kinds: Sequence[PageKind],
    split: str,
    begins: AbstractSet[int] = frozenset(),
    inside: AbstractSet[int] = frozenset(),
) -> list[Span]:
    """The letters of a file of these pages. A separator sheet parts letters in every way of splitting but ``none``.

    Args:
        kinds: the kind of each page; at least one.
        split: ``separator``, ``none``, ``blank``, or ``every:N``: after each N pages, sheets not counted.
        begins: pages with which a letter begins by what is on them, where letters are parted by sheets or blank pages;
            ``none`` and ``every:N`` are the word of a person who knows the pile, and hold.
        inside: blank pages that part nothing, because what is around them is one.
    """
    starts = [0]
    if split != NONE:
        starts += _starts(kinds, split, begins, inside)
    ends = [start - 1 for start in starts[1:]] + [len(kinds) - 1]
    return _with_words([Span(first, last) for first, last in zip(starts, ends, strict=True)], kinds)


def every(split: str) -> int:
    """The N of ``every:N``, 0 of any other way of splitting."""
    return int(split.removeprefix("every:")) if split.startswith("every:") else 0


def _starts(kinds: Sequence[PageKind], split: str, begins: AbstractSet[int], inside: AbstractSet[int]) -> list[int]:
    """Where letters start, but for the first."""
    count = every(split)
    parting = set(begins) if not count else set()
    parting |= parting_blanks(kinds) - inside if split == BLANK else set()
    found: list[int] = []
    counted, has_words = 0, False
    for page, kind in enumerate(kinds):
        parts = has_words and (kind == "sheet" or page in parting)
        if count and kind != "sheet":
            parts = parts or counted == count
        if count and kind == "sheet":
            parts = counted > 0
        if parts:
            found.append(page)
            counted, has_words = 0, False
        counted += kind != "sheet"
        has_words = has_words or kind == "words"
    return found


def parting_blanks(kinds: Sequence[PageKind]) -> frozenset[int]:
    """The blank pages that part letters. Where both sides of each paper were scanned, and papers of which both sides
    are blank lie between the letters, the blank back of a letter's page parts nothing."""
    blanks = frozenset(page for page, kind in enumerate(kinds) if kind == "blank")
    if not is_two_sided(kinds):
        return blanks
    whole = frozenset(page for page in blanks if page ^ 1 in blanks)
    return whole or blanks


def is_two_sided(kinds: Sequence[PageKind]) -> bool:
    """Whether a file looks as if both sides of each paper were scanned: there are blank backs, and no blank front has
    anything on its back."""
    if len(kinds) % 2:
        return False
    papers = list(zip(kinds[::2], kinds[1::2], strict=True))
    has_backs = any(front != "blank" and back == "blank" for front, back in papers)
    return has_backs and not any(front == "blank" and back != "blank" for front, back in papers)


def blanks_unsure(kinds: Sequence[PageKind]) -> bool:
    """Whether the blank pages may as well be backs: they could all be, and no blank paper lies between the letters."""
    return is_two_sided(kinds) and not any(one == two == "blank" for one, two in pairwise(kinds))


def _with_words(spans: Sequence[Span], kinds: Sequence[PageKind]) -> list[Span]:
    """The letters without those that hold no word: such pages go to the letter before, at the start to the next."""
    kept: list[Span] = []
    waiting: int | None = None
    for span in spans:
        first = span.first if waiting is None else waiting
        if any(kinds[page] == "words" for page in span.pages):
            kept.append(Span(first, span.last, has_rest=waiting is not None))
            waiting = None
        elif kept:
            kept[-1] = Span(kept[-1].first, span.last, has_rest=True)
        else:
            waiting = first
    return kept or [Span(0, len(kinds) - 1)]
