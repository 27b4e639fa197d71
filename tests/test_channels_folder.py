"""Folders as people and programs use them: files half written, renamed, replaced, linked and oddly named."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import ADAPTERS, folder
from channels.base import Adapter, Arrival, Missed, SourceRefused, SourceUnavailable
from channels.folder import IN_MEMORY_BYTES
from channels.names import spell, unspell
from tests.conformance import CLOCK, Environment, content

NOBODY = 65534


def adapter(kind: str, now: datetime = CLOCK, **section: object) -> Adapter:
    return ADAPTERS[kind].build(ADAPTERS[kind].settings.model_validate(section), Environment(now).outside)


def letters(path: Path, now: datetime = CLOCK, **section: object) -> Adapter:
    return adapter("letters", now, folder=path, **section)


def keys(source: Adapter) -> list[str]:
    return [listing.source_key for listing in source.list()]


def only(source: Adapter) -> Arrival | Missed:
    [value] = source.fetch(list(source.list()))
    return value


def reason(value: Arrival | Missed) -> str:
    assert isinstance(value, Missed)
    return value.reason


def written(file: Path) -> datetime:
    """When the file was last written to, as its file system says."""
    return datetime.fromtimestamp(file.stat().st_ctime, UTC)


# ---- still being written


def test_a_file_is_taken_once_it_has_been_left_alone_for_settle_seconds(tmp_path: Path) -> None:
    """A scan that is still being written waits; five seconds after the last change it is taken, whole."""
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"%PDF")
    assert "still being written" in reason(only(letters(tmp_path, written(file) + timedelta(seconds=4.9))))
    assert isinstance(only(letters(tmp_path, written(file) + timedelta(seconds=5.1))), Arrival)
    assert isinstance(only(letters(tmp_path, written(file) + timedelta(seconds=1), settle_seconds=0)), Arrival)


def test_a_copy_with_an_old_date_is_still_being_written_too(tmp_path: Path) -> None:
    """Copying tools set the mtime back before they are done: the ctime tells."""
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"%PDF")
    os.utime(file, (0, 1_300_000_000))
    assert "still being written" in reason(only(letters(tmp_path, written(file) + timedelta(seconds=1))))
    assert isinstance(only(letters(tmp_path, written(file) + timedelta(seconds=6))), Arrival)


def test_a_date_in_the_future_holds_nothing_up(tmp_path: Path) -> None:
    """A scanner whose clock is a year ahead does not keep its letters from being taken."""
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"%PDF")
    ahead = (written(file) + timedelta(days=365)).replace(microsecond=0)
    os.utime(file, (ahead.timestamp(), ahead.timestamp()))
    assert "still being written" in reason(only(letters(tmp_path, written(file) + timedelta(seconds=1))))
    value = only(letters(tmp_path, written(file) + timedelta(seconds=6)))
    assert isinstance(value, Arrival)
    assert value.arrived_at == ahead


def test_files_from_after_our_own_clock_are_taken(tmp_path: Path) -> None:
    """Where our own clock is years behind, nothing waits forever."""
    (tmp_path / "scan.pdf").write_bytes(b"%PDF")
    assert isinstance(only(letters(tmp_path, datetime(2011, 3, 1, tzinfo=UTC))), Arrival)


# ---- changing under the reader's hands


@contextmanager
def between_looks(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> Iterator[None]:
    """The change happens while a file is open for reading: after the first look at it, before the second."""
    look, looks = os.fstat, []

    def fstat(descriptor: int) -> os.stat_result:
        looks.append(descriptor)
        if len(looks) == 2:
            change()
        return look(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(folder.os, "fstat", fstat)
        yield


def test_a_file_that_grows_while_it_is_read_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a letter never arrives as a letter."""
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"%PDF")
    with between_looks(monkeypatch, lambda: file.write_bytes(b"%PDF and more")):
        assert "changed while it was being taken" in reason(only(letters(tmp_path)))
    assert isinstance(only(letters(tmp_path)), Arrival)


def test_a_file_replaced_since_the_listing_is_missed(tmp_path: Path) -> None:
    """Another letter under the same name never arrives under the first one's version."""
    file = tmp_path / "scan001.pdf"
    file.write_bytes(b"first")
    os.utime(file, (0, 1_300_000_000))
    source = letters(tmp_path)
    listed = list(source.list())
    (tmp_path / "new").write_bytes(b"other")
    (tmp_path / "new").rename(file)
    [value] = source.fetch(listed)
    assert "changed while it was being taken" in reason(value)
    [value] = source.fetch([listing for listing in source.list() if listing not in listed])
    assert isinstance(value, Arrival)
    assert value.original == b"other"


def test_a_large_file_that_changes_while_it_is_copied_is_noticed(tmp_path: Path) -> None:
    """A large file is handed over as a path; whoever copies it learns afterwards that the copy is of no use."""
    file = tmp_path / "scan.pdf"
    file.write_bytes(bytes(IN_MEMORY_BYTES + 1))
    value = only(letters(tmp_path))
    assert isinstance(value, Arrival)
    assert value.original == file
    assert content(value) == bytes(IN_MEMORY_BYTES + 1)
    times = file.stat().st_mtime_ns
    file.write_bytes(b"x" * (IN_MEMORY_BYTES + 1))
    os.utime(file, ns=(times, times))
    assert value.changed()
    file.unlink()
    assert value.changed()


# ---- what is no file, and what is not for us


def test_links_and_pipes_are_listed_and_missed(tmp_path: Path) -> None:
    """A link could lead anywhere, and a pipe would hold up the run: they wait, and what they name is not read."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.pdf").write_bytes(b"secret")
    scans = tmp_path / "scans"
    scans.mkdir()
    (scans / "link.pdf").symlink_to(outside / "secret.pdf")
    (scans / "folder").symlink_to(outside)
    (scans / "broken.pdf").symlink_to(outside / "nothing")
    os.mkfifo(scans / "pipe.pdf")
    source = letters(scans)
    listed = list(source.list())
    assert [listing.source_key for listing in listed] == ["broken.pdf", "folder", "link.pdf", "pipe.pdf"]
    assert {reason(value) for value in source.fetch(listed)} == {
        "This is a link or a special file, not a file: put the file itself into the folder."
    }


def test_what_programs_leave_behind_is_no_item(tmp_path: Path) -> None:
    """Hidden files, lock files and thumbnails are nobody's response; everything else is listed, whatever its suffix."""
    for name in (".DS_Store", "~$letter.docx", "Thumbs.db", "desktop.ini", ".hidden/scan.pdf", "a.pdf", "b.xyz", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    source = letters(tmp_path)
    assert keys(source) == ["a.pdf", "b.xyz", "c"]
    types = [value.media_type for value in source.fetch(list(source.list())) if isinstance(value, Arrival)]
    assert types == ["application/pdf", "application/octet-stream", "application/octet-stream"]


def test_an_empty_file_arrives(tmp_path: Path) -> None:
    """A file of 0 bytes is received like any other; what becomes of it is not for the adapter to say."""
    (tmp_path / "scan.pdf").touch()
    value = only(letters(tmp_path))
    assert isinstance(value, Arrival)
    assert value.original == b""


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (b"plain.pdf", "plain.pdf"),
        (b"caf\xe9.pdf", "caf%E9.pdf"),
        ("café.pdf".encode(), "café.pdf"),
        (b"100%.pdf", "100%.pdf"),
        (b"100%E9.pdf", "100%25E9.pdf"),
        (b"two\nlines.pdf", "two%0Alines.pdf"),
        (b"-rf *.pdf", "-rf *.pdf"),
        (b"..pdf", None),
    ],
)
def test_odd_names_have_keys_that_any_text_field_holds(tmp_path: Path, name: bytes, key: str | None) -> None:
    """A name that is no text is spelled out in the key, and the file is found again by it."""
    (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    source = letters(tmp_path)
    assert keys(source) == ([key] if key else [])
    for listing in source.list():
        listing.source_key.encode("utf-8")
        [value] = source.fetch([listing])
        assert isinstance(value, Arrival)


@given(st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_every_name_can_be_spelled_and_read_back(name: str) -> None:
    """No two names have one key, and a key leads back to its name."""
    assert unspell(spell(name)) == name
    assert spell(name).encode("utf-8").decode() == spell(name)


# ---- order


def test_scans_come_by_name_and_exports_by_age(tmp_path: Path) -> None:
    """Scans are listed by key. Of exports the oldest comes first, so that what is newest wins; equal ages go by key."""
    for age, name in enumerate(("c.csv", "a.csv", "b/z.csv", "b.csv")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (0, 1_300_000_000 + min(age, 2)))
    assert keys(letters(tmp_path)) == ["a.csv", "b.csv", "b/z.csv", "c.csv"]
    assert keys(adapter("survey", exports=tmp_path)) == ["c.csv", "a.csv", "b.csv", "b/z.csv"]
    assert keys(adapter("phone", log=tmp_path)) == ["c.csv", "a.csv", "b.csv", "b/z.csv"]


def test_a_log_may_be_one_file(tmp_path: Path) -> None:
    """``log`` and ``exports`` may name a file: it is listed by its name, and nothing beside it."""
    (tmp_path / "calls.csv").write_text("Said\nyes\n")
    (tmp_path / "other.csv").write_text("Said\nno\n")
    (tmp_path / "current.csv").symlink_to("calls.csv")
    for name in ("calls.csv", "current.csv"):
        source = adapter("phone", log=tmp_path / name)
        assert keys(source) == [name]
        value = only(source)
        assert isinstance(value, Arrival)
        assert (value.original, value.media_type, value.delivery) == (b"Said\nyes\n", "text/csv", True)


def test_exports_of_any_kind_are_deliveries(tmp_path: Path) -> None:
    """A spreadsheet among the exports is handed over as what it is, so that it is refused aloud and not passed over."""
    for name in ("a.csv", "b.TSV", "c.txt", "d.xlsx", "e"):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (0, 1_300_000_000))
    source = adapter("survey", exports=tmp_path)
    values = [value for value in source.fetch(list(source.list())) if isinstance(value, Arrival)]
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert [value.media_type for value in values] == ["text/csv"] * 3 + [sheet, "application/octet-stream"]
    assert all(value.delivery for value in values)


# ---- mail in folders


def test_a_message_keeps_its_key_when_a_mail_program_touches_it(tmp_path: Path) -> None:
    """Read, moved to ``cur``, flagged: the key and version stay, and a message listed before is found after."""
    for part in ("cur", "new", "tmp"):
        (tmp_path / "Team" / part).mkdir(parents=True)
    file = tmp_path / "Team/new/1300000000.M1P1.host,S=5"
    file.write_bytes(b"a: b\n")
    source = adapter("email", folder=tmp_path)
    listed = list(source.list())
    assert [listing.source_key for listing in listed] == ["Team/cur/1300000000.M1P1.host,S=5"]
    for name in ("cur/1300000000.M1P1.host,S=5:2,", "cur/1300000000.M1P1.host,S=5:2,RS"):
        file = file.rename(tmp_path / "Team" / name)
        for taking in (source, adapter("email", folder=tmp_path)):
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
    assert set(keys(adapter("email", folder=tmp_path))) == {
        "cur/1.a", "cur/2.a", ".Junk/cur/4.a", ".Junk.Old/cur/6.a", "letter.eml", "Plain/mail.eml", "Other/cur/10.a",
        "Other/cur/11.a", "Sent/mail.eml",
    }  # fmt: skip


def test_a_maildir_that_git_or_a_zip_has_brought_is_still_one(tmp_path: Path) -> None:
    """A copy that has lost the empty folders ``new`` and ``tmp`` is known by the flags in its file names."""
    (tmp_path / "Team/cur").mkdir(parents=True)
    (tmp_path / "Team/cur/1300000000.a:2,S").write_bytes(b"a: b\n")
    (tmp_path / "Team/cur/1300000001.a").write_bytes(b"a: b\n")
    source = adapter("email", folder=tmp_path)
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
    value = only(adapter("email", folder=tmp_path))
    assert isinstance(value, Arrival)
    assert (value.media_type, value.delivery) == (media_type, delivery)


def test_mail_in_files_comes_with_the_time_of_the_file(tmp_path: Path) -> None:
    """The file's time stands in for the arrival, to the microsecond, until a reader finds a better one."""
    (tmp_path / "a.eml").write_bytes(b"x")
    os.utime(tmp_path / "a.eml", ns=(0, 1_300_000_000_123_456_789))
    value = only(adapter("email", folder=tmp_path))
    assert isinstance(value, Arrival)
    assert (value.arrived_at, value.arrived_basis) == (datetime(2011, 3, 13, 7, 6, 40, 123456, UTC), "file_time")


# ---- a source that can't be used


@contextmanager
def without_permission(path: Path) -> Iterator[None]:
    """As an account that may not look into the folder; root may look into any."""
    mode = path.stat().st_mode
    path.chmod(0)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        path.chmod(stat.S_IMODE(mode))


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        ("email", "folder", "`folder` names a folder that does not exist"),
        ("letters", "folder", "`folder` names a folder that does not exist"),
        ("phone", "log", "`log` names a file or folder that does not exist"),
        ("survey", "exports", "`exports` names a file or folder that does not exist"),
    ],
)
def test_a_missing_folder_is_unavailable_and_its_path_not_told(tmp_path: Path, kind: str, key: str, said: str) -> None:
    """The error names the key of the config, and says what to do; listing and fetching agree."""
    source = adapter(kind, **{key: tmp_path / "Jane Doe"})
    for use in (source.list, lambda: source.fetch([])):
        with pytest.raises(SourceUnavailable, match=said) as raised:
            list(use())
        assert "Jane" not in str(raised.value)


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    """``folder`` naming a file is a mistake of the config, which no later run mends."""
    (tmp_path / "scan.pdf").touch()
    with pytest.raises(SourceRefused, match="`folder` names something that is no folder"):
        list(letters(tmp_path / "scan.pdf").list())


def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    """Without permission nothing is known, so nothing is listed: also where only a folder inside is closed."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "scan.pdf").touch()
    source = letters(tmp_path)
    for closed in (tmp_path, tmp_path / "inner"):
        for parent in (tmp_path, *tmp_path.parents[:-2]):
            parent.chmod(0o755)
        with without_permission(closed), pytest.raises(SourceRefused, match="let the account that runs intake read it"):
            list(source.list())


def test_a_file_that_may_not_be_read_waits_and_the_others_come(tmp_path: Path) -> None:
    """One closed file is missed with what to do about it."""
    for parent in (tmp_path, *tmp_path.parents[:-2]):
        parent.chmod(0o755)
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"x")
    source = letters(tmp_path)
    listed = list(source.list())
    with without_permission(tmp_path / "a.pdf"):
        closed, opened = source.fetch(listed)
    assert "no permission to read the file" in reason(closed)
    assert isinstance(opened, Arrival)
