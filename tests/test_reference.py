"""References: the same for ever, hard to mistype, easy to type back."""

import itertools
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.reference import ALPHABET, check_character, make_reference, read_reference

PREFIX = "NCC"
NORFOLK = "norfolk-childrens-centres-2011"
SPELLINGS = {"0": "0Oo", "1": "1IiLl"} | {c: c + c.lower() for c in ALPHABET if c not in "01"}
"""Every way in which people type one character of a reference."""

keys = st.text(st.characters(), max_size=40)  # lone surrogates too: names of files need not be Unicode
references = st.builds(make_reference, st.just(PREFIX), keys, keys, keys, ordinal=st.integers(1, 10_000))
tens = st.text(ALPHABET, min_size=9, max_size=9).map(lambda nine: nine + check_character(nine))


def spelled(ten: str) -> str:
    return f"{PREFIX}-{ten[:5]}-{ten[5:]}"


@pytest.mark.parametrize(
    ("expected", "arguments", "options"),
    [
        ("NCC-9ZX9J-3HW85", ("NCC", "c", "survey", "1001"), {}),
        ("NCC-GGQ81-N7ZB6", ("NCC", NORFOLK, "email", "001-new-in-town.eml"), {"sha256": "ab" * 32}),
    ],
)
def test_no_release_renames_a_response(
    expected: str, arguments: tuple[str, str, str, str], options: dict[str, str]
) -> None:
    """A reference that was given out once is made of the same facts for ever."""
    assert make_reference(*arguments, **options) == expected  # type: ignore[arg-type]


@settings(deadline=None)
@given(keys, keys, keys, st.integers(1, 10_000))
def test_the_same_facts_give_the_same_reference(consultation: str, channel: str, key: str, ordinal: int) -> None:
    """A rerun after any kill finds the reference that the response had, and it has its one form."""
    made = make_reference(PREFIX, consultation, channel, key, ordinal=ordinal)
    assert made == make_reference(PREFIX, consultation, channel, key, ordinal=ordinal)
    assert re.fullmatch(rf"{PREFIX}-[{ALPHABET}]{{5}}-[{ALPHABET}]{{5}}", made)


def test_each_fact_makes_another_reference() -> None:
    """Consultation, channel, source key, bytes and ordinal each make it another one, and none runs into the next."""
    facts = [
        ("a", "b", "c", "", 1), ("x", "b", "c", "", 1), ("a", "x", "c", "", 1), ("a", "b", "x", "", 1),
        ("a", "b", "c", "ab", 1), ("a", "b", "c", "", 2), ("a", "b", "c", "1", 1), ("a", "b", "c", "1", 2),
        ("ab", "", "c", "", 1), ("", "ab", "c", "", 1), ("a", "bc", "", "", 1), ("a", "", "bc", "", 1),
        ("a", "b", "c1", "", 1), ("a", "b", "c", "11", 1), ("a", "b", "c", "", 11),
    ]  # fmt: skip
    made = {make_reference("T", c, ch, k, sha256=sha256, ordinal=n) for c, ch, k, sha256, n in facts}
    assert len(made) == len(facts)


def test_references_are_spread_evenly() -> None:
    """Neighbouring row ids get references that have nothing in common, and every character comes up everywhere."""
    made = [make_reference(PREFIX, "c", "survey", str(n)) for n in range(3_000)]
    assert len(set(made)) == len(made)
    for position in (4, 5, 6, 7, 8, 10, 11, 12, 13, 14):
        assert {reference[position] for reference in made} == set(ALPHABET)


def test_the_alphabet_has_no_doubtful_letter() -> None:
    """No reference has an I, an L, an O or a U in it."""
    assert len(ALPHABET) == len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


@settings(max_examples=40, deadline=None)
@given(tens)
def test_every_single_wrong_character_is_refused(ten: str) -> None:
    """Whichever one of the ten characters is mistyped as whichever other one, the reference is refused."""
    for position, wrong in itertools.product(range(10), ALPHABET):
        mistyped = ten[:position] + wrong + ten[position + 1 :]
        assert read_reference(spelled(mistyped), PREFIX) == (spelled(ten) if mistyped == ten else None)


@settings(max_examples=60, deadline=None)
@given(tens)
def test_every_swap_of_two_characters_is_refused(ten: str) -> None:
    """Whichever two of the ten characters change places, neighbours or not, the reference is refused."""
    for first, second in itertools.combinations(range(10), 2):
        swapped = list(ten)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        if "".join(swapped) != ten:
            assert read_reference(spelled("".join(swapped)), PREFIX) is None


@settings(deadline=None)
@given(references, st.randoms(use_true_random=False))
def test_a_reference_is_read_however_it_is_typed(reference: str, chance: random.Random) -> None:
    """Dashes left out or put elsewhere, any case, I and L for 1, O for 0, spaces around: it is the same reference."""
    ten = reference.removeprefix(f"{PREFIX}-").replace("-", "")
    typed = "".join(c + chance.choice(["", "", "-", " ", "–", "_"]) for c in (chance.choice(SPELLINGS[c]) for c in ten))
    prefix = "".join(chance.choice((c, c.lower())) for c in PREFIX)
    assert read_reference(f" {prefix}{chance.choice(['', '-', ' '])}{typed}\n", PREFIX) == reference


@settings(deadline=None)
@given(st.text(st.characters()) | st.from_regex(r"(?i)NCC-?[0-9A-Za-z]{4,6}-?[0-9A-Za-z]{4,6}", fullmatch=True))
def test_whatever_is_typed_is_a_reference_or_none(typed: str) -> None:
    """Nothing that is typed raises, and what is read is a reference in its one spelling."""
    found = read_reference(typed, PREFIX)
    if found is not None:
        assert re.fullmatch(rf"NCC-[{ALPHABET}]{{5}}-[{ALPHABET}]{{5}}", found)
        assert read_reference(found, PREFIX) == found


@pytest.mark.parametrize(
    "typed",
    ["", "NCC", "NCC-", "NCC-9ZX9J-3HW8", "NCC-9ZX9J-3HW855", "9ZX9J-3HW85", "NC-9ZX9J-3HW85", "XNCC-9ZX9J-3HW85",
     "NCCNCC-9ZX9J-3HW85", "NCC-9ZX9J-3HW8U", "NCC-9ZX9J-3HW8²", "NCC-٩ZX9J-3HW85", "ncc"],
)  # fmt: skip
def test_what_is_no_reference_of_ours_is_refused(typed: str) -> None:
    """Too short, too long, another prefix, a U or a foreign digit: none of it is taken for a reference."""
    assert read_reference(typed, PREFIX) is None


@pytest.mark.parametrize("prefix", ["LOIL0", "O", "A1", "Z999999999"])
def test_a_prefix_of_doubtful_letters_is_read_back(prefix: str) -> None:
    """A consultation whose prefix has I, L, O or digits in it reads its own references."""
    made = make_reference(prefix, "c", "email", "key")
    assert read_reference(made.replace("-", "").lower(), prefix) == made


def test_another_consultation_s_reference_is_not_ours() -> None:
    """A reference with another prefix is refused, though its check character fits."""
    assert read_reference(make_reference("XYZ", "c", "email", "key"), "NCC") is None
