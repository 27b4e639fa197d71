"""Replies that nobody here wrote, by what is known of them."""

import csv
import json
import random
import time
from pathlib import Path
from typing import Any

from intake.reading import mime
from intake.reading.marking import mark_message
from intake.reading.parts import Part, Reading, unmarked
from intake.reading.quoting import Writer
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


# --- what citizens really wrote, put into replies -------------------------------------------------------------------

SAID = "On Fri, 4 Mar 2011 at 10:15, A Team <team@council.example> wrote:"
HEAD = "From: A Team <team@council.example>\nSent: 04 March 2011 10:15\nTo: Jo Writer\nSubject: Have your say\n"
SIGNED = "--\nJo Writer\nClerk\n01632 960111"
WAYS = {
    "on top": "{mine}\n\n{said}\n\n{cited}",
    "below": "{said}\n{cited}\n\n{mine}",
    "around": "{mine}\n\n{said}\n{cited}\n\n{more}",
    "between": "{said}\n{cited}\n{mine}\n{cited}\n{more}",
    "between, unannounced": "{cited}\n\n{mine}\n\n{cited}\n\n{more}",
    "outlook": "{mine}\n\n{more}\n\n{head}\n{theirs}",
    "original message": "{mine}\n\n-----Original Message-----\n{head}\n{theirs}",
    "signed": "{mine}\n\n{signed}\n\n{said}\n{cited}",
    "from a phone": "{mine}\n\nSent from my iPhone\n\n{said}\n\n{cited}",
    "a letter": "Dear Sir\n\n{mine}\n\n{more}\n\nRegards\nJo Writer",
}


def comments(corpus: Path) -> list[str]:
    """What citizens wrote in consultations, of at least eight words."""
    csv.field_size_limit(10**9)
    found: dict[str, None] = {}
    for path in sorted((corpus / "responses").rglob("*.csv")):
        with path.open(encoding="utf-8", errors="replace", newline="") as stream:
            found |= {cell.strip(): None for row in csv.reader(stream) for cell in row if len(cell.split()) >= 8}
    return list(found)


def test_no_comment_of_a_citizen_is_cut(corpus: Path) -> None:
    """By itself none is quoted or a signature, whoever writes it and in whatever answer."""
    for comment in comments(corpus):
        for writer in (Writer(), Writer("jo@example.com", "Jo Writer", answers=True)):
            parts, needs = mark_message(
                [Part(number=0, kind="body", media_type="text/plain", text=comment)], {}, writer
            )
            assert (parts[0].marks, needs) == ([], set()), comment


def test_no_word_of_a_comment_is_lost_in_any_way_of_quoting(corpus: Path) -> None:
    """3,000 replies put together from real comments: no word lost, and hardly ever a doubt."""
    known = comments(corpus)
    assert len(known) > 2_000
    chance = random.Random(3)
    writer = Writer("jo@example.com", "Jo Writer", answers=True, subject="Re: Have your say")
    doubts = 0
    for _ in range(3_000):
        way = chance.choice(list(WAYS))
        mine, more, theirs = chance.sample(known, 3)
        cited = "\n".join(f"> {line}" for line in theirs.split("\n"))
        text = WAYS[way].format(
            mine=mine, more=more, theirs=theirs, cited=cited, said=SAID, head=HEAD, signed=SIGNED
        )  # fmt: skip
        parts, needs = mark_message([Part(number=0, kind="body", media_type="text/plain", text=text)], {}, writer)
        kept = "\n\n".join(text[start:end] for start, end in unmarked(parts[0]))
        written = f"{mine}\n{more}" if "{more}" in WAYS[way] else mine
        assert lost(written, kept) == [], way
        doubts += bool(needs)
        assert needs or SAID not in kept
    assert doubts <= 30
