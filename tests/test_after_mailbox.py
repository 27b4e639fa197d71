"""``after = "move:…"`` on a mailbox: what is durable moves, by itself and nothing else, and a failure loses nothing."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from channels.base import Adapter, SourceError, SourceRefused, SourceUnavailable
from tests.conformance import Environment, build
from tests.support.consultation import Consultation
from tests.support.consultation import message as letter
from tests.support.dovecot import Mailbox
from tests.support.proxy import Proxy

pytest_plugins = ["tests.support.fixtures"]

TARGET = "Taken in"


def message(number: int) -> bytes:
    return f"From: resident{number}@example.org\r\nSubject: {number}\r\n\r\nKeep it open.\r\n".encode()


@contextmanager
def opened(mailbox: Mailbox, **section: object) -> Iterator[Adapter]:
    keys: dict[str, object] = {"host": mailbox.host, "port": mailbox.port, "tls": False, "user": mailbox.user}
    keys |= {"password_env": "P", "after": f"move:{TARGET}", "timeout_s": 10}
    keys = {key: value for key, value in (keys | section).items() if value is not None}
    adapter = build("email", keys, Environment(variables={"P": mailbox.password}))
    try:
        yield adapter
    finally:
        adapter.close()


def taken(adapter: Adapter) -> list[str]:
    """The keys of everything that is listed and was handed over."""
    return [value.source_key for value in adapter.fetch(list(adapter.list()))]


def lying(mailbox: Mailbox) -> dict[str, list[str]]:
    """The subjects of all messages by mailbox, as the server's own tool shows them."""
    lines = mailbox.doveadm("-f", "tab", "fetch", "-u", mailbox.user, "mailbox hdr.subject", "ALL").splitlines()[1:]
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _, subject = line.partition("\t")
        found.setdefault(name, []).append(subject)
    return {name: sorted(subjects, key=int) for name, subjects in found.items()}


WITHOUT_MOVE: Callable[[bytes], bytes] = lambda chunk: re.sub(rb"\bMOVE\b", b"XOVE", chunk)  # noqa: E731
WITHOUT_BOTH: Callable[[bytes], bytes] = lambda chunk: WITHOUT_MOVE(chunk).replace(b"UIDPLUS", b"XIDPLUS")  # noqa: E731


@pytest.mark.parametrize("rewrite", [None, WITHOUT_MOVE], ids=["MOVE", "UIDPLUS"])
def test_what_is_durable_moves_and_nothing_else(dovecot: Mailbox, rewrite: Callable[[bytes], bytes] | None) -> None:
    r"""The named messages move, flags and dates with them; what came since, and what others have marked \Deleted,
    stays; the target is made, and neither it nor what lies below it is listed."""
    for number, flags in enumerate(["", "S", "F", "T"]):
        dovecot.deliver(message(number), flags=flags)
    dovecot.deliver(message(4), "Team")
    with Proxy(dovecot.host, dovecot.port, rewrite=rewrite) as proxy, opened(dovecot, port=proxy.port) as adapter:
        keys = taken(adapter)
        dovecot.deliver(message(5))
        adapter.after_commit([key for key in keys if not key.endswith("/4")])  # the one that is marked is not named
        assert lying(dovecot) == {"INBOX": ["3", "5"], TARGET: ["0", "1", "2", "4"]}
        assert sorted(dovecot.flags(TARGET).values()) == [(), (), ("\\Flagged",), ("\\Seen",)]
        assert dovecot.flags() == {4: ("\\Deleted",), 5: ()}
        dovecot.append(message(6), f"{TARGET}.2011")
        assert {x.source_key.split("/")[0] for x in adapter.list()} == {"INBOX"}
        adapter.after_commit(keys)  # again, and of those that have gone
        assert lying(dovecot)["INBOX"] == ["5"]
    listed = dovecot.doveadm("mailbox", "list", "-u", dovecot.user, "-s").splitlines()
    assert TARGET in listed


def test_a_server_that_can_t_move_single_messages_is_left_alone(dovecot: Mailbox) -> None:
    """A plain EXPUNGE could take what others have marked: without MOVE and UIDPLUS nothing moves, and that is said."""
    dovecot.deliver(message(0), flags="T")
    with Proxy(dovecot.host, dovecot.port, rewrite=WITHOUT_BOTH) as proxy, opened(dovecot, port=proxy.port) as adapter:
        keys = taken(adapter)
        with pytest.raises(SourceRefused, match="neither MOVE nor UIDPLUS"):
            adapter.after_commit(keys)
    assert lying(dovecot) == {"INBOX": ["0"]}


def test_messages_are_left_where_they_were_numbered_anew(dovecot: Mailbox) -> None:
    """After a UIDVALIDITY change a UID may be another message: nothing moves; nor from a mailbox that has gone."""
    dovecot.deliver(message(0))
    dovecot.append(message(1), "Team")
    with opened(dovecot) as adapter:
        keys = taken(adapter)
        dovecot.doveadm("mailbox", "update", "-u", dovecot.user, "--uid-validity", "4242", "INBOX")
        dovecot.doveadm("mailbox", "delete", "-u", dovecot.user, "Team")
        adapter.after_commit(keys)
    assert lying(dovecot) == {"INBOX": ["0"]}


@pytest.mark.parametrize("rewrite", [None, WITHOUT_MOVE], ids=["MOVE", "UIDPLUS"])
def test_a_connection_that_breaks_while_moving_loses_nothing(
    dovecot: Mailbox, rewrite: Callable[[bytes], bytes] | None
) -> None:
    """At whatever byte the second connection breaks, every message is somewhere, and the next time all have moved."""

    def moved(number: int, cut_after: int | None) -> bool:
        dovecot.deliver(message(number))
        with opened(dovecot, port=proxy.port) as adapter:
            proxy.cut_after = None
            keys = taken(adapter)
            adapter.close()
            proxy.cut_after = cut_after
            try:
                adapter.after_commit(keys)
            except SourceUnavailable:
                return False
            return True

    with Proxy(dovecot.host, dovecot.port, rewrite=rewrite) as proxy:
        with opened(dovecot, port=proxy.port) as adapter:
            dovecot.deliver(message(0))
            keys = taken(adapter)
            before = proxy.bytes_from_server
            adapter.after_commit(keys)
            whole = proxy.bytes_from_server - before
        cuts = [whole * tenth // 10 for tenth in (0, 5, 6, 7, 8, 9)]
        broken = [not moved(number, cut) for number, cut in enumerate(cuts, start=1)]
        assert any(broken)
        last = len(cuts) + 1
        assert {number for numbers in lying(dovecot).values() for number in numbers} == set(map(str, range(last)))
        assert moved(last, None)
    found = lying(dovecot)
    assert set(found) == {TARGET}
    assert set(found[TARGET]) == {str(number) for number in range(last + 1)}
    if rewrite is None:
        assert len(found[TARGET]) == last + 1  # MOVE is one step; what is copied and then removed may be copied again


def test_a_target_that_servers_empty_is_refused(dovecot: Mailbox) -> None:
    """A mailbox that the server marks as its trash is no place for what was received, whatever it is called."""
    dovecot.append(message(0), "Bucket")
    dovecot.deliver(message(1))
    mark: Callable[[bytes], bytes] = lambda chunk: re.sub(rb"\(([^)]*)(?=\) \"\.\" Bucket)", rb"(\1 \\Trash", chunk)  # noqa: E731
    with (
        Proxy(dovecot.host, dovecot.port, rewrite=mark) as proxy,
        opened(dovecot, port=proxy.port, after="move:Bucket") as adapter,
    ):
        keys = taken(adapter)
        with pytest.raises(SourceRefused, match="junk or deleted mail"):
            adapter.after_commit(keys)
    assert lying(dovecot) == {"INBOX": ["1"], "Bucket": ["0"]}


def test_a_mailbox_that_may_only_be_read_says_so(dovecot: Mailbox) -> None:
    """Where the user may not write, received messages stay, and the sentence says that nothing is lost."""
    dovecot.deliver(message(0))
    refuse: Callable[[bytes], bytes] = lambda chunk: chunk.replace(b"[READ-WRITE]", b"[READ-ONLY] ")  # noqa: E731
    with Proxy(dovecot.host, dovecot.port, rewrite=refuse) as proxy, opened(dovecot, port=proxy.port) as adapter:
        keys = taken(adapter)
        with pytest.raises(SourceError, match="does not let received messages be moved") as raised:
            adapter.after_commit(keys)
    assert "the next run moves it" in str(raised.value)
    assert lying(dovecot) == {"INBOX": ["0"]}


def test_without_after_there_is_no_second_session(dovecot: Mailbox) -> None:
    """An account without ``after`` is never opened for writing; with it, only if there is something to move."""
    dovecot.deliver(message(0))
    with Proxy(dovecot.host, dovecot.port) as proxy:
        with opened(dovecot, port=proxy.port, after=None) as adapter:
            adapter.after_commit(taken(adapter))
        with opened(dovecot, port=proxy.port) as adapter:
            adapter.after_commit([])
        assert proxy.connections == 1


# ---- the whole program


@pytest.fixture
def account(place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Consultation:
    """A consultation whose email channel is the mailbox, with ``after``."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    place.read_mail_from(dovecot)
    place.configure("timeout_s = 20", f'timeout_s = 20\nafter = "move:{TARGET}"')
    return place


def put(dovecot: Mailbox, number: int, mailbox: str = "INBOX") -> None:
    dovecot.append(letter(f"Keep number {number} open.", subject=str(number)), mailbox)


def test_a_run_moves_what_it_received(account: Consultation, dovecot: Mailbox) -> None:
    """Received, read, moved; the next run lists nothing, and every receipt, response and check stays as it was. What an
    officer puts back is the same item, and moves again."""
    for number in range(5):
        put(dovecot, number, "Team" if number == 3 else "INBOX")
    account.takes("email", listed=5, received=5, read=5, responses=5, unknown=0, waiting=0)
    assert lying(dovecot) == {TARGET: ["0", "1", "2", "3", "4"]}
    kept = account.receipts()
    account.takes("email", listed=0, received=0, read=5, responses=5)
    dovecot.doveadm("move", "-u", dovecot.user, "INBOX", "mailbox", TARGET, "header", "subject", "2")
    account.takes("email", listed=1, received=0, read=5, responses=5)
    assert lying(dovecot) == {TARGET: ["0", "1", "2", "3", "4"]}
    assert account.receipts() == kept
    assert account.failures() == {}


def test_a_move_that_fails_is_said_and_made_up_for(account: Consultation, dovecot: Mailbox) -> None:
    """A run that receives and can't move has an error, with everything received; the next one moves that, though it has
    nothing new to receive."""
    for number in range(3):
        put(dovecot, number)
    with Proxy(dovecot.host, dovecot.port, rewrite=WITHOUT_BOTH) as proxy:
        account.configure(f"port = {dovecot.port}", f"port = {proxy.port}")
        report = account.run("email")
        account.configure(f"port = {proxy.port}", f"port = {dovecot.port}")
    found = report["channels"]["email"]
    assert "leave `after` out" in found["error"]
    assert (found["received"], found["read"], report["balanced"]) == (3, 3, False)
    assert lying(dovecot) == {"INBOX": ["0", "1", "2"]}
    put(dovecot, 3)
    account.takes("email", listed=4, received=1, read=4)
    assert lying(dovecot) == {TARGET: ["0", "1", "2", "3"]}
    assert account.failures() == {}


def test_nothing_moves_before_its_receipt_is_durable(
    account: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a message moves, its receipt can be read by everybody; one that can't be received yet stays."""
    for number in range(3):
        put(dovecot, number)
    moved: list[int] = []
    from channels import imap

    move = imap.move

    def watched(*given: object) -> None:
        moved.extend(uid for uids in given[3].values() for uid in uids)  # type: ignore[attr-defined]
        known = {key.rsplit("/", 1)[1] for key in account.sql("select source_key from sighting")}
        assert {str(uid) for uid in moved} <= known
        move(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(imap, "move", watched)
    monkeypatch.setattr(imap.Session, "bodies", withholding(imap.Session.bodies, 2))
    report = account.run("email")
    assert report["channels"]["email"]["waiting"] == 1
    assert moved == [1, 3]
    assert lying(dovecot) == {"INBOX": ["1"], TARGET: ["0", "2"]}


def withholding(bodies: Callable[..., dict[int, object]], uid: int) -> Callable[..., dict[int, object]]:
    def without(session: object, uids: object) -> dict[int, object]:
        return {number: body for number, body in bodies(session, uids).items() if number != uid}

    return without


# ---- two accounts


def test_two_accounts_are_two_channels(place: Consultation, dovecot: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its own receipts, target and password; the same message in both is received in both, and read once."""
    other = dovecot.server.add_user(f"{dovecot.user}-two", "another-secret")
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    monkeypatch.setenv("OTHER_PASSWORD", other.password)
    place.read_mail_from(dovecot)
    second = f"""[channels.mp]
adapter = "email"
host = "{other.host}"
port = {other.port}
tls = false
user = "{other.user}"
password_env = "OTHER_PASSWORD"
after = "move:{TARGET}"

[channels.letters]"""
    place.configure("[channels.letters]", second)
    for number in range(3):
        put(dovecot, number)
    put(other, 2)
    put(other, 3)
    report = place.run("email", "mp")
    counts = {name: (c["listed"], c["received"], c["read"], c["repeats"]) for name, c in report["channels"].items()}
    assert counts == {"email": (3, 3, 3, 0), "mp": (2, 2, 1, 1)}
    assert report["balanced"]
    assert lying(dovecot) == {"INBOX": ["0", "1", "2"]}
    assert lying(other) == {TARGET: ["2", "3"]}
    place.takes("email", listed=3, received=0)
    place.takes("mp", listed=0, received=0, read=1, repeats=1)
    assert place.failures() == {}
