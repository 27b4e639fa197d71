"""Files of several pages, read a page at a time by several processes: their pages put together to one reading.

A page that could not be read stays in its place as a part with a problem, so that as many pages come out as went in.
"""

from collections.abc import Iterable

from msgspec.structs import replace as changed

from intake.reading.parts import Code, FormBox, FormField, Part, Reading, Unreadable, Word

MAX_PAGES = 2_000
MAX_FIELDS = 2_000
"""Of a form, over all its pages."""
RESCAN = "Scan the letter again at 300 dpi, or ask for another copy."


def damaged_page(number: int, media_type: str, why: str) -> Part:
    """A page that is kept but could not be read, in its place."""
    return Part(
        number=number,
        kind="page",
        media_type=media_type,
        method="ocr",
        confidence=0.0,
        page=number + 1,
        problem=why,
    )


def lost_page(number: int, media_type: str, why: str) -> Reading:
    """The reading of a page whose process was lost over it."""
    return Reading(reader="", parts=[damaged_page(number, media_type, why)], needs=["rescan"])


def in_points_of(part: Part, width: float, height: float) -> Part:
    """A page that was read as a picture, in the points of the page that it was drawn from."""
    if not part.width or not part.height:
        return part
    across, down = width / part.width, height / part.height
    words = [
        Word(w.text, w.start, *_moved((w.x0, w.top, w.x1, w.bottom), across, down), w.confidence) for w in part.words
    ]
    codes = [Code(c.text, *_moved((c.x0, c.top, c.x1, c.bottom), across, down)) for c in part.codes]
    boxes, apart = ([_box_in_points(box, across, down) for box in found] for found in (part.boxes, part.apart))
    return changed(
        part, width=round(width, 2), height=round(height, 2), words=words, codes=codes, boxes=boxes, apart=apart
    )


def _box_in_points(box: FormBox, across: float, down: float) -> FormBox:
    x0, top, x1, bottom = _moved((box.x0, box.top, box.x1, box.bottom), across, down)
    return changed(box, x0=x0, top=top, x1=x1, bottom=bottom)


def _moved(box: tuple[float, float, float, float], across: float, down: float) -> tuple[float, float, float, float]:
    x0, top, x1, bottom = box
    return round(x0 * across, 2), round(top * down, 2), round(x1 * across, 2), round(bottom * down, 2)


def join(readings: Iterable[Reading], first: int = 0) -> Reading | Unreadable:
    """Put the readings of a file's pages together, in the order of the pages: the same whatever was read by whom.

    A field of a form that stands on several pages is filled in once, on the first of them. Pages that a form's fields
    stand on are no content: their words are the form's; also those on which nothing was filled in,
    if others were. ``first`` is the number of the first page, from 0.
    """
    pages: list[Part] = []
    left_blank: set[int] = set()
    form = _Form()
    readers: dict[str, None] = {}
    facts: dict[str, str] = {}
    needs: set[str] = set()
    for reading in readings:
        readers |= dict.fromkeys(reading.reader.split(", ") if reading.reader else [])
        facts = reading.facts | facts
        needs.update(reading.needs)
        typed = [part for part in reading.parts if part.kind == "form"]
        for page in (part for part in reading.parts if part.kind == "page"):
            fresh = [form.take(part, page) for part in typed]
            if any(not part.fields for part in typed):
                left_blank.add(len(pages))
            pages.append(changed(page, content=False) if any(fresh) and page.method == "pdf" else page)
    if form.is_filled:
        pages = [changed(p, content=False) if n in left_blank and p.method == "pdf" else p for n, p in enumerate(pages)]
    if all(part.problem for part in pages):
        return _nothing_read(pages)
    parts = [*pages, *form.part(first + len(pages))]
    return Reading(reader=", ".join(readers), parts=parts, facts=facts, needs=sorted(needs))


def _nothing_read(pages: list[Part]) -> Unreadable:
    why = pages[0].problem if pages else None
    if why is None:
        return Unreadable("The file holds no page.", RESCAN)
    return Unreadable(why if len(pages) == 1 else f"No page of this file could be read. {why}", RESCAN)


class _Form:
    """What was typed into a form, over all its pages."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._pieces: list[str] = []
        self._fields: list[FormField] = []
        self._at = self._cleaned = 0

    @property
    def is_filled(self) -> bool:
        """Whether any field, and not only a comment, was filled in."""
        return any(field.name for field in self._fields)

    def take(self, part: Part, page: Part) -> bool:
        """Take what stands on a page; whether any field of it is new."""
        self._cleaned += part.cleaned
        fresh = [field for field in part.fields if field.name and self._is_new(part, field)]
        repeated = not fresh and any(field.name for field in part.fields)  # then a comment may be the page's own text
        for field in part.fields[: MAX_FIELDS - len(self._fields)]:
            value = part.text[field.start : field.end]
            if field in fresh or (not field.name and not (repeated and value in page.text)):
                self._add(field, value)
        return bool(fresh)

    def _is_new(self, part: Part, field: FormField) -> bool:
        said = (field.name, part.text[field.start : field.end])
        new = said not in self._seen
        self._seen.add(said)
        return new

    def _add(self, field: FormField, value: str) -> None:
        shown = field.label or field.name
        before = f"{shown}: " if shown else ""
        start = self._at + len(before)
        self._fields.append(FormField(field.name, field.label, start, start + len(value)))
        self._pieces.append(f"{before}{value}\n")
        self._at = start + len(value) + 1

    def part(self, number: int) -> list[Part]:
        """The part that it makes, behind the pages; none if nothing was typed in."""
        if not self._fields:
            return []
        return [
            Part(
                number=number,
                kind="form",
                media_type="application/pdf",
                text="".join(self._pieces),
                method="form",
                fields=self._fields,
                cleaned=self._cleaned,
            )
        ]
