"""What the pages of one letter say together: its text, over page breaks, and who wrote it from where. Pure.

The frame of a letter (letterhead, addresses, date, greeting, closing, stamps) is marked by the reader, page by page.
Here what stands between the marks is put together, and what stands in them is evidence: the sender's block for
``address``, ``postcode``, ``phone`` and ``email``, the closing for ``name``, a letterhead for ``organisation``. A block
that is addressed to the council, or to whomever else, is never the respondent's.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from intake import fields
from intake.evidence import in_part
from intake.filled import Filled, Rules
from intake.reading import lettersigns as signs
from intake.reading import salutations
from intake.reading.parts import Mark, Part, unmarked
from storage.schema import Evidence

FRAME = frozenset({"letterhead", "address", "date", "greeting", "closing", "stamp"})
"""Marks of a page that frame a letter. (Quoted mail and signatures are counted in ``text_cut``, these are not.)"""
_SENDER = ("letterhead", "address", "closing")
_WRITTEN_ON = 0.3  # how sure a date in a letter says when the council had it: the earliest that it can have been
_STAMPED_ON = 0.5  # a stamp that no person has read yet
_SURE_NAME = 0.6
_ENDS = tuple(".!?:;…")
_QUOTES = "\"'”’)]"


@dataclass(frozen=True, slots=True)
class _Block:
    """The characters of a mark on a page."""

    part: Part
    mark: Mark

    @property
    def text(self) -> str:
        return self.part.text[self.mark.start : self.mark.end]

    def lines(self) -> list[tuple[int, str]]:
        """Its lines with where each starts in the part's text; none that is blank."""
        found, at = [], self.mark.start
        for line in self.text.split("\n"):
            if line.strip():
                found.append((at + len(line) - len(line.lstrip()), line.strip()))
            at += len(line) + 1
        return found


def spans(parts: Sequence[Part]) -> list[tuple[Part, int, int]]:
    """The places of the text of a response in its parts, in order: what stands between the marks. Where that would be
    nothing (an address on a slip of paper), what frames it is the text."""
    found = [(p, start, end) for p in parts for start, end in unmarked(p)]
    if found or not any(mark.kind in FRAME for p in parts for mark in p.marks):
        return found
    bare = [(p, replace(p, marks=[mark for mark in p.marks if mark.kind not in FRAME])) for p in parts]
    return [(p, start, end) for p, without in bare for start, end in unmarked(without)]


def joined(found: Iterable[tuple[Part, int, int]]) -> str:
    """The text of a response from its places: an empty line between two, but not where a sentence goes on over the end
    of a page. A word that was divided there is whole again."""
    text, last = "", None
    for part, start, end in found:
        piece = part.text[start:end]
        if last is None:
            text = piece
        elif part.kind == "page" and last.kind == "page" and _goes_on(last, part, text, piece):
            divided = part is not last and len(text) > 1 and text[-1] in "-\u00ad\u2010" and text[-2].isalpha()
            text = text[:-1] + piece if divided and piece[0].islower() else f"{text}\n{piece}"
        else:
            text = f"{text}\n\n{piece}"
        last = part
    return text


def _goes_on(above: Part, below: Part, text: str, piece: str) -> bool:
    """Whether a paragraph goes on: it stops without an end, or starts in the middle of a sentence."""
    if above.inside != below.inside:
        return False
    stopped = not text.rstrip(_QUOTES).endswith(_ENDS) and len(text.rpartition("\n")[2].split()) > 3
    begins = piece[0].islower() or above is not below
    return stopped and begins and not salutations.greeting_end(piece.partition("\n")[0])


def add_frame(rules: Rules, filled: Filled, parts: Sequence[Part]) -> None:
    """``address``, ``email``, ``name`` and ``organisation`` from what frames a letter, as far as they are blank; the
    dates on it are evidence."""
    pages = [p for p in parts if p.kind == "page"]
    if not any(p.marks for p in pages):
        return
    names, clear = _names(pages)
    # Somebody's letter that somebody else has sent on: where its writer lives says nothing of the sender.
    own = not names or not filled.values.get("name") or any(_shares(e.value, filled.values["name"]) for e in names)
    _add(filled, "address", _addresses(rules, pages), sure=own)
    emails = [
        in_part(b.part, b.mark.start + f.start, b.mark.start + f.end, f.value)
        for b in sender_blocks(rules, pages)
        for f in fields.email_addresses(b.text)
        if not rules.is_ours(f.value)
    ]
    _add(filled, "email", emails, sure=own)
    _add(filled, "name", names, sure=clear)
    _add_organisation(filled, pages)
    for kind, confidence in (("stamp", _STAMPED_ON), ("date", _WRITTEN_ON)):
        filled.offer("received_at", *(_dated(block, confidence) for block in _blocks(pages, kind)))


def _add(filled: Filled, column: str, evidence: Sequence[Evidence], *, sure: bool = True) -> None:
    """One value fills a blank column; several, or one where another is known, are evidence."""
    if sure and not filled.values.get(column) and len({e.value for e in evidence}) == 1:
        filled.fill(column, evidence[0].value, *evidence)
    elif evidence:
        filled.offer(column, *evidence)


def _dated(block: _Block, confidence: float) -> Evidence:
    evidence = in_part(block.part, block.mark.start, block.mark.end, block.text)
    return replace(evidence, confidence=confidence)


def _blocks(parts: Sequence[Part], *kinds: str) -> list[_Block]:
    return [_Block(p, mark) for p in parts if p.kind == "page" for mark in p.marks if mark.kind in kinds]


# ---- whose block it is


def sender_blocks(rules: Rules, parts: Sequence[Part]) -> list[_Block]:
    """The letterheads, addresses and closings of pages that are the sender's."""
    addressed = _addressed(rules, parts)
    return [b for b in _blocks(parts, *_SENDER) if b not in addressed and not _is_ours(rules, b)]


def whose(rules: Rules, parts: Sequence[Part]) -> Callable[[Part, int], str]:
    """Says of a place in a part whether it stands in the ``sender``'s block, in one that is ``addressed`` to somebody,
    or in neither ("")."""
    mine = sender_blocks(rules, parts)
    others = [b for b in _blocks(parts, *_SENDER) if b not in mine]

    def of(part: Part, start: int) -> str:
        within = [b for b in (*mine, *others) if b.part is part and b.mark.start <= start < b.mark.end]
        return "" if not within else "sender" if within[0] in mine else "addressed"

    return of


def _addressed(rules: Rules, parts: Sequence[Part]) -> list[_Block]:
    """The blocks that say to whom a letter goes: the council's by its contacts; else an office's; else, of two above a
    greeting, or of one below a letterhead, the last."""
    blocks = _blocks(parts, "address")
    if ours := [b for b in blocks if _is_ours(rules, b)]:
        return ours
    if offices := [b for b in blocks if any(signs.is_office(line) for _, line in b.lines())]:
        return offices
    greeted = {id(b.part): b.mark.start for b in _blocks(parts, "greeting")}
    above = [b for b in blocks if b.mark.end <= greeted.get(id(b.part), 0) and len(b.lines()) > 1]
    headed = any(fields_in(b) for b in _blocks(parts, "letterhead"))
    return above[-1:] if len(above) > 1 or (headed and above) else []


def fields_in(block: _Block) -> bool:
    """Whether a block holds a way to reach somebody."""
    return any(signs.has_contact(line) or signs.has_postcode(line) for _, line in block.lines())


def _is_ours(rules: Rules, block: _Block) -> bool:
    """Whether a block holds one of the council's contacts, or a postcode that is one but for a letter."""
    values = [
        f.value for find in (fields.postcodes, fields.phone_numbers, fields.email_addresses) for f in find(block.text)
    ]
    if any(rules.is_ours(value) for value in values):
        return True
    ends = ["".join(line.split()[-2:]) for _, line in block.lines()]
    own = [f.value for contact in rules.consultation.own_contacts for f in fields.postcodes(contact)]
    return block.part.method == "ocr" and any(
        signs.near(signs.folded(end), signs.folded("".join(code.split()))) for end in ends for code in own
    )


# ---- address


def _addresses(rules: Rules, parts: Sequence[Part]) -> list[Evidence]:
    found = []
    signed = {signs.folded(line) for block in _blocks(parts, "closing") for _, line in block.lines()}
    for block in sender_blocks(rules, parts):
        if block.mark.kind == "closing":
            continue
        lines = block.lines()
        last = next((n for n, (_, line) in enumerate(lines) if any(fields.postcodes(line))), None)
        first = None if last is None else _first_line(block, lines, last, signed)
        if first is not None and last is not None:
            end = lines[last][0] + len(lines[last][1])
            value = "\n".join(line for _, line in lines[first : last + 1])
            found.append(in_part(block.part, lines[first][0], end, value))
    return found


def _first_line(block: _Block, lines: Sequence[tuple[int, str]], last: int, signed: Collection[str]) -> int | None:
    """With which line an address begins that ends with a postcode: behind a name, in a letterhead behind its title."""
    first = last
    while first > 0 and not signs.has_contact(lines[first - 1][1]):
        first -= 1
    if signs.has_contact(lines[last][1]):
        return None
    if block.mark.kind == "letterhead":
        if lines[last][1].count(",") >= 1:
            return last
        while first <= last and not signs.has_street(lines[first][1]):
            first += 1
    elif first < last and (salutations.is_titled(lines[first][1]) or signs.folded(lines[first][1]) in signed):
        first += 1
    return first if first <= last else None


# ---- name and organisation


def _names(parts: Sequence[Part]) -> tuple[list[Evidence], bool]:
    """The names that the letter is signed with, and whether they could be read well."""
    found, clear = [], True
    for block in _blocks(parts, "closing"):
        for start, line in _below(block):
            name = salutations.name_in(line)
            if name:
                evidence = in_part(block.part, start, start + len(name), name)
                clear = clear and (block.part.method != "ocr" or evidence.confidence >= _SURE_NAME)
                found.append(evidence)
            if name or len(line) > 3:
                break
    return found, clear


def _shares(name: str | None, other: str) -> bool:
    """Whether two names have a word in common that is more than an initial."""
    words = [
        {w.strip(".,()") for w in signs.folded(of or "").split() if len(w.strip(".,()")) > 2} for of in (name, other)
    ]
    return bool(words[0] & words[1])


def _below(block: _Block) -> list[tuple[int, str]]:
    """What stands behind a valediction, on its line and below."""
    lines = block.lines()
    start, line = lines[0]
    if salutations.valediction(line) is None:
        return lines if len(lines) == 1 else lines[:2]
    _, comma, behind = line.partition(",")
    rest = behind.strip()
    beside = [(start + len(line) - len(rest), rest)] if comma and rest else []
    return [*beside, *lines[1:4]]


def _add_organisation(filled: Filled, parts: Sequence[Part]) -> None:
    """The name on a letterhead, if whoever signed did so by a post or for somebody: else it may be a private letter."""
    closings = [line for block in _blocks(parts, "closing") for _, line in block.lines()]
    for block in _blocks(parts, "letterhead")[:1]:
        start, line = block.lines()[0]
        if (
            not signs.is_organisation(line)
            or signs.has_contact(line)
            or signs.has_postcode(line)
            or len(line.split()) > 9
        ):
            return
        spelled = [re.search(re.escape(line), said, re.IGNORECASE) for said in closings]
        same = [found.group() for found in spelled if found]
        signed = bool(same) or any(salutations.is_post(said) or signs.is_for(said) for said in closings[1:])
        evidence = in_part(block.part, start, start + len(line), same[0] if same and line.isupper() else line)
        _add(filled, "organisation", [evidence], sure=signed)
