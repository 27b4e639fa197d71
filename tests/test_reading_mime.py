"""Messages: what is content, what stands beside it, what a person must see to; nothing makes the reader fail."""

import base64
import time
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from intake.reading import mime
from intake.reading.parts import Part, Reading, Unreadable

HEAD = b"From: Jo Resident <jo@example.org>\r\nTo: consult@example.org\r\nSubject: Centres\r\n"


def read(data: bytes, **options) -> Reading:
    reading = mime.read(data, options)
    assert isinstance(reading, Reading), reading
    return reading


def letter(content_type: str = "text/plain", body: str | bytes = "Keep it open.\r\n", head: str = "") -> bytes:
    raw = body if isinstance(body, bytes) else body.encode()
    return HEAD + f"{head}Content-Type: {content_type}\r\n\r\n".encode() + raw


def multipart(kind: str, *children: bytes | str, boundary: str = "=_b") -> bytes:
    raw = [child if isinstance(child, bytes) else child.encode() for child in children]
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), child) for child in raw) + f"--{boundary}--\r\n".encode()
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + body


def part(content_type: str, body: str | bytes, *more: str) -> bytes:
    head = "\r\n".join([f"Content-Type: {content_type}", *more])
    return head.encode() + b"\r\n\r\n" + (body if isinstance(body, bytes) else body.encode())


def content(reading: Reading) -> list[str]:
    return [p.text.strip() for p in reading.parts if p.content and p.text.strip()]


def attachments(reading: Reading) -> list[Part]:
    return [p for p in reading.parts if p.kind == "attachment"]


PLAIN = part("text/plain", "Keep it open.")
HTML = part("text/html", "<p>Keep it <b>open</b>.</p>")


# ---- headers


def test_part_0_is_the_header_decoded_one_field_a_line():
    reading = read(
        b"Received: by mx\r\n\tfor you\r\nSubject: =?utf-8?q?Children=E2=80=99s?=\r\n =?utf-8?q?_centres?=\r\n"
        b"X-Raw: caf\xc3\xa9\r\nX-Latin: caf\xe9\r\n\r\nBody\r\n"
    )
    head = reading.parts[0]
    assert head.text == "Received: by mx for you\nSubject: Children’s centres\nX-Raw: café\nX-Latin: café"
    assert (head.kind, head.content, head.number) == ("headers", False, 0)


def test_the_facts_of_an_ordinary_message():
    reading = read(
        b"Return-Path: <jo@example.org>\r\nReceived: by mx; Tue, 1 Mar 2011 10:00:05 +0000\r\n"
        b"Received: by other; Tue, 1 Mar 2011 09:00:00 +0000\r\nFrom: =?utf-8?q?Jo_R=C3=A9sident?= <jo@example.org>\r\n"
        b'Reply-To: "Resident, Jo" <reply@example.org>\r\nTo: a@example.org, Group: b@example.org, c@example.org;\r\n'
        b"Subject: Re:\r\n centres\r\nDate: Tue, 1 Mar 2011 11:00:00 +0100 (CET)\r\nMessage-ID:\r\n <1@example.org>\r\n"
        b"In-Reply-To: <0@example.org>\r\nReferences: <a@x> <b@x>\r\nAuto-Submitted: NO\r\n\r\nHello\r\n"
    )
    assert reading.facts == {
        "from_name": "Jo Résident",
        "from_email": "jo@example.org",
        "from_count": "1",
        "reply_to": "reply@example.org",
        "to": "a@example.org, b@example.org, c@example.org",
        "subject": "Re: centres",
        "date_header": "2011-03-01T10:00:00Z",
        "received_header": "2011-03-01T10:00:05Z",
        "message_id": "<1@example.org>",
        "in_reply_to": "<0@example.org>",
        "references": "<a@x> <b@x>",
        "return_path": "jo@example.org",
        "auto_submitted": "no",
        "content_type": "text/plain",
    }
    assert reading.reader == "mime 2"


@pytest.mark.parametrize(
    ("field", "fact", "value"),
    [
        ("Auto-Submitted: auto-replied (vacation); owner=x", "auto_submitted", "auto-replied"),
        ("Auto-Submitted: (why) auto-generated", "auto_submitted", "auto-generated"),
        ("Precedence: AUTO_REPLY", "precedence", "auto_reply"),
        ("Return-Path: <>", "return_path", "<>"),
        ("List-Unsubscribe: <mailto:x@example.org>", "list_unsubscribe", "true"),
        ("X-Auto-Response-Suppress: All", "x_auto_response_suppress", "All"),
        ("X-Autoreply: yes", "x_autoreply", "true"),
        ("Sender: office@example.org", "sender_email", "office@example.org"),
        ("X-Failed-Recipients: a@example.org", "x_failed_recipients", "true"),
    ],
)
def test_signs_of_a_machine_are_facts(field, fact, value):
    assert read(letter(head=f"{field}\r\n")).facts[fact] == value


def test_several_senders_are_counted():
    facts = read(b"From: a@example.org, B <b@example.org>\r\n\r\nHi\r\n").facts
    assert (facts["from_email"], facts["from_count"]) == ("a@example.org", "2")


# ---- bodies


def test_of_two_alternatives_the_plain_text_is_content_and_the_other_stands_beside_it():
    reading = read(HEAD + multipart("alternative", PLAIN, HTML))
    assert [(p.media_type, p.content, p.text) for p in reading.parts[1:]] == [
        ("text/plain", True, "Keep it open."),
        ("text/html", False, "Keep it open."),
    ]


@pytest.mark.parametrize(
    ("plain", "html", "chosen"),
    [
        ("", "<p>My own words.</p>", "My own words."),
        (" \r\n", "<p>My own words.</p>", "My own words."),
        ("Open this in a browser.", f"<p>{'My own words. ' * 20}</p>", ("My own words. " * 20).strip()),
        ("Yes", "<p>Yes</p><p>Sent from Outlook</p>", "Yes"),
        ("Long and plain. " * 20, "<p>Short</p>", ("Long and plain. " * 20).strip()),
        ("The plain text", "<p></p>", "The plain text"),
    ],
)
def test_the_html_is_content_if_the_plain_text_says_much_less(plain, html, chosen):
    data = HEAD + multipart("alternative", part("text/plain", plain), part("text/html", html))
    assert content(read(data)) == [chosen]


def test_an_alternative_that_is_itself_of_several_parts_counts_as_one():
    """Apple's mail: text, or HTML with a document between its pieces."""
    rich = multipart("mixed", HTML, part("application/msword", "x", "Content-Disposition: attachment"), boundary="in")
    reading = read(HEAD + multipart("alternative", PLAIN, rich))
    assert content(reading) == ["Keep it open."]
    assert [p.media_type for p in attachments(reading)] == ["application/msword"]
    assert reading.needs == ["attachment"]


def test_html_keeps_its_lists_and_tables_as_its_sender_saw_them():
    html = "<p>I want</p><ul><li>a nurse</li><li>a bus</li></ul><table><tr><td>Mon</td><td>10</td></tr></table>"
    [text] = content(read(letter("text/html; charset=utf-8", html + "<script>evil()</script>")))
    assert text == "I want\n\n  * a nurse\n  * a bus\nMon  10"


def test_an_html_body_without_charset_is_decoded_by_its_own_meta_element():
    html = '<html><head><meta charset="koi8-r"></head><body><p>Привет</p></body></html>'.encode("koi8-r")
    assert content(read(letter("text/html", html))) == ["Привет"]


@pytest.mark.parametrize(
    ("declared", "data", "text", "cleaned"),
    [
        ("utf-8", "café £5".encode(), "café £5", 0),
        ("iso-8859-1", b"\x93quoted\x94", "“quoted”", 0),
        ("us-ascii", "café".encode(), "café", 0),
        ("us-ascii", b"It costs \xa35 a day for each child", "It costs £5 a day for each child", 0),
        ("x-unknown", "café".encode(), "café", 0),
        ("utf-8", "one two three: €€€€€€€€€€€€€€".encode() + b"\xff", "one two three: €€€€€€€€€€€€€€�", 1),
        ("utf-16", "Keep".encode("utf-16"), "Keep", 0),
        ("iso-2022-jp", "日本語".encode("iso-2022-jp"), "日本語", 0),
        ("utf-8", b"a\x00b", "a�b", 1),
        ("idna", b"plain", "plain", 0),
        ("zlib", b"plain", "plain", 0),
        ('"utf-8', "café".encode(), "café", 0),
    ],
)
def test_a_text_is_decoded_whatever_its_charset_is_called(declared, data, text, cleaned):
    body = read(letter(f"text/plain; charset={declared}", data)).parts[1]
    assert (body.text, body.cleaned) == (text, cleaned)


def test_an_undeclared_charset_is_detected():
    text = "Здравствуйте, я хочу, чтобы детский центр остался открытым для всех семей нашего города."
    assert content(read(letter("text/plain", text.encode("windows-1251")))) == [text]


@pytest.mark.parametrize(
    ("flowed", "text"),
    [
        ("one \r\ntwo\r\nthree\r\n", "one two\nthree\n"),
        ("> quoted \r\n> more\r\nmine\r\n", "> quoted more\nmine\n"),
        ("> quoted \r\nmine\r\n", "> quoted \nmine\n"),
        ("Jo\r\n-- \r\nsignature\r\n", "Jo\n-- \nsignature\n"),
        (" From me\r\n", "From me\n"),
    ],
)
def test_flowed_lines_are_joined(flowed, text):
    """RFC 3676."""
    assert read(letter("text/plain; format=flowed", flowed)).parts[1].text == text


def test_delsp_takes_the_space_away():
    assert read(letter("text/plain; format=flowed; delsp=yes", "日本 \r\n語\r\n")).parts[1].text == "日本語\n"


def test_what_an_mbox_quoted_is_unquoted_only_if_asked():
    data = letter(body=">From the start\r\n>> From me\r\n")
    assert read(data).parts[1].text == ">From the start\n>> From me\n"
    assert read(data, unquote_from=True).parts[1].text == "From the start\n>> From me\n"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", base64.encodebytes("Keep – it".encode())),
        ("base64", b"S2VlcCDigJMgaXQ"),  # without its padding
        ("base64", b"S2Vl!!cCDig\r\n\r\nJMgaXQ=="),
        ("quoted-printable", b"Keep =E2=80=93=\r\n it"),
        ("8bit", "Keep – it".encode()),
        ("x-invented", "Keep – it".encode()),
        ("BASE64 ; x", base64.encodebytes("Keep – it".encode())),
    ],
)
def test_transfer_encodings_are_undone(encoding, body):
    data = letter("text/plain; charset=utf-8", body, f"Content-Transfer-Encoding: {encoding}\r\n")
    assert content(read(data)) == ["Keep – it"]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r", b"\r\r\n"])
def test_line_ends_of_every_kind_are_read(line_end):
    data = HEAD + multipart("mixed", part("text/plain", "one\r\ntwo"), part("text/plain", "three"))
    reading = read(data.replace(b"\r\n", line_end))
    assert content(reading) == ["one\ntwo", "three"]
    assert reading.facts["subject"] == "Centres"


def test_a_multipart_whose_boundary_is_nowhere_is_read_as_text():
    assert content(read(letter("multipart/mixed; boundary=gone", "Keep it open."))) == ["Keep it open."]


def test_a_multipart_that_is_cut_off_is_read_as_far_as_it_goes():
    data = HEAD + multipart("mixed", PLAIN, part("text/plain", "And the bus.")).removesuffix(b"--=_b--\r\n")
    assert content(read(data)) == ["Keep it open.", "And the bus."]


def test_a_part_without_header_is_text():
    assert content(read(HEAD + multipart("mixed", "\r\nKeep it open."))) == ["Keep it open."]


def test_an_inner_boundary_that_begins_like_the_outer_one_does_not_end_it():
    inner = multipart("alternative", PLAIN, HTML, boundary="b-inner")
    reading = read(HEAD + multipart("mixed", inner, part("text/plain", "After."), boundary="b"))
    assert content(reading) == ["Keep it open.", "After."]


# ---- attachments


def pdf(*words: str) -> bytes:
    out = BytesIO()
    canvas = Canvas(out)
    for word in words:
        canvas.drawString(72, 700, word)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def picture(side: int) -> bytes:
    out = BytesIO()
    Image.effect_noise((side, side), 90).save(out, "PNG")
    return out.getvalue()


def coded(content_type: str, data: bytes, *more: str) -> bytes:
    return part(content_type, base64.encodebytes(data), "Content-Transfer-Encoding: base64", *more)


ATTACHED = 'Content-Disposition: attachment; filename="file"'


@pytest.mark.parametrize(
    ("child", "text", "needs"),
    [
        (part("text/plain; name=a.txt", "And the bus.", ATTACHED), "And the bus.", []),
        (part("text/html", "<p>And the bus.</p>", ATTACHED), "And the bus.", []),
        (part("application/octet-stream; name=a.txt", "And the bus."), "And the bus.", []),
        (coded("application/pdf", pdf("And the bus."), ATTACHED), "And the bus.", []),
        (coded("application/octet-stream", pdf("And the bus."), 'Content-Disposition: attachment; filename="a.PDF"'),
         "And the bus.", []),
        (coded("application/pdf", b"%PDF-1.4 cut off", ATTACHED), None, ["attachment"]),
        (part("text/csv", "a,b", ATTACHED), None, ["attachment"]),
        (part("application/msword", "x", ATTACHED), None, ["attachment"]),
        (coded("image/jpeg", b"x" * 500, ATTACHED), None, ["attachment"]),
        (part("audio/wav", "x", ATTACHED), None, ["attachment"]),
        (part("application/zip", "x", ATTACHED), None, ["attachment"]),
        (part("application/x-pkcs7-mime; smime-type=enveloped-data", "x"), None, ["attachment"]),
        (part("message/partial; id=1; number=1", "x"), None, ["fetch"]),
        (part("message/external-body; access-type=URL", "x"), None, ["fetch"]),
        (part("text/calendar", "BEGIN:VCALENDAR"), None, []),
        (part("text/x-vcard; name=jo.vcf", "BEGIN:VCARD"), None, []),
        (part("application/pgp-signature", "x"), None, []),
        (part("text/rtf", "{\\rtf1 A letter.}"), "A letter.", []),
    ],
)  # fmt: skip
def test_what_is_attached_is_read_or_handed_to_a_person(child, text, needs):
    reading = read(HEAD + multipart("mixed", PLAIN, child))
    assert content(reading) == ["Keep it open.", *([text] if text else [])]
    assert reading.needs == needs
    assert len([p for p in attachments(reading) if p.inside is None]) == 1
    assert "empty" not in reading.facts


def test_the_pages_of_an_attached_pdf_are_parts_of_the_message():
    child = coded(
        "application/pdf", pdf("First.", "Second."), 'Content-Disposition: attachment; filename="let=ter.pdf"'
    )
    reading = read(HEAD + multipart("mixed", PLAIN, child, part("text/plain", "Bye.")))
    assert [p.number for p in reading.parts] == list(range(6))
    pages = [p for p in reading.parts if p.kind == "page"]
    assert [(p.page, p.text, p.name, p.method) for p in pages] == [
        (1, "First.", "let=ter.pdf", "pdf"),
        (2, "Second.", "let=ter.pdf", "pdf"),
    ]
    assert reading.facts["has_attachments"] == "true"


@pytest.mark.parametrize(
    ("side", "how", "is_logo"),
    [
        (30, ("Content-ID: <logo>",), True),
        (30, ("Content-Disposition: inline",), True),
        (250, ("Content-ID: <logo>",), True),
        (400, ("Content-ID: <pasted-letter>",), False),
        (250, ("Content-Disposition: inline",), False),
        (30, (ATTACHED,), False),
    ],
)
def test_logos_need_nobody_and_pictures_that_may_be_a_letter_do(side, how, is_logo):
    html = part("text/html", '<p>Hello <img src="cid:logo"></p>')
    reading = read(
        HEAD + multipart("related" if "ID" in how[0] else "mixed", html, coded("image/png", picture(side), *how))
    )
    assert any(p.kind == "page" for p in reading.parts) is not is_logo
    assert ("has_attachments" in reading.facts) is not is_logo


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ('filename="letter.doc"', "letter.doc"),
        ("filename=letter of mine.doc", "letter of mine.doc"),
        ("filename*=utf-8''caf%C3%A9.doc", "café.doc"),
        ("filename*0=long; filename*1=name.doc", "longname.doc"),
        ("filename*1=name.doc; filename*0*=utf-8''l%C3%B6ng", "löngname.doc"),
        ('filename="=?utf-8?q?caf=C3=A9.doc?="', "café.doc"),
        ('filename="a\\"b.doc"', 'a"b.doc'),
        ('filename="../../etc/passwd"', "../../etc/passwd"),
        ("filename*=utf-8''a%0D%0AX-Evil: 1.doc", "a��X-Evil: 1.doc"),
        ("filename*=utf-8''cod.exe%E2%80%AEfdp", "cod.exe�fdp"),
        ("filename*", ""),
        ("filename*99999=x", ""),
        ("filename*=nonsense", "nonsense"),
    ],
)
def test_file_names_are_decoded_and_made_fit_to_be_shown(parameter, name):
    child = part("application/msword", "x", f"Content-Disposition: attachment; {parameter}")
    assert attachments(read(HEAD + multipart("mixed", PLAIN, child)))[0].name == name


def test_a_message_that_is_encrypted_is_kept_for_a_person():
    reading = read(HEAD + multipart("encrypted", part("application/pgp-encrypted", "Version: 1"), PLAIN))
    assert content(reading) == []
    assert reading.needs == ["attachment"]
    assert "empty" not in reading.facts
    inline = read(letter(body="-----BEGIN PGP MESSAGE-----\r\nhQ\r\n"))
    assert inline.needs == ["attachment"]
    assert "encrypted" in (inline.parts[1].problem or "")


def test_a_signed_message_is_its_text():
    reading = read(HEAD + multipart("signed", PLAIN, part("application/pkcs7-signature", "x", ATTACHED)))
    assert content(reading) == ["Keep it open."]
    assert reading.needs == []


# ---- messages inside messages


def test_messages_that_are_forwarded_whole_are_readings_of_their_own():
    one = b"From: a@example.org\r\nSubject: First\r\n\r\nOne.\r\n"
    two = base64.encodebytes(b"From: b@example.org\r\n\r\nTwo.\r\n")
    data = HEAD + multipart(
        "mixed",
        PLAIN,
        part("message/rfc822", one),
        part("message/rfc822", two, "Content-Transfer-Encoding: base64"),
    )
    reading = read(data)
    assert content(reading) == ["Keep it open."]
    assert [inner.facts["from_email"] for inner in reading.forwarded] == ["a@example.org", "b@example.org"]
    assert [content(inner) for inner in reading.forwarded] == [["One."], ["Two."]]
    assert [(p.name, p.content) for p in attachments(reading)] == [("First", False), ("", False)]


def test_the_parts_of_a_digest_are_messages():
    reading = read(
        HEAD + multipart("digest", "\r\nFrom: a@example.org\r\n\r\nOne.", "\r\nFrom: b@example.org\r\n\r\nTwo.")
    )
    assert [content(inner) for inner in reading.forwarded] == [["One."], ["Two."]]


def test_what_is_attached_as_a_message_and_is_none_is_for_a_person():
    reading = read(HEAD + multipart("mixed", PLAIN, part("message/rfc822", "no header here")))
    assert reading.forwarded == []
    assert reading.needs == ["attachment"]


def test_messages_inside_messages_end_at_a_depth():
    data = letter()
    for level in range(20):
        data = HEAD + multipart("mixed", part("message/rfc822", data), boundary=f"b{level}x")
    depth, reading = 0, read(data)
    while reading.forwarded:
        depth, reading = depth + 1, reading.forwarded[0]
    assert depth == mime.MAX_FORWARDED_DEPTH
    assert "8 other messages" in (reading.parts[1].problem or "")


def test_a_bounce_says_what_became_of_the_delivery_and_forwards_nothing():
    report = multipart(
        "report; report-type=delivery-status",
        part("text/plain", "It could not be delivered."),
        part(
            "message/delivery-status", "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@x\r\nAction: Failed\r\n"
        ),
        part("message/rfc822", letter()),
    )
    reading = read(HEAD + report)
    assert reading.forwarded == []
    assert reading.facts["report_type"] == "delivery-status"
    assert reading.facts["delivery_status_action"] == "failed"
    assert content(reading) == ["It could not be delivered."]


def test_a_read_receipt_says_what_was_done():
    report = multipart(
        "report; report-type=disposition-notification",
        part("text/plain", "It was displayed."),
        part("message/disposition-notification", "Disposition: manual-action/MDN-sent-manually; displayed\r\n"),
    )
    facts = read(HEAD + report).facts
    assert (facts["report_type"], facts["disposition"]) == ("disposition-notification", "displayed")


# ---- nothing in it, or no message at all


@pytest.mark.parametrize(
    "data",
    [
        HEAD,
        HEAD + b"\r\n",
        letter(body=" \r\n\r\n"),
        letter("text/html", "<html><body><p>&nbsp;</p></body></html>"),
        HEAD + multipart("alternative", part("text/plain", ""), part("text/html", "")),
    ],
)
def test_a_message_with_nothing_in_it_says_so(data):
    assert read(data).facts["empty"] == "true"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
        b"Dear Sir,\r\n\r\nKeep it open.\r\n",
        b"\r\n\r\n",
        b"\x00" * 1000,
        b"Note: this is a text with a colon\r\n\r\nand no message\r\n",
        b"PK\x03\x04" + bytes(1000),
    ],
)
def test_what_is_no_message_is_unreadable(data):
    assert mime.read(data, {}) == mime.NO_MESSAGE


def test_a_from_line_and_empty_lines_above_the_header_are_passed_over():
    assert read(b"\r\nFrom jo@example.org Tue Mar  1 10:00:00 2011\r\n" + letter()).facts["subject"] == "Centres"


# ---- limits


def test_more_parts_than_are_read_are_said():
    reading = read(HEAD + multipart("mixed", *[PLAIN] * 10_000))
    assert len(reading.parts) == mime.MAX_PARTS
    assert "1000 parts" in (reading.parts[-1].problem or "")
    assert reading.needs == ["attachment"]


def test_nesting_ends_at_a_depth():
    data = PLAIN
    for level in range(3_000):
        data = multipart("mixed", data, boundary=f"b{level}x")
    reading = read(HEAD + data)
    assert "50 levels" in (reading.parts[-1].problem or "")
    assert reading.needs == ["attachment"]


def test_a_header_without_end_is_read_in_part():
    reading = read(HEAD + b"X-Long: " + b"x" * 2_000_000 + b"\r\n\r\nKeep it open.\r\n")
    assert "1024 KB" in (reading.parts[0].problem or "")
    assert content(reading) == ["Keep it open."]


def test_a_text_longer_than_is_read_is_said():
    reading = read(letter(body=b"word " * 1_000_000))
    assert len(reading.parts[1].text) == 4_000_000
    assert reading.needs == ["attachment"]


HOSTILE = {
    "20,000 recipients": b"From: a@x\r\nTo: "
    + b",\r\n ".join(b"Name %d <r%d@example.org>" % (n, n) for n in range(20_000)),
    "folded for ever": b"From: a@x\r\nSubject: a" + b"\r\n b" * 100_000,
    "brackets": b"From: a@x\r\nTo: " + b"(" * 100_000,
    "angles": b"From: a@x\r\nTo: " + b"<" * 100_000,
    "quotes": b'From: a@x\r\nTo: "' + b'\\"' * 100_000,
    "encoded words": b"From: a@x\r\nSubject: " + b"=?utf-8?q?a?= " * 50_000,
    "half encoded words": b"From: a@x\r\nSubject: " + b"=?" * 200_000,
    "parameters": b"From: a@x\r\nContent-Type: text/plain" + b"; name*0=x" * 50_000,
    "semicolons": b"From: a@x\r\nContent-Type: text/plain" + b";" * 500_000,
    "equals": b"From: a@x\r\nContent-Type: text/plain;" + b"a=" * 200_000,
    "quoted-printable": b"From: a@x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 500_000,
    "deep HTML": b"From: a@x\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 6_000,
    "deep tables": b"From: a@x\r\nContent-Type: text/html\r\n\r\n" + b"<table><tr><td>" * 2_000,
    "uneven table": b"From: a@x\r\nContent-Type: text/html\r\n\r\n<table><tr><td>" + b"w " * 7000 + b"<tr><td>a" * 1500,
    "open tags": b"From: a@x\r\nContent-Type: text/html\r\n\r\n" + b"<" * 30_000,
    "open comments": b"From: a@x\r\nContent-Type: text/html\r\n\r\n" + b"<!--" * 8_000,
    "quote marks": b"From: a@x\r\nContent-Type: text/plain; format=flowed\r\n\r\n" + b"> " * 15_000,
    "carriage returns": b"From: a@x\n\n" + b"\r" * 500_000 + b"\n",
    "dashes": b"From: a@x\r\nContent-Type: multipart/mixed; boundary=-\r\n\r\n" + b"-" * 30_000,
    "digits": b"From: a@x\r\nDate: " + b"1" * 30_000 + b"\r\nContent-Type: a/b; x*" + b"1" * 30_000 + b"=y",
    "8-bit": b"From: a@x\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n" + bytes(range(128, 256)) * 250,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_are_read_in_a_moment(name):
    mime.read(letter("text/html", "<p>warm</p>"), {})
    started = time.process_time()
    reading = mime.read(HOSTILE[name], {})
    assert time.process_time() - started < 1.5
    assert isinstance(reading, Reading | Unreadable)


# ---- what holds for all messages


def check(reading: Reading) -> None:
    for number, p in enumerate(reading.parts):
        assert p.number == number
        for text in (p.text, p.name, p.media_type):
            assert "\x00" not in text
            text.encode()
    for value in reading.facts.values():
        assert value
        assert "\x00" not in value
        value.encode()
    for inner in reading.forwarded:
        check(inner)


SEEDS = [
    letter("text/plain; charset=utf-8; format=flowed", "Keep – it \r\nopen"),
    HEAD + multipart("alternative", PLAIN, HTML),
    HEAD + multipart("mixed", PLAIN, part("message/rfc822", letter()), part("application/msword", "x", ATTACHED)),
    b"From: =?utf-8?b?SsO2?= (comment) <jo@example.org>\r\nDate: Tue, 1 Mar 2011 11:00:00 +0100\r\n\r\nx",
]


@st.composite
def damaged(draw) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        data[at : at + length] = draw(
            st.binary(max_size=8)
            | st.sampled_from([b"\r\n", b"\n\n", b"=?", b"?=", b"--=_b", b'"', b";", b"*0*=", b"\x00", b"\xed\xa0\x80"])
        )
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400) | damaged())
@example(b"From: a@x\nContent-Type: text/html\n\n&#xD800;&#0;\x00")
@example(b"From: a@x\nSubject: =?utf-16?b?2AA=?= =?utf-8?q?=ED=A0=80?=\n\n")
@example(b"From: a@x\nContent-Type: text/plain; name*1*=a'b'c; name*=x''%ff; =; charset*=''\n\n")
def test_the_reader_never_raises_and_what_it_returns_can_be_stored(data):
    reading = mime.read(data, {})
    if isinstance(reading, Reading):
        check(reading)


texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85\ufeff"), max_size=200
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(texts, min_size=1, max_size=4),
    st.sampled_from(["quoted-printable", "base64", "8bit"]),
    texts.filter(lambda text: text.split() and "=?" not in text),
)
def test_what_a_mail_program_writes_is_read_back_word_for_word(lines, encoding, subject):
    message = EmailMessage(policy=SMTP)
    message["From"] = "jo@example.org"
    message["Subject"] = " ".join(subject.split())
    text = "\n".join(lines) + "\n"
    message.set_content(text, cte=encoding)
    reading = read(message.as_bytes())
    assert reading.parts[1].text == text
    assert reading.facts["subject"].split() == subject.split()
