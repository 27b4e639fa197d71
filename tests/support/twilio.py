"""A small Twilio on loopback: calls, text messages, recordings with audio, transcriptions and Intelligence transcripts.

It answers as https://www.twilio.com/docs describes (2010-04-01, Intelligence v2), pages with tokens, counts what it is
asked, and can fail in the ways of a real service: ``server.fault("Calls.json", status=500, page=2)``.
"""

import base64
import json
import re
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from tests.support.serving import Serving

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "a-token-of-the-tests"
LINE = "+441603223762"
CALLER = "+447700900123"
START = datetime(2011, 3, 1, 10, 0, tzinfo=UTC)

_API = f"/2010-04-01/Accounts/{ACCOUNT}"
_DATE_FILTERS = {
    "Calls": "StartTime>", "Messages": "DateSent>", "Recordings": "DateCreated>", "Transcripts": "AfterDateCreated",
}  # fmt: skip


def sid(kind: str, number: int) -> str:
    """The SID of this kind (``CA``, ``RE`` …) and number."""
    return f"{kind}{number:032x}"


def wav(seconds: float, channels: int = 1, rate: int = 8000, fill: int = 0) -> bytes:
    """A WAV file (16 bits a sample) of so many seconds, each byte of its sound being ``fill``."""
    data = bytes([fill]) * (int(seconds * rate) * channels * 2)
    kind = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    inner = b"WAVEfmt " + struct.pack("<I", 16) + kind + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


@dataclass
class Fault:
    """What goes wrong with the requests whose path and query match ``path`` (a regular expression).

    ``times``: how often, None for good; ``page``: only on this page (from 0). Exactly one of: ``status`` (answered with
    it, and with ``retry_after`` or ``location`` if given), ``hang`` (no answer for so many seconds), ``truncated``
    (half of the JSON, announced as if whole), ``cut`` (the connection ends in the middle of the body), ``reset`` (no
    answer at all), ``drip`` (a byte of the body, then nothing for so many seconds, and so on), ``body`` (these bytes
    instead), ``media_type`` (the right bytes under another type).
    """

    path: str
    times: int | None = 1
    page: int | None = None
    status: int = 0
    retry_after: str = ""
    location: str = ""
    drip: float = 0
    hang: float = 0
    truncated: bool = False
    cut: bool = False
    reset: bool = False
    body: bytes | None = None
    media_type: str = ""

    def hits(self, path: str, page: int) -> bool:
        """Whether this request fails; counts it."""
        if self.times == 0 or not re.search(self.path, path) or (self.page is not None and page != self.page):
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class _Item:
    at: datetime
    resource: dict[str, Any]


@dataclass
class TwilioServer(Serving):
    """The server; a context manager. Resources are added by methods and may be changed in place, by key.

    ``counts`` says how often each kind was asked for (``Calls``, ``Messages``, ``Recordings``, ``Transcriptions``,
    ``Transcripts``, ``Sentences``, ``audio``), ``asked`` every path with its query, in order. ``page_limit`` bounds the
    size of a page. With ``by_offset`` pages are counted from the newest item, so that what is added while somebody
    pages shows twice. ``before_page`` is called before each page is made, with the kind and the page's number.
    """

    page_limit: int = 1000
    by_offset: bool = False
    before_page: Callable[[str, int], None] = lambda kind, page: None
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    audio: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    sentences: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    account: str = ACCOUNT
    token: str = TOKEN

    def __post_init__(self) -> None:
        self._items: dict[str, dict[str, _Item]] = {
            kind: {} for kind in ("Calls", "Messages", "Recordings", "Transcriptions", "Transcripts")
        }
        self._number = 0
        self.lock = threading.RLock()
        self.over = threading.Event()
        self.serve(_handler(self))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        super().__exit__(kind, error, at)

    @property
    def section(self) -> dict[str, Any]:
        """The keys of an adapter's section for this account, without recordings; waiting is short, as in tests."""
        return {
            "account_sid_env": "TWILIO_SID", "auth_token_env": "TWILIO_TOKEN", "numbers": [LINE], "base_url": self.url,
            "retry_wait_s": 0.01, "timeout_s": 5,
        }  # fmt: skip

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that the section names."""
        return {"TWILIO_SID": self.account, "TWILIO_TOKEN": self.token}

    def fault(self, path: str, **how: Any) -> Fault:
        """Let requests fail (see ``Fault``); the fault is handed back, and ends when its ``times`` is set to 0."""
        made = Fault(path, **how)
        with self.lock:
            self.faults.append(made)
        return made

    def forget(self) -> None:
        """Count from 0 again, and let no more requests fail."""
        with self.lock:
            self.counts.clear()
            self.asked.clear()
            self.faults.clear()

    # ---- what is there

    def call(
        self, at: datetime | None = None, status: str = "completed", to: str = LINE, seconds: int = 30, **values: Any
    ) -> dict[str, Any]:
        """A call to the line, a minute after the one before it unless ``at`` says when."""
        at = at or START + timedelta(minutes=self._number)
        made = self._base("CA", "Calls", at) | {
            "annotation": None, "answered_by": None, "api_version": "2010-04-01", "caller_name": None,
            "direction": "inbound", "duration": str(seconds), "end_time": _rfc2822(at + timedelta(seconds=seconds)),
            "forwarded_from": None, "from": CALLER, "from_formatted": CALLER, "group_sid": None,
            "parent_call_sid": None, "phone_number_sid": sid("PN", 1), "price": None, "price_unit": "USD",
            "queue_time": "0", "start_time": _rfc2822(at), "status": status, "to": to, "to_formatted": to,
            "trunk_sid": None,
        }  # fmt: skip
        if status in ("queued", "ringing", "in-progress"):
            made |= {"duration": None, "end_time": None}
        return self._add("Calls", at, made | values)

    def leg(self, call: Mapping[str, Any], to: str = "+441603222222", **values: Any) -> dict[str, Any]:
        """A child leg of a call: the call handler's telephone that it was put through to."""
        at = self._items["Calls"][call["sid"]].at + timedelta(seconds=5)
        outbound = {"direction": "outbound-dial", "parent_call_sid": call["sid"], "from": call["from"]}
        return self.call(at, to=to, **(outbound | values))

    def message(self, body: str = "Keep it open.", at: datetime | None = None, **values: Any) -> dict[str, Any]:
        """A text message to the line."""
        at = at or START + timedelta(minutes=self._number)
        made = self._base("SM", "Messages", at) | {
            "api_version": "2010-04-01", "body": body, "date_sent": _rfc2822(at), "direction": "inbound",
            "error_code": None, "error_message": None, "from": CALLER, "messaging_service_sid": None, "num_media": "0",
            "num_segments": "1", "price": None, "price_unit": "USD", "status": "received", "to": LINE,
        }  # fmt: skip
        return self._add("Messages", at, made | values)

    def recording(
        self, call: Mapping[str, Any] | str, seconds: int = 10, status: str = "completed", channels: int = 1,
        audio: bytes | None = None, media_type: str = "audio/x-wav", **values: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """A recording of a call (or of the SID of one that may not be there), with its audio."""
        of = call if isinstance(call, str) else call["sid"]
        at = self._items["Calls"][of].at + timedelta(seconds=20) if of in self._items["Calls"] else START
        made = self._base("RE", "Recordings", at) | {
            "api_version": "2010-04-01", "call_sid": of, "conference_sid": None, "channels": channels,
            "start_time": _rfc2822(at), "price": None, "price_unit": "USD", "duration": str(seconds),
            "source": "RecordVerb", "status": status, "error_code": None, "encryption_details": None, "track": "both",
        }  # fmt: skip
        made["media_url"] = f"https://api.twilio.com{_API}/Recordings/{made['sid']}"
        if status == "completed":
            self.audio[made["sid"]] = (wav(seconds, channels) if audio is None else audio, media_type)
        return self._add("Recordings", at, made | values)

    def transcription(
        self, recording: Mapping[str, Any], text: str | None = "Keep it open.", status: str = "completed", **values: Any
    ) -> dict[str, Any]:
        """A legacy transcription of a recording."""
        at = self._items["Recordings"][recording["sid"]].at + timedelta(minutes=1)
        made = self._base("TR", "Transcriptions", at) | {
            "api_version": "2010-04-01", "duration": recording["duration"], "price": "-0.05", "price_unit": "USD",
            "recording_sid": recording["sid"], "status": status, "transcription_text": text, "type": "fast",
        }  # fmt: skip
        return self._add("Transcriptions", at, made | values)

    def transcript(
        self, recording: Mapping[str, Any] | str, *sentences: str | Mapping[str, Any], status: str = "completed",
        **values: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """An Intelligence transcript of a recording (or of the SID of one that may not be there).

        A sentence given as text takes 2 s, 0.5 s after the one before, on channel 1, with a confidence of 0.9.
        """
        of = recording if isinstance(recording, str) else recording["sid"]
        at = self._items["Recordings"][of].at + timedelta(minutes=2) if of in self._items["Recordings"] else START
        number = self._next()
        made: dict[str, Any] = {
            "account_sid": self.account, "service_sid": sid("GA", 1), "sid": sid("GT", number), "date_created": _z(at),
            "date_updated": _z(at), "status": status, "data_logging": False, "language_code": "en-GB",
            "channel": {"type": "voice", "participants": [{"channel_participant": 1, "role": "Customer"}],
                        "media_properties": {"source": "TwilioRecording", "source_sid": of, "media_url": None}},
            "media_start_time": None, "duration": 10, "customer_key": None, "redaction": False,
            "encryption_credential_sid": None, "url": f"https://intelligence.twilio.com/v2/Transcripts/GT{number:032x}",
            "links": {},
        }  # fmt: skip
        self.sentences[made["sid"]] = [_sentence(i, said) for i, said in enumerate(sentences)]
        return self._add("Transcripts", at, made | values)

    def remove(self, resource: Mapping[str, Any]) -> None:
        """Take a resource out of its list, and a recording's audio with it."""
        with self.lock:
            for items in self._items.values():
                items.pop(resource["sid"], None)
            self.audio.pop(resource["sid"], None)

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """All resources of a list (``Calls`` …), newest first."""
        with self.lock:
            newest = sorted(self._items[kind].values(), key=lambda item: item.at, reverse=True)
            return [item.resource for item in newest]

    def _next(self) -> int:
        with self.lock:
            self._number += 1
            return self._number

    def _base(self, prefix: str, kind: str, at: datetime) -> dict[str, Any]:
        made = sid(prefix, self._next())
        return {
            "account_sid": self.account, "sid": made, "date_created": _rfc2822(at), "date_updated": _rfc2822(at),
            "uri": f"{_API}/{kind}/{made}.json", "subresource_uris": {"self": f"{_API}/{kind}/{made}.json"},
        }  # fmt: skip

    def _add(self, kind: str, at: datetime, made: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self._items[kind][made["sid"]] = _Item(at, made)
        return made

    # ---- what is answered

    def page(self, kind: str, query: Mapping[str, str]) -> dict[str, Any] | None:
        """A page of a list, as Twilio words it; None for a page token that it does not know."""
        number = int(query.get("Page", 0))
        self.before_page(kind, number)
        found = [item for item in self._items[kind].values() if _wanted(kind, item, query)]
        found.sort(key=lambda item: item.at, reverse=True)
        sids = [item.resource["sid"] for item in found]
        size = min(int(query.get("PageSize", 50)), self.page_limit)
        first = number * size
        if not self.by_offset and (token := query.get("PageToken")) is not None:
            if token.removeprefix("PA") not in sids:
                return None
            first = sids.index(token.removeprefix("PA")) + 1
        page = [item.resource for item in found[first : first + size]]
        more = page if len(found) > first + size else []
        return _worded(kind, query, page, number, size, more[-1]["sid"] if more else "")

    def said(self, transcript: str, query: Mapping[str, str]) -> dict[str, Any] | None:
        """A page of a transcript's sentences; None if there is no such transcript."""
        if transcript not in self._items["Transcripts"]:
            return None
        sentences = self.sentences[transcript]
        size, number = min(int(query.get("PageSize", 50)), self.page_limit), int(query.get("Page", 0))
        page = sentences[number * size : (number + 1) * size]
        more = page[-1]["sid"] if len(sentences) > (number + 1) * size else ""
        return _worded("Sentences", query, page, number, size, more, f"/v2/Transcripts/{transcript}/Sentences")


def _wanted(kind: str, item: _Item, query: Mapping[str, str]) -> bool:
    since = query.get(_DATE_FILTERS.get(kind, ""))
    if since is not None and item.at < datetime.fromisoformat(since):
        return False
    return all(item.resource[key] == query.get(name, item.resource[key]) for name, key in _FILTERS.get(kind, ()))


_FILTERS = {"Calls": (("To", "to"),), "Messages": (("To", "to"),), "Recordings": (("CallSid", "call_sid"),)}


def _worded(
    kind: str, query: Mapping[str, str], page: Sequence[Any], number: int, size: int, last: str, path: str = ""
) -> dict[str, Any]:
    key = kind.lower()
    old = kind not in ("Transcripts", "Sentences")
    path = path or (f"{_API}/{kind}.json" if old else f"/v2/{kind}")
    kept = {k: v for k, v in query.items() if k not in ("Page", "PageToken")}
    onward = urlencode(kept | {"Page": str(number + 1), "PageToken": f"PA{last}"}, quote_via=quote)
    first = f"{path}?{urlencode(kept | {'Page': '0'}, quote_via=quote)}"
    if old:
        return {
            "first_page_uri": first, "end": number * size + len(page) - 1, "previous_page_uri": None, key: page,
            "uri": first, "page_size": size, "start": number * size, "page": number,
            "next_page_uri": f"{path}?{onward}" if last else None,
        }  # fmt: skip
    host = "https://intelligence.twilio.com"
    meta = {
        "page": number, "page_size": size, "first_page_url": f"{host}{first}", "previous_page_url": None,
        "url": f"{host}{first}", "next_page_url": f"{host}{path}?{onward}" if last else None, "key": key,
    }  # fmt: skip
    return {"meta": meta, key: page}


def _sentence(number: int, said: str | Mapping[str, Any]) -> dict[str, Any]:
    made = {
        "media_channel": 1, "sentence_index": number, "start_time": f"{number * 2.5:.2f}", "words": [],
        "end_time": f"{number * 2.5 + 2:.2f}", "sid": sid("GX", number), "confidence": "0.9",
    }  # fmt: skip
    return made | ({"transcript": said} if isinstance(said, str) else dict(said))


def _rfc2822(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))


def _z(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_ERROR = {"code": 20404, "message": "The requested resource was not found", "more_info": "https://www.twilio.com/docs"}
_LISTS = re.compile(rf"{_API}/(Calls|Messages|Recordings|Transcriptions)\.json|/v2/(Transcripts)")


def _handler(server: TwilioServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # an answer in two packets waits 40 ms for the second one

        def do_GET(self) -> None:  # the name that http.server calls
            url = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(url.query, keep_blank_values=True).items()}
            with server.lock:
                server.asked.append(self.path)
                server.counts[_kind(url.path)] += 1
                page = int(query.get("Page", 0))
                fault = next((f for f in server.faults if f.hits(self.path, page)), None)
            if fault is not None and self._fails(fault):
                return
            status, body, media_type = self._answer(url.path, query)
            if fault is not None:
                media_type = fault.media_type or media_type
                body = body[: len(body) // 2] if fault.truncated else body if fault.body is None else fault.body
            if fault is not None and fault.drip:
                self._drip(body, fault.drip)
                return
            self._send(status, body, media_type, cut=fault is not None and fault.cut)

        def _fails(self, fault: Fault) -> bool:
            if fault.hang:
                server.over.wait(fault.hang)
            if fault.reset or fault.hang:
                self.close_connection = True
                return True
            if fault.status:
                more = {"Retry-After": fault.retry_after, "Location": fault.location}
                body = json.dumps(_ERROR | {"status": fault.status}).encode()
                self._send(fault.status, body, "application/json", more=more)
                return True
            return False

        def _drip(self, body: bytes, pause: float) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for byte in body:
                self.wfile.write(bytes([byte]))
                if server.over.wait(pause):
                    return

        def _answer(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes, str]:
            wanted = "Basic " + base64.b64encode(f"{server.account}:{server.token}".encode()).decode()
            if self.headers.get("Authorization") != wanted:
                return 401, json.dumps(_ERROR | {"code": 20003, "status": 401}).encode(), "application/json"
            if (audio := re.fullmatch(rf"{_API}/Recordings/(RE[0-9a-f]{{32}})\.wav", path)) is not None:
                if audio[1] in server.audio:
                    return 200, *server.audio[audio[1]]
            else:
                with server.lock:
                    found: dict[str, Any] | None = None
                    if (listed := _LISTS.fullmatch(path)) is not None:
                        found = server.page(listed[1] or listed[2], query)
                        if found is None:
                            return 400, json.dumps(_ERROR | {"code": 20001, "status": 400}).encode(), "application/json"
                    elif (of := re.fullmatch(r"/v2/Transcripts/(GT[0-9a-f]{32})/Sentences", path)) is not None:
                        found = server.said(of[1], query)
                    if found is not None:
                        return 200, json.dumps(found).encode(), "application/json"
            return 404, json.dumps(_ERROR | {"status": 404}).encode(), "application/json"

        def _send(
            self, status: int, body: bytes, media_type: str, *, cut: bool = False, more: Mapping[str, str] | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in (more or {}).items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.wfile.flush()
                time.sleep(0.01)
                self.close_connection = True

        def log_message(self, *_args: Any) -> None:
            """Nothing: the tests count."""

    return Handler


def _kind(path: str) -> str:
    if path.endswith(".wav"):
        return "audio"
    return path.removesuffix(".json").rsplit("/", 1)[-1]
