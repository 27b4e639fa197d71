"""Mail as files: .eml files, mboxes, and Maildirs with their dot-folders, anywhere below a channel's folder.

In a Maildir (https://cr.yp.to/proto/maildir.html) a message is a file in ``new`` or ``cur``. Mail programs move it from
one to the other and change the flags at the end of its name; what stays is the unique name, so the source key is
``<folder>/cur/<unique name>`` wherever the file is. Files in ``tmp`` are still being delivered.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from channels.layout import Found, entries, found, path_of
from channels.mailboxes import OUTGOING, role_by_name
from channels.names import is_item, media_type, spell, suffix

_PARTS = frozenset({"cur", "new", "tmp"})
_FLAGS = re.compile(r"[:;!]2,[^/]*$")  # ":" by the standard; ";" and "!" where a file system can't hold it
_BOOKKEEPING = re.compile(r"dovecot|courier|(maildirfolder|maildirsize|subscriptions)$")


class MailLayout:
    """A folder of mail. It remembers where the messages of Maildirs were, since their files are renamed.

    ``without``: the path of a folder below, which is not looked into.
    """

    def __init__(self, without: str | None = None) -> None:
        self._without = without
        self._paths: dict[str, Path] = {}  # of messages in Maildirs, by source key
        self._states: dict[Path, tuple[int, ...]] = {}  # of Maildirs, as they were just before they were read

    def walk(self, root: Path) -> Iterator[Found]:
        """Yield every .eml, mbox and other file, and every message of every Maildir but those of ``OUTGOING``."""
        self._paths.clear()
        self._states.clear()
        pending = [(root, "")]
        while pending:
            folder, prefix = pending.pop()
            inside = entries(folder)
            folders = [entry.name for entry in inside if entry.is_dir(follow_symlinks=False)]
            maildir = _is_maildir(folder, folders)
            if maildir and prefix and _is_outgoing(folder.name):
                continue
            if maildir:
                yield from self._messages(folder, prefix)
            pending += [
                (folder / name, f"{prefix}{name}/")
                for name in folders
                if prefix + name != self._without and _is_walked(folder, name, maildir=maildir)
            ]
            for entry in inside:
                if not entry.is_dir(follow_symlinks=False) and _is_file_item(entry.name, maildir=maildir):
                    yield from found(prefix, entry)

    def locate(self, root: Path, key: str) -> Path | None:
        """Where the message is now, if the key is that of a message in a Maildir; else the path that the key spells."""
        where = self._paths.get(key)
        if where is not None and os.path.lexists(where):
            return where
        path = path_of(root, key)
        if path is None or path.parent.name != "cur" or not _is_maildir(path.parent.parent):
            return path
        maildir = path.parent.parent
        if self._states.get(maildir) != _state(maildir):
            below = maildir.relative_to(root).as_posix()
            for _ in self._messages(maildir, "" if below == "." else f"{below}/"):
                pass
            where = self._paths.get(key)
        return where if where is not None and os.path.lexists(where) else None

    def what_is(self, key: str) -> tuple[str, bool]:
        """A message in a Maildir and an .eml file are messages; an mbox is a delivery of many."""
        if key in self._paths:
            return "message/rfc822", False
        name = PurePosixPath(key).name
        if suffix(name) in ("", ".mbox", ".mbx") or name.lower().endswith(".mbox.txt"):
            return "application/mbox", True
        return media_type(name), False

    def facts(self, key: str) -> dict[str, str]:
        """``mailbox_role`` of what lies in a folder of junk or deleted mail; Maildir++ joins names by dots."""
        folders = [step for folder in key.split("/")[:-1] for step in folder.split(".")]
        role = role_by_name(folders)
        return {"mailbox_role": role} if role else {}

    def _messages(self, maildir: Path, prefix: str) -> Iterator[Found]:
        """Yield the messages in ``new`` and then in ``cur``, since that is the way they move; each once."""
        self._states[maildir] = _state(maildir)
        seen = set()
        for part in ("new", "cur"):
            for entry in entries(maildir / part):
                if not is_item(entry.name) or entry.is_dir(follow_symlinks=False):
                    continue
                key = spell(f"{prefix}cur/{_FLAGS.sub('', entry.name)}")
                self._paths[key] = Path(entry.path)
                if key not in seen:
                    for item in found("", entry):
                        seen.add(key)
                        yield Found(key, item.path, item.status)


def _is_maildir(folder: Path, folders: Sequence[str] | None = None) -> bool:
    """Whether a folder is a Maildir; also where a copy has lost the empty ones of its three folders, as git's have."""
    names = set(folders) if folders is not None else {part for part in _PARTS if (folder / part).is_dir()}
    if len(names & _PARTS) >= 2:
        return True
    return "cur" in names and any(_FLAGS.search(entry.name) for entry in entries(folder / "cur"))


def _is_walked(folder: Path, name: str, *, maildir: bool) -> bool:
    """Whether to look into a folder. Hidden ones are for programs, but for the dot-folders of Maildir++."""
    if maildir and name in _PARTS:
        return False
    return is_item(name) or _is_maildir(folder / name)


def _is_file_item(name: str, *, maildir: bool) -> bool:
    return is_item(name) and not (maildir and _BOOKKEEPING.match(name))


def _is_outgoing(name: str) -> bool:
    return name.removeprefix(".").removeprefix("INBOX.").lower() in OUTGOING


def _state(maildir: Path) -> tuple[int, ...]:
    """The mtimes of ``new`` and ``cur`` in ns: they change when a file comes, goes or is renamed."""
    times = []
    for part in ("new", "cur"):
        try:
            times.append((maildir / part).lstat().st_mtime_ns)
        except OSError:
            times.append(0)
    return tuple(times)
