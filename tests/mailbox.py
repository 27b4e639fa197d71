"""Does to a mailbox what servers, officers and networks do to mailboxes, and sees that no message is lost or doubled.

    python -m tests.mailbox --messages 10000 --cuts 200

A real Dovecot with three folders, read through a proxy. One run takes all, and the second fetches no body. Then, in
turn: UIDVALIDITY changed by ``doveadm``, messages moved between folders, flagged as read, expunged in mid-run by a
second session, the same Message-ID with other words, no Message-ID, a server that lies about sizes and answers some
FETCHes with nothing, one that re-serialises all messages; and, on a small mailbox, the connection cut at so many byte
offsets. After each: ``unknown`` is 0, every message counts once (of those that were rebuilt: after the one
confirmation), no flag has changed, and ``verify`` holds. Exit 1 if anything does not.
"""

import argparse
import logging
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import structlog

from tests.support.consultation import ACCOUNT, Consultation, message
from tests.support.dovecot import Dovecot, Mailbox
from tests.support.imapstream import Liar, ReSerialiser
from tests.support.processes import service_folder
from tests.support.proxy import Proxy

FOLDERS = ("INBOX", "Archive", "Junk")
_SMALL = 12
_LOGGED_IN_BYTES = 1_000  # what Dovecot has sent by then, at most: a connection that does not get so far is not retried


@dataclass(slots=True)
class Step:
    """One thing that was done to the mailbox: how long the runs after it took, what came, and what was wrong."""

    name: str
    seconds: float = 0.0
    said: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.name}: {self.seconds:.1f} s; {', '.join(self.said)}: {'; '.join(self.problems) or 'ok'}"

    def expect(self, holds: bool, problem: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.problems.append(problem)


def letter(number: int, *, named: int | None = None, has_id: bool = True) -> bytes:
    """A message that says its number; every fifth one has an HTML form and an attachment. ``named``: whose Message-ID
    it has, if not its own."""
    words = f"Number {number}. " + "Please keep our centre open. " * (1 + number % 20)
    identity = f"<{number if named is None else named}@example.org>"
    if number % 5:
        headers = f"Message-ID: {identity}" if has_id else ""
        return message(words, sender=f"Resident {number} <r{number}@example.org>", headers=headers)
    made = EmailMessage(policy=SMTP)
    made["From"], made["Date"] = f"r{number}@example.org", "Tue, 1 Mar 2011 10:00:00 +0000"
    if has_id:
        made["Message-ID"] = identity
    made.set_content(words)
    made.add_alternative(f"<p>{words}</p>", subtype="html")
    made.add_attachment(f"{number}".encode() * 50, maintype="application", subtype="x-notes", filename="notes.bin")
    return made.as_bytes()


class Campaign:
    """A mailbox, the consultation that reads it through ``proxy``, and the numbers of the messages that must count."""

    def __init__(self, folder: Path, mailbox: Mailbox, proxy: Proxy, say: Callable[[str], None]) -> None:
        self.mailbox = mailbox
        self.proxy = proxy
        self.steps: list[Step] = []
        self.numbers: set[int] = set()
        self.here = consultation(folder, mailbox, proxy.port)
        self.here.configure("processes = 1", f"processes = {len(os.sched_getaffinity(0))}")
        self._say = say

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """One thing that is done; at its end everything is looked at."""
        step = Step(name)
        yield step
        self._look(step)
        self.steps.append(step)
        self._say(str(step))

    def put(self, numbers: range, **how: Any) -> None:
        """Deliver these messages, spread over the folders."""
        for number in numbers:
            self.mailbox.deliver(letter(number, **how), FOLDERS[number % len(FOLDERS)])
        self.numbers |= set(numbers)

    def run(self, step: Step, **wanted: int) -> dict[str, Any]:
        """One run, which must balance, show these counts, and change no flag."""
        flags = self.flags()
        began = time.monotonic()
        report = self.here.run("email")
        step.seconds += time.monotonic() - began
        account: dict[str, Any] = report["channels"]["email"]
        step.said.append(f"listed {account['listed']} received {account['received']} waiting {account['waiting']}")
        step.expect(report["balanced"] and account["unknown"] == 0, f"not balanced: {account}")
        found = {name: account[name] for name in wanted}
        step.expect(found == wanted, f"{found}, wanted {wanted}")
        changed = [
            folder for folder, now in self.flags().items() if any(flags[folder].get(uid) != now[uid] for uid in now)
        ]
        step.expect(not changed, f"flags have changed in {changed}")
        return account

    def flags(self) -> dict[str, Any]:
        """The flags of every message at the server."""
        return {folder: self.mailbox.flags(folder) for folder in FOLDERS}

    def doveadm(self, *words: str) -> None:
        """Another session, with the same user."""
        command, *rest = words
        self.mailbox.doveadm(*command.split(), "-u", self.mailbox.user, *rest)

    def _look(self, step: Step) -> None:
        """Each message counts once; the accounts add up; everything that is kept holds."""
        count = counted(self.here)
        step.expect(set(count) == self.numbers, f"lost {_some(self.numbers - set(count))}, "
                                                f"made up {_some(set(count) - self.numbers)}")  # fmt: skip
        step.expect(max(count.values(), default=1) == 1, f"doubled {_some({n for n in count if count[n] > 1})}")
        with self.here.app() as app:
            account = app.status()["channels"]["email"]
        step.expect(sum(account[name] for name in ACCOUNT) == len(self.here.receipts("email")), "does not add up")
        failures = self.here.failures()
        step.expect(failures == {}, f"verify: {str(failures)[:300]}")


def consultation(folder: Path, mailbox: Mailbox, port: int, home: Path | None = None) -> Consultation:
    """A consultation that reads the mailbox through a proxy."""
    here = Consultation(folder, home=home)
    here.read_mail_from(mailbox, port)
    return here


def counted(here: Consultation) -> Counter[int]:
    """How often each message counts."""
    found = [re.search(r"Number (\d+)\.", row["text"]) for row in here.responses("email")]
    return Counter(int(number[1]) if number else -1 for number in found)


def _some(numbers: set[int]) -> str:
    return f"{len(numbers)} {sorted(numbers)[:5]}"


# --- what is done to it -----------------------------------------------------------------------------------------------


def first_runs(campaign: Campaign, messages: int) -> None:
    """One run takes all, and the second fetches no body."""
    with campaign.step("all taken") as step:
        campaign.put(range(messages))
        campaign.run(step, listed=messages, received=messages, waiting=0, repeats=0)
    with campaign.step("run again, no body fetched") as step:
        before = len(campaign.proxy.sent)
        campaign.run(step, listed=messages, received=0, waiting=0)
        said = bytes(campaign.proxy.sent[before:])
        step.said.append(f"{said.count(b'EXAMINE')} EXAMINE, {said.count(b'FETCH')} FETCH on the wire")
        step.expect(b"EXAMINE" in said and b"FETCH" not in said and b"SELECT" not in said, "something was fetched")


def at_the_server(campaign: Campaign) -> None:
    """What a server's operator and its users do."""
    everything = len(campaign.numbers)
    with campaign.step("UIDVALIDITY changed") as step:
        for number, folder in enumerate(FOLDERS, start=4_242):
            campaign.doveadm("mailbox update", "--uid-validity", str(number), folder)
        campaign.run(step, listed=everything, received=0, waiting=0)
        campaign.run(step, received=0)
    with campaign.step("moved between folders") as step:
        part = str(everything // 9)
        for from_folder, to_folder in (("INBOX", "Archive"), ("Archive", "Junk"), ("Junk", "INBOX")):
            campaign.doveadm("move", to_folder, "mailbox", from_folder, "uid", f"1:{part}")
        campaign.run(step, listed=everything, received=0, waiting=0)
    with campaign.step("flagged as read") as step:
        for folder in FOLDERS:
            campaign.doveadm("flags add", r"\Seen \Flagged", "mailbox", folder, "uid", f"1:{everything // 4}")
        before = len(campaign.proxy.sent)
        campaign.run(step, received=0)
        step.expect(b"FETCH" not in campaign.proxy.sent[before:], "something was fetched")


def expunged(campaign: Campaign, new: range) -> None:
    """While new messages are fetched, a second session takes away some of them, and some that were received before."""
    with campaign.step("expunged in mid-run by a second session") as step:
        listed_before = sum(map(len, campaign.flags().values()))
        campaign.put(new)
        fetched = 0

        def expunge(chunk: bytes) -> bytes:
            nonlocal fetched
            fetched += b"BODY[]" in chunk
            if b"BODY[]" in chunk and fetched == 1:
                for number in new[len(new) // 2 :]:
                    campaign.doveadm(
                        "expunge", "mailbox", FOLDERS[number % 3], "header", "From", f"r{number}@example.org"
                    )
                campaign.doveadm("expunge", "mailbox", "Archive", "uid", "1:9999999", "SMALLER", "600", "SEEN")
            return chunk

        campaign.here.configure("reconnect_wait_s = 0", "reconnect_wait_s = 0\nbatch_messages = 5")
        campaign.proxy.rewrite = expunge
        account = campaign.run(step, listed=listed_before + len(new))
        campaign.proxy.rewrite = None
        campaign.here.configure("batch_messages = 5\n", "")
        step.expect(account["received"] + account["waiting"] == len(new), "received and waiting are not all")
        step.expect(account["waiting"] > 0, "nothing was expunged in time")
        count = counted(campaign.here)
        campaign.numbers -= {number for number in new[len(new) // 2 :] if number not in count}
        again = campaign.run(step, received=0, waiting=0, vanished=account["waiting"])
        step.said.append(f"{listed_before + len(new) - again['listed']} gone at the server")


def odd_identities(campaign: Campaign, new: range) -> None:
    """The same Message-ID with other words, and none at all: each is a message of its own."""
    with campaign.step("the same Message-ID with other words") as step:
        for number in new:
            campaign.mailbox.deliver(letter(number, named=number % 7), FOLDERS[number % 3])
        campaign.numbers |= set(new)
        campaign.run(step, received=len(new), waiting=0, repeats=0)
    without = range(new.stop, new.stop + len(new))
    with campaign.step("no Message-ID") as step:
        campaign.put(without, has_id=False)
        campaign.run(step, received=len(without), waiting=0, repeats=0)
        for folder in FOLDERS:
            campaign.doveadm("mailbox update", "--uid-validity", "7777", folder)
        campaign.run(step, received=0, waiting=0)


def lies(campaign: Campaign, new: range) -> None:
    """A server that makes sizes up and answers some FETCHes with nothing: what it withholds waits, and comes later."""
    with campaign.step("sizes made up, FETCHes answered with nothing") as step:
        campaign.put(new)
        campaign.proxy.rewriter = Liar
        account = campaign.run(step)
        step.expect(account["received"] + account["waiting"] == len(new), "received and waiting are not all")
        step.expect(0 < account["waiting"] < len(new), "nothing was withheld")
        campaign.run(step, received=0, waiting=account["waiting"])
        campaign.proxy.rewriter = None
        campaign.run(step, received=account["waiting"], waiting=0)


def re_serialised(campaign: Campaign) -> None:
    """A server that builds every message anew, under new numbers: all are suggested, and one decision confirms them."""
    with campaign.step("re-serialised between runs") as step:
        campaign.proxy.rewriter = ReSerialiser
        campaign.run(step, received=0, waiting=0)
        for folder in FOLDERS:
            campaign.doveadm("mailbox update", "--uid-validity", "8888", folder)
        account = campaign.run(step, waiting=0)
        with campaign.here.app() as app:
            (alarm,) = app.status()["alarms"]
        nameless = account["received"] - alarm["count"]
        step.said.append(f"{alarm['count']} pairs suggested, {nameless} without Message-ID")
        doubled = {number for number, times in counted(campaign.here).items() if times == 2}
        step.expect(len(doubled) == account["received"], "not all of them are there twice before the decision")
        for number in campaign.here.sql("select id from receipt where run_id = (select max(id) from run)"):
            if campaign.here.sql("select count(*) from rebuilt_pair where receipt_id = :r", r=number) == [0]:
                continue
            began = time.monotonic()
            step.said.append(campaign.here.decide(number, "same"))
            step.said.append(f"decided in {time.monotonic() - began:.1f} s")
            break
        standing = counted(campaign.here)
        began = time.monotonic()
        campaign.here.decide(number, "undo")
        step.said.append(f"undone in {time.monotonic() - began:.1f} s")
        step.expect({n for n, times in counted(campaign.here).items() if times == 2} == doubled, "undo gives back less")
        step.expect(campaign.here.failures() == {}, "verify does not hold after undo")
        campaign.here.decide(number, "same")
        step.expect(counted(campaign.here) == standing, "confirmed again it is another state")
        # Those without a Message-ID can't be told from new ones by the program: nothing is guessed, both count.
        twice = {number for number, times in standing.items() if times == 2}
        step.expect(len(twice) == nameless, f"{len(twice)} still count twice, wanted {nameless}")
        _drop_nameless(campaign, twice)
        campaign.run(step, received=0, waiting=0)
    campaign.proxy.rewriter = None


def _drop_nameless(campaign: Campaign, twice: set[int]) -> None:
    """Two people exclude the second of each message without Message-ID, as they would."""
    seen: set[int] = set()
    for row in sorted(campaign.here.responses("email"), key=lambda row: int(row["run"])):
        found = re.search(r"Number (\d+)\.", row["text"])
        number = int(found[1]) if found else -1
        if number in twice and number in seen:
            campaign.here.decide(row["reference"], "exclude", reason="rebuilt")
            campaign.here.decide(row["reference"], "confirm", by="bob")
        seen.add(number)


def cut(folder: Path, server: Dovecot, home: Path, cuts: int, say: Callable[[str], None]) -> Step:
    """The connection cut at so many byte offsets of a run, each on a new consultation.

    At every other offset all connections are cut there, and one undisturbed run follows; at the others only the first
    one is, and the run itself must get through, unless it was cut before it was logged in.
    """
    mailbox = server.add_user("cut")
    for number in range(_SMALL):
        mailbox.deliver(letter(number), FOLDERS[number % 3])
    step = Step(f"cut at {cuts} byte offsets")
    with Proxy(mailbox.host, mailbox.port) as proxy:
        whole = consultation(folder / "whole", mailbox, proxy.port, home)
        whole.run("email")
        total = proxy.bytes_from_server
        through = 0
        began = time.monotonic()
        for at in range(cuts):
            offset = at * total // cuts
            here = consultation(folder / f"cut-{at}", mailbox, proxy.port, home)
            proxy.cuts, proxy.cut_after = ([], offset) if at % 2 else ([offset], None)
            first = here.run("email")["channels"]["email"]
            through += first["error"] is None
            got_in = offset >= _LOGGED_IN_BYTES
            step.expect(at % 2 == 1 or not got_in or first["error"] is None, f"offset {offset}: {first['error']}")
            proxy.cuts, proxy.cut_after = [], None
            then = here.run("email")
            account = then["channels"]["email"]
            step.expect(then["balanced"] and account["unknown"] == 0, f"offset {offset}: not balanced")
            step.expect(first["received"] + account["received"] == _SMALL, f"offset {offset}: lost or doubled")
            step.expect(counted(here) == Counter(range(_SMALL)), f"offset {offset}: other messages")
            step.expect(here.failures() == {}, f"offset {offset}: verify")
            shutil.rmtree(here.folder)
        step.seconds = time.monotonic() - began
        step.said.append(f"{total} bytes, {through} runs got through in spite of it")
    say(str(step))
    return step


def run_campaign(
    folder: Path, server: Dovecot, home: Path, *, messages: int, cuts: int, say: Callable[[str], None] = lambda _: None
) -> list[Step]:
    """All of it. ``home`` is an empty one, to be copied. The program finds the password in TEST_PASSWORD."""
    mailbox = server.add_user("campaign")
    some = max(12, messages // 100)
    with Proxy(mailbox.host, mailbox.port) as proxy:
        campaign = Campaign(folder / "all", mailbox, proxy, say)
        first_runs(campaign, messages)
        at_the_server(campaign)
        expunged(campaign, range(messages, messages + some))
        odd_identities(campaign, range(messages + some, messages + 2 * some))
        lies(campaign, range(messages + 4 * some, messages + 6 * some))
        re_serialised(campaign)
    return [*campaign.steps, cut(folder, server, home, cuts, say)]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--cuts", type=int, default=200)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    random.seed(1)
    folder = Path(tempfile.mkdtemp(prefix="mailbox-"))
    empty = Consultation(folder / "empty")
    with empty.app():
        pass
    with service_folder("dovecot") as servers, Dovecot(servers) as server:
        os.environ["TEST_PASSWORD"] = server.password
        steps = run_campaign(folder, server, empty.home, messages=given.messages, cuts=given.cuts, say=_say)
    failed = [step for step in steps if step.problems]
    _say(f"{len(steps)} steps, {sum(step.seconds for step in steps):.0f} s in runs, {len(failed)} failed")
    if failed:
        _say(f"what they left is in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
