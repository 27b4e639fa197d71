"""The file that a job is about: the original itself, or a document that a message carries."""

from intake.reading.parts import Unreadable
from intake.reading.wire import Options

_MESSAGES = frozenset({"message/rfc822", "application/vnd.ms-outlook"})


def file_of(data: bytes, media_type: str, options: Options) -> tuple[bytes, str] | Unreadable:
    """The bytes and the media type of what is to be looked at.

    Options: ``item`` and ``attached`` say which document of a message is meant (see ``carried.document``).
    """
    if media_type not in _MESSAGES:
        return data, media_type
    from intake.reading import carried  # only for what came by mail

    return carried.document(data, media_type, int(options.get("item", 0)), int(options.get("attached", 0)))
