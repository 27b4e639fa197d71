"""Letters: a folder into which a scanner, or a person, puts PDF, TIFF, JPEG and PNG files."""

from pydantic import Field

from channels.base import AdapterKind, AdapterSettings, ConfigPath, MoveFolder, NotYet, Outside
from channels.folder import FolderAdapter
from channels.layout import PlainLayout
from channels.names import media_type


class LettersSettings(AdapterSettings):
    """``folder`` and all folders below; a file is taken once it has not changed for ``settle_seconds``.

    ``after``: the subfolder that a file is moved to once it is received; what lies there is not listed.
    """

    folder: ConfigPath
    settle_seconds: float = Field(default=5, ge=0, le=3600)
    split: NotYet = None
    after: MoveFolder | None = None


def _what_is(name: str) -> tuple[str, bool]:
    return media_type(name), False


def build(settings: LettersSettings, outside: Outside) -> FolderAdapter:
    """The adapter of a scan folder; files of other kinds are listed too, so that nothing is passed over in silence."""
    return FolderAdapter(
        settings.folder, PlainLayout(_what_is, settings.after), outside, setting="folder",
        settle_seconds=settings.settle_seconds, taken_in=settings.after,
    )  # fmt: skip


KIND = AdapterKind("letters", LettersSettings, build)
