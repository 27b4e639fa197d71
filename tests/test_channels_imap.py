"""IMAP accounts on a real Dovecot: what mailboxes are read, what is left untouched, and what may go wrong in between."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels import ADAPTERS
from channels.base import Adapter, Arrival, Listing, Missed, SourceChanged, SourceError, SourceRefused, SourceUnavailable
from tests.conformance import Environment
from tests.support.dovecot import Dovecot, Mailbox
from tests.support.proxy import Proxy

PASSWORD = "MAIL_PASSWORD"


def message(number: int, size: int = 0) -> bytes:
    text = f"From: resident{number}@example.org\r\nSubject: {number}\r\n\r\nKeep it open.\r\n".encode()
    return text + b"x" * max(0, size - len(text) - 2) + b"\r\n" * bool(size)


def account(mailbox: Mailbox, variables: dict[str, str] | None = None, **section: object) -> Adapter:
    """An adapter of the test's mailbox; the keys of ``section`` stand in the config."""
    keys: dict[str, object] = {"host": mailbox.host, "port": mailbox.port, "tls": False, "user": mailbox.user}
    settings = ADAPTERS["email"].settings.model_validate(keys | {"password_env": PASSWORD} | section)
    environment = Environment(variables={PASSWORD: mailbox.password} if variables is None else variables)
    return ADAPTERS["email"].build(settings, environment.outside)


@contextmanager
def opened(mailbox: Mailbox, **section: object) -> Iterator[Adapter]:
    adapter = account(mailbox, **section)
    yield adapter
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


def subjects(values: list[Arrival | Missed]) -> list[int]:
    arrivals = [value.original for value in values if isinstance(value, Arrival)]
    return sorted(int(body.split(b"Subject: ")[1].split(b"\r\n")[0]) for body in arrivals if isinstance(body, bytes))


def mailboxes(listed: list[Listing]) -> list[str]:
    return sorted({listing.source_key.rsplit("/", 2)[0] for listing in listed})


# ---- what is read


def test_every_mailbox_is_read_but_for_the_council_s_own_words(dovecot: Mailbox) -> None:
    """Junk and deleted mail count as received; Sent, Drafts and Outbox, by use or by name, are our own."""
    own = ("Sent", "Drafts", "Sent Items", "Outbox", "INBOX.Sent")
    read = ("INBOX", "Junk", "Trash", "Deleted Items", "Archive.2011", "Team.Sent to us", "SENT letters")
    for name in own + read:
        dovecot.deliver(message(1), name)
    with opened(dovecot) as adapter:
        assert mailboxes(list(adapter.list())) == sorted(read)


def test_only_named_mailboxes_are_read(dovecot: Mailbox) -> None:
    """``mailboxes`` means these and no others, also one that is left out otherwise; INBOX in any spelling."""
    for name in ("INBOX", "Sent", "Team", "Other"):
        dovecot.deliver(message(1), name)
    with opened(dovecot, mailboxes=["Inbox", "Sent", "Team"]) as adapter:
        assert mailboxes(list(adapter.list())) == ["INBOX", "Sent", "Team"]


@pytest.mark.parametrize("name", ["Anträge & Briefe", "日本語", 'say "yes"', "back\\slash", "&", "2011", "NIL", "a  b", "%*"])
def test_a_mailbox_with_any_name_is_read(dovecot: Mailbox, name: str) -> None:
    """Names that IMAP quotes, encodes or reads as something else are read and decoded."""
    dovecot.deliver(message(1), name)
    for section in ({}, {"mailboxes": [name]}):
        with opened(dovecot, **section) as adapter:
            listed = list(adapter.list())
            assert mailboxes(listed) == [name]
            assert subjects(list(adapter.fetch(listed))) == [1]


def test_a_mailbox_below_another_is_read(tmp_path: Path) -> None:
    """Where the server separates folders by a slash, the key is still read back to mailbox, UIDVALIDITY and UID."""
    folder = tmp_path / "dovecot"
    folder.mkdir()
    for parent in (tmp_path, *tmp_path.parents[:-2]):
        parent.chmod(0o755)
    with Dovecot(folder, extra_config="mail_location = maildir:~/Maildir:LAYOUT=fs") as server:
        server.append(message(1), "Archive/2011/Spring")
        server.append(message(2), "Archive")
        with opened(server.mailbox) as adapter:
            listed = list(adapter.list())
            assert mailboxes(listed) == ["Archive", "Archive/2011/Spring"]
            assert subjects(list(adapter.fetch(listed))) == [1, 2]


def test_two_thousand_messages_come_in_batches_each_exactly_once(dovecot: Mailbox) -> None:
    """Batches by number and by bytes lose nothing, double nothing, and keep the order of the UIDs."""
    sizes = {7: 200_000, 8: 60_000, 9: 60_000, 1500: 1_000_000}
    put = {message(number, sizes.get(number, 0)) for number in range(2000)}
    for body in sorted(put, key=len, reverse=True):
        dovecot.deliver(body)
    with opened(dovecot, batch_messages=150, batch_mb=0.3) as adapter:
        listed = list(adapter.list())
        values = list(adapter.fetch(listed))
    assert [value.source_key for value in values] == [listing.source_key for listing in listed]
    assert {value.original for value in values if isinstance(value, Arrival)} == put


def test_the_time_is_the_server_s_own_as_aware_utc(dovecot: Mailbox) -> None:
    """INTERNALDATE is read with its zone, on both sides of the change to summer time."""
    dates = [datetime(2011, 3, 27, 0, 59, 59, tzinfo=UTC), datetime.fromisoformat("2011-04-18T23:59:59+01:00")]
    for number, date in enumerate(dates):
        dovecot.deliver(message(number), internaldate=date)
    with opened(dovecot) as adapter:
        values = list(adapter.fetch(list(adapter.list())))
    assert [(v.arrived_at, v.arrived_basis) for v in values if isinstance(v, Arrival)] == [
        (date, "internaldate") for date in dates
    ]
    assert all(v.arrived_at.tzinfo is UTC for v in values if isinstance(v, Arrival) and v.arrived_at)


def test_no_flag_changes(dovecot: Mailbox) -> None:
    r"""Reading sets no \Seen and takes no flag away, in whatever state the messages are."""
    for number, flags in enumerate(("", "S", "F", "RS", "T")):
        dovecot.deliver(message(number), flags=flags)
    before = dovecot.flags()
    with opened(dovecot) as adapter:
        keys = [value.source_key for value in adapter.fetch(list(adapter.list()))]
        adapter.after_commit(keys)
    assert len(keys) == 5
    assert dovecot.flags() == before
    assert before[1] == ()


def test_an_empty_message_arrives_empty(dovecot: Mailbox) -> None:
    """A message of 0 bytes is received: the server says itself that it has nothing more."""
    dovecot.deliver(b"")
    with opened(dovecot) as adapter:
        [value] = adapter.fetch(list(adapter.list()))
    assert isinstance(value, Arrival)
    assert value.original == b""


# ---- between listing and fetching


def test_a_message_expunged_in_between_is_missed(dovecot: Mailbox) -> None:
    """Another session deletes a message after it was listed: it is missed with that reason, the others come."""
    for number in range(5):
        dovecot.deliver(message(number))
    with opened(dovecot) as adapter:
        listed = list(adapter.list())
        dovecot.doveadm("expunge", "-u", dovecot.user, "mailbox", "INBOX", "uid", "3")
        values = list(adapter.fetch(listed))
        assert subjects(values) == [0, 1, 3, 4]
        [missed] = [value for value in values if isinstance(value, Missed)]
        assert "no longer has this message" in missed.reason


def test_a_message_expunged_while_fetching_is_missed(dovecot: Mailbox) -> None:
    """Another session deletes messages while batches are on their way: each is whole or missed, never empty."""
    for number in range(40):
        dovecot.deliver(message(number))
    with opened(dovecot, batch_messages=10) as adapter:
        listed = list(adapter.list())
        coming = adapter.fetch(listed)
        values = [next(coming)]
        dovecot.doveadm("expunge", "-u", dovecot.user, "mailbox", "INBOX", "uid", "15:25")
        values += coming
    assert len(values) == 40
    whole = {value.original for value in values if isinstance(value, Arrival)}
    assert whole <= {message(number) for number in range(40)}
    assert len(whole) == 29
    assert len([value for value in values if isinstance(value, Missed)]) == 11


def test_a_new_uidvalidity_in_between_files_nothing_under_old_keys(dovecot: Mailbox) -> None:
    """Where the server numbers a mailbox anew, a UID may be another message: all are missed, and listed under new keys."""
    for number in range(3):
        dovecot.deliver(message(number))
    with opened(dovecot) as adapter:
        listed = list(adapter.list())
        dovecot.doveadm("mailbox", "update", "-u", dovecot.user, "--uid-validity", "4242", "INBOX")
        values = list(adapter.fetch(listed))
        assert [value.source_key for value in values if isinstance(value, Missed)] == [x.source_key for x in listed]
        assert "numbered this mailbox anew" in values[0].reason  # type: ignore[union-attr]
        again = list(adapter.list())
        assert all(listing.source_key.startswith("INBOX/4242/") for listing in again)
        assert subjects(list(adapter.fetch(again))) == [0, 1, 2]


def test_a_mailbox_removed_in_between_is_missed_and_the_others_come(dovecot: Mailbox) -> None:
    """A mailbox that was deleted or renamed after it was listed takes only its own messages with it."""
    dovecot.append(message(1), "Team")
    dovecot.append(message(2))
    with opened(dovecot) as adapter:
        listed = list(adapter.list())
        dovecot.doveadm("mailbox", "delete", "-u", dovecot.user, "Team")
        values = list(adapter.fetch(listed))
    assert subjects(values) == [2]
    assert [value.reason[:24] for value in values if isinstance(value, Missed)] == ["The mailbox can't be ope"]


# ---- connections that break


@pytest.mark.parametrize("cut_after", [0, 20, 400, 700, 3_000, 60_000, 150_000])
def test_a_connection_cut_anywhere_gives_whole_messages_and_then_unavailable(dovecot: Mailbox, cut_after: int) -> None:
    """At whatever byte a connection breaks: what came before is whole, the rest comes with the next run, none is half."""
    put = {message(number, 2_000) for number in range(100)}
    for body in put:
        dovecot.deliver(body)
    got: set[object] = set()
    with Proxy(dovecot.host, dovecot.port, cut_after=cut_after) as proxy:
        adapter = account(dovecot, port=proxy.port, batch_messages=10)
        with pytest.raises(SourceUnavailable, match="127.0.0.1"):
            got |= {value.original for value in adapter.fetch(list(adapter.list())) if isinstance(value, Arrival)} or {1}
        proxy.cut_after = None
        listed = list(adapter.list())
        assert {v.original for v in adapter.fetch(listed) if isinstance(v, Arrival)} == put
        adapter.close()


def test_what_came_before_a_cut_stays_valid(dovecot: Mailbox) -> None:
    """The values that were yielded before the connection broke are whole messages under their own keys."""
    for number in range(100):
        dovecot.deliver(message(number, 2_000))
    with opened(dovecot) as direct:
        whole = {v.source_key: v.original for v in direct.fetch(list(direct.list())) if isinstance(v, Arrival)}
    with Proxy(dovecot.host, dovecot.port, cut_after=100_000) as proxy, opened(dovecot, port=proxy.port) as adapter:
        came = {}
        with pytest.raises(SourceUnavailable, match="broke off: the next run"):
            came = take(adapter, came)
        assert not came


def take(adapter: Adapter, into: dict[str, object]) -> dict[str, object]:
    for value in adapter.fetch(list(adapter.list())):
        assert isinstance(value, Arrival)
        into[value.source_key] = value.original
    return into
