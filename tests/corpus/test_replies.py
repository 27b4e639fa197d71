"""Replies that nobody here wrote, by what is known of them."""

import json
import time
from pathlib import Path
from typing import Any

from intake.reading import mime
from intake.reading.parts import Reading, unmarked
from tests.support.replies import lost, words


def expected(corpus: Path) -> dict[str, dict[str, Any]]:
    """What is known of each reply, by its file."""
    known = json.loads((corpus / "emails/zapier-reply/EXPECTED.json").read_text(encoding="utf-8"))
    return {name: facts for name, facts in known.items() if not name.startswith("_")}


def body(corpus: Path, name: str) -> str:
    """A reply's body, with the line ends that a reading has."""
    content = (corpus / "emails/zapier-reply/emails" / name).read_bytes()
    return content.decode("utf-8").replace("\r\n", "\n")


def read(text: str) -> Reading:
    """The reading of a reply: the files hold bodies alone, so they get the header that their senders' had."""
    header = (
        "From: a@example.com\nSubject: Re: it\nIn-Reply-To: <it@example.com>\nContent-Type: text/plain; charset=utf-8"
    )
    found = mime.read(f"{header}\n\n{text}".encode(), {})
    assert isinstance(found, Reading)
    return found


def text_of(reading: Reading) -> str:
    """``text`` as a response has it."""
    return "\n\n".join(p.text[start:end] for p in reading.parts if p.content for start, end in unmarked(p))


def marked(reading: Reading, kind: str) -> str:
    """The words marked so."""
    return "\n".join(p.text[m.start : m.end] for p in reading.parts for m in p.marks if m.kind == kind)


def test_no_word_is_lost_on_any_reply_and_what_is_known_of_it_holds(corpus: Path) -> None:
    """By EXPECTED: exactly the reply where it says so, else all that it must hold and nothing that it must not."""
    left = 0
    for name, known in expected(corpus).items():
        whole = body(corpus, name)
        reading = read(whole)
        text = text_of(reading)
        mine = [*known.get("reply_contains", ()), *([known["reply_equals"]] if "reply_equals" in known else ())]
        if "fragments" in known:
            mine.append(whole)
        assert [lost(written, text) for written in mine] == [[] for _ in mine], name
        if "reply_equals" in known:
            assert text == known["reply_equals"], name
        assert [no for no in known.get("reply_not_contains", ()) if no in text] == [], name
        if "signature" in known:
            assert (marked(reading, "signature") != "") is any(known["signature"]), name
        if "quoted" in known:
            assert marked(reading, "quoted") != "", name
        assert reading.needs == [], name
        left += len(words("\n".join(line for line in text.split("\n") if line.startswith(">"))))
    assert left == 0  # no line with a quote sign is left in any text


def test_replies_of_which_nothing_is_said_keep_every_line_without_a_quote_sign(corpus: Path) -> None:
    """A line that has no quote sign is text, or introduces a quote, or is a signature: nothing else goes."""
    for path in sorted((corpus / "emails/zapier-reply/emails").iterdir()):
        reading = read(body(corpus, path.name))
        gone = marked(reading, "quoted") + marked(reading, "signature")
        kept = text_of(reading)
        assert sorted(words(kept) + words(gone)) == sorted(words(reading.parts[1].text)), path.name


def test_answers_between_quoted_lines_are_text(corpus: Path) -> None:
    """The reply with answers under and between: each of them, in order, and none of the quoted lines."""
    text = text_of(read(body(corpus, "email_1_8.txt")))
    assert lost("I will reply under this one and under this.", text) == []
    assert "here's some stuff I can write" not in text


def test_the_pathological_one_takes_no_time(corpus: Path) -> None:
    """EXPECTED allows a second."""
    text = body(corpus, "pathological.txt")
    began = time.perf_counter()
    reading = read(text)
    assert time.perf_counter() - began < 0.1
    assert text_of(reading).endswith("get back to a computer.") or "computer" in text_of(reading)
