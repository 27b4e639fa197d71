"""Originals as content-addressed files: written once, synced before anything refers to them, never changed.

A file stands at ``originals/ab/cdef…`` by its SHA-256. Writing is in three steps so that no crash can leave half a file
under a full name: bytes into ``originals/incoming``, one sync of the file system for the whole batch, then renames
and a
second sync. ``syncfs`` on a batch costs a sixth of an ``fsync`` a file, and reports write errors since Linux 5.8.
"""

import ctypes
import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_CHUNK = 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)


class OriginalChanged(Exception):
    """The file at the source changed while it was being copied; nothing of it is kept."""


class OriginalDamaged(Exception):
    """The stored bytes are missing or are no longer those that their name says."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: the SHA-256 in hex and the size in bytes."""

    sha256: str
    size: int


class OriginalStore:
    """The folder of originals below a home.

    Raises (all methods that write):
        OSError: the disk is full or the folder can't be written; nothing half-written has a name then.
    """

    def __init__(self, home: Path) -> None:
        self._root = home / "originals"
        self._incoming = self._root / "incoming"

    def create(self) -> None:
        """Make the folders, for the owner's eyes only."""
        for folder in (self._root, self._incoming):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)

    def path(self, sha256: str) -> Path:
        """Where the original of this hash stands."""
        return self._root / sha256[:2] / sha256[2:]

    def batch(self) -> "Batch":
        """Start a batch of originals; they are durable and named once ``Batch.commit`` has returned."""
        return Batch(self, self._incoming)

    def read(self, sha256: str) -> bytes:
        """The exact bytes.

        Raises:
            OriginalDamaged: the file is missing, or its bytes have another hash.
        """
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise OriginalDamaged(f"original {sha256} is missing") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise OriginalDamaged(f"original {sha256} has other bytes than were received")
        return content

    def intact(self, sha256: str) -> bool:
        """Whether the stored bytes are those that were received; reads all of them, a piece at a time."""
        digest = hashlib.sha256()
        try:
            for chunk in _chunks(self.path(sha256)):
                digest.update(chunk)
        except OSError:
            return False
        return digest.hexdigest() == sha256

    def clear_incoming(self, younger_than: float) -> None:
        """Take away what a killed run left unnamed. ``younger_than``: POSIX seconds; newer files may be in use."""
        for left in self._incoming.iterdir():
            # A run at work renames its files meanwhile.
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < younger_than:
                    left.unlink()


class Batch:
    """Originals written together. Use it as a context manager: what is not committed is taken away."""

    def __init__(self, store: OriginalStore, incoming: Path) -> None:
        self._store = store
        self._incoming = incoming
        self._written: dict[str, Path] = {}
        self._temporaries: list[Path] = []
        self._found = False
        self.size = 0

    def __enter__(self) -> "Batch":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for temporary in self._temporaries:
            temporary.unlink(missing_ok=True)

    def add(self, original: bytes | Path, changed: Callable[[], bool] = lambda: False) -> Stored:
        """Write one original's bytes. A file is copied; ``changed`` is then asked whether it is still the one meant.

        Raises:
            OriginalChanged: the file changed, or went away, while it was copied.
            OSError: it can't be written.
        """
        stored = self._write(original) if isinstance(original, bytes) else self._copy(original, changed)
        self.size += stored.size
        return stored

    def _write(self, content: bytes) -> Stored:
        stored = Stored(hashlib.sha256(content).hexdigest(), len(content))
        if self._is_new(stored):
            temporary = self._temporary()
            temporary.write_bytes(content)
            self._written[stored.sha256] = temporary
        return stored

    def commit(self) -> None:
        """Make all of them durable under their names."""
        if not self._written and not self._found:
            return
        _sync_file_system(self._incoming)
        for sha256, temporary in self._written.items():
            target = self._store.path(sha256)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            temporary.rename(target)
        # Also where all of them were there already: a run that was killed may have renamed one and not synced it.
        _sync_file_system(self._incoming)
        self._written.clear()
        self._found = False
        self.size = 0

    def _is_new(self, stored: Stored) -> bool:
        if stored.sha256 in self._written:
            return False
        try:
            # A file of the right size was renamed into place after a sync, so its bytes are the ones of its name;
            # damage at rest is `verify`'s to find.
            is_there = self._store.path(stored.sha256).stat().st_size == stored.size
        except FileNotFoundError:
            return True
        self._found |= is_there
        return not is_there

    def _temporary(self) -> Path:
        temporary = self._incoming / secrets.token_hex(8)
        self._temporaries.append(temporary)
        return temporary

    def _copy(self, source: Path, changed: Callable[[], bool]) -> Stored:
        temporary = self._temporary()
        digest = hashlib.sha256()
        size = 0
        try:
            with temporary.open("wb") as target:
                for chunk in _chunks(source):
                    digest.update(chunk)
                    target.write(chunk)
                    size += len(chunk)
        except FileNotFoundError as error:
            raise OriginalChanged from error
        if changed():
            raise OriginalChanged
        stored = Stored(digest.hexdigest(), size)
        if self._is_new(stored):
            self._written[stored.sha256] = temporary
        return stored


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _sync_file_system(folder: Path) -> None:
    """Flush the file system that holds the folder to the disk.

    Raises:
        OSError: a write failed since the folder was opened, or the flush itself does.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _libc.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            if number != errno.ENOSYS:
                raise OSError(number, os.strerror(number))
            os.sync()
    finally:
        os.close(descriptor)
