"""The header of a table: which rows it has, what each column is called, and which columns must be there.

Options, of a table of any kind: ``required_columns`` (list of str): headers that must be there. ``sheet`` (str): the
sheet of a workbook that holds the table. ``header_row`` (int, from 1): the row in which the header begins; what stands
above are titles. ``header_rows`` (int): how many rows the header has.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from intake.reading.clean import clean
from intake.reading.parts import Unreadable
from intake.reading.wire import Options

MAX_COLUMNS = 2_000
_FIX = "Have it exported again, or mend that line in a copy and send the copy."
_JOINED = " | "
_SAID = 10


class Refused(Exception):
    """The file can't be taken; ``why`` is the answer."""

    def __init__(self, reason: str, next_step: str = _FIX) -> None:
        super().__init__(reason)
        self.why = Unreadable(reason, next_step)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the configuration says about a table."""

    required: tuple[str, ...] = ()
    sheet: str = ""
    header_row: int = 1
    header_rows: int = 1

    @classmethod
    def of(cls, options: Options) -> Self:
        return cls(
            tuple(options.get("required_columns", ())), options.get("sheet", ""),
            options.get("header_row", 1), options.get("header_rows", 1),
        )  # fmt: skip


def column_names(header: Sequence[Sequence[str]], columns: Iterable[int]) -> list[str]:
    """What these columns (from 0) are called, each once: "Comments (2)" for a second, "Column 4" for none.

    Of a header of several rows, the cells of a column from top to bottom, each that differs once, with " | " between.
    A blank cell continues the one on its left where something stands below it: the question above its options. What
    tells a survey tool's columns to machines (Qualtrics: ``{"ImportId": …}``) is no name.
    """
    rows = [[_plain(cell) for cell in row] for row in header]
    for row, below in pairwise(rows):
        _continue(row, below)
    names: dict[str, None] = {}
    for column in columns:
        said = dict.fromkeys(row[column] for row in rows if column < len(row) and row[column])
        base = _JOINED.join(said) or f"Column {column + 1}"
        name, copy = base, 2
        while name in names:
            name, copy = f"{base} ({copy})", copy + 1
        names[name] = None
    return list(names)


def _plain(cell: str) -> str:
    text = clean(cell)[0].strip()
    return "" if text.startswith("{") and '"ImportId"' in text else text


def _continue(row: list[str], below: Sequence[str]) -> None:
    """Fill blank cells from the left where the row below is not blank."""
    row += [""] * (len(below) - len(row))
    question = ""
    for column, under in enumerate(below):
        if row[column]:
            question = row[column]
        elif under:
            row[column] = question
        else:
            question = ""  # a column without any name ends what is continued


def require(columns: Sequence[str], required: Sequence[str], where: str = "The first line", elsewhere: int = 0) -> None:
    """See that the columns are there.

    Args:
        columns: those that are.
        required: those that must be.
        where: what a sentence calls the header.
        elsewhere: the row that has them all, 0 if none is known.

    Raises:
        Refused: one is missing; its name is said, as the configuration's, and nothing of what stands in the file.
    """
    there = set(columns)
    missing = [name for name in required if name not in there]
    if missing:
        wanted = ", ".join(f'"{name}"' for name in missing[:_SAID])
        wanted += f" and {len(missing) - _SAID} more" if len(missing) > _SAID else ""
        plural = "columns are" if len(missing) > 1 else "column is"
        raise Refused(
            # What stands in the first line is not said: where there is no header, it is a respondent's own row.
            f"The {plural} missing that the configuration names: {wanted}. {where} has {len(columns)} cells.",
            f"Row {elsewhere} has all of them: set header_row = {elsewhere} in this channel's section."
            if elsewhere
            else "Have it exported with these columns, or change the column names in the configuration.",
        )
