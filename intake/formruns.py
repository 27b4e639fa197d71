"""Where the filled forms among the pages of a file begin and end: each form is a response of its own. Pure.

The pages of a form say which form they are of, and which page. They are one form as long as that can be: a page 1
begins another one; so does any page that is there already, behind a form that is whole; or a page of another form. What
is behind a whole form and begins as letters do is a letter. Where pages are missing, doubled, or not in order, and
where something may belong to a form or not, a person looks.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from intake.division import BLANK, SEPARATOR, Span
from intake.pagekinds import Seen

_HEADS = frozenset({"letterhead", "date", "address", "greeting"})
_TOP = 400
"""Characters from the start of a page within which a letter's head stands."""
_NAMED, _MOST_PAGES = 3, 500


@dataclass(frozen=True, slots=True)
class FormRuns:
    """The pages with which something begins because a form begins or has ended, and the blank pages inside a form."""

    begins: frozenset[int]
    inside: frozenset[int]


def form_runs(pages: Sequence[Seen]) -> FormRuns:
    """Where forms begin and end among these pages. A separator sheet ends a form in any case."""
    begins: set[int] = set()
    inside: set[int] = set()
    run: list[int] = []  # the pages of the form that is open, as it numbers them
    blanks: list[int] = []
    of = ("", 0)
    has_words = False
    for at, seen in enumerate(pages):
        if seen.kind == "blank":
            blanks.append(at)
            continue
        if seen.kind == "sheet":
            run, has_words = [], False
        elif seen.form is not None:
            name, number, count = seen.form
            if run and (name, count) == of and not _is_another(run, number, count, _next_numbers(pages, at)):
                inside.update(blanks)
                run.append(number)
            else:
                begins.update([at] if has_words else [])
                run, of = [number], (name, count)
            has_words = True
        elif _asks_nothing(seen):
            pass  # it goes with what is before it, and has no words of anybody
        else:
            if run and len({*run}) == of[1]:
                begins.update([at] if begins_like_a_letter(seen) else [])
                run = []
            has_words = True
        blanks = []
    return FormRuns(frozenset(begins), frozenset(inside))


def _is_another(run: Sequence[int], number: int, count: int, behind: Sequence[int]) -> bool:
    """Whether a page is of another copy of the form than the pages before it; ``behind`` are those that follow."""
    is_whole = len({*run}) == count
    if number in run:
        return number == 1 or (is_whole and run[-1] != number)
    if number != 1:
        return False
    backwards = all(before > after for before, after in pairwise(run))
    if backwards and len({*run, number}) == count:
        return False  # the pile was laid in face up
    return any(later in run for later in behind)


def _next_numbers(pages: Sequence[Seen], at: int) -> list[int]:
    """The pages of the same form that follow, up to the next page 1 or separator sheet."""
    found: list[int] = []
    here = pages[at].form
    for seen in pages[at + 1 :]:
        if seen.kind == "sheet" or (seen.form is not None and (seen.form[1] == 1 or here is None)):
            break
        if seen.form is not None and here is not None and seen.form[0] == here[0]:
            found.append(seen.form[1])
    return found


def _asks_nothing(seen: Seen) -> bool:
    """Whether it is a page of a learned form on which there is no box."""
    return seen.form is None and seen.part.method == "form"


def begins_like_a_letter(seen: Seen) -> bool:
    """Whether the head of a letter stands at the top of a page."""
    return any(mark.kind in _HEADS and mark.start < _TOP for mark in seen.part.marks)


def about_forms(pages: Sequence[Seen], letters: Sequence[Span], split: str) -> Iterator[tuple[int, str]]:
    """What is unsure about the forms in these letters: (number of the letter, a sentence)."""
    for letter, span in enumerate(letters):
        forms = [form for page in span.pages if (form := pages[page].form) is not None]
        for said in _about_pages(forms):
            yield letter, said
        if split in (SEPARATOR, BLANK):
            for said in _about_neighbours(pages, span):
                yield letter, said


def _about_pages(forms: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    """What is wrong with the pages of the forms in one letter."""
    names = dict.fromkeys((name, count) for name, _, count in forms)
    if len(names) > 1:
        yield "There are pages of different forms in it."
    for name, count in names:
        numbers = [number for other, number, _ in forms if other == name]
        if missing := sorted({*range(1, min(count, _MOST_PAGES) + 1)} - {*numbers}):
            yield _said(missing, "is missing", "are missing")
        if twice := sorted(number for number, times in Counter(numbers).items() if times > 1):
            yield _said(twice, "is there more than once", "are there more than once")
        elif numbers != sorted(numbers):
            yield "The pages of the form are not in order."


def _said(numbers: Sequence[int], one: str, several: str) -> str:
    if len(numbers) == 1:
        return f"Page {numbers[0]} of the form {one}."
    if len(numbers) > _NAMED:
        return f"{len(numbers)} pages of the form {several}."
    return f"Pages {', '.join(map(str, numbers[:-1]))} and {numbers[-1]} of the form {several}."


def _about_neighbours(pages: Sequence[Seen], span: Span) -> Iterator[str]:
    """Words before or behind a form with no separator between them: of the same person, or of another one."""
    words = [page for page in span.pages if pages[page].kind == "words"]
    first = words[0] if words else span.first
    earlier = (seen for seen in pages[: span.first][::-1] if seen.kind != "blank" and not _asks_nothing(seen))
    before = next(earlier, None)
    if first == span.first and before is not None and (before.form is None) != (pages[first].form is None):
        if pages[first].form is not None:
            yield f"Nothing parts the form on page {first + 1} from what is before it, which may have come with it."
        else:
            yield f"Nothing parts the letter on page {first + 1} from the form before it, to which it may belong."
    if any(pages[page].form is not None for page in words):
        for page in words:
            if pages[page].form is None and not _asks_nothing(pages[page]):
                yield f"Page {page + 1} is no page of the form, and may be another letter."
