"""Reply forms: what is printed is what is read. Ticks are answers, what is unsure goes to a person, and what is asked
for monitoring is kept apart from everything else."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf.annotations import Rectangle
from reportlab.lib.pagesizes import A4

from benchmarks.accuracy.ticks import measure
from intake.errors import ConfigurationError
from intake.formprint import form_pdf
from intake.learned import check_length
from intake.reading import dispatch
from intake.reading.formlayout import (
    FormCode,
    Layout,
    LayoutBox,
    LayoutPage,
    as_option,
    code_text,
    form_code,
    form_page,
)
from intake.reading.parts import Part, Reading
from intake.replyform import ReplyForm, reply_form
from tests.support.consultation import Consultation, message
from tests.support.replyforms import (
    LEAFLET,
    LEAFLET_BOXES,
    box_of,
    leaflet,
    printed,
    scanned,
    scrawled,
    scribble,
    tick,
    typed,
)

pytestmark = pytest.mark.usefixtures("warm_readers")

AT = datetime(2011, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def _printed(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> tuple[ReplyForm, list[Image.Image], bytes]:
    """The form of ``intake form``: as it is laid out, printed, and its file. Tests draw on copies."""
    place = Consultation(tmp_path_factory.mktemp("form"), home=empty_home)
    done = place.command("form", "--out", "form.pdf", "--json")
    assert (done.code, done.json) == (0, {"file": "form.pdf"})
    content = (place.folder / "form.pdf").read_bytes()
    with place.app() as app:
        return reply_form(app.consultation, app.settings.form), printed(content), content


@pytest.fixture
def form(_printed: tuple[ReplyForm, list[Image.Image], bytes]) -> ReplyForm:
    return _printed[0]


@pytest.fixture
def pages(_printed: tuple[ReplyForm, list[Image.Image], bytes]) -> list[Image.Image]:
    return [page.copy() for page in _printed[1]]


@pytest.fixture
def file(_printed: tuple[ReplyForm, list[Image.Image], bytes]) -> bytes:
    return _printed[2]


def draw(form: ReplyForm, pages: list[Image.Image], how: Callable[..., None], *names: str, **more: str) -> None:
    for name in names:
        number, box = box_of(form.layout, name)
        how(pages[number], box.edges, **more)


def arrives(place: Consultation, content: bytes, name: str = "letters/a.tif") -> dict[str, str]:
    place.put(name, content, AT)
    place.takes("letters", received=1, responses=1)
    return place.response()


# --- our own form -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [0, 180, 90])
def test_ticks_on_a_scanned_form_are_answers(
    place: Consultation, form: ReplyForm, pages: list[Image.Image], turned: int
) -> None:
    """Whichever way up the pages lie; the evidence names page and box; the monitoring answer is in its table alone."""
    draw(form, pages, tick, "agree.No", "background.That", "consent_to_publish.anonymous")
    draw(form, pages, typed, "structure", words="Keep the Watton centre open.")
    row = arrives(place, scanned(pages, turned=turned))
    assert (row["answer.agree"], row["consent_to_publish"], row["method"]) == ("No", "anonymous", "form")
    assert (row["answer.structure"], row["text"]) == ("Keep the Watton centre open.",) * 2
    assert (row["places"], row["pages"], row["needs"]) == ("C1", "1-3", "")
    [found] = place.trace(row["reference"])["fields"]["answer.agree"]
    number, box = box_of(form.layout, "agree.No")
    assert (found["value"], found["method"], found["place"]["page"]) == ("No", "form", number + 1)
    if not turned:
        assert found["place"]["box"] == pytest.approx(box.edges, abs=16)  # the page was turned by 1.4 degrees
    told = place.trace(row["reference"])["fields"]["text"]
    assert [piece["quote"] for piece in told] == ["Keep the Watton centre open."]
    assert place.sql("select question, answer from monitoring_answer") == [("background", "That")]
    kept = "".join(place.sql("select document from part")) + "".join(place.sql("select text from part"))
    assert "agree.No" in kept
    assert "background" not in kept
    assert "That" not in str(place.trace(row["reference"]))
    assert place.failures() == {}


def test_what_is_unsure_fills_nothing(place: Consultation, form: ReplyForm, pages: list[Image.Image]) -> None:
    """Two ticks where one is asked for are a conflict, with both boxes as evidence; handwriting is transcribed."""
    draw(form, pages, tick, "agree.No", "agree.Yes", "background.This", "background.That")
    draw(form, pages, scrawled, "structure", "name")
    row = arrives(place, scanned(pages))
    assert (row["answer.agree"], row["answer.structure"], row["text"], row["name"]) == ("", "", "", "")
    assert row["needs"] == "conflict;transcription"
    fields = place.trace(row["reference"])["fields"]
    assert {piece["value"] for piece in fields["answer.agree"]} == {"Yes", "No"}
    assert all(fields[column][0]["place"]["box"] for column in ("answer.agree", "answer.structure", "name"))
    assert place.sql("select count(*) from monitoring_answer") == [0]


def test_a_mark_that_was_taken_back_does_not_count(
    place: Consultation, form: ReplyForm, pages: list[Image.Image]
) -> None:
    draw(form, pages, scribble, "agree.Yes")
    draw(form, pages, tick, "agree.No")
    assert arrives(place, scanned(pages))["answer.agree"] == "No"


def test_marks_of_all_kinds_are_read_or_flagged() -> None:
    """The short form of ``make accuracy``: ticks, crosses, circles, pencil, scanned badly; none is read wrong."""
    found = measure(2, seed=3)
    assert (found.boxes["wrong"], found.questions["wrong"], found.unread, found.wrong) == (0, 0, 0, [])
    assert found.boxes["right"] >= 0.99 * found.boxes.total()


def test_words_beside_all_boxes_are_not_lost(place: Consultation, form: ReplyForm, pages: list[Image.Image]) -> None:
    """What somebody writes where nothing is asked puts the page before a person."""
    draw(form, pages, tick, "agree.No")
    scrawled(pages[-1], (120.0, 600.0, 0, 0))
    row = arrives(place, scanned(pages))
    assert (row["answer.agree"], row["needs"]) == ("No", "transcription")
    assert place.trace(row["reference"])["fields"]["text"][0]["place"]["page"] == len(pages)


def test_an_empty_form_is_no_answer(place: Consultation, pages: list[Image.Image]) -> None:
    place.put("letters/a.tif", scanned(pages), AT)
    place.takes("letters", received=1, set_aside=1, responses=0)
    assert place.item("set_aside")["reason"] == "empty"


def test_a_form_whose_code_is_torn_off_is_known_by_its_words(
    place: Consultation, form: ReplyForm, pages: list[Image.Image]
) -> None:
    draw(form, pages, tick, "consent_to_publish.no")
    pages[0].paste(255, (pages[0].width - 450, 0, pages[0].width, 330))
    row = arrives(place, scanned(pages[:1]))
    assert (row["consent_to_publish"], row["text"]) == ("no", "")


@pytest.mark.parametrize("way", ["letters", "email"])
def test_a_form_filled_in_on_screen_gives_its_answers(place: Consultation, file: bytes, way: str) -> None:
    """Saved into the folder or sent by mail: nothing is guessed, and the printed questions are nobody's words."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(file))
    said = {"structure": "Keep it. It's near.", "name": "Ann Smith", "postcode": "nr1 3qu", "agree.Yes": "/Yes",
            "background.This": "/Yes", "consent_to_publish.yes": "/Yes"}  # fmt: skip
    for page in writer.pages:
        writer.update_page_form_field_values(page, said, auto_regenerate=False)
    out = io.BytesIO()
    writer.write(out)
    if way == "letters":
        place.put("letters/a.pdf", out.getvalue(), AT)
    else:
        place.put("inbox/a.eml", _mail(out.getvalue()))
    place.takes(way, received=1, responses=1)
    row = place.response()
    assert (row["answer.structure"], row["text"], row["answer.agree"]) == (*("Keep it. It's near.",) * 2, "Yes")
    assert (row["name"], row["postcode"], row["consent_to_publish"]) == ("Ann Smith", "NR1 3QU", "yes")
    assert place.sql("select question, answer from monitoring_answer") == [("background", "This")]
    assert "conflict" not in row["needs"]


def _mail(content: bytes) -> bytes:
    import base64

    head = message("").partition(b"\r\n\r\n")[0]
    kept = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-"))
    kept = kept.replace(b"MIME-Version: 1.0\r\n", b"")
    body = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return (
        kept + b"\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf; name=form.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + body
    )


def test_two_ticks_on_screen_for_one_answer_are_a_conflict(place: Consultation, file: bytes) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(file))
    for page in writer.pages:
        writer.update_page_form_field_values(page, {"agree.Yes": "/Yes", "agree.No": "/Yes"}, auto_regenerate=False)
    out = io.BytesIO()
    writer.write(out)
    row = arrives(place, out.getvalue(), "letters/a.pdf")
    assert (row["answer.agree"], row["needs"], row["text"]) == ("", "conflict", "")


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        (FormCode("test", "0123456789abcdef", 1, 3), {"transcription"}),  # printed before the questions changed
        (FormCode("another", "0123456789abcdef", 1, 3), {"transcription", "genuine?"}),
    ],
)
def test_a_code_that_names_another_form_is_only_a_flag(
    place: Consultation, form: ReplyForm, code: FormCode, needs: set[str]
) -> None:
    """Its boxes are not looked for where ours would be; a person looks, and is told why."""
    pages = [Image.new("L", (1654, 2339), 255)]
    import zxingcpp

    made = zxingcpp.create_barcode(code_text(code), zxingcpp.BarcodeFormat.QRCode)
    pages[0].paste(Image.fromarray(made.to_image(scale=5)), (1200, 100))
    typed(pages[0], (60.0, 200.0, 0, 0), "Keep the Watton centre open.")
    row = arrives(place, scanned(pages))
    assert needs <= set(row["needs"].split(";"))
    assert row["answer.agree"] == ""
    told = place.trace(row["reference"])["fields"].get("needs") or place.sql("select document from evidence")
    assert told


def test_a_code_without_its_form_is_no_form(form: ReplyForm) -> None:
    """A letter that carries a cut-out code of ours has no boxes: it is read as a letter."""
    page = Image.new("L", (1654, 2339), 255)
    whole = printed(form_pdf(form, "A form"))[0]
    page.paste(whole.crop((1100, 80, 1600, 340)), (1100, 80))
    typed(page, (60.0, 200.0, 0, 0), "Keep the Watton centre open.")
    [part] = _read(scanned([page], turn=0), form)
    assert (part.method, part.boxes) == ("ocr", [])
    assert "Watton" in part.text


def _read(content: bytes, form: ReplyForm) -> list[Part]:
    reading = dispatch.read(content, "image/tiff", {"forms": as_option([form.layout])})
    assert isinstance(reading, Reading), reading
    return reading.parts


@given(st.text())
def test_no_text_of_a_code_breaks_anything(said: str) -> None:
    for text in (said, f"intake-form:1:{said}", f"intake-form:1:a:b:{said}", f"intake-form:1:a:b:1/{said}"):
        known = form_code(text)
        assert known is None or 1 <= known.page <= known.pages


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}", fullmatch=True), st.integers(1, 99))
def test_what_a_code_says_is_what_was_printed(consultation: str, page: int) -> None:
    code = FormCode(consultation, "00ff00ff00ff00ff", page, 99)
    assert form_code(code_text(code)) == code
    assert form_page(code_text(code)) == ("00ff00ff00ff00ff", page, 99)


def test_letters_that_the_font_does_not_have_are_refused(place: Consultation) -> None:
    place.configure("Do you agree?", "同意しますか")
    done = place.command("form")
    assert done.code == 2
    assert "font" in done.err


# --- a form that was learned ------------------------------------------------------------------------------------------


def marked(**comments: str) -> bytes:
    """The leaflet with a rectangle around each box, and its comment (by default its name)."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(leaflet()))
    for name, (x0, top, x1, bottom) in LEAFLET_BOXES.items():
        drawn = Rectangle(rect=(x0, A4[1] - bottom, x1, A4[1] - top))
        if said := comments.get(name.replace(".", "_"), name):
            drawn[pypdf.generic.NameObject("/Contents")] = pypdf.generic.TextStringObject(said)
        writer.add_annotation(0, drawn)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def learn(place: Consultation, content: bytes) -> dict[str, object]:
    (place.folder / "leaflet.pdf").write_bytes(content)
    done = place.command("form", "--learn", "leaflet.pdf", "--out", "leaflet.json", "--json")
    assert done.code == 0, done.err
    place.configure("processes = 1", 'processes = 1\nforms = ["leaflet.json"]')
    found: dict[str, object] = done.json
    return found


def test_a_learned_form_is_read(place: Consultation) -> None:
    """Its boxes were marked once, in any viewer; comments in another case or with = are understood."""
    found = learn(place, marked(agree_Yes="AGREE = yes", background_That="background.That"))
    assert (found["boxes"], found["proposed"], found["unmapped"], found["missing"]) == (5, [], [], [])
    [page] = printed(leaflet())
    tick(page, LEAFLET_BOXES["agree.Yes"])
    tick(page, LEAFLET_BOXES["background.That"])
    scrawled(page, LEAFLET_BOXES["structure"])
    row = arrives(place, scanned([page], turn=-1.8))
    assert (row["answer.agree"], row["needs"], row["text"]) == ("Yes", "transcription", "")
    assert place.sql("select question, answer from monitoring_answer") == [("background", "That")]


def test_boxes_without_a_comment_are_proposed_by_the_words_beside_them(place: Consultation) -> None:
    """What fits nothing is said, and left out."""
    found = learn(place, marked(agree_Yes=" ", structure=" ", background_This="colour.Red"))
    assert found["boxes"] == 5
    assert len(found["proposed"]) == 3  # type: ignore[arg-type]
    found = learn_again(place, marked(structure="nonsense", agree_No="nonsense"))
    assert "agree.No" not in str(found["unmapped"])


def learn_again(place: Consultation, content: bytes) -> dict[str, object]:
    (place.folder / "other.pdf").write_bytes(content)
    done = place.command("form", "--learn", "other.pdf", "--out", "other.json", "--json")
    found: dict[str, object] = done.json
    return found


def test_a_letter_that_quotes_a_learned_form_is_a_letter(place: Consultation) -> None:
    """Its words are all there, and they stand elsewhere."""
    learn(place, marked())
    page = Image.new("L", (1654, 2339), 255)
    words = " ".join([*LEAFLET, "Do you agree? Yes No What do you think? What is your background? This That"]).split()
    lines = [" ".join(words[n : n + 9]) for n in range(0, len(words), 9)]
    for n, line in enumerate([*lines, "So says your leaflet, and I do not agree with any of it at all."]):
        typed(page, (70.0, 100.0 + 24 * n, 0, 0), line)
    row = arrives(place, scanned([page], turn=0.4))
    assert row["method"] == "ocr"
    assert "do not agree with any of it" in row["text"]
    assert row["answer.agree"] == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{}", "is no layout of a form"),
        (b"nothing", "is no layout of a form"),
        (b'{"version":1,"form":"x","pages":[{"width":1,"height":1,"boxes":[{"name":"no","kind":"tick",'
         b'"box":[0,0,1,1]}]}]}', "no question has"),
    ],
)  # fmt: skip
def test_a_layout_that_is_wrong_is_named(place: Consultation, content: bytes, says: str) -> None:
    (place.folder / "bad.json").write_bytes(content)
    place.configure("processes = 1", 'processes = 1\nforms = ["bad.json"]')
    done = place.command("status")
    assert done.code == 2
    assert "reading.forms" in done.err
    assert says in done.err


@pytest.mark.parametrize("content", [b"no PDF at all", leaflet()[:400]])
def test_a_file_that_is_no_form_is_refused_in_a_sentence(place: Consultation, content: bytes) -> None:
    (place.folder / "x.pdf").write_bytes(content)
    done = place.command("form", "--learn", "x.pdf")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err


def test_a_form_that_is_too_long_to_be_read_is_not_printed() -> None:
    """What would come back and be read as a letter of printed questions is refused before it is printed."""
    page = LayoutPage(595, 842, [LayoutBox(f"q{n}.Yes", "tick", 50, 50, 60, 60) for n in range(40)])
    check_length(Layout("c", "0" * 16, [page]))
    with pytest.raises(ConfigurationError, match="too long"):
        check_length(Layout("c", "0" * 16, [page] * 40))
