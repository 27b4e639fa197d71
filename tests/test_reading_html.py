"""HTML into text: laid out where it is tame, its words in any case, and never an error."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.reading.htmltext import laid_out, words


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two", "One\nTwo"),
        ("a &amp; b &pound;5 &#8217;", "a & b £5 ’"),
        ("<ol><li>one<li>two</ol>", "1. one\n 2. two"),
        ("<head><title>No</title><style>p{}</style></head><body>Yes", "Yes"),
        ("<!-- no --><script>no()</script>Yes<noscript></noscript>", "Yes"),
        ("Yes<p style='display:none'>no</p>", "Yes"),
        ("", ""),
        ("just text", "just text"),
        ("</body></html>After the end", "After the end"),
        ('<?xml version="1.0" encoding="utf-16"?><html><body>café</body></html>', "café"),
    ],
)
def test_what_is_seen_is_kept_and_the_rest_is_not(source, text):
    assert laid_out(source).strip() == text


def test_what_no_parser_takes_shows_no_script_either():
    """HTML that is nested so deeply that the parser gives up has its words alone, in the end without its tags."""
    deep = "<div>" * 30_000
    hidden = "<script type=x>fetch('no')</SCRIPT ><style>p{no}</style><!-- no <p> no -->"
    assert words(f"{hidden}First {deep}THE WORDS{hidden} go on<script>and never end") == (
        "First\nTHE WORDS go on\nand never end"
    )
    started = time.perf_counter()
    words(deep + "<script>" * 300_000 + "<!--" * 300_000 + "</style>" * 100_000)
    assert time.perf_counter() - started < 2


def test_layout_tables_do_not_fill_the_text_with_spaces():
    wide = "<table><tr><td>" + "word " * 2_000 + "</td></tr>" + "<tr><td>x</td></tr>" * 50 + "</table>"
    assert len(laid_out(wide)) < 2 * len(wide)


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 5_000 + "THE WORDS" + "</div>" * 5_000,
        "<b>" * 5_000 + "THE WORDS",
        "<table><tr><td>" * 500 + "THE WORDS",
        "<p>x</p>" * 20_000 + "THE WORDS",
        "<table><tr><td>" + "w " * 100_000 + "<tr><td>a" * 2_500 + "THE WORDS",
        "<" * 30_000 + "p>THE WORDS",
        "&#1;<p>\x01</p>THE WORDS",
    ],
)
def test_no_shape_of_a_document_hides_its_words_or_takes_long(source):
    laid_out("<p>warm</p>")
    started = time.process_time()
    text = laid_out(source)
    assert time.process_time() - started < 1.5
    assert "THE WORDS" in text
    assert len(text) < 4 * len(source)


def test_the_words_alone_have_a_line_for_each_block():
    source = "<p>One <b>bold</b>\n word</p><table><tr><td>a</td><td>b</td></tr></table><style>no</style>tail"
    assert words(source).split("\n") == ["One bold", "word", "a", "b", "tail"]


fragments = st.sampled_from(
    ["<p>", "</p>", "<table>", "<tr>", "<td>", "</td>", "</table>", "<ul>", "<ol>", "<li>", "<a href='", "'>", "<!--",
     "-->", "<script>", "</script>", "&#0;", "&#xd800;", "&amp;", "\x00", "\ud800", "\x1f", "word ", "<pre>", "<h1>",
     "<td colspan=99999>", "<br>", "<img alt='x'>", "]]>", "<![CDATA[", "<svg>", "<math>", "<template>", "<o:p>"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(fragments | st.text(max_size=10), max_size=40).map("".join))
def test_no_html_makes_either_of_them_raise_and_both_give_clean_text(source):
    for text in (laid_out(source), words(source)):
        assert "\x00" not in text
        text.encode()
