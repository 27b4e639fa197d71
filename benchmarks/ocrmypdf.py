"""A batch of clean scans taken in by the whole program, beside OCRmyPDF on both cores: pages a minute and errors.

OCRmyPDF 17 from PyPI, in a virtual environment of its own (``.venv/ocrmypdf``, made here from ``ocrmypdf.txt`` with
hashes), with Debian's tesseract-ocr: ``--jobs 2 --output-type pdf``, no turning, no straightening. It writes a PDF with
a text layer; ours keeps the original, its receipt, ledger and evidence of each field. Both are timed by the clock, from
their start to their end.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import BenchBrokenError, Cost, Figure, Plan, Result, cost_of, intake
from benchmarks.ocr import Scans, clean_scans, error_rate, scanned

PAGES, LIMIT = 40, 2.5
_HERE = Path(__file__).resolve().parent
_VENV = _HERE.parent / ".venv" / "ocrmypdf"
_LETTERS = """
[consultation]
id = "scans"
title = "The future of the centres"
opens = 2011-01-24
closes = 2011-04-18
timezone = "Europe/London"
reference_prefix = "S"
roles = ["parent"]
[[consultation.questions]]
id = "structure"
text = "What do you think?"
kind = "text"
[storage]
home = "home"
[channels.letters]
adapter = "letters"
folder = "in"
settle_seconds = 0
"""


def bench(plan: Plan) -> Result:
    """Measure both in turn on the same PDF."""
    program = _installed()
    ours, theirs = list[Cost](), list[Cost]()
    with tempfile.TemporaryDirectory(prefix="bench-ocrmypdf-") as name:
        scans = clean_scans(Path(name, "clean.pdf"), plan.items(PAGES))
        for turn in range(plan.repeats):
            ours.append(take_in(Path(name, f"ours-{turn}"), scans.pdf))
            theirs.append(_theirs(program, scans, Path(name)))
        rates = error_rate(scans.pages, scanned(2, scans.pdf).output["texts"]), _their_rate(scans, Path(name))
    return Result(_figures(scans, ours, theirs, rates), {"pages": len(scans.pages), "pinned": "ocrmypdf.txt"})


def take_in(folder: Path, pdf: Path) -> Cost:
    """A run of the program on a scan folder that holds this PDF alone."""
    source = folder / "in"
    source.mkdir(parents=True)
    (source / "batch.pdf").write_bytes(pdf.read_bytes())
    (folder / "config.toml").write_text(_LETTERS)
    cost = intake(folder / "config.toml", "run")
    found = cost.output["channels"]["letters"]
    if (found["read"], found["error"]) != (1, None):
        raise BenchBrokenError(f"the batch was not read: {found}")
    return cost


def _figures(scans: Scans, ours: list[Cost], theirs: list[Cost], rates: tuple[float, float]) -> list[Figure]:
    count = len(scans.pages)
    ratios = [their.wall_s / our.wall_s for our, their in zip(ours, theirs, strict=True)]
    speed = [statistics.median(60 * count / cost.wall_s for cost in side) for side in (ours, theirs)]
    cpu = [statistics.median(cost.cpu_s for cost in side) for side in (ours, theirs)]
    spread = f"{min(ratios):.2f}–{max(ratios):.2f}, by the clock"
    rate = rates[0] / rates[1] if rates[1] else 1.0 + rates[0]
    return [
        Figure(
            f"{count} clean scans: pages a minute / OCRmyPDF", "", *speed, statistics.median(ratios), LIMIT, spread,
            at_least=True,
        ),
        Figure("  CPU of both", "CPU s", *cpu, cpu[0] / cpu[1]),
        Figure("  character error rate / OCRmyPDF's", "%", *rates, rate, 1.0),
    ]  # fmt: skip


def _theirs(program: Path, scans: Scans, folder: Path) -> Cost:
    command = [program, "--jobs", "2", "--output-type", "pdf", "--quiet", "--sidecar", folder / "theirs.txt", scans.pdf]
    return cost_of([*command, folder / "theirs.pdf"], read_output=False)


def _their_rate(scans: Scans, folder: Path) -> float:
    texts = (folder / "theirs.txt").read_text(encoding="utf-8").split("\f")
    return error_rate(scans.pages, texts[: len(scans.pages)])


def _installed() -> Path:
    """OCRmyPDF's command, installed if it is not there."""
    program, listed = _VENV / "bin" / "ocrmypdf", _HERE / "ocrmypdf.txt"
    ready = _VENV / ".ready"
    if not ready.exists() or ready.stat().st_mtime < listed.stat().st_mtime:
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, _VENV], check=True)
        only = ("--require-hashes", "--only-binary", ":all:", "-r", listed)
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", _VENV / "bin" / "python", *only], check=True)
        ready.touch()
    return program
