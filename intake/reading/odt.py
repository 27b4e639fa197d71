"""OpenDocument texts (.odt; ISO/IEC 26300): the words as they are shown, lists and tables laid out.

Parts, options, facts and needs are those of ``docx``. Read by lxml alone (odfpy is published as source only).
"""

from collections.abc import Iterator
from typing import Any

from intake.reading.agreed import Tick, no_tick
from intake.reading.office import Document, as_reading
from intake.reading.parts import Reading, Unreadable
from intake.reading.wire import Options
from intake.reading.zipped import NotOpened, Package, attribute, local

READER = "1"
_WANTED = "an OpenDocument text"
_UNSHOWN = frozenset({"tracked-changes", "sequence-decls", "variable-decls", "user-field-decls", "forms"})
_AROUND = frozenset({"header", "footer", "header-first", "footer-first", "header-left", "footer-left"})
_MAX_REPEAT = 100
_BULLET = "•"


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:  # noqa: ARG001 - as all readers
    """Read an OpenDocument text.

    Args:
        data: its bytes.
        options: none.
        tick: called after each picture that is read.

    Raises:
        ToolMissingError: a picture needs OCR, and Tesseract or its data is not on this machine.
    """
    try:
        package = Package(data, _WANTED)
        if "META-INF/manifest.xml" in package.names and b"encryption-data" in package.unpack("META-INF/manifest.xml"):
            return Unreadable("This document is protected by a password.", "Ask the sender for it without a password.")
        content = package.xml("content.xml")
        if content is None:
            return Unreadable("This file is no OpenDocument text: its text is missing.", "Open it by hand.")
        notes: list[str] = []
        text = "\n".join(_blocks(content, notes))
        styles = package.xml("styles.xml")
        around = [
            "\n".join(_blocks(element, []))
            for element in (styles.iter() if styles is not None else ())
            if local(element) in _AROUND
        ]
    except NotOpened as error:
        return error.why
    pictures = [name for name in package.names if name.startswith("Pictures/")]
    document = Document(text, ["\n".join(notes)] if notes else [], "\n".join(dict.fromkeys(around)), pictures)
    return as_reading(f"odt {READER}", document, package, tick)


def _blocks(element: Any, notes: list[str], mark: str = "") -> Iterator[str]:
    """The lines of everything that stands inside an element. ``notes`` takes footnotes and comments."""
    number = 0
    for child in element:
        name = local(child)
        if name in ("p", "h"):
            boxes: list[Any] = []
            yield mark + "".join(_inline(child, notes, boxes))
            for box in boxes:
                yield from _blocks(box, notes)
            mark = " " * len(mark)
        elif name in ("list-item", "list-header"):
            number += 1
            yield from _blocks(child, notes, f"{mark.replace(_BULLET, ' ')}{_BULLET} ")
        elif name == "table-row":
            yield "\t".join(_cells(child, notes))
        elif name not in _UNSHOWN and name:
            yield from _blocks(child, notes, mark)


def _cells(row: Any, notes: list[str]) -> Iterator[str]:
    for child in row:
        if local(child) in ("table-cell", "covered-table-cell"):
            yield " ".join(filter(None, (line.strip() for line in _blocks(child, notes))))


def _inline(element: Any, notes: list[str], boxes: list[Any]) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        name = local(child)
        if name == "s":
            count = attribute(child, "c")
            yield " " * min(int(count) if count.isdigit() else 1, _MAX_REPEAT)
        elif name == "tab":
            yield "\t"
        elif name == "line-break":
            yield "\n"
        elif name == "note":
            yield _note(child, notes)
        elif name == "annotation":
            notes.append("\n".join(_blocks(child, [])).strip())
        elif name == "text-box":
            boxes.append(child)
        elif name not in _UNSHOWN and name:
            yield from _inline(child, notes, boxes)
        yield child.tail or ""


def _note(note: Any, notes: list[str]) -> str:
    """The mark of a footnote in the text; its words are put by under the same mark."""
    said = {local(child): child for child in note}
    mark = "".join(said["note-citation"].itertext()) if "note-citation" in said else "*"
    body = "\n".join(_blocks(said["note-body"], [])) if "note-body" in said else ""
    notes.append(f"[{mark}] {body.strip()}")
    return f"[{mark}]"
