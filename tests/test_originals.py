"""Originals on disk: named by what they hold, whole or not at all, and damage always shows."""

import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Arrival, stamp_of
from storage.originals import OriginalChanged, OriginalDamaged, OriginalStore

ARRIVED = datetime(2011, 3, 1, 12, tzinfo=UTC)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> OriginalStore:
    made = OriginalStore(tmp_path)
    made.create()
    return made


@contextmanager
def new_store() -> Iterator[tuple[OriginalStore, Path]]:
    """A store of its own for each of Hypothesis's examples."""
    with tempfile.TemporaryDirectory() as folder:
        made = OriginalStore(Path(folder))
        made.create()
        yield made, Path(folder)


def keep(store: OriginalStore, *contents: bytes | Path) -> list[str]:
    with store.batch() as batch:
        kept = [batch.add(content).sha256 for content in contents]
        batch.commit()
    return kept


def named(home: Path) -> dict[str, bytes]:
    """Every file that stands under the name of a hash: its bytes by that hash."""
    files = [p for p in (home / "originals").rglob("*") if p.is_file() and p.parent.name != "incoming"]
    return {p.parent.name + p.name: p.read_bytes() for p in files}


def left_over(home: Path) -> list[Path]:
    return list((home / "originals" / "incoming").iterdir())


def arrival(path: Path) -> Arrival:
    """A file as a folder's adapter hands it over: with the stamp that it had when it was looked at."""
    return Arrival("key", "1", path, "application/pdf", ARRIVED, "file_time", stamp=stamp_of(path.lstat()))


# --- keeping ----------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=200), st.booleans()), max_size=8))
def test_every_original_comes_back_to_the_byte(contents: list[tuple[bytes, bool]]) -> None:
    """Whatever bytes come, given as bytes or as a file, once or twice, are read back exactly, under their SHA-256."""
    with new_store() as (store, home):
        with store.batch() as batch:
            for n, (content, as_file) in enumerate(contents):
                source = home / f"source-{n}"
                source.write_bytes(content)
                stored = batch.add(source if as_file else content)
                assert (stored.sha256, stored.size) == (sha256(content), len(content))
            batch.commit()
        assert named(home) == {sha256(content): content for content, _ in contents}
        for content, _ in contents:
            assert store.read(sha256(content)) == content
            assert store.intact(sha256(content))
        assert left_over(home) == []


def test_a_large_file_is_kept_whole(store: OriginalStore, tmp_path: Path) -> None:
    """A file of 10 MB and a byte, which is copied in pieces, is kept to the last byte; the source stays as it was."""
    content = os.urandom(1 << 20) * 10 + b"!"
    source = tmp_path / "scan.pdf"
    source.write_bytes(content)
    before = source.stat()
    (kept,) = keep(store, source)
    assert kept == sha256(content)
    assert store.read(kept) == content
    assert stamp_of(source.stat()) == stamp_of(before)


def test_the_same_bytes_again_change_nothing(store: OriginalStore, tmp_path: Path) -> None:
    """Bytes that are kept already are found, and their file is not written again."""
    (first,) = keep(store, b"the same")
    before = stamp_of(store.path(first).stat())
    source = tmp_path / "again"
    source.write_bytes(b"the same")
    assert keep(store, b"the same", source, b"the same") == [first] * 3
    assert stamp_of(store.path(first).stat()) == before
    assert left_over(tmp_path) == []


def test_the_folders_are_for_the_owner_alone(tmp_path: Path) -> None:
    """Nobody but the owner can enter any folder of originals, whatever the umask is."""
    mask = os.umask(0)
    try:
        store = OriginalStore(tmp_path)
        store.create()
        keep(store, b"private")
    finally:
        os.umask(mask)
    folders = [p for p in (tmp_path / "originals", *(tmp_path / "originals").rglob("*")) if p.is_dir()]
    assert {stat.S_IMODE(p.stat().st_mode) for p in folders} == {0o700}


def test_writers_side_by_side_keep_the_same_originals(store: OriginalStore, tmp_path: Path) -> None:
    """Channels that run at the same time and take in the same and other bytes all keep what they took in."""
    contents = [f"original {n}".encode() for n in range(12)]

    def write(turn: int) -> None:
        keep(store, *contents[turn : turn + 6], *contents[:3])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    assert named(tmp_path) == {sha256(c): c for c in contents[:11]}
    assert left_over(tmp_path) == []


def test_two_batches_at_once_do_not_mix(store: OriginalStore, tmp_path: Path) -> None:
    """Two batches that are open at the same time keep each its own: no name ever stands on other bytes."""
    with store.batch() as one, store.batch() as other:
        one.add(b"one")
        other.add(b"other")
        one.commit()
        other.commit()
    assert named(tmp_path) == {sha256(c): c for c in (b"one", b"other")}


# --- nothing half done ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["left", "raised"])
def test_a_batch_that_is_not_committed_leaves_nothing(store: OriginalStore, tmp_path: Path, how: str) -> None:
    """What was only added, and then left or broken off by an error, has no name and takes no space."""
    source = tmp_path / "source"
    source.write_bytes(b"a file")
    try:
        with store.batch() as batch:
            batch.add(b"some bytes")
            batch.add(source)
            if how == "raised":
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert how == "raised"
    assert named(tmp_path) == {}
    assert left_over(tmp_path) == []


def test_an_original_that_can_not_be_read_leaves_nothing(store: OriginalStore, tmp_path: Path) -> None:
    """A source that turns out to be no file spoils neither the batch nor the folder."""
    with store.batch() as batch:
        with pytest.raises(OSError, match="directory"):
            batch.add(tmp_path)
        batch.add(b"the next one")
        batch.commit()
    assert list(named(tmp_path).values()) == [b"the next one"]
    assert left_over(tmp_path) == []


KILLED = """
import os, pathlib, signal, sys
from storage.originals import OriginalStore
renames = 0
rename = pathlib.Path.rename

def deadly(self, target):
    global renames
    if renames == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    renames += 1
    return rename(self, target)

pathlib.Path.rename = pathlib.Path.replace = deadly
store = OriginalStore(pathlib.Path(sys.argv[1]))
with store.batch() as batch:
    for n in range(4):
        batch.add(b"%d" % n * 5000)
    batch.commit()
"""


@pytest.mark.parametrize("renamed", [0, 1, 3])
def test_a_kill_between_sync_and_rename_loses_nothing(store: OriginalStore, tmp_path: Path, renamed: int) -> None:
    """After a kill in the middle of naming, every name that is there stands on its own whole bytes, and the next run
    keeps all of them."""
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path, str(renamed)], check=False)
    assert done.returncode == -signal.SIGKILL
    kept = named(tmp_path)
    assert len(kept) == renamed
    assert all(sha256(content) == name for name, content in kept.items())
    wanted = [b"%d" % n * 5000 for n in range(4)]
    keep(store, *wanted)
    assert named(tmp_path) == {sha256(content): content for content in wanted}


FULL = """
import pathlib, resource, signal, sys
from storage.originals import OriginalStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
home = pathlib.Path(sys.argv[1])
original = bytes(2_000_000) if sys.argv[2] == "bytes" else home / "source"
try:
    with OriginalStore(home).batch() as batch:
        batch.add(b"small")
        batch.add(original)
        batch.commit()
except OSError as error:
    sys.exit(f"{type(error).__name__} {error.errno}")
"""


@pytest.mark.parametrize("given_as", ["bytes", "file"])
def test_a_full_disk_leaves_nothing_half_written(store: OriginalStore, tmp_path: Path, given_as: str) -> None:
    """When no more can be written it says so, and neither a name nor half a file is left to fill the disk further."""
    (tmp_path / "source").write_bytes(bytes(2_000_000))
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path, given_as], check=False, capture_output=True, text=True)
    assert done.stderr.strip() == "OSError 27"
    assert done.returncode == 1
    assert named(tmp_path) == {}
    assert left_over(tmp_path) == []


# --- a source that does not hold still --------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["appended", "same size and time", "replaced", "gone"])
def test_a_source_that_changes_is_not_kept(store: OriginalStore, tmp_path: Path, change: str) -> None:
    """A file that is no longer the one that was listed is refused, even if size and time were set back."""
    source = tmp_path / "scan.pdf"
    source.write_bytes(b"the first letter")
    listed, before = arrival(source), source.stat()
    if change == "appended":
        with source.open("ab") as stream:
            stream.write(b", and more")
    elif change == "same size and time":
        source.write_bytes(b"another  letter!")
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "replaced":
        (tmp_path / "new").write_bytes(b"the first letter")
        (tmp_path / "new").replace(source)
    else:
        source.unlink()
    with store.batch() as batch:
        with pytest.raises(OriginalChanged):
            batch.add(source, listed.changed)
        batch.add(b"the next one")
        batch.commit()
    assert list(named(tmp_path).values()) == [b"the next one"]
    assert left_over(tmp_path) == []


def test_a_source_that_holds_still_is_kept(store: OriginalStore, tmp_path: Path) -> None:
    """A file that is still the one that was listed is kept."""
    source = tmp_path / "scan.pdf"
    source.write_bytes(b"a letter")
    with store.batch() as batch:
        kept = batch.add(source, arrival(source).changed)
        batch.commit()
    assert store.read(kept.sha256) == b"a letter"


# --- damage at rest ---------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=1, max_size=3_000), st.data())
def test_any_damage_shows(content: bytes, data: st.DataObject) -> None:
    """Whichever byte is changed, lost or added, the original is not intact, and its bytes are not handed out."""
    with new_store() as (store, _):
        (kept,) = keep(store, content)
        path = store.path(kept)
        at = data.draw(st.integers(0, len(content) - 1))
        flipped = content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :]
        damaged = data.draw(st.sampled_from([flipped, content[:at], content + b"\0", b"\0" + content]))
        path.write_bytes(damaged)
        assert not store.intact(kept)
        with pytest.raises(OriginalDamaged, match=kept):
            store.read(kept)


@pytest.mark.parametrize("instead", ["nothing", "folder", "dangling link"])
def test_an_original_that_is_gone_is_not_intact(store: OriginalStore, instead: str) -> None:
    """An original whose file is missing, or no file any more, is not intact; asking does not raise."""
    (kept,) = keep(store, b"once here")
    path = store.path(kept)
    path.unlink()
    if instead == "folder":
        path.mkdir()
    elif instead == "dangling link":
        path.symlink_to(path.with_name("nowhere"))
    assert store.intact(kept) is False
    if instead != "folder":
        with pytest.raises(OriginalDamaged, match="missing"):
            store.read(kept)


def test_a_missing_original_is_mended_by_the_same_bytes(store: OriginalStore) -> None:
    """Bytes that arrive again take the place of a file that is lost or cut short."""
    lost, short = keep(store, b"lost", b"cut short")
    store.path(lost).unlink()
    store.path(short).write_bytes(b"cut")
    keep(store, b"lost", b"cut short")
    assert store.read(lost) == b"lost"
    assert store.read(short) == b"cut short"


def test_right_size_and_wrong_bytes_do_not_pass(store: OriginalStore) -> None:
    """A file of the right size and time with other bytes is found damaged."""
    (kept,) = keep(store, b"the words")
    before = store.path(kept).stat()
    store.path(kept).write_bytes(b"THE WORDS")
    os.utime(store.path(kept), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not store.intact(kept)
    with pytest.raises(OriginalDamaged, match="other bytes"):
        store.read(kept)


# --- what a killed run left behind ------------------------------------------------------------------------------------


def test_only_what_is_old_is_cleared_away(store: OriginalStore, tmp_path: Path) -> None:
    """What a killed run left long ago is taken away; what may be another run's work under way, and all that has a name,
    stays."""
    (kept,) = keep(store, b"named")
    incoming = tmp_path / "originals" / "incoming"
    for name, age in (("old", 1_000.0), ("young", 3_000.0)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (age, age))
    os.utime(store.path(kept), (1_000.0, 1_000.0))
    store.clear_incoming(2_000.0)
    assert [p.name for p in left_over(tmp_path)] == ["young"]
    assert store.intact(kept)


def test_clearing_away_does_not_mind_a_run_under_way(store: OriginalStore, tmp_path: Path) -> None:
    """A command that opens the home while a run is taking things in is not disturbed by files that come and go."""
    incoming = tmp_path / "originals" / "incoming"
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            for n in range(20):
                (incoming / str(n)).write_bytes(b"")
            for n in range(20):
                (incoming / str(n)).unlink()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        try:
            for _ in range(3_000):
                store.clear_incoming(0.0)
        finally:
            stop.set()
        running.result()
