"""The lines of a page as pieces that stand together, and the page that they stand on. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from intake.reading.parts import Mark, MarkKind, Part, Word

_WIDE_GAP = 2.2  # of a line's height: words so far apart stand in blocks of their own
_BLOCK_STEP = 2.1  # from top to top, in heights, within a block
_BIG = 1.22


class Segment(NamedTuple):
    """Words of one line that stand together: their text, its place in the page's text, and the box around them."""

    text: str
    start: int
    end: int
    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def height(self) -> float:
        """Of the box."""
        return self.bottom - self.top

    @property
    def centre(self) -> float:
        """From the left edge of the page."""
        return (self.x0 + self.x1) / 2


Found = dict[Segment, MarkKind]


class PageLines:
    """A page: its segments, its size, and the usual height of its lines. ``groups`` says which marked places belong to
    one address; ``misread`` whether OCR has read it."""

    def __init__(self, part: Part) -> None:
        self.text = part.text
        self.misread = part.method == "ocr"
        self.segments = segments_of(part.text, part.words)
        self.width = part.width or max((s.x1 for s in self.segments), default=1.0) * 1.1
        self.tall = part.height or max((s.bottom for s in self.segments), default=1.0) * 1.1
        self.size = median(s.height for s in self.segments) if self.segments else 1.0
        self.left = min((s.x0 for s in self.segments), default=0.0)
        self.groups: dict[int, int] = {}

    def mark_group(self, found: Found, run: Sequence[Segment], kind: MarkKind) -> None:
        """Mark lines that make one block."""
        number = len(self.groups)
        for segment in run:
            found[segment] = kind
            self.groups[segment.start] = number

    def is_big(self, run: Sequence[Segment]) -> bool:
        """Whether lines are larger than the usual ones."""
        return all(s.height > _BIG * self.size for s in run)

    def is_shown(self, run: Sequence[Segment]) -> bool:
        """Whether lines are set as letterheads are: in the middle, or larger."""
        return self.is_big(run[:1]) or all(
            abs(s.centre - self.width / 2) < 0.04 * self.width and s.x0 > self.left + 3 * self.size for s in run
        )

    def near(self, of: Segment) -> list[Segment]:
        """What stands right above and below a segment, and beside it."""
        return [
            s for s in self.segments
            if s != of and s.x0 < of.x1 + self.size and s.x1 > of.x0 - self.size
            and abs(s.top - of.top) < 2.6 * max(of.height, self.size)
        ]  # fmt: skip

    def merged(self, spans: Sequence[tuple[MarkKind, int, int]]) -> list[Mark]:
        """Marks in order, one for what is of one kind and parted by space alone; but one for each address."""
        marks: list[Mark] = []
        group: int | None = None
        for kind, start, end in sorted(spans, key=lambda span: span[1:]):
            if marks and start < marks[-1].end:
                continue
            of = self.groups.get(start)
            same = marks and marks[-1].kind == kind and (kind != "address" or of == group)
            if same and not self.text[marks[-1].end : start].strip():
                marks[-1] = Mark(kind, marks[-1].start, end)
            else:
                marks.append(Mark(kind, start, end))
            group = of
        return marks

    def split(self, segment: Segment, piece: Segment) -> None:
        """Take a piece out of a segment, as one of its own."""
        self.segments.remove(segment)
        for start, end in ((segment.start, piece.start), (piece.end, segment.end)):
            rest = cut(segment, start - segment.start, end - segment.start)
            if rest.text:
                self.segments.append(rest)
        self.segments.append(piece)


def cut(segment: Segment, start: int, end: int) -> Segment:
    """Some characters of a segment; where they stand on the page is what their share of its length says."""
    piece = segment.text[start:end]
    words = piece.strip()
    first = segment.start + start + len(piece) - len(piece.lstrip())
    scale = (segment.x1 - segment.x0) / max(1, len(segment.text))
    x0 = segment.x0 + (first - segment.start) * scale
    return segment._replace(text=words, start=first, end=first + len(words), x0=x0, x1=x0 + len(words) * scale)


def segments_of(text: str, words: Sequence[Word]) -> list[Segment]:
    """Lines of a page's text, parted where there is a wide gap between two words."""
    found: list[Segment] = []
    run: list[Word] = []
    for before, word in pairwise([None, *words, None]):
        if before is not None:
            run.append(before)
            if word is None or _is_parted(text, before, word):
                found.append(_segment(text, run))
                run = []
    return found


def _is_parted(text: str, before: Word, word: Word) -> bool:
    between = text[before.start + len(before.text) : word.start]
    height = max(1.0, min(before.bottom - before.top, word.bottom - word.top))
    return "\n" in between or (bool(between) and word.x0 - before.x1 > _WIDE_GAP * height)


def _segment(text: str, run: Sequence[Word]) -> Segment:
    start, end = run[0].start, run[-1].start + len(run[-1].text)
    # The end of a word that was divided stands on the next line.
    own = [w for w in run if w.top < run[0].bottom + 0.5 * (run[0].bottom - run[0].top)] or run
    edges = min(w.x0 for w in own), min(w.top for w in own), max(w.x1 for w in own), max(w.bottom for w in own)
    return Segment(text[start:end], start, end, *edges)


def blocks_of(segments: Sequence[Segment], size: float) -> list[list[Segment]]:
    """Segments that stand right under one another, whatever stands beside them."""
    blocks: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda s: (s.top, s.x0)):
        for block in blocks:
            if _is_below(block[-1], segment, size):
                block.append(segment)
                break
        else:
            blocks.append([segment])
    return blocks


def _is_below(last: Segment, segment: Segment, size: float) -> bool:
    lower, higher = sorted((last.height, segment.height))
    step = segment.top - last.top
    over = min(last.x1, segment.x1) - max(last.x0, segment.x0)
    return (
        0.5 * last.height < step <= _BLOCK_STEP * max(lower, 0.8 * size)
        and (over > 0 or abs(last.x0 - segment.x0) < size)
        and higher < 1.5 * lower + 4
    )
