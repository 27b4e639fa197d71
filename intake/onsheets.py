"""What is on a separator sheet beside what was printed on it: a note, or a letter printed over it. Pure."""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

from intake.reading.parts import Code, Part
from intake.reading.sheet import MORE, Sheet
from intake.separator import printed_on

_LIKE = 0.8
_A_LETTERS_WORDS = 15
_AROUND_CODE = 6.0


class OnSheet(NamedTuple):
    """Whether a page is a separator sheet at all; where its text says more than was printed; whether anything is there
    beside the print, read or not."""

    is_sheet: bool
    beyond: tuple[tuple[int, int], ...]
    is_marked: bool


def on_sheet(part: Part, code: Code, sheet: Sheet, title: str) -> OnSheet:
    """What is on a page that has a sheet's code. One with many words besides, or with other words alone, is a letter
    onto which the code was stuck, copied or printed."""
    printed = [_key(line) for line in printed_on(sheet, title)]
    lines = [m.span() for m in re.finditer(r"[^\n]+", part.text) if not _in_code(part, code, *m.span())]
    ours = [span for span in lines if _is_printed(_key(part.text[slice(*span)]), printed)]
    beyond = tuple(span for span in lines if span not in ours and _key(part.text[slice(*span)]))
    words = sum(len(part.text[start:end].split()) for start, end in beyond)
    is_sheet = words <= _A_LETTERS_WORDS and (bool(ours) or not beyond)
    return OnSheet(is_sheet, beyond, bool(beyond) or part.choice == MORE)


def _key(line: str) -> str:
    return "".join(c for c in line.casefold() if c.isalnum())


def _is_printed(key: str, printed: list[str]) -> bool:
    """Whether a line is one of those printed, as far as OCR shows it; or a good piece of one."""
    if any(SequenceMatcher(None, key, line, autojunk=False).ratio() >= _LIKE for line in printed):
        return True
    return len(key) >= _LEAST_PIECE and any(key in line for line in printed)


_LEAST_PIECE = 4


def _in_code(part: Part, code: Code, start: int, end: int) -> bool:
    """Whether a line was read out of the pattern of the code."""
    words = [word for word in part.words if start <= word.start < end]
    return bool(words) and all(
        code.x0 - _AROUND_CODE <= (word.x0 + word.x1) / 2 <= code.x1 + _AROUND_CODE
        and code.top - _AROUND_CODE <= (word.top + word.bottom) / 2 <= code.bottom + _AROUND_CODE
        for word in words
    )
