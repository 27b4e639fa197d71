"""A workbook (.xlsx, .xlsm, .ods): one sheet of it as a table, checked whole before its first row is handed on.

The sheet is the one that is configured, else the only one with something on it, else the only one whose header has all
columns that the configuration names, if no other sheet shares a column with it. Hidden sheets, rows and columns are
taken as others are. Rows have the numbers that the sheet shows; blank ones between others are rows, unless it is more
than a thousand together, and those at its end are none. Cells that are merged downwards have their value in each row
that has something else in it; those merged sideways in their first column. A column without name and content is none.

For the options see ``tablehead``.

Facts of the table: ``format`` (xlsx or ods), ``sheet`` (its number, from 1), ``rows`` (how many there are); and, where
there are any, ``hidden_sheets``, ``hidden_rows``, ``hidden_columns``, ``formulas``, ``errors`` (cells that show #N/A
and the like), ``merges`` (downwards).
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from intake.reading.frames import frames, storable
from intake.reading.parts import Row, Table
from intake.reading.tablehead import Refused, Wanted, column_names, require
from intake.reading.workbook import Merge, RawRow, Sheet

READER = "1"
_GAP = 1_000
_TOP = 20
_MAX_CELLS = 60_000_000
_MAX_CHARS = 1_000_000_000
_CHARS_A_BLOCK = 1 << 20
_ROWS_A_BLOCK = 1_000
_SET = 'Set sheet = "…" in this channel\'s section to the name of the one that holds the answers.'


def split(sheets: Sequence[Sheet], kind: str, wanted: Wanted) -> tuple[Table, Iterator[list[Row]]]:
    """Split a workbook.

    Args:
        sheets: its sheets.
        kind: xlsx or ods.
        wanted: what the configuration says.

    Returns:
        The header, and the rows some hundred at a time.

    Raises:
        Refused: it can't be taken; the sentence says where it goes wrong.
    """
    number = _choose(sheets, wanted)
    sheet = sheets[number]
    body = _Body(wanted)
    hidden_rows = 0
    for row in sheet.rows():
        body.add(row)
        hidden_rows += row.hidden and _has_content(row.cells)
    if not body.header:
        raise Refused("This sheet holds no header row.", "Ask for it to be exported again, or correct header_row.")
    columns = [at for at in range(body.width) if at in body.used or body.is_named(at)]
    names = column_names(body.header, columns)
    require(names, wanted.required, "The header", body.row_with(wanted.required))
    if body.count * len(columns) > _MAX_CELLS:
        raise Refused(
            f"This sheet has more than {_MAX_CELLS // 1_000_000} million cells.", "Ask for it in smaller pieces."
        )
    merges = [merge for merge in sheet.merges if merge.first >= body.first]
    rows = _filled(body.rows(), merges) if merges else body.rows()
    facts = {"format": kind, "sheet": str(number + 1), "rows": str(body.count)}
    counted = {
        "hidden_sheets": sum(other.hidden for other in sheets), "hidden_rows": hidden_rows,
        "hidden_columns": min(sheet.hidden_columns, body.width), **sheet.counts, "merges": len(merges),
    }  # fmt: skip
    facts |= {name: str(count) for name, count in counted.items() if count}
    return Table(names, body.first, facts), frames(_fitted(rows, columns))


def _has_content(cells: Sequence[str]) -> bool:
    return any(cell and not cell.isspace() for cell in cells)


def _choose(sheets: Sequence[Sheet], wanted: Wanted) -> int:
    """The sheet that is meant, from 0."""
    if not sheets:
        raise Refused("This workbook has no sheet with cells.", "Ask for it to be exported again.")
    if wanted.sheet:
        for number, sheet in enumerate(sheets):
            if sheet.name.strip().casefold() == wanted.sheet.strip().casefold():
                return number
        raise Refused(
            f'This workbook has no sheet called "{wanted.sheet}", as the configuration names it; it has {len(sheets)}.',
            "Correct sheet in this channel's section, or ask for the right workbook.",
        )
    if len(sheets) == 1:
        return 0
    heads = {number: head for number, sheet in enumerate(sheets) if (head := _head(sheet, wanted)) is not None}
    if len(heads) < 2:
        return next(iter(heads), 0)
    fitting = [number for number, head in heads.items() if head and set(wanted.required) <= head]
    if wanted.required and len(fitting) == 1:
        (chosen,) = fitting
        if not any(heads[chosen] & head for number, head in heads.items() if number != chosen):
            return chosen
        said = "and more than one of them has columns of the answers"
    else:
        said = f"and {'none' if not fitting else 'more than one'} of them alone has the columns that are configured"
        said = said if wanted.required else "and no configured column says which is meant"
    listed = ", ".join(str(number + 1) for number in heads)
    raise Refused(f"This workbook has several sheets with content (number {listed} from the left), {said}.", _SET)


def _head(sheet: Sheet, wanted: Wanted) -> set[str] | None:
    """The columns that a sheet names; None if nothing is on it."""
    body = _Body(wanted)
    anything = False
    rows = sheet.rows()
    for row in rows:
        anything = anything or _has_content(row.cells)
        if not body.in_head(row):
            break
        body.add(row)
    if not anything:
        return None
    named = [at for at in range(body.width) if body.is_named(at)]
    return set(column_names(body.header, named)) if body.header else set()


@dataclass(slots=True)
class _Body:
    """The rows of a sheet as they are read: the header, and the others packed, so that a sheet of any length takes
    little memory until it is known to be whole."""

    wanted: Wanted
    header: list[list[str]] = field(default_factory=list)
    first: int = 0
    count: int = 0
    width: int = 0
    used: set[int] = field(default_factory=set)
    _full: int = 0  # so many columns from the first on are known to be in use
    _top: list[tuple[int, set[str]]] = field(default_factory=list)
    _begins: int = 0
    _last: int = 0
    _chars: int = 0
    _loose: list[Row] = field(default_factory=list)
    _loose_chars: int = 0
    _packed: list[bytes] = field(default_factory=list)

    def in_head(self, row: RawRow) -> bool:
        """Whether the header may still go on with this row."""
        if not self._begins:
            return True
        return row.number < self._begins + self.wanted.header_rows

    def is_named(self, column: int) -> bool:
        """Whether the header says anything about a column."""
        return any(column < len(row) and row[column].strip() for row in self.header)

    def row_with(self, required: Sequence[str]) -> int:
        """Which of the first rows has all of these cells, 0 if none: perhaps it is the header."""
        return next((number for number, cells in self._top if set(required) <= cells), 0)

    def add(self, row: RawRow) -> None:
        """Take the next row."""
        if len(self._top) < _TOP:
            self._top.append((row.number, {cell.strip() for cell in row.cells}))
        if row.number < self.wanted.header_row:
            return
        if not self._begins:
            if self.wanted.header_row > 1:
                self._begins = self.wanted.header_row
                if row.number > self._begins or not _has_content(row.cells):
                    raise Refused(
                        f"Row {self._begins} is blank, where header_row says that the header begins.",
                        "Correct header_row in this channel's section.",
                    )
            elif _has_content(row.cells):
                self._begins = row.number
            else:
                return
            self.first = self._last = self._begins + self.wanted.header_rows
            self._last -= 1
        if row.number < self.first:
            self.header += [[] for _ in range(row.number - self._begins - len(self.header))]
            self.header.append(row.cells)
            self.width = max(self.width, len(row.cells))
        elif _has_content(row.cells):
            self._keep(row)

    def _keep(self, row: RawRow) -> None:
        gap = row.number - self._last - 1
        blanks = range(self._last + 1, row.number) if gap <= _GAP else ()
        self._loose += (Row(number, []) for number in blanks)
        self._loose.append(storable(row.number, row.cells))
        self.count += len(blanks) + 1
        self._last = row.number
        if len(row.cells) > self._full:
            self.used.update(at for at, cell in enumerate(row.cells) if cell)
            self.width = max(self.width, len(row.cells))
            while self._full in self.used:
                self._full += 1
        self._loose_chars += sum(map(len, row.cells))
        if len(self._loose) >= _ROWS_A_BLOCK or self._loose_chars > _CHARS_A_BLOCK:
            self._pack()

    def _pack(self) -> None:
        self._chars += self._loose_chars
        if self._chars > _MAX_CHARS:
            raise Refused("This sheet holds more than a billion characters.", "Ask for it in smaller pieces.")
        self._packed.append(zlib.compress(msgspec.msgpack.encode(self._loose), 1))
        self._loose, self._loose_chars = [], 0

    def rows(self) -> Iterator[Row]:
        """The data rows, once: what was handed on is let go of."""
        self._pack()
        self._packed.reverse()
        while self._packed:
            yield from msgspec.msgpack.decode(zlib.decompress(self._packed.pop()), type=list[Row])


def _filled(rows: Iterator[Row], merges: Sequence[Merge]) -> Iterator[Row]:
    """Rows with the values of cells that are merged downwards: each row that has something in it has them, where it has
    no other of its own."""
    starting: dict[int, list[Merge]] = {}
    for merge in merges:
        starting.setdefault(merge.first, []).append(merge)
    values: dict[int, tuple[int, str]] = {}  # by column: the last row that a value belongs to, and the value
    for row in rows:
        cells = row.cells
        values = {column: held for column, held in values.items() if held[0] >= row.number}
        if cells:
            for column, (_, value) in values.items():
                cells += [""] * (column + 1 - len(cells))
                cells[column] = cells[column] or value
        for merge in starting.get(row.number, ()):
            if merge.column < len(cells) and cells[merge.column]:
                values[merge.column] = (merge.last, cells[merge.column])
        yield row


def _fitted(rows: Iterator[Row], columns: Sequence[int]) -> Iterator[Row]:
    """Rows with these columns, all of them."""
    width = columns[-1] + 1
    for row in rows:
        row.cells.extend([""] * (width - len(row.cells)))
        yield row if width == len(columns) else Row(row.number, [row.cells[at] for at in columns], row.cleaned)
