"""One database, SQLite or PostgreSQL: connections, transactions, migrations, leases.

SQLite runs in WAL mode with full synchronisation. The SQLite that Python 3.11 brings can lose a write when two
connections checkpoint the log at once (fixed in 3.51.3), so that no connection checkpoints by itself: ``checkpoint``
does,
one process at a time. Write transactions start as such (``BEGIN IMMEDIATE``), so none can fail half-way for want of
a lock.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, collate, create_engine, event, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from storage.models import Number

Transaction = Connection
"""What callers hand from ``Database.read`` or ``write`` to the functions of this package, and never look into."""
_LOCK_WAIT_S = 60
_MIGRATIONS = Path(__file__).parent / "migrations"
_numbers = Number.__table__  # type: ignore[attr-defined]  # SQLModel gives it to table classes only


class DatabaseUnusable(Exception):
    """The database can't be opened, or is not of this program. The message is one sentence."""


class DatabaseFull(DatabaseUnusable):
    """The disk that holds the database is full; the transaction did not happen."""


class LeaseHeld(Exception):
    """Somebody else is working on this channel now."""


class Database:
    """The database of one home. ``url`` is "" for SQLite in the home, or a ``postgresql+psycopg://`` URL."""

    def __init__(self, home: Path, url: str = "") -> None:
        self._home = home
        self._url = url or f"sqlite:///{home / 'intake.sqlite3'}"
        self.is_sqlite = make_url(self._url).get_backend_name() == "sqlite"
        self.engine = self._engine()

    def _engine(self) -> Engine:
        if not self.is_sqlite:
            return create_engine(self._url, pool_pre_ping=True)
        engine = create_engine(self._url, connect_args={"timeout": _LOCK_WAIT_S})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: everything in it, or nothing. Keep it short: build the batch before.

        Raises:
            DatabaseFull, DatabaseUnusable: the database can't do it.
        """
        with _failures(), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            if not self.is_sqlite:
                # As in SQLite, writers take turns: entries get their positions in the order of their numbers.
                connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _lock_key("write")})
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction: one consistent state of everything.

        Raises:
            DatabaseUnusable: the database can't be read.
        """
        with _failures(), self.engine.connect() as connection, connection.begin():
            yield connection

    def migrate(self) -> None:
        """Bring the tables to this version's shape; one process at a time."""
        # Imported here: only a new or outdated home pays for it.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with _failures(), self.lease("migrate", wait=True), self.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        if self.is_sqlite:
            (self._home / "intake.sqlite3").chmod(0o600)

    def is_current(self) -> bool:
        """Whether the database has this version's tables, without changing anything."""
        if self.is_sqlite and not (self._home / "intake.sqlite3").exists():
            return False
        with _failures(), self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            found = connection.execute(text("select version_num from alembic_version")).scalar()
        newest = max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
        return found == newest.partition("_")[0]

    @contextmanager
    def lease(self, name: str, *, wait: bool = False) -> Iterator[None]:
        """Hold a name (a channel's) alone; the system frees it when the holder dies.

        Raises:
            LeaseHeld: somebody else holds it, and ``wait`` is false.
        """
        with self._file_lease(name, wait) if self.is_sqlite else self._server_lease(name, wait):
            yield

    @contextmanager
    def _file_lease(self, name: str, wait: bool) -> Iterator[None]:
        folder = self._home / "leases"
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder / hashlib.sha256(name.encode()).hexdigest()[:16], os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LeaseHeld(name) from error
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _server_lease(self, name: str, wait: bool) -> Iterator[None]:
        key = _lock_key(name)
        # Its own connection, outside the pool: the server frees the lock when this session ends, however it ends.
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            taken = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
            if connection.execute(text(f"select {taken}(:key)"), {"key": key}).scalar() is False:
                raise LeaseHeld(name)
            try:
                yield
            finally:
                connection.execute(text("select pg_advisory_unlock(:key)"), {"key": key})

    def checkpoint(self) -> None:
        """Move SQLite's log into its main file; nothing to do for PostgreSQL, or while another process does it."""
        if not self.is_sqlite:
            return
        try:
            with self.lease("checkpoint"), self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except LeaseHeld:
            return

    def close(self) -> None:
        """End all connections."""
        self.engine.dispose()


@contextmanager
def _failures() -> Iterator[None]:
    """What a driver raises, as one sentence."""
    try:
        yield
    except DBAPIError as error:
        if "full" in str(error.orig) or getattr(error.orig, "sqlstate", "") == "53100":
            raise DatabaseFull("The disk that holds the database is full.") from error
        raise DatabaseUnusable(f"The database can't be used ({type(error.orig).__name__}).") from error


def _lock_key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"consultation-intake {name}".encode()).digest()[:8], "big", signed=True)


def is_url(written: str) -> bool:
    """Whether this can be the URL of a database."""
    try:
        make_url(written)
    except (ArgumentError, ValueError):
        return False
    return True


def take_numbers(tx: Connection, name: str, count: int) -> range:
    """The next ``count`` numbers of a counter, in the caller's transaction, without gaps; they start at 1."""
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    statement = insert(_numbers).values(name=name, last=count)
    raised = statement.on_conflict_do_update(index_elements=["name"], set_={"last": _numbers.c.last + count})
    tx.execute(raised)
    last = tx.execute(select(_numbers.c.last).where(_numbers.c.name == name)).scalar_one()
    return range(last - count + 1, last + 1)


def insert_new(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; those whose key is already there are left as they are."""
    if rows:
        insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
        tx.execute(insert(table).on_conflict_do_nothing(), rows)


def insert_kept(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, new_only: bool = False) -> None:
    """Insert rows whose values are already as the databases keep them (``columns``); all have the same columns.

    For the rows of large tables: the driver gets them as they are, in half the time that Core takes to convert each
    value. ``new_only`` leaves those as they are whose key is already there.
    """
    if not rows:
        return
    statement = _compiled(table, tuple(rows[0]), new_only, tx.dialect)
    names = statement.positiontup
    values = [dict(row) for row in rows] if names is None else [tuple([row[name] for name in names]) for row in rows]
    tx.exec_driver_sql(str(statement), values)


@lru_cache(maxsize=64)
def _compiled(table: Table, names: tuple[str, ...], new_only: bool, dialect: Dialect) -> SQLCompiler:
    insert = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).on_conflict_do_nothing() if new_only else insert(table)
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(names))
    return compiled


def bytewise(tx: Connection, column: ColumnElement[str]) -> ColumnElement[str]:
    """A text column, to be ordered by its bytes in either database, whatever the server's collation is."""
    return column if tx.dialect.name == "sqlite" else collate(column, "C")


def _prepare_sqlite(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # the driver must not begin by itself
    cursor = connection.cursor()  # type: ignore[attr-defined]  # DBAPI connection
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=0"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
