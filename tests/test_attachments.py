"""Attachments: each kind, plain, damaged, huge and encrypted, with what becomes of it; and what none of them may do."""

import base64
import io
import time
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from intake.reading import mime
from intake.reading.budget import MAX_PARTS
from intake.reading.parts import Reading
from tests.support import outlook
from tests.support.consultation import Consultation, pdf
from tests.support.documents import docx, image, odt, rtf, word_part, zipped

HEAD = b"From: Jo Resident <jo@example.org>\r\nDate: Tue, 1 Mar 2011 10:00:00 +0000\r\nSubject: Centres\r\n"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def mail(*files: tuple[str, str, bytes], body: str = "Keep it open.") -> bytes:
    """A message with these files: media type, name, bytes."""
    parts = [b"Content-Type: text/plain\r\n\r\n" + body.encode()]
    for media_type, name, data in files:
        head = f'Content-Type: {media_type}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        parts.append(f"{head}Content-Transfer-Encoding: base64\r\n\r\n".encode() + base64.encodebytes(data))
    cut = b"--=_cut\r\n"
    start = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=_cut"\r\n\r\n'
    return HEAD + start + b"\r\n".join(cut + part for part in parts) + b"\r\n--=_cut--\r\n"


def read(data: bytes) -> Reading:
    reading = mime.read(data, {})
    assert isinstance(reading, Reading), reading
    return reading


def words(reading: Reading) -> str:
    return " ".join(" ".join(p.text for p in reading.parts if p.content).split())


def locked_pdf() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, encrypt="secret")
    canvas.drawString(72, 700, "And the bus.")
    canvas.save()
    return out.getvalue()


def locked_word() -> bytes:
    """[MS-OFFCRYPTO]: an OLE file with the encrypted zip as one of its streams."""
    return outlook.write(outlook.Storage("Root Entry", {"EncryptedPackage": b"x" * 5000, "EncryptionInfo": b"y" * 300}))


def locked_zip() -> bytes:
    """A document whose members are said to be encrypted (the lowest bit of the flags of each)."""
    data = bytearray(docx())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at != -1:
            data[at + offset] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def locked_odt() -> bytes:
    return odt(more={"META-INF/manifest.xml": "<manifest><encryption-data/></manifest>"})


def bomb(name: str) -> bytes:
    """A document whose one member expands to 80 MB."""
    return zipped({name: b"<a>" + b" " * (80 << 20) + b"</a>"})


def sheet() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["And the bus."])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def winmail(text: bytes = b"And the bus.", name: bytes = b"bus.txt") -> bytes:
    """[MS-OXTNEF]: one file with its name."""

    def attribute(level: int, number: int, kind: int, value: bytes) -> bytes:
        head = bytes([level]) + number.to_bytes(2, "little") + kind.to_bytes(2, "little")
        return head + len(value).to_bytes(4, "little") + value + (sum(value) & 0xFFFF).to_bytes(2, "little")

    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(
        [
            attribute(2, 0x9002, 6, b"\x01\x00" + b"\xff" * 12),
            attribute(2, 0x8010, 1, name + b"\0"),
            attribute(2, 0x800F, 6, text),
        ]
    )


OUTLOOK = outlook.simple("And the bus.").bytes()
VAST_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\1\xff\xff" * 2 + b"x" * 300  # 131,071 pixels either way
OPENED, KEPT, LOOK, NOTHING = "its words are content", "kept, needs attachment", "kept, a person looks", "no content"
HUGE_TEXT = "And the bus. " + "word " * 1_200_000
MATRIX = [
    # kind, media type, name, state, bytes, outcome
    ("pdf", "application/pdf", "a.pdf", "plain", lambda: pdf("And the bus."), OPENED),
    ("pdf", "application/octet-stream", "a.PDF", "plain", lambda: pdf("And the bus."), OPENED),
    ("pdf", "application/octet-stream", "noname", "plain", lambda: pdf("And the bus."), OPENED),
    ("pdf", "application/pdf", "a.pdf", "damaged", lambda: pdf("And the bus.")[:400], KEPT),
    ("pdf", "application/pdf", "a.pdf", "encrypted", locked_pdf, KEPT),
    ("docx", WORD, "a.docx", "plain", docx, OPENED),
    ("docx", "application/octet-stream", "a.docx", "plain", docx, OPENED),
    ("docx", "application/msword", "a.docx", "plain", docx, OPENED),
    ("docx", WORD, "a.docx", "damaged", lambda: docx()[:200], KEPT),
    ("docx", WORD, "a.docx", "huge", lambda: bomb("word/document.xml"), KEPT),
    ("docx", WORD, "a.docx", "huge text", lambda: docx(HUGE_TEXT), LOOK),
    ("docx", WORD, "a.docx", "encrypted", locked_word, KEPT),
    ("docx", WORD, "a.docx", "encrypted", locked_zip, KEPT),
    ("odt", ODT, "a.odt", "plain", odt, OPENED),
    ("odt", ODT, "a.odt", "damaged", lambda: odt()[:200], KEPT),
    ("odt", ODT, "a.odt", "huge", lambda: bomb("content.xml"), KEPT),
    ("odt", ODT, "a.odt", "encrypted", locked_odt, KEPT),
    ("rtf", "application/rtf", "a.rtf", "plain", rtf, OPENED),
    ("rtf", "application/msword", "a.doc", "plain", rtf, OPENED),
    ("rtf", "application/rtf", "a.rtf", "damaged", lambda: rtf()[:-4], OPENED),
    ("rtf", "application/rtf", "a.rtf", "damaged", lambda: b"no rtf", KEPT),
    ("rtf", "application/rtf", "a.rtf", "huge text", lambda: rtf(HUGE_TEXT), LOOK),
    ("txt", "text/plain", "a.txt", "plain", lambda: b"And the bus.", OPENED),
    ("txt", "text/plain; charset=x-none", "a.txt", "damaged", lambda: b"And the bus.\x00\xff\xfe", OPENED),
    ("txt", "text/plain", "a.txt", "huge", HUGE_TEXT.encode, LOOK),
    ("txt", "text/plain", "a.txt", "encrypted", lambda: b"-----BEGIN PGP MESSAGE-----\n\nabc", KEPT),
    ("html", "text/html", "a.html", "plain", lambda: b"<p>And the <b>bus</b>.</p>", OPENED),
    ("html", "text/html", "a.html", "damaged", lambda: b"<p>And the bus.<<<table><tr", OPENED),
    ("html", "text/html", "a.html", "huge", lambda: b"<p>And the bus." + b"<div>" * 900_000, LOOK),
    ("png", "image/png", "a.png", "plain", lambda: image("PNG"), OPENED),
    ("jpg", "image/jpeg", "a.jpg", "plain", lambda: image("JPEG"), OPENED),
    ("tif", "image/tiff", "a.tif", "plain", lambda: image("TIFF"), OPENED),
    ("gif", "image/gif", "a.gif", "plain", lambda: image("GIF"), OPENED),
    ("jpg", "image/jpeg", "a.jpg", "damaged", lambda: image("JPEG")[:300], KEPT),
    ("heic", "image/heic", "a.heic", "damaged", lambda: b"\0\0\0\x18ftypheic" + b"\0" * 500, KEPT),
    ("png", "image/png", "a.png", "huge", lambda: VAST_PNG, KEPT),
    ("msg", "application/vnd.ms-outlook", "a.msg", "plain", lambda: OUTLOOK, "carried whole"),
    ("msg", "application/octet-stream", "a.msg", "plain", lambda: OUTLOOK, "carried whole"),
    ("msg", "application/vnd.ms-outlook", "a.msg", "damaged", lambda: OUTLOOK[:900], KEPT),
    ("winmail.dat", "application/ms-tnef", "winmail.dat", "plain", winmail, OPENED),
    ("winmail.dat", "application/octet-stream", "winmail.dat", "plain", winmail, OPENED),
    ("winmail.dat", "application/ms-tnef", "winmail.dat", "damaged", lambda: winmail()[:30], LOOK),
    ("winmail.dat", "application/ms-tnef", "winmail.dat", "damaged", lambda: b"no tnef", KEPT),
    ("xlsx", SHEET, "a.xlsx", "plain", sheet, KEPT),
    ("xls", "application/vnd.ms-excel", "a.xls", "plain", lambda: b"\xd0\xcf\x11\xe0" + b"x" * 600, KEPT),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet", "a.ods", "plain", odt, KEPT),
    ("csv", "text/csv", "a.csv", "plain", lambda: b"a,b\n1,2\n", KEPT),
    ("doc", "application/msword", "a.doc", "plain", lambda: b"\xd0\xcf\x11\xe0" + b"x" * 600, KEPT),
    ("zip", "application/zip", "a.zip", "plain", lambda: zipped({"a.txt": "And the bus."}), KEPT),
    ("zip", "application/zip", "a.zip", "huge", lambda: bomb("a.txt"), KEPT),
    ("sound", "audio/mpeg", "a.mp3", "plain", lambda: b"ID3" + b"x" * 600, KEPT),
    ("film", "video/mp4", "a.mp4", "plain", lambda: b"\0\0\0\x18ftypmp42" + b"x" * 600, KEPT),
    ("s/mime", "application/pkcs7-mime; smime-type=enveloped-data", "smime.p7m", "encrypted", lambda: b"x" * 600, KEPT),
    ("unknown", "application/x-thing", "a.thing", "plain", lambda: b"x" * 600, KEPT),
    ("invite", "text/calendar", "a.ics", "plain", lambda: b"BEGIN:VCALENDAR", NOTHING),
    ("card", "text/vcard", "a.vcf", "plain", lambda: b"BEGIN:VCARD", NOTHING),
    ("signature", "application/pgp-signature", "a.asc", "plain", lambda: b"x", NOTHING),
    ("pixel", "image/gif", "a.gif", "plain", lambda: b"GIF89a\1\0\1\0\0\0\0;", NOTHING),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "media_type", "name", "state", "made", "outcome"),
    MATRIX,
    ids=[f"{m[0]}-{m[3]}-{n}" for n, m in enumerate(MATRIX)],
)
def test_each_kind_in_each_state_has_its_outcome(kind, media_type, name, state, made, outcome):
    """Whatever is attached: the message's own words are read, and the file is listed with what a person must do."""
    started = time.monotonic()
    reading = read(mail((media_type, name, made())))
    assert time.monotonic() - started < 30
    said = words(reading)
    assert said.startswith("Keep it open.")
    listed = [p for p in reading.parts if name in (p.name, "noname")]
    assert listed
    match outcome:
        case "its words are content":
            assert said.startswith("Keep it open. And the bus")
            assert reading.needs == []
        case "kept, needs attachment":
            assert said == "Keep it open."
            assert reading.needs == ["attachment"]
            assert state == "plain" or any(p.problem for p in listed) or kind == "zip"
        case "kept, a person looks":
            assert set(reading.needs) <= {"attachment"}
            assert any(p.problem for p in reading.parts) or kind == "winmail.dat"
        case "carried whole":
            assert [inner.facts["from_email"] for inner in reading.forwarded] == ["resident@example.org"]
            assert words(reading.forwarded[0]) == "And the bus."
        case "no content":
            assert (said, reading.needs) == ("Keep it open.", [])


def test_one_bad_attachment_takes_nothing_with_it(place: Consultation) -> None:
    """A message with a good letter and every kind of broken file is one read response: words stay, a person looks."""
    bad = [
        (kind, name, made()) for _, kind, name, state, made, outcome in MATRIX if outcome == KEPT and state != "huge"
    ]
    place.put("inbox/a.eml", mail((WORD, "a.docx", docx("And the bus.")), *bad))
    place.takes("email", received=1, read=1, responses=1)
    row = place.response()
    assert row["text"] == "Keep it open.\n\nAnd the bus."
    assert "attachment" in row["needs"].split(";")
    assert place.failures() == {}


@pytest.mark.parametrize("folder", ["inbox", "letters"])
@pytest.mark.parametrize(
    ("name", "made", "method"),
    [
        ("a.docx", docx, "office"),
        ("a.odt", odt, "office"),
        ("a.rtf", rtf, "office"),
        ("a.gif", lambda: image("GIF"), "ocr"),
    ],
)
def test_a_document_dropped_into_a_folder_is_a_response(place: Consultation, folder, name, made, method) -> None:
    place.put(f"{folder}/{name}", made())
    place.takes("email" if folder == "inbox" else "letters", received=1, read=1, responses=1)
    row = place.response()
    assert (row["text"].strip(), row["method"]) == ("And the bus.", method)
    [evidence] = place.trace(row["reference"])["fields"]["text"]
    assert evidence["value"].strip() == "And the bus."
    assert place.failures() == {}


# --- what office files say -----------------------------------------------------------------------------------------


def test_a_word_document_keeps_lists_tables_notes_and_comments_and_leaves_out_what_was_deleted():
    item = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'
    body = (
        "<w:p><w:r><w:t>I want</w:t></w:r></w:p>"
        f"<w:p>{item}<w:r><w:t>a nurse</w:t></w:r></w:p><w:p>{item}<w:r><w:t>a bus</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Mon</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>10</w:t></w:r></w:p></w:tc>"
        "</w:tr></w:tbl>"
        "<w:p><w:r><w:t>No</w:t></w:r><w:del><w:r><w:delText>t</w:delText></w:r></w:del><w:ins><w:r><w:t>w</w:t></w:r></w:ins>"
        '<w:r><w:footnoteReference w:id="2"/><w:tab/><w:t>here</w:t><w:br/><w:t>below</w:t></w:r></w:p>'
    )
    more = {
        "word/numbering.xml": word_part(
            "numbering",
            '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum>'
            '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
        ),
        "word/footnotes.xml": word_part(
            "footnotes",
            '<w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>'
            '<w:footnote w:id="2"><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote>',
        ),
        "word/comments.xml": word_part(
            "comments", '<w:comment w:id="5"><w:p><w:r><w:t>My remark.</w:t></w:r></w:p></w:comment>'
        ),
        "word/header1.xml": word_part("hdr", "<w:p><w:r><w:t>The Letterhead</w:t></w:r></w:p>"),
    }  # fmt: skip
    reading = read(mail((WORD, "a.docx", docx(body=body, more=more))))
    file = [p for p in reading.parts if p.inside is not None]
    assert [(p.text, p.content) for p in file] == [
        ("I want\n1. a nurse\n2. a bus\nMon\t10\nNow[2]\there\nbelow", True),
        ("[2] A note.", True),
        ("[5] My remark.", True),
        ("The Letterhead", False),
    ]
    assert {p.method for p in file} == {"office"}


def test_an_opendocument_text_keeps_lists_tables_and_notes():
    body = (
        "<text:p>I  want<text:s text:c='2'/>this</text:p><text:list>"
        "<text:list-item><text:p>a nurse</text:p></text:list-item>"
        "<text:list-item><text:p>a bus</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>Mon</text:p></table:table-cell>"
        "<table:table-cell><text:p>10</text:p></table:table-cell></table:table-row></table:table>"
        "<text:p>Now<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>A note.</text:p>"
        "</text:note-body></text:note></text:p>"
    )
    reading = read(mail((ODT, "a.odt", odt(body=body))))
    assert [p.text for p in reading.parts if p.inside is not None] == [
        "I  want  this\n• a nurse\n• a bus\nMon\t10\nNow[1]",
        "[1] A note.",
    ]


def test_an_rtf_is_read_in_the_charsets_of_its_fonts_with_its_notes():
    source = (
        rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset238 Arial;}}{\info{\author X}}"
        rb"{\header The Letterhead}\f0 Caf\'e9 {\f1\'b3} \u8364?5\par{\pict 00ff}{\*\unknown gone}{\footnote A note.}"
        rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt a link}}\par a\cell b\cell\row{\v hidden}\u-10179?\u-8704?}"
    )
    reading = read(mail(("application/rtf", "a.rtf", source)))
    assert [(p.text, p.content) for p in reading.parts if p.inside is not None] == [
        ("Café ł €5\na link\na\tb\t\n😀".replace("\t\n", "\n"), True),
        ("A note.", True),
        ("The Letterhead", False),
    ]


def test_a_scan_pasted_into_a_word_document_is_read():
    """A document with a picture and hardly a word is a scan in disguise."""
    large = docx(
        "Please see below.", more={"word/media/image1.png": image("PNG", "And the bus. " * 3 + "\n" + "x" * 200)}
    )
    reading = read(mail((WORD, "a.docx", zipped(_members(large), stored=True))))
    assert any(p.kind == "page" and "bus" in p.text for p in reading.parts)


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    # Noise at the end of a PNG is no picture, but makes the file as large as a scan is.
    return {n: d + bytes(range(256)) * 100 if n.endswith(".png") else d for n, d in members.items()}


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE a [<!ENTITY x "yy"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a>x</a>',
    ],
)
def test_documents_that_bring_entities_are_refused(xml):
    """No entity is expanded and nothing is fetched: an office program writes no such document."""
    reading = read(mail((WORD, "a.docx", docx(more={"word/document.xml": xml}))))
    assert words(reading) == "Keep it open."
    assert "root:" not in str(reading.parts)
    assert reading.needs == ["attachment"]


@given(
    st.binary(max_size=400), st.sampled_from(["a.docx", "a.odt", "a.rtf", "a.msg", "winmail.dat", "a.pdf", "a.heic"])
)
@settings(max_examples=60, deadline=None)
def test_no_bytes_make_the_reader_raise(data, name):
    starts = {
        "a.docx": b"PK\x03\x04",
        "a.odt": b"PK\x03\x04",
        "a.rtf": b"{\\rtf1",
        "winmail.dat": b"\x78\x9f\x3e\x22\1\0",
    }
    read(mail(("application/octet-stream", name, starts.get(name, b"") + data)))


@given(st.data(), st.sampled_from(["docx", "odt", "rtf", "msg", "winmail"]))
@settings(max_examples=60, deadline=None)
def test_no_damage_makes_the_reader_raise(data, kind):
    """Some bytes of a sound file changed, or its end gone: it is read, or listed with a reason."""
    made = bytearray({"docx": docx(), "odt": odt(), "rtf": rtf(), "msg": OUTLOOK, "winmail": winmail()}[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    name = "winmail.dat" if kind == "winmail" else f"a.{kind}"
    reading = read(mail(("application/octet-stream", name, bytes(made[: data.draw(st.integers(1, len(made)))]))))
    assert words(reading).startswith("Keep it open.")


# --- every leaf is accounted for -------------------------------------------------------------------------------------

leaves = st.builds(
    lambda n, kind: (f"leaf{n}", kind),
    st.integers(0, 10**9),
    st.sampled_from(
        ["text/plain", "text/html", "application/x-thing", "text/plain; name=a.txt", "image/x-odd; name=b"]
    ),
)
trees = st.recursive(
    leaves,
    lambda inner: st.tuples(
        st.sampled_from(["mixed", "alternative", "related", "signed"]), st.lists(inner, min_size=1, max_size=4)
    ),
    max_leaves=25,
)


def _made(tree, depth: int = 0) -> bytes:
    kind, inner = tree if isinstance(tree[1], list) else (None, tree)
    if kind is None:
        mark, media_type = inner
        body = f"<p>{mark}</p>" if media_type == "text/html" else mark
        return f"Content-Type: {media_type}\r\nX-Mark: {mark}\r\n\r\n{body}".encode()
    cut = f"=_cut{depth}".encode()
    head = f'Content-Type: multipart/{kind}; boundary="=_cut{depth}"\r\n\r\n'.encode()
    return (
        head + b"".join(b"--" + cut + b"\r\n" + _made(t, depth + 1) + b"\r\n" for t in inner) + b"--" + cut + b"--\r\n"
    )


def _leaves(tree) -> list[tuple[str, str]]:
    return [leaf for t in tree[1] for leaf in _leaves(t)] if isinstance(tree[1], list) else [tree]


@given(trees)
@settings(max_examples=80, deadline=None)
def test_each_leaf_of_a_random_tree_is_a_part(tree):
    """Nothing that a message consists of is passed over: a text has its words in a part, the rest is listed."""
    reading = read(HEAD + _made(tree))
    parts = reading.parts[1:]
    assert len(parts) == len(_leaves(tree))
    for part, (mark, kind) in zip(parts, _leaves(tree), strict=True):
        if kind.startswith("text/"):
            assert part.text.strip() == mark
        else:
            assert part.kind == "attachment"


def test_ten_thousand_parts_end_in_one_that_says_so():
    reading = read(mail(*[("application/pdf", "a.pdf", b"x")] * 10_000))
    assert len(reading.parts) == MAX_PARTS
    assert "attachment" in reading.needs
    assert reading.parts[-1].problem


def test_the_texts_of_a_message_end_at_its_cap():
    reading = read(mail(*[("text/plain", f"{n}.txt", b"word " * 790_000) for n in range(6)]))
    assert sum(len(p.text) for p in reading.parts) < 20_000_000
    assert any(p.problem and "characters" in p.problem for p in reading.parts)
    assert reading.needs == ["attachment"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("a\u202etxt.exe", "a\ufffdtxt.exe"),
        ("a%0d%0aX: y.pdf", "a%0d%0aX: y.pdf"),
    ],
)
def test_a_hostile_name_is_shown_and_is_never_a_path(place: Consultation, written, shown) -> None:
    place.put("inbox/a.eml", mail(("application/x-thing", written, b"x")))
    place.takes("email", received=1, read=1)
    names = [name for name in place.sql("select document from part") if shown in name]
    assert names
    assert not any(path.name in ("passwd", "a.pdf") for path in place.folder.rglob("*"))


def test_an_attachment_that_ends_the_reader_leaves_the_message_its_words(place: Consultation) -> None:
    """A document that takes more memory than is allowed ends the process: the message is read again without it."""
    place.configure("processes = 1", "processes = 1\nmemory_mb = 512")
    place.put("inbox/a.eml", mail((WORD, "a.docx", docx("And the bus. " * 3_600_000))))
    place.put("inbox/b.eml", mail((WORD, "b.docx", docx("And the bus."))))
    place.takes("email", received=2, read=2, responses=2)
    rows = sorted(place.responses(), key=lambda row: row["source"])
    assert [(row["text"], row["needs"]) for row in rows] == [
        ("Keep it open.", "attachment"),
        ("Keep it open.\n\nAnd the bus.", ""),
    ]


def test_the_text_of_a_word_document_may_have_another_name():
    main = word_part("document", "<w:body><w:p><w:r><w:t>And the bus.</w:t></w:r></w:p></w:body>")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    rels = f'<Relationships><Relationship Type="{kind}" Target="/word/document2.xml"/></Relationships>'
    made = zipped({"_rels/.rels": rels, "word/document2.xml": main})
    assert words(read(mail((WORD, "a.docx", made)))) == "Keep it open. And the bus."
