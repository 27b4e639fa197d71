"""How a letter ends: the valediction, the name, the post, an address or numbers below it. Pure.

A postscript, "Enc. …", "cc …", an appeal, and who the writer says to be ("a mother of three") are text.
"""

from collections.abc import Sequence

from intake.reading import lettersigns as signs
from intake.reading import salutations
from intake.reading.parts import MarkKind
from intake.reading.segments import Found, PageLines, Segment, blocks_of

_TAIL_LINES = 14
_PROSE_BELOW = 3  # lines, at most: what has more below it ends a letter inside this one
_TITLED = frozenset(["mr", "mrs", "ms", "miss", "dr", "rev", "cllr", "signed:"])
_LISTS = ("enc", "cc", "c.c", "copy", "copies")

Closing = dict[Segment, tuple[int, MarkKind]]


def closing(page: PageLines, segments: Sequence[Segment]) -> Closing:
    """The valediction and what stands below it, each with where it begins in its line, and its kind."""
    lines = sorted(segments, key=lambda s: s.start)
    for at in range(len(lines) - 1, -1, -1):
        found = salutations.valediction(lines[at].text)
        if found is None:
            continue
        begins, strong = found
        tail = _tail(page, lines[at + 1 :])
        behind = [s for s in lines[at + 1 :] if s not in tail]
        prose = sum(signs.is_prose(s.text) for s in behind)
        if prose and not signs.is_postscript(behind[0].text) and (not strong or prose > _PROSE_BELOW):
            continue
        if not strong and (not tail or (behind and not signs.is_postscript(behind[0].text))):
            continue
        ends: Closing = {s: (0, kind) for s, kind in tail.items()}
        if at and not begins and salutations.remains(lines[at - 1].text):
            ends[lines[at - 1]] = 0, "closing"
        return {lines[at]: (begins, "closing"), **ends}
    return _signed(page, lines)


def _tail(page: PageLines, lines: Sequence[Segment]) -> Found:
    """Names, posts, addresses and numbers below a valediction, as far as they go without a break."""
    tail: list[Segment] = []
    for segment in lines[:_TAIL_LINES]:
        if not _is_name_or_post(segment.text, first=not tail):
            break
        tail.append(segment)
    found: Found = dict.fromkeys(tail, "closing")
    for block in blocks_of(tail, page.size):
        homes = [n for n, s in enumerate(block) if signs.has_postcode(s.text)]
        streets = [n for n, s in enumerate(block) if signs.is_street(s.text)]
        if homes and streets and streets[0] <= homes[0]:
            page.mark_group(found, block[streets[0] : homes[0] + 1], "address")
    return found


def _is_name_or_post(text: str, *, first: bool) -> bool:
    plain = text.partition("(")[0].strip() if first else text
    if signs.is_postscript(text) or signs.speaks(text) or not plain or signs.is_somebody(plain):
        return False
    if text.casefold().startswith(_LISTS) and not signs.has_contact(text):
        return False
    if signs.has_contact(text) or signs.has_postcode(text) or signs.is_for(text) or signs.is_date(text):
        return True
    if text[0].islower():
        return first and len(text) <= 3
    return len(text.split()) <= 9 and (signs.is_short(plain) or first) and text[-1] not in ":;"


def _signed(page: PageLines, lines: Sequence[Segment]) -> Closing:
    """A name alone at the end, where a title says that it is one, or the word "Signed"."""
    if len(lines) < 2 or not any(signs.is_prose(s.text) for s in lines[:-1]):
        return {}
    above, last = lines[-2:]
    words = last.text.split()
    titled = words[0].strip(".").casefold() in _TITLED and 2 <= len(words) <= 5
    named = signs.is_short(last.text) and not signs.is_somebody(last.text) and last.text[-1] not in ".!?"
    apart = last.top - above.bottom > 0.5 * page.size
    return {last: (0, "closing")} if titled and named and apart else {}
