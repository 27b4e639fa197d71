"""A telephone service that answers each list with what it is given, whatever that is."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.twilio import wav

LISTS = ("Calls", "Messages", "Recordings", "Transcriptions", "Transcripts", "Sentences")


@dataclass
class Answers:
    """The service; a context manager. ``lists`` holds the answer of a list by its name (``LISTS``); any other, and any
    page but the first, is empty. Each recording's audio lasts ``audio_s``."""

    lists: dict[str, Any] = field(default_factory=dict)
    audio_s: float = 4.0

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, name: str, page: int) -> Any:
        """The answer of a list's page, counted from 0."""
        if page == 0 and name in self.lists:
            return self.lists[name]
        key = name.lower()
        return {key: [], "next_page_uri": None, "meta": {"key": key, "next_page_url": None}}


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # an answer in two packets waits 40 ms for the second one

        def do_GET(self) -> None:  # the name that http.server calls
            url = urlsplit(self.path)
            name = url.path.removesuffix(".json").rpartition("/")[2]
            if name.endswith(".wav"):
                self._send(200, wav(answers.audio_s), "audio/x-wav")
            elif name in LISTS:
                page = int(parse_qs(url.query).get("Page", ["0"])[0])
                self._send(200, json.dumps(answers.answer(name, page)).encode(), "application/json")
            else:
                self._send(404, b'{"status":404}', "application/json")

        def _send(self, status: int, body: bytes, media_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Nothing."""

    return Handler
