"""Junk and deleted mail is received like all other, and marked: by what a server says, or else by the usual names."""

from pathlib import Path

import pytest

from channels.base import Adapter, Arrival
from channels.mailboxes import Mailbox, is_left_out, role_by_name, roles, target_among
from tests.conformance import Environment, build
from tests.support.consultation import Consultation, message
from tests.support.dovecot import Mailbox as Account

pytest_plugins = ["tests.support.fixtures"]


def shown(name: str, *attributes: str, delimiter: str = "/") -> Mailbox:
    return Mailbox(name, name.encode(), delimiter, frozenset(attributes))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Junk", "junk"), ("Junk Email", "junk"), ("JUNK E-MAIL", "junk"), ("Spam", "junk"), ("Junk-E-Mail", "junk"),
        ("Courrier indésirable", "junk"), ("Correo no deseado", "junk"), ("Post Sothach", "junk"),
        ("Trash", "trash"), ("Deleted Items", "trash"), ("Gelöschte Elemente", "trash"), ("Papierkorb", "trash"),
        ("Éléments supprimés", "trash"), ("Elementos eliminados", "trash"), ("Eitemau wedi’u Dileu", "trash"),
        ("Bin", "trash"), ("INBOX", ""), ("Junk yard plans", ""), ("Trash collection", ""), ("", ""),
    ],
)  # fmt: skip
def test_usual_names_are_known(name: str, role: str) -> None:
    """As mail servers and programs name them, in any case, and nothing that only begins like one."""
    assert role_by_name([name]) == role
    assert roles([shown(name)]) == ({name: role} if role else {})


def test_what_the_server_says_comes_first() -> None:
    r"""\Junk and \Trash (RFC 6154) hold whatever the name; a name holds where the server says nothing."""
    listed = [shown("Kram", r"\junk"), shown("Spam", r"\trash"), shown("Deleted Items"), shown("Archive", r"\archive")]
    assert roles(listed) == {"Kram": "junk", "Spam": "trash", "Deleted Items": "trash"}


def test_what_lies_below_is_marked_too() -> None:
    """A folder that was deleted whole lies below Deleted Items; the nearest one above that has a role decides."""
    listed = [
        shown("Deleted Items"), shown("Deleted Items/Team/2011"), shown("Team/Junk"), shown("Kram", r"\junk"),
        shown("Kram/old"), shown("Deleted Items/Spam"), shown("Team"), shown("INBOX.Trash", delimiter="."),
        shown("Junk/flat", delimiter=""),
    ]  # fmt: skip
    assert roles(listed) == {
        "Deleted Items": "trash", "Deleted Items/Team/2011": "trash", "Team/Junk": "junk", "Kram": "junk",
        "Kram/old": "junk", "Deleted Items/Spam": "junk", "INBOX.Trash": "trash",
    }  # fmt: skip


def test_the_target_is_left_out_with_all_below_it() -> None:
    """And nothing that only begins with the same letters; without a target nothing more is left out than before."""
    names = ["INBOX", "Taken in", "Taken in/2011", "Taken in too", "Sent Items", "Junk"]
    read = [name for name in names if not is_left_out(shown(name), "Taken in")]
    assert read == ["INBOX", "Taken in too", "Junk"]
    assert [name for name in names if not is_left_out(shown(name), None)] == [*names[:4], "Junk"]


def test_a_target_in_other_capitals_is_found() -> None:
    """To Exchange, TAKEN IN and Taken in are one mailbox; where both are there, the exact name is meant."""
    both = [shown("INBOX"), shown("TAKEN IN"), shown("Taken in")]
    assert target_among(both, "Taken in") == both[2]
    assert target_among(both[:2], "Taken in") == both[1]
    assert target_among(both[:1], "Taken in") is None


def account(mailbox: Account, **section: object) -> Adapter:
    keys: dict[str, object] = {"host": mailbox.host, "port": mailbox.port, "tls": False, "user": mailbox.user}
    return build("email", keys | {"password_env": "P"} | section, Environment(variables={"P": mailbox.password}))


@pytest.mark.parametrize("named", [False, True], ids=["all mailboxes", "named mailboxes"])
def test_arrivals_carry_the_role_of_their_mailbox(dovecot: Account, *, named: bool) -> None:
    """``mailbox_role`` is among the facts of what lay in a marked mailbox, and of nothing else."""
    wanted = {"INBOX": None, "Junk": "junk", "Trash": "trash", "Deleted Items": "trash", "Team": None}
    for name in wanted:
        dovecot.deliver(b"Subject: x\r\n\r\nx\r\n", name)
    adapter = account(dovecot, **({"mailboxes": list(wanted)} if named else {}))
    values = list(adapter.fetch(list(adapter.list())))
    adapter.close()
    found = {v.facts["mailbox"]: v.facts.get("mailbox_role") for v in values if isinstance(v, Arrival)}
    assert found == wanted


def test_folders_of_mail_files_are_marked_by_name(tmp_path: Path) -> None:
    """A Maildir's .Junk, and a folder of saved mail called Deleted Items."""
    wanted = {
        "cur/1.a": None, ".Junk/cur/2.a": "junk", "Deleted Items/old.eml": "trash", ".Trash.Team/cur/3.a": "trash",
        "Team/mail.eml": None,
    }  # fmt: skip
    for name in wanted:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).parent.with_name("new").mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"Subject: x\n\nx\n")
    source = build("email", {"folder": tmp_path})
    values = list(source.fetch(list(source.list())))
    found = {v.source_key: v.facts.get("mailbox_role") for v in values if isinstance(v, Arrival)}
    assert found == wanted


def test_a_response_from_junk_counts_and_is_looked_at(
    place: Consultation, dovecot: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts from the start; a person says whether it is genuine; ``trace`` shows where it lay. Deleted mail is only
    marked: that somebody deleted it says nothing against its sender."""
    monkeypatch.setenv("TEST_PASSWORD", dovecot.password)
    place.read_mail_from(dovecot)
    for name in ("INBOX", "Junk", "Trash"):
        dovecot.append(message(f"Keep Watton open, says {name}.", subject=name), name)
    place.takes("email", listed=3, received=3, read=3, responses=3)
    found = {}
    for response in place.responses():
        facts = place.trace(response["reference"])["receipts"][0]["facts"]
        found[facts["mailbox"]] = (facts.get("mailbox_role"), "genuine?" in response["needs"].split(";"))
    assert found == {"INBOX": (None, False), "Junk": ("junk", True), "Trash": ("trash", False)}
