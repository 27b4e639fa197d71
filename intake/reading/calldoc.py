"""The JSON of a telephone service, which anybody may have written: values are taken where they are what they should be,
and count as not given where they are not. Nothing is required."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

import msgspec

from intake.reading.clean import clean_name

Json = Mapping[str, Any]
_DAY_S = 24 * 3600.0
_YEARS = range(1990, 2100)
# An escape in a JSON text: a whole surrogate pair, half of one, or any other.
_ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def decoded(content: bytes) -> Json | None:
    """A JSON object; None if it is none.

    Half of a surrogate pair in it (RFC 8259, section 8.2), as a telephone may leave of an emoji at the end of a text
    message, counts as the character for what is unknown.
    """
    try:
        found = _decoded(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _decoded(content: bytes) -> object:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return msgspec.json.decode(_ESCAPES.sub(lambda found: rb"\ufffd" if found["half"] else found[0], content))


def child(of: Json, name: str) -> Json:
    """An object in another one, {} if there is none."""
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def children(of: Json, name: str) -> Iterator[Json]:
    """The objects of a list in an object."""
    found = of.get(name)
    if isinstance(found, list):
        yield from (item for item in found if isinstance(item, dict))


def word(of: Json, name: str) -> str:
    """A short text on one line, "" if there is none: a number or SID, a status."""
    found = of.get(name)
    return clean_name(found) if isinstance(found, str) else ""


def whole(of: Json, name: str) -> int:
    """A whole number, written as one or in a text; 0 if there is none, or none that can be meant."""
    found = number(of, name)
    return 0 if found is None else int(found)


def number(of: Json, name: str) -> float | None:
    """A number from 0 on, written as one or in a text; None if there is none."""
    found = of.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        value = float(found)
    except (ValueError, OverflowError):
        return None
    return value if isfinite(value) and 0 <= value < 1e9 else None


def seconds(of: Json, name: str) -> float | None:
    """How far into a recording; none is longer than a day."""
    found = number(of, name)
    return None if found is None or found > _DAY_S else found


def moment(of: Json, *names: str) -> str:
    """The first of these times that is one, as ISO 8601 UTC to the second; "" if none is.

    The service writes RFC 2822 in its older interface and ISO 8601 in its newer ones; without an offset it means UTC.
    """
    for name in names:
        found = of.get(name)
        if isinstance(found, str) and (at := _time(found)) is not None:
            return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return ""


def _time(written: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(written)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return at if at.year in _YEARS else None
    return None


def by_sid(documents: Sequence[Json], name: str) -> dict[str, Json]:
    """The resources of a list by SID, as the newest of these documents that has each tells it."""
    found: dict[str, Json] = {}
    for document in documents:
        for resource in children(document, name):
            if sid := word(resource, "sid"):
                found[sid] = resource
    return found
