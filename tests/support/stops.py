"""The program ends before one of its transactions, as if it was killed there."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from storage.database import Database

NEVER = 10**9


class Stopped(BaseException):
    """The program ends here, as if it was killed: nobody catches this."""


class Stops:
    """Counts the transactions that write: ``left`` more of them are begun, then the program ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = NEVER
        write = Database.write

        @contextmanager
        def counted(database: Database) -> Iterator[Connection]:
            self.left -= 1
            if self.left < 0:
                raise Stopped
            with write(database) as tx:
                yield tx

        monkeypatch.setattr(Database, "write", counted)
