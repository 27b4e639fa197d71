"""How items lie in a folder: what is found below it, by which source key, and what its place says about it.

Links are never followed.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from channels.base import version_of
from channels.names import is_item, spell, unspell


@dataclass(frozen=True, slots=True)
class Found:
    """A file, link or special file below a channel's folder, as it was when the folder was walked."""

    key: str
    path: Path
    status: os.stat_result

    @property
    def version(self) -> str:
        """Size in bytes and mtime in ns, as ``1234+1690000000000000000``."""
        return version_of(self.status)


class Layout(Protocol):
    """How items lie below a channel's folder, and what they are."""

    def walk(self, root: Path) -> Iterator[Found]:
        """Yield what is there, in any order, each key once.

        Raises:
            OSError: a folder can't be read; the listing would not be whole.
        """
        ...

    def locate(self, root: Path, key: str) -> Path | None:
        """The file of a source key, None if there is none any more."""
        ...

    def what_is(self, key: str) -> tuple[str, bool]:
        """The media type of a located item, and whether it is a delivery."""
        ...

    def facts(self, key: str) -> dict[str, str]:
        """What the place of an item says about it."""
        ...


@dataclass(frozen=True, slots=True)
class PlainLayout:
    """Each file is an item, and its source key is its path below the channel's folder. ``kind`` judges by the name.

    ``without``: the path of a folder below, which is not looked into.
    """

    kind: Callable[[str], tuple[str, bool]]
    without: str | None = None

    def walk(self, root: Path) -> Iterator[Found]:
        """Yield the files of a folder and all folders below; ``root`` may also be one file."""
        if not root.is_dir():
            yield Found(spell(root.name), root, root.stat())
            return
        pending = [(root, "")]
        while pending:
            folder, prefix = pending.pop()
            for entry in entries(folder):
                if not is_item(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if prefix + entry.name != self.without:
                        pending.append((folder / entry.name, f"{prefix}{entry.name}/"))
                else:
                    yield from found(prefix, entry)

    def locate(self, root: Path, key: str) -> Path | None:
        """The path that the key spells; a key that leads out of the folder has none."""
        return path_of(root, key)

    def what_is(self, key: str) -> tuple[str, bool]:
        """What the suffix says."""
        return self.kind(PurePosixPath(key).name)

    def facts(self, key: str) -> dict[str, str]:  # noqa: ARG002  # the protocol's
        """Nothing."""
        return {}


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder; none if it has gone since its own folder was read.

    Raises:
        OSError: it can't be read.
    """
    try:
        with os.scandir(folder) as scan:
            return list(scan)
    except (FileNotFoundError, NotADirectoryError):
        return []


def found(prefix: str, entry: os.DirEntry[str]) -> Iterator[Found]:
    """The entry as an item below ``prefix``; nothing if it has gone since the folder was read."""
    try:
        yield Found(spell(prefix + entry.name), Path(entry.path), entry.stat(follow_symlinks=False))
    except FileNotFoundError:
        return


def path_of(root: Path, key: str) -> Path | None:
    """The path of a source key below ``root``, or ``root`` itself if that is a file of this name."""
    relative = unspell(key)
    if "\0" in relative or any(step in ("", ".", "..") for step in relative.split("/")):
        return None
    return root / relative if root.is_dir() else root if root.name == relative else None
