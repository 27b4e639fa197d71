"""How the telephone service is asked: by the SDK's HTTP client, with time limits, and again after pauses that grow.

The SDK sets no time limit and asks once. Here each wait is bounded, and what is busy (429), failing (5xx), broken off
or cut is asked for again a bounded number of times: after what the service asks for (``Retry-After``, RFC 9110,
10.2.3), else after twice as long each time, give or take a half, so that many who wait do not come back at once.
"""

import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import structlog

from channels.base import Outside, SourceChanged, SourceRefused, SourceUnavailable
from channels.connection import secret

if TYPE_CHECKING:
    import requests
    from twilio.rest import Client

log = structlog.get_logger()
_T = TypeVar("_T")
_LONGEST_PAUSE_S = 60.0
_TIRED_AFTER = 3  # requests in a row that failed for good: then each is asked once, without a pause
_MOST_LOST_S = 900.0  # in waiting for what failed: then nothing more is asked in this run
_LONGEST_ANSWER_S = 300.0  # for one page of a list
_MOST_BYTES = 128 << 20  # a page of 1000 resources has 3 MB
_CHUNK = 1 << 16
_HOST = re.compile(r"([a-z0-9-]+\.)+twilio\.com", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """A Twilio account as configured. ``base_url`` (tests) takes the place of the service's own scheme and hosts.

    ``retry_attempts``: how often what failed is asked for again; the first time after ``retry_wait_s``, then after
    twice as long each time. ``timeout_s`` holds for each wait on the service.
    """

    account_sid_env: str
    auth_token_env: str
    numbers: frozenset[str]
    recordings: bool
    base_url: str | None = None
    timeout_s: float = 30
    retry_attempts: int = 5
    retry_wait_s: float = 1


class TryAgain(Exception):
    """Worth another try soon. The message goes on a sentence that begins with the service; ``wait_s`` is what it asked
    for, None if it did not say."""

    def __init__(self, said: str, wait_s: float | None = None) -> None:
        super().__init__(said)
        self.wait_s = wait_s


class Unavailable(SourceUnavailable):
    """What was asked for could not be had, or made no sense, each time that it was asked for."""

    advice = "The next run tries again by itself; if this goes on, check the network, and whether the service is up."


class Refused(SourceRefused):
    """The service does not take the account, or not for this."""

    advice = "Put that right, then run again."


class Forbidden(Refused):
    """The account is known and may not have this (403)."""


class Patience:
    """How long what fails is asked for again, over a whole run: less and less, so that a run comes to its end."""

    def __init__(self, account: Account, outside: Outside, sleep: Callable[[float], None] = time.sleep) -> None:
        self._account = account
        self._clock = outside.clock
        self._sleep = sleep
        self._failed_in_a_row = 0
        self._lost_s = 0.0

    def persist(self, ask: Callable[[], _T]) -> _T:
        """What ``ask`` gives; asked again where it says so.

        Raises:
            TryAgain: it failed each time.
        """
        if self._lost_s >= _MOST_LOST_S:
            raise TryAgain("failed too often in this run to be asked again")
        most = 1 if self._failed_in_a_row >= _TIRED_AFTER else self._account.retry_attempts + 1
        for attempt in range(1, most + 1):
            start = time.monotonic()
            try:
                found = ask()
            except TryAgain as again:
                self._lost_s += time.monotonic() - start
                if attempt == most:
                    self._failed_in_a_row += 1
                    raise
                pause = self._pause(attempt, again.wait_s)
                self._lost_s += pause
                log.warning("trying again", time=attempt, wait_s=round(pause, 1), why=f"The telephone service {again}.")
                self._sleep(pause)
            else:
                self._failed_in_a_row = 0
                return found
        raise AssertionError("unreachable")

    def _pause(self, attempt: int, asked: float | None) -> float:
        own = self._account.retry_wait_s * random.uniform(0.5, 1.5)  # noqa: S311  # spreads load, hides nothing
        pause = own * 2 ** (attempt - 1) if asked is None else asked + own
        return min(pause, _LONGEST_PAUSE_S)

    def check(self, answer: "requests.Response") -> None:
        """Look at the status of an answer that came.

        Raises:
            TryAgain: the service is busy or failing.
            SourceRefused: it does not take the account, or not for this.
        """
        account = self._account
        if answer.status_code == 429:
            raise TryAgain("is asked too often (429)", self._asked_for(answer))
        if answer.status_code >= 500:
            raise TryAgain(f"is failing ({answer.status_code})", self._asked_for(answer))
        keys = (
            f"check the SID in the environment variable {account.account_sid_env} (`account_sid_env`) and the token in "
            f"{account.auth_token_env} (`auth_token_env`)"
        )
        if answer.status_code == 401:
            raise Refused(f"The telephone service refused the account (401): {keys}.")
        if answer.status_code == 403:
            raise Forbidden(f"The telephone service does not let the account do this (403): {keys}, and its rights.")

    def _asked_for(self, answer: "requests.Response") -> float | None:
        """The seconds that the service asks to wait, by number or date; None if it does not say."""
        said = answer.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]{1,9}", said):
            return float(said)
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        aware = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (aware - self._clock()).total_seconds())


def asking(account: Account, send: Callable[[], _T]) -> _T:
    """Send a request, or read on in its answer; what the connection meets is said in words, without addresses.

    Raises:
        TryAgain: no connection, or it broke off.
        SourceUnavailable: the service's certificate is not trusted, or it can't be asked at all.
    """
    import requests.exceptions as failures

    try:
        return send()
    except failures.SSLError as error:
        raise Unavailable(
            "The certificate of the telephone service is not trusted: check the clock and the authorities of this "
            "machine, and what stands between it and the internet."
        ) from error
    except failures.Timeout as error:
        raise TryAgain(f"did not answer within {account.timeout_s:g} s") from error
    except failures.ProxyError as error:
        raise TryAgain("can't be reached through the proxy that the environment names") from error
    except (failures.ChunkedEncodingError, failures.ContentDecodingError) as error:
        raise TryAgain("broke off the connection") from error
    except failures.ConnectionError as error:
        raise TryAgain("can't be reached, or broke off the connection") from error
    except failures.RequestException as error:
        raise Unavailable("The telephone service can't be asked: its answer leads to no address.") from error


def address(account: Account, url: str) -> str:
    """Where a request goes: encrypted and to the service alone, since the token goes with it.

    Raises:
        SourceChanged: the service named another host.
    """
    parts = urlsplit(url)
    rest = parts._replace(scheme="", netloc="").geturl()
    if account.base_url is not None and parts.netloc == urlsplit(account.base_url).netloc:
        return account.base_url + rest
    if not _HOST.fullmatch(parts.hostname or ""):
        raise SourceChanged("The telephone service named an address that is not its own: the token is not sent there.")
    return (account.base_url or f"https://{parts.hostname}") + rest


def connect(account: Account, outside: Outside, patience: Patience) -> "Client":
    """The SDK's client of this account; nothing is asked yet.

    Raises:
        SourceRefused: an environment variable is not set.
    """
    from twilio.rest import Client

    sid = secret(account.account_sid_env, "account_sid_env", outside.environ, "the account's SID")
    token = secret(account.auth_token_env, "auth_token_env", outside.environ, "the account's auth token")
    http = _http_client(account, patience)
    return Client(sid, token, http_client=http, environment=dict(outside.environ))


def _http_client(account: Account, patience: Patience) -> Any:
    """The SDK's HTTP client, which asks patiently. Made here: the SDK is loaded only where there is an account."""
    from twilio.http.http_client import TwilioHttpClient

    class PatientClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
        def __init__(self) -> None:
            super().__init__(request_hooks={"response": [_looked_at(patience)]})
            self.timeout = (account.timeout_s, account.timeout_s)  # to connect, and between two packets

            self.session.max_redirects = 3  # an audio may be elsewhere; the token does not go there

        def log_request(self, *_: Any) -> None:
            """Nothing: it would hold numbers and SIDs."""

        def log_response(self, *_: Any) -> None:
            """Nothing, likewise."""

        def request(self, method: str, url: str, *arguments: Any, **named: Any) -> Any:
            def ask() -> Any:
                answer = asking(account, lambda: super(PatientClient, self).request(method, where, *arguments, **named))
                if answer.status_code == 200:
                    _must_be_json(answer.text)
                return answer

            where = address(account, url)
            try:
                return patience.persist(ask)
            except TryAgain as again:
                raise Unavailable(f"The telephone service {again}.") from again

    return PatientClient()


def _looked_at(patience: Patience) -> Callable[..., None]:
    def look(answer: "requests.Response", **_: Any) -> None:
        try:
            patience.check(answer)
            # Read here, since requests would read on for as long as one byte comes within each wait.
            answer._content = _all_of(answer)
        except BaseException:
            answer.close()
            raise
        answer.encoding = "utf-8"  # RFC 8259, 8.1; else it would be guessed from the bytes where none is named

    return look


def _all_of(answer: "requests.Response") -> bytes:
    end = time.monotonic() + _LONGEST_ANSWER_S
    pieces: list[bytes] = []
    size = 0
    for piece in answer.iter_content(_CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > _MOST_BYTES or time.monotonic() > end:
            raise TryAgain("gave an answer that has no end")
    return b"".join(pieces)


def _must_be_json(text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TryAgain("gave an answer that is cut or no JSON") from error


def moment(said: object) -> datetime | None:
    """An instant as the service writes it (RFC 2822, or ISO 8601 in Intelligence), aware UTC; None if it is none."""
    if not isinstance(said, str):
        return None
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = parse(said)
        except (ValueError, OverflowError):
            continue
        aware = found if found.tzinfo else found.replace(tzinfo=UTC)
        try:
            return aware.astimezone(UTC)
        except OverflowError:
            return None
    return None


def canonical(resource: Mapping[str, Any]) -> bytes:
    """Its one spelling: JSON with sorted keys and no spaces, UTF-8. Half a surrogate pair stays the escape it was."""
    text = json.dumps(resource, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace")
