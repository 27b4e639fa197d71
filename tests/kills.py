"""Kills ``intake run`` at random moments, runs it once more, and holds the result against an undisturbed run's.

    python -m tests.kills --trials 50 [--seed 1] [--small]

The moments are drawn over the length of an undisturbed run. A kill is a SIGKILL, sometimes of the whole process group,
sometimes of the program alone: its readers must then end by themselves. One trial in three is killed twice, and one in
three is on PostgreSQL. Afterwards one more run must end with 0, balance and verify, no process may be left, and the
full export, with a line for each receipt, must be the undisturbed one's but for the column ``run``. Exit 1 if any trial
fails; its folder is kept.
"""

import argparse
import csv
import json
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
import structlog

from intake.app import separators
from intake.formprint import form_pdf
from intake.replyform import reply_form
from tests.support import replyforms
from tests.support.batches import scan
from tests.support.consultation import (
    ROOT,
    SAMPLES,
    Consultation,
    kill_group,
    living,
    message,
    pdf,
    start,
    table,
    without,
)
from tests.support.postgres import Postgres
from tests.support.processes import service_folder

EXPORTED = datetime(2011, 4, 19, 12, tzinfo=UTC)
HOTLINE = """
[channels.hotline]
adapter = "phone"
log = "samples/hotline.csv"
columns.received_at = ["Date", "Time"]
columns.text = "Said"
"""
_SMALL_LETTERS = ("scan-0001.pdf", "scan-0014.pdf")
_END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Kill:
    """When a run is killed, in seconds from its start, and whether its readers are killed with it."""

    after_s: float
    whole_group: bool

    def __str__(self) -> str:
        return f"{self.after_s:.3f} s, {'group' if self.whole_group else 'program alone'}"


@dataclass(slots=True)
class Trial:
    """One trial: how it was killed, and what was wrong afterwards."""

    number: int
    kills: list[Kill]
    database: str
    hit: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = "; ".join(map(str, self.kills))
        return f"trial {self.number}, {self.database}: {said}: {self.hit} hit: {'; '.join(self.problems) or 'ok'}"


# --- what is run ------------------------------------------------------------------------------------------------------


def make_sources(folder: Path, *, small: bool) -> None:
    """The sample's sources, and with them what a kill could spoil: a second export, an mbox, many rows without ids."""
    shutil.copytree(SAMPLES, folder)
    if small:
        for left_out in [p for p in (folder / "letters").iterdir() if p.name not in _SMALL_LETTERS]:
            left_out.unlink()
        for left_out in sorted((folder / "inbox").glob("*.eml"))[30:]:
            left_out.unlink()
    _second_export(folder / "survey")
    messages = [message(f"Message number {n} of the archive.", sender=f"r{n}@example.org") for n in range(40)]
    content = b"".join(b"From r@example.org Tue Mar  1 10:00:00 2011\n" + m + b"\n" for m in messages)
    (folder / "inbox" / "more.mbox").write_bytes(content)
    rows = [("01/03/2011", f"{9 + n % 8:02}:{n % 60:02}", f"Caller {n % 1500} said so.") for n in range(2000)]
    if small:
        rows = rows[1400:1700]
    rows[7] = ("", "", "")
    (folder / "hotline.csv").write_text(table(("Date", "Time", "Said"), rows))
    for path in folder.rglob("*"):
        if path.parent.name != "survey":
            os.utime(path, (EXPORTED.timestamp(), EXPORTED.timestamp()))


def add_post(consultation: Consultation, sources: Path, *, small: bool) -> None:
    """A day's post in one file: letters between separator sheets, and a filled form behind one of them."""
    printed = pypdfium2.PdfDocument(separators(consultation.path, "2011-03-01", "B4", "17", 3))
    with consultation.app() as app:
        form = reply_form(app.consultation, app.settings.form)
    pages = replyforms.printed(form_pdf(form, "A form"))
    number, box = next((n, b) for n, p in enumerate(form.layout.pages) for b in p.boxes if b.kind == "tick")
    replyforms.tick(pages[number], box.edges)
    filled = pypdfium2.PdfDocument(scan([pages[number]] if small else pages, "PDF", replyforms.DPI))
    letters = pypdfium2.PdfDocument(pdf("Keep Watton open.", "And the bus.", "Close Dereham now."))
    post = pypdfium2.PdfDocument.new()
    forms = [(filled, n) for n in range(len(filled))]
    for document, page in [(printed, 0), (letters, 0), (letters, 1), (printed, 1), *forms, (printed, 2), (letters, 2)]:
        post.import_pages(document, [page])
    target = sources / "letters" / "post.pdf"
    post.save(target)
    os.utime(target, (EXPORTED.timestamp(), EXPORTED.timestamp()))


def _second_export(folder: Path) -> None:
    """A later export that overlaps with the sample's: rows changed, gone, added; and one that can't be split."""
    (first,) = folder.iterdir()
    with first.open(newline="", encoding="utf-8-sig") as stream:
        header, *rows = csv.reader(stream)
    changed = [[*row[:2], f"{row[2]} (changed)", *row[3:]] if n % 5 == 0 else row for n, row in enumerate(rows)]
    added = [[str(9000 + n), *row[1:]] for n, row in enumerate(rows[:10])]
    second, broken = folder / "export-2011-04-26.csv", folder / "export-2011-05-03.csv"
    second.write_text(table(header, [*changed[:-4], *added]))
    broken.write_text(table(header, rows[:3]) + '"unclosed\r\n')
    for week, path in enumerate((first, second, broken)):
        at = (EXPORTED + timedelta(weeks=week)).timestamp()
        os.utime(path, (at, at))


def make_consultation(folder: Path, sources: Path, database: str = "") -> Consultation:
    """A consultation with a home of its own on the sources that all trials share."""
    config = (ROOT / "config.toml").read_text() + HOTLINE
    config = config.replace('"samples/', f'"{sources}/').replace('database = ""', f'database = "{database}"')
    return Consultation(folder, config=config.replace("settle_seconds = 1 ", "settle_seconds = 0 "))


def lines(consultation: Consultation) -> list[dict[str, str]]:
    """Everything that an export can tell, without the column ``run``."""
    return [without(row, "run") for row in consultation.export(everything=True)]


# --- killing it -------------------------------------------------------------------------------------------------------


def attempt(trial: Trial, consultation: Consultation, wanted: Sequence[dict[str, str]]) -> None:
    """Run and kill as the trial says, run once more, and note what is wrong."""
    for kill in trial.kills:
        trial.hit += _killed(trial, consultation, kill)
    done = consultation.command("run", "--json")
    if done.code != 0 or "Traceback" in done.err:
        trial.problems.append(f"the run afterwards ended with {done.code}: {done.err[-500:]}")
        return
    if not json.loads(done.out)["balanced"]:
        trial.problems.append(f"the run afterwards does not balance: {done.out}")
    if failures := consultation.failures():
        trial.problems.append(f"verify: {failures}")
    if (found := lines(consultation)) != wanted:
        trial.problems.append(_difference(found, wanted))
    again = consultation.run()
    if any(account["received"] for account in again["channels"].values()) or lines(consultation) != found:
        trial.problems.append("one run more received something, or changed the export")


def _killed(trial: Trial, consultation: Consultation, kill: Kill) -> bool:
    """Whether the kill came before the run's own end."""
    process = start(consultation.command_line("run"), consultation.folder)
    try:
        process.wait(kill.after_s)
        return False
    except subprocess.TimeoutExpired:
        if kill.whole_group:
            kill_group(process.pid)
        else:
            process.kill()
        process.wait()
        return True
    finally:
        if left := _left_over(process.pid):
            trial.problems.append(f"{len(left)} processes are left over")
            kill_group(process.pid)


def _left_over(group: int) -> list[int]:
    """The processes of a group that have not ended by themselves after a while."""
    deadline = time.monotonic() + _END_SECONDS
    while (left := living(group)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def _difference(found: Sequence[dict[str, str]], wanted: Sequence[dict[str, str]]) -> str:
    said = [f"the export differs: {len(found)} lines, wanted {len(wanted)}"]
    for ours, theirs in zip(found, wanted, strict=False):
        if columns := [name for name in theirs if ours[name] != theirs[name]]:
            said += [f"{name}: {ours[name][:80]!r}, wanted {theirs[name][:80]!r}" for name in columns[:4]]
            break
    return "; ".join(said)


def campaign(
    folder: Path,
    trials: int,
    seed: int,
    postgres: Postgres,
    *,
    small: bool,
    say: Callable[[str], None] = lambda _: None,
) -> list[Trial]:
    """Run the trials below ``folder``; those that failed keep their folders."""
    sources = folder / "samples"
    make_sources(sources, small=small)
    undisturbed = make_consultation(folder / "undisturbed", sources)
    add_post(undisturbed, sources, small=small)
    began = time.monotonic()
    done = undisturbed.command("run", "--json")
    length = time.monotonic() - began
    if done.code != 0 or undisturbed.failures():
        raise RuntimeError(f"the undisturbed run ended with {done.code}: {done.err}{done.out}")
    wanted = lines(undisturbed)
    say(f"an undisturbed run takes {length:.1f} s and gives {len(wanted)} lines; seed {seed}")
    draw = random.Random(seed)
    found = []
    for number in range(1, trials + 1):
        kills = [Kill(draw.uniform(0, length), draw.random() < 0.5) for _ in range(2 if number % 3 == 0 else 1)]
        trial = Trial(number, kills, "postgresql" if number % 3 == 1 else "sqlite")
        database = postgres.new_database() if trial.database == "postgresql" else ""
        consultation = make_consultation(folder / f"trial-{number}", sources, database)
        attempt(trial, consultation, wanted)
        say(str(trial))
        found.append(trial)
        if not trial.problems:
            shutil.rmtree(consultation.folder)
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--small", action="store_true", help="half the mail, two letters and 300 rows")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    with service_folder("postgres") as servers, Postgres(servers) as postgres:
        trials = campaign(folder, given.trials, given.seed, postgres, small=given.small, say=_say)
    failed = [trial for trial in trials if trial.problems]
    _say(f"{len(trials)} trials, {sum(t.hit for t in trials)} kills that hit, {len(failed)} trials failed")
    if failed:
        _say(f"what they left is in {folder}")
        return 1
    with suppress(OSError):
        shutil.rmtree(folder)
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
