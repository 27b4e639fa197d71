"""How a quote is introduced, what HTML says of it, where a signature begins, and that this takes little time."""

import time

import pytest
from lxml.html import document_fromstring

from intake.reading import htmltext, mime, wire
from intake.reading.attribution import attribution, header_block
from intake.reading.marking import mark_message
from intake.reading.parts import Mark, Part, Reading
from intake.reading.quoting import MAX_LINES, Hint, Writer
from intake.reading.signatures import find_signatures, is_footer

HEAD = (
    "From: Jo Writer <jo@example.com>\nSubject: Re: x\nIn-Reply-To: <a@b.example>\n"
    "Content-Type: text/{}; charset=utf-8\n\n"
)
ANSWER = "I do not agree with any of this."


@pytest.mark.parametrize(
    "said",
    [
        "On 4 Mar 2011, at 10:15, A Team <team@council.example> wrote:",
        "On Tue, 2011-03-01 at 18:02 +0530, A Team wrote:",
        "On 01/03/11 7:07 PM, A Team wrote:",
        "On Fri, Mar 4, 2011, 10:15 AM A Team\n<team@council.example>\nwrote:",
        "On Fri, 4 Mar 2011 at 10:15, A\nTeam <team@council.example> wrote:",
        "A Team <team@council.example> wrote:",
        "Le ven. 4 mars 2011 à 10:15, A Team <team@council.example> a\nécrit\xa0:",
        "Am Fr., 4. März 2011 um 10:15 Uhr schrieb A Team <\nteam@council.example>:",
        "A Team <team@council.example> schrieb am Fr., 4. März 2011, 10:15:",
        "El vie, 4 mar 2011 a las 10:15, A Team (<team@council.example>)\nescribió:",
        "Em sex., 4 de mar. de 2011 às 10:15, A Team <\nteam@council.example> escreveu:",
        "pt., 4 mar 2011 o 10:15 A Team <team@council.example> napisał(a):",
        "W dniu 04.03.2011 o 10:15, A Team pisze:",
        "Dnia 4 marca 2011 10:15 A Team <team@council.example> napisał(a):",
        "Wiadomość napisana przez A Team w dniu 4 mar 2011, o godz. 10:15:",
        "2011-03-04, pn, 10:15 A Team <team@council.example> rašė:",
        "În vin., 4 mar. 2011 la 10:15, A Team <team@council.example> a scris:",
        "Ar Gwe, 4 Maw 2011 am 10:15, ysgrifennodd A Team <team@council.example>:",
        "Il giorno ven 4 mar 2011 alle ore 10:15 A Team <team@council.example> ha scritto:",
        "Op vr 4 mrt 2011 om 10:15 schreef A Team <team@council.example>:",
    ],
)
def test_attributions_of_mail_programs_are_known(said):
    lines = said.split("\n")
    found = attribution(lines, len(lines) - 1, 0)
    assert found is not None
    assert (found.first, found.end) == (0, len(lines))


@pytest.mark.parametrize(
    "said",
    [
        "On Monday the officer wrote:",
        "On 3 March 2011 the cabinet wrote:",
        "On 4 March 2011 at 10:15 I had a message from team@council.example in which you wrote:",
        "On 4 March 2011 I went there, and later that evening the officer wrote:",
        "This is what my neighbour wrote:",
        "wrote:",
        "On the wall somebody wrote:",
        "I wrote to team@council.example at 10:15 and asked:",
    ],
)
def test_prose_is_no_attribution(said):
    assert attribution([said], 0, 0) is None


@pytest.mark.parametrize(
    "block",
    [
        "From: A Team\nSent: 04 March 2011 10:15\nTo: Jo\nSubject: x",
        "*From:* A Team\n*Sent:* 04 March 2011 10:15\n*To:* Jo",
        "________________________________\nFrom: A <a@b.example>\nDate: 4 March 2011\nTo: Jo",
        "From: A <a@b.example>\n\nDate: 4 March 2011\n\nSubject: x",
        "-----Original Message-----\nFrom: A",
        "-------- Ursprüngliche Nachricht --------",
        "Von: A\nGesendet: Freitag, 4. März 2011 10:15\nAn: Jo\nBetreff: x",
        "De : A\nEnvoyé : vendredi 4 mars 2011 10:15\nÀ : Jo\nObjet : x",
        "Od: A\nWysłano: 4 marca 2011 10:15\nDo: Jo\nTemat: x",
        "Nuo: A\nIšsiųsta: 2011 m. kovo 4 d. 10:15\nKam: Jo\nTema: x",
        "De la: A\nTrimis: vineri, 4 martie 2011 10:15\nCătre: Jo\nSubiect: x",
        "Oddi wrth: A\nAnfonwyd: 04 Mawrth 2011 10:15\nAt: Jo\nPwnc: x",
        "---------- Forwarded message ---------\nFrom: A <a@b.example>\nDate: Fri, 4 Mar 2011\nSubject: x",
        "Begin forwarded message:\n\n> From: A <a@b.example>\n> Subject: x",
    ],
)
def test_header_blocks_of_mail_programs_are_known(block):
    found = header_block(block.split("\n"), 0)
    assert found is not None
    assert found.end == len(block.split("\n"))


@pytest.mark.parametrize(
    "block",
    [
        "From: the bottom of my heart",
        "From: Mrs P. Loveday, 3 Church Row\nTo: The Director\nDate: 4 March 2011\nSubject: centres",
        "Name: Jo\nFrom: Watton\nDate: 4 March 2011",
        "----------",
        "-- Original Message of the day: hello",
        "Forwarded message",
    ],
)
def test_other_lines_with_colons_and_dashes_are_no_header_block(block):
    assert header_block(block.split("\n"), 0) is None


@pytest.mark.parametrize(
    ("line", "footer"),
    [
        ("Sent from my iPhone", True),
        ("Sent from my Verizon Wireless BlackBerry", True),
        ("Sent from Mail for Windows 10", True),
        ("Sent from my Galaxy", True),
        ("Get Outlook for Android<https://aka.ms/x>", True),
        ("Von meinem iPhone gesendet", True),
        ("Envoyé de mon iPad", True),
        ("Wysłane z iPhone'a", True),
        ("Anfonwyd o fy iPhone", True),
        ("Sent from my desk, is much easier then my mobile phone.", False),
        ("Sent from a magnificent torch of pixels", False),
        ("Sent from the heart", False),
        ("Sent from my iPhone in the car park, because there is no signal at home and the library is shut.", False),
        ("Get out of our village", False),
    ],
)
def test_footers_of_mail_programs(line, footer):
    assert is_footer(line) is footer


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Keep it.\n\n-- \nJo\n01632 960111", 2),
        ("Keep it.\n\n--\nJo\n01632 960111", 2),
        ("-- \nJo", None),  # on top it delimits nothing
        ("Keep it.\n-- \nPS please keep the lift too", None),
        ("Keep it.\n--\nWatton needs it.", None),
        ("Keep it.\n-- \n" + "line\n" * 20, None),
        ("Keep it -- please\nJo", None),
        ("Keep it.\n\nKind regards\nJo\nClerk to the council\n01632 960111", 4),
        ("Keep it.\n\nKind regards\nJo Writer", None),  # a name alone is text
        ("Keep it.\n\nKind regards\nJo\n(mum of two)\nNR1 2DL", None),
        ("Keep it.\n\nKind regards\nJo\nAnd call me on 01632 960111", None),
    ],
)
def test_where_a_signature_begins(text, first):
    lines = text.split("\n")
    found = find_signatures(lines, 0, len(lines), written_before=False)
    assert [start for start, _ in found] == ([] if first is None else [first])


# --- HTML ------------------------------------------------------------------------------------------------------------

CONTAINERS = [
    '<blockquote type="cite">Q</blockquote>',
    '<div class="gmail_quote"><div class="gmail_attr">A wrote:</div><blockquote>Q</blockquote></div>',
    '<div class="yahoo_quoted">Q</div>',
    '<div id="appendonsend"></div><div id="divRplyFwdMsg">Q</div><div>R</div>',
    '<div class="moz-cite-prefix">A wrote:</div><blockquote type="cite" cite="mid:x"><p>Q</p></blockquote>',
    '<div class="gmail_signature"><b>Q</b></div>',
    '<table><tr><td>a</td><td><blockquote type="cite"><ul><li>Q<li>R</ul></blockquote></td></tr></table>',
]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("make", ["laid_out_with_hints", "_words"])
def test_carrying_a_quote_through_changes_no_character(container, make, monkeypatch):
    """The text is the same with and without the containers' signs, and a hint's place holds their words."""
    source = f"<p>Mine &amp; yours</p>{container}<p>Mine again</p>"
    arguments = (source,) if make == "laid_out_with_hints" else (document_fromstring(source), source)
    text, hints = getattr(htmltext, make)(*arguments)
    assert hints
    assert all("Mine" not in text[h.start : h.end] for h in hints if h.kind != "rest")
    assert any("Q" in text[h.start : h.end] for h in hints)
    monkeypatch.setattr(htmltext, "put_signs", lambda tree, source: 0)
    arguments = (source,) if make == "laid_out_with_hints" else (document_fromstring(source), source)
    assert getattr(htmltext, make)(*arguments) == (text, [])


def test_signs_that_the_sender_wrote_are_not_believed():
    """Neither as characters nor as entities do they hide a word or mark one; they become U+FFFD."""
    for sign in ("\U0010ff00", "&#x10ff00;"):
        source = f'<p>{sign}One\U0010ff0f</p><blockquote type="cite">two</blockquote>'
        text, hints = htmltext.laid_out_with_hints(source)
        assert hints == []
        assert text.count("\ufffd") >= 2
        assert "One" in text


def test_a_hidden_quote_marks_nothing():
    text, hints = htmltext.laid_out_with_hints(
        '<p>One</p><blockquote type="cite" style="display:none">two</blockquote>'
    )
    assert (text.strip(), hints) == ("One", [])


def test_the_alternative_that_is_not_chosen_is_not_marked():
    quote = "On 4 Mar 2011 at 10:15, A Team <team@council.example> wrote:\n> What do you think of it?"
    message = (
        "From: Jo <jo@example.com>\nIn-Reply-To: <a@b.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/alternative; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{ANSWER}\n\n{quote}\n"
        f"--b\nContent-Type: text/html\n\n<p>{ANSWER}</p>"
        '<blockquote type="cite">What do you think of it?</blockquote>\n--b--\n'
    )
    reading = mime.read(message.encode(), {})
    assert isinstance(reading, Reading)
    plain, html = reading.parts[1:]
    assert [mark.kind for mark in plain.marks] == ["quoted"]
    assert html.marks == []


def test_a_signature_that_people_wrote_in_is_text():
    part = Part(number=0, kind="body", media_type="text/html", text=f"{ANSWER}\n\nJo\nAnd please keep the lift")
    hints = {0: [Hint("signature", len(ANSWER) + 2, len(part.text))]}
    assert mark_message([part], hints, Writer())[0][0].marks == []


# --- time ------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "On ", "On 4 Mar 2011 at 10:15 a\n", "From: a@b\nSent: 10:15\n", ">", "> a\n", "> a\nb\n", " ", " \n", "\t>",
    "On Mon, 4 Mar 2011 at 10:15, X <x@y.z> wrote:\n", "On Mon, 4 Mar 2011 at 10:15, X <x@y.z> wrote:\n\n\n\nx\n",
    "-", "-----\n", "_", "\n", "-- \n", "-- \nJane\n\n", ":\n", "wrote:\n", "Regards\n", "Sent from my iPhone\n",
    "This email is confidential, intended recipient. ", "Am 4 schrieb " * 20 + ":\n", "From: a\nTo: b\n", "thanks a.",
    '<blockquote type="cite">', '<div class="gmail_quote">x', '<div class="gmail_signature">x</div>',
]  # fmt: skip


def spent(unit: str, size: int) -> float:
    kind = "html" if unit.startswith("<") else "plain"
    message = (HEAD.format(kind) + (unit * (size // len(unit) + 1))[:size]).encode()
    began = time.process_time()
    assert isinstance(mime.read(message, {}), Reading)
    return time.process_time() - began


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hostile_body_of_30_kb_takes_less_than_a_second(unit):
    assert spent(unit, 30_000) < 1


@pytest.mark.parametrize("unit", ["> a\nb\n", "Am 4 schrieb " * 20 + ":\n", "_", "From: a\nTo: b\n", "x:\n"])
def test_time_grows_no_faster_than_the_text(unit):
    """Up to 4 MB, which is all that is read of a text: a text of more lines than anybody writes is left whole."""
    small, large = min(spent(unit, 400_000) for _ in range(2)), spent(unit, 4_000_000)
    assert large < 20 * max(small, 0.05)


def test_a_text_of_too_many_lines_is_left_whole_and_a_person_looks():
    text = f"{ANSWER}\nOn 4 Mar 2011 at 10:15, A Team wrote:\n" + "> a\n" * MAX_LINES
    parts, needs = mark_message([Part(number=0, kind="body", media_type="text/plain", text=text)], {}, Writer())
    assert (parts[0].marks, needs) == ([], {"quoted?"})


# --- the border between processes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "marks",
    [[(0, 9)], [(-1, 2)], [(2, 2)], [(3, 1)], [(0, 3), (2, 4)], [(3, 4), (0, 1)]],
)
def test_marks_that_do_not_fit_their_text_are_refused(marks):
    """Outside the text, empty, overlapping or out of order: a reader that says so is not believed."""
    part = Part(
        number=0, kind="body", media_type="text/plain", text="words", marks=[Mark("quoted", a, b) for a, b in marks]
    )
    frame = wire.frame(wire.Read(Reading(reader="x 1", parts=[part])))
    with pytest.raises(wire.BadFrame):
        wire.answer(frame[wire.LENGTH.size :])
