"""Folders as people and programs use them: files half written, renamed, replaced, linked and oddly named."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import clocks, folder
from channels.base import Adapter, Arrival, Missed
from channels.folder import IN_MEMORY_BYTES
from channels.names import spell, unspell
from tests.conformance import CLOCK, Environment, build, content


def letters(path: Path, now: datetime = CLOCK, **section: object) -> Adapter:
    return build("letters", section | {"folder": path}, Environment(now))


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
    """Where our own clock is years behind, nothing waits forever, and nothing is taken half: a file must stay as it is
    for ``settle_seconds`` of the run itself."""
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"%PDF")
    source = letters(tmp_path, datetime(2011, 3, 1, tzinfo=UTC), settle_seconds=0.2)
    began = time.monotonic()
    assert isinstance(only(source), Arrival)
    assert time.monotonic() - began > 0.2
    listed = list(source.list())
    file.write_bytes(b"%PDF and more")
    assert reason(next(iter(source.fetch(listed))))


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_on_a_share_a_file_must_stay_as_it_is_while_we_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The clock of the machine that shares the folder may be wrong by an hour: its times prove nothing, so that no half
    of a file is taken for one that has been left alone, and all the files of a run wait ``settle_seconds`` once."""
    monkeypatch.setattr(folder.clocks, "is_ours", lambda _: False)
    for name in "abc":
        (tmp_path / f"{name}.pdf").write_bytes(b"%PDF")
    source = letters(tmp_path, datetime.now(UTC) + timedelta(hours=hours), settle_seconds=0.3)
    began = time.monotonic()
    assert all(isinstance(value, Arrival) for value in source.fetch(list(source.list())))
    assert 0.3 < time.monotonic() - began < 0.6
    listed = list(source.list())
    (tmp_path / "b.pdf").write_bytes(b"%PDF and more")
    found = {value.source_key: value for value in source.fetch(listed)}
    assert isinstance(found["a.pdf"], Arrival)
    assert "still being written" in reason(found["b.pdf"])


def test_the_kernel_says_whose_clock_it_is(tmp_path: Path) -> None:
    """Of this machine's own disks, whatever their kind, and of a path that is not there yet."""
    assert clocks.file_system(Path("/proc/self")) == "proc"
    assert clocks.file_system(tmp_path / "to/be/made") == clocks.file_system(tmp_path) != ""
    assert not clocks.is_ours(Path("/proc/self"))
    assert clocks.is_ours(tmp_path)


@pytest.mark.parametrize("name", ["scan.pdf.part", "Scan 1.TMP", "letter.filepart", "a.crdownload"])
def test_a_name_of_something_unfinished_waits_for_its_own_name(tmp_path: Path, name: str) -> None:
    """Scanners and copying programs rename what is done: until then it is no letter, and it is said that it waits."""
    (tmp_path / name).write_bytes(b"%PDF")
    assert "once it has its own name" in reason(only(letters(tmp_path)))
    (tmp_path / name).rename(tmp_path / "scan.pdf")
    assert isinstance(only(letters(tmp_path)), Arrival)


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


def test_a_large_log_behind_a_configured_link_can_be_copied(tmp_path: Path) -> None:
    """The operator's own link to a large log is no change of the log."""
    (tmp_path / "log 2011.csv").write_bytes(bytes(IN_MEMORY_BYTES + 1))
    (tmp_path / "current.csv").symlink_to("log 2011.csv")
    value = only(build("phone", {"log": tmp_path / "current.csv"}))
    assert isinstance(value, Arrival)
    assert value.source_key == "current.csv"
    assert len(content(value)) == IN_MEMORY_BYTES + 1


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
    assert keys(build("survey", {"exports": tmp_path})) == ["c.csv", "a.csv", "b.csv", "b/z.csv"]
    assert keys(build("phone", {"log": tmp_path})) == ["c.csv", "a.csv", "b.csv", "b/z.csv"]


def test_a_log_may_be_one_file(tmp_path: Path) -> None:
    """``log`` and ``exports`` may name a file: it is listed by its name, and nothing beside it."""
    (tmp_path / "calls.csv").write_text("Said\nyes\n")
    (tmp_path / "other.csv").write_text("Said\nno\n")
    (tmp_path / "current.csv").symlink_to("calls.csv")
    for name in ("calls.csv", "current.csv"):
        source = build("phone", {"log": tmp_path / name})
        assert keys(source) == [name]
        value = only(source)
        assert isinstance(value, Arrival)
        assert (value.original, value.media_type, value.delivery) == (b"Said\nyes\n", "text/csv", True)


def test_exports_of_any_kind_are_deliveries(tmp_path: Path) -> None:
    """A spreadsheet among the exports is handed over as what it is, so that it is refused aloud and not passed over."""
    for name in ("a.csv", "b.TSV", "c.txt", "d.xlsx", "e"):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (0, 1_300_000_000))
    source = build("survey", {"exports": tmp_path})
    values = [value for value in source.fetch(list(source.list())) if isinstance(value, Arrival)]
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert [value.media_type for value in values] == ["text/csv"] * 3 + [sheet, "application/octet-stream"]
    assert all(value.delivery for value in values)
