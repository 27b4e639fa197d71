"""Reading scans, beside Tesseract alone on the same pictures, and on two cores beside one.

40 clean upright pages of 300 dpi which the second engine is not asked about: at most 1.10 times the CPU that the same
Tesseract takes for the embedded pictures; both cores at least 1.8 times as fast as one. A mixed set, every other page
bad: at most 4 times. Ours is reading in the sandbox, its processes' start-up and imports included, without the start of
the Python program that hands out the jobs; receipts, evidence and the database are not in it (see ``ocrmypdf``).
"""

import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.accuracy.measure import errors, together
from benchmarks.accuracy.sets import TruePage
from benchmarks.measure import BenchBrokenError, Cost, Figure, Plan, Result, cost_of, pairs, peer
from benchmarks.scans import clean_pages, mixed_pages, write_scans

PAGES, SPARE = 40, 6
CPU_LIMIT, CORES_LIMIT, MIXED_LIMIT = 1.10, 1.8, 4.0


def bench(plan: Plan) -> Result:
    """Measure clean pages with one process and with two, then the mixed ones, each in turn with Tesseract alone."""
    with tempfile.TemporaryDirectory(prefix="bench-ocr-") as name:
        floor_s = statistics.median(scanned(0).cpu_s for _ in range(3))
        clean = clean_scans(Path(name, "clean.pdf"), plan.items(PAGES))
        mixed = Path(name, "mixed.pdf")
        pages = list(mixed_pages(plan.items(PAGES)))
        write_scans(mixed, pages)
        figures = [*_clean(clean, plan, floor_s), *_mixed(mixed, pages, plan, floor_s)]
    return Result(figures, {"clean": len(clean.pages), "mixed": len(pages)})


class Scans:
    """A PDF of clean pages that one engine alone reads, and what stands on them."""

    def __init__(self, pdf: Path, pages: list[TruePage]) -> None:
        self.pdf, self.pages = pdf, pages


def clean_scans(pdf: Path, count: int) -> Scans:
    """Make clean pages, and leave out those about which the second engine is asked; this also warms the caches."""
    pages = list(clean_pages(count + SPARE))
    write_scans(pdf, pages)
    sure = [page for page, second in zip(pages, _second(scanned(2, pdf)), strict=True) if not second][:count]
    if len(sure) < count:
        raise BenchBrokenError(f"the second engine is asked about more than {SPARE} of {len(pages)} clean pages")
    write_scans(pdf, sure)
    return Scans(pdf, sure)


def scanned(processes: int, *pdfs: Path) -> Cost:
    """Read scans in this many sandboxed processes."""
    return cost_of([sys.executable, "-P", "-m", "benchmarks.scanned", str(processes), *pdfs], {"PYTHONPATH": "."})


def _second(cost: Cost) -> list[bool]:
    """Of each page, whether the second engine was asked about it."""
    found = cost.output
    return ["rapidocr" in (engine, *asked) for engine, asked in zip(found["engines"], found["asked"], strict=True)]


def error_rate(pages: list[TruePage], texts: list[str]) -> float:
    """The character error rate of all pages together, in per cent."""
    return 100 * together(errors(page.truth, text) for page, text in zip(pages, texts, strict=True)).cer


def _clean(scans: Scans, plan: Plan, floor_s: float) -> list[Figure]:
    one, two, alone = list[Cost](), list[Cost](), list[float]()
    for _ in range(plan.repeats):
        one.append(scanned(1, scans.pdf))
        alone.append(sum(peer("tesseract", scans.pdf).values()))
        two.append(scanned(2, scans.pdf))
    count = len(scans.pages)
    what = f"{count} clean scans / Tesseract alone"
    cpu = pairs([cost.cpu_s - floor_s for cost in one], alone, what, CPU_LIMIT)
    cores = pairs(
        [cost.output["wall_s"] for cost in one],
        [cost.output["wall_s"] for cost in two],
        "  one process / two, clock",
        None,
    )
    rate = error_rate(scans.pages, one[0].output["texts"])
    return [
        cpu,
        replace(cores, unit="s", limit=CORES_LIMIT, at_least=True),
        Figure("  their character error rate", "%", rate),
    ]


def _mixed(pdf: Path, pages: list[TruePage], plan: Plan, floor_s: float) -> list[Figure]:
    ours, alone = list[Cost](), list[float]()
    for _ in range(plan.repeats):
        ours.append(scanned(2, pdf))
        alone.append(sum(peer("tesseract", pdf).values()))
    what = f"{len(pages)} scans, half of them bad / Tesseract alone"
    taken = ours[0].output["engines"].count("rapidocr")
    return [
        pairs([cost.cpu_s - floor_s for cost in ours], alone, what, MIXED_LIMIT),
        Figure("  their character error rate", "%", error_rate(pages, ours[0].output["texts"])),
        Figure(
            "  pages that the second engine is asked about", "", float(sum(_second(ours[0]))), note=f"{taken} taken"
        ),
    ]
