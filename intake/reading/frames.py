"""Rows of a table put together to answers of a reader's process: some hundred at a time, fewer if they are long."""

from collections.abc import Iterable, Iterator

from intake.reading.clean import clean
from intake.reading.parts import Row

_ROWS_A_FRAME = 500
_CHARS_A_FRAME = 1_000_000


def frames(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows as frames."""
    frame: list[Row] = []
    chars = 0
    for row in rows:
        frame.append(row)
        chars += sum(map(len, row.cells))
        if len(frame) == _ROWS_A_FRAME or chars > _CHARS_A_FRAME:
            yield frame
            frame, chars = [], 0
    if frame:
        yield frame


def storable(number: int, cells: list[str]) -> Row:
    """A row whose cells are fit for storage."""
    joined = "".join(cells)
    if joined.isascii() and "\x00" not in joined:
        return Row(number, cells)
    pairs = [clean(cell) for cell in cells]
    return Row(number, [text for text, _ in pairs], sum(count for _, count in pairs))
