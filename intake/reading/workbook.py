"""A workbook as its readers see it: a zip of XML whose members are unpacked and parsed a piece at a time.

Nothing that it says about itself is believed: not its sizes, not the extent of a sheet. XML that brings definitions of
its own (entity bombs do) is refused, and what unpacks to far more than it is.
"""

import re
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple
from xml.parsers import expat

from intake.reading.tablehead import MAX_COLUMNS, Refused
from intake.reading.zipped import DAMAGED_ZIP, FREE_BYTES, MAX_MEMBERS, MAX_RATIO

MAX_MEMBER_BYTES = 1 << 30
MAX_ROWS = 1_048_576
_CHUNK_BYTES = 1 << 16
AGAIN = "Ask for it as CSV, or open it, save it anew and send that copy."
_DAMAGED = "This workbook is damaged and does not open whole."
_MAX_CELL_CHARS = 10_000_000
_PREFIXED = re.compile(rb"<[\w.-]+:(?:worksheet|sst)\b")
Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]


class RawRow(NamedTuple):
    """A row of a sheet: its number (from 1) and its cells from the first column to the last one with something in it
    (none, if it is blank)."""

    number: int
    cells: list[str]
    hidden: bool


class Merge(NamedTuple):
    """Cells that are merged downwards: the first and last row (from 1), and the first column (from 0)."""

    first: int
    last: int
    column: int


class Sheet(ABC):
    """A sheet of a workbook. What is said about it is whole once its rows have been taken."""

    def __init__(self, name: str, *, hidden: bool) -> None:
        self.name = name
        self.hidden = hidden
        self.begin()

    def begin(self) -> None:
        """Forget what was found in its rows, because they are read from the start."""
        self.merges: list[Merge] = []
        self.hidden_columns = 0
        self.counts = {"formulas": 0, "errors": 0}

    @abstractmethod
    def rows(self) -> Iterator[RawRow]:
        """Its rows in order, from the start each time.

        Raises:
            Refused: it can't be read whole.
        """


def cell_name(column: int, row: int) -> str:
    """What people call a cell: ``C5`` for the column 2 (from 0) of row 5."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row}"


def put(cells: list[str], column: int, text: str, row: int) -> None:
    """Put a cell into a row that grows to hold it.

    Raises:
        Refused: the row is wider than is taken, has this cell already, or the cell is longer than is taken.
    """
    if column >= MAX_COLUMNS:
        raise Refused(
            f"Cell {cell_name(column, row)} stands in column {column + 1}; more than {MAX_COLUMNS} are not taken."
        )
    if column < len(cells):
        raise damaged()
    if len(text) > _MAX_CELL_CHARS:
        raise Refused(
            f"Cell {cell_name(column, row)} is longer than {_MAX_CELL_CHARS // 1_000_000} million characters."
        )
    cells += [""] * (column - len(cells))
    cells.append(text)


def damaged() -> Refused:
    """What a workbook is that does not say what its format makes it say."""
    return Refused(_DAMAGED, AGAIN)


class Zip:
    """The zip of a workbook."""

    def __init__(self, stream: BinaryIO) -> None:
        """Open it.

        Raises:
            Refused: it is no zip that opens.
        """
        try:
            self._zip = zipfile.ZipFile(stream)
        except DAMAGED_ZIP as error:
            raise damaged() from error
        if len(self._zip.namelist()) > MAX_MEMBERS:
            raise Refused(f"This workbook consists of more than {MAX_MEMBERS} pieces.", AGAIN)
        self.names = frozenset(self._zip.namelist())

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member, a piece at a time; its checksum is looked at with the last one.

        Raises:
            Refused: it is missing, damaged or encrypted, or expands beyond the limits.
        """
        try:
            info = self._zip.getinfo(name)
            most = min(MAX_MEMBER_BYTES, FREE_BYTES + MAX_RATIO * info.compress_size)
            with self._zip.open(info) as member:
                size = 0
                while chunk := member.read(_CHUNK_BYTES):
                    size += len(chunk)
                    if size > most:
                        raise Refused("This workbook expands far beyond its size, as files made to do harm do.", AGAIN)
                    yield chunk
        except DAMAGED_ZIP as error:
            if isinstance(error, RuntimeError) and "encrypted" in str(error):
                raise protected() from error
            raise damaged() from error

    def small(self, name: str, most: int = 1 << 20) -> bytes:
        """The first bytes of a member, b"" if there is none."""
        found = b""
        for chunk in self.chunks(name) if name in self.names else ():
            found += chunk
            if len(found) >= most:
                break
        return found


def protected() -> Refused:
    """What a workbook is that asks for a password."""
    return Refused("This workbook is protected by a password.", "Ask for it without a password, or as CSV.")


class Xml:
    """One member that is parsed as it is unpacked: ``start`` and ``end`` are called with each element, its namespace
    and local name joined by a space, or its local name alone. ``kept`` is the text that came since whoever parses
    cleared it last, in pieces."""

    def __init__(self, book: Zip, name: str, start: Start, end: End, *, namespaces: bool = True) -> None:
        self.kept: list[str] = []
        self._chunks = book.chunks(name)
        parser = expat.ParserCreate(namespace_separator=" ") if namespaces else expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = _CHUNK_BYTES
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = self.kept.append
        parser.StartDoctypeDeclHandler = _no_definitions
        self._parser: Any = parser
        self._start, self._end = start, end
        self._is_local = not namespaces

    def pieces(self) -> Iterator[None]:
        """Parse, and come back after each piece of the member.

        Raises:
            Refused: it can't be unpacked, is no XML, or brings definitions.
        """
        try:
            for number, chunk in enumerate(self._chunks):
                if number == 0 and self._is_local:
                    self._without_prefix(chunk)
                self._parser.Parse(chunk, False)
                if len(self.kept) > 64 and sum(map(len, self.kept)) > _MAX_CELL_CHARS:
                    raise Refused("A cell is longer than 10 million characters.", AGAIN)
                yield
            self._parser.Parse(b"", True)
            yield
        except (expat.ExpatError, LookupError, ValueError) as error:  # no XML; an encoding or a number that is none
            raise damaged() from error

    def _without_prefix(self, chunk: bytes) -> None:
        """Where elements have prefixes, cut them off: most programs write none, and then nothing has to be cut."""
        if not _PREFIXED.search(chunk):
            return
        local: dict[str, str] = {}

        def cut(name: str) -> str:
            return local.get(name) or local.setdefault(name, name.rpartition(":")[2])

        start, end = self._start, self._end
        self._parser.StartElementHandler = lambda name, given: start(cut(name), given)
        self._parser.EndElementHandler = lambda name: end(cut(name))

    def whole(self) -> None:
        """Parse all of it."""
        for _ in self.pieces():
            pass


def _no_definitions(*_: object) -> None:
    raise Refused("This workbook brings definitions of its own, as files made to do harm do.", AGAIN)
