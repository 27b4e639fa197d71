"""What the readers of office documents share: a document's words and pictures as parts."""

import re
from dataclasses import dataclass

from msgspec.structs import replace as changed

from intake.reading import dispatch
from intake.reading.agreed import Tick
from intake.reading.clean import clean
from intake.reading.parts import Part, Reading, Unreadable
from intake.reading.zipped import NotOpened, Package

MAX_CHARS = 4_000_000
"""Of one document's text; what stands beyond is not read."""
_FEW_CHARS = 200
_LOGO_BYTES, _LARGE_BYTES = 20_000, 100_000
_MAX_PICTURE_BYTES = 64 << 20
_MAX_PICTURES = 50
_TRAILING = re.compile(r"[ \t\xa0]+(?=\n|$)")
_EMPTY_LINES = re.compile(r"\n{3,}")
_PICTURES = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "tif": "image/tiff", "tiff": "image/tiff",
    "gif": "image/gif",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """What a document says: its text, its notes and comments, its letterhead and footers, and its pictures' names."""

    text: str
    notes: list[str]
    around: str = ""
    pictures: tuple[str, ...] | list[str] = ()


def as_reading(reader: str, document: Document, package: Package | None, tick: Tick) -> Reading | Unreadable:
    """Make parts of a document; pictures are read if there are hardly any words: somebody pasted a scan in.

    Raises:
        ToolMissingError: a picture needs OCR, and Tesseract or its data is not on this machine.
    """
    parts: list[Part] = []
    needs: set[str] = set()
    add_text(parts, document.text)
    for note in document.notes:
        add_text(parts, note)
    if document.around.strip():
        add_text(parts, document.around, content=False)
    words = sum(len(part.text) for part in parts if part.content)
    sizes = {name: package.size(name) for name in document.pictures} if package is not None else {}
    worth = [name for name, size in sizes.items() if size >= _LOGO_BYTES]
    if words < _FEW_CHARS and package is not None:
        _add_pictures(parts, needs, package, worth[:_MAX_PICTURES], tick)
        worth = worth[_MAX_PICTURES:]
    if any(sizes[name] >= _LARGE_BYTES for name in worth) or any(part.problem for part in parts):
        needs.add("attachment")
    facts = {"pictures": str(len(sizes))} if sizes else {}
    if not sizes and not any(part.text.strip() for part in parts):
        facts["empty"] = "true"
    return Reading(reader=reader, parts=parts, facts=facts, needs=sorted(needs))


def add_text(parts: list[Part], text: str, *, content: bool = True) -> None:
    """Add a part of words, laid out and clean for storage."""
    text = _EMPTY_LINES.sub("\n\n", _TRAILING.sub("", text.replace("\r", "\n"))).strip("\n")
    problem = None
    if len(text) > MAX_CHARS:
        text, problem = text[:MAX_CHARS], f"Only the first {MAX_CHARS // 1_000_000} million characters are read."
    text, cleaned = clean(text)
    number = len(parts)
    parts.append(
        Part(
            number=number,
            kind="body",
            media_type="text/plain",
            text=text,
            content=content,
            method="office",
            cleaned=cleaned,
            problem=problem,
        )
    )


def _add_pictures(parts: list[Part], needs: set[str], package: Package, names: list[str], tick: Tick) -> None:
    page = 0
    for name in names:
        media_type = _PICTURES.get(name.rpartition(".")[2].lower())
        if media_type is None:
            needs.add("attachment")
            continue
        try:
            result = dispatch.read(package.unpack(name, _MAX_PICTURE_BYTES), media_type, {}, tick)
        except NotOpened:
            needs.add("attachment")
            continue
        if isinstance(result, Unreadable):
            needs.add("attachment")
            continue
        needs.update(result.needs)
        for picture in result.parts:
            page += 1
            parts.append(changed(picture, number=len(parts), page=page))
