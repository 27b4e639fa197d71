"""A small HTTP server of a test, on a loopback port of its own."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Nothing: who asked has hung up."""


class Serving:
    """A server that runs while its context lasts."""

    def serve(self, handler: type[BaseHTTPRequestHandler]) -> None:
        """Take a port; requests are answered by ``handler`` once the context is entered."""
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        """What ``base_url`` of the config is set to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that sends whole answers and writes no log."""

    def _send(self, status: int, body: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Nothing."""
