"""What frames a letter on one page: letterhead, addresses, date, greeting, closing, a stamp. Pure.

It goes by the words of a line (``lettersigns``) and by where it stands. What stands above the greeting is looked at
block by block, what stands below the valediction line by line; the letter between them is left alone. Without a
greeting only what is sure is marked. A line that is not known for what frames letters stays text, and so does
everything that reads like somebody speaking: a word too many does no harm, a respondent's word less does.
"""

from msgspec.structs import replace

from intake.reading.parts import Mark, MarkKind, Part, Word
from intake.reading.segments import Found, PageLines, Segment
from intake.reading.zoneheads import frame_above, greetings, heads
from intake.reading.zonestamps import furniture, take_stamps
from intake.reading.zonetails import closing

_MAX_SEGMENTS = 600
_ENVELOPE_LINES = 16


def zoned(part: Part) -> Part:
    """A page with what frames a letter on it marked. Anything else, and a page that is marked already, as it is."""
    if part.kind != "page" or part.marks or not part.words:
        return part
    return replace(part, marks=find_marks(_upright(part)))


def _upright(part: Part) -> Part:
    """The page turned as a person would turn it to read it, its words with it."""
    width, height = part.width, part.height
    if not part.turned or width is None or height is None:
        return part
    on_its_head, clockwise = part.turned == 180, part.turned == 90
    words = []
    for word in part.words:
        x0, top, x1, bottom = word.x0, word.top, word.x1, word.bottom
        if on_its_head:
            edges = width - x1, height - bottom, width - x0, height - top
        elif clockwise:
            edges = height - bottom, x0, height - top, x1
        else:
            edges = top, width - x1, bottom, width - x0
        words.append(Word(word.text, word.start, *edges, word.confidence))
    size = (width, height) if on_its_head else (height, width)
    return replace(part, words=words, width=size[0], height=size[1])


def find_marks(part: Part) -> list[Mark]:
    """The marks of a page, in order: inside its text, none over another."""
    page = PageLines(part)
    if not 0 < len(page.segments) <= _MAX_SEGMENTS:
        return []
    stamps = take_stamps(page)
    page.segments = [s for s in page.segments if s not in stamps]
    found = furniture(page)
    rest = [s for s in page.segments if s not in found]
    greeted = greetings(page, rest)
    greeting = min(greeted, key=lambda s: s.top) if greeted else None
    last = max((s.top for s in greeted), default=-1.0)
    ends = closing(page, [s for s in rest if s.top > last])
    end = min((s.top for s in ends), default=page.tall)
    frame = frame_above(page, [s for s in rest if s not in ends and s not in greeted], _lowest(greeted), end)
    found |= heads(page, frame, sure=greeting is not None or bool(ends))
    spans: list[tuple[MarkKind, int, int]] = [("stamp", s.start, s.end) for s in stamps]
    if ends or set(page.segments) - found.keys() - greeted.keys() or _is_envelope(page, found):
        spans += [(kind, s.start, s.end) for s, kind in found.items()]
        spans += [("greeting", s.start, s.start + length) for s, length in greeted.items()]
        spans += [(kind, s.start + begins, s.end) for s, (begins, kind) in ends.items()]
    return page.merged(spans)


def _lowest(greeted: dict[Segment, int]) -> Segment | None:
    return max(greeted, key=lambda s: s.top) if greeted else None


def _is_envelope(page: PageLines, found: Found) -> bool:
    """Whether a page that is framed all over is an envelope, or a slip: an address or two and what a postmark says."""
    return "address" in found.values() and len(page.segments) <= _ENVELOPE_LINES
