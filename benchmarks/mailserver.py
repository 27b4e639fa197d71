"""A mail server for a bench: a real Dovecot with messages in it, and a consultation that reads its email from there."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.words import ROOT
from tests.support.dovecot import Dovecot
from tests.support.processes import service_folder

PASSWORD = "BENCH_MAIL_PASSWORD"
"""The environment variable that the consultation takes the password from."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A server with messages in its INBOX: how many, their bytes together, and the SHA-256 of all of them in order."""

    server: Dovecot
    count: int
    size: int
    sha256: str

    @property
    def inputs(self) -> dict[str, object]:
        """What a bench says of it."""
        return {"messages": self.count, "bytes": self.size, "sha256": self.sha256}


@contextmanager
def filled(messages: Iterable[tuple[bytes, datetime]]) -> Iterator[Filled]:
    """A mail server with these messages. Its processes are nobody's children here: their CPU is not counted."""
    with service_folder("bench-dovecot") as folder, Dovecot(folder) as server:
        digest = hashlib.sha256()
        count = size = 0
        for message, arrived in messages:
            server.deliver(message, internaldate=arrived)
            digest.update(message)
            count += 1
            size += len(message)
        yield Filled(server, count, size, digest.hexdigest())


def write_config(folder: Path, server: Dovecot, *, port: int | None = None) -> Path:
    """The sample's consultation in ``folder``, with its email from this server; without TLS, as on the other side.

    ``port``: that of a proxy before the server.
    """
    sample = (ROOT / "config.toml").read_text(encoding="utf-8")
    head = sample.partition("[channels.email]")[0]
    made = head.replace('"samples/centres.csv"', f'"{ROOT / "samples" / "centres.csv"}"')
    made = made.replace('home = "var"', f'home = "{folder / "home"}"')
    config = folder / "config.toml"
    config.write_text(f"""{made}
[channels.email]
adapter = "email"
host = "{server.host}"
port = {port or server.port}
tls = false
user = "{server.user}"
password_env = "{PASSWORD}"
forwarders = ["@norfolk.gov.uk"]
""")
    return config
