"""Stamps on a page ("RECEIVED 14 FEB 2011"), and what belongs to the paper: its foot, page numbers, running heads."""

from intake.reading import lettersigns as signs
from intake.reading.segments import Found, PageLines, Segment, cut

_MAX_WORDS = 6
_EDGE, _FOOT = 0.12, 0.86  # of the page's height


def take_stamps(page: PageLines) -> list[Segment]:
    """Find the pieces of stamps: the word in capitals with a date, beside it or below. They become segments of their
    own where they stand in a line with something else."""
    found: list[Segment] = []
    for segment in page.segments:
        word = signs.stamped(segment.text)
        if word is None or segment in found:
            continue
        behind = [m for m in signs.dates_in(segment.text) if 0 <= m.start() - word.end() < 6]
        if behind:
            found.append(cut(segment, word.start(), behind[0].end()))
            if word.start() == 0 and len(segment.text) <= behind[0].end() + 2:
                found += _around(page, segment)
        elif len(segment.text.split()) <= _MAX_WORDS and segment.text.isupper():
            dated = [s for s in page.near(segment) if signs.is_date(s.text)]
            if dated:
                found += [segment, dated[0], *(s for s in _around(page, segment) if s != dated[0])]
    whole = list(dict.fromkeys(found))
    for piece in whole:
        for segment in page.segments:
            if segment.start <= piece.start and piece.end <= segment.end and segment != piece:
                page.split(segment, piece)
                break
    return whole


def _around(page: PageLines, stamp: Segment) -> list[Segment]:
    """What a stamp says besides, in capitals: the council's name, a department."""
    return [
        s for s in page.near(stamp)
        if s.text.isupper() and len(s.text.split()) <= _MAX_WORDS and signs.is_office(s.text)
        and not signs.speaks(s.text) and s.x0 > stamp.x0 - 8 * page.size and s.x1 < stamp.x1 + 12 * page.size
    ]  # fmt: skip


def furniture(page: PageLines) -> Found:
    """Numbers of pages, running heads that hold one, and what only stands at the foot of writing paper."""
    return {s: "letterhead" for s in page.segments if _is_furniture(page, s)}


def _is_furniture(page: PageLines, segment: Segment) -> bool:
    if segment.bottom < _EDGE * page.tall or segment.top > (1 - _EDGE) * page.tall:
        # "Page 2 of 3" may stand beside or below a name; a bare number is one only apart from all lines.
        numbered = signs.has_page_of(segment.text)
        if signs.is_page_number(segment.text) and (numbered or _is_apart(page, segment)):
            return True
        if numbered and not signs.speaks(segment.text):
            return True
        beside = [s for s in page.segments if s != segment and abs(s.top - segment.top) < 2.9 * page.size]
        head = any(signs.has_page_of(s.text) and not signs.speaks(s.text) for s in beside)
        if head and (signs.is_short(segment.text) or signs.is_date(segment.text)):
            return True
    return segment.top > _FOOT * page.tall and _is_foot(page, segment)


def _is_foot(page: PageLines, segment: Segment) -> bool:
    if signs.speaks(segment.text) or signs.is_somebody(segment.text) or signs.is_postscript(segment.text):
        return False
    below = [s.text for s in page.segments if s.top > segment.top + 0.5 * page.size]
    rest = all(signs.is_registered(t) or signs.has_contact(t) or signs.is_page_number(t) for t in below)
    return rest and signs.is_registered(segment.text) and _is_apart(page, segment, foot=True)


def _is_apart(page: PageLines, segment: Segment, *, foot: bool = False) -> bool:
    others = [
        s for s in page.segments
        if s != segment and not (foot and (signs.is_registered(s.text) or signs.has_contact(s.text)))
    ]  # fmt: skip
    return all(max(s.top - segment.bottom, segment.top - s.bottom) > 0.8 * page.size for s in others)
