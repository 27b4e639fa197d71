"""Pages as pictures: light, quick, in the same measure as the words' boxes; and the crop of a field shows the field."""

import io
import json
import time
from pathlib import Path

import pytest
import tesserocr
from PIL import Image

from intake.crop import crop
from intake.errors import CommandError, NoPicture, NotThere
from intake.pictures import OriginalPage, upright_box
from intake.reading import dispatch, tesseract, wire
from intake.reading.parts import PICTURE_VERSION, Picture, Unreadable
from intake.reading.sandbox import Limits, ReaderPool, ReadJob
from tests.support.consultation import Consultation, pdf
from tests.support.scans import LETTER, POSTCODE, bilevel, cropped_pdf, photo, saved, scanned_pdf, sheet, tiff

OTHER = ("An enclosure.", "Nothing else is on this page.")
TYPED = pdf("\n".join(LETTER))
MAIL = "\r\n".join([
    "From: A Resident <resident@example.org>", "Date: Tue, 1 Mar 2011 10:00:00 +0000", "Subject: My letter",
    "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=cut", "", "--cut", "Content-Type: text/plain", "",
    "Please see the letter.", "--cut", "Content-Type: image/jpeg", "Content-Transfer-Encoding: base64",
    "Content-Disposition: attachment; filename=first.jpg", "", "FIRST", "--cut", "Content-Type: application/pdf",
    "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=letter.pdf", "", "LETTER",
    "--cut--", "",
])  # fmt: skip


def mailed(first: bytes, letter: bytes) -> bytes:
    from base64 import encodebytes

    return MAIL.replace("FIRST", encodebytes(first).decode()).replace("LETTER", encodebytes(letter).decode()).encode()


KINDS = {
    "typed.pdf": (TYPED, 1),
    "scanned.pdf": (scanned_pdf(sheet()), 1),
    "turned.pdf": (scanned_pdf(sheet(), rotate=90), 1),
    "photo.jpg": (photo(sheet(), 6), 1),
    "second page.tif": (tiff(bilevel(OTHER), bilevel(LETTER), compression="group4"), 2),
    "cropped.pdf": (cropped_pdf(), 1),
    "transparent.png": (saved(sheet().convert("RGBA"), "PNG", dpi=(150, 150)), 1),
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Consultation:
    """One run over a letter in every packing, and over a message that has one attached."""
    here = Consultation(tmp_path_factory.mktemp("pictures"), home=empty_home)
    for name, (content, _) in KINDS.items():
        here.put(f"letters/{name}", content)
    here.put("inbox/a.eml", mailed(photo(sheet(OTHER), 3), KINDS["scanned.pdf"][0]))
    here.run("letters", "email")
    return here


def reference(here: Consultation, name: str) -> str:
    (row,) = [row for row in here.responses() if row["source"] == name]
    return row["reference"]


def words(png: bytes) -> str:
    """What Tesseract reads on a picture of a few words."""
    with tesserocr.PyTessBaseAPI(str(tesseract._tessdata()), "eng", psm=tesserocr.PSM.SINGLE_BLOCK) as engine:
        engine.SetImage(Image.open(io.BytesIO(png)).convert("L"))
        return engine.GetUTF8Text()


def read_words(picture: Picture) -> str:
    return words(picture.content)


# --- the crop of a field


@pytest.mark.parametrize("name", [*KINDS, "a.eml"])
def test_the_crop_of_a_postcode_shows_the_postcode(read: Consultation, name: str, tmp_path: Path):
    """Whatever the letter came as: ``trace`` prints page and box, and the picture of that box says what the field does
    and hardly anything else."""
    response = reference(read, name)
    (place, *_) = [piece["place"] for piece in read.trace(response)["fields"]["postcode"]]
    target = tmp_path / "postcode.png"
    with read.app() as app:
        made = app.crop(response, "postcode", target)
    assert made.page == place["page"] == (KINDS[name][1] if name in KINDS else 1)
    assert list(made.box) == place["box"]
    picture = Image.open(io.BytesIO(target.read_bytes()))
    assert picture.format == "PNG"
    assert picture.size == (made.picture.across, made.picture.down)
    assert made.picture.width < 120
    assert made.picture.height < 40
    assert words(target.read_bytes()).replace("\n", " ").strip() == POSTCODE


def test_the_command_saves_the_crop_and_says_what_it_shows(read: Consultation, tmp_path: Path):
    """``intake trace REFERENCE --crop FIELD FILE``: in words, and under ``crop`` of the JSON."""
    response, target = reference(read, "typed.pdf"), tmp_path / "x.png"
    told = read.command("trace", response, "--crop", "postcode", str(target), "--json")
    assert told.code == 0
    crop = told.json["crop"]
    assert crop["file"] == str(target)
    assert (crop["field"], crop["page"], crop["boxes"]) == ("postcode", 1, 1)
    assert crop["pixels"] == list(Image.open(io.BytesIO(target.read_bytes())).size)
    said = read.command("trace", response, "--crop", "text", str(target))
    assert "The picture of text (page 1, box" in said.out
    assert "children go there every week" in words(target.read_bytes())


def test_what_has_no_picture_says_why(read: Consultation, tmp_path: Path):
    """No such column is the command line's fault (2); a field not found, or not on a page, is not (1)."""
    response, target = reference(read, "typed.pdf"), tmp_path / "x.png"
    with read.app() as app:
        for column, error, why in (
            ("postkode", CommandError, "should be a column"),
            ("phone", NoPicture, "was not found in this response"),
            ("late", NoPicture, "was not"),
        ):
            with pytest.raises(error, match=why):
                app.crop(response, column, target)
        with pytest.raises(CommandError, match="should be a column"):  # of a consultation that asks no question
            crop(app.database, app.originals, app.pictures, "TST", [], response, "postkode")
        with pytest.raises(NotThere):
            app.crop("TST-00000-00000", "postcode", target)
        with pytest.raises(NoPicture, match="not read from a place on a page"):
            app.crop(reference(read, "a.eml"), "email", target)
    assert not target.exists()
    done = read.command("trace", response, "--crop", "postcode", str(tmp_path / "no" / "x.png"))
    assert (done.code, "can't be written" in done.err) == (1, True)
    wrong = read.command("trace", response, "--crop", "postkode", str(target))
    assert (wrong.code, "Mend the command" in wrong.err) == (2, True)


# --- whole pages


def test_a_page_is_a_light_picture_made_once(place: Consultation):
    """A scan of 300 dpi is a picture of less than 100 KB: soon the first time, at once the next. It is kept for the
    owner alone, below the original's name, with the maker's version in its own."""
    with place.app() as app:
        with app.originals.batch() as batch:
            sha256 = batch.add(scanned_pdf(sheet(LETTER * 4, dpi=300))).sha256
            batch.commit()
        began = time.perf_counter()
        content, media_type = app.pictures.page(OriginalPage(sha256, "application/pdf", 1))
        cold = time.perf_counter() - began
        began = time.perf_counter()
        again = app.pictures.page(OriginalPage(sha256, "application/pdf", 1))
        warm = time.perf_counter() - began
    assert again == (content, media_type) == (content, "image/webp")
    assert len(content) < 100_000
    assert cold < 5  # 0.4 s on a machine that does nothing else
    assert warm < 0.1
    assert max(Image.open(io.BytesIO(content)).size) == pytest.approx(1_400, abs=2)
    kept = place.home / "pictures" / sha256[:2] / sha256[2:] / f"v{PICTURE_VERSION}-p1-t0.webp"
    assert kept.read_bytes() == content
    assert list(kept.parent.iterdir()) == [kept]
    for path in (kept, *list(kept.parents)[:3]):
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", [*KINDS, "a.eml"])
def test_a_words_box_is_its_place_in_the_picture(read: Consultation, name: str):
    """The whole picture is the whole page: the box of the postcode, scaled, holds its ink, and so does the box of the
    page turned."""
    response, page = reference(read, name), KINDS[name][1] if name in KINDS else 1
    with read.app() as app:
        trace = app.trace(response)
        place = trace["fields"]["postcode"][0]["place"]
        content, _ = app.page_picture(response, page, place.get("part"))
        (width, height) = page_size(read, response, page)
    shown = Image.open(io.BytesIO(content)).convert("L")
    x0, top, x1, bottom = place["box"]
    across, down = shown.width / width, shown.height / height
    assert across == pytest.approx(down, rel=0.01)
    box = (round(x0 * across) - 2, round(top * down) - 2, round(x1 * across) + 2, round(bottom * down) + 2)
    ink = shown.crop(box).point(lambda v: 255 * (v < 128)).getbbox()
    assert ink is not None
    assert (ink[2] - ink[0]) > 0.9 * (x1 - x0) * across


def page_size(here: Consultation, response: str, page: int) -> tuple[float, float]:
    receipt = here.trace(response)["receipts"][0]["receipt"]
    documents = here.sql("select document from part where receipt_id = :receipt order by number", receipt=receipt)
    pages = [told for told in map(json.loads, documents) if told.get("page") == page]
    return pages[-1]["width"], pages[-1]["height"]


def test_a_page_that_lies_on_its_side_can_be_had_upright():
    """By what its reading says; a box is that of the page as it lies, whichever way the picture is turned."""
    lying = saved(sheet().transpose(Image.Transpose.ROTATE_90), "PNG", dpi=(150, 150))  # its top is at the left
    upright = dispatch.draw(lying, "image/png", {"page": 0, "turned": 90})
    flat = dispatch.draw(saved(sheet(), "PNG", dpi=(150, 150)), "image/png", {"page": 0})
    assert isinstance(upright, Picture)
    assert isinstance(flat, Picture)
    assert (upright.across, upright.down, upright.width) == (flat.across, flat.down, flat.width)
    part = dispatch.read(saved(sheet(), "PNG", dpi=(150, 150)), "image/png", {}).parts[0]
    found = [w for w in part.words if w.text in POSTCODE.split()]
    box = (found[0].x0, found[0].top, found[1].x1, found[1].bottom)
    width, height = part.width, part.height
    lies = upright_box(box, (width, height), 270)  # the page was turned so to lie on its side
    cut = dispatch.draw(lying, "image/png", {"page": 0, "turned": 90, "box": list(lies), "size": [height, width]})
    assert isinstance(cut, Picture)
    assert read_words(cut).strip() == POSTCODE
    assert upright_box(lies, (height, width), 90) == pytest.approx(box)


def test_boxes_turn_with_their_page():
    """Four quarter turns, or two half ones, are none."""
    box, size = (10.0, 20.0, 30.0, 60.0), (200.0, 300.0)
    once = upright_box(box, size, 90)
    assert once == (240.0, 10.0, 280.0, 30.0)
    assert upright_box(once, (300.0, 200.0), 270) == box
    assert upright_box(upright_box(box, size, 180), size, 180) == box
    assert upright_box(box, size, 0) == box


def test_pictures_can_be_thrown_away_and_go_with_their_original(read: Consultation, tmp_path: Path):
    """What is missing, cut off or of an older maker is made anew; without the original none is shown."""
    here = read.copy(tmp_path)
    response = reference(here, "photo.jpg")
    with here.app() as app:
        content, _ = app.page_picture(response, 1)
        kept = next(p for p in (here.home / "pictures").rglob("v*.webp") if p.read_bytes() == content)
        kept.write_bytes(content[: len(content) // 2])
        old = kept.with_name("v0-p1-t0.webp")
        old.write_bytes(b"old")
        assert app.page_picture(response, 1)[0] == content
        assert kept.read_bytes() == content
        assert not old.exists()
        sha256 = kept.parent.parent.name + kept.parent.name
        app.pictures.forget(sha256)
        assert not kept.parent.exists()
        app.page_picture(response, 1)
        app.originals.path(sha256).unlink()
        with pytest.raises(NoPicture, match="is not here"):
            app.page_picture(response, 1)


def test_a_damaged_original_is_not_shown_as_what_was_received(read: Consultation, tmp_path: Path):
    """Not even where the picture was made before the damage."""
    here = read.copy(tmp_path)
    response = reference(here, "typed.pdf")
    sha256 = here.trace(response)["receipts"][0]["original"]["sha256"]
    with here.app() as app:
        app.page_picture(response, 1)
        app.originals.path(sha256).write_bytes(KINDS["cropped.pdf"][0])
        with pytest.raises(NoPicture, match="no longer those"):
            app.page_picture(response, 1)


def test_what_is_not_there_is_said(read: Consultation):
    """A page too many, a file without pages."""
    response = reference(read, "typed.pdf")
    with read.app() as app:
        with pytest.raises(NoPicture, match="no page 2"):
            app.page_picture(response, 2)
        sha256 = app.trace(response)["receipts"][0]["original"]["sha256"]
        with pytest.raises(NoPicture, match="no such page"):
            app.pictures.page(OriginalPage(sha256, "application/pdf", 9))
        mail = app.trace(reference(read, "a.eml"))["receipts"][0]["original"]["sha256"]
        with pytest.raises(NoPicture, match="no pages to be shown"):
            app.pictures.page(OriginalPage(mail, "text/plain", 1))
        with pytest.raises(NoPicture, match="not a picture"):
            app.pictures.page(OriginalPage(mail, "image/png", 1))


def test_without_a_sandbox_that_is_required_no_page_is_drawn(read: Consultation, tmp_path: Path):
    """A page is untrusted bytes as a letter is: what is kept is shown, nothing is opened, and it is said what to do."""
    here = read.copy(tmp_path)
    drawn, other = reference(here, "typed.pdf"), reference(here, "cropped.pdf")
    with here.app() as app:
        app.pictures.forget(app.trace(other)["receipts"][0]["original"]["sha256"])
        kept = app.page_picture(drawn, 1)
    with here.nothing_opened(), here.app() as app:
        assert app.page_picture(drawn, 1) == kept
        with pytest.raises(NoPicture, match="because sandbox is missing"):
            app.page_picture(other, 1)


def test_a_page_that_ends_its_process_costs_no_other():
    """One that takes more memory than is allowed has a sentence, and the next one is drawn."""
    large = saved(Image.new("RGB", (9_000, 9_000)), "PNG")
    with ReaderPool(1, Limits(memory_mb=400), time.monotonic) as pool:
        lost = pool.draw(ReadJob(0, None, large, "image/png", {"page": 0}))
        assert isinstance(lost, Unreadable)
        assert "memory" in lost.reason
        assert isinstance(pool.draw(ReadJob(1, None, TYPED, "application/pdf", {"page": 0})), Picture)


@pytest.mark.parametrize("content", [b"%PDF-1.4 no page", b"\x89PNG\r\n\x1a\n", b"II*\0", b"", b"From: x\n\nhello"])
@pytest.mark.parametrize("kind", ["application/pdf", "image/png", "image/tiff", "message/rfc822"])
def test_what_can_not_be_drawn_has_a_sentence(content: bytes, kind: str):
    """Never an error, always a reason and a next step."""
    result = dispatch.draw(content, kind, {"page": 0})
    assert isinstance(result, Unreadable)
    assert result.reason
    assert result.next_step


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"image/webp", b"image/html"),
        (b"RIFF", b"<svg"),
        (b"\xa6across\x02", b"\xa6across\x00"),
        (b"\xa5width\xcb", b"\xa5width\xc0"),
    ],
)
def test_an_answer_that_is_no_picture_is_not_believed(old: bytes, new: bytes):
    """Another kind, another beginning, no size: the process that said so has been taken over."""
    picture = Picture(media_type="image/webp", content=b"RIFF....WEBP", across=2, down=2, width=1.5, height=1.5)
    body = wire.frame(wire.Drawn(picture))[4:]
    assert wire.answer(body) == wire.Drawn(picture)
    assert old in body
    with pytest.raises(wire.BadFrame):
        wire.answer(body.replace(old, new))
