"""The documents that a message carries: the bytes of one of them, found as reading the message counts its parts."""

from intake.reading import mime, outlook
from intake.reading.agreed import no_tick
from intake.reading.budget import Budget
from intake.reading.mimetree import Entity
from intake.reading.mimewalk import Place, Walk
from intake.reading.parts import Reading, Unreadable

_NOT_FOUND = Unreadable(
    "This page is not found in the message.", "Open the message itself: `intake original` gives its bytes."
)
SOUND = "audio/"
Document = tuple[bytes, str]


class _Finder(Walk):
    """Goes through a message and opens none of its documents: each is one part, as are the messages that it carries.

    ``documents``: the entity and media type of those parts that are documents, or sound.
    """

    def __init__(self, message: Entity, level: int) -> None:
        self.documents: dict[int, tuple[Entity, str]] = {}
        self.carries: list[_Finder] = []
        super().__init__({}, no_tick, Budget(), level, self._inner)
        self.add("headers", "message/rfc822", content=False)
        self.visit(message)

    def _document(self, entity: Entity, media_type: str) -> None:
        self.documents[len(self.parts)] = (entity, media_type)
        self._unread(entity, "")

    def _leaf(self, entity: Entity, place: Place) -> None:
        number, kind = len(self.parts), self._kind(entity)
        super()._leaf(entity, place)
        if kind.startswith(SOUND) and len(self.parts) == number + 1:
            self.documents[number] = (entity, kind)

    def _inner(self, data: bytes, level: int) -> Reading | Unreadable:
        message = mime.message_of(data)
        if message is None:
            return mime.NO_MESSAGE
        self.carries.append(_Finder(message, level))
        return Reading(reader="", parts=[])


def document(data: bytes, media_type: str, item: int, part: int) -> Document | Unreadable:
    """The bytes and the media type of a document in a message.

    Args:
        data: the message.
        media_type: message/rfc822, or that of Outlook's files.
        item: 0 for a document of the message itself, n for one of the n-th message that it carries: first those right
            inside it, then what these carry.
        part: which part of that message, from 0, not counting what its documents are made of.
    """
    raw = outlook.as_mime(data) if media_type != "message/rfc822" else data
    message = None if raw is None else mime.message_of(raw)
    if message is None:
        return mime.NO_MESSAGE
    first = _Finder(message, 0)
    found = [first, *_carried(first)]
    if not 0 <= item < len(found) or part not in found[item].documents:
        return _NOT_FOUND
    entity, kind = found[item].documents[part]
    return entity.body(), kind


def _carried(finder: _Finder) -> list[_Finder]:
    found = list(finder.carries)
    for inner in finder.carries:
        found += _carried(inner)
    return found
