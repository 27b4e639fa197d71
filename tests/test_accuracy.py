"""What judges the reader must itself be right: the measure, and pages that are what their truth says."""

import io
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.accuracy.letters import letter
from benchmarks.accuracy.measure import Errors, errors, together
from benchmarks.accuracy.read import ReadPage
from benchmarks.accuracy.report import Verdict, verdicts
from benchmarks.accuracy.sets import SETS, Group, TruePage, page

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("truth", "reading", "cer", "recall"),
    [
        ("Dear Sir,", "Dear Sir,", 0, 1.0),
        ("Dear Sir,", " Dear\n\n Sir,\n", 0, 1.0),
        ("Dear Sir,", "Dear Sin,", 1 / 9, 0.5),
        ("Dear Sir,", "DearSir,", 1 / 9, 0.0),
        ("one two", "two one", 6 / 7, 1.0),
        ("one one", "one", 4 / 7, 0.5),
        ("Dear", "", 1.0, 0.0),
        ("Zoe\u0308", "Zo\u00eb", 0, 1.0),
        ("", "", 0, 1.0),
        ("", "smudge", 1.0, 1.0),
        ("ab", "abcdef", 2.0, 0.0),
    ],
)
def test_error_rates_are_those_of_the_definition(truth: str, reading: str, cer: float, recall: float) -> None:
    """Characters to insert, delete or replace, by the characters of the truth; white space counts as one space."""
    found = errors(truth, reading)
    assert found.cer == pytest.approx(cer)
    assert found.recall == pytest.approx(recall)


def test_quotes_and_dashes_are_errors_and_forgiven_only_beside() -> None:
    """The figure that limits go by forgives nothing."""
    found = errors("It’s “over” – now", 'It\'s "over" - now')
    assert found.wrong == 4
    assert found.wrong_forgiving == 0
    assert found.recall == 1.0


@given(_TEXT, _TEXT)
def test_error_rate_is_a_distance(one: str, other: str) -> None:
    """Nothing is wrong with what is the same, and swapping the sides changes no count."""
    assert errors(one, one).wrong == 0
    assert errors(one, other).wrong == errors(other, one).wrong


def test_pages_add_up_by_their_characters() -> None:
    """A lost page weighs what it held."""
    whole = together([errors("a" * 90, "a" * 90), errors("b" * 10, "")])
    assert whole.cer == pytest.approx(0.1)
    assert together([]) == Errors()


@pytest.mark.parametrize("name", ["coarse", "stamped", "fax-fine"])
def test_a_page_is_the_same_page_each_time(name: str) -> None:
    """Set and number make the picture, to the byte, and its truth; another number makes another."""
    kind = next(each for each in SETS if each.name == name)
    first = page(kind, 1)
    assert first == page(kind, 1)
    assert first.truth != page(kind, 2).truth
    with Image.open(io.BytesIO(first.data)) as image:
        assert image.size[0] > 800


def test_every_letter_fills_its_slots_and_they_differ() -> None:
    """No name of a slot is left standing, and at least a dozen letters are not alike."""
    texts = {" ".join(block.text for block in letter(number, random.Random(number))) for number in range(0, 28, 2)}
    assert len({text[-300:-100] for text in texts}) >= 12
    assert not any("{" in text for text in texts)


def test_ink_stands_where_the_truth_says_words_are() -> None:
    """The truth has as many lines as there are rows of ink on a clean page."""
    kind = next(each for each in SETS if each.name == "clean-200")
    made = page(kind, 0)
    with Image.open(io.BytesIO(made.data)) as image:
        ink = image.convert("L").point(lambda value: 255 * (value < 128))
        profile = [ink.crop((0, y, ink.width, y + 1)).getbbox() is not None for y in range(ink.height)]
    rows = sum(1 for above, below in zip([0, *profile], profile, strict=False) if below and not above)
    assert len(made.truth.splitlines()) * 0.9 <= rows <= len(made.truth.splitlines()) * 1.1


def _read(group: Group, wrong: int, flagged: bool = False) -> ReadPage:
    made = TruePage("x", group, group, b"", "image/png", "")
    return ReadPage(made, "", Errors(1000, wrong, wrong, 1, 1), flagged, 1.0, "tesseract")


def test_limits_hold_to_their_last_character() -> None:
    """At the limit it holds, a character above it does not; what was not measured neither holds nor fails."""

    def of(pages: list[ReadPage]) -> dict[str, bool | None]:
        return {verdict.what.split(":")[0]: verdict.holds for verdict in verdicts(pages)}

    clean, bad = "clean print at 200 and 300 dpi", "bad print"
    assert of([_read("clean", 5), _read("bad", 20)])[clean] is True
    assert of([_read("clean", 6), _read("bad", 20)])[clean] is False
    assert of([_read("clean", 5), _read("bad", 21)])[bad] is False
    assert of([_read("clean", 5)])[bad] is None


@pytest.mark.parametrize(("flagged", "holds"), [(19, True), (18, False)])
def test_of_what_is_read_wrong_nineteen_in_twenty_must_be_flagged(flagged: int, holds: bool) -> None:
    """Pages with more than 5 % wrong count, whatever set they are of; what is between counts for neither share."""
    pages = [_read("reported", 51, flagged=number < flagged) for number in range(20)]
    pages += [_read("bad", 50), _read("bad", 11, flagged=True)]
    wrong, good = verdicts(pages)[-2:]
    assert (wrong.holds, wrong.count) == (holds, 20)
    assert (good.value, good.count) == (None, 0)


def test_a_share_at_least_and_a_share_at_most() -> None:
    """Each limit has its direction."""
    most = Verdict("x", 0.05, 0.05, 1)
    assert most.holds
    assert replace(most, at_least=True).holds
    assert not replace(most, value=0.06).holds
    assert replace(most, value=0.06, at_least=True).holds
    assert replace(most, limit=None).holds is None
