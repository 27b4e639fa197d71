"""Putting files away: from where they were found into a subfolder of the same folder, never over another file.

A file is renamed, in one step, and only while it is still the one that was received. What took its place just then is
put back.
"""

import ctypes
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from channels.base import version_of

_NOREPLACE = 1  # RENAME_NOREPLACE of renameat2(2)
_HERE = -100  # AT_FDCWD
_OTHER_NAMES = 10_000
_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def put_away(file: Path, version: str, target: Path) -> bool:
    """Rename a file to ``target``, or beside it under another name; whether it was still there in this version.

    Folders on the way are made. ``version`` is what ``version_of`` said of the file when it was received.

    Raises:
        OSError: the file or the folders can't be changed.
    """
    if not _is(file, version):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    taken = _rename_free(file, target)
    if taken is None:
        return False
    if _is(taken, version):
        return True
    _rename_free(taken, file)
    return False


def _is(file: Path, version: str) -> bool:
    try:
        return version_of(file.lstat()) == version
    except (FileNotFoundError, NotADirectoryError):
        return False


def _rename_free(file: Path, target: Path) -> Path | None:
    """Rename a file to the first free name; that name, or None if the file has gone."""
    for name in _names(target):
        try:
            _rename(file, name)
        except FileExistsError:
            continue
        except FileNotFoundError:
            return None
        return name
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _names(target: Path) -> Iterator[Path]:
    yield target
    for number in range(2, _OTHER_NAMES):
        yield target.with_name(f"{target.stem} ({number}){target.suffix}")


def _rename(file: Path, target: Path) -> None:
    """Rename in one step; FileExistsError if the name is taken.

    Some shares know no such step: there the name is looked at first, and only somebody who makes the same file in that
    very moment could lose it.
    """
    number = errno.ENOSYS
    if _renameat2 is not None:
        if _renameat2(_HERE, os.fsencode(file), _HERE, os.fsencode(target), _NOREPLACE) == 0:
            return
        number = ctypes.get_errno()
    if number not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        raise OSError(number, os.strerror(number))
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    file.rename(target)
