"""The pool of readers' processes: whatever an item does to its process, each job gets one result, and only its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from PIL import Image

from intake.reading.parts import Reading, Row, ToolMissing, Unreadable
from intake.reading.sandbox import Limits, MessageSplit, ReaderPool, ReadJob, SplitBroken, TableSplit

ODD = (sys.executable, str(Path(__file__).parent / "data/reading/odd_reader.py"))
PATIENT = Limits(step_seconds=60.0)
QUICK = Limits(step_seconds=1.0, item_seconds=1.5)


def jobs(*contents: str, media_type: str = "message/rfc822") -> list[ReadJob]:
    return [ReadJob(key, None, content.encode(), media_type) for key, content in enumerate(contents)]


def odd_pool(processes: int = 2, limits: Limits = PATIENT) -> ReaderPool:
    return ReaderPool(processes, limits, time.monotonic, ODD)


def results(pool: ReaderPool, todo: Iterable[ReadJob]) -> dict[int, object]:
    found = [(job.key, result) for job, result in pool.read(todo)]
    assert len(dict(found)) == len(found), "a job had two results"
    return dict(found)


def text(result: object) -> str:
    assert isinstance(result, Reading)
    return result.parts[0].text


def reason(result: object) -> str:
    assert isinstance(result, Unreadable)
    assert result.next_step
    return result.reason


def children() -> list[psutil.Process]:
    """The pool's processes: not the servers that other tests of this session use."""
    return [child for child in psutil.Process().children() if child.name().startswith("python")]


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    """Whatever a test does, its pool leaves no process behind."""
    before = {child.pid for child in children()}
    yield
    assert {child.pid for child in children()} <= before


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_every_job_gets_its_own_result(processes):
    with odd_pool(processes) as pool:
        found = results(pool, jobs(*(f"echo {n}" for n in range(200))))
    assert {key: text(result) for key, result in found.items()} == {n: str(n) for n in range(200)}


def test_a_job_may_be_a_file(tmp_path):
    (tmp_path / "original").write_text("echo from a file")
    with odd_pool() as pool:
        [(_, result)] = pool.read([ReadJob(1, tmp_path / "original", None, "text/plain")])
    assert text(result) == "from a file"


def test_no_process_is_started_before_it_is_needed():
    with odd_pool(3) as pool:
        assert children() == []
        results(pool, jobs("echo 1"))
        assert len(children()) == 1


def test_processes_live_on_from_one_item_and_one_read_to_the_next():
    with odd_pool(1) as pool:
        first = results(pool, jobs("pid", "pid"))
        second = results(pool, jobs("pid"))
    assert len({text(result) for found in (first, second) for result in found.values()}) == 1


def test_jobs_are_taken_as_they_are_needed_and_not_all_at_once():
    taken = 0

    def endless() -> Iterator[ReadJob]:
        nonlocal taken
        while True:
            taken += 1
            yield ReadJob(taken, None, b"echo x", "message/rfc822")

    with odd_pool(2) as pool:
        reading = pool.read(endless())
        for _ in range(50):
            next(reading)
        assert taken <= 50 + 2 * 20
        reading.close()


def test_long_items_do_not_queue_up_behind_one_another():
    """A slow document holds up no other while a process is free."""
    with odd_pool(2) as pool:
        order = [job.key for job, _ in pool.read(jobs("wait 0.6", "echo 1", "echo 2", media_type="application/pdf"))]
    assert order == [1, 2, 0]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("hang", "longer than the 1 seconds"),
        ("crash", "crashed on this file (signal 6)"),
        ("end", "ended in the middle of this file (status 3)"),
        ("memory", "more than the 2048 MB of memory"),
        ("garbage", "made no sense"),
        ("endless", "too long"),
        ("misnumbered", "made no sense"),
        ("unclean", "made no sense"),
    ],
)
def test_an_item_that_undoes_its_process_is_unreadable_and_the_others_are_read(content, why):
    with odd_pool(1, QUICK if content == "hang" else PATIENT) as pool:
        found = results(pool, jobs("echo 0", "echo 1", content, "echo 3", "echo 4"))
    assert why in reason(found.pop(2))
    assert {key: text(result) for key, result in found.items()} == {n: str(n) for n in (0, 1, 3, 4)}


def test_an_answer_too_many_costs_only_the_items_of_that_process():
    with odd_pool(1) as pool:
        found = results(pool, jobs("twice"))
    assert text(found[0]) == "1"


def test_one_hanging_item_does_not_stall_the_others():
    with odd_pool(2, QUICK) as pool:
        done_at = {}
        started = time.monotonic()
        for job, _ in pool.read(jobs("hang", *["echo x"] * 100)):
            done_at[job.key] = time.monotonic() - started
    on_time = [key for key, at in done_at.items() if at < 0.9]
    assert len(on_time) >= 100 - 8  # those behind it in its own process wait until it is killed


def test_items_that_all_kill_their_process_come_to_an_end():
    with odd_pool(2) as pool:
        found = results(pool, jobs(*["crash"] * 12))
    assert all("crashed" in reason(result) for result in found.values())


def test_a_document_may_take_longer_than_a_step_if_its_pages_come():
    with odd_pool(1, Limits(step_seconds=0.6, item_seconds=60)) as pool:
        found = results(pool, jobs("pages 8"))
    assert text(found[0]) == "8"


def test_a_document_that_never_ends_is_cut_off_however_many_pages_it_claims():
    with odd_pool(1, QUICK) as pool:
        found = results(pool, jobs("pages 1000"))
    assert "longer than" in reason(found[0])


def test_what_the_caller_does_meanwhile_is_not_the_child_s_time():
    """A caller that takes long over one result makes no other item late."""
    with odd_pool(1, QUICK) as pool:
        reading = pool.read(jobs("echo 0", "wait 0.3", "echo 2"))
        next(reading)
        time.sleep(1.3)
        assert [text(result) for _, result in reading] == ["0.3", "2"]


def test_a_tool_that_is_missing_is_not_the_item_s_fault():
    with odd_pool() as pool:
        found = results(pool, jobs("tool", "echo 1"))
    assert found[0] == ToolMissing("a tool", "Install it.")
    assert text(found[1]) == "1"


@pytest.mark.parametrize(
    "command", [(sys.executable, "-c", "raise SystemExit('no such library')"), ("/nowhere/reader",)]
)
def test_if_no_process_starts_every_item_stays_untried_and_the_reason_is_said(command):
    with ReaderPool(2, QUICK, time.monotonic, command) as pool:
        found = results(pool, jobs(*["echo x"] * 20))
        split = pool.split(jobs("rows")[0])
    assert len(found) == 20
    for result in (*found.values(), split):
        assert isinstance(result, ToolMissing)
        assert "no such library" in result.advice or "No such file" in result.advice


def test_a_read_that_is_given_up_leaves_the_pool_usable():
    with odd_pool(2) as pool:
        reading = pool.read(jobs(*["echo old"] * 50))
        next(reading)
        reading.close()
        assert {text(result) for result in results(pool, jobs(*["echo new"] * 50)).values()} == {"new"}


def test_two_reads_of_one_pool_at_a_time_are_refused():
    with odd_pool() as pool:
        reading = pool.read(jobs("echo 0", "echo 1"))
        next(reading)
        with pytest.raises(RuntimeError, match="reading already"):
            next(pool.read(jobs("echo 2")))
        reading.close()


def test_a_split_may_go_on_beside_a_read():
    with odd_pool(1) as pool:
        reading = pool.read(jobs("echo 0", "echo 1", "echo 2"))
        next(reading)
        split = pool.split(jobs("rows")[0])
        assert isinstance(split, TableSplit)
        assert list(split.rows) == [Row(2, ["1", "2"])]
        assert len(list(reading)) == 2


@pytest.mark.parametrize("rest", ["then crash", "then a narrow one", "then backwards"])
def test_rows_that_break_off_or_can_not_be_true_are_not_taken_for_all(rest):
    with odd_pool() as pool:
        split = pool.split(jobs(f"rows {rest}")[0])
        assert isinstance(split, TableSplit)
        with pytest.raises(SplitBroken):
            list(split.rows)
        assert isinstance(pool.split(jobs("rows")[0]), TableSplit)


@pytest.mark.parametrize("rest", ["overlapping", "beyond the end"])
def test_pieces_that_can_not_be_true_are_refused(rest):
    with odd_pool() as pool:
        split = pool.split(jobs(f"pieces {rest}")[0])
        assert isinstance(split, MessageSplit)
        with pytest.raises(SplitBroken):
            list(split.pieces)


@pytest.mark.parametrize("content", ["hang", "crash", "garbage", "endless", "echo x"])
def test_a_delivery_that_undoes_its_process_is_unreadable(content):
    with odd_pool(1, QUICK if content == "hang" else PATIENT) as pool:
        assert reason(pool.split(jobs(content)[0]))
        assert isinstance(pool.split(jobs("rows")[0]), TableSplit)


def test_a_table_that_is_not_taken_to_its_end_leaves_the_pool_usable():
    with odd_pool() as pool:
        given_up = pool.split(jobs("rows")[0])
        assert isinstance(given_up, TableSplit)
        del given_up
        again = pool.split(jobs("rows")[0])
        assert isinstance(again, TableSplit)
        assert len(list(again.rows)) == 1


def test_a_reader_sees_no_password_of_its_parent(monkeypatch):
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", "secret")
    with odd_pool() as pool:
        names = text(results(pool, jobs("environment"))[0]).split("\n")
    assert "INTAKE_IMAP_PASSWORD" not in names
    assert "OMP_THREAD_LIMIT" in names


# ---- the real reader's process


def real_pool(limits: Limits = PATIENT) -> ReaderPool:
    return ReaderPool(1, limits, time.monotonic)


LETTER = b"From: a@example.org\r\nSubject: centres\r\n\r\nKeep it open.\r\n"


def test_the_real_process_reads_and_splits(tmp_path):
    (tmp_path / "calls.csv").write_text("a,b\n1,2\n")
    with real_pool() as pool:
        [(_, message)] = pool.read([ReadJob(1, None, LETTER, "message/rfc822")])
        table = pool.split(ReadJob(2, tmp_path / "calls.csv", None, "text/csv"))
        assert isinstance(table, TableSplit)
        assert list(table.rows) == [Row(2, ["1", "2"])]
    assert isinstance(message, Reading)
    assert message.parts[1].text == "Keep it open.\n"


def test_more_memory_than_allowed_is_the_end_of_that_item_alone():
    """The limit is the process's own: 300 MB that are read into 200 MB of address space don't fit."""
    with real_pool(Limits(memory_mb=200)) as pool:
        found = results(
            pool, [ReadJob(0, None, bytes(300_000_000), "text/plain"), ReadJob(1, None, LETTER, "message/rfc822")]
        )
    assert "more than the 200 MB" in reason(found[0])
    assert isinstance(found[1], Reading)


def test_an_unknown_kind_and_an_empty_file_are_said():
    kinds = {"image/webp": b"x", "application/pdf": b"", "application/octet-stream": b"x"}
    with real_pool() as pool:
        found = results(pool, [ReadJob(n, None, kinds[kind], kind) for n, kind in enumerate(kinds)])
    assert reason(found[0]) == "There is no reader for files of the kind image/webp."
    assert reason(found[1]) == "This file is empty."
    assert reason(found[2]) == "The file's name does not say what kind of file it is."


def test_options_that_do_not_fit_a_request_are_refused_before_they_are_sent():
    with real_pool() as pool, pytest.raises(ValueError, match="options"):
        list(pool.read([ReadJob(0, None, b"x", "text/plain", {"charset": "x" * 40_000})]))


def test_ending_signals_to_the_group_do_not_end_a_reader():
    """Ctrl-C and systemd reach every process of the group; only the parent decides."""
    with real_pool() as pool:
        results(pool, [ReadJob(0, None, LETTER, "message/rfc822")])
        [child] = children()
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            child.send_signal(ending)
        assert isinstance(results(pool, [ReadJob(1, None, LETTER, "message/rfc822")])[1], Reading)
        assert [each.pid for each in children()] == [child.pid]


def test_a_killed_parent_leaves_no_reader_behind():
    program = (
        "import time\nfrom intake.reading.sandbox import Limits, ReaderPool, ReadJob\n"
        "pool = ReaderPool(2, Limits(), time.monotonic)\n"
        f"list(pool.read(ReadJob(n, None, {LETTER!r}, 'message/rfc822') for n in range(20)))\n"
        "print('read', flush=True)\ntime.sleep(60)\n"
    )
    root = Path(__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "read\n"
        readers = psutil.Process(parent.pid).children()
        assert len(readers) == 2
        os.kill(parent.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(readers, timeout=5)
    assert alive == []


def test_a_reader_prints_nothing(capfd, tmp_path):
    """Libraries print warnings about documents; none of it reaches our output."""
    with real_pool() as pool:
        results(pool, [ReadJob(0, None, b"%PDF-1.4 secret words\nstartxref\n0\n%%EOF", "application/pdf")])
        results(pool, [ReadJob(0, None, b"II*\x00 secret words", "image/tiff")])
    assert capfd.readouterr() == ("", "")


def test_without_tesseract_s_data_scans_wait_and_mail_is_read(monkeypatch, tmp_path):
    """An item that needs what is missing is not to blame; the others go on."""
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    out = BytesIO()
    page = Image.new("L", (600, 300), 255)
    page.paste(0, (100, 100, 300, 120))
    page.save(out, "TIFF")
    with real_pool() as pool:
        scan, mail = ReadJob(0, None, out.getvalue(), "image/tiff"), ReadJob(1, None, LETTER, "message/rfc822")
        found = results(pool, [scan, mail])
    assert isinstance(found[0], ToolMissing)
    assert "tesseract-ocr-eng" in found[0].advice
    assert isinstance(found[1], Reading)
