"""Mail as files: what is an item and what is not, and that a message stays the same one when mail programs touch it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.base import Adapter, Arrival, Missed
from tests.conformance import build


def keys(source: Adapter) -> list[str]:
    return [listing.source_key for listing in source.list()]


def only(source: Adapter) -> Arrival | Missed:
    [value] = source.fetch(list(source.list()))
    return value


def test_a_message_keeps_its_key_when_a_mail_program_touches_it(tmp_path: Path) -> None:
    """Read, moved to ``cur``, flagged: the key and version stay, and a message listed before is found after."""
    for part in ("cur", "new", "tmp"):
        (tmp_path / "Team" / part).mkdir(parents=True)
    file = tmp_path / "Team/new/1300000000.M1P1.host,S=5"
    file.write_bytes(b"a: b\n")
    source = build("email", {"folder": tmp_path})
    listed = list(source.list())
    assert [listing.source_key for listing in listed] == ["Team/cur/1300000000.M1P1.host,S=5"]
    for name in ("cur/1300000000.M1P1.host,S=5:2,", "cur/1300000000.M1P1.host,S=5:2,RS"):
        file = file.rename(tmp_path / "Team" / name)
        for taking in (source, build("email", {"folder": tmp_path})):
            [value] = taking.fetch(listed)
            assert isinstance(value, Arrival)
            assert (value.media_type, value.delivery) == ("message/rfc822", False)
            assert list(taking.list()) == listed


def test_a_maildir_shows_its_messages_and_nothing_else(tmp_path: Path) -> None:
    """Mail in delivery, mail that was sent, and the server's own files are no items; folders below are walked."""
    names = (
        "cur/1.a:2,S", "new/2.a", "tmp/3.a", "dovecot-uidlist", "dovecot.index.log", "subscriptions", "maildirfolder",
        ".Junk/new/4.a", ".Junk/tmp/5.a", ".Junk.Old/cur/6.a:2,", ".Sent/cur/7.a:2,S", ".Drafts/new/8.a", "letter.eml",
        ".INBOX.Sent Items/cur/9.a:2,S", "Plain/mail.eml", "Other/cur/10.a:2,S", "Other/new/11.a", "Sent/mail.eml",
        ".config/mail.eml",
    )  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"a: b\n")
    assert set(keys(build("email", {"folder": tmp_path}))) == {
        "cur/1.a", "cur/2.a", ".Junk/cur/4.a", ".Junk.Old/cur/6.a", "letter.eml", "Plain/mail.eml", "Other/cur/10.a",
        "Other/cur/11.a", "Sent/mail.eml",
    }  # fmt: skip


def test_a_maildir_that_git_or_a_zip_has_brought_is_still_one(tmp_path: Path) -> None:
    """A copy that has lost the empty folders ``new`` and ``tmp`` is known by the flags in its file names."""
    (tmp_path / "Team/cur").mkdir(parents=True)
    (tmp_path / "Team/cur/1300000000.a:2,S").write_bytes(b"a: b\n")
    (tmp_path / "Team/cur/1300000001.a").write_bytes(b"a: b\n")
    source = build("email", {"folder": tmp_path})
    assert keys(source) == ["Team/cur/1300000000.a", "Team/cur/1300000001.a"]
    assert {v.media_type for v in source.fetch(list(source.list())) if isinstance(v, Arrival)} == {"message/rfc822"}


@pytest.mark.parametrize(
    ("name", "media_type", "delivery"),
    [
        ("a.eml", "message/rfc822", False),
        ("a.EML", "message/rfc822", False),
        ("in.mbox", "application/mbox", True),
        ("in.mbx", "application/mbox", True),
        ("in.mbox.txt", "application/mbox", True),
        ("Inbox", "application/mbox", True),
        ("a.msg", "application/vnd.ms-outlook", False),
        ("note.txt", "text/plain", False),
        ("winmail.dat", "application/octet-stream", False),
    ],
)
def test_mail_files_are_told_apart_by_their_suffix(tmp_path: Path, name: str, media_type: str, delivery: bool) -> None:
    """A message is an item, an mbox a delivery of many; everything else is an item of the kind that its suffix says."""
    (tmp_path / name).write_bytes(b"x")
    value = only(build("email", {"folder": tmp_path}))
    assert isinstance(value, Arrival)
    assert (value.media_type, value.delivery) == (media_type, delivery)


def test_mail_in_files_comes_with_the_time_of_the_file(tmp_path: Path) -> None:
    """The file's time stands in for the arrival, to the microsecond, until a reader finds a better one."""
    (tmp_path / "a.eml").write_bytes(b"x")
    os.utime(tmp_path / "a.eml", ns=(0, 1_300_000_000_123_456_789))
    value = only(build("email", {"folder": tmp_path}))
    assert isinstance(value, Arrival)
    assert (value.arrived_at, value.arrived_basis) == (datetime(2011, 3, 13, 7, 6, 40, 123456, UTC), "file_time")
