"""Opening a home: the folder of one consultation, with its originals and (unless it is elsewhere) its database."""

from collections.abc import Callable
from pathlib import Path

from intake.config import Consultation
from intake.errors import ConfigurationError
from storage import runs
from storage.database import Database
from storage.originals import OriginalStore

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs"})
_LEFT_BEHIND_S = 24 * 3600


def make_home(home: Path, originals: OriginalStore, file_system: Callable[[Path], str], now_s: float) -> None:
    """Make the folder, for its owner alone, and clear away what a killed run left in it more than a day ago.

    Args:
        home: the folder.
        originals: the originals in it.
        file_system: the type of the file system that a path is on, as the kernel names it.
        now_s: seconds since 1970, as files are stamped.

    Raises:
        ConfigurationError: it is on a network share, where locks can't be relied on.
    """
    if (kind := file_system(home)) in _NETWORK:
        raise ConfigurationError(f"storage.home: should be on a local disk; this one is a network share ({kind}).")
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    originals.create()
    originals.clear_incoming(now_s - _LEFT_BEHIND_S)


def claim(database: Database, consultation: Consultation) -> None:
    """Bring the tables up to date, and keep whose home this is.

    Raises:
        ConfigurationError: it is another consultation's.
    """
    if not database.is_current():
        database.migrate()
    with database.read() as tx:
        other = runs.other_consultation(tx, consultation.id)
    if other is not None:
        raise ConfigurationError(
            f"consultation.id: should be {other!r}, whose home this is; another one needs its own home."
        )
    of = consultation
    values = {"id": of.id, "title": of.title, "prefix": of.reference_prefix, "opens": of.opens_at,
              "closes": of.closes_at, "timezone": str(of.timezone)}  # fmt: skip
    with database.write() as tx:
        runs.keep_consultation(tx, values)
