"""Goes through the entities of a message and makes a part of every leaf, with what the leaf needs of a person."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from msgspec.structs import replace as changed

from intake.reading import alternatives, attached, dispatch, htmltext, mailfacts
from intake.reading.agreed import Tick, ToolMissingError
from intake.reading.budget import MAX_CHARS, MAX_DEPTH, MAX_FORWARDED_DEPTH, MAX_PARTS, MAX_SECONDS, Budget
from intake.reading.clean import clean_name
from intake.reading.logos import is_logo
from intake.reading.mimetree import Entity
from intake.reading.parts import Part, Reading, Unreadable
from intake.reading.plaintext import MAX_BYTES, decode_text, unflow, unquote_from
from intake.reading.quoting import Hint
from intake.reading.wire import Options

_MESSAGES = frozenset({"message/rfc822", "message/global", "message/news"})
_REPORTS = frozenset({"delivery-status", "disposition-notification", "feedback-report", "rfc822-headers"})
_ENCRYPTED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
_NO_WORDS = frozenset({
    "application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature", "application/ics",
    "application/pgp-keys", "text/calendar", "text/vcard", "text/x-vcard", "text/directory", "application/applefile",
    "text/x-amp-html",
})  # fmt: skip
_DATA = frozenset({"text/richtext", "text/csv", "text/tab-separated-values", "text/xml"})
_SEALED = "This part is encrypted or sealed in its signature, and can't be opened here."
_PGP = "-----BEGIN PGP MESSAGE-----"
_BROKEN = "The file is damaged in a way that its reader did not expect."
_LOST = "The attachments of this message are unread: reading them ended the reader. Open them by hand."
_TOO_LONG = f"The message is longer than {MAX_CHARS // 1_000_000} million characters; this part is unread."
_TOO_SLOW = f"The message took more than {MAX_SECONDS:.0f} seconds to read; this attachment is unread."


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entity stands: how deep, and inside what."""

    depth: int = 0
    related: bool = False
    report: bool = False
    alternative: bool = False


class Walk:
    """One message. ``parts``, ``needs``, ``facts``, ``forwarded`` grow as its entities are visited; ``hints`` are what
    the HTML of a part says of quotes and signatures, by the part's number."""

    def __init__(
        self,
        options: Options,
        tick: Tick,
        budget: Budget,
        level: int,
        read_inner: Callable[[bytes, int], Reading | Unreadable],
    ) -> None:
        """Args:
        options: of the mime reader.
        tick: called after each page of an attached document.
        budget: shared with the messages around and inside.
        level: how many messages this one is inside.
        read_inner: reads a message that this one carries, given its bytes and its level.
        """
        self.parts: list[Part] = []
        self.needs: set[str] = set()
        self.facts: dict[str, str] = {}
        self.forwarded: list[Reading] = []
        self.hints: dict[int, list[Hint]] = {}
        self.attached = False
        self._options = options
        self._tick = tick
        self._budget = budget
        self._level = level
        self._read_inner = read_inner
        self._html: dict[int, str] = {}

    def visit(self, entity: Entity, place: Place = Place()) -> None:
        """Make parts of an entity and of all that it consists of."""
        if self._budget.parts <= 0:
            return
        if entity.is_multipart:
            self._multipart(entity, replace(place, depth=place.depth + 1))
        elif entity.media_type in _MESSAGES:
            self._message(entity, place)
        elif entity.media_type in ("message/partial", "message/external-body"):
            self._unread(entity, "Only a reference to the content, or one piece of it, is in this message.", "fetch")
        elif entity.media_type in _ENCRYPTED or entity.subtype == "encrypted":
            self._unread(entity, _SEALED)
        else:
            self._leaf(entity, place)

    def add(self, kind: str, media_type: str, **more: Any) -> None:
        """Add a part; the last one that the budget has room for says that there are more."""
        self._budget.parts -= 1
        if self._budget.parts == 0:
            self.needs.add("attachment")
            kind, media_type = "attachment", "multipart/mixed"
            more = {"content": False, "problem": f"There are more than {MAX_PARTS} parts; this and the rest is unread."}
        number = len(self.parts)
        self.parts.append(Part(number=number, kind=kind, media_type=clean_name(media_type), **more))  # type: ignore[arg-type]

    def _multipart(self, entity: Entity, place: Place) -> None:
        if place.depth > MAX_DEPTH:
            self._unread(entity, f"The message is nested more than {MAX_DEPTH} levels deep; this level is unread.")
            return
        if entity.subtype == "encrypted":
            self._unread(entity, "The message is encrypted and can't be opened here.")
            return
        ranges: list[range] = []
        inside = replace(
            place,
            related=place.related or entity.subtype == "related",
            report=place.report or entity.subtype == "report",
            alternative=place.alternative or entity.subtype == "alternative",
        )
        for child in entity.children():
            if self._budget.parts <= 0:
                return
            before = len(self.parts)
            self.visit(child, inside)
            ranges.append(range(before, len(self.parts)))
        if not ranges:
            # No delimiter line: mail programs show the body as text, and words must not be lost.
            self._text(entity, "text/plain", inside, is_body=True)
        elif entity.subtype == "alternative":
            alternatives.choose(self.parts, ranges)
        if not place.alternative:
            self._lay_out()

    def _lay_out(self) -> None:
        """Give the HTML bodies that are content their layout: making it takes long, so the others have words only."""
        for number, source in self._html.items():
            if self.parts[number].content:
                text, self.hints[number] = htmltext.laid_out_with_hints(source)
                self.parts[number] = changed(self.parts[number], text=text)
        self._html.clear()

    def _leaf(self, entity: Entity, place: Place) -> None:
        media_type = self._kind(entity)
        is_body = entity.disposition != "attachment" and not entity.name
        if entity.subtype in _REPORTS and (place.report or media_type.startswith("message/")):
            self._report(entity)
        elif media_type in _NO_WORDS:
            self.add("attachment", media_type, name=entity.name, content=False)
        elif media_type in _MESSAGES or media_type == attached.MSG:
            self._message(entity, place, media_type)
        elif media_type == attached.TNEF:
            self._winmail(entity, place)
        elif media_type in ("text/plain", "text/html"):
            self._text(entity, media_type, place, is_body=is_body)
        elif media_type.startswith("text/") and is_body and media_type not in _DATA:
            self._text(entity, "text/plain", place, is_body=True)
        elif media_type.startswith("image/") and is_logo(entity, related=place.related):
            self.add("attachment", media_type, name=entity.name, content=False)
        elif media_type in attached.DOCUMENTS:
            self._document(entity, media_type)
        elif media_type in _ENCRYPTED:
            self._unread(entity, _SEALED)
        else:
            self.attached = True
            self.needs.add("attachment")
            self.add("attachment", media_type, name=entity.name)

    def _kind(self, entity: Entity) -> str:
        """The media type to read a leaf as; its first bytes are looked at only where what is declared says nothing."""
        declared = entity.media_type
        head = entity.body(attached.HEAD_BYTES) if attached.is_vague(declared) else b""
        return attached.kind_of(declared, entity.name, head)

    def _text(self, entity: Entity, media_type: str, place: Place, *, is_body: bool) -> None:
        if self._budget.chars <= 0:
            self._unread(entity, _TOO_LONG)
            return
        raw = entity.body(MAX_BYTES + 1)
        is_html = media_type == "text/html"
        charset = entity.params.get("charset") or (htmltext.declared_charset(raw) if is_html else None)
        text, cleaned = entity.text(raw, charset)
        sealed = text.lstrip().startswith(_PGP)
        problem = None
        if len(raw) > MAX_BYTES:
            problem = f"Only the first {MAX_BYTES // 1_000_000} MB of this text are read."
        elif sealed:
            problem = "This text is encrypted and can't be opened here."
        if problem is not None:
            self.needs.add("attachment")
        if not is_html:
            text = self._plain(text, entity)
        elif place.alternative:
            self._html[len(self.parts)] = text
            text = htmltext.words(text)
        else:
            text, self.hints[len(self.parts)] = htmltext.laid_out_with_hints(text)
        self._budget.chars -= len(text)
        self.attached = self.attached or sealed or not is_body
        kind, method = "body" if is_body else "attachment", "html" if is_html else "text"
        about = {"method": method, "cleaned": cleaned, "problem": problem, "content": not sealed}
        self.add(kind, media_type, name=entity.name, text=text, **about)

    def _plain(self, text: str, entity: Entity) -> str:
        if self._options.get("unquote_from") and entity.transfer_encoding != "base64":
            text = unquote_from(text)
        if entity.params.get("format", "").lower() == "flowed":
            text = unflow(text, entity.params.get("delsp", "").lower() == "yes")
        return text

    def _report(self, entity: Entity) -> None:
        text, cleaned = decode_text(entity.body(MAX_BYTES), entity.params.get("charset"))
        for fact, value in mailfacts.from_report(entity.media_type, text).items():
            self.facts.setdefault(fact, value)
        self.add("attachment", entity.media_type, text=text, content=False, cleaned=cleaned)

    def _document(self, entity: Entity, media_type: str) -> None:
        """Read an attached document: its own part without text, then the parts that its reader makes of it."""
        self.attached = True
        problem = self._no_room()
        if problem is not None:
            self._unread(entity, problem)
            return
        try:
            passed_on = {name: self._options[name] for name in ("forms",) if name in self._options}
            result = dispatch.read(entity.body(), media_type, passed_on, self._tick)
        except (ToolMissingError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - one bad attachment is a need, and takes nothing of the message with it
            self._unread(entity, _BROKEN)
            return
        if isinstance(result, Unreadable):
            self._unread(entity, result.reason)
            return
        number = len(self.parts)
        self.add("attachment", media_type, name=entity.name, content=False)
        self.needs.update(result.needs)
        for part in result.parts:
            kind = "attachment" if part.kind == "body" else part.kind
            self._budget.take(part)
            if self._budget.chars <= 0:
                self.needs.add("attachment")
                self.parts[number] = changed(self.parts[number], problem=_TOO_LONG)
                break
            self.parts.append(changed(part, number=len(self.parts), kind=kind, name=entity.name, inside=number))

    def _no_room(self) -> str | None:
        """Why no attachment is opened now, None if it may be."""
        if self._options.get("attachments") is False:
            return _LOST
        if self._budget.chars <= 0:
            return _TOO_LONG
        return _TOO_SLOW if monotonic() > self._budget.until else None

    def _winmail(self, entity: Entity, place: Place) -> None:
        """Open what Outlook wrapped for itself: its body and its files are read as if they had been attached."""
        from intake.reading import tnef  # seldom needed

        self.attached = True
        inner = None if self._no_room() or place.depth >= MAX_DEPTH else tnef.as_mime(entity.body())
        if inner is None:
            self._unread(entity, self._no_room() or "This file of Outlook's (winmail.dat) is damaged.")
            return
        self.add("attachment", attached.TNEF, name=entity.name, content=False)
        before = alternatives.characters(self.parts, range(len(self.parts)))
        number = len(self.parts)
        self.visit(Entity(inner, 0, len(inner)), replace(place, depth=place.depth + 1))
        if before:
            # The message says it all beside the wrapping: what stands inside is the same text again.
            for n in range(number, len(self.parts)):
                if alternatives.is_body(self.parts[n]):
                    self.parts[n] = changed(self.parts[n], content=False)

    def _message(self, entity: Entity, place: Place, media_type: str = "") -> None:
        self.attached = True
        if place.report:
            self.add("attachment", entity.media_type, name=entity.name, content=False)
            return
        if self._level >= MAX_FORWARDED_DEPTH:
            self._unread(entity, f"It is inside more than {MAX_FORWARDED_DEPTH} other messages and is unread.")
            return
        body: bytes | None = entity.body()
        if media_type == attached.MSG and body is not None:
            from intake.reading import outlook  # seldom needed

            body = outlook.as_mime(body)
        if body is None:
            self._unread(entity, "This Outlook message is damaged and does not open.")
            return
        inner = self._read_inner(body, self._level + 1)
        if isinstance(inner, Unreadable):
            self._unread(entity, inner.reason)
            return
        name = entity.name or clean_name(inner.facts.get("subject", ""))
        self.add("attachment", media_type or entity.media_type, name=name, content=False)
        self.forwarded.append(inner)

    def _unread(self, entity: Entity, problem: str, need: str = "attachment") -> None:
        self.attached = True
        self.needs.add(need)
        self.add("attachment", entity.media_type, name=entity.name, content=False, problem=problem)
