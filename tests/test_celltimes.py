"""Times in cells: as they are written, and as the numbers that spreadsheets keep them as."""

from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.celltimes import read_cells
from intake.fields import When, read_time

READ = partial(read_time, zone=ZoneInfo("Europe/London"))


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["01/03/2011", "10:22"], When(at(2011, 3, 1, 10, 22))),
        (["2011-03-01", "10:22:00"], When(at(2011, 3, 1, 10, 22))),
        (["2011-03-01 10:22:00", "10:22:00"], When(at(2011, 3, 1, 10, 22))),
        (["2011-03-01", "2011-03-01 10:22:00"], When(at(2011, 3, 1, 10, 22))),
        (["40603"], When(at(2011, 3, 1, 12), day_only=True, unsure=True)),
        (["40603.4319444444"], When(at(2011, 3, 1, 10, 22), unsure=True)),
        (["40603,5"], When(at(2011, 3, 1, 12), unsure=True)),
        (["40603", "0.431944444444444"], When(at(2011, 3, 1, 10, 22), unsure=True)),
        (["40603", "10:22"], When(at(2011, 3, 1, 10, 22), unsure=True)),
        (["2011-03-01", "0.5"], When(at(2011, 3, 1, 12), unsure=True)),
        (["01/03/2011", "0.75"], When(at(2011, 3, 1, 18), unsure=True)),
        (["40634.5"], When(at(2011, 4, 1, 11), unsure=True)),
        (["32873"], None), (["73051"], None), (["1299"], None), (["447700"], None), (["31/02/2011"], None), ([], None),
        (["2011-03-01", "soon"], None), (["10:22:00"], None), (["0.5"], None),
    ],
)  # fmt: skip
def test_cells_say_a_time_together(cells, wanted):
    """Days since 30 December 1899 are read as such, for years that somebody can mean; a person looks at each."""
    assert read_cells(cells, READ) == wanted


@given(st.lists(st.text(max_size=12) | st.from_regex(r"[0-9]{5}[.,][0-9]{1,16}"), max_size=3))
def test_no_cell_makes_it_raise(cells):
    read_cells(cells, READ)
