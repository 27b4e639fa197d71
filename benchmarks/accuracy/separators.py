"""Separator sheets as ``intake separator`` prints them, scanned as badly as letters are: is every code read?

There is no text to be compared: a sheet is right if the code found on its page says what was printed, to the letter.
Pages of letters have no code; one on which a code is found would cut a letter in two, and is counted too.
"""

import io
import os
import random
from collections.abc import Callable, Iterator
from datetime import date
from importlib.util import find_spec

import pypdfium2
from PIL import Image

from benchmarks.accuracy import damage
from benchmarks.accuracy.report import Verdict
from benchmarks.accuracy.sets import SETS, page
from benchmarks.accuracy.typeset import A4
from intake.reading.parts import Reading
from intake.reading.readers import find_means
from intake.reading.sandbox import Limits, ReadJob

_SHEETS, _DPI = 24, 600
Ways = tuple[tuple[str, Callable[[Image.Image, random.Random], Image.Image], int], ...]

_WAYS: Ways = (
    ("clean", lambda sheet, rng: damage.scanned(sheet, 300), 300),
    ("coarse and askew", lambda sheet, rng: damage.skewed(damage.scanned(sheet, 150), rng.uniform(-4, 4)), 150),
    ("noisy", lambda sheet, rng: damage.noisy(damage.scanned(sheet, 200), rng, 25, 0.003), 200),
    ("faint", lambda sheet, rng: damage.noisy(damage.faint(damage.scanned(sheet, 200), 0.2), rng, 4, 0.0), 200),
    ("copied twice", lambda sheet, rng: damage.photocopied(damage.scanned(sheet, 300), rng), 300),
    ("upside down", lambda sheet, rng: damage.scanned(sheet, 200).transpose(Image.Transpose.ROTATE_180), 200),
)  # fmt: skip


def verdicts(factor: float) -> list[Verdict]:
    """What is reported of separator sheets; nothing where this program prints none."""
    if find_spec("intake.separator") is None:
        return []
    printed = list(_sheets(max(len(_WAYS), round(_SHEETS * factor))))
    letters = [page(each, 0) for each in SETS if each.group in ("clean", "bad")]
    jobs = [ReadJob(number, None, data, "image/png") for number, (data, _) in enumerate(printed)]
    jobs += [ReadJob(-1, None, each.data, each.media_type) for each in letters]
    right = unfounded = 0
    with find_means("require").readers(len(os.sched_getaffinity(0)), Limits()) as pool:
        for job, result in pool.read(jobs):
            codes = [code.text for part in result.parts for code in part.codes] if isinstance(result, Reading) else []
            right += job.key >= 0 and codes == [printed[job.key][1]]
            unfounded += job.key < 0 and bool(codes)
    return [
        Verdict("separator sheets whose code is read", right / len(printed), None, len(printed)),
        Verdict("pages of letters on which a code is found", unfounded / len(letters), None, len(letters)),
    ]


def _sheets(count: int) -> Iterator[tuple[bytes, str]]:
    """Scans of sheets, each way by turns, and what is in their codes."""
    from intake.separator import Sheet, separator_pdf

    for number in range(count):
        rng = random.Random(f"separator/{number}")
        made = Sheet("norfolk-childrens-centres-2011", date(2011, 3, rng.randint(1, 28)), f"Box {number}", "A", 1, 20)
        drawn = pypdfium2.PdfDocument(separator_pdf([made], "The future of the centres"))[0]
        sheet = drawn.render(scale=_DPI / 72, grayscale=True).to_pil().convert("L").resize(A4)
        _, way, dpi = _WAYS[number % len(_WAYS)]
        out = io.BytesIO()
        way(sheet, rng).save(out, "PNG", dpi=(dpi, dpi), compress_level=1)
        yield out.getvalue(), made.text()
