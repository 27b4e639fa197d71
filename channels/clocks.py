"""Whose clock the times of a folder's files are: this machine's, or that of the machine that shares the folder."""

from pathlib import Path

_OURS = frozenset({
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "bcachefs", "f2fs", "jfs", "reiserfs", "tmpfs", "ramfs", "overlay",
})  # fmt: skip


def file_system(path: Path) -> str:
    """The type of the file system that a path is on, or would be, as the kernel names it; "" if it does not say."""
    existing = next(p for p in (path, *path.parents) if p.exists()).resolve()
    best, kind = "", ""
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4].replace("\\040", " ")
        if existing.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind


def is_ours(folder: Path) -> bool:
    """Whether this machine's kernel writes the time of every change (the ctime) of the folder's files.

    It does on its own disks, whatever a program or a client of a share of ours sets. On a share of another machine that
    one's clock counts, and it may be wrong by an hour; a memory stick keeps no such time at all.
    """
    try:
        return file_system(folder) in _OURS
    except OSError:
        return False
