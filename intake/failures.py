"""What can go wrong with the home's disk and database, as one sentence each."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from intake.errors import StorageFull, StorageUnusable
from storage.database import DatabaseFull, DatabaseUnusable
from storage.originals import OriginalDamaged


@contextmanager
def storage_errors() -> Iterator[None]:
    """Failures of disk and database as one sentence each."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The disk that holds the home is full: everything stopped.") from error
        raise StorageUnusable(f"The home can't be used: {error.strerror}.") from error
    except DatabaseFull as error:
        raise StorageFull(f"{error} Everything stopped.") from error
    except DatabaseUnusable as error:
        raise StorageUnusable(str(error)) from error
    except OriginalDamaged as error:
        raise StorageUnusable(f"{str(error)[0].upper()}{str(error)[1:]}.") from error
