"""The sheets of an OpenDocument spreadsheet, .ods (OpenDocument 1.3 part 3, chapters 9 and 19).

All of them stand in one member. A cell's value is in attributes, dates in ISO form; its words are paragraphs. Repeated
cells and rows are written once with a number; where they are blank, that number is of no interest.
"""

import re
from collections.abc import Iterator

from intake.reading.numbers import plain
from intake.reading.tablehead import MAX_COLUMNS, Refused
from intake.reading.workbook import MAX_ROWS, Merge, RawRow, Sheet, Xml, Zip, cell_name, damaged, protected, put

_SPACE = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _TEXT, _OFFICE, _STYLE = (f"{_SPACE}{name}:1.0 " for name in ("table", "text", "office", "style"))
_KNOWN = {
    f"{_OFFICE}spreadsheet": "spreadsheet", f"{_OFFICE}annotation": "aside", f"{_TABLE}table": "table",
    f"{_TABLE}table-column": "column", f"{_TABLE}table-row": "row", f"{_TABLE}table-cell": "cell",
    f"{_TABLE}covered-table-cell": "cell", f"{_TEXT}p": "p", f"{_TEXT}s": "s", f"{_TEXT}tab": "tab",
    f"{_TEXT}line-break": "break", f"{_TEXT}note": "aside", f"{_TEXT}ruby-text": "aside", f"{_STYLE}style": "style",
    f"{_STYLE}table-properties": "properties", f"{_TABLE}shapes": "aside",
    f"{_SPACE}drawing:1.0 frame": "aside", f"{_SPACE}drawing:1.0 custom-shape": "aside",
}  # fmt: skip
_CALC_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_TIME = re.compile(r"PT(\d{1,6})H(\d{1,2})M(\d{1,2})(?:[.,]\d*)?S", re.ASCII)
_RUN = re.compile(r"[ \t\r\n]+")
_KEPT = {"s": "\x01", "tab": "\x02", "break": "\x03"}
_MEANT = {1: " ", 2: "\t", 3: "\n"}
"""XML holds none of these characters, so that spaces that were meant stay apart from those that are layout (6.1.2)."""
_MAX_SHEETS = 255
_MAX_MERGES = 200_000
_MANY_BLANK = 1_000


class OdsSheet(Sheet):
    """One sheet; see ``workbook.Sheet``."""

    def __init__(self, book: Zip, name: str, number: int, *, hidden: bool) -> None:
        super().__init__(name, hidden=hidden)
        self._book = book
        self._number = number

    def rows(self) -> Iterator[RawRow]:
        """Its rows in order.

        Raises:
            Refused: it can't be read whole.
        """
        self.begin()
        parse = _Cells(self, self._number)
        xml = Xml(self._book, "content.xml", parse.start, parse.end)
        parse.xml = xml
        for _ in xml.pieces():
            for row, times in parse.done:
                for more in range(times):
                    yield RawRow(row.number + more, row.cells, row.hidden)
            parse.done.clear()
            # What follows is another sheet's, but the member's checksum is at its end: it is parsed all the same.


class _Cells:
    """What the XML says of one sheet. ``done`` are the rows that are complete, and how often each stands."""

    xml: Xml

    def __init__(self, sheet: OdsSheet, wanted: int) -> None:
        self.done: list[tuple[RawRow, int]] = []
        self._sheet, self._wanted = sheet, wanted
        self._table, self._depth = -1, 0
        self._row, self._next, self._times, self._hidden = 0, 1, 1, False
        self._cells: list[str] = []
        self._column = 0
        self._given: dict[str, str] = {}
        self._paragraphs: list[str] = []
        self._aside = 0
        self._before: list[str] = []  # the text that was kept when an aside began

    def start(self, name: str, given: dict[str, str]) -> None:
        element = _KNOWN.get(name)
        if element is None:
            return
        if element == "table":
            self._depth += 1
            if self._depth == 1:
                self._table += 1
        elif self._depth != 1 or self._table != self._wanted:
            return
        elif element == "aside":
            if not self._aside:
                self._before = self.xml.kept[:]
            self._aside += 1
        elif self._aside:
            return
        elif element == "cell":
            self._given, self._paragraphs = given, []
        elif element == "p":
            self.xml.kept.clear()
        elif element in _KEPT:
            self.xml.kept.append(_KEPT[element] * min(_times(given.get(f"{_TEXT}c", "1")), 10_000))
        elif element == "row":
            self._begin(given)
        elif element == "column" and given.get(f"{_TABLE}visibility", "visible") != "visible":
            self._sheet.hidden_columns += _repeated(given, "columns")

    def end(self, name: str) -> None:
        element = _KNOWN.get(name)
        if element is None:
            return
        if element == "table":
            self._depth -= 1
        elif self._depth != 1 or self._table != self._wanted:
            self.xml.kept.clear()
        elif element == "aside":
            self._aside -= 1
            if not self._aside:  # a note inside a paragraph is no part of it
                self.xml.kept[:] = self._before
        elif self._aside:
            return
        elif element == "p":
            text = _RUN.sub(" ", "".join(self.xml.kept)).strip(" ")
            self._paragraphs.append(text.translate(_MEANT))
            self.xml.kept.clear()
        elif element == "cell":
            self._end_cell()
        elif element == "row":
            self._end_row()

    def _begin(self, given: dict[str, str]) -> None:
        self._row, self._times = self._next, _repeated(given, "rows")
        self._hidden = given.get(f"{_TABLE}visibility", "visible") != "visible"
        self._column, self._cells = 0, []

    def _end_row(self) -> None:
        self._next = self._row + self._times
        if self._cells or self._times <= _MANY_BLANK:
            if self._cells and self._next - 1 > MAX_ROWS:
                raise damaged()
            self.done.append((RawRow(self._row, self._cells, self._hidden), self._times))

    def _end_cell(self) -> None:
        times, column = _repeated(self._given, "columns"), self._column
        self._column += times
        text = self._text(column)
        if not text:
            return
        if times > 1 and column + times > MAX_COLUMNS:
            column += times - 1  # the sentence names the last one of them
        spanned = int(self._given.get(f"{_TABLE}number-rows-spanned", "1") or 1)
        if spanned > 1 and len(self._sheet.merges) < _MAX_MERGES:
            self._sheet.merges.append(Merge(self._row, self._row + spanned - 1, column))
        for more in range(times):
            put(self._cells, column + more, text, self._row)

    def _text(self, column: int) -> str:
        """The text of a cell (19.385, office:value-type)."""
        given = self._given
        kind = given.get(f"{_OFFICE}value-type", "")
        words = "\n".join(self._paragraphs)
        if f"{_TABLE}formula" in given:
            self._sheet.counts["formulas"] += 1
            if not kind:
                raise Refused(
                    f"Cell {cell_name(column, self._row)} holds a formula that was never calculated, so that its value"
                    " is not known.",
                    "Open it in Excel or LibreOffice, save it, and send that copy.",
                )
        if given.get(_CALC_TYPE) == "error":
            self._sheet.counts["errors"] += 1
            return words
        if kind in ("float", "currency", "percentage"):
            return plain(given.get(f"{_OFFICE}value", words))
        if kind == "date":
            day, _, time = given.get(f"{_OFFICE}date-value", words).partition("T")
            return f"{day} {time.partition('.')[0].partition(',')[0].removesuffix('Z')}" if time else day
        if kind == "time":
            clock = _TIME.fullmatch(given.get(f"{_OFFICE}time-value", ""))
            return ":".join(f"{int(part):02d}" for part in clock.groups()) if clock else words
        if kind == "boolean":
            return "TRUE" if given.get(f"{_OFFICE}boolean-value") == "true" else "FALSE"
        return words or given.get(f"{_OFFICE}string-value", "")


def sheets(book: Zip) -> list[OdsSheet]:
    """The sheets of a spreadsheet.

    Raises:
        Refused: it is protected by a password, or does not open.
    """
    if b"encryption-data" in book.small("META-INF/manifest.xml"):
        raise protected()
    if "content.xml" not in book.names:
        raise damaged()
    unseen: set[str] = set()
    found: list[OdsSheet] = []
    style, depth = "", 0

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal style, depth
        element = _KNOWN.get(name)
        if element == "style":
            style = given.get(f"{_STYLE}name", "")
        elif element == "properties" and given.get(f"{_TABLE}display") == "false":
            unseen.add(style)
        elif element == "table":
            depth += 1
            if depth == 1:
                hidden = given.get(f"{_TABLE}style-name") in unseen
                found.append(OdsSheet(book, given.get(f"{_TABLE}name", ""), len(found), hidden=hidden))
                if len(found) > _MAX_SHEETS:
                    raise Refused(f"This workbook has more than {_MAX_SHEETS} sheets.")

    def end(name: str) -> None:
        nonlocal depth
        depth -= _KNOWN.get(name) == "table"

    xml = Xml(book, "content.xml", start, end)
    for _ in xml.pieces():
        xml.kept.clear()
    return found


def _repeated(given: dict[str, str], what: str) -> int:
    return _times(given.get(f"{_TABLE}number-{what}-repeated", "1"))


def _times(digits: str) -> int:
    if not digits.isdigit() or not digits.isascii() or len(digits) > 9:
        raise damaged()
    return max(1, int(digits))
