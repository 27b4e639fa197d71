"""IMAP accounts on a real Dovecot: what is read, what is left untouched, and what may go wrong in between."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from channels.base import (
    Adapter,
    Arrival,
    Listing,
    Missed,
)
from channels.imap_bodies import batches
from channels.imap_login import Account
from tests.conformance import Environment, build
from tests.support.dovecot import Dovecot, Mailbox
from tests.support.processes import service_folder

pytest_plugins = ["tests.support.fixtures"]

PASSWORD = "MAIL_PASSWORD"


def message(number: int, size: int = 0) -> bytes:
    text = f"From: resident{number}@example.org\r\nSubject: {number}\r\n\r\nKeep it open.\r\n".encode()
    return text + b"x" * max(0, size - len(text) - 2) + b"\r\n" * bool(size)


def account(mailbox: Mailbox, **section: object) -> Adapter:
    """An adapter of the test's mailbox; the keys of ``section`` stand in the config."""
    keys: dict[str, object] = {"host": mailbox.host, "port": mailbox.port, "tls": False, "user": mailbox.user}
    environment = Environment(variables={PASSWORD: mailbox.password})
    return build("email", keys | {"password_env": PASSWORD} | section, environment)


@contextmanager
def opened(mailbox: Mailbox, **section: object) -> Iterator[Adapter]:
    adapter = account(mailbox, **section)
    try:
        yield adapter
    finally:
        adapter.close()


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


@pytest.mark.parametrize(
    "name", ["Anträge & Briefe", "日本語", 'say "yes"', "back\\slash", "&", "2011", "NIL", "a  b", "%*"]
)
def test_a_mailbox_with_any_name_is_read(dovecot: Mailbox, name: str) -> None:
    """Names that IMAP quotes, encodes or reads as something else are read and decoded."""
    dovecot.deliver(message(1), name)
    for section in ({}, {"mailboxes": [name]}):
        with opened(dovecot, **section) as adapter:
            listed = list(adapter.list())
            assert mailboxes(listed) == [name]
            assert subjects(list(adapter.fetch(listed))) == [1]


def test_a_mailbox_below_another_is_read() -> None:
    """Where the server separates folders by a slash, the key is still read back to mailbox, UIDVALIDITY and UID."""
    layout = "mail_location = maildir:~/Maildir:LAYOUT=fs"
    with service_folder("dovecot") as folder, Dovecot(folder, extra_config=layout) as server:
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


@pytest.fixture(params=["UTC", "Europe/London", "Asia/Kolkata"])
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own time zone, which must not matter."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("machine_zone")
def test_the_time_is_the_server_s_own_as_aware_utc(dovecot: Mailbox) -> None:
    """INTERNALDATE is read with its zone, on both sides of summer time's beginning, wherever the machine stands."""
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


class Sized:
    """A session that knows sizes only."""

    def __init__(self, sizes: dict[int, int]) -> None:
        self.account = Account("", 0, False, None, "", "", None, 1, batch_bytes=1000, batch_messages=10)
        self._sizes = sizes

    def larger(self, uids: list[int], size: int) -> list[int]:
        return [uid for uid in uids if self._sizes[uid] > size]

    def sizes(self, uids: list[int]) -> dict[int, int]:
        assert len(uids) <= self.account.batch_messages
        return {uid: self._sizes[uid] for uid in uids}


def test_batches_stay_within_their_bytes_and_number() -> None:
    """Each message is in one batch; a batch is never larger than configured, unless one message alone is."""
    sizes = {uid: (uid * 7919) % 1500 for uid in range(1, 500)} | dict.fromkeys(range(500, 600), 1)
    found = list(batches(Sized(sizes), sorted(sizes), 10))  # type: ignore[arg-type]
    assert [uid for batch in found for uid in batch] == sorted(sizes)
    assert all(len(batch) <= 10 for batch in found)
    assert all(sum(sizes[uid] for uid in batch) <= 1000 or len(batch) == 1 for batch in found)
    assert max(len(batch) for batch in found) == 10


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
    """Where the server numbers a mailbox anew, a UID may be another message: all are missed, and listed anew."""
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
