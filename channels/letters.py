"""Letters: a folder into which a scanner, or a person, puts PDF, TIFF, JPEG and PNG files."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from channels.base import AdapterKind, AdapterSettings, ConfigPath, Outside
from channels.folder import FolderAdapter
from channels.layout import PlainLayout
from channels.names import media_type, unspell
from channels.targets import MoveFolder

_WAYS = re.compile(r"separator|none|blank|every:[1-9]\d{0,2}", re.ASCII)


def _ways(value: object) -> object:
    for name, way in (value if isinstance(value, dict) else {".": value}).items():
        if name != "." and any(step in ("", ".", "..") for step in str(name).split("/")):
            raise ValueError(f'{name!r} should be a subfolder of folder, such as "cards", or "." for all others')
        if not isinstance(way, str) or not _WAYS.fullmatch(way):
            raise ValueError('should be "separator", "none", "blank", or "every:" and a number, such as "every:2"')
    return value


Ways = Annotated[str | dict[str, str], BeforeValidator(_ways)]


class LettersSettings(AdapterSettings):
    """``folder`` and all folders below; a file is taken once it has not changed for ``settle_seconds``.

    ``split``: how a file of several letters is parted: at ``separator`` sheets, after ``every:N`` pages, at ``blank``
    pages, or not (``none``); or a table of these by subfolder, in which the longest name that fits holds, and ``.``
    for what no name fits (without it: separator sheets).
    ``after``: the subfolder that a file is moved to once it is received; what lies there is not listed.
    """

    folder: ConfigPath
    settle_seconds: float = Field(default=5, ge=0, le=3600)
    split: Ways = "separator"
    after: MoveFolder | None = None

    def split_of(self, source_key: str) -> str:
        """How the file with this source key is parted."""
        if isinstance(self.split, str):
            return self.split
        folders = source_key.split("/")[:-1]
        for count in range(len(folders), 0, -1):
            if (way := self.split.get("/".join(map(unspell, folders[:count])))) is not None:
                return way
        return self.split.get(".", "separator")


def _what_is(name: str) -> tuple[str, bool]:
    return media_type(name), False


def build(settings: LettersSettings, outside: Outside) -> FolderAdapter:
    """The adapter of a scan folder; files of other kinds are listed too, so that nothing is passed over in silence."""
    return FolderAdapter(
        settings.folder, PlainLayout(_what_is, settings.after), outside, setting="folder",
        settle_seconds=settings.settle_seconds, taken_in=settings.after,
    )  # fmt: skip


KIND = AdapterKind("letters", LettersSettings, build)
