"""Telephone numbers where people read them: as they are dialled in the UK, and what kind of number it is. Pure.

Numbers are kept in E.164 form (ITU-T E.164: ``+441603223762``); this is for the eye alone, and never used to merge.
"""

from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

Kind = Literal["landline", "mobile", "freephone", "other"]

_UK = 44
_KINDS: dict[int, Kind] = {
    PhoneNumberType.FIXED_LINE: "landline", PhoneNumberType.MOBILE: "mobile", PhoneNumberType.TOLL_FREE: "freephone",
}  # fmt: skip
# Ofcom's National Telephone Numbering Plan, for numbers that are assigned to nobody (those for drama: 07700 900xxx).
_UK_BEGINNINGS: tuple[tuple[str, Kind], ...] = (
    ("70", "other"), ("76", "other"), ("7", "mobile"), ("1", "landline"), ("2", "landline"), ("80", "freephone"),
    ("500", "freephone"),
)  # fmt: skip


def national(number: str) -> str:
    """An E.164 number as it is dialled in the UK (``01603 223762``); one of another country with its code. What is no
    number is given back as it is."""
    parsed = _parsed(number)
    if parsed is None:
        return number
    here = parsed.country_code == _UK
    return phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL if here else PhoneNumberFormat.INTERNATIONAL)


def kind_of(number: str) -> Kind:
    """What kind of number it is, by its country's plan."""
    parsed = _parsed(number)
    if parsed is None:
        return "other"
    if (kind := _KINDS.get(phonenumbers.number_type(parsed))) is not None:
        return kind
    if parsed.country_code == _UK:
        digits = str(parsed.national_number)
        return next((kind for beginning, kind in _UK_BEGINNINGS if digits.startswith(beginning)), "other")
    return "other"


def shown(number: str) -> str:
    """How a number is told to people beside its E.164 form: ``01603 223762, landline``; "" for what is none."""
    return f"{national(number)}, {kind_of(number)}" if _parsed(number) is not None else ""


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, None) if number.startswith("+") else None
    except phonenumbers.NumberParseException:
        return None
