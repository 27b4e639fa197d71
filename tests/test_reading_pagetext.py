"""The text of a page: whatever its words are and wherever they stand, each knows where it starts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.reading.pagetext import Box, arrange, compose

edges = st.floats(0, 800, allow_nan=False)
boxes = st.builds(
    lambda text, x, y, width, height, sure: Box(text, x, y, x + width, y + height, sure),
    st.text(max_size=8),
    edges,
    edges,
    st.floats(0, 100),
    st.floats(0, 30),
    st.floats(0, 1),
)


@given(st.lists(boxes, max_size=30))
def test_every_word_stands_in_the_text_where_it_says(words):
    page = compose(arrange(words))
    assert "\x00" not in page.text
    page.text.encode()
    for word in page.words:
        assert page.text[word.start : word.start + len(word.text)] == word.text
        assert word.text
    assert "".join(page.text.split()) == "".join("".join(word.text.split()) for word in page.words)
    # A hyphen that only divides a word is gone, and nothing else.
    whole = [word for box in words for word in box.text.split()]
    assert len(whole) == len(page.words)
    gone = sum(map(len, whole)) - sum(len(word.text) for word in page.words)
    assert 0 <= gone <= sum(text.endswith(("-", "\u2010", "\u00ad")) for text in whole)
    assert 0 <= page.confidence <= 1


def at(text: str, x: float, y: float) -> Box:
    return Box(text, x, y, x + 6 * len(text), y + 10)


def test_words_are_read_line_by_line_and_left_to_right():
    words = [at("world", 60, 100.4), at("line", 60, 114), at("hello", 10, 100), at("next", 10, 114.3)]
    assert compose(arrange(words)).text == "hello world\nnext line"


def test_a_larger_step_between_lines_begins_a_paragraph():
    words = [at(text, 10, y) for text, y in [("a", 100), ("b", 114), ("c", 140), ("d", 154), ("e", 168)]]
    assert compose(arrange(words)).text == "a\nb\n\nc\nd\ne"


def test_a_page_without_words_is_empty_text():
    assert compose(arrange([])) == ("", [], 0)


def column(lines: list[str], x: float, top: float, step: float = 14) -> list[Box]:
    """Lines of words one under the other, in type of 10 points."""
    boxes = []
    for number, line in enumerate(lines):
        left = x
        for word in line.split(" "):
            boxes.append(Box(word, left, top + number * step, left + 5 * len(word), top + number * step + 10))
            left += 5 * len(word) + 4
    return boxes


def read(*boxes: Box) -> str:
    return compose(arrange(boxes)).text


LEFT = [
    "The centre at Watton is the", "only one that a bus goes to,", "and my two boys have been",
    "going there for a year now.", "They like the sand and the", "water best of all of it.",
]  # fmt: skip
RIGHT = [
    "We ask the council to think", "again about the managers and", "to say who will answer when",
    "the heating fails, as it does", "in every winter that we have", "lived in this old village.",
]  # fmt: skip
THIRD = [
    "Nobody has told us what will", "become of the toys that were", "bought with the money which",
    "the parents have collected.", "There is a climbing frame and", "a kitchen made of real wood.",
]  # fmt: skip


@pytest.mark.parametrize("shift", [0, 5])
def test_columns_are_read_one_after_the_other(shift):
    """Two or three, with lines at one height or not; a heading above goes across, and so does what stands below."""
    head = column(["Our answer to the consultation of the county about its centres for children and families"], 60, 40)
    foot = column(["This was agreed by all the members at the meeting of the committee on the third of March"], 60, 300)
    two = read(*head, *column(LEFT, 60, 80), *column(RIGHT, 320, 80 + shift), *foot)
    assert " ".join(two.split()) == " ".join([words(head), *LEFT, *RIGHT, words(foot)])
    three = read(*column(LEFT, 40, 80), *column(RIGHT, 220, 80 + shift), *column(THIRD, 400, 80))
    assert " ".join(three.split()) == " ".join([*LEFT, *RIGHT, *THIRD])


def words(boxes: list[Box]) -> str:
    return " ".join(box.text for box in boxes)


def test_addresses_side_by_side_are_read_one_after_the_other():
    left = ["The Director", "County Hall", "Norwich NR1 2DL"]
    right = ["3 Sluice Terrace", "Downham Market", "PE38 7ZZ"]
    body = column(["Dear Sir, I am writing to you about the plan for the centres, which nobody wants here."], 60, 200)
    text = read(*column(left, 60, 80), *column(right, 340, 80), *body)
    assert text.split("\n\n") == ["\n".join(left), "\n".join(right), words(body)]


def test_the_rows_of_a_table_are_read_across():
    rows = [
        ("Watton", "Monday", "Nine"),
        ("Dereham", "Tuesday", "Ten"),
        ("Swaffham", "Friday", "Two"),
        ("Diss", "Monday", "One"),
    ]
    boxes = [
        box
        for n, row in enumerate(rows)
        for m, cell in enumerate(row)
        for box in column([cell], 60 + 150 * m, 80 + 14 * n)
    ]
    assert read(*boxes) == "\n".join(" ".join(row) for row in rows)


def test_a_table_of_sentences_is_read_row_by_row():
    """Cells that go on over several lines, all rows beginning at one height: none is torn from its neighbour's row."""
    boxes = []
    for row in range(3):
        boxes += column(
            [f"Question {row} asks what should", "become of the centre in the", "town that is nearest."],
            60,
            80 + 60 * row,
        )
        boxes += column([f"Answer {row} says that it must", "stay, as it is what we have"], 330, 80 + 60 * row)
    text = " ".join(read(*boxes).split())
    assert text.index("Answer 0") < text.index("Question 1") < text.index("Answer 1") < text.index("Question 2")


def test_numbers_and_bullets_stay_with_their_items():
    items = [
        "Keep the Monday group and",
        "Tell the staff before all the",
        "Mend the path to the bus and",
        "Ask the parents what they",
    ]
    more = ["keep its worker as well.", "others, in good time.", "put a light beside it.", "want before you decide."]
    boxes = []
    for n, (first, second) in enumerate(zip(items, more, strict=True)):
        boxes += [*column([f"{n + 1}."], 60, 80 + 28 * n), *column([first, second], 85, 80 + 28 * n)]
    assert read(*boxes).split("\n") == [
        line
        for n, (first, second) in enumerate(zip(items, more, strict=True))
        for line in (f"{n + 1}. {first}", second)
    ]


@pytest.mark.parametrize("slope", [-0.03, -0.01, 0.01, 0.03])
def test_a_page_that_is_askew_is_read_line_by_line(slope):
    """One to two degrees: the end of a line stands lower than the beginning of the next."""
    lines = [
        f"{n} is the number of this line of the letter which goes on to the right edge of the sheet {n}"
        for n in range(20)
    ]
    boxes = [b._replace(top=b.top + slope * b.x0, bottom=b.bottom + slope * b.x0) for b in column(lines, 60, 80)]
    assert read(*boxes) == "\n".join(lines)


def test_an_indented_line_begins_a_paragraph():
    lines = [*LEFT[:4], *RIGHT[:4]]
    boxes = [b._replace(x0=b.x0 + 20, x1=b.x1 + 20) if 135 < b.top < 137 else b for b in column(lines, 60, 80)]
    assert read(*boxes) == "\n".join(LEFT[:4]) + "\n\n" + "\n".join(RIGHT[:4])


def test_a_box_of_several_words_is_taken_apart():
    """An engine that gives lines, not words: each word gets its share of the box."""
    page = compose(arrange([Box("Dear Sir or", 10, 100, 120, 110), Box("Madam", 130, 100, 180, 110)]))
    assert page.text == "Dear Sir or Madam"
    assert [(w.text, w.x0, w.x1) for w in page.words][:2] == [("Dear", 10, 50), ("Sir", 60, 90)]


@pytest.mark.parametrize(
    ("end", "start", "whole"),
    [
        ("consul-", "tation", "consultation"), ("manag-", "ers,", "managers,"), ("well-", "being", "well-being"),
        ("drop-", "in", "drop-in"), ("part-", "time", "part-time"), ("co-", "operate", "co-operate"),
        ("forty-", "two", "forty-two"), ("mother-in-", "law", "mother-in-law"), ("under-", "fives", "under-fives"),
        ("with-", "in", "within"), ("four-", "teen", "fourteen"), ("hop-", "ping", "hopping"),
        ("child\u00ad", "ren", "children"),
        ("part-", "ner", "partner"), ("self-", "esteem", "self-esteem"), ("under-", "stand", "understand"),
    ],
)  # fmt: skip
def test_a_divided_word_is_whole_and_keeps_a_hyphen_of_its_own(end, start, whole):
    """Both its pieces are words with boxes; the new line stands behind it."""
    page = compose(arrange([*column([f"all of the {end}", f"{start} is here"], 60, 80)]))
    assert page.text == f"all of the {whole}\nis here"
    assert [page.text[w.start : w.start + len(w.text)] for w in page.words] == [w.text for w in page.words]
    assert [w.top for w in page.words] == [80, 80, 80, 80, 94, 94, 94]


def test_two_words_with_a_dash_stay_two():
    for end, start in [("-", "and"), ("2008-", "2009"), ("Wroxham-", "Hoveton"), ("yes-", "No")]:
        assert compose(arrange(column([f"all {end}", f"{start} too"], 60, 80))).text == f"all {end}\n{start} too"


def test_how_a_page_writes_a_word_elsewhere_decides_its_hyphen():
    lines = ["the fund-raising of the fund-", "raising committee, the grand-", "daughter and my granddaughter"]
    assert compose(arrange(column(lines, 60, 80))).text == (
        "the fund-raising of the fund-raising\ncommittee, the granddaughter\nand my granddaughter"
    )
