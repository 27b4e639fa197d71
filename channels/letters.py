"""Letters: a folder into which a scanner, or a person, puts PDF, TIFF, JPEG and PNG files."""

from pydantic import Field

from channels.base import AdapterKind, AdapterSettings, ConfigPath, NotYet, Outside
from channels.folder import FolderAdapter, PlainLayout
from channels.names import media_type


class LettersSettings(AdapterSettings):
    """``folder`` and all folders below; a file is taken once it has not changed for ``settle_seconds``."""

    folder: ConfigPath
    settle_seconds: float = Field(default=5, ge=0, le=3600)
    split: NotYet = None
    after: NotYet = None


def _what_is(name: str) -> tuple[str, bool]:
    return media_type(name), False


def build(settings: LettersSettings, outside: Outside) -> FolderAdapter:
    """The adapter of a scan folder; files of other kinds are listed too, so that nothing is passed over in silence."""
    return FolderAdapter(
        settings.folder, PlainLayout(_what_is), outside, setting="folder", settle_seconds=settings.settle_seconds
    )


KIND = AdapterKind("letters", LettersSettings, build)
