"""Make the sample letters: typed PDFs, and scans as an office scanner writes them.

    python samples/make_letters.py --hand FONT

writes ``samples/letters/scan-0001.pdf`` and so on, and what stands on each of them
into ``samples/letters-truth``: the text of every page in reading order, one printed
line a line, a form feed between pages, and ``fields.csv`` with what a careful clerk
would enter. The same fonts and the same versions of Pillow and reportlab give the
same bytes (the files here: Pillow 13.0.0, reportlab 5.1.0).

Fonts are given as paths and are not kept in this repository. The defaults are
Debian's ``fonts-liberation`` (1:1.07.4-11). The handwriting-like one is La Belle
Aurore (Open Font License 1.1): ``npm pack @fontsource/la-belle-aurore@5.3.0`` holds
``package/files/la-belle-aurore-latin-400-normal.woff``. Without ``--hand`` the letter
that needs it stays as it is.

All people, organisations, addresses and numbers are made up.
"""

import argparse
import csv
import io
import os
import random
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from reportlab.pdfbase.pdfmetrics import (  # type: ignore[import-untyped,unused-ignore]
    stringWidth,
)
from reportlab.pdfgen.canvas import (  # type: ignore[import-untyped,unused-ignore]
    Canvas,
)

HERE = Path(__file__).resolve().parent
LIBERATION = Path("/usr/share/fonts/truetype/liberation")
GMT = UTC
BST = timezone(timedelta(hours=1))

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89  # A4 in points
LEFT, RIGHT, TOP, BOTTOM = 68.0, 527.0, 64.0, 772.0

COUNTY_HALL = """
Children's Centre Commissioning
Norfolk County Council
County Hall
Martineau Lane
Norwich
NR1 2DL
"""


@dataclass(frozen=True)
class Letter:
    """One letter: how it was made, what is on it, and what a clerk would enter."""

    file: str
    form: str  # typed | grey | black (1-bit) | tiff | jpeg
    created: datetime  # when it was scanned (or, if typed, saved)
    font: str  # serif | sans | mono | hand
    sender: str
    dated: str
    salutation: str
    body: str
    closing: str
    signed: str
    size: float = 12.0
    dpi: int = 200
    skew: float = 0.0  # degrees, anticlockwise
    letterhead: str = ""
    stamp: str = ""
    cut: bool = False  # the file breaks off in the middle
    name: str = ""
    organisation: str = ""
    role: str = ""
    postcode: str = ""
    phone: str = ""
    email: str = ""
    places: str = ""


@dataclass(frozen=True)
class Line:
    """A line of text on a page: its left end and base line, in points from the top."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False


LETTERS = (
    Letter(
        file="scan-0001.pdf",
        form="typed",
        created=datetime(2011, 2, 4, 11, 20, 5, tzinfo=GMT),
        font="sans",
        size=11,
        letterhead="""
Wensum Bend Toy Library
Run by volunteers since 1987
The Old Boat Shed, Tannery Quay, Norwich NR3 7QT
Telephone 01632 960140    toys@example.org
""",
        sender="",
        dated="3 February 2011",
        salutation="Dear Sir or Madam",
        body="""
The future of Norfolk's children's centres

I write for the eleven volunteers of the Wensum Bend Toy Library. Every Tuesday and
Thursday we load a van and lend toys at Mile Cross and at Hellesdon, so we see two of
your centres from the inside without being paid by either of them.

We are in favour of grouping, on one condition. At present we book our sessions with
two managers, fill in two sets of forms, and were once sent away because each thought
the other had asked us. One manager, one diary and one key would save us an afternoon
a month, and we would gladly spend it lending toys.

The condition is that the front desk stays. A family that is frightened of officials
will talk to the receptionist who has known them for three years. They will not talk
to a rota. If the saving is found by cutting the hours of the lowest paid people in
the building, you will have saved the wrong thing.

We should also like to know who will own the toys and equipment that parents' groups
bought by fund-raising. At Hellesdon that is a climbing frame which cost £1,150, all
of it from cake sales.

We would be pleased to talk to anybody from County Hall, ideally over a jigsaw.
""",
        closing="Yours faithfully",
        signed="""
Pauline Hewer
Secretary, Wensum Bend Toy Library
""",
        name="Pauline Hewer",
        organisation="Wensum Bend Toy Library",
        role="voluntary sector",
        postcode="NR3 7QT",
        phone="01632 960140",
        email="toys@example.org",
        places="NCC42;NCC45",
    ),
    Letter(
        file="scan-0002.pdf",
        form="grey",
        created=datetime(2011, 2, 11, 9, 47, 31, tzinfo=GMT),
        font="serif",
        size=13,
        skew=0.6,
        sender="""
Quince Cottage
11 Gooseberry Loke
Fakenham
NR21 0XD
""",
        dated="8th February 2011",
        salutation="Dear Sir,",
        body="""
I am seventy-four and I do not have a computer, so I hope that a letter still counts.

My daughter works shifts at the turkey factory and I have my grandson Alfie three
days a week. I had not changed a nappy since 1969. The Fakenham centre took the pair
of us in. I go to Stay and Play on a Monday and I am not the only grandmother there,
there are four of us and one grandfather who does the washing up.

I have read your leaflet twice and I cannot find in it who will be in charge on a
Monday. It says a manager will be shared. Shared is what you do with a packet of
biscuits. When the heating failed in December it was the manager who stood on a chair
with a screwdriver, and when a young mum came in with a black eye it was the manager
who shut the office door and sorted it out. Could that have waited until Thursday,
when it was our turn?

If money must be saved then I would sooner you charged me a pound a visit. I would
pay it, and so would the others. I have asked them.
""",
        closing="Yours truly,",
        signed="""
Mrs Beryl Thirtle
""",
        name="Mrs Beryl Thirtle",
        role="carer",
        postcode="NR21 0XD",
        places="NCC14",
    ),
    Letter(
        file="scan-0003.pdf",
        form="black",
        created=datetime(2011, 2, 21, 14, 5, 12, tzinfo=GMT),
        font="mono",
        size=11,
        dpi=300,
        skew=-0.5,
        sender="""
3 Sluice Terrace
Downham Market
Norfolk
PE38 7ZZ
""",
        dated="17 February 2011",
        salutation="Dear Sirs,",
        body="""
CHILDREN'S CENTRES

I carried the post in this county for thirty-one years and I have
an opinion, which is what you say you want.

I agree with the proposal. I agree with it strongly. Every office
in this country has too many chiefs. When they merged our sorting
office with the one at Lynn we all said that the sky would fall in.
It did not. The letters still went out in the morning.

What I do not agree with is the way you write. Your leaflet has
"cluster", "locality" and "delivery model" in one sentence. I read
it to my son-in-law, who is an engineer, and he thought it was
about the electricity. If you want people to believe that nothing
will close, write "nothing will close" and sign it.

My granddaughter goes to the Downham centre. She likes the sand.
""",
        closing="Yours faithfully,",
        signed="""
R. G. Bunnett (retired)
""",
        name="R. G. Bunnett",
        role="other",
        postcode="PE38 7ZZ",
        places="NCC12",
    ),
    Letter(
        file="scan-0004.pdf",
        form="black",
        created=datetime(2011, 2, 28, 10, 31, 0, tzinfo=GMT),
        font="serif",
        size=13,
        dpi=300,
        skew=0.3,
        letterhead="""
BROADMERE TOWN COUNCIL
The Reading Room, Staithe Hill, Broadmere, Norwich NR12 0QW
Town Clerk: Mr D. P. Mallett    Telephone 01632 960155
""",
        sender="",
        dated="24 February 2011",
        salutation="Dear Madam,",
        body="""
Consultation: the future of Norfolk's children's centres

I am instructed by the Town Council to send you its answer to the above. It was
agreed at the meeting of 21 February 2011 by nine votes to one, with two members
abstaining.

1. Who we are. Broadmere has 2,900 inhabitants and, at the last count, 214 children
under five. There is no children's centre in the town. Our families use Stalham or,
if they have a car, Wroxham and Hoveton. The bus to Stalham runs four times a day and
not at all on Sunday; there is no bus to Hoveton that brings one back the same
morning.

2. What we think of groups. The Council understands that the County has to spend less
and does not ask for the impossible. Most members could accept that Stalham and
Wroxham and Hoveton should have one manager between them. The distance is nine miles
and the two already share a speech therapist. Most members could not accept a larger
group. Your map appears to show a group which runs from the coast at Sea Palling to
the edge of Norwich. A manager in such a group would spend one day in five at the
wheel of a car.

3. What we fear. It is seldom the first change that does the harm. When the library
van was reduced from weekly to fortnightly we were told that it was not a first step
towards taking it away. It was taken away in the following year, because, we were
told, so few people used it. We ask the County to say now, in writing, for how long
the opening hours of each centre are promised.

4. Outreach. The worker who comes to the Reading Room on the second and fourth
Wednesday of each month is, for many of our families, the children's centre. She
brings a box of toys, a set of scales and a great deal of common sense. Twelve to
fifteen families come. Nothing in your paper says whether outreach will be decided by
the shared manager, by the lead agency or by County Hall. The Council regards this as
the most important gap in the paper.

5. Buildings. The Town Council owns the Reading Room and has let it to the centre
without charge since 2008. It would be willing to go on doing so, and to discuss a
second morning each week, if the County will promise the worker's time. We mention
this because the paper says that "local partners have been slow to offer premises".
This one was not.

6. Money. The paper says that management costs will fall, and by how much. It does not
say what it will cost to make managers redundant, to advertise the new posts, to
change the signs and the writing paper, and to pay for mileage. A household that
reckoned in this way would soon be in difficulties. We ask to see the other half of
the sum before a decision is taken.

7. The consultation itself. The meeting in our area was held at ten o'clock in the
morning in Norwich. Of the twelve parents who told us that they would have liked to
go, two could. The Council suggests that at least one meeting should be held in every
group, at a time when those who work can come, with somebody to mind the children.
It would have been fitting for a consultation about children's centres.

8. Our answers in short:

(a) one manager for two neighbouring centres: we agree;

(b) one manager for four or five: we disagree;

(c) the one thing that would make our centre better: a morning each week in
Broadmere, with the same worker, and a promise that lasts for more than one year.

The member who voted against wishes it to be recorded that in her view every centre
ought to keep a manager of its own, and that the money could be found by printing
fewer leaflets.

9. What families told us. The Clerk sat in the Reading Room on two Wednesdays and wrote
down what was said to him. We give a few of the answers, without names.

"She weighed him, and then she looked at me and asked when I had last eaten."

"I do not mind who the manager is. I mind if it shuts."

"We moved here from Leicester and knew nobody. This was the only place where I spoke
to a grown person between Monday and Friday."

"They are always asking us to fill in forms about how happy we are. I would be happier
without the forms."

"My husband thinks that it is for people on benefits. Tell them to put up a sign that
says it is for everybody."

"If Wroxham and Stalham were one thing I would go to both. Now I feel that I am cheating
on Stalham when I go to the other."

Twenty-three people spoke to the Clerk. Eleven were against the proposal, five were for
it, and seven had not heard of it. The Council draws the attention of the County to the
seven.

The Council would welcome a visit from the officer who drew the map.
""",
        closing="Yours faithfully,",
        signed="""
D. P. Mallett
Town Clerk, for Broadmere Town Council
""",
        name="D. P. Mallett",
        organisation="Broadmere Town Council",
        role="other",
        postcode="NR12 0QW",
        phone="01632 960155",
        places="NCC23;NCC48",
    ),
    Letter(
        file="scan-0005.pdf",
        form="typed",
        created=datetime(2011, 3, 7, 16, 2, 44, tzinfo=GMT),
        font="serif",
        size=11.5,
        letterhead="""
Mill Pightle Infant School and Nursery
Pightle Way, Dereham, Norfolk NR19 1JU
Head teacher: Mrs C. Adcock BEd    Telephone 01632 960118    office@example.net
""",
        sender="",
        dated="Monday 7 March 2011",
        salutation="Dear colleague",
        body="""
Proposal to group the children's centres

Our school is three hundred yards from Dereham South and a mile from Dereham Central.
I answer for the school; the governors saw this letter on 2 March and agreed to it.

On entry to our nursery we look at how well each child speaks and listens. In 2007, of
forty-four children, nineteen had no more than a handful of words that a stranger
could understand. Last September it was eight. I do not claim that the children's
centre did that alone. I do say that nobody else was trying.

We neither agree nor disagree with shared managers. Dereham Central and Dereham South
are a mile apart and one person could very well run both of them. What would worry us
is a group reaching to Swaffham and Litcham, where the families, the bus routes and
the schools are all different.

Three things that we ask of you:

1. Keep the speech and language group at Dereham South on a morning on which our
nursery children can walk there.

2. Put in the new manager's job description that he or she meets the heads of the
schools every half term. It happens now because two people like each other. That is
not a system.

3. Tell the staff first. Two of them are our parents, and they heard about this from
the newspaper.
""",
        closing="Yours sincerely",
        signed="""
Carol Adcock
Head teacher
""",
        name="Carol Adcock",
        organisation="Mill Pightle Infant School and Nursery",
        role="education partner",
        postcode="NR19 1JU",
        phone="01632 960118",
        email="office@example.net",
        places="NCC15;NCC16;NCC35;NCC36",
    ),
    Letter(
        file="scan-0006.jpg",
        form="jpeg",
        created=datetime(2011, 3, 9, 12, 15, 0, tzinfo=GMT),
        font="sans",
        size=12,
        skew=-0.8,
        sender="""
Flat 6
22 Brecks Court
Thetford
IP24 1QH
07700 900118
""",
        dated="6th March",
        salutation="Hi,",
        body="""
Sorry if this is the wrong way to do it, the lady at the Abbey centre said just write
what you think and post it.

I had my first at 17. Nobody in my family has ever done a course in anything. I did
the parenting one, then the cooking one, then the maths one that was really for grown
ups who got told they were thick, and now I do two mornings a week as a volunteer and
they are helping me to apply for the access course at college.

All of that was because one person (the manager, I wont say her name, she would go
red) remembered what I said the week before and asked me about it.

You can put that in a group if you want. I dont think it will fit.

Strongly disagree.
""",
        closing="From",
        signed="""
Jade Cornish and Mason (2) and Ellie (8 months)
""",
        name="Jade Cornish",
        role="parent",
        postcode="IP24 1QH",
        phone="07700 900118",
        places="NCC52",
    ),
    Letter(
        file="scan-0007.pdf",
        form="grey",
        created=datetime(2011, 3, 11, 8, 58, 20, tzinfo=GMT),
        font="serif",
        size=12.5,
        skew=0.9,
        stamp="RECEIVED 10 MAR 2011",
        sender="""
48 Ropewalk Close
King's Lynn
PE30 4WB
""",
        dated="2nd March 2011",
        salutation="Dear Sir or Madam,",
        body="""
My wife and I are kinship carers. We had planned to spend our sixties on a narrow
boat. Instead we have two boys of three and four, our son's children, who came to us
on a Friday night with one carrier bag.

We did not know where to begin. The health visitor sent us to the centre at North
Lynn, and for the first six weeks I believe that they did more for my wife than for
the boys. There is a group there for grandparents who are bringing up children. There
are nine families in it. It was set up by the manager, who saw that we did not fit in
with the young mums and did something about it without being asked.

I am not against the plan as such. I worked on the docks and I have been reorganised
more often than I can count. Some of it was sensible. My question is a plain one. In
the new arrangement, who notices? If the answer is "the group manager", please give
her few enough centres that she can.

We do not mind our letter being printed, but please leave out the address.
""",
        closing="Yours sincerely,",
        signed="""
Kenneth and Sylvia Wagg
""",
        name="Kenneth and Sylvia Wagg",
        role="carer",
        postcode="PE30 4WB",
        places="NCC09",
    ),
    Letter(
        file="scan-0008.tif",
        form="tiff",
        created=datetime(2011, 3, 16, 15, 40, 9, tzinfo=GMT),
        font="sans",
        size=12,
        dpi=300,
        skew=-0.4,
        letterhead="""
SALTMARSH LANE MEDICAL PRACTICE
9 Saltmarsh Lane, Great Yarmouth NR30 2XE
Telephone 01632 960170
""",
        sender="",
        dated="14 March 2011",
        salutation="Dear Commissioner",
        body="""
The future of Norfolk's children's centres: answer of the practice

This is the agreed answer of the four partners, the two practice nurses and the
attached health visitor.

How we use the centres. The baby clinic moved out of our waiting room and into
Priory in 2008, and a second one is held at Greenacre. Attendance has risen by about a
third. The reason is simple: nobody likes to bring a well baby to sit among people who
are coughing. Antenatal classes followed. We refer some sixty families a year for
help which a prescription pad cannot give: debt, damp, loneliness, a partner who
drinks.

The proposal. We are content that managers should be shared between centres which
serve the same practice population. Priory and Greenacre are an example. We should
be sorry to see our centres put together with Caister and Martham merely because they
are in the same district, since those families are registered elsewhere and the
health visiting teams are different. Please draw the groups along the lines of health
visiting teams. It would cost you nothing.

Risk. Each centre has at present one person who is the lead for safeguarding. In a
child protection enquiry we telephone that person, whom we know. If one lead is to
cover four centres we need to be told, before the change and not after it, who answers
the telephone on which day. In 2009 a message which we left with the wrong centre lay
for eight days. No harm came of it. It was luck.

What would make the centres better. A private room with a door that shuts, at Priory.
At present the only one is also the store for the buggies, and we have told people
grave news beside a row of pushchairs.

We agree with the proposal on the above conditions and would disagree without them.
We also ask you to allow for the work of the change. For six months after the last
reorganisation nobody was sure who could sign the form for a taxi.

We have not asked our patients for their views. Many of them will have written to you
already.
""",
        closing="Yours sincerely",
        signed="""
Dr Imogen Castell
for the partners of Saltmarsh Lane Medical Practice
""",
        name="Dr Imogen Castell",
        organisation="Saltmarsh Lane Medical Practice",
        role="health partner",
        postcode="NR30 2XE",
        phone="01632 960170",
        places="NCC24;NCC29;NCC30;NCC31",
    ),
    Letter(
        file="scan-0009.pdf",
        form="typed",
        created=datetime(2011, 3, 22, 21, 48, 17, tzinfo=GMT),
        font="serif",
        size=12,
        sender="""
27 Damson Avenue
Norwich
NR4 6QX
""",
        dated="22 March 2011",
        salutation="Dear Children's Centre Commissioning,",
        body="""
I am a father of twins aged fourteen months and I use City and Eaton on Saturdays,
because Saturday is the only day on which I can.

I know how this will sound: we are not the family for which Sure Start was invented.
We own our house and we can read. But when twins arrive seven weeks early, nobody is
middle class at four in the morning. The dads' breakfast on the first Saturday of the
month kept me upright last winter. Eleven men, a great many sausages, and nobody
needing to explain why he was crying.

On the proposal itself I am in two minds. The figures in your paper are honest about
the saving, and I would rather lose a manager than a worker. Against that, Saturday
opening exists only because one manager thought of it and asked for volunteers. I do
not believe that a manager with five buildings would have.

So: neither agree nor disagree, leaning to disagree. If you go ahead, please ask each
group to keep one centre open on a Saturday. That is my one thing.
""",
        closing="Kind regards,",
        signed="""
Oliver Pym
""",
        name="Oliver Pym",
        role="parent",
        postcode="NR4 6QX",
        places="NCC01",
    ),
    Letter(
        file="scan-0010.pdf",
        form="grey",
        created=datetime(2011, 3, 24, 10, 12, 33, tzinfo=GMT),
        font="hand",
        size=17,
        skew=-0.7,
        sender="""
Samphire Lodge
Cliff Drove
Hunstanton
PE36 5TT
""",
        dated="21st March",
        salutation="Dear Sir,",
        body="""
I am a great grandmother, so I have seen a good few schemes come and go. This one
about the children's centres has me puzzled.

At Hunstanton they have the nicest girls you could meet. My grand-daughter takes the
baby to be weighed there and I go along for the walk. The baby does not care who the
manager is. But the girls do. They are worried about their jobs and it shows in
their faces.

Leave them be until the summer is over, then ask again.
""",
        closing="Yours sincerely,",
        signed="""
Ivy Frary (Mrs)
""",
        name="Ivy Frary (Mrs)",
        role="other",
        postcode="PE36 5TT",
        places="NCC07",
    ),
    Letter(
        file="scan-0011.pdf",
        form="black",
        created=datetime(2011, 3, 30, 13, 22, 51, tzinfo=BST),
        font="sans",
        size=12,
        dpi=300,
        skew=0.7,
        letterhead="""
Waveney Side Childminders' Network
c/o 5 Otter Holt, Harleston, IP20 9ZP
waveneyside@example.org
""",
        sender="",
        dated="28 March 2011",
        salutation="Dear all at County Hall,",
        body="""
We are fourteen registered childminders between Harleston and Diss. We met on Thursday
evening, with cake, to decide what to tell you. Here it is.

Drop-in. We use the childminder drop-in at Harleston (Monday) and at Diss (Friday).
Childminding is lonely work and this is our staff room. It is also where we are
trained, where we borrow the double buggy, and where somebody notices if one of us is
not coping.

Groups. Ten of us agree with one manager for Harleston and Diss, since most of us use
both anyway and the two do not always tell each other what is going on. Four disagree
because they think that it will end with one centre. All fourteen would disagree with
adding Long Stratton, which is a different world and forty minutes on the bus.

One thing to make it better. Put the programme for both centres on one sheet of paper
and send it out before the term begins, not in the third week of it.

We would rather be asked early than thanked late.
""",
        closing="With best wishes,",
        signed="""
Tina Sayer
for the Network
""",
        name="Tina Sayer",
        organisation="Waveney Side Childminders' Network",
        role="voluntary sector",
        postcode="IP20 9ZP",
        email="waveneyside@example.org",
        places="NCC05;NCC17;NCC18",
    ),
    Letter(
        file="scan-0012.pdf",
        form="grey",
        created=datetime(2011, 4, 5, 11, 3, 2, tzinfo=BST),
        font="serif",
        size=13,
        skew=-0.6,
        sender="""
14 Kittiwake Way
Gorleston
Great Yarmouth
NR31 6XL
""",
        dated="1 April 2011",
        salutation="To whom it may concern",
        body="""
We are next door neighbours and we are writing this together at one kitchen table. We
do not agree about the plan. We thought you might find that useful.

Donna says: leave Seagulls alone. It took me a year to walk through that door. I used
to push the pram past it and go home. The manager came out one day and talked to me
about the weather. If she had been at another centre that day I would still be walking
past. I disagree.

Rosalind says: I love Seagulls as well, but I have worked in an office and I know what
a manager's day is made of. It is made of returns. Let one person do the returns for
three centres and let the rest be with the families. I agree, so long as somebody
still goes outside and talks about the weather.

We both say: the path from the bus stop floods, and you cannot get a double buggy
through it. Mend that first and you will be heroes.
""",
        closing="Yours,",
        signed="""
Donna Larter and Rosalind Okafor
""",
        name="Donna Larter and Rosalind Okafor",
        postcode="NR31 6XL",
        places="NCC33",
    ),
    Letter(
        file="scan-0013.pdf",
        form="black",
        created=datetime(2011, 4, 11, 9, 15, 40, tzinfo=BST),
        font="sans",
        size=12.5,
        dpi=300,
        skew=-0.3,
        sender="""
16 Heron Reach
Loddon
Norwich
NR14 6YA
""",
        dated="7 April 2011",
        salutation="Dear Sir or Madam,",
        body="""
Please keep my name and address confidential. I work in a children's centre, and we
have been asked to leave the answering to the public. I am the public as well.

I will not say which centre. It is not Loddon, although I live here and took my own
two there when they were small.

What people do not see is the paper. Our manager is out for two days a week already,
at meetings about meetings. In those two days the deputy does the rota, the petty
cash, the fire drill and the crying. So in one sense you have already grouped us, and
what we have learned is that a deputy costs less than a manager and is paid like it.

If you go on with this, then write down what a deputy may decide on her own. May she
close early when the boiler fails? May she spend forty pounds? May she ring the social
worker without asking first? Today the answer depends upon whom you ask.

I neither agree nor disagree. I should like it to be done properly.
""",
        closing="Yours faithfully,",
        signed="""
Lorraine Tuddenham
""",
        name="Lorraine Tuddenham",
        role="other",
        postcode="NR14 6YA",
    ),
    Letter(
        file="scan-0014.pdf",
        form="grey",
        created=datetime(2011, 4, 13, 14, 30, 0, tzinfo=BST),
        font="serif",
        skew=0.5,
        cut=True,
        sender="""
2 Teasel Yard
Holt
NR25 6ZQ
""",
        dated="9 April 2011",
        salutation="Dear Sir or Madam,",
        body="""
This letter cannot be read, because the scanner lost its connection while it was
being sent. Somebody has to find the paper and scan it once more.
""",
        closing="Yours faithfully,",
        signed="""
A. Resident
""",
    ),
    Letter(
        file="scan-0015.pdf",
        form="grey",
        created=datetime(2011, 4, 20, 8, 41, 16, tzinfo=BST),
        font="serif",
        size=12.5,
        skew=0.5,
        sender="""
7 Linnet Row
Watton
Thetford
IP25 6XR
""",
        dated="14 April 2011",
        salutation="Dear Children's Centre team,",
        body="""
I have three children under six and no car, and I am writing this at the table in the
Watton centre while the middle one paints his own leg.

I disagree with the plan. It is not that I think a manager is holy. It is that every
time something is shared it ends up in Dereham. The job centre is in Dereham now, the
midwives are in Dereham, and the toddler gym is in Dereham. The bus to Dereham takes
fifty minutes and the driver will not let two buggies on.

If the new manager's desk is to be in one place, let it be here for once. There is a
room with a window. I have measured it with a tape, and the desk will fit.
""",
        closing="Yours hopefully,",
        signed="""
Marie Claxton
""",
        name="Marie Claxton",
        role="parent",
        postcode="IP25 6XR",
        places="NCC20",
    ),
)


def lines_of(block: str) -> list[str]:
    """The non-blank lines of a block of text."""
    return [line.strip() for line in block.strip().splitlines() if line.strip()]


def paragraphs_of(block: str) -> list[str]:
    """The paragraphs of a block, each joined into one line."""
    return [" ".join(p.split()) for p in block.strip().split("\n\n")]


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Break a paragraph into lines that are no wider than ``width`` points."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        longer = f"{current} {word}" if current else word
        if current and measure(longer) > width:
            lines.append(current)
            current = word
        else:
            current = longer
    return [*lines, current]


def lay_out(letter: Letter, measure: Callable[[str, float, bool], float]) -> list[list[Line]]:
    """Set a letter on pages: head, sender, date, recipient, body, signature."""
    size, lead = letter.size, letter.size * 1.32
    pages: list[list[Line]] = [[]]
    y = TOP

    def put(text: str, x: float, size: float = size, bold: bool = False) -> None:
        nonlocal y
        if y + lead > BOTTOM:
            pages.append([])
            y = TOP
        y += max(lead, size * 1.32)
        pages[-1].append(Line(x, y, text, size, bold))

    if letter.stamp:
        put(letter.stamp, LEFT, 15, bold=True)
        y += lead
    for number, text in enumerate(lines_of(letter.letterhead)):
        head = size * 1.35 if number == 0 else size * 0.9
        width = measure(text, head, number == 0)
        put(text, (PAGE_WIDTH - width) / 2, head, bold=number == 0)
    block = [*lines_of(letter.sender), letter.dated]
    widest = max(measure(text, size, False) for text in block)
    y += lead
    for text in block[:-1]:
        put(text, RIGHT - widest)
    y += lead * 0.6
    put(letter.dated, RIGHT - widest)
    y += lead * 0.4
    for text in lines_of(COUNTY_HALL):
        put(text, LEFT)
    y += lead * 0.8
    put(letter.salutation, LEFT)
    for paragraph in paragraphs_of(letter.body):
        y += lead * 0.55
        for text in wrap(paragraph, RIGHT - LEFT, lambda t: measure(t, size, False)):
            put(text, LEFT)
    y += lead * 0.8
    put(letter.closing, LEFT)
    y += lead * 1.6
    for text in lines_of(letter.signed):
        put(text, LEFT)
    return pages


class Typesetter:
    """Measures and draws text with the fonts that were given."""

    def __init__(self, fonts: dict[str, Path], face: str, dpi: int) -> None:
        """Draw with ``face`` (serif, sans, mono or hand) at ``dpi``."""
        self.fonts, self.face, self.dpi = fonts, face, dpi
        self.cache: dict[tuple[float, bool], ImageFont.FreeTypeFont] = {}

    def font(self, size: float, bold: bool) -> ImageFont.FreeTypeFont:
        """The font at ``size`` points."""
        if (size, bold) not in self.cache:
            name = f"{self.face}-bold" if bold else self.face
            path = self.fonts.get(name) or self.fonts[self.face]
            self.cache[size, bold] = ImageFont.truetype(
                str(path),
                round(size * self.dpi / 72),
                layout_engine=ImageFont.Layout.BASIC,
            )
        return self.cache[size, bold]

    def measure(self, text: str, size: float, bold: bool) -> float:
        """The width of a line in points."""
        return self.font(size, bold).getlength(text) * 72 / self.dpi

    def draw(self, lines: Sequence[Line]) -> Image.Image:
        """A clean page, dark grey on white."""
        scale = self.dpi / 72
        page = Image.new("L", (round(PAGE_WIDTH * scale), round(PAGE_HEIGHT * scale)), 255)
        pen = ImageDraw.Draw(page)
        for line in lines:
            at = (line.x * scale, line.y * scale)
            font = self.font(line.size, line.bold)
            pen.text(at, line.text, fill=28, font=font, anchor="ls")
        return page


def noise(size: tuple[int, int], strength: int, rng: random.Random) -> Image.Image:
    """A field of grain, from 0 to ``strength``."""
    grain = Image.frombytes("L", size, rng.randbytes(size[0] * size[1]))
    return grain.point([value * strength // 255 for value in range(256)])


def scan(page: Image.Image, letter: Letter, rng: random.Random) -> Image.Image:
    """What a scanner makes of a page: skewed, soft, grainy, with a shadow and dust."""
    black = letter.form in ("black", "tiff")
    page = page.rotate(
        letter.skew + rng.uniform(-0.1, 0.1),
        resample=Image.Resampling.BICUBIC,
        fillcolor=255,
    )
    page = page.filter(ImageFilter.GaussianBlur(letter.dpi / 360))
    width, height = page.size
    pen = ImageDraw.Draw(page)
    for _ in range(rng.randrange(25, 60)):  # dust
        x, y, r = rng.randrange(width), rng.randrange(height), rng.choice((0, 0, 1))
        pen.ellipse((x, y, x + r, y + r), fill=rng.randrange(60, 170))
    if not black:  # the page's edge, and where it was folded for the envelope
        for x in range(round(letter.dpi / 14)):
            pen.line((x, 0, x, height), fill=205 + x * 50 // round(letter.dpi / 14))
        for part in (1, 2):
            fold = height * part // 3 + rng.randrange(-20, 20)
            crease = Image.new("L", (width, 3), 12)
            strip = page.crop((0, fold, width, fold + 3))
            page.paste(ImageChops.subtract(strip, crease), (0, fold))
    page = ImageChops.subtract(page, noise(page.size, 90 if black else 14, rng))
    if black:
        return page.point([255 * (value > 120) for value in range(256)]).convert("1")
    return page


def g4(image: Image.Image) -> bytes:
    """A 1-bit image as one CCITT Group 4 strip (black is 1)."""
    out = io.BytesIO()
    image.save(out, "TIFF", compression="group4", tiffinfo={278: image.height})
    data = out.getvalue()
    with Image.open(io.BytesIO(data)) as written:
        tags = written.tag_v2  # type: ignore[attr-defined,unused-ignore]
        (offset,), (count,) = tags[273], tags[279]
    return data[offset : offset + count]


def image_pdf(images: Sequence[Image.Image], letter: Letter) -> bytes:
    """A PDF of pictures alone, as a scanner writes it: the catalogue comes last."""
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets: dict[int, int] = {}

    def add(number: int, head: str, stream: bytes | None = None) -> None:
        offsets[number] = out.tell()
        out.write(b"%d 0 obj\n" % number)
        if stream is None:
            out.write(f"<< {head} >>".encode("ascii"))
        else:
            out.write(f"<< {head} /Length {len(stream)} >>\nstream\n".encode("ascii"))
            out.write(stream + b"\nendstream")
        out.write(b"\nendobj\n")

    box = f"{PAGE_WIDTH:.2f} {PAGE_HEIGHT:.2f}"
    for number, image in enumerate(images):
        page = 4 + 3 * number
        size = f"/Width {image.width} /Height {image.height}"
        shape = f"/Type /XObject /Subtype /Image {size} /ColorSpace /DeviceGray"
        if image.mode == "1":
            parms = f"<< /K -1 /Columns {image.width} /Rows {image.height} /BlackIs1 true >>"
            kind = f"/BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms {parms}"
            data = g4(image)
        else:
            kind = "/BitsPerComponent 8 /Filter /DCTDecode"
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=42, optimize=True)
            data = buffer.getvalue()
        add(page + 1, f"{shape} {kind}", data)
        paint = f"q {PAGE_WIDTH:.2f} 0 0 {PAGE_HEIGHT:.2f} 0 0 cm /Im0 Do Q"
        packed = zlib.compress(paint.encode("ascii"), 0)
        add(page + 2, "/Filter /FlateDecode", packed)
        add(
            page,
            f"/Type /Page /Parent 2 0 R /MediaBox [0 0 {box}] /Contents {page + 2} 0 R "
            f"/Resources << /XObject << /Im0 {page + 1} 0 R >> >>",
        )
    kids = " ".join(f"{4 + 3 * number} 0 R" for number in range(len(images)))
    add(2, f"/Type /Pages /Count {len(images)} /Kids [{kids}]")
    add(1, "/Type /Catalog /Pages 2 0 R")
    made = letter.created.strftime("%Y%m%d%H%M%S%z")
    made = f"D:{made[:-2]}'{made[-2:]}'"
    add(3, f"/Creator (Office scanner) /CreationDate ({made}) /ModDate ({made})")
    start = out.tell()
    out.write(f"xref\n0 {len(offsets) + 1}\n".encode("ascii"))
    out.write(b"0000000000 65535 f \n")
    for number in sorted(offsets):
        out.write(b"%010d 00000 n \n" % offsets[number])
    out.write(f"trailer\n<< /Size {len(offsets) + 1} /Root 1 0 R /Info 3 0 R >>\n".encode())
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    data = out.getvalue()
    return data[: len(data) // 2] if letter.cut else data


def typed_pdf(letter: Letter) -> tuple[bytes, list[list[Line]]]:
    """A PDF with a text layer, as a word processor writes it."""
    names = {
        "serif": ("Times-Roman", "Times-Bold"),
        "sans": ("Helvetica", "Helvetica-Bold"),
    }[letter.font]
    pages = lay_out(letter, lambda text, size, bold: stringWidth(text, names[bold], size))
    os.environ["SOURCE_DATE_EPOCH"] = str(int(letter.created.timestamp()))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(PAGE_WIDTH, PAGE_HEIGHT), invariant=0)
    canvas.setTitle("Letter")
    canvas.setAuthor("")
    canvas.setSubject("")
    canvas.setCreator("Word processor")
    for page in pages:
        for line in page:
            canvas.setFont(names[line.bold], line.size)
            canvas.drawString(line.x, PAGE_HEIGHT - line.y, line.text)
        canvas.showPage()
    canvas.save()
    return out.getvalue(), pages


def tiff(images: Sequence[Image.Image], letter: Letter) -> bytes:
    """A multi-page TIFF, Group 4, with its DateTime tag."""
    out = io.BytesIO()
    images[0].save(
        out,
        "TIFF",
        compression="group4",
        save_all=True,
        append_images=list(images[1:]),
        dpi=(letter.dpi, letter.dpi),
        tiffinfo={306: f"{letter.created:%Y:%m:%d %H:%M:%S}", 305: "Office scanner"},
    )
    return out.getvalue()


def jpeg(image: Image.Image, letter: Letter) -> bytes:
    """A JPEG with its EXIF dates (local time, as cameras and scanners write them)."""
    exif = Image.Exif()
    exif[306] = f"{letter.created:%Y:%m:%d %H:%M:%S}"
    exif[305] = "Office scanner"
    exif.get_ifd(0x8769)[36867] = f"{letter.created:%Y:%m:%d %H:%M:%S}"
    out = io.BytesIO()
    image.save(out, "JPEG", quality=50, optimize=True, dpi=(letter.dpi, letter.dpi), exif=exif)
    return out.getvalue()


def make(letter: Letter, fonts: dict[str, Path]) -> tuple[bytes, str]:
    """The bytes of a letter's file, and its text."""
    if letter.form == "typed":
        data, pages = typed_pdf(letter)
    else:
        setter = Typesetter(fonts, letter.font, letter.dpi)
        pages = lay_out(letter, setter.measure)
        rng = random.Random(letter.file)
        images = [scan(setter.draw(page), letter, rng) for page in pages]
        if letter.form == "tiff":
            data = tiff(images, letter)
        elif letter.form == "jpeg":
            data = jpeg(images[0], letter)
        else:
            data = image_pdf(images, letter)
    text = "\f".join("".join(f"{line.text}\n" for line in page) for page in pages)
    return data, text


def fields_of(letter: Letter) -> dict[str, str]:
    """What a careful clerk would enter; ``text`` is the letter without its frame."""
    return {
        "file": letter.file,
        "scanned": letter.created.isoformat(),
        "name": letter.name,
        "organisation": letter.organisation,
        "respondent_role": letter.role,
        "postcode": letter.postcode,
        "phone": letter.phone,
        "email": letter.email,
        "places": letter.places,
        "text": "\n\n".join(paragraphs_of(letter.body)),
    }


def chosen(letters: Sequence[Letter], hand: Path | None) -> Iterator[Letter]:
    """The letters that can be made with the fonts at hand."""
    for letter in letters:
        if letter.font == "hand" and hand is None:
            print(f"{letter.file}: left as it is (needs --hand)", file=sys.stderr)
        else:
            yield letter


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the letters and their truth; 2 if a font is missing."""
    parser = argparse.ArgumentParser(description="Make the sample letters and their truth texts.")
    parser.add_argument("--out", type=Path, default=HERE, help="default: %(default)s")
    for face, file in (("serif", "Serif"), ("sans", "Sans"), ("mono", "Mono")):
        for style, ending in (("", "Regular"), ("-bold", "Bold")):
            default = LIBERATION / f"Liberation{file}-{ending}.ttf"
            parser.add_argument(f"--{face}{style}", type=Path, default=default, help="default: %(default)s")
    parser.add_argument("--hand", type=Path, help="a handwriting-like font")
    options = parser.parse_args(arguments)
    given: dict[str, Path | None] = {
        name.replace("_", "-"): path for name, path in vars(options).items() if name != "out"
    }
    fonts = {name: path for name, path in given.items() if path is not None}
    for name, path in fonts.items():
        if not path.is_file():
            where = "see the top of this file" if name == "hand" else "fonts-liberation"
            print(f"--{name}: there is no {path} ({where})", file=sys.stderr)
            return 2
    letters, truth = options.out / "letters", options.out / "letters-truth"
    letters.mkdir(parents=True, exist_ok=True)
    truth.mkdir(parents=True, exist_ok=True)
    for letter in chosen(LETTERS, options.hand):
        data, text = make(letter, fonts)
        (letters / letter.file).write_bytes(data)
        if not letter.cut:
            name = Path(letter.file).with_suffix(".txt").name
            (truth / name).write_text(text, encoding="utf-8")
    with (truth / "fields.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = [fields_of(letter) for letter in LETTERS if not letter.cut]
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
