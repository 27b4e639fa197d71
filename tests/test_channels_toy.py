"""A fifth way in takes one file in channels/: it is found, configured, and held to the conformance suite unchanged."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import channels
from channels.base import Adapter, AdapterKind
from tests.conformance import AdapterConformance, Environment

ROOT = Path(channels.__file__).parent.parent

POSTBOX = '''
"""Cards in a postbox, which is one JSON file: the cards' texts by slot."""

import hashlib
import json

from channels.base import AdapterKind, AdapterSettings, Arrival, ConfigPath, Listing, Missed, SourceUnavailable


class PostboxSettings(AdapterSettings):
    box: ConfigPath


class Postbox:
    def __init__(self, box):
        self._box = box

    def _cards(self):
        try:
            return json.loads(self._box.read_text())
        except FileNotFoundError as error:
            raise SourceUnavailable("`box` names no file: put the postbox up.") from error

    def list(self):
        for slot, text in sorted(self._cards().items()):
            yield Listing(slot, hashlib.sha256(text.encode()).hexdigest())

    def fetch(self, listings):
        cards, shown = self._cards(), set(self.list())
        for listing in listings:
            if listing in shown:
                card = cards[listing.source_key].encode()
                yield Arrival(listing.source_key, listing.version, card, "text/plain", None, "message")
            else:
                yield Missed(listing.source_key, listing.version, "The card is no longer in the box.")

    def after_commit(self, source_keys):
        pass

    def close(self):
        pass


KIND = AdapterKind("postbox", PostboxSettings, lambda settings, outside: Postbox(settings.box))
'''

CONFIG = """
[consultation]
id = "toy"
title = "A toy"
opens = 2011-01-24
closes = 2011-04-18
timezone = "Europe/London"
reference_prefix = "TOY"
[reading]
sandbox = "auto"
"""


@dataclass
class Box:
    """The postbox, as the suite fills it."""

    kind: AdapterKind
    path: Path

    def adapter(self) -> Adapter:
        return self.kind.build(self.kind.settings.model_validate({"box": self.path}), Environment().outside)

    def put(self, number: int) -> bytes:
        return self._write(number, f"card {number}")

    def change(self, number: int) -> bytes:
        return self._write(number, f"CARD {number}")

    def remove(self, number: int) -> None:
        self._write(number, None)

    def state(self) -> object:
        return self.path.read_bytes(), self.path.stat()

    def _write(self, number: int, text: str | None) -> bytes:
        cards = json.loads(self.path.read_text()) | {f"slot {number}": text}
        self.path.write_text(json.dumps({slot: card for slot, card in cards.items() if card is not None}))
        return (text or "").encode()


class TestPostbox(AdapterConformance):
    """The suite, unchanged, on an adapter that it has never heard of."""

    @pytest.fixture
    def source(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "postbox.py").write_text(POSTBOX)
        monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path / "more")])
        monkeypatch.delitem(sys.modules, "channels.postbox", raising=False)
        (tmp_path / "box.json").write_text("{}")
        return Box(channels.discover()["postbox"], tmp_path / "box.json")


def python(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "channels", tmp_path / "channels", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_one_file_is_enough(copied: Path) -> None:
    """A file put into channels/ is an adapter of the next process, beside the four that were there."""
    (copied / "channels" / "postbox.py").write_text(POSTBOX)
    done = python(copied, "import channels; print(channels.__file__, *channels.ADAPTERS)")
    assert done.stderr == ""
    assert done.stdout.split() == [
        str(copied / "channels/__init__.py"),
        "email",
        "letters",
        "phone",
        "postbox",
        "survey",
    ]


def test_one_file_and_one_section_take_in_what_comes(copied: Path) -> None:
    """With its section in the config, the whole program runs on it: listed, received, read, balanced, and once only."""
    for package in ("intake", "storage"):
        shutil.copytree(ROOT / package, copied / package, ignore=shutil.ignore_patterns("__pycache__"))
    (copied / "channels" / "postbox.py").write_text(POSTBOX)
    (copied / "box.json").write_text(json.dumps({"1": "Please keep Watton open.", "2": "I agree.", "3": "I agree."}))
    section = '[channels.cards]\nadapter = "postbox"\nbox = "box.json"\n'
    (copied / "config.toml").write_text(CONFIG + section)
    command = [sys.executable, "-m", "intake", "run", "--json"]
    accounts = []
    for _ in range(2):
        done = subprocess.run(command, cwd=copied, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["balanced"] is True
        accounts.append(
            {k: report["channels"]["cards"][k] for k in ("listed", "received", "read", "repeats", "responses")}
        )
    first = {"listed": 3, "received": 3, "read": 2, "repeats": 1, "responses": 2}
    assert accounts == [first, {**first, "received": 0}]


def test_two_adapters_of_one_name_are_refused(copied: Path) -> None:
    """A name that could mean either of two adapters stops the program, and says which name."""
    (copied / "channels" / "pillar_box.py").write_text(POSTBOX)
    (copied / "channels" / "postbox.py").write_text(POSTBOX)
    done = python(copied, "import channels")
    assert done.returncode == 1
    assert "the adapter 'postbox'" in done.stderr


def test_imapclient_is_loaded_only_for_an_account(copied: Path) -> None:
    """A council that has no IMAP account needs no IMAP library, nor the time to load it."""
    done = python(copied, "import channels, sys; print('imapclient' in sys.modules)")
    assert done.stdout == "False\n"
