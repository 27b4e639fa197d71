"""Marks what in a message is quoted or a signature, once, when all its parts are read. Nothing is taken away here:
what is marked stays where it stands.

A wrong cut loses a person's words, and a missed one does not. So where what would be left is empty, or too short to be
an answer beside what would go, nothing is marked and a person looks (``quoted?``). The shortest real reply of those
that we know has three words ("And another reply!") above a mail that is fourteen times as long, the longest quote in
proportion is twenty-two times as long as its reply.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from msgspec.structs import replace

from intake.reading.parts import Mark, Part
from intake.reading.quoting import MAX_LINES, Hint, Quotes, Writer, find_quotes
from intake.reading.signatures import CONTACT, VALEDICTION, find_signatures, is_block

NEED = "quoted?"
_FEW_WORDS = 2
"""An answer of fewer is no answer to be sure of ("Yes", ":+1:", "Thanks") ..."""
_FEW_ABOVE_OPEN = 3
"""... nor one of fewer above a quote without quote signs, in which the answer may stand."""
_SHORT, _MUCH_LONGER = 10, 50
"""Nor one of fewer than ten words, if such a quote is fifty times as long."""
_COVERING_NOTE = 40
"""Words of a note that may be no more than the cover of the mail that it passes on."""
_LOOK_AT = 20_000
_TAIL = 200
_MAX_SIGNED = 40
"""Of so many stretches between quotes, the last, the signatures are looked for."""
_FROM = ("from", "von", "de", "od", "nuo", "oddi wrth", "da", "van")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_GREETING = re.compile(
    r"(?:dear|hi|hello|hey|good (?:morning|afternoon|evening)|to whom it may concern|annwyl|helo|bore da|prynhawn da|"
    r"guten tag|hallo|sehr geehrte|liebe|bonjour|madame|hola|buenos|estimad|olá|caro|prezad|dzień dobry|szanown|witam|"
    r"laba diena|sveiki|gerb|bună|stimat)",
    re.IGNORECASE,
)
_GREETING_WORDS = 7
_COVER = re.compile(
    r"(?:please )?(?:see|find|read) "
    r"(?:(?:my|our|the|attached|enclosed|comments?|response|reply|answers?|email|message) ){0,4}"
    r"(?:below|attached|enclosed|underneath|above|isod)|"
    r"(?:for your information|for info|fyi|as requested|as discussed|as below|as attached|see below|attached|forwarded|"
    r"fwd)",
    re.IGNORECASE,
)
_ANSWERED_BELOW = re.compile(
    r"(?<!\w)(?:(?:my|our) (?:\w+ ){0,2}(?:answers?|comments?|responses?|replies|reply|views|thoughts|feedback|notes?)|"
    r"(?:answered|replied|responded|commented|added|written|typed|put|inserted|see|read)(?: \w+){0,3})"
    r"[^.\n]{0,50}?(?<!\w)(?:below|underneath|in (?:red|blue|green|bold|capitals|caps|italics|colour|purple)|in-?line|"
    r"interspersed|within the text|isod|mewn coch)(?!\w)",
    re.IGNORECASE,
)


def mark_message(
    parts: Sequence[Part], hints: Mapping[int, Sequence[Hint]], writer: Writer
) -> tuple[list[Part], set[str]]:
    """The parts of a message with their marks, and what a person must still do.

    Args:
        parts: all of them; only bodies that are content are looked at.
        hints: what HTML says, by the part's number.
        writer: who wrote the message.
    """
    doubtful, quoting = False, Quotes()
    marked = list(parts)
    for number, part in enumerate(parts):
        if part.kind != "body" or not part.content or not part.text.strip():
            continue
        marks, found = _marks(part.text, hints.get(number, ()), writer)
        doubtful = doubtful or found.doubtful
        if not marks:
            continue
        if found.ranges:
            quoting.ranges += found.ranges
            quoting.open, quoting.forward = quoting.open or found.open, quoting.forward or found.forward
        marked[number] = replace(part, marks=marks)
    if any(part.marks for part in marked if part.kind != "page") and _is_suspicious(marked, quoting, writer):
        return list(parts), {NEED}
    return marked, {NEED} if doubtful or quoting.forward else set()


def _marks(text: str, hints: Sequence[Hint], writer: Writer) -> tuple[list[Mark], Quotes]:
    """The marks of one text."""
    if text.count("\n") >= MAX_LINES:
        return [], Quotes(doubtful=True)
    lines = text.split("\n")
    starts: list[int] = []
    kinds: list[str] = []
    if hints:
        starts = _starts(lines)
        kinds = _kinds(lines, starts, hints)
    quotes = find_quotes(lines, kinds, writer)
    ranges = [*(("quoted", first, end) for first, end in quotes.ranges), *_signed(lines, kinds, quotes)]
    starts = starts or (_starts(lines) if ranges else [])
    marks = []
    for kind, first, end in sorted(ranges, key=lambda found: found[1]):
        start, stop = _trimmed(text, starts[first], min(starts[end], len(text)))
        if start < stop:
            marks.append(Mark(kind, start, stop))  # type: ignore[arg-type]
    return marks, quotes


def _starts(lines: Sequence[str]) -> list[int]:
    """Where each line starts, and where one more would."""
    return list(accumulate((len(line) + 1 for line in lines), initial=0))


def _signed(lines: Sequence[str], kinds: Sequence[str], quotes: Quotes) -> Iterator[tuple[str, int, int]]:
    """The signatures in what stands before, between and after the quotes."""
    bounds = [(0, 0), *quotes.ranges, (len(lines), len(lines))]
    written = False
    for (_, first), (end, _) in [*pairwise(bounds)][-_MAX_SIGNED:]:
        if any(line.strip() for line in lines[first:end]):
            signed = _hinted_signatures(lines, kinds, first, end, written=written) if "signature" in kinds else []
            for start, stop in signed or find_signatures(lines, first, end, written_before=written):
                yield "signature", start, stop
            written = True


def _kinds(lines: Sequence[str], starts: Sequence[int], hints: Sequence[Hint]) -> list[str]:
    """For each line the kind of the hint that covers all of it, "" if none does."""
    kinds = [""] * len(lines)
    at = 0
    for hint in sorted(hints, key=lambda hint: hint.start):
        while at < len(lines) and starts[at] + len(lines[at].rstrip()) < hint.start:
            at += 1
        while at < len(lines) and starts[at] + len(lines[at].rstrip()) <= hint.end:
            line = lines[at]
            if line.strip() and starts[at] + len(line) - len(line.lstrip()) >= hint.start:
                kinds[at] = hint.kind
            at += 1
    return kinds


def _hinted_signatures(
    lines: Sequence[str], kinds: Sequence[str], first: int, end: int, *, written: bool
) -> list[tuple[int, int]]:
    """The last lines that HTML calls a signature, unless people wrote in it, or it stands on top."""
    last = next((n for n in reversed(range(first, end)) if kinds[n] == "signature"), None)
    if last is None:
        return []
    top = last
    while top > first and (kinds[top - 1] == "signature" or not lines[top - 1].strip()):
        top -= 1
    above = written or any(line.strip() for line in lines[first:top])
    return [(top, last + 1)] if above and is_block(lines, top, last + 1) else []


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _is_suspicious(parts: Sequence[Part], quoting: Quotes, writer: Writer) -> bool:
    """Whether what would be left is empty, or too little beside what would go."""
    own, cut = "", 0
    for part in parts:
        # In what is attached there may be words enough; but not if an answer could stand unseen in the body's quote.
        if part.content and len(own) < _LOOK_AT and (part.kind == "body" or not quoting.open):
            own += _between(part) + "\n"
        cut += sum(len(part.text[mark.start : mark.end].split()) for mark in part.marks if mark.kind == "quoted")
    if not quoting.ranges:
        return not _WORD.search(own)
    if quoting.open and any(_answered_at_the_end(part, writer) for part in parts):
        return True
    words = _substance(own, writer)
    if words < (_FEW_ABOVE_OPEN if quoting.open else _FEW_WORDS) or (quoting.forward and words < _COVERING_NOTE):
        return True
    return (quoting.open and words < _SHORT and cut > _MUCH_LONGER * words) or bool(
        _ANSWERED_BELOW.search(own[:_LOOK_AT])
    )


def _between(part: Part) -> str:
    starts = [0, *(mark.end for mark in part.marks)]
    ends = [*(mark.start for mark in part.marks), len(part.text)]
    return "\n".join(part.text[start : min(end, start + _LOOK_AT)] for start, end in zip(starts, ends, strict=True))


def _substance(own: str, writer: Writer) -> int:
    """How many words say something: no greeting, no valediction, no name, no contact, no "please see below". None if
    they are but names and titles: a program may have put a signature on top, and the answer stands elsewhere."""
    count = small = 0
    sentence = False
    names = {name.casefold() for name in _WORD.findall(writer.name)}
    for number, line in enumerate(line.strip() for line in own[:_LOOK_AT].split("\n") if line.strip()):
        short = len(line.split()) <= _GREETING_WORDS
        if short and ((number == 0 and _GREETING.match(line)) or VALEDICTION.fullmatch(line) or CONTACT.search(line)):
            continue
        said = [
            word for word in _WORD.findall(_COVER.sub(" ", line) if short else line) if word.casefold() not in names
        ]
        count += len(said)
        small += sum(word[0].isalpha() and not word[0].isupper() for word in said)
        sentence = sentence or (len(said) >= _FEW_WORDS and line[-1] in ".!?")
    return count if sentence or small >= _FEW_WORDS else 0


def _answered_at_the_end(part: Part, writer: Writer) -> bool:
    """Whether the writer's name stands last of all, below mail that is not the writer's own earlier one."""
    name = " ".join(writer.name.casefold().split())
    if " " not in name or not part.marks or part.marks[-1].kind != "quoted":
        return False
    quoted = part.text[part.marks[-1].start : part.marks[-1].end]
    if not any(" ".join(line.casefold().split()) == name for line in quoted[-_TAIL:].split("\n")):
        return False
    folded = quoted.casefold()
    earlier = (line for line in folded.split("\n") if ":" in line and (name in line or (writer.email or name) in line))
    return not any(line.lstrip(" \t*>").startswith(_FROM) or line.rstrip().endswith(":") for line in earlier)
