"""100,000 survey rows with twenty questions and an id column, from the export to stored responses: CPU at most twice
csv, normalising alone and Core inserts together; no process over 400 MB."""

import hashlib
import json
import tempfile
from pathlib import Path

from benchmarks.measure import BenchBrokenError, Cost, Figure, Plan, Result, intake, median_of, pairs, peer
from benchmarks.surveys import QUESTIONS, Question, export
from benchmarks.words import ROOT

ROWS = 100_000
LIMIT = 2.0
MEMORY_MB = 400


def bench(plan: Plan) -> Result:
    """Measure the program and its peer in turn, and what starting it costs."""
    content = export(plan.items(ROWS))
    ours: list[float] = []
    started: list[float] = []
    peers: list[dict[str, float]] = []
    largest = parent = 0.0
    _run(export(1), 1)  # compiles what is not compiled yet
    for _ in range(plan.repeats):
        cost, steps = _run(content, plan.items(ROWS), with_peer=True)
        ours.append(cost.cpu_s)
        largest, parent = max(largest, cost.largest_mb), max(parent, cost.parent_mb)
        peers.append(steps)
        started.append(_run(export(1), 1)[0].cpu_s)
    sums = [steps["csv"] + steps["normalise"] + steps["core"] for steps in peers]
    raw = [steps["csv"] + steps["normalise"] + steps["executemany"] for steps in peers]
    alone = [whole - start for whole, start in zip(ours, started, strict=True)]
    return Result(
        [
            pairs(ours, sums, f"{plan.items(ROWS):,} survey rows / csv + normalising + Core", LIMIT),
            pairs(alone, sums, "  the same without our start-up", None),
            pairs(ours, raw, "  against csv + normalising + executemany", None),
            *(Figure(f"  peer's share: {name}", "CPU s", None, median_of(peers, name)) for name in peers[0]),
            Figure("  largest process, survey rows", "MB", largest, limit=MEMORY_MB),
            Figure("  parent alone, survey rows", "MB", parent, limit=MEMORY_MB),
        ],
        {
            "rows": plan.items(ROWS),
            "questions": len(QUESTIONS),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        },
    )


def _run(content: bytes, rows: int, *, with_peer: bool = False) -> tuple[Cost, dict[str, float]]:
    """One run into an empty home; the peer works with what the run has stored."""
    with tempfile.TemporaryDirectory(prefix="bench-survey-") as name:
        folder = Path(name)
        file = folder / "survey.csv"
        file.write_bytes(content)
        config = folder / "config.toml"
        config.write_text(_config(file, folder / "home"))
        cost = intake(config, "run", "--channel", "survey")
        account = cost.output["channels"]["survey"]
        if (account["listed"], account["read"], account["responses"]) != (rows, rows, rows):
            raise BenchBrokenError(f"not all rows were read: {account}")
        return cost, peer("rows", config, "survey", file, folder) if with_peer else {}


def _config(file: Path, home: Path) -> str:
    """The sample's consultation and survey, with these questions and files."""
    sample = (ROOT / "config.toml").read_text(encoding="utf-8")
    head, _, _ = sample.partition("[[consultation.questions]]")
    storage, _, _ = sample[sample.index("[storage]") :].partition("[channels.email]")
    survey = sample[sample.index("[channels.survey]") :]
    made = head + "".join(map(_question, QUESTIONS)) + storage + survey
    made = made.replace('"samples/centres.csv"', f'"{ROOT / "samples" / "centres.csv"}"')
    made = made.replace('home = "var"', f'home = "{home}"')
    return made.replace('exports = "samples/survey"', f'exports = "{file}"')


def _question(question: Question) -> str:
    written = f"[[consultation.questions]]\nid = {json.dumps(question.id)}\ntext = {json.dumps(question.text)}\n"
    written += f"kind = {json.dumps(question.kind)}\n"
    written += f"options = {json.dumps(question.options)}\n" if question.options else ""
    return written + ("monitoring = true\n\n" if question.monitoring else "\n")
