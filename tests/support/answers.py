"""A telephone service that answers each list with what it is given, whatever that is."""

import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.serving import QuietHandler, Serving
from tests.support.twilio import wav

LISTS = ("Calls", "Messages", "Recordings", "Transcriptions", "Transcripts", "Sentences")


@dataclass
class Answers(Serving):
    """The service; a context manager. ``lists`` holds the answer of a list by its name (``LISTS``); any other, and any
    page but the first, is empty. Each recording's audio lasts ``audio_s``."""

    lists: dict[str, Any] = field(default_factory=dict)
    audio_s: float = 4.0

    def __post_init__(self) -> None:
        self.serve(_handler(self))

    def answer(self, name: str, page: int) -> Any:
        """The answer of a list's page, counted from 0."""
        if page == 0 and name in self.lists:
            return self.lists[name]
        key = name.lower()
        return {key: [], "next_page_uri": None, "meta": {"key": key, "next_page_url": None}}


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # an answer in two packets waits 40 ms for the second one

        def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
            url = urlsplit(self.path)
            name = url.path.removesuffix(".json").rpartition("/")[2]
            if name.endswith(".wav"):
                self._send(200, wav(answers.audio_s), "audio/x-wav")
            elif name in LISTS:
                page = int(parse_qs(url.query).get("Page", ["0"])[0])
                self._send(200, json.dumps(answers.answer(name, page)).encode(), "application/json")
            else:
                self._send(404, b'{"status":404}', "application/json")

    return Handler
