"""The test services themselves: a test that runs on a broken one proves nothing."""

import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from imapclient import IMAPClient
from sqlalchemy import create_engine, text

from tests.support.dovecot import Dovecot, Mailbox
from tests.support.postgres import Postgres
from tests.support.processes import ServiceError, service_folder
from tests.support.proxy import Proxy

# Either side of the start of summer time, and one in another zone.
DATES = (
    datetime(2011, 3, 27, 0, 59, 59, tzinfo=UTC),
    datetime(2011, 3, 27, 1, 0, 0, tzinfo=UTC),
    datetime.fromisoformat("2011-04-18T23:59:59+01:00"),
)


def letter(number: int) -> bytes:
    return f"From: resident{number}@example.org\r\nSubject: {number}\r\n\r\nKeep it open.\r\n".encode()


@contextlib.contextmanager
def session(mailbox: Mailbox, *, port: int = 0, tls: bool = False) -> Iterator[IMAPClient]:
    context = ssl.create_default_context(cafile=str(mailbox.ca_file)) if tls else None
    port = port or (mailbox.tls_port if tls else mailbox.port)
    with IMAPClient(mailbox.host, port, ssl=tls, ssl_context=context, timeout=10) as client:
        client.normalise_times = False
        client.login(mailbox.user, mailbox.password)
        yield client


def test_delivered_mail_shows_its_bytes_and_internaldate_with_and_without_tls(dovecot: Mailbox) -> None:
    for number, date in enumerate(DATES):
        dovecot.deliver(letter(number), internaldate=date)
    for tls in (False, True):
        with session(dovecot, tls=tls) as client:
            client.select_folder("INBOX", readonly=True)
            found = client.fetch(client.search(), ["INTERNALDATE", "BODY.PEEK[]"])
        assert [found[uid][b"INTERNALDATE"] for uid in sorted(found)] == list(DATES)
        assert [found[uid][b"BODY[]"] for uid in sorted(found)] == [letter(number) for number in range(len(DATES))]


def test_starttls_is_offered_and_a_stranger_s_ca_is_refused(dovecot: Mailbox) -> None:
    with IMAPClient(dovecot.host, dovecot.port, ssl=False, timeout=10) as client:
        client.starttls(ssl.create_default_context(cafile=str(dovecot.ca_file)))
        client.login(dovecot.user, dovecot.password)
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient(dovecot.host, dovecot.tls_port, timeout=10)


def test_appended_mail_has_its_uid_date_and_flags_in_a_mailbox_with_any_name(dovecot: Mailbox) -> None:
    name = "Réponses & más"
    dovecot.deliver(letter(0), name, flags="SF")
    uid = dovecot.append(letter(1), name, flags=("\\Answered",), internaldate=DATES[2])
    assert dovecot.flags(name) == {1: ("\\Flagged", "\\Seen"), uid: ("\\Answered",)}
    assert dovecot.flags() == {}
    with session(dovecot) as client:
        assert {folder for _, _, folder in client.list_folders()} == {"INBOX", name}
        client.select_folder(name, readonly=True)
        assert client.fetch([uid], ["INTERNALDATE"])[uid][b"INTERNALDATE"] == DATES[2]
    dovecot.doveadm("expunge", "-u", dovecot.user, "mailbox", name, "uid", str(uid))
    assert set(dovecot.flags(name)) == {1}


def test_a_date_without_zone_is_refused(dovecot: Mailbox) -> None:
    with pytest.raises(ValueError, match="time zone"):
        dovecot.deliver(letter(0), internaldate=datetime(2011, 1, 24))


def test_a_wrong_password_is_refused_without_a_penalty(dovecot: Mailbox) -> None:
    began = time.monotonic()
    with IMAPClient(dovecot.host, dovecot.port, ssl=False, timeout=10) as client:
        for user, password in ((dovecot.user, "wrong"), ("stranger", dovecot.password)):
            with pytest.raises(IMAPClient.Error, match="AUTHENTICATIONFAILED"):
                client.login(user, password)
    # Refusals are handed out every half second; Dovecot's own settings hold each back for about two.
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_has_its_own_mail_even_after_a_kill(dovecot: Mailbox, round_: int) -> None:
    assert dovecot.flags() == {}
    dovecot.deliver(letter(round_))
    with session(dovecot) as client:
        dovecot.kill()
        with pytest.raises((OSError, IMAPClient.AbortError)):
            client.noop()
    with pytest.raises(OSError, match="refused"):
        IMAPClient(dovecot.host, dovecot.port, ssl=False, timeout=10)
    if round_ == 1:  # The second round leaves it dead: the fixture's next user finds it alive.
        port = dovecot.port
        dovecot.restart()
        assert dovecot.port == port
        assert dovecot.flags() == {1: ()}


def test_a_killed_server_does_not_stay_dead_for_the_next_test(dovecot: Mailbox) -> None:
    assert dovecot.flags() == {}


def test_many_messages_are_no_burden(dovecot: Mailbox) -> None:
    count = 2000
    for number in range(count):
        dovecot.deliver(letter(number))
    with session(dovecot) as client:
        client.select_folder("INBOX", readonly=True)
        found = client.fetch(client.search(), ["RFC822.SIZE", "BODY.PEEK[]"])
    assert [found[uid][b"BODY[]"] for uid in range(1, count + 1)] == [letter(number) for number in range(count)]


def test_a_broken_dovecot_configuration_is_an_error_with_its_log() -> None:
    with service_folder("dovecot") as folder, pytest.raises(ServiceError, match=r"(?s)dovecot\.log.*no_such_setting"):
        Dovecot(folder, extra_config="no_such_setting = yes").__enter__()


def test_a_server_that_does_not_answer_is_an_error_with_its_log_and_leaves_no_process() -> None:
    with service_folder("dovecot") as folder:
        broken = "service imap-login {\n  executable = /bin/false\n}"
        with pytest.raises(ServiceError, match=r"(?s)within 0\.5 s.*dovecot\.log"):
            Dovecot(folder, extra_config=broken, timeout_s=0.5).__enter__()
        assert processes_with(str(folder)) == []


def test_a_missing_program_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with service_folder("dovecot") as folder, pytest.raises(ServiceError, match=r"'dovecot'.* not installed"):
        Dovecot(folder).__enter__()


def processes_with(argument: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if argument in command and process.name != str(os.getpid()):
                found.append(command)
    return found


@contextlib.contextmanager
def sender(payload: bytes) -> Iterator[int]:
    """A server that sends the payload to each caller and then waits for the caller to close."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = listener.accept()[0]
                with connection, contextlib.suppress(OSError):
                    connection.sendall(payload)
                    while connection.recv(4096):
                        pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def read_all(proxy: Proxy, send: bytes = b"") -> bytes:
    with socket.create_connection((proxy.host, proxy.port), timeout=5) as connection:
        connection.sendall(send)
        return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.mark.parametrize("length", [0, 1, 4095, 70_000, 199_999, 200_000])
def test_the_proxy_cuts_each_connection_at_exactly_the_byte(length: int) -> None:
    payload = bytes(range(250)) * 800
    with sender(payload) as port, Proxy("127.0.0.1", port, cut_after=length) as proxy:
        # What the client sends meanwhile must not cost it bytes that were passed on.
        assert [read_all(proxy, b"x" * 1000) for _ in range(3)] == [payload[:length]] * 3
        assert (proxy.connections, proxy.bytes_from_server) == (3, 3 * length)


def test_the_proxy_rewrites_and_counts(dovecot: Mailbox) -> None:
    def without_move(data: bytes) -> bytes:
        return data.replace(b" MOVE ", b" ")

    with Proxy(dovecot.host, dovecot.port, rewrite=without_move) as proxy, session(dovecot, port=proxy.port) as client:
        assert b"UIDPLUS" in client.capabilities()
        assert b"MOVE" not in client.capabilities()
        assert proxy.bytes_from_client > len(dovecot.password)
    assert proxy.connections == 1


def test_the_proxy_delays_each_way_without_limiting_the_rate() -> None:
    payload = b"x" * 2_000_000
    with sender(payload) as port, Proxy("127.0.0.1", port, delay_s=0.1, cut_after=len(payload)) as proxy:
        began = time.monotonic()
        assert read_all(proxy) == payload
        assert 0.1 <= time.monotonic() - began < 2  # One piece at a time would take 3 s.


def test_the_proxy_adds_both_ways_to_a_round_trip(dovecot: Mailbox) -> None:
    with Proxy(dovecot.host, dovecot.port, delay_s=0.05) as proxy, session(dovecot, port=proxy.port) as client:
        began = time.monotonic()
        client.noop()
        assert 0.1 <= time.monotonic() - began < 2


def test_the_proxy_ends_its_threads_with_a_connection_open_and_reports_a_failed_rewrite() -> None:
    def fail(data: bytes) -> bytes:
        raise LookupError("no such thing")

    with sender(b"hello") as port:
        with Proxy("127.0.0.1", port) as proxy:
            connection = socket.create_connection((proxy.host, proxy.port), timeout=5)
            assert connection.recv(5) == b"hello"
        with connection, contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        with (
            pytest.raises(LookupError),
            Proxy("127.0.0.1", port, rewrite=fail) as proxy,
            contextlib.suppress(ConnectionResetError),
        ):
            assert read_all(proxy) == b""
    assert [thread for thread in threading.enumerate() if thread.name == "test-proxy"] == []


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_has_its_own_database(postgres_url: str, round_: int) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        assert connection.scalar(text("select 1")) == 1
        assert connection.scalar(text("select count(*) from pg_tables where schemaname = 'public'")) == 0
        connection.execute(text("create table kept (word text)"))
        connection.execute(text("insert into kept values ('b'), ('a'), ('é'), ('B'), ('a-b'), ('ab')"))
    with engine.connect() as connection:
        words = connection.scalars(text("select word from kept order by word")).all()
        assert words == sorted(words)
        assert connection.scalar(text("select datcollate from pg_database where datname = current_database()")) == "C"
        assert connection.scalar(text("show server_encoding")) == "UTF8"
        assert connection.scalar(text("select lower('É')")) == "é"
    engine.dispose()


def test_a_database_is_gone_after_its_test(postgres_server: Postgres) -> None:
    url = postgres_server.new_database()
    with contextlib.closing(psycopg.connect(url.replace("+psycopg", ""))) as connection:
        postgres_server.drop_database(url)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url.replace("+psycopg", ""))


def test_a_postgres_that_can_not_start_is_an_error_with_its_log() -> None:
    with service_folder("postgres") as folder:
        with Postgres(folder) as server:
            assert server.url.startswith("postgresql+psycopg://")
        with (folder / "data" / "postgresql.conf").open("a") as config:
            config.write("no_such_setting = on\n")
        with pytest.raises(ServiceError, match=r"(?s)postgres\.log.*no_such_setting"):
            server.start()
