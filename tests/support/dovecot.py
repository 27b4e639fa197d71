"""A real IMAP server, private to the tests: Dovecot on loopback, with Maildir storage that tests can write to.

Debian's package ``dovecot-imapd`` (2.3) must be installed. Nothing of the system's own Dovecot configuration is read,
and all of the server runs as one ordinary user, whoever starts it.
"""

import base64
import imaplib
import itertools
import os
import random
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.certificates import Certificates, make_certificates
from tests.support.processes import (
    START_SECONDS,
    Service,
    ServiceError,
    find_program,
    prepare_folder,
    run_command,
    service_account,
)

DEFAULT_USER = "consultation"
DEFAULT_PASSWORD = "secret"
# Below the range from which systems give ports to outgoing connections: one of those could otherwise take the server's
# port while it is down.
_PORTS = range(20_000, 32_000)
_START_ATTEMPTS = 3
_IMAP_TIMEOUT_S = 30
_MAILDIR_FLAGS = "DFPRST"

_CONFIG = """\
protocols = imap
listen = {host}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {log}

default_internal_user = {account.name}
default_internal_group = {account.group}
default_login_user = {account.name}
first_valid_uid = 1
first_valid_gid = 1

ssl = yes
ssl_cert = <{certificates.certificate}
ssl_key = <{certificates.key}
disable_plaintext_auth = no
auth_failure_delay = 0

passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users/%u
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users/%u
}}

mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 1000
default_vsz_limit = 1 G
namespace inbox {{
  inbox = yes
  mailbox Drafts {{
    special_use = \\Drafts
  }}
  mailbox Sent {{
    special_use = \\Sent
  }}
  mailbox Junk {{
    special_use = \\Junk
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
}}

service imap-login {{
  chroot =
  # One process for all logins instead of a new one for each.
  service_count = 0
  client_limit = 1000
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 1000
}}
service anvil {{
  chroot =
  # Without it, wrong passwords would slow down the logins that follow, of other tests too.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
{extra_config}
"""


class Dovecot:
    """An IMAP server with one user; it runs inside a ``with`` block.

    It speaks IMAP without TLS, with STARTTLS on offer, on ``port``, and IMAP over TLS on ``tls_port``; its certificate
    is vouched for by ``ca_file``. ``extra_config`` is added to its configuration. ``deliver``, ``append`` and ``flags``
    are those of the user's mailbox.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        folder: Path,
        *,
        user: str = DEFAULT_USER,
        password: str = DEFAULT_PASSWORD,
        extra_config: str = "",
        timeout_s: float = START_SECONDS,
    ) -> None:
        self.folder = folder
        self.log = folder / "dovecot.log"
        self.port = self.tls_port = 0
        self._extra_config = extra_config
        self._timeout_s = timeout_s
        self._account = service_account()
        self._service: Service | None = None
        prepare_folder(folder, self._account)
        self._certificates = self._make_certificates()
        self.ca_file = self._certificates.ca_file
        self.mailbox = self.add_user(user, password)
        self.user, self.password, self.maildir = user, password, self.mailbox.maildir
        self.deliver, self.append, self.flags = self.mailbox.deliver, self.mailbox.append, self.mailbox.flags

    def __enter__(self) -> Self:
        for attempt in range(1, _START_ATTEMPTS + 1):
            self.port, self.tls_port = _free_port(), _free_port()
            self._write_config()
            try:
                self._start()
                return self
            except ServiceError as error:
                # Somebody else took the port between our look and Dovecot's.
                if "Address already in use" not in str(error) or attempt == _START_ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def is_running(self) -> bool:
        return self._service is not None and self._service.is_running

    def kill(self) -> None:
        """End the server at once, in the middle of whatever it does. Mail stays, and ``restart`` brings it back."""
        if self._service is not None:
            self._service.kill()
            self._service = None

    def restart(self) -> None:
        """Start the server again on the same ports, after ending it if it still runs."""
        self.kill()
        self._start()

    def add_user(self, user: str, password: str = DEFAULT_PASSWORD) -> "Mailbox":
        """Add a user with an empty mailbox; also while the server runs."""
        if set("/:\n") & set(user) or set(":\n") & set(password):
            raise ValueError("a user's name or password has a character that the password file can't hold")
        home = self.folder / "mail" / user
        # A file for each user: Dovecot looks for changes in a file only once a second.
        users = self.folder / "users"
        for path in (users, home.parent, home):
            path.mkdir(exist_ok=True)
        entry = users / user
        entry.write_text(f"{user}:{{PLAIN}}{password}:{self._account.uid}:{self._account.gid}::{home}::\n")
        self._account.own(users, home.parent, home, entry)
        return Mailbox(self, user, password, home / "Maildir")

    def own(self, *paths: Path) -> None:
        """Give paths that were made by a test to the server's user."""
        self._account.own(*paths)

    def doveadm(self, *arguments: str) -> str:
        """Run Dovecot's administration command and return its output: ``doveadm("expunge", "-u", user, "all")``."""
        command: tuple[str | Path, ...] = (find_program("doveadm"), "-c", self._config, *arguments)
        return run_command(command, self._account, self.folder)

    @property
    def _config(self) -> Path:
        return self.folder / "dovecot.conf"

    def _make_certificates(self) -> Certificates:
        certificates = make_certificates(self.folder)
        self._account.own(certificates.ca_file, certificates.certificate, certificates.key)
        return certificates

    def _write_config(self) -> None:
        text = _CONFIG.format(
            host=self.host,
            port=self.port,
            tls_port=self.tls_port,
            folder=self.folder,
            log=self.log,
            account=self._account,
            certificates=self._certificates,
            extra_config=self._extra_config,
        )
        self._config.write_text(text)
        self._account.own(self._config)

    def _start(self) -> None:
        # A killed server leaves this file, and another process may have its number by now.
        (self.folder / "run" / "master.pid").unlink(missing_ok=True)
        command = (find_program("dovecot"), "-F", "-c", self._config)
        service = Service(command, self.log, self._account)
        service.wait_until(lambda: _greets(self.host, self.port), self._timeout_s)
        self._service = service


class Mailbox:
    """One user's mail on a Dovecot server, and what a test needs to reach it."""

    def __init__(self, server: Dovecot, user: str, password: str, maildir: Path) -> None:
        self.server = server
        self.user = user
        self.password = password
        self.maildir = maildir
        self.host, self.ca_file = server.host, server.ca_file
        self.doveadm, self.kill, self.restart = server.doveadm, server.kill, server.restart

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def tls_port(self) -> int:
        return self.server.tls_port

    def deliver(
        self, message: bytes, mailbox: str = "INBOX", flags: str = "", internaldate: datetime | None = None
    ) -> Path:
        """Put a message into the Maildir, as a mail system would, and return its file.

        ``flags`` are Maildir's letters (``S`` seen, ``R`` replied, ``F`` flagged, ``T`` deleted, ``D`` draft);
        ``internaldate`` is aware, None means now, fractions of a second are lost. The mailbox is made if needed. IMAP
        shows a bare line feed in the message as CRLF. Dovecot may rename the file later.
        """
        if not set(flags) <= set(_MAILDIR_FLAGS):
            raise ValueError(f"flags are letters of {_MAILDIR_FLAGS}, not {flags!r}")
        folder = self._folder(mailbox)
        name = _unique_name(message)
        file = folder / "tmp" / name
        file.write_bytes(message)
        self.server.own(file)
        if internaldate is not None:
            instant = _aware(internaldate).timestamp()
            os.utime(file, (instant, instant))
        letters = "".join(sorted(set(flags)))
        return file.rename(folder / "cur" / f"{name}:2,{letters}" if flags else folder / "new" / name)

    def append(
        self,
        message: bytes,
        mailbox: str = "INBOX",
        flags: Sequence[str] = (),
        internaldate: datetime | None = None,
    ) -> int:
        """Add a message through IMAP and return its UID. ``flags`` as in IMAP (``\\Seen``), ``internaldate`` aware."""
        date = imaplib.Time2Internaldate(_aware(internaldate) if internaldate else time.time())
        name = _quoted(mailbox)
        with self._session() as imap:
            if mailbox != "INBOX":
                imap.create(name)  # Refused if it is there already.
            imap.select(name, readonly=True)  # What was delivered before gets its UIDs before.
            status, answers = imap.append(name, f"({' '.join(flags)})", date, message)
        found = re.search(rb"APPENDUID \d+ (\d+)", answers[0] or b"")
        if status != "OK" or found is None:
            raise ServiceError(f"APPEND to {mailbox}: {status} {answers!r}")
        return int(found[1])

    def flags(self, mailbox: str = "INBOX") -> dict[int, tuple[str, ...]]:
        r"""The sorted flags of each message by its UID, without ``\Recent``: that depends on who looked first."""
        with self._session() as imap:
            status, answers = imap.select(_quoted(mailbox), readonly=True)
            if status != "OK":
                raise ServiceError(f"EXAMINE {mailbox}: {answers!r}")
            lines = imap.uid("FETCH", "1:*", "(FLAGS)")[1] if answers != [b"0"] else []
        return dict(_uid_and_flags(line) for line in lines if isinstance(line, bytes))

    def _folder(self, mailbox: str) -> Path:
        folder = self.maildir if mailbox == "INBOX" else self.maildir / f".{_utf7(mailbox)}"
        if not (folder / "cur").is_dir():
            made = (self.maildir, folder, folder / "new", folder / "tmp", folder / "cur")
            for path in made:
                path.mkdir(exist_ok=True)
            self.server.own(*made)
        return folder

    @contextmanager
    def _session(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4(self.host, self.port, timeout=_IMAP_TIMEOUT_S) as imap:
            imap.login(self.user, self.password)
            yield imap


_deliveries = itertools.count()


def _unique_name(message: bytes) -> str:
    """A Maildir file name. Names sort in the order of delivery, in which Dovecot then gives the UIDs."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    bare_line_feeds = message.count(b"\n") - message.count(b"\r\n")
    # The sizes, as stored and with CRLF, spare Dovecot the reading of each file.
    sizes = f"S={len(message)},W={len(message) + bare_line_feeds}"
    return f"{seconds}.M{nanoseconds // 1000:06d}P{os.getpid()}Q{next(_deliveries):09d}.test,{sizes}"


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    return instant


def _utf7(mailbox: str) -> str:
    """A mailbox's name as IMAP and Maildir write it (RFC 3501, 5.1.3)."""

    def encode(run: re.Match[str]) -> str:
        return "&" + base64.b64encode(run[0].encode("utf-16-be"), b"+,").decode().rstrip("=") + "-"

    return re.sub(r"[^\x20-\x7e]+", encode, mailbox.replace("&", "&-"))


def _quoted(mailbox: str) -> str:
    escaped = _utf7(mailbox).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _uid_and_flags(line: bytes) -> tuple[int, tuple[str, ...]]:
    uid = re.search(rb"UID (\d+)", line)
    if uid is None:
        raise ServiceError(f"unexpected answer to FETCH: {line!r}")
    flags = {flag.decode() for flag in imaplib.ParseFlags(line)}
    return int(uid[1]), tuple(sorted(flags - {"\\Recent"}))


def _free_port() -> int:
    """A port that nobody listens on just now."""
    # Not the shared generator: with a fixed seed, tests side by side would try the same ports in the same order.
    for port in random.SystemRandom().sample(_PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind((Dovecot.host, port))
            except OSError:
                continue
            return port
    raise ServiceError(f"no free port between {_PORTS.start} and {_PORTS.stop}")


def _greets(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            return connection.recv(4) == b"* OK"
    except OSError:
        return False
