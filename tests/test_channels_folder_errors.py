"""A folder that can't be used: the error names the key of the config and what to do, and never tells a path."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from channels.base import Arrival, Missed, SourceRefused, SourceUnavailable
from tests.conformance import build

NOBODY = 65534


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


@pytest.fixture
def scans() -> Iterator[Path]:
    """A folder that other accounts can reach: pytest's own folders are closed to them."""
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        folder.chmod(0o755)
        yield folder


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
    source = build(kind, {key: tmp_path / "Jane Doe"})
    for use in (source.list, lambda: source.fetch([])):
        with pytest.raises(SourceUnavailable, match=said) as raised:
            list(use())
        assert "Jane" not in str(raised.value)


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    """``folder`` naming a file is a mistake of the config, which no later run mends."""
    (tmp_path / "scan.pdf").touch()
    with pytest.raises(SourceRefused, match="`folder` names something that is no folder"):
        list(build("letters", {"folder": tmp_path / "scan.pdf"}).list())


def test_a_folder_that_may_not_be_read_is_refused(scans: Path) -> None:
    """Without permission nothing is known, so nothing is listed: also where only a folder inside is closed."""
    (scans / "inner").mkdir()
    (scans / "scan.pdf").touch()
    source = build("letters", {"folder": scans})
    for closed in (scans, scans / "inner"):
        with without_permission(closed), pytest.raises(SourceRefused, match="let the account that runs intake read it"):
            list(source.list())


def test_a_file_that_may_not_be_read_waits_and_the_others_come(scans: Path) -> None:
    """One closed file is missed with what to do about it."""
    for name in ("a.pdf", "b.pdf"):
        (scans / name).write_bytes(b"x")
    source = build("letters", {"folder": scans})
    listed = list(source.list())
    with without_permission(scans / "a.pdf"):
        closed, opened = source.fetch(listed)
    assert isinstance(closed, Missed)
    assert "no permission to read the file" in closed.reason
    assert isinstance(opened, Arrival)
