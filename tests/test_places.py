"""Places named in a text: whole words, however they are spelled, the longest name first, never one in an address."""

import random
import string
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.errors import ConfigurationError
from intake.places import Gazetteer, Named
from tests.support.consultation import SAMPLES

PLACES = Gazetteer(
    {
        "Holt": ("H",),
        "St Clement's": ("S",),
        "King's Park": ("K",),
        "Café Nord": ("F",),
        "City and Eaton": ("C",),
        "Eaton": ("E",),
        "Eaton Socon": ("ES",),
        "Dereham": ("D1", "D2"),
        "Dereham Toftwood": ("D2",),
        "Wells-next-the-Sea": ("W",),
        "N.E. Centre (old)": ("N",),
        "Y": ("Y",),
    }
)
CODE = {"Holt": "H", "St Clement's": "S", "King's Park": "K", "City and Eaton": "C", "Eaton Socon": "ES", "Eaton": "E",
        "Wells-next-the-Sea": "W", "Dereham Toftwood": "D2"}  # fmt: skip


def codes(found: Iterable[Named]) -> list[tuple[str, ...]]:
    return [named.codes for named in found]


def seconds(work: Callable[[], object]) -> float:
    """How long this process's processor works on it."""
    start = time.process_time()
    work()
    return time.process_time() - start


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("holt", "H"), ("HOLT.", "H"), ("“Holt”", "H"), ("Holt's centre", "H"), ("the Holt-based group", "H"),
        ("(Holt)", "H"),
        ("St Clement's", "S"), ("St Clement’s", "S"), ("ST CLEMENTS", "S"), ("st clements'", "S"),
        ("St\nClement's", "S"),
        ("St \t\r\n Clements", "S"), ("St\u00a0Clement's", "S"), ("Kings Park", "K"), ("KING’S PARK", "K"),
        ("CAFÉ NORD", "F"), ("wells-next-the-sea", "W"), ("the N.E. Centre (old) hall", "N"), ("option Y", "Y"),
    ],
)  # fmt: skip
def test_a_name_is_found_however_it_is_spelled(text: str, expected: str) -> None:
    """Any case, apostrophes straight, typographic or left out, line breaks inside: it is found where it stands."""
    (found,) = PLACES.find(text)
    assert found.codes == (expected,)
    assert text[found.start : found.end].strip() == text[found.start : found.end]


@pytest.mark.parametrize(
    "text",
    ["Upholt", "Holts", "Holt2", "2Holt", "Holt_", "Holtz", "éHolt", "Eatonford", "StClement's", "St C lement's",
     "Clement's", "NxE. Centre (old)",
     "Cafe Nord", "Wells", "Kings Parks", "yes", "", "\n\n", "K'ing's Park"],
)  # fmt: skip
def test_part_of_a_word_is_no_place(text: str) -> None:
    """A name inside a longer word, or only half of a name, names no place; signs in a name are no patterns."""
    assert codes(PLACES.find(text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("City and Eaton", [("C",)]), ("City and eaton socon", [("C",)]), ("Eaton Socon", [("ES",)]),
        ("Eaton, Socon", [("E",)]),
        ("Dereham Toftwood", [("D2",)]), ("Dereham", [("D1", "D2")]), ("Dereham, Toftwood", [("D1", "D2")]),
        ("Eaton Eaton Eaton Socon", [("E",), ("E",), ("ES",)]), ("Holt/Eaton", [("H",), ("E",)]),
    ],
)  # fmt: skip
def test_the_longest_name_counts(text: str, expected: list[tuple[str, ...]]) -> None:
    """Where one name stands inside another the longer one is meant, and only that; an ambiguous name has all codes."""
    assert codes(PLACES.find(text)) == expected


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(CODE)), st.sampled_from(["lower", "upper", "swapcase", "strip"]))),
    st.sampled_from(["'", "’", ""]),
    st.sampled_from([" ", "\n", "  ", "\u00a0"]),
)
def test_every_place_of_a_text_is_found_in_its_order(named: list[tuple[str, str]], apostrophe: str, gap: str) -> None:
    """However many places a text names, in whatever spelling, exactly those are found, in order, where they stand."""
    spelled = [getattr(name, case)().replace("'", apostrophe).replace(" ", gap) for name, case in named]
    text = "We go to " + ", then to ".join(spelled) + "."
    found = list(PLACES.find(text))
    assert [text[n.start : n.end] for n in found] == spelled
    assert codes(found) == [(CODE[name],) for name, _ in named]


@settings(deadline=None)
@given(st.text(st.sampled_from("HoltEanSscK'’ \n.-éıſß") | st.characters()))
def test_any_text_can_be_searched(text: str) -> None:
    """In any text the places found follow each other without overlap, and the characters are words of their own."""
    end = 0
    for named in PLACES.find(text):
        assert end <= named.start < named.end <= len(text)
        end = named.end


def test_no_places_find_nothing() -> None:
    """A consultation without places finds none, in no text."""
    assert codes(Gazetteer.read(None).find("Holt")) == []
    assert codes(Gazetteer({}).find_meant("Holt\nNR25 6AA")) == []


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 High Street\nHolt\nNorfolk\nNR25 6AA", []), ("12 Eaton Road, Holt, NR25 6AA", []), ("Holt NR25 6AA", []),
        ("Mr A Other\n1 High Street\nHolt\nNR25 6AA\n\nKeep Eaton open.", [("E",)]),
        ("Please keep Eaton open.\n\nA Other\n1 High Street\nHolt\nNR25 6AA", [("E",)]),
        ("We use the centre in Holt.", [("H",)]), ("Holt", [("H",)]), ("We live in NR25 6AA and use Holt.", [("H",)]),
        ("We have used the centre at Eaton for many years now, Holt NR25 6AA", [("E",), ("H",)]),
        ("Keep Holt open!\nNR25 6AA", [("H",)]), ("Keep Holt open.\nA Other\nNR25 6AA", [("H",)]),
        ("Holt\n\nNR25 6AA", [("H",)]), ("NR25 6AA\nHolt", [("H",)]),
    ],
)  # fmt: skip
def test_a_place_in_an_address_is_not_meant(text: str, expected: list[tuple[str, ...]]) -> None:
    """A town above or before a postcode, in short lines, is where somebody lives; in a sentence it is meant."""
    assert codes(PLACES.find_meant(text)) == expected


# --- reading the list -------------------------------------------------------------------------------------------------


def read(folder: Path, content: bytes | str) -> Gazetteer:
    path = folder / "places.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Gazetteer.read(path)


@pytest.mark.parametrize(
    "content",
    [
        "code,name,aliases,district\nA,Holt,,North\nB,Eaton,East Eaton; Eaton Park ;,\n",
        "\ufeffcode,name,aliases,district\r\nA,Holt,,North\r\n\r\nB,Eaton,East Eaton;Eaton Park,\r\n",
        'name,code,district,aliases,note\nHolt,A,,,"a, note"\nEaton,B,,"East Eaton;Eaton Park",\n',
    ],
)
def test_a_list_of_places_is_read(tmp_path: Path, content: str) -> None:
    """With or without a byte order mark, empty lines, other columns and another order: names and aliases are found."""
    places = read(tmp_path, content)
    assert codes(places.find("Holt, Eaton, east eaton, Eaton Park")) == [("A",), ("B",), ("B",), ("B",)]
    assert places.codes == {"A", "B"}


def test_one_name_of_two_places_is_ambiguous(tmp_path: Path) -> None:
    """A name or alias that stands in two lines, in whatever spelling, has both codes; in one line twice it has one."""
    text = "code,name,aliases,district\nA,King's Park,The Park;the park,\nB,Kings Park,THE PARK,\nC,Holt,Holt,\n"
    places = read(tmp_path, text)
    assert codes(places.find("kings park; the Park; holt")) == [("A", "B"), ("A", "B"), ("C",)]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n", b"code,name\n", b"code,name\nA,Holt\n", b"name,aliases\nHolt,\n",
        b"code,name,aliases,district\nA,Holt\n", b"code,name,aliases\nA\n",
        b"code;name;aliases\nA;Holt;\n", "code,name,aliases,district\nA,Café,,\n".encode("cp1252"),
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"code,name,aliases,district\n,Holt,,\n", b"code,name,aliases,district\nA;B,Holt,,\n",
    ],
)  # fmt: skip
def test_a_list_that_is_not_one_is_refused(tmp_path: Path, content: bytes) -> None:
    """A missing column or cell, another delimiter or encoding, a code that no list could hold: named, not half read."""
    with pytest.raises(ConfigurationError, match=r"^consultation\.places: "):
        read(tmp_path, content)


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_list_that_can_not_be_opened_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file or a folder in its place is an error of the configuration."""
    with pytest.raises(ConfigurationError, match=r"^consultation\.places: "):
        Gazetteer.read(tmp_path / name)


def test_every_name_of_the_sample_is_found() -> None:
    """Each of the 54 centres is found by its own name, alone or with others."""
    places = Gazetteer.read(SAMPLES / "centres.csv")
    lines = [line.split(",") for line in (SAMPLES / "centres.csv").read_text().splitlines()[1:]]
    assert len(lines) == len(places.codes) == 54
    for code, name, *_ in lines:
        found = list(places.find(f"The centre at {name.upper()} is ours."))
        assert [code in named.codes for named in found] == [True], name


# --- many -------------------------------------------------------------------------------------------------------------


def test_five_thousand_places_are_found_in_bounded_time() -> None:
    """With 5,000 places of one or two words an answer takes no time to speak of, and a long one not much more."""
    chance = random.Random(1)
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(5, 9))) for _ in range(7_500)]
    names = {words[n]: (f"C{n}",) for n in range(0, 7_500, 3)}
    names |= {f"{words[n]} {words[n + 1]}": (f"C{n}",) for n in range(1, 7_500, 3)}
    places = Gazetteer(names)
    assert seconds(lambda: codes(places.find("Holt"))) < 2
    answer = "I think that the centre should stay open because it helps families like ours. " * 20
    named = f"{answer} {next(iter(names))} {answer}"
    assert seconds(lambda: codes(places.find(answer))) < 0.5
    assert codes(places.find(named)) == [("C0",)]
    assert seconds(lambda: codes(places.find(answer * 40))) < 5


@pytest.mark.parametrize(
    "text",
    ["Holt NR25 6AA " * 20_000, "Holt\nNR25 6AA\n" * 20_000, "Holt\n" * 60_000, "NR25 6AA " * 30_000, "St " * 100_000,
     "St" + " " * 300_000, "Eaton " * 50_000, "\n" * 300_000, "City and " * 30_000],
    ids=lambda text: text[:10],
)  # fmt: skip
def test_a_text_made_to_be_slow_is_searched_in_bounded_time(text: str) -> None:
    """A third of a megabyte of places, postcodes or nothing takes no longer than it should."""
    assert seconds(lambda: codes(PLACES.find_meant(text))) < 2
