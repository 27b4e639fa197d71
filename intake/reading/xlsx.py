"""The sheets of an Excel workbook, .xlsx and .xlsm (SpreadsheetML, ECMA-376 part 1, both its namespaces).

Read from its XML, with no library between, because more must be known than the libraries tell: python-calamine gives
an error (#N/A), a formula that nobody has calculated and a blank cell alike as "", holds a sheet whole in memory, and
says nothing of hidden rows. What a cell holds is the stored value, which is what people saw; comments, charts and
macros are not looked at.
"""

import re
from collections.abc import Callable, Iterator
from posixpath import join, normpath
from typing import Any

from intake.reading.numbers import BUILT_IN, Kind, kind_of, plain, shown, zeros_of
from intake.reading.tablehead import Refused
from intake.reading.workbook import Merge, RawRow, Sheet, Xml, Zip, cell_name, damaged
from intake.reading.xlsxcells import column_of, rows, whole_number

_SPACES = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
_ELEMENTS = ("sheet", "workbookPr", "numFmt", "cellXfs", "xf")
_KNOWN = {f"{space} {element}": element for space in _SPACES for element in _ELEMENTS}
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})", re.ASCII)
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships Relationship"
_MAX_SHEETS = 255
_MAX_MERGES = 200_000
_MAX_STRING_CHARS = 400_000_000
_TRUE = ("1", "true")


class XlsxSheet(Sheet):
    """One sheet; see ``workbook.Sheet``."""

    def __init__(self, book: "Xlsx", name: str, member: str, *, hidden: bool) -> None:
        super().__init__(name, hidden=hidden)
        self._book = book
        self._member = member

    def rows(self) -> Iterator[RawRow]:
        """Its rows in order.

        Raises:
            Refused: it can't be read whole.
        """
        self.begin()
        yield from rows(self._book.zip, self._member, self._value(), _refuse_unvalued, self._aside)

    def _value(self) -> Callable[[str, str, str], str]:
        """What makes the text of a stored value (18.18.11: what the types of a cell mean)."""
        strings, formats, is_1904, counts = self._book.strings(), self._book.formats(), self._book.is_1904, self.counts

        def value(raw: str, kind: str, style: str) -> str:
            if kind == "s":
                at = whole_number(raw)
                if at >= len(strings):
                    raise damaged()
                return strings[at]
            if kind in ("str", "inlineStr"):
                return _unescaped(raw)
            if kind == "n":
                shows = formats.get(style)
                if shows is None:
                    return raw if raw.isdigit() and raw.isascii() else plain(raw.strip())
                if shows[1]:
                    return plain(raw).zfill(shows[1])
                return shown(raw.strip(), shows[0], is_1904=is_1904)
            if kind == "b":
                return "TRUE" if raw.strip() in _TRUE else "FALSE"
            if kind == "e":
                counts["errors"] += 1
            return raw.replace("T", " ").removesuffix("Z") if kind == "d" else raw

        return value

    def _aside(self, element: str, given: dict[str, str]) -> None:
        if element == "f":
            self.counts["formulas"] += 1
        elif element == "mergeCell":
            self._merge(given.get("ref", ""))
        elif element == "col" and given.get("hidden") in _TRUE:
            first, last = whole_number(given.get("min", "0")), whole_number(given.get("max", "0"))
            self.hidden_columns += max(0, last - first + 1)

    def _merge(self, reference: str) -> None:
        corners = [_REFERENCE.fullmatch(corner) for corner in reference.split(":")]
        if len(corners) != 2 or corners[0] is None or corners[1] is None:
            return
        first, last = int(corners[0][2]), int(corners[1][2])
        if last > first:
            if len(self.merges) == _MAX_MERGES:
                raise damaged()
            self.merges.append(Merge(first, last, column_of(corners[0][1])))


class Xlsx:
    """A workbook; its shared texts and formats are read when a sheet first needs them."""

    def __init__(self, book: Zip) -> None:
        """Read what sheets there are.

        Raises:
            Refused: it is no workbook that opens.
        """
        self.zip = book
        self.is_1904 = False
        self._targets: dict[str, tuple[str, str]] = {}  # by the id of a relationship: its type and member
        self._strings: list[str] | None = None
        self._formats: dict[str, tuple[Kind, int]] | None = None
        self._read_relations("_rels/.rels", "")
        self._workbook = self._target("officeDocument") or "xl/workbook.xml"
        folder, _, name = self._workbook.rpartition("/")
        self._targets.clear()
        self._read_relations(f"{folder}/_rels/{name}.rels", folder)
        self.sheets = self._read_sheets()

    def strings(self) -> list[str]:
        """The texts that cells share, by number."""
        if self._strings is None:
            self._strings = self._read_strings(self._target("sharedStrings"))
        return self._strings

    def formats(self) -> dict[str, tuple[Kind, int]]:
        """By a cell's style: what its number format shows, and to how many digits zeros fill it up; plain ones are left
        out."""
        if self._formats is None:
            self._formats = self._read_formats(self._target("styles"))
        return self._formats

    def _target(self, kind: str) -> str:
        """The member of this type, "" if there is none."""
        return next((member for of, member in self._targets.values() if of == kind and member in self.zip.names), "")

    def _read_relations(self, member: str, folder: str) -> None:
        def start(name: str, given: dict[str, str]) -> None:
            if name == _RELATIONSHIPS and given.get("TargetMode") != "External":
                path = given.get("Target", "")
                path = path.lstrip("/") if path.startswith("/") else normpath(join(folder, path))
                self._targets[given.get("Id", "")] = (given.get("Type", "").rpartition("/")[2], path)

        if member in self.zip.names:
            Xml(self.zip, member, start, _nothing).whole()

    def _read_sheets(self) -> list[XlsxSheet]:
        found: list[XlsxSheet] = []

        def start(name: str, given: dict[str, str]) -> None:
            element = _KNOWN.get(name)
            if element == "workbookPr":
                self.is_1904 = given.get("date1904") in _TRUE
            elif element == "sheet":
                to = next((value for key, value in given.items() if key.endswith("relationships id")), "")
                kind, member = self._targets.get(to, ("", ""))
                if kind == "worksheet" and member in self.zip.names:
                    hidden = given.get("state", "visible") != "visible"
                    found.append(XlsxSheet(self, given.get("name", ""), member, hidden=hidden))
                elif kind not in ("chartsheet", "dialogsheet", "xlMacrosheet"):
                    raise damaged()

        if self._workbook not in self.zip.names:
            raise damaged()
        Xml(self.zip, self._workbook, start, _nothing).whole()
        if len(found) > _MAX_SHEETS:
            raise Refused(f"This workbook has more than {_MAX_SHEETS} sheets.")
        return found

    def _read_strings(self, member: str) -> list[str]:
        found: list[str] = []
        whole, spoken, chars = "", False, 0

        def start(name: str, _: dict[str, str]) -> None:
            nonlocal whole, spoken
            if name == "t":
                text.clear()
            elif name == "si":
                whole = ""
            elif name == "rPh":
                spoken = True

        def end(name: str) -> None:
            nonlocal whole, spoken, chars
            if name == "t":
                if not spoken:
                    whole += text[0] if len(text) == 1 else "".join(text)
            elif name == "rPh":
                spoken = False
            elif name == "si":
                chars += len(whole)
                if chars > _MAX_STRING_CHARS:
                    raise Refused("The texts of this workbook are longer than 400 million characters.")
                found.append(_unescaped(whole))

        if member:
            xml = Xml(self.zip, member, start, end, namespaces=False)
            text = xml.kept
            xml.whole()
        return found

    def _read_formats(self, member: str) -> dict[str, tuple[Kind, int]]:
        codes: dict[str, str] = {}
        styles: list[str] = []
        inside = False

        def start(name: str, given: dict[str, str]) -> None:
            nonlocal inside
            element = _KNOWN.get(name)
            if element == "numFmt":
                codes[given.get("numFmtId", "")] = given.get("formatCode", "")
            elif element == "cellXfs":
                inside = True
            elif element == "xf" and inside:
                styles.append(given.get("numFmtId", "0"))

        def end(name: str) -> None:
            nonlocal inside
            inside = inside and _KNOWN.get(name) != "cellXfs"

        if member:
            Xml(self.zip, member, start, end).whole()
        found: dict[str, tuple[Kind, int]] = {}
        for number, format_id in enumerate(styles):
            code = codes.get(format_id)
            kind = kind_of(code) if code is not None else BUILT_IN.get(whole_number(format_id), Kind.NUMBER)
            zeros = zeros_of(code) if code is not None else 0
            if kind is not Kind.NUMBER or zeros:
                found[str(number)] = (kind, zeros)
        return found


def _nothing(_: Any) -> None:
    """At the end of an element that says nothing there."""


def _unescaped(text: str) -> str:
    """A text of a cell, in which a character that XML can't hold is written as its number (22.9.2.19)."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _refuse_unvalued(column: int, row: int) -> None:
    raise Refused(
        f"Cell {cell_name(column, row)} holds a formula that was never calculated, so that its value is not known.",
        "Open it in Excel or LibreOffice, save it, and send that copy.",
    )
