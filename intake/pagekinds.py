"""What kind of page each page of a scanned file is: a separator sheet, blank, an envelope, or words. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise

from intake.division import PageKind
from intake.filled import Rules
from intake.onsheets import on_sheet
from intake.reading.formlayout import form_code
from intake.reading.parts import INKED, Code, Part, unmarked
from intake.reading.sheet import Sheet, read_sheet

_SHEET_WORDS = ("separator", "sheet", "new", "letter", "starts", "behind", "this")
_SHEET_AT_MOST = 70
_KNOWN_BY = 5
_LIKE = 0.7
_ENVELOPE_WORDS = 40
_A4_AREA = 595.0 * 842.0
_SMALLER = 0.8
_POSTAL = re.compile(
    r"freepost|royal|mail|postage|paid|p\.?p\.?i?|1st|2nd|first|second|class|delivered|by|if|undelivered|please|return|to|"
    r"the|great|britain|licen[cs]e|no|[\d\W_]+",
    re.IGNORECASE,
)
_STRAY_WORDS = 2


@dataclass(frozen=True, slots=True)
class Seen:
    """A page. ``sheet`` is what its code says, with ``code`` for the place; of a sheet known by its words alone, None.
    ``strange`` says why a code that claims to be a sheet's is not believed, "" where there is none. ``form`` is the
    reply form that it is a page of: its name, which page (from 1), and of how many. ``beyond`` are the places of what
    is on a separator sheet beside what was printed; ``is_marked`` says that there is something, read or not."""

    part: Part
    kind: PageKind
    sheet: Sheet | None = None
    code: Code | None = None
    strange: str = ""
    is_envelope: bool = False
    form: tuple[str, int, int] | None = None
    beyond: tuple[tuple[int, int], ...] = ()
    is_marked: bool = False

    @property
    def has_words(self) -> bool:
        """Whether somebody may have said something on it."""
        return self.kind == "words" or self.is_marked


def look(rules: Rules, part: Part) -> Seen:
    """What kind of page this is."""
    strange = ""
    if len(_own_sheets(rules, part)) > 1:
        return Seen(part, "words", strange="has the codes of two separator sheets")
    for code in part.codes:
        sheet = read_sheet(code.text)
        if isinstance(sheet, Sheet) and sheet.consultation == rules.consultation.id:
            found = on_sheet(part, code, sheet, rules.consultation.title)
            if not found.is_sheet:
                strange = "has the code of a separator sheet, and words as a letter has"
                continue
            return Seen(part, "sheet", sheet, code, beyond=found.beyond, is_marked=found.is_marked)
        if isinstance(sheet, Sheet):
            strange = "has a separator sheet of another consultation"
        elif sheet == "unsound":
            strange = "has a code like that of a separator sheet, which this program did not print"
    form = part.form or _form_of(rules, part)
    if strange or form:
        return Seen(part, "words", strange=strange, form=form)
    if not part.text.strip() and not part.problem and (part.ink or 0) <= INKED:
        return Seen(part, "blank")
    if _reads_like_a_sheet(part.text):
        return Seen(part, "sheet")
    return Seen(part, "words", is_envelope=_is_envelope(rules, part))


def _own_sheets(rules: Rules, part: Part) -> set[Sheet]:
    """The different sheets of this consultation that the codes of a page stand for."""
    said = (read_sheet(code.text) for code in part.codes)
    return {sheet for sheet in said if isinstance(sheet, Sheet) and sheet.consultation == rules.consultation.id}


def _form_of(rules: Rules, part: Part) -> tuple[str, int, int] | None:
    """What the code of a form says on a page whose boxes were not read: filled in on a screen, or printed before."""
    said = (form_code(code.text) for code in part.codes)
    return next((s[1:] for s in said if s is not None and s.consultation == rules.consultation.id), None)


def pages_of(parts: Sequence[Part], inside: int | None = None) -> list[Part]:
    """The pages of a file, in order: of the item itself, or of the file attached to it with this number."""
    return [part for part in parts if part.kind == "page" and part.page is not None and part.inside == inside]


def _reads_like_a_sheet(text: str) -> bool:
    """Whether a page says what our separator sheets say, as far as OCR of a bad copy shows it."""
    words = re.findall(r"[^\W\d_]+", text[:2_000].casefold())
    if not words or len(words) > _SHEET_AT_MOST:
        return False
    known = {word for word in _SHEET_WORDS if get_close_matches(word, words, 1, _LIKE)}
    return len(known) >= _KNOWN_BY and "separator" in known


def _is_envelope(rules: Rules, part: Part) -> bool:
    """Whether a page is the front of an envelope that was scanned with its letter: small or lying, our own address, and
    nothing beside it but what the post prints. Anything more may be somebody's words (a card, a sender)."""
    if part.width is None or part.height is None or part.problem or len(part.text.split()) > _ENVELOPE_WORDS:
        return False
    if part.width <= part.height and part.width * part.height >= _SMALLER * _A4_AREA:
        return False
    addresses = [part.text[mark.start : mark.end] for mark in part.marks if mark.kind == "address"]
    if not any(_is_ours(rules, address) for address in addresses):
        return False
    rest = [word for start, end in unmarked(part) for word in part.text[start:end].split()]
    return sum(not _POSTAL.fullmatch(word) for word in rest) <= _STRAY_WORDS


def _is_ours(rules: Rules, address: str) -> bool:
    words = address.replace(",", " ").split()
    return any(rules.is_ours(said) for said in (*words, *(f"{one} {two}" for one, two in pairwise(words))))
