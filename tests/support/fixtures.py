"""The test services as pytest fixtures: one server for the whole session, a clean place in it for each test."""

import itertools
import shutil
from collections.abc import Iterator

import pytest

from tests.support.dovecot import Dovecot, Mailbox
from tests.support.postgres import Postgres
from tests.support.processes import service_folder

_users = itertools.count(1)


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    """The session's IMAP server. A test that changes its mail or ends it wants ``dovecot`` instead."""
    with service_folder("dovecot") as folder, Dovecot(folder) as server:
        yield server


@pytest.fixture
def dovecot(dovecot_server: Dovecot) -> Iterator[Mailbox]:
    """An empty mailbox, of a user of its own, on a running IMAP server. A test may kill the server."""
    if not dovecot_server.is_running:
        dovecot_server.restart()
    mailbox = dovecot_server.add_user(f"consultation-{next(_users)}")
    yield mailbox
    shutil.rmtree(mailbox.maildir.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The session's PostgreSQL server. A test wants ``postgres_url`` instead, or more databases."""
    with service_folder("postgres") as folder, Postgres(folder) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The URL of an empty database."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)
