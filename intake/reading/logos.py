"""Which pictures belong to the look of a message, and say nothing."""

from intake.reading.mimetree import Entity

_LOGO_BYTES, _RELATED_LOGO_BYTES, _PIXEL_BYTES, _DOT_BYTES = 20_000, 100_000, 1_500, 200
_MAGIC_BYTES, _PICTURES = 8, (b"GIF8", b"\x89PNG", b"\xff\xd8\xff")


def is_logo(entity: Entity, *, related: bool) -> bool:
    """Whether a picture belongs to the look of the message; ``related``: it stands in a multipart/related (RFC 2387).

    A large one may be a letter that was pasted in; a few bytes that were attached and are no picture may be what is
    left of one.
    """
    if entity.disposition == "attachment":
        return entity.size < _DOT_BYTES and entity.body(_MAGIC_BYTES).startswith(_PICTURES)
    if entity.size < _PIXEL_BYTES:
        return True
    shown_inside = related or entity.disposition == "inline" or entity.has("content-id")
    if related and entity.has("content-id"):
        return entity.size < _RELATED_LOGO_BYTES
    return shown_inside and entity.size < _LOGO_BYTES
