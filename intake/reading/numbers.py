"""What a workbook's number stands for: a plain number, or a date or time by its number format (ECMA-376 part 1, 18.8.30
and 18.17.4).

A number is written out: no ".0", no exponent, whole ones of any length exactly, others with the 15 digits that a
spreadsheet shows. Dates and times become ISO text: ``2011-03-01``, ``2011-03-01 10:22:00``, ``10:22:00``.
"""

import re
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from math import floor, isfinite

_WHOLE = re.compile(r"-?\d{1,40}", re.ASCII)
_SILENT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|general|am/pm|a/p', re.IGNORECASE)
_ZEROS = re.compile(r"0{2,15}", re.ASCII)
_SECONDS_A_DAY = 86_400
_HAIR = 0.0005
"""Of a second: what a time loses when it is stored as part of a day (10:22:00 as 10:21:59.9999997)."""
_DAYS_1904 = 1_462
_LAST_DAY = 2_958_465  # 9999-12-31


class Kind(Enum):
    """What a format makes of a number."""

    NUMBER = 0
    DATE = 1
    TIME = 2
    BOTH = 3
    ELAPSED = 4


BUILT_IN = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), Kind.DATE),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56), Kind.TIME),
    22: Kind.BOTH, 46: Kind.ELAPSED,
}  # fmt: skip
"""The formats that have a number and no code (18.8.30); all others of theirs show numbers."""


def kind_of(code: str) -> Kind:
    """What a format code shows."""
    shown = _SILENT.sub("", code.split(";", maxsplit=1)[0]).lower()
    if "[" in shown:
        return Kind.ELAPSED
    time = "h" in shown or "s" in shown
    day = "y" in shown or "d" in shown or ("m" in shown and not time)
    if day:
        return Kind.BOTH if time else Kind.DATE
    return Kind.TIME if time else Kind.NUMBER


def zeros_of(code: str) -> int:
    """How many digits a format of zeros alone fills up to (``00000`` shows 1603 as 01603); 0 for any other."""
    return len(code) if _ZEROS.fullmatch(code) else 0


def plain(raw: str) -> str:
    """A number as it is written in the file, written out."""
    if _WHOLE.fullmatch(raw):
        return "0" if raw == "-0" else raw
    try:
        value = float(raw)
        if not isfinite(value):
            return raw
        text = format(Decimal(format(value, ".15g")), "f")
    except (ValueError, InvalidOperation):
        return raw
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def shown(raw: str, kind: Kind, *, is_1904: bool = False) -> str:
    """A number as its format shows it: a day or a time of day, or both; elapsed time as hours, minutes, seconds.

    A day that is stored with a time keeps it, though its format hides it, since it may say whether something is late.
    What no calendar has stays the number.
    """
    try:
        value = float(raw)
    except ValueError:
        return raw
    seconds = floor(value * _SECONDS_A_DAY + _HAIR) if isfinite(value) and 0 <= value <= _LAST_DAY + 1 else -1
    if kind is Kind.NUMBER or seconds < 0:
        return plain(raw)
    if kind is Kind.ELAPSED:
        return _clock(seconds)
    days, rest = divmod(seconds, _SECONDS_A_DAY)
    if kind is Kind.TIME or (days == 0 and rest and not is_1904):
        return _clock(rest)
    day = _day(days + (_DAYS_1904 if is_1904 else 0))
    if day is None:
        return plain(raw)
    return day if kind is Kind.DATE and not rest else f"{day} {_clock(rest)}"


def _day(serial: int) -> str | None:
    if serial == 60:
        return "1900-02-29"  # which never was, but is what is shown
    if not 1 <= serial <= _LAST_DAY:
        return None
    return (date(1899, 12, 31) + timedelta(days=serial - (serial > 60))).isoformat()


def _clock(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}"
