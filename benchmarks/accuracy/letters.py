"""What stands on the pages: letters of residents about children's centres, in our own words, with made-up people.

A letter is a list of blocks. Its names, streets, dates and sums are drawn anew for each page, so that a reader which
knows one page by heart does not know the next. Streets, people and postcodes are invented; 01632 960 numbers are those
that Ofcom keeps for fiction.
"""

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal["right", "left", "heading", "paragraph", "list", "centre"]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: an address at the right, a paragraph to be broken into lines, a list of points."""

    kind: Kind
    text: str


_FIRST = (
    "Margaret",
    "Ian",
    "Priya",
    "Dorothy",
    "Callum",
    "Siobhán",
    "Tomasz",
    "Ruth",
    "Kenneth",
    "Zoë",
    "Hazel",
    "Olu",
)
_LAST = (
    "Ashdown", "Fairweather", "O’Rourke", "Mistry", "Brightwell", "Nowak", "Hollis", "Pennington-Shaw", "Quaye",
    "Larter", "Whitlock", "Drewery",
)  # fmt: skip
_STREETS = (
    "Mill Lane", "Church Loke", "Station Road", "The Street", "Orchard Close", "Saxon Way", "Back Lane",
    "St Peter’s Row", "Wherry Court", "Common Road", "Gurney Drive", "Wood Green",
)  # fmt: skip
_TOWNS = (
    ("Watton", "Thetford", "IP25"), ("Fakenham", "", "NR21"), ("Dereham", "", "NR19"), ("Sheringham", "", "NR26"),
    ("Diss", "", "IP22"), ("Acle", "Norwich", "NR13"), ("Loddon", "Norwich", "NR14"), ("Stalham", "Norwich", "NR12"),
    ("Harleston", "", "IP20"), ("Downham Market", "", "PE38"),
)  # fmt: skip
_MONTHS = ("January", "February", "March", "April")
_CENTRES = (
    "Watton Children’s Centre", "the Fakenham Gateway centre", "Dereham Central", "the centre at Stibbard",
    "Village Green", "the Acle centre", "Emneth Children’s Centre",
)  # fmt: skip
_TO = "Children’s Centre Consultation\nNorfolk County Council\nCounty Hall\nMartineau Lane\nNorwich\nNR1 2DL"

_SHORT_TO = "The Children’s Centre Team\nCounty Hall, Norwich NR1 2DL"

_LETTERS: tuple[tuple[tuple[Kind, str], ...], ...] = (
    (
        ("right", "{address}\n{phone}"),
        ("right", "{date}"),
        ("left", _TO),
        ("left", "Dear Sir or Madam,"),
        ("heading", "Proposed closure of {centre}"),
        (
            "paragraph",
            "I am writing to object, in the strongest terms I can find, to the plan to close {centre}. I have "
            "lived in {town} for {n} years and brought up three children here. When my youngest was born in "
            "2008 I knew nobody with a baby of the same age, and it was the Tuesday “Stay and Play” that kept "
            "me sane.",
        ),
        (
            "paragraph",
            "Your leaflet says that families can travel to the next centre. From our house that is {n2} miles. "
            "The bus goes at 9.10am and comes back at 3.45pm, and a day return costs £{pounds}. With a "
            "pushchair, a toddler and the shopping it simply is not going to happen.",
        ),
        (
            "paragraph",
            "Please think again. A service that nobody can reach has been closed, whatever you call it.",
        ),
        ("left", "Yours faithfully,"),
        ("left", "{name}"),
    ),
    (
        ("right", "{address}"),
        ("left", "{date}"),
        ("left", "Dear Councillor {last},"),
        (
            "paragraph",
            "Thank you for your letter of {date2}. You ask what the children’s centre has done for us. I have "
            "made a list:",
        ),
        (
            "list",
            "a health visitor every second Thursday, without an appointment\nhelp with my daughter’s speech, "
            "which the nursery had missed\na course in first aid (free; the same one costs £{pounds} in "
            "Norwich)\nsomewhere warm to sit in January\nadvice about tax credits, which brought us £{sum} a "
            "year",
        ),
        (
            "paragraph",
            "None of these would have reached us by way of a website. My husband works nights at the factory, "
            "we have one car between us, and the nearest library with a computer is open for {n} hours a week.",
        ),
        (
            "paragraph",
            "I do understand that the County Council has to save money: 30% is a great deal. But I would "
            "rather see shorter hours everywhere than no centre at all in {town}.",
        ),
        ("left", "Yours sincerely,"),
        ("left", "{name} (Mrs)"),
    ),
    (
        ("left", "{name}\n{address}"),
        ("left", "{date}"),
        ("left", "To whom it may concern"),
        ("paragraph", "RE: FUTURE OF CHILDREN’S CENTRES – RESPONSE"),
        (
            "paragraph",
            "1. I agree that money should go first to the families who need it most. I do not agree that you "
            "can tell from a postcode who they are. Two of the loneliest mothers I ever met lived in large "
            "houses at the end of a farm track.",
        ),
        (
            "paragraph",
            "2. The figures on page {n} of the booklet do not add up. It says that {n2} centres cost £{sum} "
            "each, yet the total given is lower than that by almost a quarter. Which one is correct?",
        ),
        (
            "paragraph",
            "3. Nobody has asked the staff. Jo and Bev at {centre} have been there since it opened; they know "
            "every family by name. “We read about it in the paper,” one of them told me.",
        ),
        (
            "paragraph",
            "4. If buildings have to go, let the groups use the village hall, the school or the chapel. I for "
            "one would help to put out the chairs.",
        ),
        ("left", "{name}\nGrandmother of five"),
    ),
    (
        ("centre", "{town} Primary School\n{street}, {town}, Norfolk {postcode}\nTelephone {phone}"),
        ("right", "{date}"),
        ("left", _SHORT_TO),
        ("left", "Dear colleagues,"),
        ("heading", "Consultation on the restructuring of children’s centres"),
        (
            "paragraph",
            "I write as head teacher, and on behalf of our {n} members of staff. Each September we take in a "
            "reception class of about {n2} children. We can tell within a day which of them have been to a "
            "children’s centre: they can sit in a circle, hang up a coat and wait for their turn.",
        ),
        (
            "paragraph",
            "Last year our assessments showed that 71% of those children had reached the expected level in "
            "language on entry, as against 48% of the others. It would be a false economy to save £{sum} now "
            "and to spend it, several times over, on support in school later.",
        ),
        (
            "paragraph",
            "We should be glad to offer {centre} two rooms at a peppercorn rent. My governors have discussed "
            "this (minute 6.2 of {date2}) and are unanimous.",
        ),
        ("left", "Yours sincerely,"),
        ("left", "{name}\nHead Teacher"),
    ),
    (
        ("right", "{address}"),
        ("right", "{date}"),
        ("left", "Dear Sirs"),
        (
            "paragraph",
            "I am a childminder, registered with Ofsted, and look after four children under five. Twice a week "
            "we walk to {centre}; for some of them it is the only time that they play with more than three "
            "others.",
        ),
        (
            "paragraph",
            "Your option B would leave us with a “link site” that opens on one morning a fortnight. Does it "
            "have a kitchen? Is there a fence? Who will bring the toys, and where will they be kept? I asked "
            "these questions at the meeting on {date2} and was told that “details will follow”. They have not "
            "followed.",
        ),
        (
            "paragraph",
            "Option C is better, though not good. If it must be one of the three then let it be C, with the "
            "crèche kept on Wednesdays and Fridays from 9.30 to 11.30.",
        ),
        ("paragraph", "You may publish this letter but please leave out my address."),
        ("left", "Yours truly"),
        ("left", "{name}"),
    ),
    (
        ("left", "{date}"),
        ("left", "Hello,"),
        (
            "paragraph",
            "I’m {n} and I’ve got a little boy called Alfie who’s 2. I’m not very good at writing letters but "
            "my support worker said that everybody should have a say so here goes.",
        ),
        (
            "paragraph",
            "When I had Alfie I was still living at my mum’s in {town} and I didn’t know anything. The ladies "
            "at {centre} never made me feel stupid. They showed me how to make up bottles, they came with me "
            "to the housing, and now I’m doing my English and Maths there on Mondays. If it shuts I can’t "
            "finish because there’s no crèche at the college.",
        ),
        ("paragraph", "Please don’t close it! It’s the only place where I go."),
        ("left", "Thank you for reading this."),
        ("left", "{first}\n{postcode}"),
    ),
    (
        ("right", "{address}\n{phone}"),
        ("left", "{date}"),
        ("left", "Dear Mr {last}"),
        ("heading", "Rural areas"),
        (
            "paragraph",
            "The paper that you put out for consultation speaks of “clusters”, “hubs” and “spokes”. I was an "
            "engineer for {n} years, and I know that a wheel whose spokes are removed will not carry a load "
            "for long.",
        ),
        (
            "paragraph",
            "Between here and the coast there are {n2} villages, two of which still have a shop. There is no "
            "surgery, no post office, and since the autumn no bus on Sundays. The children’s centre van, which "
            "calls on Mondays at 1.15pm, is the last public service that comes to us rather than expecting us "
            "to go to it.",
        ),
        (
            "paragraph",
            "It costs, I am told, some £{sum} a year. That is less than the council spent on the new sign "
            "outside County Hall. May I suggest that the sign be sold?",
        ),
        ("left", "Yours, not very hopefully,"),
        ("left", "{name}"),
    ),
    (
        ("left", "{name}, {address_line}"),
        ("right", "{date}"),
        ("left", _SHORT_TO),
        (
            "paragraph",
            "Dear Team, I support the proposals. There, I have said it, and I expect that I am in a minority.",
        ),
        (
            "paragraph",
            "My reasons are these. First, the present buildings are half empty: I counted {n2} people at "
            "{centre} on the morning of {date2}, four of them staff. Secondly, families with real troubles do "
            "not come to buildings at all; somebody has to knock at their door. Thirdly, the money is gone, "
            "and wishing will not bring it back.",
        ),
        (
            "paragraph",
            "What I would ask for is this: (a) keep the outreach workers; (b) publish, every six months, how "
            "many families each of them has seen; and (c) look again at the whole thing in 2013.",
        ),
        ("left", "Kind regards,"),
        ("left", "{name}\nRetired health visitor"),
    ),
    (
        ("centre", "{town} Baby Café\na group of volunteers – charity no. 11{n}4{n2}7"),
        ("right", "{date}"),
        ("left", "Dear Councillors,"),
        (
            "paragraph",
            "We are nine mothers who meet at {centre} every Friday between 10am and noon. In the past year we "
            "helped {n2} women to feed their babies; the hospital sends them to us because its own clinic has "
            "been cut.",
        ),
        (
            "list",
            "We need a room with soft chairs and a sink.\nWe need it on the same day each week.\nWe can pay up "
            "to £{pounds} an hour, no more.",
        ),
        (
            "paragraph",
            "A church hall has been suggested. It is 1.4 miles from the bus stop, has steps at the door and is "
            "let to a dancing school on Fridays. Has anyone from the council been to look at it?",
        ),
        ("paragraph", "We invite all of you to come and see us, on any Friday you like. Bring a cake."),
        ("left", "With best wishes,"),
        ("left", "{name}\n{name2}\nand seven others"),
    ),
    (
        ("right", "{address}"),
        ("right", "{date}"),
        ("left", _TO),
        ("left", "Dear Madam,"),
        ("heading", "Children’s centres and disabled children"),
        (
            "paragraph",
            "Our son has cerebral palsy. He is {n2} months old and can’t sit without help. At {centre} there "
            "is a chair that fits him, a hoist, and a worker named Carol who has been trained to use both. "
            "There is no other place in this district of which I could say the same.",
        ),
        (
            "paragraph",
            "The equality assessment (Appendix D, paragraph {n}) states that the effect on disabled children "
            "is “neutral”. With respect, whoever wrote that sentence can’t have spoken to a single parent of "
            "one. The journey to the next equipped centre takes 55 minutes each way; his feeds are every two "
            "hours.",
        ),
        (
            "paragraph",
            "I ask that the assessment be done again, properly, before any decision is taken, and that I be "
            "told in writing when it is.",
        ),
        ("left", "Yours faithfully,"),
        ("left", "{name}"),
    ),
    (
        ("left", "{date}"),
        ("heading", "My answers to your questions"),
        (
            "paragraph",
            "Question 1: No. The structure is fine as it stands. What is not fine is the paperwork: the last "
            "time we registered, {first} and I filled in {n} pages, and were asked for the same details three "
            "times.",
        ),
        (
            "paragraph",
            "Question 2: Saturdays, yes please! Fathers like me work from Monday to Friday. The Dads’ "
            "Breakfast on the first Saturday of the month is always full, and the bacon is excellent.",
        ),
        (
            "paragraph",
            "Question 3: {centre} should stay. So should the one in {town}. I don’t know the others well "
            "enough to say.",
        ),
        (
            "paragraph",
            "Question 4: More for the over-threes in the holidays; less glossy paper (this form weighs 240g "
            "and cost 92p to post).",
        ),
        ("left", "{name}, {postcode}"),
    ),
    (
        ("centre", "NORTH NORFOLK MIDWIVES’ FORUM"),
        ("right", "{date}"),
        ("left", _SHORT_TO),
        ("left", "Dear All,"),
        (
            "paragraph",
            "Thank you for the opportunity to comment. The Forum met on {date2}, and {n2} midwives were "
            "present. We hold antenatal clinics in eleven of the centres listed in table {n}, {centre} among "
            "them. Were these to close, roughly 640 appointments a month would move back to the hospital, "
            "whose car park is full by 8.30am.",
        ),
        (
            "paragraph",
            "We have no view on who should manage the centres. We do hold a strong view on three points:",
        ),
        (
            "list",
            "Clinics should be within a half-hour’s walk for every woman who has no car.\nMidwives, health "
            "visitors and family workers should share a roof: most problems are solved in the corridor.\nNo "
            "contract should be for less than three years, since nobody good will apply for a post that ends "
            "in March.",
        ),
        ("paragraph", "A fuller paper, with our figures, will follow by e-mail to the address in your booklet."),
        ("left", "Yours sincerely,"),
        ("left", "{name}\nSecretary"),
    ),
    (
        ("right", "{address}"),
        ("left", "{date}"),
        ("left", "Dear Sir,"),
        (
            "paragraph",
            "I see from the Eastern Daily Press that you mean to shut {n2} nurseries. My late wife, who taught "
            "in {town} from 1958 to 1983, would have had something to say about that, and so, since she can’t, "
            "I shall say it for her.",
        ),
        (
            "paragraph",
            "“Give them a good start,” she used to say, “and you won’t need to build so many prisons.” She was "
            "right about most things. In her day there were forty-two in the class and no helper, and yet "
            "every child could read by the age of seven, because their mothers were at home and the clinic "
            "nurse came round on a bicycle.",
        ),
        (
            "paragraph",
            "Those days are gone. The mothers work, the nurse is gone, and the bicycle is in a museum. The "
            "centres do what all of them used to do. They are worth every penny of £{sum}.",
        ),
        ("left", "I remain, Sir, yours faithfully,"),
        ("left", "{name}"),
    ),
    (
        ("left", "From: {name}\nAddress: {address_line}\nTel: {phone}"),
        ("left", "{date}"),
        ("heading", "Transport, parking and opening times"),
        (
            "paragraph",
            "Three practical remarks on {centre}, where I take my twin granddaughters (born 14/02/2009) while "
            "their parents are at work.",
        ),
        (
            "list",
            "Parking. There are 12 spaces, {n} of them taken by staff before nine. The field opposite belongs "
            "to the parish and could be used for a few hundred pounds’ worth of gravel.\nOpening. Why does "
            "everything stop in August? Babies don’t go on holiday.\nThe no. 27 bus. It passes the door but "
            "the stop is 400 yards further on, on a bend without a pavement. Move it.",
        ),
        (
            "paragraph",
            "On the larger question I have one thing to add: whatever you decide, decide it soon. The staff "
            "have been on notice since {date2}, two have left already, and a service can be killed by waiting "
            "just as surely as by a vote.",
        ),
        ("left", "Yours etc.,"),
        ("left", "{name}"),
    ),
)


def letter(number: int, rng: random.Random) -> list[Block]:
    """The blocks of one letter, top to bottom: which one it is by its number, who and where by the generator."""
    blocks = list(_LETTERS[number % len(_LETTERS)])
    if number % 2:  # every other one goes on for longer, with what somebody else thinks
        more = [block for block in _LETTERS[(number + 5) % len(_LETTERS)] if block[0] in ("paragraph", "list")]
        blocks[-2:-2] = more
    slots = _slots(rng)
    return [Block(kind, text.format(**slots)) for kind, text in blocks]


def _slots(rng: random.Random) -> dict[str, str]:
    town, by, outward = rng.choice(_TOWNS)
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    postcode = f"{outward} {rng.randint(1, 9)}{rng.choice(letters)}{rng.choice(letters)}"
    house, street = rng.randint(1, 148), rng.choice(_STREETS)
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    lines = [f"{house} {street}", town, *([by] if by else []), "Norfolk", postcode]
    return {
        "address": "\n".join(lines), "address_line": ", ".join(lines), "town": town, "street": street,
        "postcode": postcode, "first": first, "last": rng.choice(_LAST), "name": f"{first} {last}",
        "name2": f"{rng.choice(_FIRST)} {rng.choice(_LAST)}", "centre": rng.choice(_CENTRES),
        "date": _date(rng, "{day} {month} 2011"), "date2": _date(rng, "{day} {month}"),
        "phone": f"01632 960{rng.randint(0, 999):03}", "n": str(rng.randint(17, 29)), "n2": str(rng.randint(11, 39)),
        "pounds": f"{rng.randint(4, 28)}.{rng.choice(('50', '80', '20', '95'))}",
        "sum": f"{rng.randint(1, 9)},{rng.randint(100, 999)}",
    }  # fmt: skip


def _date(rng: random.Random, form: str) -> str:
    return form.format(day=rng.randint(1, 28), month=rng.choice(_MONTHS))
