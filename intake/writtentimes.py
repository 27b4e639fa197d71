"""When a message was written, as mail programs say it in the header block of a message inside another one. Pure."""

import re

from intake import fields
from intake.filled import Rules
from intake.reading.headers import parse_date
from storage.columns import utc_text

_MONTHS = {
    "januar": 1, "janvier": 1, "stycznia": 1, "februar": 2, "février": 2, "lutego": 2, "märz": 3, "mars": 3, "marca": 3,
    "april": 4, "avril": 4, "kwietnia": 4, "mai": 5, "maja": 5, "juni": 6, "juin": 6, "czerwca": 6, "juli": 7,
    "juillet": 7, "lipca": 7, "august": 8, "août": 8, "sierpnia": 8, "september": 9, "septembre": 9, "września": 9,
    "oktober": 10, "octobre": 10, "października": 10, "november": 11, "novembre": 11, "listopada": 11, "dezember": 12,
    "décembre": 12, "grudnia": 12, "january": 1, "february": 2, "march": 3, "may": 5, "june": 6, "july": 7,
    "october": 10, "december": 12, "jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9,
    "oct": 10,    "nov": 11, "dec": 12,
}  # fmt: skip
_CLOCK = re.compile(r"\b(\d{1,2})[:.h](\d{2})(?:[:.]\d{2})?\s*([AaPp])?\.?[Mm]?\b")
_DAY = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th|er)?[. ]+([^\W\d]{3,12})\.?,? +(\d{4})\b|\b([^\W\d]{3,12})\.? (\d{1,2}),? +(\d{4})\b"
)


def written_time(rules: Rules, written: str) -> str | None:
    """A date as mail programs write it in a header block, without a zone local, as UTC text."""
    if at := parse_date(written):
        return at
    clock, day = _CLOCK.search(written), _DAY.search(written)
    if day is None or clock is None:
        when = fields.read_time(written, rules.consultation.timezone)
    else:
        number, word, year = (day[1], day[2], day[3]) if day[1] else (day[5], day[4], day[6])
        month = _MONTHS.get(word.casefold())
        hour = int(clock[1])
        if clock[3]:  # AM or PM
            hour = hour % 12 + (12 if clock[3].lower() == "p" else 0)
        if month is None or hour > 23:
            return None
        when = fields.read_time(f"{year}-{month:02}-{int(number):02} {hour:02}:{clock[2]}", rules.consultation.timezone)
    return utc_text(when.at)[:19] + "Z" if when else None
