"""Which lines of a message are mail that it quotes. A wrong cut loses a person's words, so only what is sure counts.

Lines with quote signs count behind an attribution (RFC 3676, 4.5, says what such a line is; that it is *mail* the
attribution says), or where an answer begins with them. What a header block or a full attribution stands above has no
signs: all below it counts, to the end, unless quote signs follow. HTML adds what its containers hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from intake.reading.attribution import Introduction, attribution, bare, header_block, may_attribute

HintKind = Literal["cited", "quoted", "held", "rest", "forward", "signature"]
MAX_LINES = 20_000
"""Of one text. Nobody writes more; what has more is left whole."""
_FORWARDING = frozenset(
    {"fw", "fwd", "wg", "tr", "rv", "enc", "pd", "i", "vs", "doorst", "yml", "ymlaen", "pers", "reenv"}
)
"""Prefixes of subjects, by the languages of the programs that put them there. "Re:" says nothing: people head their
letters with it."""
_CITED = ("cited", "quoted", "held")
_BLANK_LINES = 4
_INTRODUCED_WITHIN = 5
_LOOK_AHEAD = 16
_LABEL_CHARS = 60
_RULE_SIGNS = ("--", "__", "**", "==", "──", "——")
_STARTS = frozenset({*_RULE_SIGNS, ">", "> ", ">>"})
_MAX_TRIES, _MAX_LOOSE = 300, 20


@dataclass(frozen=True, slots=True)
class Hint:
    """What HTML says of some characters of its text.

    ``cited`` has quote signs, as it were (blockquote type=cite); ``quoted`` is a mail program's container of a quote,
    ``held`` one in which an answer could stand unseen; from ``rest`` on all is quoted, to the end; ``forward`` is a
    mail passed on; ``signature`` a signature.
    """

    kind: HintKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote the message; whether it answers another one (In-Reply-To, References: RFC 5322, 3.6.4); its subject."""

    email: str = ""
    name: str = ""
    answers: bool = False
    subject: str = ""

    @property
    def passes_on(self) -> bool:
        """Whether the subject says that the message passes another one on."""
        return self.subject.lstrip(" [(").partition(":")[0].strip().casefold() in _FORWARDING

    def is_author(self, introduced: str) -> bool:
        """Whether this introduces the writer's own words, sent before."""
        folded = " ".join(introduced.casefold().split())
        if "@" in folded and self.email:
            return self.email.casefold() in folded
        return len(self.name.split()) > 1 and " ".join(self.name.casefold().split()) in folded


@dataclass(slots=True)
class Quotes:
    """What was found: ``ranges`` of lines in order; ``open`` if the last of them is everything to the end, where an
    answer could stand unseen; ``forward`` if a mail was passed on; ``doubtful`` if something looks quoted and is not
    marked."""

    ranges: list[tuple[int, int]] = field(default_factory=list)
    open: bool = False
    forward: bool = False
    doubtful: bool = False


def find_quotes(lines: Sequence[str], kinds: Sequence[str], writer: Writer) -> Quotes:
    """The quoted lines of a text.

    Args:
        lines: its lines.
        kinds: for each, the kind of the hint that covers it, or ""; empty if there are no hints.
        writer: who wrote it.
    """
    return _Search(lines, kinds, writer).run()


class _Search:
    """One text, from its first line to its last."""

    def __init__(self, lines: Sequence[str], kinds: Sequence[str], writer: Writer) -> None:
        self._lines, self._kinds, self._writer = lines, kinds, writer
        self._found = Quotes()
        self._introduced = False
        self._loose: list[tuple[int, int]] = []
        self._at = 0
        self._done = 0
        self._tries = _MAX_TRIES
        self._last_cited = -1

    def run(self) -> Quotes:
        """Look at each line that can be something, once."""
        lines = self._lines
        worth = range(len(lines)) if self._kinds else [n for n, line in enumerate(lines) if _is_worth_a_look(line)]
        self._last_cited = next((at for at in reversed(worth) if self._is_cited(at)), -1)
        for at in worth:
            if at >= self._at:
                self._at = at
                self._look()
        self._found.ranges = _joined(self._found.ranges, lines)
        if self._loose and self._writer.answers and not any(line.strip() for line in lines[self._loose[-1][1] :]):
            self._found.doubtful = True
        return self._found

    def _look(self) -> None:
        lines, at = self._lines, self._at
        line = lines[at]
        if self._is_cited(at):
            self._cited_block()
        elif self._kinds and self._kinds[at] in ("rest", "forward"):
            self._below_hint()
        elif (":" in line[:_LABEL_CHARS] or line.lstrip().startswith(_RULE_SIGNS)) and (
            block := header_block(lines, at)
        ):
            self._below(block)
        elif line.rstrip()[-1:] == ":" and (said := self._attribution(at, self._done)):
            self._below(said)
        else:
            self._at += 1

    def _attribution(self, at: int, floor: int) -> Introduction | None:
        """As ``attribution``; not for ever, since trying costs more than any other look at a line."""
        if not may_attribute(self._lines, at):
            return None
        self._tries -= 1
        return attribution(self._lines, at, floor) if self._tries >= 0 else None

    def _is_cited(self, at: int) -> bool:
        line = self._lines[at]
        if line[:1] == ">" or (line[:1] == " " and line.lstrip(" ")[:1] == ">" and line[:3].strip()[:1] == ">"):
            return True
        return bool(self._kinds) and self._kinds[at] in _CITED

    def _mark(self, first: int, end: int) -> None:
        self._found.ranges.append((first, end))
        self._at = self._done = end

    def _cited_block(self) -> None:
        """Lines with quote signs, as far as nothing else but empty lines stands between them."""
        first = end = self._at
        at = first
        while at < len(self._lines) and at - end <= _BLANK_LINES:
            if self._is_cited(at):
                end = at + 1
            elif self._lines[at].strip():
                break
            at += 1
        if not self._introduced and len(self._loose) < _MAX_LOOSE:
            self._introduced = self._introduces(first, end)
        if self._introduced:
            self._found.open = self._found.open or (bool(self._kinds) and "held" in self._kinds[first:end])
            self._mark(first, end)
        else:
            self._loose.append((first, end))
            self._at = self._done = end

    def _introduces(self, first: int, end: int) -> bool:
        """Whether the first quoted lines of a message say themselves that they are mail."""
        for at in range(first, min(end, first + _INTRODUCED_WITHIN)):
            near = [bare(line) for line in self._lines[at : at + _LOOK_AHEAD]]
            said = self._attribution(at, first) if near[0].rstrip()[-1:] == ":" else None
            if said := said or header_block(near, 0):
                return not self._own(said)
        if self._kinds and any(kind in ("quoted", "held") for kind in self._kinds[first:end]):
            return True
        return self._writer.answers and not any(line.strip() for line in self._lines[:first])

    def _own(self, said: Introduction) -> bool:
        """Whether this introduces the writer's own earlier mail, which is no quote of somebody else."""
        own = self._writer.is_author(said.author)
        self._found.doubtful = self._found.doubtful or own
        return own

    def _below_hint(self) -> None:
        at, forward = self._at, self._kinds[self._at] == "forward"
        end = next((n for n in range(at, len(self._lines)) if self._kinds[n] != "forward"), len(self._lines))
        block = next((b for n in range(at, min(end, at + 4)) if (b := header_block(self._lines, n))), None)
        if block and self._own(block):
            self._at = self._done = block.end
            self._kinds = [""] * len(self._kinds)
        elif forward:
            self._found.forward = True
            self._introduced = True
            self._mark(at, end)
        else:
            self._rest(at)

    def _below(self, block: Introduction) -> None:
        """What an attribution or a header block introduces: lines with quote signs, else all to the end."""
        if self._own(block):
            self._at = self._done = block.end
            return
        below = next((n for n in range(block.end, len(self._lines)) if self._lines[n].strip()), len(self._lines))
        if below < len(self._lines) and self._is_cited(below) and (block.block or below - block.end <= _BLANK_LINES):
            self._introduced = True
            self._found.forward = self._found.forward or block.forward
            self._mark(block.first, block.end)
        elif block.sure and (block.block or block.end > self._last_cited):
            self._found.forward = self._found.forward or block.forward
            if self._writer.answers or self._writer.passes_on or self._found.forward:
                self._rest(block.first)
            else:
                # In a message that answers none and passes none on, people show mail to make a point, and go on below.
                self._found.doubtful = True
                self._at = self._done = len(self._lines)
        else:
            self._at = self._done = block.end

    def _rest(self, first: int) -> None:
        self._found.open = True
        self._found.forward = self._found.forward or self._writer.passes_on
        self._mark(first, len(self._lines))


def _is_worth_a_look(line: str) -> bool:
    """Whether a line can have quote signs, be an attribution, or belong to a header block."""
    return ":" in line or line[:1] == ">" or line.lstrip()[:2] in _STARTS


def _joined(ranges: Sequence[tuple[int, int]], lines: Sequence[str]) -> list[tuple[int, int]]:
    """The ranges, those with nothing but empty lines between as one."""
    joined: list[tuple[int, int]] = []
    for first, end in ranges:
        if joined and not any(line.strip() for line in lines[joined[-1][1] : first]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return joined
