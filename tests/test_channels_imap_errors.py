"""IMAP accounts that fail, on a real Dovecot: connections that break, servers that hang, settings that are wrong."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from channels.base import Adapter, Arrival, Missed, SourceChanged, SourceError, SourceRefused, SourceUnavailable
from tests.conformance import Environment, build
from tests.support.dovecot import Dovecot, Mailbox
from tests.support.proxy import Proxy

pytest_plugins = ["tests.support.fixtures"]

PASSWORD = "MAIL_PASSWORD"


def message(number: int, size: int = 0) -> bytes:
    text = f"From: resident{number}@example.org\r\nSubject: {number}\r\n\r\nKeep it open.\r\n".encode()
    return text + b"x" * max(0, size - len(text) - 2) + b"\r\n" * bool(size)


def account(mailbox: Mailbox, variables: dict[str, str] | None = None, **section: object) -> Adapter:
    """An adapter of the test's mailbox; the keys of ``section`` stand in the config."""
    keys: dict[str, object] = {"host": mailbox.host, "port": mailbox.port, "tls": False, "user": mailbox.user}
    environment = Environment(variables={PASSWORD: mailbox.password} if variables is None else variables)
    return build("email", keys | {"password_env": PASSWORD, "reconnect_wait_s": 0} | section, environment)


@contextmanager
def opened(mailbox: Mailbox, **section: object) -> Iterator[Adapter]:
    adapter = account(mailbox, **section)
    try:
        yield adapter
    finally:
        adapter.close()


def failure(adapter: Adapter) -> SourceError:
    """The error of a listing, which says nothing of anybody's user name or password."""
    with pytest.raises(SourceError) as raised:
        list(adapter.list())
    adapter.close()
    assert "consultation-" not in str(raised.value)
    assert "secret" not in str(raised.value)
    assert str(raised.value).endswith(".")
    return raised.value


def take(adapter: Adapter, into: dict[str, object]) -> None:
    """Take what comes, as long as it comes."""
    for value in adapter.fetch(list(adapter.list())):
        into[value.source_key] = value.original if isinstance(value, Arrival) else None


def subject(came: dict[str, object]) -> list[int]:
    """The numbers of the messages that came whole."""
    bodies = [body for body in came.values() if isinstance(body, bytes)]
    numbers = [int(body.split(b"Subject: ")[1].split(b"\r\n")[0]) for body in bodies]
    assert all(body == message(number, 2_000) for body, number in zip(bodies, numbers, strict=True))
    return numbers


# ---- connections that break


@pytest.mark.parametrize("cut_after", [0, 20, 400, 700])
def test_a_connection_cut_before_anything_came_is_unavailable(dovecot: Mailbox, cut_after: int) -> None:
    """Where each connection breaks before it can hand over one message, the run ends, and the next one takes all."""
    for number in range(100):
        dovecot.deliver(message(number, 2_000))
    with (
        Proxy(dovecot.host, dovecot.port, cut_after=cut_after) as proxy,
        opened(dovecot, port=proxy.port, batch_messages=10) as adapter,
    ):
        with pytest.raises(SourceUnavailable, match=r"The connection to 127\.0\.0\.1 \(port \d+\) broke off"):
            take(adapter, {})
        assert proxy.connections <= 1 + 4
        proxy.cut_after = None
        came: dict[str, object] = {}
        take(adapter, came)
    assert sorted(subject(came)) == list(range(100))


@pytest.mark.parametrize("cut_after", [15_000, 60_000, 150_000])
def test_connections_that_go_on_breaking_bring_all_messages_a_few_at_a_time(dovecot: Mailbox, cut_after: int) -> None:
    """A connection that breaks after some bytes, every time, still brings each message whole and once in one run."""
    for number in range(100):
        dovecot.deliver(message(number, 2_000))
    came: dict[str, object] = {}
    with (
        Proxy(dovecot.host, dovecot.port, cut_after=cut_after) as proxy,
        opened(dovecot, port=proxy.port, batch_messages=10) as adapter,
    ):
        take(adapter, came)
        assert proxy.connections >= 2
    assert sorted(subject(came)) == list(range(100))


def test_a_connection_that_is_gone_for_good_leaves_what_came(dovecot: Mailbox) -> None:
    """When the attempts are used up the run ends; what was handed over before is whole, and the next run goes on."""
    for number in range(100):
        dovecot.deliver(message(number, 2_000))
    came: dict[str, object] = {}
    with (
        Proxy(dovecot.host, dovecot.port) as proxy,
        opened(dovecot, port=proxy.port, batch_messages=10) as adapter,
    ):
        proxy.cuts, proxy.cut_after = [100_000], 0
        with pytest.raises(SourceUnavailable, match="broke off: the next run goes on where this one ended"):
            take(adapter, came)
        assert proxy.connections == 1 + 4
        assert 0 < len(came) < 100
        proxy.cut_after = None
        rest = [listing for listing in adapter.list() if listing.source_key not in came]
        came |= {v.source_key: v.original for v in adapter.fetch(rest) if isinstance(v, Arrival)}
    assert sorted(subject(came)) == list(range(100))


def test_a_mailbox_numbered_anew_while_the_connection_was_gone_is_not_fetched(dovecot: Mailbox) -> None:
    """The next connection looks at UIDVALIDITY again: a UID that may be another message by now is missed."""
    for number in range(10):
        dovecot.deliver(message(number, 2_000))
    with (
        Proxy(dovecot.host, dovecot.port) as proxy,
        opened(dovecot, port=proxy.port, batch_messages=2) as adapter,
    ):
        listed = list(adapter.list())
        adapter.close()
        proxy.cuts = [12_000]
        coming = adapter.fetch(listed)
        values = [next(coming)]
        dovecot.doveadm("mailbox", "update", "-u", dovecot.user, "--uid-validity", "4242", "INBOX")
        values += coming
    assert [value.source_key for value in values] == [listing.source_key for listing in listed]
    missed = [value for value in values if isinstance(value, Missed)]
    assert 0 < len(missed) < 10
    assert all("numbered this mailbox anew" in value.reason for value in missed)


def test_a_password_that_changed_in_mid_run_is_refused_at_once(dovecot: Mailbox) -> None:
    """A refusal is not tried again, also where the connection broke before it."""
    for number in range(10):
        dovecot.deliver(message(number, 2_000))
    secrets = {PASSWORD: dovecot.password}
    with Proxy(dovecot.host, dovecot.port) as proxy:
        adapter = account(dovecot, secrets, port=proxy.port, batch_messages=2)
        listed = list(adapter.list())
        adapter.close()
        proxy.cuts = [12_000]
        coming = adapter.fetch(listed)
        next(coming)
        secrets[PASSWORD] = "wrong"
        with pytest.raises(SourceRefused):
            list(coming)
        assert proxy.connections == 3


def test_the_first_connection_is_not_waited_for(dovecot: Mailbox) -> None:
    """A server that is down when a run begins costs no pauses: the next run is soon."""
    dovecot.kill()
    began = time.monotonic()
    assert "refused the connection" in str(failure(account(dovecot, reconnect_wait_s=30)))
    assert time.monotonic() - began < 3


def test_the_pauses_between_attempts_grow(dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """First ``reconnect_wait_s`` and up to half as much more, then twice as long each time, and a minute at most."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    dovecot.deliver(message(1))
    with opened(dovecot, reconnect_attempts=6, reconnect_wait_s=4) as adapter:
        listed = list(adapter.list())
        dovecot.kill()
        pauses.clear()  # waiting for its end takes pauses of its own
        with pytest.raises(SourceUnavailable):
            list(adapter.fetch(listed))
    assert len(pauses) == 6
    assert all(least <= pause <= least + 2 for pause, least in zip(pauses, (4, 8, 16, 32, 60, 60), strict=True))


def test_a_fetch_that_is_given_up_half_way_ends(dovecot: Mailbox) -> None:
    """Whoever takes only some of what a fetch hands over can close it, and the connection can still be used."""
    for number in range(5):
        dovecot.deliver(message(number))
    with opened(dovecot) as adapter:
        coming = adapter.fetch(list(adapter.list()))
        next(coming)
        coming.close()  # type: ignore[attr-defined]
        assert len(list(adapter.list())) == 5


def test_a_server_that_stops_in_between_is_unavailable_until_it_is_back(dovecot: Mailbox) -> None:
    """A server that is restarted between listing and fetching costs this run, and nothing else."""
    dovecot.deliver(message(1))
    with opened(dovecot) as adapter:
        listed = list(adapter.list())
        dovecot.kill()
        with pytest.raises(SourceUnavailable):
            list(adapter.fetch(listed))
        with pytest.raises(SourceUnavailable, match="refused the connection: check `host` and `port`"):
            list(adapter.fetch(listed))
        dovecot.restart()
        [value] = adapter.fetch(listed)
        assert isinstance(value, Arrival)
        assert value.original == message(1)


def test_a_server_that_says_nothing_is_given_up_after_timeout_s(dovecot: Mailbox) -> None:
    """A server that accepts and then hangs does not hold up the run for longer than was configured."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        adapter = account(dovecot, port=silent.getsockname()[1], timeout_s=0.3)
        began = time.monotonic()
        assert "did not answer within 0.3 s" in str(failure(adapter))
        assert time.monotonic() - began < 3


# ---- accounts that are wrong


def test_a_wrong_password_is_refused(dovecot: Mailbox) -> None:
    """The error names the key and the variable to look at."""
    error = failure(account(dovecot, {PASSWORD: "wrong"}))
    assert isinstance(error, SourceRefused)
    assert "refused the login: check `user`, and the password in the environment variable MAIL_PASSWORD" in str(error)


@pytest.mark.parametrize("variables", [{}, {PASSWORD: ""}])
def test_a_missing_password_is_refused_before_anything_is_asked(dovecot: Mailbox, variables: dict[str, str]) -> None:
    """Without the variable there is nothing to log in with: the error says which to set."""
    dovecot.kill()
    error = failure(account(dovecot, variables))
    assert isinstance(error, SourceRefused)
    assert "The environment variable MAIL_PASSWORD, which `password_env` names, is not set" in str(error)


def test_a_password_with_a_line_break_never_becomes_a_command(dovecot: Mailbox) -> None:
    """A secret file's last line break is said to be there, and not sent to the server."""
    error = failure(account(dovecot, {PASSWORD: f"{dovecot.password}\n"}))
    assert isinstance(error, SourceRefused)
    assert "has a line break" in str(error)


@pytest.mark.parametrize("password", ['a "b" \\ c', "pässwörd €", "(x) {3} %*"])
def test_any_password_can_log_in(dovecot_server: Dovecot, password: str) -> None:
    """Blanks, quotes, brackets and letters beyond ASCII reach the server as they are."""
    mailbox = dovecot_server.add_user(f"odd-{password.encode().hex()}", password)
    mailbox.deliver(message(1))
    with opened(mailbox) as adapter:
        assert len(list(adapter.list())) == 1


def test_a_mailbox_that_is_not_there_is_named_by_its_place(dovecot: Mailbox) -> None:
    """The name of a mailbox may be a person's: the error says where it stands in the config."""
    dovecot.deliver(message(1))
    error = failure(account(dovecot, mailboxes=["INBOX", "Jane Doe"]))
    assert isinstance(error, SourceChanged)
    assert "number 2 in `mailboxes`" in str(error)
    assert "Jane" not in str(error)


def test_an_unknown_host_is_unavailable(dovecot: Mailbox) -> None:
    """A name that no name service knows, as when the network is down."""
    error = failure(account(dovecot, host="imap.invalid"))
    assert isinstance(error, SourceUnavailable)
    assert "The host imap.invalid is not known: check `host`" in str(error)


def test_a_certificate_of_a_stranger_is_not_trusted(dovecot: Mailbox) -> None:
    """TLS checks who the server is, also after STARTTLS; the error says how to name an authority of one's own."""
    for section in ({"tls": True, "port": dovecot.tls_port}, {"tls": "starttls"}):
        error = failure(account(dovecot, **section))
        assert isinstance(error, SourceUnavailable)
        assert "name its authority in `ca_file`" in str(error)


def test_a_port_that_speaks_no_tls_is_said_to_be_that(dovecot: Mailbox) -> None:
    """``tls = true`` on the port for plain IMAP names both keys."""
    error = failure(account(dovecot, tls=True, ca_file=dovecot.ca_file))
    assert isinstance(error, SourceUnavailable)
    assert "does not speak TLS as expected: check `port` and `tls`" in str(error)


def test_a_ca_file_that_is_none_is_refused(dovecot: Mailbox, tmp_path: Path) -> None:
    """A missing file, and one that holds no certificate, are mistakes of the config; the path is not told."""
    (tmp_path / "notes.pem").write_text("no certificate")
    for name in ("missing.pem", "notes.pem"):
        error = failure(account(dovecot, tls=True, port=dovecot.tls_port, ca_file=tmp_path / name))
        assert isinstance(error, SourceRefused)
        assert str(error).startswith("`ca_file` is no file of certificates")
        assert name not in str(error)
