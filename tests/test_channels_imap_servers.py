"""IMAP servers that do what Dovecot never does: they break rules, withhold messages, and are as large as they come."""

import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from channels.base import Adapter, Arrival, Missed, SourceError, SourceRefused, SourceUnavailable
from tests.conformance import Environment, build

DATE = b'"13-Mar-2011 07:06:40 +0000"'


@dataclass
class Script:
    """What the server has, and how it answers. ``answers`` stand in for the answer to a command, by its first words."""

    bodies: dict[int, bytes] = field(default_factory=dict)
    capabilities: bytes = b"IMAP4rev1"
    answers: dict[bytes, Callable[[bytes], bytes]] = field(default_factory=dict)
    commands: list[bytes] = field(default_factory=list)

    def reply(self, command: bytes) -> bytes:
        """The lines before the tagged OK; or all lines, where one begins with TAG."""
        self.commands.append(command)
        for words, answer in self.answers.items():
            if command.startswith(words):
                return answer(command)
        if command.startswith(b"CAPABILITY"):
            return b"* CAPABILITY " + self.capabilities + b"\r\n"
        if command.startswith(b"LIST"):
            return b'* LIST () "/" INBOX\r\n'
        if command.startswith(b"EXAMINE"):
            return b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n" % len(self.bodies)
        if command.startswith(b"UID SEARCH ALL"):
            return b"* SEARCH " + b" ".join(b"%d" % uid for uid in self.bodies) + b"\r\n"
        if command.startswith(b"UID SEARCH"):
            larger = int(command.split()[-1])
            return b"* SEARCH " + b" ".join(b"%d" % u for u, b in self.bodies.items() if len(b) > larger) + b"\r\n"
        if command.startswith(b"UID FETCH"):
            return b"".join(self.fetched(uid, command) for uid in uids(command) if uid in self.bodies)
        return b""

    def fetched(self, uid: int, command: bytes, date: bytes = DATE) -> bytes:
        body = self.bodies[uid]
        if b"RFC822.SIZE" in command:
            return b"* 1 FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, len(body))
        return b"* 1 FETCH (UID %d INTERNALDATE %s BODY[] {%d}\r\n%s)\r\n" % (uid, date, len(body), body)


def uids(command: bytes) -> list[int]:
    return [int(uid) for uid in command.split()[2].split(b",")]


class Handler(socketserver.StreamRequestHandler):
    """Speaks just enough IMAP: one line is one command."""

    def handle(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, _, command = line.rstrip(b"\r\n").partition(b" ")
            reply = script.reply(command)
            done = b"" if b"TAG " in reply else tag + b" OK done\r\n"
            self.wfile.write(reply.replace(b"TAG ", tag + b" ") + done)
            if command == b"LOGOUT":
                return


@contextmanager
def serving(script: Script, **section: object) -> Iterator[Adapter]:
    """An adapter of the script's server."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.script = script  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        keys = {"host": "127.0.0.1", "port": server.server_address[1], "tls": False, "user": "u", "password_env": "P"}
        adapter = build(
            "email", keys | {"timeout_s": 5, "reconnect_wait_s": 0} | section, Environment(variables={"P": "secret"})
        )
        try:
            yield adapter
        finally:
            adapter.close()
            server.shutdown()
            thread.join()


def values(adapter: Adapter) -> dict[int, Arrival | Missed]:
    return {int(v.source_key.rsplit("/", 1)[1]): v for v in adapter.fetch(list(adapter.list()))}


def failure(script: Script) -> SourceError:
    with serving(script) as adapter, pytest.raises(SourceError) as raised:
        list(adapter.list())
    return raised.value


# ---- listing


def test_a_mailbox_of_300_000_messages_is_listed_whole() -> None:
    """The list of UIDs is one line of 3 MB, three times what Python's IMAP library takes by itself."""
    script = Script(dict.fromkeys(range(1000000000, 1000300000), b"x"))
    with serving(script) as adapter:
        assert len(list(adapter.list())) == 300_000


def test_a_server_that_announces_more_messages_than_it_lists_is_unavailable() -> None:
    """Nothing, or less, listed than there is: no message may be taken for gone because a server left it out."""
    for silence in (b"", b"* SEARCH\r\n", b"* SEARCH 1 2\r\n"):
        script = Script(dict.fromkeys((1, 2, 3), b"x"), answers={b"UID SEARCH ALL": lambda _, silence=silence: silence})
        error = failure(script)
        assert isinstance(error, SourceUnavailable)
        assert "announces more messages in a mailbox than it lists" in str(error)


def test_a_message_that_goes_while_it_is_counted_does_not_stop_the_listing() -> None:
    """A mailbox that loses a message between being opened and being listed is counted once more."""
    script = Script({1: b"x", 2: b"y"})

    def search(_: bytes) -> bytes:
        script.bodies.pop(2, None)
        return b"* SEARCH 1\r\n"

    script.answers[b"UID SEARCH ALL"] = search
    with serving(script) as adapter:
        assert [listing.source_key for listing in adapter.list()] == ["INBOX/7/1"]


@pytest.mark.parametrize(
    ("words", "answer", "kind", "said"),
    [
        (b"LIST", b"TAG NO not now\r\n", SourceUnavailable, "does not list its mailboxes"),
        (b"LIST", b"* LIST (\\Noselect) NIL INBOX\r\n", SourceRefused, "lists no mailbox to read"),
        (b"LIST", b'* LIST () "/" A\r\n* LIST () "/" "&A"\r\n', SourceRefused, "does not open for this user"),
        (b"EXAMINE", b"TAG NO permission denied for jane\r\n", SourceRefused, "name those to read in `mailboxes`"),
        (b"EXAMINE", b"* 1 EXISTS\r\n", SourceRefused, "gives no UIDVALIDITY"),
        (b"UID SEARCH", b"TAG BAD what\r\n", SourceUnavailable, "does not list the messages of a mailbox"),
        (b"UID SEARCH", b"* SEARCH one two\r\n", SourceUnavailable, "does not list the messages of a mailbox"),
        (b"UID SEARCH", b"* BYE going down\r\n", SourceUnavailable, "broke off"),
        (b"LOGIN", b"TAG NO [UNAVAILABLE] try later\r\n", SourceUnavailable, "can't log anybody in now"),
        (b"LOGIN", b"TAG NO [AUTHENTICATIONFAILED] jane\r\n", SourceRefused, "refused the login"),
        (b"LOGIN", b"* BYE too many\r\n", SourceUnavailable, "broke off"),
        (b"CAPABILITY", b"* CAPABILITY POP3\r\n", SourceUnavailable, "does not speak IMAP as expected"),
    ],
)
def test_every_odd_answer_is_an_error_of_the_source(
    words: bytes, answer: bytes, kind: type[SourceError], said: str
) -> None:
    """Whatever a server says, the run gets a source's error with what to do; the server's own words stay out."""

    def reply(command: bytes) -> bytes:
        return b"TAG NO no such mailbox\r\n" if command.startswith(b"EXAMINE") and words == b"LIST" else answer

    script = Script({1: b"x"}, answers={words: reply} | ({b"EXAMINE": reply} if words == b"LIST" else {}))
    error = failure(script)
    assert isinstance(error, kind)
    assert said in str(error)
    assert "jane" not in str(error)


def test_a_password_is_not_sent_where_it_may_not_be() -> None:
    """A server that takes no password without TLS does not get it to refuse."""
    script = Script(capabilities=b"IMAP4rev1 LOGINDISABLED STARTTLS")
    error = failure(script)
    assert isinstance(error, SourceRefused)
    assert "takes no password without TLS: set `tls`" in str(error)
    assert not any(b"secret" in command for command in script.commands)


def test_a_user_name_is_quoted() -> None:
    """Blanks, quotes and backslashes in a user's name (as in DOMAIN\\user) are part of the name, not of the command."""
    script = Script()
    with serving(script, user='EXAMPLE\\o"brien (team)') as adapter:
        assert list(adapter.list()) == []
    assert rb'LOGIN "EXAMPLE\\o\"brien (team)" "secret"' in script.commands


def test_starttls_that_is_not_on_offer_is_refused_before_the_password_is_sent() -> None:
    """Somebody in between who strikes STARTTLS from the offer gets nothing."""
    script = Script()
    with serving(script, tls="starttls") as adapter, pytest.raises(SourceRefused, match="offers no STARTTLS"):
        list(adapter.list())
    assert not any(b"secret" in command for command in script.commands)


def test_a_mailbox_name_that_is_no_modified_utf7_is_opened_as_the_server_spells_it() -> None:
    """A server that does not encode the names of its mailboxes is understood by its own spelling."""
    script = Script({1: b"x"}, answers={b"LIST": lambda _: b'* LIST () "/" "A & B"\r\n'})
    with serving(script) as adapter:
        [listing] = adapter.list()
        [value] = adapter.fetch([listing])
    assert listing.source_key == "A & B/7/1"
    assert isinstance(value, Arrival)
    assert script.commands.count(b'EXAMINE "A & B"') == 2


# ---- fetching


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"* 1 FETCH (UID 2)\r\n",
        b"* 1 FETCH (UID 2 BODY[] NIL)\r\n",
        b'* 1 FETCH (UID 2 BODY[] "")\r\n',
        b"* 1 FETCH (UID 2 BODY[] {0}\r\n)\r\n",
        b"TAG NO some messages could not be fetched\r\n",
        b"* 1 FETCH (UID 2 BODY[] (\r\nTAG OK done\r\n",
    ],
)
def test_a_message_that_is_withheld_is_missed_and_costs_no_other(answer: bytes) -> None:
    """A message that is listed and not handed over waits, with the way out; the rest of its batch comes."""
    script = Script({uid: b"Subject: %d\r\n\r\n" % uid for uid in range(1, 6)})

    def fetch(command: bytes) -> bytes:
        if b"BODY.PEEK" not in command or 2 not in uids(command):
            return b"".join(script.fetched(uid, command) for uid in uids(command))
        whole = b"".join(script.fetched(uid, command) for uid in uids(command) if uid != 2)
        return whole + answer

    script.answers[b"UID FETCH"] = fetch
    with serving(script) as adapter:
        found = values(adapter)
    assert {uid for uid, value in found.items() if isinstance(value, Arrival)} == {1, 3, 4, 5}
    missed = found[2]
    assert isinstance(missed, Missed)
    assert "save the message as a file (.eml or .msg) and put it into the folder of a channel" in missed.reason


@pytest.mark.parametrize(("size", "found"), [(0, b""), (0, b" 2"), (9, b" 2"), (9, b"")])
def test_nothing_handed_over_is_no_empty_message(size: int, found: bytes) -> None:
    """A message for which a server once answers with 0 bytes waits, even if the server lies about its size, too:
    received as empty it would never be asked for again."""
    script = Script({uid: b"Subject: %d\r\n\r\n" % uid for uid in (1, 2, 3)})
    asked: list[bytes] = []

    def fetch(command: bytes) -> bytes:
        if b"RFC822.SIZE" in command:
            return b"".join(b"* 1 FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, size) for uid in uids(command))
        asked.append(command)
        bodies = {
            1: script.fetched(1, command),
            3: script.fetched(3, command),
            2: b"* 1 FETCH (UID 2 BODY[] {0}\r\n)\r\n",
        }
        return script.fetched(2, command) if len(asked) > 1 else b"".join(bodies[uid] for uid in uids(command))

    script.answers |= {b"UID FETCH": fetch, b"UID SEARCH UID 2 ": lambda _: b"* SEARCH" + found + b"\r\n"}
    with serving(script) as adapter:
        missed = values(adapter)[2]
    assert isinstance(missed, Missed)
    assert "does not hand it over" in missed.reason


def test_sizes_that_the_server_makes_up_change_nothing() -> None:
    """Exchange reports the sizes that it stores, not those that it sends: they are never held against a body."""
    script = Script({uid: b"x" * 100 * uid for uid in range(1, 6)})

    def fetch(command: bytes) -> bytes:
        if b"RFC822.SIZE" in command:
            return b"".join(b"* 1 FETCH (UID %d RFC822.SIZE 999999999)\r\n" % uid for uid in uids(command))
        return b"".join(script.fetched(uid, command) for uid in uids(command))

    script.answers |= {b"UID FETCH": fetch, b"UID SEARCH UID": lambda _: b"* SEARCH 1 2 3 4 5\r\n"}
    with serving(script) as adapter:
        found = values(adapter)
    assert {uid: v.original for uid, v in found.items() if isinstance(v, Arrival)} == script.bodies


def test_a_server_that_can_t_search_by_size_is_asked_for_sizes() -> None:
    """A refused SEARCH LARGER costs more answers, and no message."""
    script = Script(dict.fromkeys(range(1, 6), b"x" * 100), answers={b"UID SEARCH UID": lambda _: b"TAG BAD what\r\n"})
    with serving(script, batch_messages=2) as adapter:
        assert all(isinstance(value, Arrival) for value in values(adapter).values())


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        (b'"13-Mar-2011 07:06:40 +0100"', datetime(2011, 3, 13, 6, 6, 40, tzinfo=UTC)),
        (b'"13-Mar-2011 07:06:40 -0000"', datetime(2011, 3, 13, 7, 6, 40, tzinfo=UTC)),
        (b'"31-Dec-9999 23:59:59 -0100"', None),
        (b'"00-Foo-2011 07:06:40 +0000"', None),
        (b'""', None),
        (b"NIL", None),
    ],
)
def test_a_date_is_aware_utc_or_unknown(date: bytes, instant: datetime | None) -> None:
    """What is no date is unknown: the message comes all the same, with no time made up."""
    script = Script({1: b"x"})
    script.answers[b"UID FETCH"] = lambda command: script.fetched(1, command, date)
    with serving(script) as adapter:
        value = values(adapter)[1]
    assert isinstance(value, Arrival)
    assert value.arrived_at == instant


def test_news_of_other_messages_in_between_is_no_answer() -> None:
    """A server may tell at any time that other messages changed: their flags are nobody's body."""
    script = Script({uid: b"Subject: %d\r\n\r\n" % uid for uid in (1, 2)})
    news = b"* 2 FETCH (FLAGS (\\Seen))\r\n* 9 FETCH (UID 9 FLAGS ())\r\n* 3 EXISTS\r\n* 1 RECENT\r\n"
    script.answers[b"UID FETCH"] = lambda command: (
        news + b"".join(script.fetched(uid, command) + news for uid in uids(command))
    )
    with serving(script) as adapter:
        found = values(adapter)
    assert {uid: v.original for uid, v in found.items() if isinstance(v, Arrival)} == script.bodies


def test_nothing_but_reading_is_ever_said() -> None:
    """Of all commands that go to the server none could change anything there, and none holds a sender's words."""
    script = Script({uid: b"Subject: centres\r\n\r\n" + b"x" * uid for uid in range(1, 500)})
    with serving(script) as adapter:
        adapter.after_commit([value.source_key for value in values(adapter).values()])
    verbs = {
        b" ".join(re.findall(rb"[A-Z]+", command)[: 2 if command.startswith(b"UID") else 1])
        for command in script.commands
    }
    assert verbs == {b"CAPABILITY", b"LOGIN", b"LIST", b"EXAMINE", b"UID SEARCH", b"UID FETCH", b"LOGOUT"}
    assert all(b"BODY.PEEK[]" in c or b"RFC822.SIZE" in c for c in script.commands if c.startswith(b"UID FETCH"))
    assert not any(b"centres" in command for command in script.commands)
