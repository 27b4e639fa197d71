"""Column types that keep the same value, to the letter, in SQLite and in PostgreSQL."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import String, TypeDecorator
from sqlalchemy.engine import Dialect


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC instant, kept as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``: sorts as text, reads the same in both databases.

    Raises:
        ValueError: a naive time is bound. There is no such thing as a time without a zone in storage.
    """

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Aware datetime to text."""
        return None if value is None else utc_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Text to aware datetime."""
        return None if value is None else datetime.fromisoformat(value)


class IsoDate(TypeDecorator[date]):
    """A calendar day, kept as ``YYYY-MM-DD``."""

    impl = String(10)
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Date to text."""
        return None if value is None else value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:  # noqa: ARG002
        """Text to date."""
        return None if value is None else date.fromisoformat(value)


class TrueFalse(TypeDecorator[bool]):
    """``true``, ``false`` or blank, as the export shows it."""

    impl = String(5)
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> str:  # noqa: ARG002
        """Bool to text."""
        return "" if value is None else str(value).lower()

    def process_result_value(self, value: Any, dialect: Dialect) -> bool | None:  # noqa: ARG002
        """Text to bool."""
        return None if not value else value == "true"


class TwoDecimals(TypeDecorator[float]):
    """A confidence from 0 to 1, kept as the text ``0.93``: the same in both databases, and sorts as it should."""

    impl = String(4)
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Float to text."""
        return None if value is None else f"{value:.2f}"

    def process_result_value(self, value: Any, dialect: Dialect) -> float | None:  # noqa: ARG002
        """Text to float."""
        return None if value is None else float(value)


class Joined(TypeDecorator[tuple[str, ...]]):
    """A sorted list of words, kept ``;``-joined as the export shows it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str:  # noqa: ARG002
        """Tuple to text."""
        return ";".join(value or ())

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...]:  # noqa: ARG002
        """Text to tuple."""
        return tuple(value.split(";")) if value else ()


def utc_text(moment: datetime) -> str:
    """An aware time as ``YYYY-MM-DDTHH:MM:SS.ffffffZ``.

    Raises:
        ValueError: the time is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive time can't be stored: give it a time zone")
    # isoformat and not strftime, which writes a year before 1000 with fewer than four digits
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
