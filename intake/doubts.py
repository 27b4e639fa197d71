"""Where it is unsure that a file's pages were parted rightly (`split?`), each with a sentence that says why. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from intake.division import BLANK, NONE, SEPARATOR, Span, blanks_unsure, every
from intake.formruns import about_forms
from intake.pagekinds import Seen
from intake.reading.parts import Part

Doubts = dict[int, list[str]]
"""Sentences, by the number of the letter in the file, from 0."""
_HEADS = frozenset({"letterhead", "date", "address", "greeting"})
_TOP = 400
"""Characters from the start of a page within which a letter's head stands."""
_MARKED = "There may be more on the separator sheet on page {} than was printed on it."
_MUCH_LONGER, _PAGES_MORE = 2, 2


def doubts(pages: Sequence[Seen], letters: Sequence[Span], split: str) -> Doubts:
    """All that is unsure about how these pages became these letters."""
    found: Doubts = defaultdict(list)
    if split != NONE:
        for letter, said in (*_about_sheets(pages, letters, split), *_about_numbers(pages, letters)):
            found[letter].append(said)
    for letter, said in _about_way(pages, letters, split):
        found[letter].append(said)
    for letter, span in enumerate(letters):
        found[letter] += [f"Page {_n(page)} {pages[page].strange}." for page in span.pages if pages[page].strange]
    for letter, span in enumerate(letters):
        found[letter] += [_MARKED.format(_n(page)) for page in span.pages if pages[page].is_marked]
    for letter, said in about_forms(pages, letters, split):
        found[letter].append(said)
    if not every(split):
        for letter, said in _about_words(pages, letters):
            found[letter].append(said)
    return {letter: list(dict.fromkeys(said)) for letter, said in found.items() if said}


def _n(page: int) -> int:
    return page + 1


def lead(pages: Sequence[Seen], span: Span) -> list[int]:
    """The pages before a letter's first words: its separator sheet, with a blank back, perhaps twice."""
    found = []
    for page in span.pages:
        if pages[page].kind == "words":
            break
        found.append(page)
    return found


def _about_sheets(pages: Sequence[Seen], letters: Sequence[Span], split: str) -> Iterator[tuple[int, str]]:
    """Sheets that can't be read, or are not where they should be."""
    has_sheets = any(seen.kind == "sheet" for seen in pages)
    for letter, span in enumerate(letters):
        before = lead(pages, span)
        sheets = [page for page in span.pages if pages[page].kind == "sheet"]
        for page in sheets:
            if pages[page].sheet is None:
                yield letter, f"Page {_n(page)} reads like a separator sheet, but its code can't be read."
            elif page not in before and _number(pages[page]):
                yield letter, f"The separator sheet on page {_n(page)} has no letter behind it."
        is_without = has_sheets and not any(page in before for page in sheets)
        if split == SEPARATOR and is_without and letter == 0 and len(letters) > 1:
            yield letter, "There is no separator sheet before this letter, though there are some before others."


def _about_numbers(pages: Sequence[Seen], letters: Sequence[Span]) -> Iterator[tuple[int, str]]:
    """What the numbers of a batch's sheets do not explain: one is missing, or comes again."""
    of = {page: letter for letter, span in enumerate(letters) for page in span.pages}
    piles: dict[object, list[int]] = defaultdict(list)
    for page, seen in enumerate(pages):
        if seen.sheet is not None and seen.sheet.number:
            piles[seen.sheet.pile].append(page)
    for sheets in piles.values():
        numbers = [_number(pages[page]) for page in sheets]
        if is_copied(numbers):
            continue
        if 1 not in numbers and of[sheets[0]] > 0:
            yield of[sheets[0]] - 1, _missing(1, numbers[0] - 1)
        for (one, two), (before, after) in zip(pairwise(sheets), pairwise(numbers), strict=True):
            if after > before + 1:
                if not set(range(before + 1, after)) <= set(numbers):
                    yield of[one], _missing(before + 1, after - 1)
            elif after <= before and of[one] != of[two]:
                yield of[two], f"Separator sheet {after} lies behind sheet {before}."
            elif after == before + 1 and of[one] == of[two]:
                yield of[two], f"There is no letter between the separator sheets {before} and {after}."
        last = pages[sheets[-1]].sheet
        if last is not None and max(numbers) < last.count:
            yield of[sheets[-1]], _missing(max(numbers) + 1, last.count)


def is_copied(numbers: Sequence[int]) -> bool:
    """Whether one sheet was printed and copied: all of a batch have the same number, or none."""
    return not any(numbers) or (len(numbers) > 1 and len(set(numbers)) == 1)


def _number(seen: Seen) -> int:
    return seen.sheet.number if seen.sheet is not None else 0


def _missing(first: int, last: int) -> str:
    which = f"sheet {first} is" if first == last else f"sheets {first} to {last} are"
    return f"Separator {which} not among these pages: more than one letter may be here."


def _about_way(pages: Sequence[Seen], letters: Sequence[Span], split: str) -> Iterator[tuple[int, str]]:
    """What counting pages, or blank pages, leaves unsure."""
    wanted = every(split)
    for letter, span in enumerate(letters):
        count = sum(pages[page].kind != "sheet" for page in span.pages)
        if wanted and count < wanted:
            yield letter, f"It has {count} of the {wanted} pages that each should have."
        elif span.has_rest and wanted:
            yield letter, "Blank pages are with it that would be a letter of their own by number."
    kinds = [seen.kind for seen in pages]
    if split == BLANK and len(letters) > 1 and blanks_unsure(kinds):
        for letter in range(len(letters)):
            yield letter, "The blank pages may part letters, or be the backs of their pages."


def _about_words(pages: Sequence[Seen], letters: Sequence[Span]) -> Iterator[tuple[int, str]]:
    """A second letter that seems to start within one: by how letters begin and end (``Part.marks``)."""
    lengths = [sum(pages[page].kind == "words" for page in span.pages) for span in letters]
    for letter, span in enumerate(letters):
        words = [pages[page].part for page in span.pages if pages[page].kind == "words"]
        starts = list(second_starts(words))
        for place, said in starts:
            yield letter, f"{said} on page {place}, though a letter has ended before."
        others = [length for other, length in enumerate(lengths) if other != letter]
        if starts or not others:
            continue
        usual = median(others)
        if lengths[letter] > max(_MUCH_LONGER * usual, usual + _PAGES_MORE) and (page := _second_head(words)):
            yield letter, f"It is much longer than the others, and page {page} begins like a letter."


def second_starts(pages: Sequence[Part]) -> Iterator[tuple[int, str]]:
    """Where a letter seems to start behind one that has ended: (page, what is there). A greeting behind a closing; or,
    at the top of a later page, a letterhead, or a date with an address."""
    ended = False
    for part in pages:
        ended_before = ended
        top = {mark.kind for mark in part.marks if mark.start < _TOP}
        said = ""
        for mark in part.marks:
            if mark.kind == "closing":
                ended = True
            elif mark.kind == "greeting" and ended:
                said = said or "There is a greeting"
        if not said and ended_before and "letterhead" in top:
            said = "There is a new letterhead"
        if not said and ended_before and {"date", "address"} <= top:
            said = "There are a new date and address"
        if said and part.page is not None:
            yield part.page, said


def _second_head(pages: Sequence[Part]) -> int | None:
    """The page, not the first, that begins as letters do."""
    for part in pages[1:]:
        if any(mark.kind in _HEADS and mark.start < _TOP for mark in part.marks):
            return part.page
    return None
