"""The text of a page: whatever its words are and wherever they stand, each knows where it starts."""

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
