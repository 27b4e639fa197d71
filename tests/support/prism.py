"""The telephone service as its maker's OpenAPI documents describe it: Prism answers from them, a process for each.

Prism refuses (4xx) what a document does not allow. The adapter knows one address for all services, so that a front
hands each request to the Prism of its document, and keeps what was asked and answered. Set up by ``make corpus``.
"""

import http.client
import json
import re
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from tests.support.processes import ServiceError
from tests.support.serving import QuietHandler
from tests.support.twilio import wav

ROOT = Path(__file__).resolve().parents[2]
_SETUP = ROOT / ".venv" / "prism"
_NODE = _SETUP / "node" / "bin" / "node"
_PRISM = _SETUP / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
_START_S = 60.0
DOCUMENTS = {"/2010-04-01/": "twilio_api_v2010.json", "/v2/": "twilio_intelligence_v2.json"}
"""Which document describes what is below a path."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was answered by Prism: its path and query, the status, and how the answer breaks the document."""

    path: str
    query: Mapping[str, str]
    status: int
    violations: str


@dataclass
class Front:
    """One address for all documents; a context manager through ``twilio_documents``.

    ``dynamic``: answers are made up from the schemas, not the documents' examples. ``mend`` may change a list before it
    is handed over: (path, JSON). ``audio_s``: how long the audio lasts that is given for each recording, which no
    document describes.
    """

    ports: dict[str, int]
    operations: dict[str, dict[str, dict[str, Any]]]
    dynamic: bool = False
    mend: Callable[[str, Any], Any] = lambda path, found: found
    audio_s: float = 4.0
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def begin(self, *, dynamic: bool = False, mend: Callable[[str, Any], Any] = lambda path, found: found) -> None:
        """Forget what was asked, and answer this way."""
        self.dynamic, self.mend = dynamic, mend
        self.asked.clear()

    def not_in_document(self) -> list[str]:
        """What was asked with a query parameter that its document does not name."""
        return [
            f"{asked.path}: {name}" for asked in self.asked for name in asked.query
            if name not in self._parameters(asked.path)
        ]  # fmt: skip

    def _operation(self, path: str) -> dict[str, Any]:
        for below, operations in self.operations.items():
            if path.startswith(below):
                for template, operation in operations.items():
                    if re.fullmatch(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template)), path):
                        return operation
        return {}

    def _parameters(self, path: str) -> set[str]:
        return {given["name"] for given in self._operation(path).get("parameters", []) if given["in"] == "query"}

    def prefer(self, path: str, query: Mapping[str, str]) -> str:
        """Which answer Prism is asked for: the document's first example, which may name a further page; of a further
        page one that is the last."""
        if self.dynamic:
            return "dynamic=true"
        answers = self._operation(path).get("responses", {}).get("200", {}).get("content", {})
        examples: dict[str, Any] = answers.get("application/json", {}).get("examples", {})
        names = list(examples)
        if int(query.get("Page", 0)) > 0:
            names = [n for n in names if not examples[n]["value"].get("next_page_uri")] or names
        return f"example={names[0]}" if names else "dynamic=false"


@contextmanager
def twilio_documents(folder: Path) -> Iterator[Front]:
    """Prism on each of the documents in this folder, behind one address."""
    documents = {below: json.loads((folder / name).read_bytes()) for below, name in DOCUMENTS.items()}
    operations = {
        below: {path: found["get"] for path, found in document["paths"].items() if "get" in found}
        for below, document in documents.items()
    }
    with ExitStack() as stack:
        ports = {below: stack.enter_context(_prism(folder / name)) for below, name in DOCUMENTS.items()}
        front = Front(ports, operations)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(front))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        front.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield front
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)


@contextmanager
def _prism(document: Path) -> Iterator[int]:
    """A Prism of its own for a document: its port."""
    if not _PRISM.exists():
        raise ServiceError("Prism is not set up: run these tests by `make corpus CORPUS=DIR`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command: list[Any] = [_NODE, _PRISM, "mock", "--host", "127.0.0.1", "--port", str(port), document]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(process, port, log)
            yield port
        finally:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Any) -> None:
    end = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    log.seek(0)
    raise ServiceError(f"Prism did not come up: {log.read()[-2000:].decode(errors='replace')}")


def _onward(path: str, query: Mapping[str, str], example: str) -> str:
    """The next page of what was asked for. That of an example is of another list, with dates that the document itself
    does not allow."""
    token = dict(parse_qsl(urlsplit(example).query)).get("PageToken", "")
    page = int(query.get("Page", 0)) + 1
    return f"{path}?{urlencode({**query, 'Page': page, 'PageToken': token}, quote_via=quote)}"


def _handler(front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # an answer in two packets waits 40 ms for the second one

        def do_GET(self) -> None:  # noqa: N802  # the name that http.server calls
            url = urlsplit(self.path)
            if url.path.endswith(".wav"):
                self._send(200, wav(front.audio_s), "audio/x-wav")
                return
            port = next((p for below, p in front.ports.items() if url.path.startswith(below)), None)
            if port is None:
                self._send(404, b"{}", "application/json")
                return
            query = dict(parse_qsl(url.query, keep_blank_values=True))
            headers = {name: self.headers[name] for name in ("Authorization", "Accept") if name in self.headers}
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                connection.request("GET", self.path, headers=headers | {"Prefer": front.prefer(url.path, query)})
                answer = connection.getresponse()
                body = answer.read()
            finally:
                connection.close()
            front.asked.append(Asked(url.path, query, answer.status, answer.headers.get("sl-violations", "")))
            if answer.status == 200:
                found = json.loads(body)
                if not front.dynamic and found.get("next_page_uri"):
                    found["next_page_uri"] = _onward(url.path, query, found["next_page_uri"])
                body = json.dumps(front.mend(url.path, found)).encode()
            self._send(answer.status, body, answer.headers.get("Content-Type", "application/json"))

    return Handler
