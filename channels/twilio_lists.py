"""What a Twilio account lists, page by page and whole.

A list may change while it is paged through: a page's token may die, and new items push others on to the next page. Then
the list starts again, a few times. What can't be had whole is an error: half a list is never taken for all of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from channels.twilio_http import Refused, Unavailable, canonical, moment

if TYPE_CHECKING:
    from twilio.base.page import Page

_STARTS = 4
_MOST_IDLE_PAGES = 20  # one after the other, with nothing new on them
PAGE_SIZE = 1000
"""The most that a page holds (the API's own limit for calls, messages, recordings and transcripts)."""
UNKNOWN = "unknown"

_T = TypeVar("_T")
_Item = Mapping[str, Any]
_Page = tuple[Any, list[_Item], str]


@dataclass(frozen=True, slots=True)
class Resource:
    """One listed resource: what is needed of it to put a call together, and all of it as canonical JSON.

    ``of`` is the SID of what it belongs to (a leg's or recording's call, a transcript's recording); "" if it says none.
    ``raw`` is kept in place of the parsed object, which takes twice as much memory.
    """

    sid: str
    status: str
    of: str
    at: datetime | None
    raw: bytes

    @property
    def word(self) -> str:
        """What it adds to its call's version: its SID, with the status unless that is ``completed``."""
        return self.sid if self.status == "completed" else f"{self.sid}:{self.status}"


def resource(item: _Item, of: object, *times: str) -> Resource:
    """A resource of a list. ``times`` are the keys of the instant that counts; the first that holds one is taken."""
    at = next((found for key in times if (found := moment(item.get(key))) is not None), None)
    return Resource(item["sid"], plain(item.get("status")), of if isinstance(of, str) else "", at, canonical(item))


def plain(value: object) -> str:
    """A short value of the service (a status, a duration) as text; ``UNKNOWN`` where it is none."""
    text = str(value) if isinstance(value, str | int) else ""
    return text if re.fullmatch(r"[A-Za-z0-9._-]{1,40}", text) else UNKNOWN


class NoSuchList(Refused):
    """The service has no list under this address; ``status`` is what it answered."""

    def __init__(self, status: int) -> None:
        super().__init__(
            f"The telephone service has no such list for the account ({status}): check the SID in the environment "
            f"variable that `account_sid_env` names."
        )
        self.status = status


class _StartAgain(Exception):
    """A page's token has died, or the list has moved on by some items."""


class _NoPage(Exception):
    """The answer was not 200 but ``status``; 0 if it was 200 and held no items."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _sid(item: _Item) -> object:
    sid = item.get("sid")
    if not isinstance(sid, str) or not re.fullmatch(r"[A-Za-z0-9]{1,64}", sid):
        raise _no_list()
    return sid


def whole(
    ask: Callable[[], Any],
    keep: Callable[[_Item], _T | None],
    enough: Callable[[Sequence[_Item]], bool] = lambda _: False,
    key: Callable[[_Item], object] = _sid,
) -> list[_T]:
    """Everything in a list, once each, in its order. ``ask`` gets its first page.

    ``keep`` says what is kept of an item; None drops it. ``enough`` looks at a page and says whether no later one holds
    anything that is wanted. Items of one ``key`` are one item.

    Raises:
        SourceUnavailable: the service went on failing, or its list could not be had whole.
        SourceRefused: it does not let the account list.
    """
    for start in range(_STARTS):
        pages = _pages(ask, enough, key, moved_on_is_fine=start == _STARTS - 1)
        try:
            return [found for items in pages for item in items if (found := keep(item)) is not None]
        except _StartAgain:
            continue
    raise Unavailable("The telephone service took back its pages each time before the last one was reached.")


def _pages(
    ask: Callable[[], Any], enough: Callable[[Sequence[_Item]], bool], key: Callable[[_Item], object], *,
    moved_on_is_fine: bool,
) -> Iterator[list[_Item]]:  # fmt: skip
    """The items of each page that were on none before it.

    An item that comes again shows that new ones have pushed the others on. None is lost by that, so that in the end it
    is fine; but pages that lead in a circle, or nowhere, have no end.
    """
    seen: set[object] = set()
    idle = 0
    page, items, onward = _first(ask)
    while True:
        fresh = {key(item): item for item in items}
        for known in seen & fresh.keys():
            del fresh[known]
        idle = 0 if fresh else idle + 1
        if (len(fresh) < len(items) and not moved_on_is_fine) or idle > _MOST_IDLE_PAGES:
            raise _StartAgain
        yield list(fresh.values())
        if not onward or enough(items):
            return
        seen |= fresh.keys()
        page, items, onward = _next(page)


def _first(ask: Callable[[], Any]) -> _Page:
    try:
        return _opened(ask)
    except _NoPage as error:
        if 400 <= error.status < 500:
            raise NoSuchList(error.status) from error
        raise _no_list() from error


def _next(page: "Page") -> _Page:
    try:
        return _opened(page.next_page)
    except _NoPage as error:
        if 400 <= error.status < 500:
            raise _StartAgain from error
        raise _no_list() from error


def _no_list() -> Unavailable:
    return Unavailable("The telephone service gave an answer that is no list.")


def _opened(ask: Callable[[], Any]) -> _Page:
    """A page with its items as the service gave them (the SDK's own objects keep only the fields that it knows), and
    the address of the next one, "" if it is the last."""
    from twilio.base.exceptions import TwilioException

    try:
        page = ask()
        items, onward = page.load_page(page._payload), page.next_page_url or ""
    except TwilioException as error:
        # The SDK hands over what it took for no page.
        raise _NoPage(getattr(error.args[1], "status_code", 0) if len(error.args) > 1 else 0) from error
    except (LookupError, TypeError, AttributeError) as error:
        raise _no_list() from error  # JSON of another shape
    if not (isinstance(items, list) and all(isinstance(item, dict) for item in items) and isinstance(onward, str)):
        raise _no_list()
    return page, items, onward
