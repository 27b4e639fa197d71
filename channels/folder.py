"""What the adapters of folders share: listing, and reading files that others may be writing to just now.

Reading changes nothing at the source: files are opened for reading only, and links are never followed.
"""

import os
import stat
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from channels import clocks
from channels.base import (
    Arrival,
    Listing,
    Missed,
    Outside,
    SourceError,
    SourceRefused,
    SourceUnavailable,
    stamp_of,
    version_of,
)
from channels.layout import Layout
from channels.names import is_unfinished
from channels.put_away import put_away

IN_MEMORY_BYTES = 1 << 20
"""Up to this size a file is handed over as bytes; a larger one as its path, so that no adapter fills the memory."""

CLOCK_SKEW_S = 60
"""A file time that is further in the future than this does not say when the file was last written to."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GONE = "The file is no longer there: the next listing shows whether it was moved or taken away."
_LINK = "This is a link or a special file, not a file: put the file itself into the folder."
_WRITING = "The file is still being written: it is taken once it has not changed for settle_seconds."
_UNFINISHED = (
    "The name of this file is one that programs give while they write it: it is taken once it has its own name."
)
_CHANGED = "The file was changed while it was being taken: the next run takes it."
_FORBIDDEN = "There is no permission to read the file: let the account that runs intake read it."


class FolderAdapter:
    """Files in a folder, or one file.

    ``setting`` is the config key that names ``path``: errors name the key, never the path. ``order`` of the listing: by
    source key, or by mtime and then source key, so that of two exports the newer comes last. A file is taken once
    nothing has written to it for ``settle_seconds``, and, where these are not 0, once it has no name of an unfinished
    one. ``taken_in``: the folder below, not listed, that files move to
    once they are durable; None if they stay.
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        outside: Outside,
        *,
        setting: str,
        settle_seconds: float,
        order: Literal["key", "time"] = "key",
        taken_in: str | None = None,
    ) -> None:
        self._path = path
        self._layout = layout
        self._clock = outside.clock
        self._setting = setting
        self._settle_seconds = settle_seconds
        self._by_time = order == "time"
        self._taken_in = taken_in
        self._versions: dict[str, str] = {}  # of the last listing, by source key, where they will be asked for
        self._looks: dict[str, tuple[int, ...]] = {}  # of the last listing, where times prove nothing
        self._looked_at = 0.0
        self._their_clock = False

    def list(self) -> Iterator[Listing]:
        """Yield every file, whole, in order.

        Raises:
            SourceUnavailable: the folder is missing or can't be read now.
            SourceRefused: there is no permission, or it is no folder.
        """
        self._check()
        try:
            items = list(self._layout.walk(self._path))
        except OSError as error:
            raise self._failure(error) from error
        if self._taken_in is not None:
            self._versions = {item.key: item.version for item in items}
        if self._settle_seconds > 0:
            self._looked_at = time.monotonic()
            self._their_clock = not clocks.is_ours(self._path)
            self._looks = {item.key: stamp_of(item.status) for item in items if self._proves_nothing(item.status)}
        items.sort(key=lambda item: (item.status.st_mtime_ns if self._by_time else 0, item.key))
        for item in items:
            yield Listing(item.key, item.version)

    def fetch(self, listings: Sequence[Listing]) -> Iterator[Arrival | Missed]:
        """Yield each file as it was listed, or why it can't be taken now.

        Raises:
            SourceUnavailable: the folder is missing or can't be read now.
            SourceRefused: there is no permission, or it is no folder.
        """
        self._check()
        for listing in listings:
            yield self._take(listing)

    def after_commit(self, source_keys: Sequence[str]) -> None:
        """Move these files, as they were listed, to the same path below ``taken_in``; without it, nothing.

        Another file that has taken the place of one since is no such file, and stays.

        Raises:
            SourceRefused: a file can't be moved; the others were.
        """
        failure: OSError | None = None
        for key in source_keys if self._taken_in is not None else ():
            file, version = self._layout.locate(self._path, key), self._versions.get(key)
            if file is None or version is None or self._taken_in is None:
                continue
            try:
                put_away(file, version, self._path / self._taken_in / file.relative_to(self._path))
            except OSError as error:
                failure = failure or error
        if failure is not None:
            said = os.strerror(failure.errno) if failure.errno else "unknown reason"
            raise SourceRefused(
                f"A received file can't be moved to the folder that `after` names ({said}): let the account that runs "
                f"intake write in `{self._setting}`. Nothing is lost: the next run moves it."
            ) from failure

    def close(self) -> None:
        """Nothing is held open."""

    def _check(self) -> None:
        try:
            mode = self._path.stat().st_mode
        except OSError as error:
            raise self._failure(error) from error
        if not stat.S_ISDIR(mode) and (self._setting == "folder" or not stat.S_ISREG(mode)):
            raise SourceRefused(f"`{self._setting}` names something that is no folder: name the folder of the files.")

    def _failure(self, error: OSError) -> SourceError:
        if isinstance(error, PermissionError):
            return SourceRefused(
                f"`{self._setting}` names a folder that can't be read whole: let the account that runs intake read it."
            )
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            thing = "a folder" if self._setting == "folder" else "a file or folder"
            return SourceUnavailable(
                f"`{self._setting}` names {thing} that does not exist: create or mount it, or correct the path."
            )
        said = os.strerror(error.errno) if error.errno else "unknown reason"
        return SourceUnavailable(
            f"`{self._setting}` names a folder that can't be read now ({said}): check the disk or share."
        )

    def _take(self, listing: Listing) -> Arrival | Missed:
        def missed(reason: str) -> Missed:
            return Missed(listing.source_key, listing.version, reason)

        path = self._layout.locate(self._path, listing.source_key)
        if path is None:
            return missed(_GONE)
        try:
            # A configured file may be a link, as a configured folder may: the operator chose it.
            status = path.stat() if path == self._path else path.lstat()
            if not stat.S_ISREG(status.st_mode):
                return missed(_LINK)
            value = self._read(listing, path)
        except (FileNotFoundError, NotADirectoryError):
            return missed(_GONE)
        except PermissionError:
            return missed(_FORBIDDEN)
        except OSError as error:
            said = os.strerror(error.errno) if error.errno else "unknown reason"
            return missed(f"The file can't be read ({said}): check the disk or share.")
        return missed(value) if isinstance(value, str) else value

    def _read(self, listing: Listing, path: Path) -> Arrival | str:
        """The file's bytes or path, or the reason why not. What is read is what was looked at: one open descriptor."""
        follow = 0 if path == self._path else os.O_NOFOLLOW
        # Without O_NONBLOCK a pipe that took the file's place would hold up the run.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | follow), "rb") as file:
            before = self._second_look(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                return _LINK
            if self._settle_seconds > 0 and is_unfinished(path.name):
                return _UNFINISHED
            if not self._is_settled(listing, before):
                return _WRITING
            if version_of(before) != listing.version:
                return _CHANGED
            original = path.resolve() if before.st_size > IN_MEMORY_BYTES else file.read(before.st_size + 1)
            after = os.fstat(file.fileno())
        if stamp_of(after) != stamp_of(before) or (isinstance(original, bytes) and len(original) != before.st_size):
            return _CHANGED
        kind, delivery = self._layout.what_is(listing.source_key)
        return Arrival(
            source_key=listing.source_key,
            version=listing.version,
            original=original,
            media_type=kind,
            arrived_at=file_time(before),
            arrived_basis="file_time",
            facts=self._layout.facts(listing.source_key),
            delivery=delivery,
            stamp=stamp_of(before) if isinstance(original, Path) else (),
        )

    def _is_settled(self, listing: Listing, status: os.stat_result) -> bool:
        """Whether nothing has written to the file for ``settle_seconds``.

        Copying tools set the mtime back, so the later of mtime and ctime counts. An mtime in the future is another
        clock's (a scanner's) and says nothing. Where all of its times are another clock's (a share's, or ours before
        it was set back) the file must be what it was so many seconds ago, when it was listed.
        """
        if self._settle_seconds <= 0:
            return True
        if self._proves_nothing(status):
            return self._looks.get(listing.source_key) == stamp_of(status)
        now = self._clock().timestamp()
        times = [time for time in (status.st_mtime, status.st_ctime) if time <= now + CLOCK_SKEW_S]
        return now - max(times) >= self._settle_seconds

    def _proves_nothing(self, status: os.stat_result) -> bool:
        """Whether the times of a file do not say how long ago it was last written to."""
        return self._their_clock or status.st_ctime > self._clock().timestamp() + CLOCK_SKEW_S

    def _second_look(self, descriptor: int) -> os.stat_result:
        """What the file is now; where its times prove nothing, ``settle_seconds`` after the listing."""
        status = os.fstat(descriptor)
        if self._settle_seconds > 0 and self._proves_nothing(status):
            left = self._looked_at + self._settle_seconds - time.monotonic()
            if left > 0:
                time.sleep(left)
                status = os.fstat(descriptor)
        return status


def file_time(status: os.stat_result) -> datetime | None:
    """The mtime as aware UTC, the latest that the file can have been made; None if no calendar has it."""
    try:
        return _EPOCH + timedelta(microseconds=status.st_mtime_ns // 1000)
    except OverflowError:
        return None
