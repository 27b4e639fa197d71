"""message/rfc822: a message as its sender meant it, every leaf of it accounted for.

Part 0 is the header, decoded, a field a line. Then come all leaves in order. Of a multipart/alternative one body is
``content``: text/plain, unless it is empty or much shorter than the HTML's text; the others are kept beside it. A
document that is attached is read, its parts follow its own, which has no text. Messages carried whole inside, also as
Outlook's files, are ``forwarded``. In the bodies that are content, quoted mail and signatures are marked.

Options: ``unquote_from`` (bool): the message comes from an mbox, which puts ">" before lines that begin with "From ".
``header_only`` (bool): the facts of the header alone, and no part.
``forms``: the layouts of reply forms, for the documents that are attached (see ``ocr``).
``attachments`` (bool): false leaves attached documents unread, because reading them has ended a reader before.

Facts (all strings; absent if unknown):
    from_name, from_email     of the first mailbox of From; from_count how many there are
    from_readable             from_email with an internationalised domain in its own letters (RFC 5890)
    from_signs                what is odd about them: address, direction, unseen, mixed-script, joined by ";"
    reply_to, sender_email    the first address of Reply-To and Sender
    to, cc                    the first 50 addresses of each, joined by ", "
    subject                   decoded
    date_header               Date, as UTC "YYYY-MM-DDTHH:MM:SSZ"; absent if it has no zone
    received_header           the date of the topmost Received, likewise
    message_id                with its angle brackets
    in_reply_to, references   likewise, up to 20 of each, joined by a space
    return_path               the address, or "<>"
    spf, dkim, dmarc          the results (pass, fail, none …) in the topmost Authentication-Results (RFC 8601), and
    authentication_server     the name of the server that says so
    dkim_domains              the signing domains (d=) of all signatures (RFC 6376), joined by ";"
    sending_service           the organisations that sent it out for its author, joined by ";": by signature, envelope,
                              List-Unsubscribe and List-Id; absent where a person's own provider alone sent it
    list_unsubscribe_hosts    the hosts of that field, joined by ";"
    spam_verdict              the field in which a spam filter says that this is spam
    auto_submitted, precedence              the keyword in lower case (RFC 3834)
    report_type               of a multipart/report (delivery-status, disposition-notification, feedback-report)
    delivery_status_action    of RFC 3464: failed, delayed, delivered, relayed, expanded, joined by ";"
    disposition               of RFC 8098: displayed, deleted
    list_unsubscribe, list_id, x_autoreply, x_failed_recipients, feedback_id    "true" if there is such a field
    acknowledgement           "true": it has the field with which our own acknowledgements are marked
    x_auto_response_suppress  as it stands
    content_class             of Exchange, in lower case (urn:content-classes:mdn …)
    content_type              the media type of the message
    has_attachments           "true": something besides bodies, logos and signatures
    empty                     "true": no text, and nothing attached
    identity                  of the message as it came: see ``identity``; absent without a Message-ID
"""

import re
from functools import partial

from intake.reading.agreed import Tick, no_tick
from intake.reading.budget import MAX_DEPTH, MAX_FORWARDED_DEPTH, MAX_PARTS, Budget
from intake.reading.clean import clean
from intake.reading.headers import decode_words
from intake.reading.identity import identity
from intake.reading.mailfacts import from_header
from intake.reading.marking import mark_message
from intake.reading.mimetree import MAX_HEADER_BYTES, Entity
from intake.reading.mimewalk import Walk
from intake.reading.parts import Reading, Unreadable
from intake.reading.quoting import Writer
from intake.reading.wire import Options

__all__ = [
    "MAX_DEPTH", "MAX_FORWARDED_DEPTH", "MAX_HEADER_BYTES", "MAX_PARTS", "NO_MESSAGE", "READER", "message_of", "read",
]  # fmt: skip

READER = "2"
_KNOWN_FIELD = re.compile(
    r"(?:from|to|cc|bcc|subject|date|sender|reply-to|message-id|in-reply-to|references|received|return-path"
    r"|delivered-to|mime-version|content-.+|resent-.+|list-.+|x-.+|auto-submitted|precedence|dkim-signature)",
    re.IGNORECASE,
)
_FIRST_BLOCK_BYTES = 65_536

NO_MESSAGE = Unreadable(
    "This file is not an email message.", "Open it by hand; if it is a response, take it in as what it is."
)


def read(data: bytes, options: Options, tick: Tick = no_tick) -> Reading | Unreadable:
    """Read a message.

    Args:
        data: its bytes, line ends of any kind.
        options: see above.
        tick: called after each page of an attached document.

    Returns:
        The reading, or ``Unreadable`` if there is not one known header field at its top. Never raises because of what
        the bytes are.
    """
    return _read(data, 0, options, tick, Budget())


def message_of(data: bytes) -> Entity | None:
    """The message that these bytes are, taken apart; None if there is not one known header field at its top."""
    if b"\r" in data[:_FIRST_BLOCK_BYTES] and b"\n" not in data[:_FIRST_BLOCK_BYTES]:
        data = data.replace(b"\r", b"\n")  # line ends of an old Mac
    message = Entity(data, _first_line(data), len(data))
    known = any(_KNOWN_FIELD.fullmatch(field.name) for field in message.fields)
    return message if known else None


def _read(data: bytes, level: int, options: Options, tick: Tick, budget: Budget) -> Reading | Unreadable:
    message = message_of(data)
    if message is None:
        return NO_MESSAGE
    if options.get("header_only"):
        return Reading(reader=f"mime {READER}", parts=[], facts=from_header(message))
    walk = Walk(options, tick, budget, level, partial(_read_inner, options=options, tick=tick, budget=budget))
    _add_header(walk, message)
    walk.visit(message)
    facts = {**from_header(message), **walk.facts}
    if level == 0 and (digest := identity(message, facts)):
        facts["identity"] = digest
    if walk.attached:
        facts["has_attachments"] = "true"
    elif not any(part.content and part.text.strip() for part in walk.parts):
        facts["empty"] = "true"
    writer = Writer(
        email=facts.get("from_email", ""),
        name=facts.get("from_name", ""),
        answers="in_reply_to" in facts or "references" in facts,
        subject=facts.get("subject", ""),
    )
    parts, needs = mark_message(walk.parts, walk.hints, writer)
    return Reading(
        reader=f"mime {READER}",
        parts=parts,
        facts=facts,
        needs=sorted(walk.needs | needs),
        forwarded=walk.forwarded,
    )


def _read_inner(data: bytes, level: int, *, options: Options, tick: Tick, budget: Budget) -> Reading | Unreadable:
    return _read(data, level, options, tick, budget)


def _first_line(data: bytes) -> int:
    """Where the first line that is not empty starts."""
    block = data[:_FIRST_BLOCK_BYTES]
    return len(block) - len(block.lstrip(b"\r\n \t"))


def _add_header(walk: Walk, message: Entity) -> None:
    lines = (f"{field.name}: {' '.join(decode_words(field.value).splitlines())}" for field in message.fields)
    problem = None
    if message.header_cut:
        problem = f"The header is longer than {MAX_HEADER_BYTES // 1024} KB; the rest of it is unread."
    text, cleaned = clean("\n".join(lines))
    walk.add("headers", "message/rfc822", text=text, content=False, cleaned=message.cleaned + cleaned, problem=problem)
