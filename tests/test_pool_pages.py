"""Files of several pages in the pool: a job a page over all processes, and as many pages out as the file has."""

import os
import sys
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.reading import dispatch
from intake.reading.parts import Reading, ToolMissing, Unreadable
from intake.reading.sandbox import Limits, ReaderPool, ReadJob
from tests.test_pool import ODD, PATIENT, QUICK, odd_pool, reason, results
from tests.test_reading_pdf import made, scanned, typed


def documents(*fates: str) -> list[ReadJob]:
    return [ReadJob(key, None, f"document {fate}".encode(), "application/pdf") for key, fate in enumerate(fates)]


def said(result: object) -> list[str | None]:
    """What each page says: its text, or its problem."""
    assert isinstance(result, Reading)
    assert [part.page for part in result.parts] == [*range(1, len(result.parts) + 1)]
    assert [part.number for part in result.parts] == [*range(len(result.parts))]
    return [part.problem or part.text for part in result.parts]


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_pages_come_out_in_their_order_whatever_the_number_of_processes(processes):
    with odd_pool(processes) as pool:
        found = results(pool, documents("." * 30, ".", "." * 7))
    assert {key: said(result) for key, result in found.items()} == {
        key: [f".{n}" for n in range(count)] for key, count in enumerate((30, 1, 7))
    }


def test_the_pages_of_one_file_are_read_by_all_processes():
    with odd_pool(3) as pool:
        started = time.monotonic()
        results(pool, documents("s" * 60))
        taken = time.monotonic() - started
        readers = [child for child in psutil.Process().children() if child.name().startswith("python")]
        assert len(readers) >= 3
    assert taken < 60 * 0.02 + 2


def test_files_are_read_at_the_same_time_and_a_short_one_does_not_wait_for_a_long_one():
    with odd_pool(2) as pool:
        order = [job.key for job, _ in pool.read(documents("s" * 100, ".", "."))]
    assert sorted(order) == [0, 1, 2]
    assert order[0] != 0


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(st.text("...cun", min_size=1, max_size=6), min_size=1, max_size=3),
    processes=st.integers(1, 3),
)
def test_as_many_pages_come_out_as_go_in(files, processes):
    """Whatever a page does to its process, and whichever it is: the others are read, and it keeps its place."""
    with ReaderPool(processes, PATIENT, time.monotonic, ODD) as pool:
        found = results(pool, documents(*files))
    for key, file in enumerate(files):
        if all(fate != "." for fate in file):
            assert reason(found[key])
            continue
        pages = said(found[key])
        assert len(pages) == len(file)
        for number, fate in enumerate(file):
            assert (pages[number] == f".{number}") is (fate == ".")
        assert (found[key].needs == ["rescan"]) is any(fate != "." for fate in file)


def test_a_page_that_ends_its_process_costs_that_page_alone_and_says_why():
    with odd_pool(2) as pool:
        found = results(pool, documents(".c..", "c..", "..n"))
    assert said(found[0])[1] == "The reader crashed on this page (signal 6)."
    assert said(found[1])[0] == "The reader crashed on this page (signal 6)."
    assert said(found[2])[2] == "The reader's answer made no sense or was too long."
    assert all(found[key].parts[n].method == "ocr" for key, n in ((0, 1), (1, 0), (2, 2)))


def test_a_page_that_takes_too_long_costs_that_page_alone():
    with odd_pool(2, QUICK) as pool:
        found = results(pool, documents("..h."))
    assert said(found[0]) == [".0", ".1", "Reading this page takes longer than the 1 seconds that are allowed.", ".3"]


def test_a_page_that_only_a_worn_process_can_not_read_is_tried_by_a_fresh_one():
    """The same file gives the same result, whatever its process has read before."""
    with odd_pool(1) as pool:
        assert said(results(pool, documents("..C."))[0])[2] == "C2"


def test_a_file_that_can_not_be_read_says_why_once():
    with odd_pool(2) as pool:
        found = results(pool, documents("u", "cc", "tt", ".t."))
    assert reason(found[0]) == "Reason."
    assert reason(found[1]) == "No page of this file could be read. The reader crashed on this page (signal 6)."
    assert isinstance(found[2], ToolMissing)
    assert isinstance(found[3], ToolMissing)


@pytest.mark.parametrize("fate", ["m.", "z."])
def test_a_number_of_pages_that_can_not_be_true_is_not_believed(fate):
    with odd_pool(1) as pool:
        assert "m0" not in str(results(pool, documents(fate))[0])


def test_a_file_that_says_too_much_on_all_its_pages_is_refused():
    with odd_pool(2, Limits(step_seconds=60, document_mb=4)) as pool:
        found = results(pool, documents("b" * 20, "bbb"))
    assert "more than the 4 MB" in reason(found[0])
    assert isinstance(found[1], Reading)


def test_the_pages_that_are_left_when_a_file_s_time_is_up_are_said_not_to_be_read():
    with odd_pool(1, Limits(step_seconds=60, item_seconds=0.3, page_seconds=0.001)) as pool:
        pages = said(results(pool, documents("s" * 200))[0])
    assert len(pages) == 200
    assert pages[0] == "s0"
    assert pages[-1] == "This page was not read: the whole file takes longer than the 0.5 seconds that it may."


def test_if_no_process_starts_a_file_of_pages_stays_untried():
    with ReaderPool(2, QUICK, time.monotonic, (sys.executable, "-c", "raise SystemExit(1)")) as pool:
        found = results(pool, documents("...", "..."))
    assert all(isinstance(result, ToolMissing) for result in found.values())
    assert len(found) == 2


def test_no_descriptor_is_left_open():
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with odd_pool(2) as pool:
        results(pool, documents("....", "c", ".c", "t.", "u"))
        reading = pool.read(documents("s" * 50))
        reading.close()
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


# ---- real files


def test_a_real_file_gives_the_same_reading_from_one_process_as_from_three_and_in_one_piece(tmp_path: Path):
    """Typed and scanned pages, a form and a comment: what is read does not depend on who read which page."""

    def draw(canvas):
        typed(canvas)
        scanned(canvas)
        for name, value in (("comments", "Keep it open"), ("comments", "Keep it open"), ("more", "Thank you")):
            canvas.drawString(72, 700, "Your comments:")
            canvas.acroForm.textfield(name=name, value=value, x=72, y=650, width=300, height=30)
            canvas.showPage()

    path = tmp_path / "letter.pdf"
    path.write_bytes(made(draw))
    read = []
    for processes in (1, 3):
        with ReaderPool(processes, PATIENT, time.monotonic) as pool:
            [(_, result)] = pool.read([ReadJob(0, path, None, "application/pdf")])
            read.append(result)
            [(_, attached)] = pool.read([ReadJob(0, None, path.read_bytes(), "application/pdf")])
            assert attached == result
    assert read[0] == read[1] == dispatch.read(path.read_bytes(), "application/pdf", {})
    form = read[0].parts[-1]
    assert [form.text[field.start : field.end] for field in form.fields] == ["Keep it open", "Thank you"]
    assert [part.content for part in read[0].parts] == [True, True, False, True, False, True]


def test_some_pages_of_a_file_are_numbered_as_in_the_whole_of_it():
    data = made(lambda canvas: [typed(canvas) for _ in range(4)])
    with ReaderPool(1, PATIENT, time.monotonic) as pool:
        [(_, some)] = pool.read([ReadJob(0, None, data, "application/pdf", {"pages": [2, 3]})])
    assert isinstance(some, Reading)
    assert [(part.number, part.page) for part in some.parts] == [(2, 3)]
    assert some.facts["pages"] == "4"


def test_a_file_is_read_by_what_it_is_and_not_by_its_name():
    data = made(lambda canvas: [scanned(canvas), scanned(canvas)])
    with ReaderPool(1, PATIENT, time.monotonic) as pool:
        [(_, called_tiff)] = pool.read([ReadJob(0, None, data, "image/tiff")])
    assert isinstance(called_tiff, Reading)
    assert [part.media_type for part in called_tiff.parts] == ["application/pdf"] * 2
    assert not isinstance(called_tiff, Unreadable)
