"""text/csv: a table, checked whole before its first row is handed on, so that rows in = rows out or none at all.

Strict, because a table that is read wrongly looks like one that is read rightly: every row has as many cells as the
header, every quote that opens a cell closes it (RFC 4180), and none follows spaces where a cell begins. A quote inside
a cell that is not quoted is a character (5" pipe). What does not hold is said with its line. Records are numbered from
1, the header counted; a line without any cell is no record, a row of blank cells is one.

Options: ``required_columns`` (list of str): headers that must be there.

Facts of the table: ``encoding`` (utf-8, utf-16 or windows-1252), ``delimiter``, ``rows`` (how many there are).
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from intake.reading.clean import clean
from intake.reading.parts import Row, Table, Unreadable
from intake.reading.wire import Options

READER = "1"
_DELIMITERS = ",;\t|"
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SHOWN = {"utf-8-sig": "utf-8", "cp1252": "windows-1252"}
_CHUNK_BYTES = 1 << 20
_MAX_CELL_CHARS = 10_000_000
_MAX_RECORD_CHARS = 20_000_000
_MAX_COLUMNS = 2_000
_ROWS_A_FRAME = 500
_CHARS_A_FRAME = 1_000_000
_FIX = "Have it exported again, or mend that line in a copy and send the copy."
_KINDS = {
    b"PK\x03\x04": "a spreadsheet or another zipped file",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"%PDF": "a PDF",
}


class Refused(Exception):
    """The file can't be taken; ``why`` is the answer."""

    def __init__(self, reason: str, next_step: str = _FIX) -> None:
        super().__init__(reason)
        self.why = Unreadable(reason, next_step)


def split(stream: BinaryIO, options: Options) -> Unreadable | tuple[Table, Iterator[list[Row]]]:
    """Split a table.

    Args:
        stream: the file, seekable.
        options: see above.

    Returns:
        The header, and the rows some hundred at a time; or ``Unreadable``, with the line where the file goes wrong.
    """
    csv.field_size_limit(_MAX_CELL_CHARS)
    try:
        encoding = _encoding(stream)
    except Refused as refused:
        return refused.why
    text = io.TextIOWrapper(stream, encoding, errors="surrogatepass", newline="")
    try:
        header, delimiter, count = _check(text)
        columns = _unique(header)
        _require(columns, options.get("required_columns", []))
    except Refused as refused:
        text.detach()  # the stream is the caller's to close
        return refused.why
    facts = {"encoding": _SHOWN.get(encoding, encoding), "delimiter": _NAMES[delimiter], "rows": str(count)}
    return Table(columns, facts=facts), _frames(text, delimiter)


class _Lines:
    """The physical lines of a file, for ``csv``; it remembers those of the record that is being read."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        text.seek(0)
        self._text = text
        self.number = 0
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
    """The records that have at least one cell.

    Raises:
        Refused: a quote is wrong or a cell too long; the line is said.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width = 0
    while True:
        lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _explained(error, lines, delimiter) from error
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


def _check(text: io.TextIOWrapper) -> tuple[list[str], str, int]:
    """Go through the whole file, once for each delimiter that its header may be written with, likeliest first.

    Returns:
        The header's cells, the delimiter, and how many data rows there are.

    Raises:
        Refused: it is right with none of them; the first one's fault is said.
    """
    headers = [(delimiter, _header(text, delimiter)) for delimiter in _DELIMITERS]
    headers = [(delimiter, cells) for delimiter, cells in headers if len(cells) > 1] or headers[:1]
    headers.sort(key=lambda pair: -len(pair[1]))
    faults: list[Refused] = []
    for delimiter, header in headers:
        try:
            return header, delimiter, _count(text, delimiter)
        except Refused as refused:
            faults.append(refused)
    raise faults[0]


def _header(text: io.TextIOWrapper, delimiter: str) -> list[str]:
    try:
        cells = next(_records(_Lines(text), delimiter), None)
    except Refused:
        return []
    if cells is None:
        raise Refused("This file holds no header line.", "Ask for it to be exported again.")
    return cells


def _count(text: io.TextIOWrapper, delimiter: str) -> int:
    """Return how many data rows there are, having looked at every one."""
    proper = _proper(delimiter)
    lines = _Lines(text)
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
    if width > _MAX_COLUMNS:
        raise Refused(f"The header has {width} cells; more than {_MAX_COLUMNS} are not taken.")
    return count - 1


def _proper(delimiter: str) -> re.Pattern[str]:
    """A record without a quote that follows spaces at the start of a cell, where it would not count as one."""
    spaces = " " if delimiter == "\t" else " \t"
    cell = rf'(?:"[^"]*+(?:""[^"]*+)*+"|(?![{spaces}]*+")[^\r\n{re.escape(delimiter)}]*+)'
    return re.compile(rf"{cell}(?:{re.escape(delimiter)}{cell})*+(?:\r\n|\n|\r)?")


def _encoding(stream: BinaryIO) -> str:
    """The encoding of the whole file, by its mark, else UTF-8, else windows-1252 if every byte is a character of it.

    Raises:
        Refused: it is none of them, or no text.
    """
    head = stream.read(_CHUNK_BYTES)
    for magic, kind in _KINDS.items():
        if head.startswith(magic):
            raise Refused(f"This file is {kind}, not a CSV table.", "Ask for it to be exported as CSV.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif head.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]  # it says itself what it is: what then is no UTF-8 is damaged
    elif head.count(0) > max(4, len(head) // 10):
        raise Refused("This file is not text, or it is UTF-16 without its mark.", "Have it exported as CSV in UTF-8.")
    else:
        candidates = ["utf-8-sig", "cp1252"]
    wrong_at = 0
    for encoding in candidates:
        undecodable = _undecodable(stream, encoding)
        if undecodable is None:
            return encoding
        wrong_at = undecodable
    raise Refused(
        f"Line {_line_of(stream, wrong_at, candidates[0])} holds characters in an unknown encoding.",
        "Have it exported as CSV in UTF-8.",
    )


def _undecodable(stream: BinaryIO, encoding: str) -> int | None:
    """The offset of the first byte that is not in this encoding, or None if all are."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    stream.seek(0)
    at = 0
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            decoder.decode(chunk)
            at += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return at + error.start
    return None


def _line_of(stream: BinaryIO, offset: int, encoding: str) -> int:
    """The line of a byte, however the lines before it end."""
    stream.seek(0)
    before = stream.read(offset).decode(encoding, "replace")
    return 1 + before.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def _unique(header: list[str]) -> list[str]:
    """The header's names without what surrounds them, each once: "Comments (2)" for a second, "Column 4" for none."""
    names: list[str] = []
    for number, cell in enumerate(header, start=1):
        base = clean(cell)[0].strip() or f"Column {number}"
        name, copy = base, 2
        while name in names:
            name, copy = f"{base} ({copy})", copy + 1
        names.append(name)
    return names


def _require(columns: list[str], required: list[str]) -> None:
    missing = [name for name in required if name not in columns]
    if missing:
        wanted = ", ".join(f'"{name}"' for name in missing)
        plural = "columns are" if len(missing) > 1 else "column is"
        raise Refused(
            # What stands in the first line is not said: where there is no header, it is a respondent's own row.
            f"The {plural} missing that the configuration names: {wanted}. The first line has {len(columns)} cells.",
            "Have it exported with these columns, or change the column names in the configuration.",
        )


def _frames(text: io.TextIOWrapper, delimiter: str) -> Iterator[list[Row]]:
    try:
        yield from _grouped(text, delimiter)
    finally:
        text.detach()


def _grouped(text: io.TextIOWrapper, delimiter: str) -> Iterator[list[Row]]:
    frame: list[Row] = []
    chars = 0
    records = _records(_Lines(text), delimiter)
    next(records)
    for number, cells in enumerate(records, start=2):
        row = _row(number, cells)
        frame.append(row)
        chars += sum(map(len, row.cells))
        if len(frame) == _ROWS_A_FRAME or chars > _CHARS_A_FRAME:
            yield frame
            frame, chars = [], 0
    if frame:
        yield frame


def _row(number: int, cells: list[str]) -> Row:
    joined = "".join(cells)
    if joined.isascii() and "\x00" not in joined:
        return Row(number, cells)
    pairs = [clean(cell) for cell in cells]
    return Row(number, [text for text, _ in pairs], sum(count for _, count in pairs))
