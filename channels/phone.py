"""The phone line: the log that call handlers keep, one file or a folder of them."""

from pydantic import Field

from channels.base import AdapterKind, AdapterSettings, ConfigPath, NotYet, Outside
from channels.folder import FolderAdapter
from channels.layout import PlainLayout
from channels.names import table


class PhoneSettings(AdapterSettings):
    """``log``: a file, or a folder and all folders below."""

    log: ConfigPath
    settle_seconds: float = Field(default=0, ge=0, le=3600)
    account_sid_env: NotYet = None
    auth_token_env: NotYet = None
    numbers: NotYet = None
    base_url: NotYet = None
    recordings: NotYet = None
    transcript_wait_hours: NotYet = None


def build(settings: PhoneSettings, outside: Outside) -> FolderAdapter:
    """The adapter of a call log. The file's time stands in until each row gives its own."""
    return FolderAdapter(
        settings.log,
        PlainLayout(table),
        outside,
        setting="log",
        settle_seconds=settings.settle_seconds,
        order="time",
    )


KIND = AdapterKind("phone", PhoneSettings, build)
