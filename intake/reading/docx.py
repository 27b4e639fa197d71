"""Word documents (.docx; ECMA-376, part 1, 17): the words as they are shown, lists and tables laid out.

Part 0 is the text; then come footnotes and endnotes, comments, and (no content: a letterhead) headers and footers,
as far as there are any. What was deleted with changes tracked is not shown, and not read. Read by lxml alone: nothing
is run, followed or fetched. Pictures are read by OCR where there are hardly any words: somebody pasted in a scan.

Options: none. Facts: ``pictures`` how many pictures it holds; ``empty`` "true" if there are neither words nor
pictures. ``needs`` has ``attachment`` for a large picture that is not read.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from intake.reading.agreed import Tick, no_tick
from intake.reading.office import Document, as_reading
from intake.reading.parts import Reading, Unreadable
from intake.reading.wire import Options
from intake.reading.zipped import NotOpened, Package, attribute, local

READER = "1"
_WANTED = "a Word document"
_MAIN = "word/document.xml"
_UNSHOWN = frozenset({
    "del", "moveFrom", "delText", "delInstrText", "instrText", "Fallback", "sectPr", "pPr", "rPr", "tblPr", "tblGrid",
    "trPr", "tcPr", "sdtPr", "sdtEndPr", "pict", "binData",
})  # fmt: skip
_TEXT = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
_BULLET = "•"


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:  # noqa: ARG001 - as all readers
    """Read a Word document.

    Args:
        data: its bytes.
        options: none.
        tick: called after each picture that is read.

    Raises:
        ToolMissingError: a picture needs OCR, and Tesseract or its data is not on this machine.
    """
    try:
        package = Package(data, _WANTED)
        main = package.xml(_main(package))
        if main is None:
            return Unreadable("This file is no Word document: its text is missing.", "Open it by hand.")
        lists = _Lists(package.xml("word/numbering.xml"))
        text = "\n".join(_blocks(main, lists))
        notes = [_notes(package, f"word/{kind}.xml", lists) for kind in ("footnotes", "endnotes", "comments")]
        around = [
            "\n".join(_blocks(package.xml(name), lists))
            for name in sorted(package.names)
            if name.startswith(("word/header", "word/footer")) and name.endswith(".xml")
        ]
    except NotOpened as error:
        return error.why
    pictures = [name for name in package.names if name.startswith("word/media/")]
    document = Document(
        text, [note for note in notes if note], "\n".join(dict.fromkeys(filter(None, around))), pictures
    )
    return as_reading(f"docx {READER}", document, package, tick)


def _main(package: Package) -> str:
    """The name of the member that holds the text: some programs call it by another name (part 2, 9.3)."""
    relations = package.xml("_rels/.rels")
    for relation in relations if relations is not None else ():
        if attribute(relation, "Type").endswith("/officeDocument"):
            return attribute(relation, "Target").lstrip("/")
    return _MAIN


class _Lists:
    """The marks of list items: a bullet, or the number that the item has."""

    def __init__(self, numbering: Any) -> None:
        """Args: numbering: the root of word/numbering.xml, or None."""
        self._counters: Counter[tuple[str, str]] = Counter()
        self._formats: dict[tuple[str, str], str] = {}
        abstract: dict[str, dict[str, str]] = {}
        for element in numbering if numbering is not None else ():
            if local(element) == "abstractNum":
                levels = (child for child in element if local(child) == "lvl")
                abstract[attribute(element, "abstractNumId")] = {
                    attribute(level, "ilvl"): _value_of(level, "numFmt") for level in levels
                }
            elif local(element) == "num":
                for level, kind in abstract.get(_value_of(element, "abstractNumId"), {}).items():
                    self._formats[attribute(element, "numId"), level] = kind

    def mark(self, paragraph: Any) -> str:
        """What stands before a paragraph: "" if it is no list item."""
        properties = next((child for child in paragraph if local(child) == "pPr"), ())
        item = next((child for child in properties if local(child) == "numPr"), None)
        if item is None:
            return ""
        number, level = _value_of(item, "numId"), _value_of(item, "ilvl") or "0"
        if number in ("", "0"):
            return ""
        indent = "  " * min(int(level) if level.isdigit() else 0, 8)
        if self._formats.get((number, level), "bullet") in ("bullet", "none"):
            return f"{indent}{_BULLET} "
        self._counters[number, level] += 1
        return f"{indent}{self._counters[number, level]}. "


def _value_of(element: Any, name: str) -> str:
    return next((attribute(child, "val") for child in element if local(child) == name), "")


def _blocks(element: Any, lists: _Lists) -> Iterator[str]:
    """The lines of everything that stands inside an element: paragraphs, and the rows of tables."""
    for child in element if element is not None else ():
        name = local(child)
        if name == "p":
            inside: list[Any] = []
            yield lists.mark(child) + "".join(_inline(child, inside))
            for box in inside:
                yield from _blocks(box, lists)
        elif name == "tbl":
            yield from _rows(child, lists)
        elif name not in _UNSHOWN:
            yield from _blocks(child, lists)


def _rows(element: Any, lists: _Lists) -> Iterator[str]:
    for child in element:
        name = local(child)
        if name == "tr":
            yield "\t".join(_cells(child, lists))
        elif name not in _UNSHOWN:
            yield from _rows(child, lists)


def _cells(element: Any, lists: _Lists) -> Iterator[str]:
    for child in element:
        name = local(child)
        if name == "tc":
            yield " ".join(filter(None, (line.strip() for line in _blocks(child, lists))))
        elif name not in _UNSHOWN:
            yield from _cells(child, lists)


def _inline(element: Any, boxes: list[Any]) -> Iterator[str]:
    """The words of a paragraph; text boxes that hang on it are put by."""
    for child in element:
        name = local(child)
        if name == "t":
            yield child.text or ""
        elif name == "txbxContent":
            boxes.append(child)
        elif name in _TEXT:
            yield _TEXT[name]
        elif name == "sym":
            code = attribute(child, "char")
            yield chr(int(code, 16)) if len(code) == 4 and _is_hex(code) else ""
        elif name in ("footnoteReference", "endnoteReference"):
            yield f"[{attribute(child, 'id')}]"
        elif name == "ffData":
            yield _form_field(child)
        elif name not in _UNSHOWN or (name == "pict" and len(child)):
            yield from _inline(child, boxes)


def _is_hex(code: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in code)


def _form_field(field: Any) -> str:
    """What an old form's box or list shows (17.16.7, 17.16.9); a text field's words stand in the document."""
    for child in field:
        if local(child) == "checkBox":
            values = {local(c): attribute(c, "val") for c in child if local(c) in ("checked", "default")}
            said = values.get("checked", values.get("default", "0"))
            return "[x] " if said in ("", "1", "true", "on") else "[ ] "
        if local(child) == "ddList":
            entries = [attribute(c, "val") for c in child if local(c) == "listEntry"]
            chosen = _value_of(child, "result") or _value_of(child, "default") or "0"
            return entries[int(chosen)] if chosen.isdigit() and int(chosen) < len(entries) else ""
    return ""


def _notes(package: Package, name: str, lists: _Lists) -> str:
    """Footnotes, endnotes or comments, each with its number; the separators that Word keeps among them are none."""
    root = package.xml(name)
    lines = []
    for note in root if root is not None else ():
        said = "\n".join(_blocks(note, lists)).strip()
        if said and not attribute(note, "type"):
            lines.append(f"[{attribute(note, 'id')}] {said}")
    return "\n".join(lines)
