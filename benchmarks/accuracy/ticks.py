"""How well the boxes of the project's own form are read: printed, filled by drawn strokes, scanned, read, compared.

A form is made with ``intake form``'s own code and drawn by PDFium. Its boxes are marked as people mark them: ticks,
crosses, boxes filled in, circles around them, in pen or light pencil, marks taken back. Then it is scanned: askew by
up to 3 degrees, 3 % too large or small, shifted, at 150 to 300 dpi, with noise, blur and weak contrast. A box is
*right* if it is read as what was drawn, *flagged* if the program says that it is unsure, else *wrong*. Near misses
(a dot, a tick beside its box, a line through it) can't be right: whether they are flagged is counted apart.
"""

import io
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image

from intake.config import Consultation, FormSettings, Question
from intake.filled import Filled, Rules
from intake.formpages import from_pages
from intake.formprint import form_pdf
from intake.places import Gazetteer
from intake.reading import dispatch
from intake.reading.formlayout import LayoutBox, LayoutPage, as_option
from intake.reading.parts import Part, Reading
from intake.replyform import reply_form

if TYPE_CHECKING:
    from benchmarks.accuracy.report import Verdict

PRINT_DPI = 300
_MM = PRINT_DPI / 25.4
_CHOSEN = frozenset({"ticked", "circled", "filled"})
_FORMS = 24
PENS = ("tick", "cross", "fill", "circle", "large tick", "heavy cross", "pencil tick", "pencil cross")
"""How a box is marked by somebody who means it."""
NEAR = ("dot", "beside", "scribble", "line through")
"""What is on a box that nobody can be sure of."""

CONSULTATION = Consultation(
    id="ticks", title="A form to be ticked", opens=date(2026, 1, 1), closes=date(2026, 2, 1),
    timezone=ZoneInfo("Europe/London"), reference_prefix="TCK",
    questions=(
        Question(id="agree", text="How far do you agree?", kind="choice",
                 options=("Strongly agree", "Agree", "Neither", "Disagree", "Strongly disagree")),
        Question(id="services", text="Which of these do you use?", kind="choices",
                 options=("Stay and play", "Baby clinic", "Speech", "Courses", "Advice", "Drop-in", "Antenatal")),
        Question(id="often", text="How often do you come?", kind="choice",
                 options=("Every day", "Every week", "Every month", "Seldom", "Never")),
        Question(id="heard", text="How did you hear of this?", kind="choices",
                 options=("Letter", "Newspaper", "Friends", "Radio", "Poster", "School", "The web", "Other")),
    ),
)  # fmt: skip

Array = NDArray[Any]


@dataclass(slots=True)
class Tally:
    """What was counted: right, flagged, wrong. ``wrong`` says what was taken for what."""

    boxes: Counter[str] = field(default_factory=Counter)
    questions: Counter[str] = field(default_factory=Counter)
    near: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    flagged: Counter[str] = field(default_factory=Counter)
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page with marks: its picture, and what was drawn on which box ("" for nothing)."""

    grey: Array
    marks: dict[str, str]


def verdicts(factor: float) -> list["Verdict"]:
    """What is asked of tick boxes."""
    from benchmarks.accuracy.report import Verdict

    found = measure(max(2, round(_FORMS * factor)))
    boxes, near = found.boxes.total(), found.near.total()
    flagged = f"{found.boxes['flagged']} flagged, {found.boxes['wrong']} wrong"
    return [
        Verdict("tick boxes of our own form, read right", found.boxes["right"] / boxes, 0.99, boxes, True, flagged),
        Verdict("of all tick boxes, wrong and not flagged", found.boxes["wrong"] / boxes, 0.0, boxes),
        Verdict("questions of ticked forms, answered wrong and not flagged",
                found.questions["wrong"] / found.questions.total(), 0.0, found.questions.total(),
                note=f"{found.questions['right']} right, {found.questions['flagged']} flagged"),
        Verdict("near misses, taken for an answer or for nothing", found.near["wrong"] / near, None, near),
    ]  # fmt: skip


def measure(forms: int, seed: int = 1) -> Tally:
    """Make so many forms, have them read, and count."""
    made = reply_form(CONSULTATION, FormSettings(about=("postcode", "consent_to_publish")))
    printed = list(_printed(form_pdf(made, CONSULTATION.title)))
    option = as_option([made.layout])
    tally = Tally()
    for number in range(forms):
        rng = random.Random(f"{seed} {number}")
        near = number % 4 == 3
        drawn = [
            marked(grey, page, _plan(page, rng, near=near), rng)
            for grey, page in zip(printed, made.layout.pages, strict=True)
        ]
        dpi = rng.choice((150, 200, 240, 300))
        parts = [_read(scan(page.grey, dpi, rng), dpi, option, n) for n, page in enumerate(drawn)]
        _count(tally, parts, drawn, f"form {number} at {dpi} dpi", near=near)
    return tally


def _printed(pdf: bytes) -> Iterator[Array]:
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        yield np.asarray(page.render(scale=PRINT_DPI / 72, grayscale=True).to_pil().convert("L"))
    document.close()


def _read(scanned: Array, dpi: int, option: list[Any], number: int) -> Part:
    out = io.BytesIO()
    Image.fromarray(scanned).save(out, "PNG", dpi=(dpi, dpi))
    reading = dispatch.read(out.getvalue(), "image/png", {"forms": option})
    assert isinstance(reading, Reading), reading
    return Part(**{name: getattr(reading.parts[0], name) for name in Part.__struct_fields__} | {"number": number})


# --- filling in -------------------------------------------------------------------------------------------------------


def _plan(page: LayoutPage, rng: random.Random, *, near: bool) -> dict[str, str]:
    """What to draw on which box."""
    questions: dict[str, list[LayoutBox]] = {}
    for box in page.boxes:
        if box.kind == "tick":
            questions.setdefault(box.name.partition(".")[0], []).append(box)
    plan: dict[str, str] = {}
    for boxes in questions.values():
        if near:
            plan |= _near_plan(boxes, rng)
            continue
        # One hand does it in one way, mostly.
        way = rng.choice(PENS)
        if boxes[0].only:
            chosen = rng.choice(boxes)
            if rng.random() < 0.9:
                plan[chosen.name] = way
            if len(boxes) > 3 and rng.random() < 0.12:
                other = rng.choice([box for box in boxes if box is not chosen])
                plan[chosen.name], plan[other.name] = "tick", "scribble"
        else:
            plan |= {box.name: way for box in boxes if rng.random() < 0.4}
    return plan


def _near_plan(boxes: Sequence[LayoutBox], rng: random.Random) -> dict[str, str]:
    if boxes[0].only and rng.random() < 0.3:
        return dict.fromkeys((box.name for box in rng.sample(boxes, 2)), "tick")
    return {rng.choice(boxes).name: rng.choice(NEAR)}


def marked(grey: Array, page: LayoutPage, plan: dict[str, str], rng: random.Random) -> Drawn:
    """A printed page with marks drawn on its boxes."""
    paper = grey.astype(np.float32)
    shade = rng.uniform(15, 90)
    for box in page.boxes:
        if box.name in plan:
            lines, width, tone = _strokes(plan[box.name], box, rng, shade)
            layer = np.zeros(grey.shape, np.uint8)
            for line in lines:
                points = np.round(_wobbly(line, rng) * 16).astype(np.int32)
                cv2.polylines(layer, [points], False, 255, max(1, round(width * _MM)), cv2.LINE_AA, shift=4)
            cover = layer.astype(np.float32) / 255
            paper = paper * (1 - cover) + np.minimum(paper, tone) * cover
    return Drawn(paper.clip(0, 255).astype(np.uint8), plan)


def _strokes(  # noqa: PLR0911 - a mark each
    kind: str, box: LayoutBox, rng: random.Random, shade: float
) -> tuple[list[list[tuple[float, float]]], float, float]:
    """The lines of a mark, in pixels of the print; their width in millimetres, and their grey."""
    k = PRINT_DPI / 72
    x0, y0, side = box.x0 * k, box.top * k, (box.x1 - box.x0) * k
    jitter = side * 0.1

    def at(x: float, y: float) -> tuple[float, float]:
        return x0 + side * x + rng.uniform(-jitter, jitter), y0 + side * y + rng.uniform(-jitter, jitter)

    def circle(radius: float, start: float) -> list[tuple[float, float]]:
        wide, high = rng.uniform(0.92, 1.1), rng.uniform(0.92, 1.1)
        angles = np.linspace(start, start + 2 * np.pi * rng.uniform(0.95, 1.08), 28)
        return [(x0 + side * (0.5 + radius * wide * np.cos(a)), y0 + side * (0.5 + radius * high * np.sin(a)))
                for a in angles]  # fmt: skip

    width, tone = rng.uniform(0.35, 0.7), shade
    pencil = kind.startswith("pencil")
    if pencil:
        width, tone = rng.uniform(0.35, 0.6), rng.uniform(125, 180)
    match kind.removeprefix("pencil "):
        case "tick":
            return [[at(0.15, 0.5), at(0.4, 0.85), at(0.95, 0.05)]], width, tone
        case "large tick":
            return [[at(0.0, 0.35), at(0.4, 0.85), at(1.5, -0.5)]], width, tone
        case "cross":
            return [[at(0.12, 0.12), at(0.88, 0.88)], [at(0.88, 0.1), at(0.12, 0.9)]], width, tone
        case "heavy cross":
            return [[at(0.1, 0.1), at(0.9, 0.9)], [at(0.9, 0.1), at(0.1, 0.9)]], rng.uniform(0.8, 1.1), tone
        case "fill":
            return [[at(0.1 + 0.8 * (n % 2), 0.1 + 0.8 * n / 12) for n in range(13)]], rng.uniform(0.6, 0.9), tone
        case "circle":
            return [circle(rng.uniform(0.85, 1.0), rng.uniform(0, 6))], width, tone
        case "scribble":
            back = [at(-0.35 + 1.7 * (n % 2), -0.35 + 1.7 * n / 14) for n in range(15)]
            return [[at(0.15, 0.5), at(0.4, 0.85), at(0.95, 0.05)], back], rng.uniform(0.5, 0.8), tone
        case "dot":
            dot = at(0.5, 0.5)
            return [[dot, (dot[0] + 3, dot[1] + 2)]], rng.uniform(0.7, 1.0), tone
        case "beside":
            return [[at(-0.75, 0.5), at(-0.55, 0.8), at(-0.15, 0.1)]], width, tone
        case _:  # a line through the row
            return [[at(-0.6, 0.5), at(2.5, 0.5)]], width, tone


def _wobbly(line: Sequence[tuple[float, float]], rng: random.Random) -> Array:
    """A line as a hand draws it."""
    points = np.array(line, np.float64)
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    steps = np.linspace(0, lengths[-1], max(2, int(lengths[-1] / 6)))
    smooth = np.stack([np.interp(steps, lengths, points[:, n]) for n in (0, 1)], axis=1)
    shake = np.array([[rng.gauss(0, 1.2), rng.gauss(0, 1.2)] for _ in steps])
    moved: Array = smooth + cv2.blur(shake, (1, 5))
    return moved


# --- scanning ---------------------------------------------------------------------------------------------------------


def scan(grey: Array, dpi: int, rng: random.Random) -> Array:
    """A printed page as a scanner sees it: another size, askew, shifted, with noise, blur and less contrast."""
    scale = dpi / PRINT_DPI * rng.uniform(0.97, 1.03)
    if scale < 1:
        grey = cv2.GaussianBlur(grey, (0, 0), max(0.3, 0.35 / scale))
    height, width = grey.shape
    size = (round(width * dpi / PRINT_DPI), round(height * dpi / PRINT_DPI))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-3, 3), scale)
    shift = 3 * dpi / 25.4
    turn[:, 2] += (size[0] / 2 - width / 2 + rng.uniform(-shift, shift), size[1] / 2 - height / 2 +
                   rng.uniform(-shift, shift))  # fmt: skip
    paper = rng.uniform(225, 255)
    seen = cv2.warpAffine(grey, turn, size, flags=cv2.INTER_LINEAR, borderValue=(255,)).astype(np.float32)
    seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.3, 0.8) * dpi / 200)
    black = rng.uniform(0, 50)
    seen = black + seen * (paper - black) / 255
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.choice((2, 4, 8, 12)), seen.shape)
    whole = (seen + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, packed = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, rng.choice((50, 70, 85))])
        whole = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))
    return whole


# --- comparing --------------------------------------------------------------------------------------------------------


def _count(tally: Tally, parts: Sequence[Part], drawn: Sequence[Drawn], named: str, *, near: bool) -> None:
    truth = {name: mark for page in drawn for name, mark in page.marks.items()}
    rules = Rules(CONSULTATION, Gazetteer({}))
    filled = Filled()
    from_pages(rules, filled, parts)
    read_pages = [part for part in parts if part.boxes]
    tally.unread += len(parts) - len(read_pages)
    for part in read_pages:
        for box in part.boxes:
            if "." in box.name:
                _count_box(tally, box.name, box.state, truth.get(box.name, ""), named)
    if not near:
        _count_questions(tally, filled, truth, named)


def _count_box(tally: Tally, name: str, state: str, mark: str, named: str) -> None:
    if mark in NEAR and mark != "scribble":
        wrong = (state in _CHOSEN and mark != "beside") or (state == "empty" and mark != "dot")
        tally.near["wrong" if wrong else "right"] += 1
        if wrong:
            tally.wrong.append(f"{named}: {name}: {mark} taken as {state}")
        return
    if mark == "scribble":
        right = state in ("struck", "filled")
        said = "right" if right else "flagged" if state == "unsure" else "wrong"
    else:
        said = "right" if (state in _CHOSEN) == bool(mark) and state in (*_CHOSEN, "empty") else (
            "flagged" if state not in (*_CHOSEN, "empty") else "wrong"
        )  # fmt: skip
    tally.boxes[said] += 1
    if said != "right":
        tally.flagged[f"{mark or 'nothing'} → {state}"] += 1
        tally.wrong.append(f"{named}: {name}: {mark or 'nothing'} taken as {state}") if said == "wrong" else None


def _count_questions(tally: Tally, filled: Filled, truth: dict[str, str], named: str) -> None:
    for question in CONSULTATION.questions:
        wanted = sorted(
            name.partition(".")[2]
            for name, mark in truth.items()
            if name.startswith(f"{question.id}.") and mark != "scribble"
        )
        given = filled.answers.get(question.id, "")
        if given == ";".join(wanted):
            tally.questions["right"] += 1
        elif not given and "conflict" in filled.needs:
            tally.questions["flagged"] += 1
        else:
            tally.questions["wrong"] += 1
            tally.wrong.append(f"{named}: question {question.id}: {given!r}, drawn {wanted}")


def main() -> None:
    """Print what was counted: ``python -m benchmarks.accuracy.ticks``."""
    import sys

    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else _FORMS, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print("boxes", dict(found.boxes), f"{found.boxes['right'] / found.boxes.total():.4f} right")
    print("questions", dict(found.questions), "pages not known as the form's:", found.unread)
    print("near misses", dict(found.near))
    print("not right:", found.flagged.most_common())
    print(*found.wrong, sep="\n")


if __name__ == "__main__":
    main()
