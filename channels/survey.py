"""The web survey: what the survey tool exports, one file or a folder of exports that overlap."""

from pydantic import Field

from channels.base import AdapterKind, AdapterSettings, ConfigPath, Outside
from channels.folder import FolderAdapter
from channels.layout import PlainLayout
from channels.names import table


class SurveySettings(AdapterSettings):
    """``exports``: a file, or a folder and all folders below."""

    exports: ConfigPath
    settle_seconds: float = Field(default=0, ge=0, le=3600)


def build(settings: SurveySettings, outside: Outside) -> FolderAdapter:
    """The adapter of exports. Older ones are listed first, so that the newest one's values win."""
    return FolderAdapter(
        settings.exports,
        PlainLayout(table),
        outside,
        setting="exports",
        settle_seconds=settings.settle_seconds,
        order="time",
    )


KIND = AdapterKind("survey", SurveySettings, build)
