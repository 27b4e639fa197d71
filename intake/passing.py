"""Mail that is a person's and no answer: to whom it is passed on, and by when that must be answered. Pure.

England's bank holidays count, and for the Freedom of Information Act those of any part of the United Kingdom, as it
says.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_ENGLAND = ("ENG",)
_UNITED_KINGDOM = ("ENG", "NIR", "SCT", "WLS")


@dataclass(frozen=True, slots=True)
class Term:
    """How long an answer may take, and who says so."""

    says: str
    due: Callable[[date], date]


def term_of(reason: str) -> Term:
    """The term for a reason to pass something on."""
    return _TERMS[reason]


def due_day(reason: str, arrived: datetime, zone: ZoneInfo) -> date:
    """The last day on which an answer is in time. The day of arrival, in local time, does not count."""
    return term_of(reason).due(arrived.astimezone(zone).date())


def next_step(reason: str, to: str, due: date) -> str:
    """What is to be done, in one sentence."""
    whom = f" to {to}" if to else ""
    return f"Pass it on{whom}; an answer is due by {due.isoformat()} ({term_of(reason).says})."


def working_days(arrived: date, count: int, parts: tuple[str, ...] = _ENGLAND) -> date:
    """The n-th working day after a day: no Saturday, Sunday, or public holiday in any of these parts of the country."""
    day = arrived
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, parts)
    return day


def is_working_day(day: date, parts: tuple[str, ...] = _ENGLAND) -> bool:
    """Whether people work on this day."""
    return day.weekday() < 5 and not any(day in _holidays(part, day.year) for part in parts)


@cache
def _holidays(part: str, year: int) -> frozenset[date]:
    import holidays  # only who passes something on needs them

    return frozenset(holidays.country_holidays("GB", subdiv=part, years=year, observed=True))


def _one_month(arrived: date) -> date:
    """The same day of the next month, or its last; if nobody works on it, the next working day."""
    year, month = divmod(arrived.year * 12 + arrived.month, 12)
    day = date(year, month + 1, min(arrived.day, monthrange(year, month + 1)[1]))
    return day if is_working_day(day) else working_days(day, 1)


_TEN_DAYS = Term("our own term: 10 working days", lambda day: working_days(day, 10))
_TERMS = {
    "information-request": Term(
        "Freedom of Information Act 2000, section 10: 20 working days",
        lambda day: working_days(day, 20, _UNITED_KINGDOM),
    ),
    "subject-access": Term("UK GDPR, article 12: one month", _one_month),
    "complaint": Term(
        "Local Government and Social Care Ombudsman, Complaint Handling Code, stage 1: 10 working days",
        lambda day: working_days(day, 10),
    ),
    "enquiry": _TEN_DAYS,
    "other-business": _TEN_DAYS,
}
