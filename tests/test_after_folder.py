"""``after = "move:…"`` on a folder: received files move below it, in one step, and never over another file."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import put_away as moving
from channels.base import Adapter, SourceRefused
from channels.put_away import put_away
from tests.conformance import build
from tests.support.consultation import Consultation, message

TARGET = "Taken in"


def folder(path: Path, kind: str = "letters", **section: object) -> Adapter:
    return build(kind, {"folder": path, "after": f"move:{TARGET}", "settle_seconds": 0} | section)


def keys(source: Adapter) -> list[str]:
    return [listing.source_key for listing in source.list()]


def files(path: Path) -> dict[str, bytes]:
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def write(path: Path, name: str, content: bytes) -> Path:
    file = path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_received_files_move_with_their_folders(tmp_path: Path) -> None:
    """What lies in folders keeps them below the target, which is made, and whose files are not listed."""
    names = ["a.pdf", "Monday/b.pdf", "Monday/Taken in/c.pdf", "Ünter.pdf"]
    for name in names:
        write(tmp_path, name, name.encode())
    source = folder(tmp_path)
    assert keys(source) == sorted(names)
    source.after_commit(names)
    assert files(tmp_path) == {f"{TARGET}/{name}": name.encode() for name in names}
    assert keys(source) == keys(folder(tmp_path)) == []


def test_a_name_that_is_taken_is_never_written_over(tmp_path: Path) -> None:
    """A scanner that counts from 1 again each day loses nothing: the second one gets a name beside the first."""
    source = folder(tmp_path)
    for day in ("Monday", "Tuesday", "Wednesday"):
        write(tmp_path, "scan 1.pdf", day.encode())
        source.after_commit(keys(source))
    assert files(tmp_path) == {
        f"{TARGET}/scan 1.pdf": b"Monday", f"{TARGET}/scan 1 (2).pdf": b"Tuesday",
        f"{TARGET}/scan 1 (3).pdf": b"Wednesday",
    }  # fmt: skip


def test_a_file_that_took_the_place_of_another_stays(tmp_path: Path) -> None:
    """Only the file that was listed moves: what was written under its name since is listed, and received, by itself."""
    file = write(tmp_path, "a.pdf", b"first")
    source = folder(tmp_path)
    listed = keys(source)
    os.utime(file, ns=(0, 1))
    source.after_commit(listed)
    source.after_commit([*listed, "never listed.pdf", "../a.pdf", "/etc/passwd"])
    assert files(tmp_path) == {"a.pdf": b"first"}
    assert keys(source) == ["a.pdf"]


@pytest.mark.parametrize("again", [False, True])
def test_a_file_replaced_in_that_very_moment_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, again: bool
) -> None:
    """Between the look and the step another letter comes under the same name: it is not taken for the first one, and
    goes back, beside a third one if that has come in the meantime."""
    file = write(tmp_path, "a.pdf", b"first")
    source = folder(tmp_path)
    listed = keys(source)
    rename, renamed = moving._rename, []

    def meanwhile(old: Path, new: Path) -> None:
        if not renamed:
            write(tmp_path, "a.pdf", b"second").touch()
        rename(old, new)
        renamed.append(new)
        if again and len(renamed) == 1:
            write(tmp_path, "a.pdf", b"third")

    with monkeypatch.context() as patched:
        patched.setattr(moving, "_rename", meanwhile)
        source.after_commit(listed)
    assert files(tmp_path) == ({"a.pdf": b"third", "a (2).pdf": b"second"} if again else {"a.pdf": b"second"})
    assert file.exists()


@pytest.mark.parametrize("number", [22, 38])
def test_a_share_that_knows_no_such_step_overwrites_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Where the file system can't rename without replacing (EINVAL, ENOSYS), the name is looked at first."""
    import ctypes

    monkeypatch.setattr(moving, "_renameat2", lambda *_: ctypes.set_errno(number) or -1)
    source = folder(tmp_path)
    for content in (b"first", b"second"):
        write(tmp_path, "a.pdf", content)
        source.after_commit(keys(source))
    assert files(tmp_path) == {f"{TARGET}/a.pdf": b"first", f"{TARGET}/a (2).pdf": b"second"}


def test_what_can_t_be_moved_is_said_and_the_others_move(tmp_path: Path) -> None:
    """A file in the place of a folder below the target: that one letter stays, the others move, nothing is lost."""
    for name in ("a.pdf", "b/c.pdf", "d.pdf"):
        write(tmp_path, name, name.encode())
    write(tmp_path, f"{TARGET}/b", b"in the way")
    source = folder(tmp_path)
    with pytest.raises(SourceRefused, match=r"can't be moved to the folder that `after` names \(.+\): let the account"):
        source.after_commit(keys(source))
    assert sorted(files(tmp_path)) == [f"{TARGET}/a.pdf", f"{TARGET}/b", f"{TARGET}/d.pdf", "b/c.pdf"]
    assert keys(source) == ["b/c.pdf"]


names = st.sampled_from(["a", "a.pdf", "a (2).pdf", "a (2)", ".pdf", "b.tar.gz"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(names, st.binary(min_size=1, max_size=3)), max_size=8))
def test_whatever_moves_in_whatever_order_all_bytes_are_still_there(
    tmp_path_factory: pytest.TempPathFactory, arriving: list[tuple[str, bytes]]
) -> None:
    """Files of any names, one after the other: as many as came lie in the target, with the bytes that came."""
    here = tmp_path_factory.mktemp("any")
    for name, content in arriving:
        file = write(here, name, content)
        assert put_away(file, moving.version_of(file.lstat()), here / TARGET / name)
    assert sorted(files(here).values()) == sorted(content for _, content in arriving)
    assert all(name.startswith(f"{TARGET}/") for name in files(here))


def test_a_folder_of_mail_is_put_away_too(tmp_path: Path) -> None:
    """Files, and messages of Maildirs wherever a mail program has moved them since they were listed."""
    write(tmp_path, "a.eml", b"a: b\n")
    write(tmp_path, "Team/new/1300000000.M1P1.host", b"c: d\n")
    (tmp_path / "Team/cur").mkdir()
    source = folder(tmp_path, "email")
    listed = keys(source)
    (tmp_path / "Team/new/1300000000.M1P1.host").rename(tmp_path / "Team/cur/1300000000.M1P1.host:2,S")
    source.after_commit(listed)
    assert sorted(files(tmp_path)) == [f"{TARGET}/Team/cur/1300000000.M1P1.host:2,S", f"{TARGET}/a.eml"]
    assert keys(source) == keys(folder(tmp_path, "email")) == []


def test_without_after_nothing_moves(tmp_path: Path) -> None:
    """A folder whose section has no ``after`` stays as it is."""
    write(tmp_path, "a.pdf", b"first")
    source = build("letters", {"folder": tmp_path, "settle_seconds": 0})
    source.after_commit(keys(source))
    assert files(tmp_path) == {"a.pdf": b"first"}


# ---- the whole program


def test_a_run_puts_away_what_it_received(place: Consultation) -> None:
    """Received, read, put away; the next run lists nothing, and what was received stays. The same name with another
    letter is another receipt; a copy of one that was put away is no further one."""
    place.configure("settle_seconds = 0", f'settle_seconds = 0\nafter = "move:{TARGET}"')
    place.put("letters/a.txt", "Keep Watton open, please.")
    place.put("letters/sub/b.txt", "Close it, and build another one.")
    place.takes("letters", listed=2, received=2, read=2, responses=2)
    assert sorted(files(place.folder / "letters")) == [f"{TARGET}/a.txt", f"{TARGET}/sub/b.txt"]
    kept = place.receipts()
    place.takes("letters", listed=0, received=0, read=2, responses=2)
    assert place.receipts() == kept
    place.put("letters/a.txt", "Another letter altogether.")
    place.put("letters/copy.txt", "Close it, and build another one.")
    place.takes("letters", listed=2, received=1, read=3, responses=3)
    assert len(files(place.folder / "letters")) == 4
    assert place.failures() == {}


def test_a_letter_that_is_still_being_written_stays(place: Consultation) -> None:
    """What waits has no receipt yet, and is left where it is."""
    place.configure("settle_seconds = 0", f'settle_seconds = 3600\nafter = "move:{TARGET}"')
    place.put("letters/a.txt", "Keep Watton")
    place.takes("letters", listed=1, received=0, waiting=1)
    assert sorted(files(place.folder / "letters")) == ["a.txt"]


def test_a_file_of_many_messages_stays_until_it_is_split(place: Consultation) -> None:
    """An mbox is durable before it is split, but its messages have no receipts yet: it is put away once they have."""
    place.configure('folder = "inbox"', f'folder = "inbox"\nafter = "move:{TARGET}"')
    place.configure('sandbox = "auto"', 'sandbox = "require"')
    place.mbox("in.mbox", message("One."), message("Two."))
    place.mail("a.eml", "Three.")
    if place.run("email")["channels"]["email"]["pending"]:  # no sandbox yet: nothing is split
        assert sorted(files(place.folder / "inbox")) == [f"{TARGET}/a.eml", "in.mbox"]
    place.configure('sandbox = "require"', 'sandbox = "auto"')
    found = place.run("email")["channels"]["email"]
    assert (found["read"], found["responses"], found["error"]) == (3, 3, None)
    assert sorted(files(place.folder / "inbox")) == [f"{TARGET}/a.eml", f"{TARGET}/in.mbox"]
    place.takes("email", listed=0, received=0, read=3, responses=3)
    assert place.failures() == {}
