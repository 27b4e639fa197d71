"""What every adapter must do, as one suite: a test module makes a class of it for each adapter and gives the source."""

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, get_args

import pytest

from channels import ADAPTERS
from channels.base import Adapter, Arrival, Listing, Missed, Outside
from storage.schema import ReceivedBasis

CLOCK = datetime(2050, 1, 1, tzinfo=UTC)
"""Long after every file of a test was written: nothing is still being written."""


@dataclass
class Environment:
    """The outside of an adapter in a test: a clock that stands still, and the variables that hold secrets."""

    now: datetime = CLOCK
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def outside(self) -> Outside:
        return Outside(clock=lambda: self.now, environ=self.variables)


def build(kind: str, section: Mapping[str, object], outside: Environment | None = None) -> Adapter:
    """The adapter of a config section; keys that all channels have are not among its own."""
    made = ADAPTERS[kind]
    return made.build(made.settings.model_validate(section), (outside or Environment()).outside)


class Source(Protocol):
    """A real source that a test can fill and change. Items are numbered from 0."""

    def adapter(self) -> Adapter:
        """A new adapter of this source, as each run builds one."""
        ...

    def put(self, number: int) -> bytes:
        """Put an item into the source, and return its exact bytes: other ones for each number."""
        ...

    def change(self, number: int) -> bytes:
        """Replace an item by another one of as many bytes in its place, or as near to it as the source allows."""
        ...

    def remove(self, number: int) -> None:
        """Take an item out of the source."""
        ...

    def state(self) -> object:
        """Everything that the adapter could have changed: bytes, names, times and flags."""
        ...


def content(arrival: Arrival) -> bytes:
    """The bytes that arrived, taken as a receiver takes them."""
    original = arrival.original if isinstance(arrival.original, bytes) else arrival.original.read_bytes()
    assert not arrival.changed()
    return original


@dataclass
class Folder:
    """A source that is a folder: item n is the file ``spell(n)``, with a time of its own."""

    path: Path
    kind: str
    section: dict[str, object]
    spell: Callable[[int], str]
    make: Callable[[str], bytes]

    def adapter(self) -> Adapter:
        return build(self.kind, self.section)

    def put(self, number: int) -> bytes:
        return self._write(number, self.make(f"number {number}"), seconds=number)

    def change(self, number: int) -> bytes:
        return self._write(number, self.make(f"NUMBER {number}"), seconds=number + 1000)

    def remove(self, number: int) -> None:
        (self.path / self.spell(number)).unlink()

    def state(self) -> object:
        return {path: tree_state(path) for path in (self.path, *self.path.rglob("*"))}

    def _write(self, number: int, content: bytes, seconds: int) -> bytes:
        file = self.path / self.spell(number)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        # A file system's clock ticks every few milliseconds; a test is quicker.
        os.utime(file, ns=(0, 1_300_000_000_000_000_000 + seconds * 1_000_000_000))
        return content


def tree_state(path: Path) -> tuple[object, ...]:
    """What a reader could change of a file or folder; not the time of reading, which is no part of it."""
    status = path.lstat()
    content = path.read_bytes() if path.is_file() else sorted(path.iterdir())
    return (status.st_mode, status.st_uid, status.st_mtime_ns, status.st_ctime_ns, status.st_nlink, content)


class AdapterConformance:
    """The suite. A subclass gives the fixture ``source``, empty at first."""

    @pytest.fixture
    @abstractmethod
    def source(self) -> Iterator[Source]:
        raise NotImplementedError

    @pytest.fixture
    def adapter(self, source: Source) -> Iterator[Adapter]:
        adapter = source.adapter()
        yield adapter
        adapter.close()

    def test_an_empty_source_lists_nothing_and_fetches_nothing(self, adapter: Adapter) -> None:
        """Nothing there is an answer, not an error."""
        assert list(adapter.list()) == []
        assert list(adapter.fetch([])) == []

    def test_a_listing_is_whole_and_the_same_again(self, source: Source, adapter: Adapter) -> None:
        """Each item is listed once, with the same key, version and place, by this adapter and by the next run's."""
        for number in range(5):
            source.put(number)
        listed = list(adapter.list())
        assert len({listing.source_key for listing in listed}) == len(listed) == 5
        assert list(adapter.list()) == listed
        another = source.adapter()
        assert list(another.list()) == listed
        another.close()

    def test_what_comes_later_is_listed_too(self, source: Source, adapter: Adapter) -> None:
        """A listing is never remembered: what has arrived since is in the next one, beside all the others."""
        source.put(0)
        before = set(adapter.list())
        source.put(1)
        after = set(adapter.list())
        assert before < after
        assert len(after) == 2

    def test_each_listing_gives_one_value_and_nothing_else_comes(self, source: Source, adapter: Adapter) -> None:
        """Fetching gives one value for each listing asked for, under its key and version, and no other item."""
        for number in range(5):
            source.put(number)
        asked = list(adapter.list())[1:4][::-1]
        values = list(adapter.fetch(asked))
        assert all(isinstance(value, Arrival) for value in values)
        assert sorted((v.source_key, v.version) for v in values) == sorted((x.source_key, x.version) for x in asked)
        assert [value.source_key for value in adapter.fetch(asked[:1])] == [asked[0].source_key]

    def test_bytes_are_exact(self, source: Source, adapter: Adapter) -> None:
        """What arrives is byte for byte what was put there."""
        put = [source.put(number) for number in range(5)]
        arrived = [content(value) for value in adapter.fetch(list(adapter.list())) if isinstance(value, Arrival)]
        assert sorted(arrived) == sorted(put)

    def test_an_arrival_says_what_it_is_and_when_it_came(self, source: Source, adapter: Adapter) -> None:
        """Times are aware UTC and their basis is a word of the schema; facts are text; a media type is given."""
        source.put(0)
        [value] = adapter.fetch(list(adapter.list()))
        assert isinstance(value, Arrival)
        assert value.grows or not (value.further or value.lacks)
        assert value.arrived_at is None or value.arrived_at.utcoffset() == timedelta(0)
        assert value.arrived_basis in get_args(ReceivedBasis)
        assert value.media_type.count("/") == 1
        assert all(isinstance(text, str) for fact in value.facts.items() for text in fact)

    def test_the_source_stays_as_it_was(self, source: Source, adapter: Adapter) -> None:
        """Listing, fetching and being told that items are durable change no byte, name, time or flag at the source."""
        for number in range(3):
            source.put(number)
        before = source.state()
        listed = list(adapter.list())
        values = list(adapter.fetch(listed))
        adapter.after_commit([value.source_key for value in values])
        adapter.close()
        assert source.state() == before

    def test_other_content_is_another_key_or_another_version(self, source: Source, adapter: Adapter) -> None:
        """An item whose content is replaced by as many bytes shows; the other items stay as they were listed."""
        for number in range(3):
            source.put(number)
        before = set(adapter.list())
        changed = source.change(1)
        after = set(adapter.list())
        assert len(after) == 3
        [new] = after - before
        [value] = adapter.fetch([new])
        assert isinstance(value, Arrival)
        assert content(value) == changed

    def test_an_item_that_vanished_is_missed_and_the_others_come(self, source: Source, adapter: Adapter) -> None:
        """An item that goes between listing and fetching is a value with a reason, not an exception."""
        put = [source.put(number) for number in range(3)]
        listed = list(adapter.list())
        source.remove(1)
        for taking in (adapter, source.adapter()):
            values = list(taking.fetch(listed))
            assert len(values) == 3
            arrived = [value for value in values if isinstance(value, Arrival)]
            if taking is adapter and all(value.grows for value in arrived) and len(arrived) == 3:
                # The listing of what grows may hold the items themselves: then all of them are as they were listed.
                assert {content(value) for value in arrived} == set(put)
                continue
            assert {content(value) for value in arrived} == {put[0], put[2]}
            [missed] = [value for value in values if isinstance(value, Missed)]
            assert missed.source_key not in {listing.source_key for listing in taking.list()}
            assert missed.reason.endswith(".")
            taking.close()

    def test_an_item_that_changed_never_arrives_under_its_old_listing(self, source: Source, adapter: Adapter) -> None:
        """What is listed as one version is that version's bytes, or missed: never another's bytes under its name."""
        old = source.put(0)
        listed = list(adapter.list())
        source.change(0)
        [value] = adapter.fetch(listed)
        assert isinstance(value, Missed) or content(value) == old

    def test_what_was_never_listed_is_missed(self, source: Source, adapter: Adapter) -> None:
        """A key that the source does not know, also one of another kind of source, is a value with a reason."""
        source.put(0)
        strange = [
            Listing(key, "") for key in ("", "/", "..", "../../etc/passwd", "a/1/1", "a/x/y", "a\0b", "%00", "é")
        ]
        values = list(adapter.fetch(strange))
        assert all(isinstance(value, Missed) for value in values)
        assert sorted(value.source_key for value in values) == sorted(listing.source_key for listing in strange)

    def test_closing_twice_is_closing_once(self, source: Source) -> None:
        """An adapter can be closed before it was used, and twice after."""
        source.adapter().close()
        source.put(0)
        adapter = source.adapter()
        assert len(list(adapter.list())) == 1
        adapter.close()
        adapter.close()
