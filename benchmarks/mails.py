"""10,000 emails as a council's consultation mailbox gets them, from a fixed seed, written byte by byte.

About 45 % plain text and 45 % multipart/alternative, in the charsets and transfer encodings of the usual programs and
with header blocks of their usual length; HTML alone, inline logos, small attachments (text, and typed PDFs, which need
no OCR), automatic replies and bounces make up the rest. One message is 2 to 12 kB, a few are longer.
"""

import base64
import binascii
import io
import random
import re
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime

from benchmarks.words import address, person, phone, postcode, text

SEED = 20110124
_OPENED = datetime(2011, 1, 24, 8, tzinfo=UTC)
_COUNCIL = "childrenscentrecommissioning@norfolk.gov.uk"
_SUBJECTS = (
    "Children's centres consultation", "Proposed changes to our centre", "RE: Have your say", "Consultation response",
    "our centre – please don’t close it", "Question about opening hours", "Response from a grandparent", "Centres",
)  # fmt: skip
_STYLE = (
    "<style>\r\n<!--\r\n@font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;}\r\n"
    "p.MsoNormal, li.MsoNormal, div.MsoNormal {margin:0cm; margin-bottom:.0001pt; font-size:11.0pt; "
    'font-family:"Calibri","sans-serif";}\r\na:link {color:blue; text-decoration:underline;}\r\n-->\r\n</style>'
)
_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def mails(count: int) -> Iterator[tuple[bytes, datetime]]:
    """So many messages (CRLF), each with the instant it reached the mailbox."""
    for number in range(count):
        chance = random.Random(SEED + number)
        arrived = _OPENED + timedelta(minutes=10 * number)
        yield _mail(chance, number, arrived), arrived


def large_mails(count: int, size: int, *, as_text: bool) -> Iterator[tuple[bytes, datetime]]:
    """So many messages of ``size`` bytes: a short text with a file attached, or else nothing but text."""
    for number in range(count):
        chance = random.Random(SEED - 1 - number)
        arrived = _OPENED + timedelta(minutes=10 * number)
        head = _headers(chance, number, arrived, person(chance))
        if as_text:
            paragraphs = text(chance, 4_000).encode() + b"\r\n\r\n"
            body = (paragraphs * (size // len(paragraphs) + 1))[: size - 4_000].decode("utf-8", "ignore")
            yield _join(head, _leaf("text/plain; charset=utf-8", "8bit", _crlf(body).encode())), arrived
        else:
            attached = _attachment("plans.docx", _DOCX, chance.randbytes(size * 72 // 100))
            yield _join(head, _mixed(number, _plain(chance, text(chance, 120)), attached)), arrived


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _mail(chance: random.Random, number: int, arrived: datetime) -> bytes:
    name = person(chance)
    kind = chance.random()
    head = _headers(chance, number, arrived, name)
    if kind < 0.01:
        return _automatic(number, head)
    if kind < 0.015:
        return _bounce(number, head)
    body = _letter(chance, name)
    if kind < 0.46:
        return _join(head, _plain(chance, body))
    if kind < 0.91:
        return _join(head, _alternative(chance, number, body))
    if kind < 0.94:
        return _join(head, _html(chance, body))
    if kind < 0.97:
        logo = _attachment("image001.png", "image/png", chance.randbytes(2_500), content_id="image001.png@01CBBC3A")
        inner = _alternative(chance, number, body)
        return _join(head, _multipart("related", f"_004_{number:08x}_", inner, logo))
    if kind < 0.995:
        attached = _attachment("my views.txt", "text/plain; charset=windows-1252", _latin(_letter(chance, name)))
    else:
        attached = _attachment("letter.pdf", "application/pdf", _pdf(_letter(chance, name)))
    return _join(head, _mixed(number, _plain(chance, body), attached))


def _letter(chance: random.Random, name: str) -> str:
    """What a resident writes: a greeting, 40 to 700 words, a closing, now and then an address."""
    words = round(min(700, chance.lognormvariate(5.1, 0.6) + 30))
    closing = [chance.choice(("Kind regards", "Yours faithfully", "Many thanks", "Best wishes")), "", name]
    if chance.random() < 0.4:
        closing += [f"{chance.randrange(1, 90)} Mill Lane", "Norfolk", postcode(chance)]
    if chance.random() < 0.25:
        closing += [f"Tel: {phone(chance)}"]
    return "\n".join(["Dear Sir or Madam,", "", text(chance, words), "", *closing])


# --- header blocks ----------------------------------------------------------------------------------------------------


def _headers(chance: random.Random, number: int, arrived: datetime, name: str) -> list[str]:
    """The fields of a message that went over three servers, with a signature (RFC 6376) of the usual length."""
    sender = address(name, number)
    domain = sender.partition("@")[2]
    fields = [f"Return-Path: <{sender}>", f"Delivered-To: {_COUNCIL}"]
    for hop in range(3):
        stamp = format_datetime(arrived - timedelta(seconds=2 * hop))
        fields.append(
            f"Received: from mx{hop}.{domain} (mx{hop}.{domain} [192.0.2.{chance.randrange(1, 255)}])\r\n"
            f"\tby gw{hop}.norfolk.gov.uk (Postfix) with ESMTPS id {chance.getrandbits(40):010X}\r\n"
            f"\tfor <{_COUNCIL}>; {stamp}"
        )
    if chance.random() < 0.7:
        fields.append(
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=20100601;\r\n"
            f"\th=mime-version:date:message-id:subject:from:to:content-type;\r\n\tbh={_base64ish(chance, 43)}=;\r\n"
            + "\r\n".join(f"\t {line}" for line in textwrap.wrap("b=" + _base64ish(chance, 342) + "==", 70))
        )
    fields += [
        f"Date: {format_datetime(arrived - timedelta(seconds=30))}",
        f"From: {_encoded(name)} <{sender}>",
        f"To: Children's Centre Commissioning <{_COUNCIL}>",
        f"Subject: {_encoded(chance.choice(_SUBJECTS))}",
        f"Message-ID: <{chance.getrandbits(64):016x}.{number}@{domain}>",
        "MIME-Version: 1.0",
        f"X-Mailer: {chance.choice(('Microsoft Outlook 12.0', 'Apple Mail (2.1084)', 'YahooMailWebService/0.8'))}",
        "X-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00,HTML_MESSAGE,RCVD_IN_DNSWL_LOW autolearn=ham",
    ]
    if chance.random() < 0.3:
        fields += [
            f"In-Reply-To: <{chance.getrandbits(64):016x}@norfolk.gov.uk>",
            "References: " + "\r\n ".join(f"<{chance.getrandbits(64):016x}@norfolk.gov.uk>" for _ in range(3)),
            "Thread-Index: " + _base64ish(chance, 44),
        ]
    return fields


def _encoded(value: str) -> str:
    return value if value.isascii() else Header(value, "utf-8").encode(linesep="\r\n")


def _base64ish(chance: random.Random, length: int) -> str:
    return bytes(chance.choices(_DIGITS, k=length)).decode()


# --- bodies: each a header block's last fields, and the bytes below ---------------------------------------------------

Body = tuple[list[str], bytes]


def _join(head: list[str], body: Body) -> bytes:
    return "\r\n".join([*head, *body[0]]).encode() + b"\r\n\r\n" + body[1]


def _leaf(content_type: str, encoding: str, content: bytes, *fields: str) -> Body:
    return [f"Content-Type: {content_type}", f"Content-Transfer-Encoding: {encoding}", *fields], content


def _crlf(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\n", "\r\n") + "\r\n"


def _latin(value: str) -> bytes:
    return _crlf(value).encode("cp1252", "replace")


def _quoted(content: bytes) -> bytes:
    return binascii.b2a_qp(content, istext=True)


def _base64(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


def _wrapped(value: str, after: str = "") -> str:
    return "\n".join(f"{after}\n".join(textwrap.wrap(line, 72)) for line in value.split("\n"))


def _plain(chance: random.Random, body: str) -> Body:
    way = chance.random()
    if way < 0.35:
        return _leaf('text/plain; charset="utf-8"', "quoted-printable", _quoted(_crlf(body).encode()))
    if way < 0.55:
        return _leaf("text/plain; charset=utf-8", "base64", _base64(_crlf(body).encode()))
    if way < 0.75:
        flowed = _crlf(_wrapped(body, " ")).encode()
        return _leaf("text/plain; charset=utf-8; format=flowed", "8bit", flowed)
    if way < 0.9:
        return _leaf("text/plain; charset=windows-1252", "8bit", _latin(_wrapped(body)))
    return _leaf("text/plain; charset=us-ascii", "7bit", _crlf(_wrapped(body)).encode("ascii", "replace"))


def _html(chance: random.Random, body: str) -> Body:
    paragraphs = "".join(
        f'\r\n<p class="MsoNormal"><span style="font-size:11.0pt">{line or "&nbsp;"}</span></p>'
        for line in body.replace("&", "&amp;").replace("’", "&#8217;").split("\n")
    )
    page = f"<html>\r\n<head>\r\n{_STYLE}\r\n</head>\r\n<body><div>{paragraphs}\r\n</div>\r\n</body>\r\n</html>\r\n"
    if chance.random() < 0.7:
        return _leaf('text/html; charset="utf-8"', "quoted-printable", _quoted(page.encode()))
    return _leaf('text/html; charset="utf-8"', "base64", _base64(page.encode()))


def _alternative(chance: random.Random, number: int, body: str) -> Body:
    return _multipart("alternative", f"_000_{number:08x}_", _plain(chance, body), _html(chance, body))


def _mixed(number: int, *bodies: Body) -> Body:
    return _multipart("mixed", f"_002_{number:08x}_", *bodies)


def _multipart(kind: str, boundary: str, *bodies: Body) -> Body:
    parts = b"".join(
        f"--{boundary}\r\n".encode() + "\r\n".join(fields).encode() + b"\r\n\r\n" + content + b"\r\n"
        for fields, content in bodies
    )
    return [f'Content-Type: multipart/{kind}; boundary="{boundary}"'], parts + f"--{boundary}--\r\n".encode()


def _attachment(name: str, media_type: str, content: bytes, content_id: str = "") -> Body:
    fields = [f'Content-Type: {media_type}; name="{name}"'.replace("; charset", ";\r\n charset")]
    fields += [f"Content-ID: <{content_id}>"] if content_id else []
    how = "inline" if content_id else "attachment"
    fields += [f'Content-Disposition: {how}; filename="{name}"', "Content-Transfer-Encoding: base64"]
    return fields, _base64(content)


def _pdf(body: str) -> bytes:
    """A typed letter of one page, with its date left out so that its bytes are the same every time."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    lines = canvas.beginText(72, 770)
    for line in _wrapped(body).split("\n")[:50]:
        lines.textLine(line.replace("“", '"').replace("”", '"').replace("’", "'").replace("—", "-"))
    canvas.drawText(lines)
    canvas.save()
    return out.getvalue()


def _automatic(number: int, head: list[str]) -> bytes:
    fields = [field for field in head if not field.startswith("Subject:")]
    fields += [
        "Subject: Automatic reply: Have your say",
        "Auto-Submitted: auto-replied",
        "X-Auto-Response-Suppress: All",
    ]
    body = f"I am out of the office until Monday {number % 28 + 1} March and will read your message then.\r\n"
    return _join(fields, _leaf("text/plain; charset=us-ascii", "7bit", body.encode()))


def _bounce(number: int, head: list[str]) -> bytes:
    fields = [re.sub(r"^Return-Path: .*", "Return-Path: <>", field) for field in head]
    report = f"Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; gone{number}@example.org\r\n"
    status = report + "Action: failed\r\nStatus: 5.1.1\r\n"
    said = _leaf("text/plain; charset=us-ascii", "7bit", b"Your message could not be delivered.\r\n")
    machine = (["Content-Type: message/delivery-status"], status.encode())
    kind, content = _multipart("report", f"_001_{number:08x}_", said, machine)
    return _join(fields, ([kind[0] + "; report-type=delivery-status"], content))
