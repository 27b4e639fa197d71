"""What the tests of the whole job share: a consultation in a folder of its own, on either database, and the sample."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import create_engine, inspect, text

from tests.support.consultation import Consultation, Done
from tests.support.postgres import Postgres

pytest_plugins = ["tests.support.fixtures", "tests.support.warm"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays on one core, so that what its tests share is made once; so do all tests of the sample."""
    for item in items:
        of_sample = {"_sample_ran", "sample_on_postgres"} & set(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group("sample" if of_sample else item.path.name))


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> None:
    """The program's log belongs to its commands; run inside the tests, it says nothing."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which nothing has happened yet: its tables are made once and copied, which is ten times as quick."""
    made = Consultation(tmp_path_factory.mktemp("empty"))
    with made.app():
        return made.home


@pytest.fixture(scope="session")
def _shared_database(postgres_server: Postgres) -> Iterator[str]:
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def emptied_database(_shared_database: str) -> Iterator[str]:
    """The URL of a PostgreSQL database whose tables, if they are made already, are empty."""
    yield _shared_database
    engine = create_engine(_shared_database)
    with engine.begin() as connection:
        tables = ", ".join(f'"{name}"' for name in inspect(connection).get_table_names() if name != "alembic_version")
        connection.execute(text(f"truncate {tables} restart identity"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path: Path, empty_home: Path) -> Consultation:
    """An empty consultation, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return Consultation(tmp_path, home=empty_home)
    return Consultation(tmp_path, str(request.getfixturevalue("emptied_database")))


@pytest.fixture
def place(tmp_path: Path, empty_home: Path) -> Consultation:
    """An empty consultation on SQLite."""
    return Consultation(tmp_path, home=empty_home)


@pytest.fixture(scope="session")
def _sample_ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Consultation, Done]:
    made = Consultation.of_samples(tmp_path_factory.mktemp("sample"))
    return made, made.command("--verbose", "run", "--json")


@pytest.fixture(scope="session")
def sample_run(_sample_ran: tuple[Consultation, Done]) -> Consultation:
    """The sample consultation after its first run, on SQLite. Tests copy it before they change anything."""
    return _sample_ran[0]


@pytest.fixture(scope="session")
def sample_done(_sample_ran: tuple[Consultation, Done]) -> Done:
    """How the command of that run ended, which logged every step."""
    return _sample_ran[1]


@pytest.fixture
def sample(sample_run: Consultation, tmp_path: Path) -> Consultation:
    """The sample consultation after its first run, to do with as a test likes."""
    return sample_run.copy(tmp_path)


@pytest.fixture(scope="session")
def sample_on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres) -> Iterator[Consultation]:
    """The sample consultation after its first run, on PostgreSQL. Nobody changes it."""
    url = postgres_server.new_database()
    made = Consultation.of_samples(tmp_path_factory.mktemp("sample-postgresql"), url)
    made.run()
    yield made
    postgres_server.drop_database(url)
