"""When a row was received, from the cells of its time columns as tables hold them. Pure.

A spreadsheet keeps a day as a number, and shows it as one where a column has lost its format or was saved as CSV: 40604
is 2 March 2011 (days since 30 December 1899, as all of them count today). Read so only in columns that are configured
to hold a time, and a person is asked to look.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import floor

from intake.fields import When

_SERIAL = re.compile(r"\d{5}(?:[.,]\d{1,16})?", re.ASCII)
_PART_OF_DAY = re.compile(r"0?[.,]\d{1,16}", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?: \d\d:\d\d:\d\d)?", re.ASCII)
_ISO_TIME = re.compile(r"(?:\d{4}-\d\d-\d\d )?(\d\d:\d\d:\d\d)", re.ASCII)
_FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC)
_SECONDS_A_DAY = 86_400
_HAIR = 0.0005


def read_cells(cells: Sequence[str], read: Callable[[str], When | None]) -> When | None:
    """The time that the cells say together: one cell, or a date and a time of day.

    Of a workbook's cell that holds both, though it shows one, only that one counts beside the other column.

    Args:
        cells: those that are not blank, in the order of the configuration.
        read: reads a written time.
    """
    written = [cell.strip() for cell in cells]
    # Beside a day "0.5" is noon, which no person writes as 00.5; as hours and minutes it would be five past midnight.
    when = read(" ".join(written)) if written and not any(map(_PART_OF_DAY.fullmatch, written)) else None
    if when is not None or not written:
        return when
    counted = [_spelled(cell) for cell in written]
    if len(counted) == 2 and (day := _ISO_DAY.fullmatch(counted[0])) and (time := _ISO_TIME.fullmatch(counted[1])):
        counted = [day[1], time[1]]
    when = read(" ".join(counted))
    return replace(when, unsure=True) if when is not None and any(map(_is_number, written)) else when


def _is_number(cell: str) -> bool:
    return bool(_SERIAL.fullmatch(cell) or _PART_OF_DAY.fullmatch(cell))


def _spelled(cell: str) -> str:
    """A number of days, or a part of one, as a date or time; anything else as it is."""
    if not _is_number(cell):
        return cell
    seconds = floor(float(cell.replace(",", ".")) * _SECONDS_A_DAY + _HAIR)
    at = _FIRST_DAY + timedelta(seconds=seconds)
    if _PART_OF_DAY.fullmatch(cell):
        return at.strftime("%H:%M:%S")
    return at.strftime("%Y-%m-%d %H:%M:%S" if seconds % _SECONDS_A_DAY else "%Y-%m-%d")
