"""Waiting for a mailbox to say that something is new (IDLE): a real Dovecot, and servers with ways of their own."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from channels import ADAPTERS, imap_idle
from channels.base import Listener, NeverSays, SourceRefused, SourceUnavailable
from channels.email import EmailSettings, _account
from channels.imap_idle import ImapListener
from tests.conformance import Environment
from tests.support.dovecot import Mailbox
from tests.support.proxy import Proxy

pytest_plugins = ["tests.support.fixtures"]

PATIENCE_S = 20.0


def message(number: int) -> bytes:
    return f"From: resident{number}@example.org\r\nSubject: {number}\r\n\r\nKeep it open.\r\n".encode()


@contextmanager
def listening(mailbox: Mailbox, renew_s: float = 300, **section: object) -> Iterator[ImapListener]:
    keys: dict[str, object] = {"host": mailbox.host, "port": mailbox.port, "tls": False, "user": mailbox.user}
    settings = EmailSettings.model_validate(keys | {"password_env": "P", "timeout_s": 10} | section)
    outside = Environment(variables={"P": mailbox.password}).outside
    listener = ImapListener(_account(settings, outside), outside, renew_s)
    try:
        yield listener
    finally:
        listener.close()


class Waiting:
    """A wait under way in a thread of its own, and how it ends."""

    def __init__(self, listener: Listener) -> None:
        self.ended: bool | Exception | None = None
        self._stop = threading.Event()
        self._listener = listener
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.ended = self._listener.wait(self._stop.is_set)
        except Exception as error:  # noqa: BLE001  # for the test to look at
            self.ended = error

    def goes_on(self, seconds: float = 0.5) -> bool:
        self._thread.join(seconds)
        return self._thread.is_alive()

    def result(self) -> bool | Exception | None:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "it still waits"
        return self.ended

    def stop(self) -> bool | Exception | None:
        self._stop.set()
        return self.result()


def quiet(listener: Listener) -> Waiting:
    """A wait on a mailbox whose state is known: nothing is new."""
    if not hasattr(listener, "_known") or listener._known is None:
        assert Waiting(listener).result() is True
    waiting = Waiting(listener)
    assert waiting.goes_on()
    return waiting


# ---- a real server


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_a_new_message_ends_the_wait_and_nothing_else_does(dovecot: Mailbox, tls: bool) -> None:
    """The first wait can't know what came before, and says so at once. Then flags, and messages that go, are no news; a
    message that comes is, also one that comes while nobody waits; and looking changes no flag."""
    for number in range(3):
        dovecot.append(message(number))
    section = {"tls": True, "port": dovecot.tls_port, "ca_file": dovecot.ca_file} if tls else {}
    with listening(dovecot, **section) as listener:
        waiting = quiet(listener)
        dovecot.doveadm("flags", "add", "-u", dovecot.user, "\\Seen", "mailbox", "INBOX", "uid", "1")
        dovecot.doveadm("expunge", "-u", dovecot.user, "mailbox", "INBOX", "uid", "2")
        assert waiting.goes_on()
        dovecot.append(message(3))
        assert waiting.result() is True
        dovecot.append(message(4))
        assert Waiting(listener).result() is True
        assert quiet(listener).stop() is False
    assert dovecot.flags() == {1: ("\\Seen",), 3: (), 4: (), 5: ()}


def test_it_ends_promptly_when_told_to(dovecot: Mailbox) -> None:
    """A wait that is told to stop ends within a second or so; one that is told before does not begin."""
    with listening(dovecot) as listener:
        waiting = quiet(listener)
        began = time.monotonic()
        assert waiting.stop() is False
        assert time.monotonic() - began < 3
        assert listener.wait(lambda: True) is False


def test_it_begins_anew_before_anybody_forgets_the_connection(dovecot: Mailbox) -> None:
    """IDLE is renewed on its own, well before the 29 minutes of RFC 2177, and news in between are not missed."""
    assert imap_idle.RENEW_S < 29 * 60 / 2
    said: list[bytes] = []
    with (
        Proxy(dovecot.host, dovecot.port, rewrite=lambda chunk: said.append(chunk) or chunk) as proxy,
        listening(dovecot, renew_s=0.1, port=proxy.port) as listener,
    ):
        waiting = quiet(listener)
        assert b"".join(said).count(b"+ idling") > 2
        dovecot.append(message(1))
        assert waiting.result() is True


def test_a_server_without_idle_never_says_anything(dovecot: Mailbox) -> None:
    """Such an account is polled: that is no failure."""
    hide: Callable[[bytes], bytes] = lambda chunk: chunk.replace(b" IDLE", b" XDLE")  # noqa: E731
    with Proxy(dovecot.host, dovecot.port, rewrite=hide) as proxy, listening(dovecot, port=proxy.port) as listener:
        assert isinstance(Waiting(listener).result(), NeverSays)


def test_a_connection_that_ends_is_made_anew_and_misses_nothing(dovecot: Mailbox) -> None:
    """A server that goes away ends the wait with a reason; the next one tells whether anything came in between."""
    dovecot.append(message(0))
    with listening(dovecot) as listener:
        for came in (0, 1):
            waiting = quiet(listener)
            dovecot.kill()
            assert isinstance(waiting.result(), SourceUnavailable)
            assert isinstance(Waiting(listener).result(), SourceUnavailable)
            dovecot.restart()
            for number in range(came):
                dovecot.append(message(number))
            again = Waiting(listener)
            if came:
                assert again.result() is True
            else:
                assert again.goes_on()
                assert again.stop() is False


def test_the_first_named_mailbox_stands_in_for_inbox(dovecot: Mailbox) -> None:
    """Where INBOX is not read, the first mailbox that is; a mailbox that can't be opened is said without its name."""
    dovecot.append(message(0), "Jane Doe")
    with listening(dovecot, mailboxes=["Jane Doe", "Team"]) as listener:
        waiting = quiet(listener)
        dovecot.append(message(1))
        assert waiting.goes_on()
        dovecot.append(message(1), "Jane Doe")
        assert waiting.result() is True
    with listening(dovecot, mailboxes=["Mrs Secret"]) as listener:
        error = Waiting(listener).result()
    assert isinstance(error, SourceRefused)
    assert "Secret" not in str(error)


def test_a_folder_says_nothing_by_itself() -> None:
    """Only accounts are listened to."""
    made = ADAPTERS["email"]
    assert made.listen is not None
    assert made.listen(made.settings.model_validate({"folder": "mail"}), Environment().outside) is None
    assert ADAPTERS["letters"].listen is None


# ---- servers with ways of their own


class Odd:
    """A server with three messages that answers IDLE in its own way, and DONE with OK."""

    def __init__(self, to_idle: bytes, *, to_done: bytes = b"") -> None:
        self._to_idle, self._to_done = to_idle, to_done
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        idling = b""
        with connection, connection.makefile("rwb", buffering=0) as stream:
            stream.write(b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n")
            for line in stream:
                tag, _, command = line.rstrip().partition(b" ")
                if tag == b"DONE":
                    stream.write(self._to_done + idling + b" OK done\r\n")
                elif command == b"IDLE":
                    idling = tag
                    stream.write(self._to_idle.replace(b"TAG", tag))
                elif command.startswith(b"EXAMINE"):
                    stream.write(b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 9] x\r\n" + tag + b" OK x\r\n")
                elif command == b"CAPABILITY":
                    stream.write(b"* CAPABILITY IMAP4rev1 IDLE\r\n" + tag + b" OK x\r\n")
                else:
                    stream.write(tag + b" OK x\r\n")

    def __enter__(self) -> "Odd":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


@contextmanager
def listening_to(odd: Odd, renew_s: float = 300) -> Iterator[ImapListener]:
    settings = EmailSettings.model_validate(
        {"host": "127.0.0.1", "port": odd.port, "tls": False, "user": "u", "password_env": "P", "timeout_s": 5}
    )
    outside = Environment(variables={"P": "x"}).outside
    listener = ImapListener(_account(settings, outside), outside, renew_s)
    yield listener
    listener.close()


@pytest.mark.parametrize(
    "to_idle",
    [
        b"+ idling\r\n* 4 EXISTS\r\n",  # in one packet with the "+"
        b"* 4 EXISTS\r\n+ idling\r\n",  # before it
        b"* 1 FETCH (FLAGS ())\r\n+\r\n* OK Still here\r\n* 4 EXISTS\r\n* 0 RECENT\r\n",
        b"+ idling\r\n* 2 EXPUNGE\r\n* 3 EXISTS\r\n",  # as many as before, and yet a new one
    ],
)
def test_news_that_come_with_the_beginning_are_heard(to_idle: bytes) -> None:
    """A server may announce a message in the very moment in which it begins to wait, before or after it says so."""
    with Odd(to_idle) as odd, listening_to(odd) as listener:
        assert listener.wait(lambda: False) is True
        began = time.monotonic()
        assert listener.wait(lambda: False) is True
        assert time.monotonic() - began < 5


def test_news_that_come_with_the_end_are_heard() -> None:
    """What a server says only when the wait ends counts too."""
    with Odd(b"+ idling\r\n* OK Still here\r\n", to_done=b"* 4 EXISTS\r\n") as odd, listening_to(odd, 0.2) as listener:
        assert listener.wait(lambda: False) is True
        assert listener.wait(lambda: False) is True


@pytest.mark.parametrize("to_idle", [b"+ idling\r\n* 3 EXISTS\r\n", b"+ idling\r\n* 2 EXPUNGE\r\n* 2 EXISTS\r\n"])
def test_what_is_no_news_is_waited_past(to_idle: bytes) -> None:
    """The same number again, or fewer, is nothing new."""
    with Odd(to_idle) as odd, listening_to(odd) as listener:
        assert listener.wait(lambda: False) is True
        waiting = Waiting(listener)
        assert waiting.goes_on()
        assert waiting.stop() is False


def test_a_server_that_refuses_to_wait_is_unavailable() -> None:
    """It offers IDLE and does not do it: tried again later, as it may be busy."""
    with Odd(b"TAG NO not now\r\n") as odd, listening_to(odd) as listener:
        assert listener.wait(lambda: False) is True
        with pytest.raises(SourceUnavailable, match="does not wait for new messages as it offers to"):
            listener.wait(lambda: False)
