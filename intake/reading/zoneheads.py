"""What stands above a letter: letterheads, addresses, dates, references; and its greeting. Pure."""

from collections.abc import Sequence
from itertools import groupby

from intake.reading import lettersigns as signs
from intake.reading import salutations
from intake.reading.segments import Found, PageLines, Segment, blocks_of

_ABOVE_GREETING = 3  # lines of prose, at most
_TOP = 0.36  # of the page's height: a letterhead stands within
_MAX_ADDRESS_LINES = 10
_MAX_HEAD_WORDS = 16


def greetings(page: PageLines, segments: Sequence[Segment]) -> dict[Segment, int]:
    """The greeting with its length, and a line "FAO …" above it; none below the beginning of the letter."""
    found: dict[Segment, int] = {}
    prose = 0
    for segment in sorted(segments, key=lambda s: (s.top, s.x0)):
        end = salutations.greeting_end(segment.text, misread=page.misread)
        if end and _begins_a_line(segment, segments):
            found[segment] = end
            if not salutations.is_attention(segment.text):
                return found
        prose += signs.is_prose(segment.text)
        if prose > _ABOVE_GREETING:
            break
    return found


def _begins_a_line(segment: Segment, segments: Sequence[Segment]) -> bool:
    return not any(
        s.x1 <= segment.x0
        and min(s.bottom, segment.bottom) - max(s.top, segment.top) > 0.5 * segment.height
        and signs.is_prose(s.text)
        for s in segments
        if s != segment
    )


def frame_above(page: PageLines, segments: Sequence[Segment], greeting: Segment | None, end: float) -> list[Segment]:
    """What stands above the greeting; without one, above the first line that says something, or above ``end``."""
    if greeting is not None:
        return [s for s in segments if s != greeting and s.top + 0.4 * s.height < greeting.top]
    end = min([s.top for s in segments if signs.is_prose(s.text)], default=end)
    return [s for s in segments if s.bottom <= end + 0.3 * page.size]


def heads(page: PageLines, frame: Sequence[Segment], *, sure: bool) -> Found:
    """The kinds of what stands above a letter, block by block; ``sure`` if a greeting or a closing shows one."""
    found: Found = {}
    runs: list[list[Segment]] = []
    for block in blocks_of(frame, page.size):
        for kind, lines in groupby(block, key=_plain_kind):
            if kind == "date":
                found.update(dict.fromkeys(lines, "date"))
            elif kind == "letterhead":
                found.update(dict.fromkeys(lines, "letterhead"))
            elif kind == "":
                runs += _after_postcodes(list(lines))
    sure = sure or "date" in found.values()
    printed = _letterheads(page, runs, sure=sure)
    addresses = [run for run in runs if run not in printed and _is_address(page, run, sure=sure)]
    if not sure and (len(addresses) > 2 or not (addresses or printed)):
        return {}  # a list of addresses is what somebody says
    for run in printed:
        found.update(dict.fromkeys(run, "letterhead"))
    for run in addresses:
        page.mark_group(found, _without_subject(run), "address")
    for run in runs:
        if run not in printed and run not in addresses and all(signs.has_contact(s.text) for s in run):
            found.update(dict.fromkeys(run, "address"))
    _add_mottoes(page, found, frame)
    return found


def _plain_kind(segment: Segment) -> str:
    """``date``, ``letterhead`` for a reference, ``text`` for what somebody says, "" for what its block decides."""
    if signs.is_date(segment.text):
        return "date"
    if signs.is_reference(segment.text):
        return "letterhead"
    if signs.has_contact(segment.text) or signs.is_registered(segment.text):
        return ""
    if signs.is_form_line(segment.text):
        return "text"
    if signs.is_subject(segment.text) and not signs.is_office(segment.text) and not signs.has_postcode(segment.text):
        return "text"
    return "text" if signs.speaks(segment.text) or signs.is_somebody(segment.text) else ""


def _after_postcodes(run: Sequence[Segment]) -> list[list[Segment]]:
    """Parts of a block, a new one behind each postcode unless numbers and the like follow."""
    pieces: list[list[Segment]] = [[]]
    closed = False
    for segment in run:
        if closed and not signs.has_contact(segment.text):
            pieces.append([])
            closed = False
        pieces[-1].append(segment)
        closed = closed or signs.has_postcode(segment.text)
    return [piece for piece in pieces if piece]


def _without_subject(run: Sequence[Segment]) -> Sequence[Segment]:
    """An address without a heading right above it, which says what the letter is about."""
    first = run[0].text
    is_heading = signs.is_subject(first) and not signs.has_street(first)
    return run[1:] if len(run) > 2 and is_heading and not any(signs.is_office(s.text) for s in run[1:]) else run


# ---- addresses


def _is_address(page: PageLines, run: Sequence[Segment], *, sure: bool) -> bool:
    known = [s for s in run if signs.is_short(s.text) or signs.has_contact(s.text) or signs.has_postcode(s.text)]
    if len(known) < len(run) or len(run) > _MAX_ADDRESS_LINES:
        return False
    homes = sum(signs.has_postcode(s.text) for s in run)
    streets = sum(signs.has_street(s.text) for s in run)
    offices = sum(signs.is_office(s.text) for s in run)
    commas = run[0].text.count(",")
    if not sure:
        return homes == 1 and (len(run) > 2 or commas > 1) and run[0].top < 0.5 * page.tall
    if homes:
        return len(run) > 1 or commas > 0 or len(run[0].text.split()) <= 3
    if any(signs.is_subject(s.text) and not signs.has_street(s.text) for s in run) and streets + offices < 3:
        return False
    if len(run) == 1:  # "Jane Poole, Director of Children's Services"
        return offices > 0 and bool(salutations.name_in(run[0].text.partition(",")[0]))
    return (streets + offices) * 2 >= len(run)


# ---- letterheads


def _letterheads(page: PageLines, runs: Sequence[list[Segment]], *, sure: bool) -> list[list[Segment]]:
    """The blocks of a letterhead: from the top of the page on, with contacts in one of them and a name."""
    found: list[list[Segment]] = []
    tops = [run for run in sorted(runs, key=lambda r: (r[0].top, r[0].x0)) if run[0].top < _TOP * page.tall]
    for number, run in enumerate(tops):
        texts = [s.text for s in run]
        if any(len(t.split()) > _MAX_HEAD_WORDS or (signs.speaks(t) and not signs.has_contact(t)) for t in texts):
            continue
        follows = bool(found) and run[0].top - found[-1][-1].bottom < 3 * page.size
        below = tops[number + 1] if number + 1 < len(tops) else None
        if _is_letterhead(page, run, sure=sure, first=number == 0, follows=follows) or (
            below is not None and (number == 0 or follows) and _is_name_above(page, run, below)
        ):
            found.append(run)
    return found


def _is_letterhead(page: PageLines, run: Sequence[Segment], *, sure: bool, first: bool, follows: bool) -> bool:
    texts = [s.text for s in run]
    shown = page.is_shown(run)
    named = signs.is_organisation(" ".join(texts[:2]))
    telling = any(signs.has_contact(t) or signs.is_registered(t) for t in texts)
    if telling and (shown or (first and named)):
        return True
    if not sure:
        return False
    if first and shown and named and page.is_big(run):
        return True
    if not telling and not any(signs.has_postcode(t) for t in texts):
        return False
    if named and (telling or shown) and (first or follows or shown):
        return True
    return follows and all(shown or not signs.has_street(t) for t in texts)


def _is_name_above(page: PageLines, run: Sequence[Segment], below: Sequence[Segment]) -> bool:
    """Whether a block is the name above the address and numbers of a letterhead."""
    if not (page.is_shown(run) or signs.is_organisation(" ".join(s.text for s in run[:2]))):
        return False
    if any(signs.is_subject(s.text) or not (signs.is_short(s.text) or page.is_big([s])) for s in run):
        return False
    shown = page.is_shown(below)
    told = any(signs.has_contact(s.text) for s in below)
    placed = any(signs.has_postcode(s.text) or signs.is_registered(s.text) for s in below)
    near = below[0].top - run[-1].bottom < 3.5 * page.size
    return near and shown == page.is_shown(run) and (told or (placed and shown))


def _add_mottoes(page: PageLines, found: Found, frame: Sequence[Segment]) -> None:
    """A line in the middle of a letterhead, between others of it: "Supporting families since 1994"."""
    printed = [s for s, kind in found.items() if kind == "letterhead" and page.is_shown([s])]
    for segment in frame:
        if segment in found or not page.is_shown([segment]) or signs.speaks(segment.text):
            continue
        above = any(0 < segment.top - s.top < 2.4 * s.height for s in printed)
        below = any(0 < s.top - segment.top < 2.4 * segment.height for s in printed)
        if above and below:
            found[segment] = "letterhead"
