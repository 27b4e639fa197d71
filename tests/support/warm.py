"""Readers that stay between runs: starting a sandboxed process for each takes longer than all the rest of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from intake.config import Reading
from intake.opening import Opening
from intake.reading.readers import NOTHING, Means, NoReaders, find_means
from intake.reading.sandbox import Limits, ReaderPool

_LIKE_THE_TESTS = Reading(sandbox="auto", processes=1)


class _Stays:
    """A pool that leaving does not end."""

    def __init__(self, pool: ReaderPool | NoReaders) -> None:
        self._pool = pool

    def __enter__(self) -> ReaderPool | NoReaders:
        return self._pool

    def __exit__(self, *_: object) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


@pytest.fixture(scope="module")
def _warm() -> Iterator[Any]:
    with find_means("auto").readers(1, Limits()) as pool:
        yield pool


@pytest.fixture
def warm_readers(_warm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real readers, one pool for all runs of a module: as long as a consultation reads as those of the tests do,
    and something may be opened at all."""
    anew = Opening.readers

    def readers(opening: Opening, means: Means | None = None) -> Any:
        of = opening.reading
        limits = (of.sandbox, of.processes, of.memory_mb, of.seconds_per_item)
        usual = _LIKE_THE_TESTS
        if limits != (usual.sandbox, usual.processes, usual.memory_mb, usual.seconds_per_item):
            return anew(opening, means)
        means = means or opening.means()
        return anew(opening, means) if means.kind == NOTHING else _Stays(_warm)

    monkeypatch.setattr(Opening, "readers", readers)
