"""What a text says: ``text`` itself, what is marked in it, and the contacts, places and language found there. Pure."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from intake import fields, letter
from intake.evidence import as_written, in_part
from intake.filled import Filled, Rules
from intake.reading.parts import INKED, Part, unmarked
from storage.schema import Evidence

TRANSCRIBE_BELOW = 0.75
"""An OCR reading whose words are less sure than this is a hint for a person, never the text (handwriting, mostly)."""

_FAX = re.compile(r"(?<!\w)(?:fax|f)(?: no)?[.: ]*$", re.IGNORECASE)


def add_content(rules: Rules, filled: Filled, parts: Sequence[Part]) -> None:
    """``text`` and what is found in it. An OCR reading too poor to be the text becomes a hint."""
    written = [p for p in parts if p.text.strip()]
    poor = [p for p in written if p.method == "ocr" and p.confidence < TRANSCRIBE_BELOW]
    unread = [p for p in parts if not p.text.strip() and (p.ink or 0) > INKED]
    if poor or unread:
        filled.needs.add("transcription")
    if any(p.problem for p in parts):
        filled.needs.add("rescan" if any(p.problem and p.page for p in parts) else "attachment")
    if not written:
        return
    spans = letter.spans(written)
    evidence = [as_written(p, start, end) for p, start, end in spans]
    main = max(written, key=lambda p: len(p.text))
    if poor:
        # One page in doubt puts the whole letter before a person: half a text would look like all of it.
        filled.offer("text", *evidence)
        filled.fill("method", main.method)
        filled.fill("confidence", min(p.confidence for p in written))
        add_hints(rules, filled, [p for p in written if p not in poor])
        return
    filled.fill("text", letter.joined(spans), *evidence)
    filled.fill("method", main.method)
    filled.fill("confidence", min(p.confidence for p in written))
    _cut(filled, written)
    found_in_text(rules, filled, written)
    letter.add_frame(rules, filled, written)
    add_language(filled)
    if any(p.engine == "rapidocr" for p in written) and filled.values.get("language", "") not in ("", "en"):
        filled.needs.add("transcription")  # letters that it was not taught (ŵ, ŷ) it leaves out, and is sure


def add_hints(rules: Rules, filled: Filled, parts: Sequence[Part]) -> None:
    """What stands on the pages of a letter that are not in doubt, where another is: evidence, which fills nothing."""
    hints = Filled()
    found_in_text(rules, hints, parts)
    letter.add_frame(rules, hints, parts)
    for column, evidence in hints.evidence.items():
        filled.offer(column, *evidence)


def sure_parts(filled: Filled, parts: Sequence[Part]) -> list[Part]:
    """The parts that make the text of a message: a picture beside it whose reading is in doubt (a photograph, often)
    must not hide what was typed, so it is a hint, and a person looks."""
    content = [p for p in parts if p.content]
    doubtful = [p for p in content if p.inside is not None and _is_doubtful(p)]
    if not doubtful or not any(p.text.strip() for p in content if p.inside is None):
        return content
    filled.needs.add("transcription")
    filled.offer("text", *(as_written(p, *span) for p in doubtful for span in unmarked(p)))
    return [p for p in content if p not in doubtful]


def _is_doubtful(part: Part) -> bool:
    return part.method == "ocr" and (
        part.confidence < TRANSCRIBE_BELOW if part.text.strip() else (part.ink or 0) > INKED and not part.problem
    )


def _cut(filled: Filled, parts: Sequence[Part]) -> None:
    """``text_cut``, with the place of all quoted mail and signatures, which are therefore not in ``text``."""
    marks = [(p, mark) for p in parts for mark in p.marks if mark.kind not in letter.FRAME]
    if marks:
        evidence = [
            Evidence(
                value=str(mark.end - mark.start), method=p.method, confidence=round(p.confidence, 2),
                place={"part": p.number, "start": p.base + mark.start, "end": p.base + mark.end},
            )
            for p, mark in marks
        ]  # fmt: skip
        filled.fill("text_cut", sum(mark.end - mark.start for _, mark in marks), *evidence)


def _is_marked(part: Part, start: int, *kinds: str) -> bool:
    """Whether what begins there is marked as one of these."""
    before = bisect_right(part.marks, start, key=lambda mark: mark.start) - 1
    return before >= 0 and start < part.marks[before].end and part.marks[before].kind in kinds


def found_in_text(rules: Rules, filled: Filled, parts: Sequence[Part], method: str | None = None) -> None:
    """Contacts, which a signature may hold but quoted mail and somebody else's address may not, and the places that are
    talked about. On a letter, those of its sender's block come before what its text says."""
    whose = letter.whose(rules, parts)
    for column, find in (("postcode", fields.postcodes), ("phone", fields.phone_numbers)):
        found = [
            (p, f, whose(p, f.start))
            for p in parts
            for f in find(p.text)
            if not rules.is_ours(f.value) and not _is_marked(p, f.start, "quoted") and not _is_fax(p.text, f.start)
        ]
        theirs = [(p, f) for p, f, of in found if of == "sender"]
        rest = [(p, f) for p, f, of in found if of == ""]
        first, second = (theirs, rest) if theirs else (rest, [])
        if len({f.value for _, f in first}) == 1:
            filled.fill(column, first[0][1].value, *(in_part(p, f.start, f.end, f.value, method) for p, f in first))
            first = []
        filled.offer(column, *(in_part(p, f.start, f.end, f.value, method) for p, f in [*first, *second]))
    _places(rules, filled, parts, method)


def _is_fax(text: str, start: int) -> bool:
    return bool(_FAX.search(text[max(0, start - 12) : start]))


def _places(rules: Rules, filled: Filled, parts: Sequence[Part], method: str | None) -> None:
    add_places(
        filled,
        (
            (named.codes, in_part(part, named.start, named.end, ";".join(named.codes), method))
            for part in parts
            for named in rules.gazetteer.find_meant(part.text)
            if not _is_marked(part, named.start, "quoted", "signature", *letter.FRAME)
        ),
    )


def add_places(filled: Filled, found: Iterable[tuple[Sequence[str], Evidence]]) -> None:
    """``places``, from the codes that each name may mean: one that may mean several is evidence only, and a person says
    which."""
    meant: list[Evidence] = []
    for codes, evidence in found:
        if len(codes) == 1:
            meant.append(evidence)
        else:
            filled.needs.add("place?")
            filled.offer("places", evidence)
    if meant:
        filled.fill("places", tuple({evidence.value for evidence in meant}), *meant)


def add_language(filled: Filled) -> None:
    """``language``, where nobody has said it, and the need for a translation where it is not English."""
    code = filled.values.get("language", "")
    if not code and (code := fields.language(filled.values.get("text", ""))):
        filled.fill("language", code, Evidence(value=code, method="text", confidence=0.95))
    if code not in ("", "en"):
        filled.needs.add("translation")


def add_pages(filled: Filled, parts: Sequence[Part]) -> None:
    """``pages``, as ``1-3``, where the parts are pages."""
    # What was added and taken back is no content; nor is a page of a filled form, but it is there.
    pages = {p.page for p in parts if p.page is not None and (p.content or p.inside is None)}
    if pages:
        filled.fill("pages", f"{min(pages)}-{max(pages)}" if len(pages) > 1 else str(min(pages)))
