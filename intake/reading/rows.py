"""A table as text: checked whole before its first row is handed on, so that rows in = rows out or none at all.

Strict, because a table that is read wrongly looks like one that is read rightly: every row has as many cells as the
header, every quote that opens a cell closes it (RFC 4180), and none follows spaces where a cell begins. A quote inside
a cell that is not quoted is a character (5" pipe, ="0012"). What does not hold is said with its line. The delimiter is
the one that all of it is right with, or the one that a first line ``sep=;`` names, as Excel writes it: a guess from the
first lines (csv.Sniffer) may be wrong, and the whole file can't. Records are numbered from 1, the header and the titles
above it counted; a line without any cell is no record below the header, a row of blank cells is one.

For the options see ``tablehead``.

Facts of the table: ``encoding`` (utf-8, utf-16, windows-1252, windows-1250, mac-roman …), ``delimiter``, ``rows`` (how
many there are).
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from intake.reading.frames import frames, storable
from intake.reading.parts import Row, Table, Unreadable
from intake.reading.tablehead import MAX_COLUMNS, Refused, Wanted, column_names, require
from intake.reading.tabletext import SHOWN, encoding_of
from intake.reading.wire import Options

READER = "2"
_DELIMITERS = ",;\t|"
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SEP = re.compile(r'"?sep=([^\w"\s]|\t)"?\s*', re.IGNORECASE)
_MAX_CELL_CHARS = 10_000_000
_MAX_RECORD_CHARS = 20_000_000


def split(stream: BinaryIO, options: Options) -> Unreadable | tuple[Table, Iterator[list[Row]]]:
    """Split a table.

    Args:
        stream: the file, seekable.
        options: see above.

    Returns:
        The header, and the rows some hundred at a time; or ``Unreadable``, with the line where the file goes wrong.
    """
    csv.field_size_limit(_MAX_CELL_CHARS)
    wanted = Wanted.of(options)
    try:
        encoding = encoding_of(stream)
    except Refused as refused:
        return refused.why
    handling = "surrogatepass" if encoding.startswith("utf") else "strict"
    text = io.TextIOWrapper(stream, encoding, errors=handling, newline="")
    try:
        source = _Source(text, wanted)
        header, delimiter, count = _check(source)
        columns = column_names(header, range(len(header[0])))
        require(columns, wanted.required)
    except Refused as refused:
        text.detach()  # the stream is the caller's to close
        return refused.why
    facts = {"encoding": SHOWN.get(encoding, encoding), "delimiter": _NAMES.get(delimiter, delimiter)}
    first = wanted.header_row + wanted.header_rows
    return Table(columns, first, {**facts, "rows": str(count)}), _frames(source, delimiter, first)


class _Source:
    """The text of a file and what is to be passed over: a line ``sep=;``, and the titles above the header."""

    def __init__(self, text: io.TextIOWrapper, wanted: Wanted) -> None:
        self.text = text
        text.seek(0)
        said = _SEP.fullmatch(text.readline(32))
        self.delimiters = said[1] if said else _DELIMITERS
        self.lines = 1 if said else 0
        self.titles = wanted.header_row - 1
        self.header_rows = wanted.header_rows


class _Lines:
    """The physical lines of a file, for ``csv``; it remembers those of the record that is being read."""

    def __init__(self, source: _Source) -> None:
        self._text = source.text
        self._text.seek(0)
        self.titles = source.titles
        self.number = source.lines
        for _ in range(source.lines):
            self._text.readline()
        self.first = 1
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_MAX_CELL_CHARS)
        if not line:
            raise StopIteration
        if len(line) == _MAX_CELL_CHARS:
            raise Refused(f"Line {self.number + 1} is longer than {_MAX_CELL_CHARS // 1_000_000} million characters.")
        self.number += 1
        self.record.append(line)
        return line

    def begin_record(self) -> None:
        """Forget the lines of the last record."""
        self.record.clear()
        self.first = self.number + 1


def _records(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    """The records below the titles that have at least one cell.

    Raises:
        Refused: a quote is wrong or a cell too long; the line is said.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width = number = 0
    while True:
        lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _explained(error, lines, delimiter) from error
        number += 1
        if number <= lines.titles:
            continue
        width = width or len(cells)
        if len(cells) == 1 < width and not cells[0].strip():
            continue  # an editor's leftover, such as spaces in the last line
        if cells:
            yield cells


def _explained(error: csv.Error, lines: _Lines, delimiter: str) -> Refused:
    where = f"line {lines.first}" if lines.first == lines.number else f"lines {lines.first} to {lines.number}"
    if "end of data" in str(error):
        return Refused(
            f"A quote that opens in line {lines.first + _opened_in(lines.record, delimiter)} is never closed."
        )
    if "field limit" in str(error):
        return Refused(
            f"A cell that begins in line {lines.first} is longer than {_MAX_CELL_CHARS // 1_000_000} million "
            "characters; perhaps a quote is not closed."
        )
    return Refused(f"In {where} a quote closes a cell, but more of the cell follows it.")


def _opened_in(record: Sequence[str], delimiter: str) -> int:
    """In which of these lines the cell begins whose quote none of them closes. A doubled quote inside it is none of its
    ends."""
    opened, quoted = 0, False
    for number, line in enumerate(record):
        at = line.find('"')
        while at >= 0:
            if not quoted and (at == 0 or line[at - 1] == delimiter):
                opened, quoted = number, True
            elif quoted and line[at + 1 : at + 2] == '"':
                at += 1
            else:
                quoted = False
            at = line.find('"', at + 1)
    return opened


def _check(source: _Source) -> tuple[list[list[str]], str, int]:
    """Go through the whole file, once for each delimiter that its header may be written with, likeliest first.

    Returns:
        The header's rows, the delimiter, and how many data rows there are.

    Raises:
        Refused: it is right with none of them; the first one's fault is said.
    """
    headers = [(delimiter, _header(source, delimiter)) for delimiter in source.delimiters]
    headers = [(delimiter, header) for delimiter, header in headers if header and len(header[0]) > 1] or headers[:1]
    headers.sort(key=lambda pair: -len(pair[1][0]) if pair[1] else 0)
    faults: list[Refused] = []
    for delimiter, header in headers:
        try:
            return header, delimiter, _count(source, delimiter)
        except Refused as refused:
            faults.append(refused)
    raise faults[0]


def _header(source: _Source, delimiter: str) -> list[list[str]]:
    try:
        header = list(islice(_records(_Lines(source), delimiter), source.header_rows))
    except Refused:
        return []
    if len(header) < source.header_rows:
        raise Refused("This file holds no header line.", "Ask for it to be exported again.")
    return header


def _count(source: _Source, delimiter: str) -> int:
    """Return how many data rows there are, having looked at every one."""
    proper = _proper(delimiter)
    lines = _Lines(source)
    width = count = 0
    for cells in _records(lines, delimiter):
        width = width or len(cells)
        if len(cells) != width:
            fault = "few" if len(cells) < width else "many"
            raise Refused(f"Line {lines.first} has too {fault} cells: {len(cells)}, and the header has {width}.")
        raw = "".join(lines.record)
        if '"' in raw and not proper.fullmatch(raw):
            raise Refused(f"In line {lines.first} spaces stand before a quote that should begin a cell.")
        if len(raw) > _MAX_RECORD_CHARS:
            raise Refused(f"The row in line {lines.first} is longer than {_MAX_RECORD_CHARS // 1_000_000} MB.")
        count += 1
    if width > MAX_COLUMNS:
        raise Refused(f"The header has {width} cells; more than {MAX_COLUMNS} are not taken.")
    return count - source.header_rows


def _proper(delimiter: str) -> re.Pattern[str]:
    """A record without a quote that follows spaces at the start of a cell, where it would not count as one."""
    spaces = " " if delimiter == "\t" else " \t"
    cell = rf'(?:"[^"]*+(?:""[^"]*+)*+"|(?![{spaces}]*+")[^\r\n{re.escape(delimiter)}]*+)'
    return re.compile(rf"{cell}(?:{re.escape(delimiter)}{cell})*+(?:\r\n|\n|\r)?")


def _frames(source: _Source, delimiter: str, first: int) -> Iterator[list[Row]]:
    try:
        records = islice(_records(_Lines(source), delimiter), source.header_rows, None)
        yield from frames(storable(number, cells) for number, cells in enumerate(records, start=first))
    finally:
        source.text.detach()
