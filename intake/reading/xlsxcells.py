"""The cells of a sheet's XML (SpreadsheetML), as the parser comes upon them.

Ten million calls for a sheet of 100,000 rows: so this is one function whose own are handed to the parser and share its
variables, which takes half the time of methods and attributes. Elements are known by their local name: a sheet has no
two of the same name that mean different things.
"""

from collections.abc import Callable, Iterator

from intake.reading.workbook import MAX_ROWS, RawRow, Xml, Zip, damaged, put

Value = Callable[[str, str, str], str]
"""The text of a stored value, by its type and style (attributes ``t`` and ``s``)."""
Unvalued = Callable[[int, int], None]
"""Called with a formula without a value: its column (from 0) and row."""
Aside = Callable[[str, dict[str, str]], None]
"""Called with each element that is no part of a cell."""
_TRUE = ("1", "true")
_CELLS = frozenset({"c", "v", "t", "row", "f", "rPh"})


def rows(book: Zip, member: str, value: Value, unvalued: Unvalued, aside: Aside) -> Iterator[RawRow]:
    """The rows of a sheet, in order; a cell that holds nothing is not put into its row.

    Raises:
        Refused: the sheet can't be read whole.
    """
    done: list[RawRow] = []
    columns: dict[str, int] = {}  # by their letters
    cells: list[str] = []
    kind = style = raw = ""
    row, column = 0, -1
    formula = stored = hidden = spoken = False

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal kind, style, raw, row, column, formula, stored, hidden, spoken
        if name == "c":
            reference = given.get("r")
            if reference is None:
                column += 1
            else:
                letters = reference.rstrip("0123456789")
                found = columns.get(letters)
                column = columns.setdefault(letters, column_of(letters)) if found is None else found
            kind, style = given.get("t", "n"), given.get("s", "")
            raw, formula, stored = "", False, False
        elif name in ("v", "t"):
            text.clear()
            stored = True
        elif name == "row":
            number = whole_number(given["r"]) if "r" in given else row + 1
            if not row < number <= MAX_ROWS:
                raise damaged()
            row, column, hidden = number, -1, given.get("hidden") in _TRUE
        elif name == "f":
            formula = True
        elif name == "rPh":
            spoken = True  # how a text is pronounced is no part of it
        else:
            aside(name, given)

    def end(name: str) -> None:
        nonlocal raw, cells, spoken
        if name in ("v", "t"):
            if not spoken:
                raw += text[0] if len(text) == 1 else "".join(text)
        elif name == "c":
            if formula:
                aside("f", {})
                if not raw and not (stored and kind == "str"):
                    unvalued(column, row)
            if raw:
                put(cells, column, value(raw, kind, style), row)
        elif name == "row":
            done.append(RawRow(row, cells, hidden))
            cells = []
        elif name == "rPh":
            spoken = False

    xml = Xml(book, member, start, end, namespaces=False)
    text = xml.kept
    for _ in xml.pieces():
        yield from done
        done.clear()


def whole_number(digits: str) -> int:
    """A number that must be one.

    Raises:
        Refused: it is none.
    """
    digits = digits.strip()
    if not digits.isdigit() or not digits.isascii() or len(digits) > 9:
        raise damaged()
    return int(digits)


def column_of(letters: str) -> int:
    """The column (from 0) that these letters name.

    Raises:
        Refused: they name none.
    """
    column = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            raise damaged()
        column = 26 * column + ord(letter) - 64
    if not 1 <= len(letters) <= 3:
        raise damaged()
    return column - 1
