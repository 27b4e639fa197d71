"""Pages of letters with the truth about each line: made by us, as people and offices in England set out their letters.

A line is a kind, where it stands, and its words. Kinds: ``L`` letterhead, ``A`` address, ``D`` date, ``G`` greeting,
``C`` closing and name, ``S`` stamp, ``T`` what the person says. Places: ``<`` left, ``>`` right half, ``^`` centred,
``*`` centred and large, ``)`` right half, beside the line before, ``_`` at the foot of the page, ``i`` indented. ``¦G``
within a line changes the kind. An empty line is a gap.
"""

import io
import random
from collections.abc import Callable
from typing import NamedTuple

import pypdfium2
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from intake.reading import dispatch, ocr
from intake.reading.pagetext import Box, arrange, compose
from intake.reading.parts import Part, Unreadable
from intake.reading.raster import Page

WIDTH, HEIGHT = 595.28, 841.89
_LEFT, _RIGHT, _TOP, _SIZE = 68.0, 340.0, 60.0, 11.0
_KINDS = {
    "L": "letterhead", "A": "address", "D": "date", "G": "greeting", "C": "closing", "S": "stamp", "T": "",
}  # fmt: skip

_BODY = """
T< I write about the plan for the children's centres. My two boys went to the one at
T< Watton and it was the making of us. When the heating failed it was the manager
T< who sorted it out.

T< I do not agree with sharing her between three places. She would be in the car all day.
"""

PAGES: dict[str, str] = {}


def _page(name: str, *pieces: str) -> None:
    PAGES[name] = "\n".join(piece.strip("\n") for piece in pieces)


_COUNCIL = """
A< Children's Centre Commissioning
A< Norfolk County Council
A< County Hall
A< Martineau Lane
A< Norwich
A< NR1 2DL
"""

_page(
    "resident, blocked style",
    """
A> 14 Kittiwake Way
A> Gorleston
A> Great Yarmouth
A> NR31 6XL

D> 1 April 2011
""",
    _COUNCIL,
    """

G< Dear Sir or Madam,

""",
    _BODY,
    """

C< Yours faithfully,


C< Donna Larter
""",
)
_page(
    "full block, everything left, date between",
    """
A< Quince Cottage
A< 11 Gooseberry Loke
A< Fakenham
A< NR21 0XD

D< 8th February 2011

""",
    _COUNCIL,
    """

G< Dear Sirs

T< CHILDREN'S CENTRES

""",
    _BODY,
    """

C< Yours truly


C< Mrs Beryl Thirtle
""",
)
_page(
    "address and recipient side by side",
    """
A< The Director
A) 3 Sluice Terrace
A< Children's Services
A) Downham Market
A< County Hall
A) Norfolk
A< Norwich NR1 2DL
A) PE38 7ZZ

D> 17 February 2011

G< Dear Director,

""",
    _BODY,
    """

C< Yours sincerely,

C< R. G. Bunnett
""",
)
_page(
    "letterhead, centred",
    """
L* BROADMERE TOWN COUNCIL
L^ The Reading Room, Staithe Hill, Broadmere, Norwich NR12 0QW
L^ Town Clerk: Mr D. P. Mallett    Telephone 01632 960155

D> 24 February 2011

""",
    _COUNCIL,
    """

G< Dear Madam,

T< Consultation: the future of Norfolk's children's centres

""",
    _BODY,
    """

C< Yours faithfully,

C< D. P. Mallett
C< Town Clerk, for Broadmere Town Council
""",
)
_page(
    "letterhead at the right",
    """
L> Wensum Bend Toy Library
L> The Old Boat Shed
L> Tannery Quay
L> Norwich NR3 7QT
L> Tel: 01632 960140
L> toys@example.org

L< Our ref: PH/12
L< Your ref: CCC/2011
D< 3 February 2011

""",
    _COUNCIL,
    """

G< Dear Sir or Madam

T< The future of Norfolk's children's centres

""",
    _BODY,
    """

C< Yours faithfully

C< Pauline Hewer
C< Secretary
""",
)
_page(
    "letterhead with tagline and charity number at the foot",
    """
L* Home-Start Brecks
L^ Supporting families since 1994
L^ 4 Market Place, Swaffham PE37 9ZQ
L^ 01632 960121    office@example.org    www.example.org

D< 2 March 2011

G< Dear Commissioner

""",
    _BODY,
    """

C< With best wishes

C< Anne Rix
C< Scheme Manager


L_ Registered charity no. 1099999
L_ Company limited by guarantee. Registered in England no. 4999999
""",
)
_page(
    "no greeting, no address",
    """
T< I think the centre at Diss should stay open. My daughter learned to speak there.
T< I would pay a pound a visit.

C< Yours sincerely

C< J. Howes
""",
)
_page(
    "a postcard",
    """
T< Please keep the Fakenham centre.
T< Beryl, Fakenham
""",
)
_page(
    "a postcard with a postcode",
    """
T< Keep Watton open!
T< Jane Smith, IP25 6XR
""",
)
_page(
    "one sentence",
    """
T< Strongly disagree.
""",
)
_page(
    "page two without a greeting",
    """
T< shared manager, by the lead agency or by County Hall. The Council regards this as the
T< most important gap in the paper.

T< 5. Buildings. The Town Council owns the Reading Room and has let it to the centre
T< without charge since 2008.

C< Yours faithfully

C< D. P. Mallett
C< Town Clerk
""",
)
_page(
    "page two with a running head",
    """
L< Broadmere Town Council    Page 2 of 3

T< shared manager, by the lead agency or by County Hall. The Council regards this as the
T< most important gap in the paper.
T< It would like an answer before May.
""",
)
_page(
    "page two in the middle of a letter, numbered",
    """
T< shared manager, by the lead agency or by County Hall. The Council regards this as the
T< most important gap in the paper.
T< It would like an answer before May.

L_ 2
""",
)
_page(
    "page two begins with a heading",
    """
T< What families told us

T< "She weighed him, and then she looked at me and asked when I had last eaten."
T< "I do not mind who the manager is."

L_ - 2 -
""",
)
_page(
    "P.T.O.",
    """
G< Dear Sir

T< I have two children and no car, and the bus to Dereham takes fifty minutes. I have
T< asked the driver whether two buggies fit and they do not, which is why

L_ P.T.O.
""",
)
_page(
    "a postscript below the name",
    """
A> 7 Linnet Row
A> Watton IP25 6XR
D> 14/4/11

G< Dear Children's Centre team,

""",
    _BODY,
    """

C< Yours hopefully,

C< Marie Claxton

T< P.S. The path from the bus stop floods. Mend that first.
""",
)
_page(
    "two postscripts, typed",
    """
G< Dear Sir,

""",
    _BODY,
    """

C< Kind regards,
C< Oliver Pym

T< PS My neighbour says the same.
T< PPS She is too busy to write.
""",
)
_page(
    "an enclosure is told",
    """
A> 27 Damson Avenue
A> Norwich
A> NR4 6QX

G< Dear Sir or Madam

""",
    _BODY,
    """

C< Yours faithfully

C< Oliver Pym

T< Enc. petition with 214 names
""",
)
_page(
    "Dear me in the text",
    """
T< Dear me, what a muddle this paper is. I have read it twice and cannot find who will be in
T< charge on a Monday.

T< Dear oh dear. Who thought of it?
""",
)
_page(
    "Dear me below a greeting",
    """
G< Dear Sir,

T< I have your paper here.

T< Dear me, what a muddle it is. Who will be in charge on a Monday? It says a manager will
T< be shared.

C< Yours,
C< B. Thirtle
""",
)
_page(
    "greeting and text on one line",
    """
G< Dear Sir, ¦T I am writing about the centre at Diss. It is the only place where my
T< daughter sees other children.

C< Yours sincerely, Mary Bird
""",
)
_page(
    "greeting with Hello and text on one line",
    """
G< Hello, ¦T my name is Tina and I use the centre at Thetford. I don't want it to
T< close because my mum group is there.

T< Thank you for reading this.
""",
)
_page(
    "Hello is part of a sentence",
    """
T< Hello again to whoever reads these. I wrote in February about the sand pit and I am
T< writing again because nobody has answered.
""",
)
_page(
    "to whom it may concern",
    """
A> 14 Kittiwake Way
A> Gorleston NR31 6XL

G< To whom it may concern

""",
    _BODY,
    """

C< Yours,

C< Donna Larter and Rosalind Okafor
""",
)
_page(
    "for the attention of",
    """
G< FAO Children's Centre Commissioning Team

D< 4th April 2011

G< Dear all,

""",
    _BODY,
    """

C< Many thanks,

C< Jade
""",
)
_page(
    "stamped at the top right",
    """
S> RECEIVED
S> 14 FEB 2011

A< 48 Ropewalk Close
A< King's Lynn
A< PE30 4WB

D< 10th February 2011

G< Dear Sir or Madam,

""",
    _BODY,
    """

C< Yours sincerely,

C< Kenneth and Sylvia Wagg
""",
)
_page(
    "stamped with the council's name",
    """
S> NORFOLK COUNTY COUNCIL
S> RECEIVED
S> 14 FEB 2011

G< Dear Sirs,

""",
    _BODY,
    """

C< Yours faithfully

C< K. Wagg
""",
)
_page(
    "stamped beside the text",
    """
G< Dear Sir,

T< I do not agree with the plan.
S) RECEIVED 14 FEB 2011
T< The bus takes fifty minutes.

C< Yours faithfully
C< A. Wright
""",
)
_page(
    "received is said in a sentence",
    """
G< Dear Sir,

T< I received 14 Feb 2011 as the date of the meeting and came for nothing. WE RECEIVED NO
T< ANSWER to our letter of 3 January 2011, which is a pity.

C< Yours faithfully
C< A. Wright
""",
)
_page(
    "a list of addresses in the body",
    """
G< Dear Sir,

T< These are the halls that could be used instead of the centre:

T< The Reading Room
T< Staithe Hill
T< Broadmere NR12 0QW

T< The Old Boat Shed
T< Tannery Quay
T< Norwich NR3 7QT

T< Both of them have a ramp.

C< Yours faithfully
C< P. Hewer
""",
)
_page(
    "a page of addresses and nothing else",
    """
T< The Reading Room
T< Staithe Hill
T< Broadmere NR12 0QW

T< The Old Boat Shed
T< Tannery Quay
T< Norwich NR3 7QT

T< Church Rooms
T< Church Street
T< Wymondham NR18 0ZZ
""",
)
_page(
    "a list of dates in the body",
    """
G< Dear Sir,

T< The centre was closed on these days:

T< 3 January 2011
T< 10 January 2011
T< 17 January 2011

T< Is that what you call open?

C< Yours faithfully
C< P. Hewer
""",
)
_page(
    "a heading above a short letter, no greeting",
    """
T^ SAVE FAKENHAM CHILDREN'S CENTRE

T< Everybody in our street uses it. There is nothing else for miles.

C< Mrs J. Barber
""",
)
_page(
    "a heading in capitals between the address and the greeting",
    """
A< 3 Sluice Terrace
A< Downham Market
A< PE38 7ZZ

D< 17 February 2011

T< YOUR PROPOSAL TO CLOSE CHILDREN'S CENTRES

G< Dear Sirs,

""",
    _BODY,
    """

C< Yours faithfully,
C< R. G. Bunnett
""",
)
_page(
    "a note of privacy at the top",
    """
T< Please keep my name and address confidential.

A> 16 Heron Reach
A> Loddon
A> Norwich
A> NR14 6YA

G< Dear Sir or Madam,

""",
    _BODY,
    """

C< Yours faithfully,
C< Lorraine Tuddenham
""",
)
_page(
    "the writer says who she is below her name",
    """
G< Dear Sir

""",
    _BODY,
    """

C< Yours sincerely
C< Jade Cornish
T< Mother of three and volunteer at the Abbey centre
""",
)
_page(
    "address below the name",
    """
G< Dear Sir or Madam

""",
    _BODY,
    """

C< Yours faithfully

C< Alan Fisher
A< 5 Otter Holt
A< Harleston
A< IP20 9ZP
""",
)
_page(
    "name, post, organisation, number",
    """
G< Dear Ms Hill

""",
    _BODY,
    """

C< Yours sincerely

C< Tina Sayer
C< Chair
C< Waveney Side Childminders' Network
C< Tel 01632 960118
C< tina@example.org
""",
)
_page(
    "the valediction ends a paragraph",
    """
G< Dear Sir

T< I do not agree. Please write to me before May. ¦C Yours sincerely,
C< Alan Fisher
""",
)
_page(
    "a quoted letter inside the letter",
    """
G< Dear Sir,

T< You wrote to my daughter in May as follows:

Ti Dear Parent,
Ti We are writing to tell you that the group on Tuesday will end. We are sorry.
Ti Yours sincerely,
Ti The Manager

T< That is all that she was told. She has been going there for two years and nobody
T< asked her what she thought. I was there when the letter came and I saw her face. She
T< has not been back since. I ask you to look into it before the group ends for good.
T< It is the only one on a Tuesday.

C< Yours faithfully
C< Alan Fisher
""",
)
_page(
    "thank you is said",
    """
G< Dear Sir

""",
    _BODY,
    """

T< Thank you.

C< Alan Fisher
""",
)
_page(
    "date alone and greeting",
    """
D> 6th March

G< Hi,

T< Sorry if this is the wrong way to do it, the lady at the centre said just write.

T< Strongly disagree.

C< From
C< Jade Cornish and Mason (2) and Ellie (8 months)
""",
)
_page(
    "address with telephone and email",
    """
A> Flat 6
A> 22 Brecks Court
A> Thetford
A> IP24 1QH
A> 07700 900118
A> jade@example.com

D> 6 March 2011

G< Dear Sir/Madam

""",
    _BODY,
    """

C< Regards

C< Jade Cornish
""",
)
_page(
    "name above the address",
    """
A> Mrs B. Thirtle
A> Quince Cottage
A> 11 Gooseberry Loke
A> Fakenham
A> Norfolk NR21 0XD

D> Tuesday 8th February 2011

G< Dear Sir,

""",
    _BODY,
    """

C< Yours truly,
C< Beryl Thirtle (Mrs)
""",
)
_page(
    "address on one line at the top",
    """
A< 14 Kittiwake Way, Gorleston, Great Yarmouth, NR31 6XL
D< 1.4.2011

G< Dear Councillor Smith,

""",
    _BODY,
    """

C< Yours sincerely,
C< Donna Larter
""",
)
_page(
    "address without a postcode",
    """
A> 12 Church Street
A> Holt
A> Norfolk

D> 3rd March 2011

G< Dear Madam,

""",
    _BODY,
    """

C< Yours faithfully,
C< W. Crane
""",
)
_page(
    "a school's letterhead",
    """
L* Mill Pightle Infant School and Nursery
L^ Pightle Way, Dereham, Norfolk NR19 1JU
L^ Head teacher: Mrs C. Adcock BEd    Telephone 01632 960118
L^ office@example.net

D< Monday 7 March 2011

""",
    _COUNCIL,
    """

G< Dear colleague

T< Proposal to group the children's centres

T< Our school is three hundred yards from Dereham South. I answer for the school.

T< 1. Keep the speech and language group at Dereham South.
T< 2. Tell the staff first.

C< Yours sincerely

C< Carol Adcock
C< Head teacher
""",
)
_page(
    "a surgery's letterhead, left, with reference lines",
    """
L* SALTMARSH LANE MEDICAL PRACTICE
L< 9 Saltmarsh Lane, Great Yarmouth NR30 2XE
L< Telephone 01632 960170    Fax 01632 960171

L< Our ref: IC/mb
L< Please ask for: Dr Castell

D< 14 March 2011

G< Dear Commissioner

T< This is the agreed answer of the four partners.

T< We agree with the proposal on conditions.

C< Yours sincerely
C< pp
C< Dr Imogen Castell
C< for the partners of Saltmarsh Lane Medical Practice
""",
)
_page(
    "a church",
    """
L^ St Withburga's Church, Holkham Road
L^ The Vicarage, Church Lane, Dersingham PE31 6ZQ
L^ Telephone 01632 960133

D> 2 April 2011

G< Dear Sir or Madam,

T< Our toddler group meets in the hall on Thursdays. Half of its families come from the
T< centre.

C< Yours sincerely,

C< Rev. Susan Marl
C< Rector
""",
)
_page(
    "a member of parliament",
    """
L* HELEN MARCHBANKS MP
L^ HOUSE OF COMMONS
L^ LONDON SW1A 0AA
L^ Telephone 01632 960188

L< Our ref: HM/TW/2231
D< 21 March 2011

G< Dear Director,

T< I enclose a letter from my constituent and should be grateful for your comments on it.

C< Yours sincerely,

C< Helen Marchbanks MP
""",
)
_page(
    "a printed name and a scribble",
    """
G< Dear Sir,

""",
    _BODY,
    """

C< Yours faithfully,
C< AWh
C< A. Wright
""",
)
_page(
    "fax header line is no letter",
    """
T< I object to the plan for the centres because the bus does not come.

C< Best wishes
C< Ann
""",
)
_page(
    "bullets",
    """
G< Dear Sir

T< Three things:

T< • Keep the Monday group.
T< • Tell the staff first.
T< • Mend the path.

C< Yours sincerely
C< Ann Wright
""",
)
_page(
    "a table of answers",
    """
G< Dear Sir

T< Question one
T) Disagree
T< Question two
T) Agree
T< Question three
T) Neither

C< Yours sincerely
C< Ann Wright
""",
)
_page(
    "numbered answers, no frame at all",
    """
T< Q1 Disagree
T< Q2 Agree, with one condition
T< Q3 Watton, Dereham Central
T< Q4 The bus
""",
)
_page(
    "an email printed",
    """
T< From: Ann Wright
T< To: Children's Centre Commissioning
T< Subject: Watton

T< I object to the plan for the centres because the bus does not come.
""",
)
_page(
    "council as sender of forms returned",
    """
T< Q5. Is there anything else?
T< Yes. The County Hall car park is too far from the meeting.
T< Norwich is a long way from Watton.
""",
)
_page(
    "place names alone in the text",
    """
G< Dear Team,

T< The centres that matter to us are:
T< Watton
T< Dereham Central
T< Church Road, Swaffham

T< All three of them.

C< Yours
C< T. Sayer
""",
)
_page(
    "a greeting in the text about a greeting",
    """
T< Your letters begin Dear Parent or Carer and then talk of clusters. Who are they written
T< for? I am a parent and I do not know what a cluster is.
""",
)
_page(
    "Dear friends have told us",
    """
G< Dear Sir,

T< The centre is all we have.

T< Dear friends have told us that it will shut, and we believe them.

C< Yours sincerely
C< Ann Wright
""",
)
_page(
    "yours is a word",
    """
T< Yours is the best centre in the county and I will not see it go.
T< Yours faithfully has been the last line of every letter from you, and no faith in it.
T< That is what people say here.
""",
)
_page(
    "regards in the text",
    """
G< Dear Sir

T< As regards the money, charge me.
T< Best wishes will not keep it open.

C< Best wishes
C< Ann Wright
""",
)
_page(
    "compliments slip",
    """
L^ Wroxham Primary School, Norwich Road, Wroxham NR12 8ZZ
L^ Tel: 01632 960199

T< Herewith the answers of our parents' forum.
T< Nobody was in favour.
""",
)
_page(
    "a page of signatures",
    """
T< Signed by the parents of the Tuesday group:

T< A. Wright
T< B. Thirtle
T< M. Bird
""",
)
_page(
    "recipient without a sender",
    """
A< The Manager
A< Children's Centre Consultation
A< Freepost
A< Norwich

G< Dear Manager,

""",
    _BODY,
    """

C< Sincerely,
C< M. Bird
""",
)
_page(
    "signed for somebody",
    """
A> 2 Mill Lane
A> Holt NR25 9ZZ
D> March 2011

G< Dear Sir,

T< My mother is ninety and has asked me to write down what she says.

T< She says: leave them be.

C< Yours faithfully
C< M. Bird
C< for Mrs Ivy Frary
""",
)
_page(
    "an appeal below the name",
    """
G< Dear Sir,

""",
    _BODY,
    """

C< Yours faithfully
C< M. Bird

T< Please do not print my name.
""",
)
_page(
    "copied to",
    """
G< Dear Sir,

""",
    _BODY,
    """

C< Yours faithfully
C< M. Bird

T< cc Cllr Alison Thomas
""",
)
_page(
    "attention in the text",
    """
T< The junction by the centre needs some immediate
T< attention as far as buggies. Nobody slows down.
""",
)
_page(
    "a name that is a sentence",
    """
G< Dear Sir,

""",
    _BODY,
    """

C< Yours faithfully
T< A very worried grandmother
""",
)
_page(
    "a subject with Re",
    """
A> 2 Mill Lane
A> Holt NR25 9ZZ

""",
    _COUNCIL,
    """

D< 9 March 2011

G< Dear Sir or Madam

T< Re: Closure of children's centres

""",
    _BODY,
    """

C< Yours faithfully
C< M. Bird
""",
)
_page(
    "a subject above the greeting",
    """
A> 2 Mill Lane
A> Holt NR25 9ZZ

D< 9 March 2011

T< Children's Centres Consultation Response

G< Dear Sir or Madam

""",
    _BODY,
    """

C< Yours faithfully
C< M. Bird
""",
)
_page(
    "notepaper with the address centred",
    """
L^ Samphire Lodge, Cliff Drove, Hunstanton, PE36 5TT
L^ Telephone 01632 960177

D> 21st March

G< Dear Sir,

""",
    _BODY,
    """

C< Yours sincerely,
C< Ivy Frary (Mrs)
""",
)

_page(
    "nhs trust",
    """
L> Norfolk Community Health and Care NHS Trust
L> Elliot House
L> 130 Ber Street
L> Norwich
L> NR1 3FR

L> Direct Dial: 01632 960444
L> Email: jane.poole@example.org

D< 18 March 2011

A< Lisa Christensen
A< Director of Children's Services
A< Norfolk County Council
A< County Hall
A< Martineau Lane
A< Norwich NR1 2UD

G< Dear Lisa

T< Children's Centre Consultation

T< Thank you for the opportunity to comment on the proposals. The Trust supports the
T< principle of clusters, provided that health visitors keep their rooms.

T< Our main concern is the loss of the baby clinics at Stalham.

C< Yours sincerely

C< Jane Poole
C< Assistant Director, Children's Services
""",
)
_page(
    "mum, informal",
    """
D> 12/3/11

G< To Norfolk County Council,

T< I'm writing about Sure Start in Thetford. I've been going for 2 years with my little
T< girl and it's been a lifeline. Don't take it away from us.

T< If you close it where will we go???

T< From a worried mum,
C< Kelly x
""",
)
_page(
    "parish clerk, email style",
    """
L< HEMPNALL PARISH COUNCIL
L< Clerk to the Council: Mr I J Nelson
L< Hill House, Mill Road, Hempnall, Norwich NR15 2LP
L< Tel: 01632 960555  Email: clerk@example.org
L< www.example.org

D< 5 April 2011

A< Children's Centres Consultation
A< Children's Services
A< Room 60, County Hall
A< Martineau Lane
A< Norwich
A< NR1 2DL

G< Dear Sir/Madam,

T< CONSULTATION ON THE FUTURE OF CHILDREN'S CENTRES

T< My Council considered the above at its meeting on 29 March 2011 and resolved as follows:

T< (i) that the proposals be opposed;
T< (ii) that the County Council be asked to think again.

C< Yours faithfully,

C< I J Nelson
C< Clerk
""",
)
_page(
    "numbered questions reply",
    """
T< RESPONSE TO CONSULTATION ON CHILDREN'S CENTRES

T< Name: Mrs D Platten
T< Address: 4 The Street, Hindolveston, NR20 5BU

T< Question 1: Do you agree with the proposals?
T< No. They will leave the villages with nothing.

T< Question 2: What would you change?
T< Keep an outreach worker in every cluster.
""",
)
_page(
    "thanks end",
    """
A> 22 Sandy Lane
A> Dereham
A> Norfolk
A> NR19 2EA

D> 28.3.11

G< Dear Mr Jones

T< I hope the centre at Dereham will be allowed to go on. We have made so many friends
T< there and my son has learned to share.

T< With thanks for all you do for families.

C< Best regards
C< Claire Mason
""",
)
_page(
    "two signers side",
    """
G< Dear Madam

T< We, the undersigned, ask the council to keep all of its children's centres open and to
T< look for savings at County Hall instead.

C< Yours faithfully

C< J. Mobbs
C) P. Tooley
C< Chairman
C) Vice Chairman
""",
)
_page(
    "councillor",
    """
L^ Cllr Diana Irving
L^ Conservative Member for Lacons Division
L^ 14 Marine Parade, Great Yarmouth, NR30 2EN
L^ Tel: 01632 960666

D< 30th March, 2011

G< Dear Alison,

T< I write as local member. Residents in Lacons are worried about Priory and I share
T< their worry. This is my own view.

C< Kind regards,

C< Diana
""",
)
_page(
    "solicitor",
    """
L* HATCH & CO. SOLICITORS
L^ 12 Tombland, Norwich NR3 1HF  DX 5206 Norwich
L^ Tel 01632 960777  Fax 01632 960778

L< Our Ref: SH/jb/10442
L< Your Ref:

D< 1 April 2011

L< BY EMAIL AND POST

A< Norfolk County Council
A< County Hall
A< Norwich

G< Dear Sirs

T< Our client: Friends of Wells Children's Centre

T< We are instructed by the above, who object to the proposals for the reasons below.

C< Yours faithfully

C< HATCH & CO.

L_ Authorised and regulated by the Solicitors Regulation Authority. Partners: S Hatch, J Bloom
""",
)
_page(
    "card from child",
    """
T< To the council
T< I like the sand at the centre and Miss Kim. Please dont shut it.
T< Love from Alfie aged 5
""",
)
_page(
    "headteacher address bottom",
    """
G< Dear colleagues,

T< I respond as head of a small rural school. Two thirds of our reception class came to us
T< by way of the centre at Litcham.

T< We would be sorry to see its hours cut.

C< Yours sincerely,

C< Mrs Helen Wade
C< Headteacher
C< Beeston Primary School
A< School Road
A< Beeston
A< King's Lynn
A< PE32 2NQ
C< Tel: 01632 960888
""",
)
_page(
    "page two continuation with name date",
    """
L< Norfolk County Council
L< 18 March 2011
L< Page 2

T< which brings me to the matter of the buses. They are not frequent and the last one
T< leaves at four.

C< Yours sincerely

C< Jane Poole
""",
)
_page(
    "anonymous",
    """
G< TO WHOM IT MAY CONCERN:

T< Shared managers is a daft idea.
T< A Taxpayer
""",
)
_page(
    "foreign style",
    """
A< Katarzyna Nowak
A< 15 London Road
A< King's Lynn
A< PE30 5PY

A> Norfolk County Council
A> County Hall
A> Norwich

D> King's Lynn, 7 April 2011

G< Dear Sir or Madam!

T< I am mother of two children and I visit the centre in Lynn every week. There I have
T< learned English. I ask you to keep it.

C< With kind regards
C< Katarzyna Nowak
""",
)
_page(
    "handnotes",
    """
T< Watton Children's Centre
T< - nice staff
T< - good toys
T< - too small
T< Dereham Central
T< - parking bad
""",
)
_page(
    "long sender + org",
    """
L> Friends of Swaffham Children's Centre
L> c/o 8 Station Street
L> Swaffham
L> PE37 7LD
L> friends@example.org

D> 15 April 2011

A< Children's Centre Commissioning Team
A< Norfolk County Council
A< Freepost NC22093/8
A< Martineau Lane
A< Norwich NR1 2DL

G< Dear Commissioning Team,

T< We are a group of forty parents. Our answer was agreed at a meeting on 9 April.

C< On behalf of the Friends,

C< Sarah Lusher (Chair)
""",
)

_page(
    "library",
    """
L^ THE MILLENNIUM LIBRARY FRIENDS GROUP
L^ Patron: Baroness Hollis
L^ The Forum, Millennium Plain, Norwich, NR2 1AW

D> 22nd March 2011

A< Mrs L Christensen
A< Norfolk County Council
A< County Hall
A< Norwich NR1 2DL

G< Dear Mrs Christensen,

T< Our members read to children at Vauxhall every Friday. We would not like to lose the room.

C< Yours sincerely,

C< Margaret Allen
C< Honorary Secretary
""",
)
_page(
    "farmer",
    """
A> Low Farm
A> Mundesley
A> North Walsham
A> NR28 9AB
A> Tel. 01632 960321

D> 4-4-11

G< Sir,

T< Forty years I have paid rates. Now I pay for managers. Keep the nurses, lose the managers.

C< Yours etc.,
C< H. Gedge
""",
)
_page(
    "young mum",
    """
G< Hiya,

T< i go to the centre at north walsham with my lil boy and its well good. pls dont shut it as
T< i got no car an no money for soft play x

C< thanks
C< Shannon
""",
)
_page(
    "union",
    """
L> UNISON Norfolk County Branch
L> County Hall
L> Martineau Lane
L> Norwich NR1 2DH
L> T 01632 960909
L> branch@example.org

D< 11 April 2011

A< Lisa Christensen, Director of Children's Services

G< Dear Lisa,

T< Formal response to the children's centre consultation

T< UNISON opposes the loss of forty posts. Our members tell us that

T< • caseloads have doubled
T< • nobody has covered for sick leave since October

C< Yours sincerely,

C< Jonathan Dunning
C< Branch Secretary
""",
)
_page(
    "quaker",
    """
A^ Wymondham Quaker Meeting
A^ Friends Meeting House, Avenue Road, Wymondham NR18 0QJ

D> 3rd of April 2011

G< Dear Friends,

T< We have let our hall to the toddler group for eleven years and mean to go on.

C< In friendship,

C< Ruth Pell
C< Clerk to the Meeting
""",
)
_page(
    "grandfather verse",
    """
A> 3 The Loke
A> Cromer NR27 0AA

T> Easter Monday

G< Dear Council,

T< Roses are red,
T< the centre is blue,
T< I take the twins Tuesdays,
T< and so should you.

C< Yours in hope,
C< Len Gotts
""",
)
_page(
    "memo",
    """
A< MEMORANDUM
A< To: Children's Centre Commissioning
A< From: Safeguarding Team
D< Date: 7 March 2011
L< Ref: SG/44

T< The lead for safeguarding must be named for every site.
""",
)
_page(
    "reply slip",
    """
T< I would like the centre to stay as it is.

C< Signed
C< P. Rudd
C< 6 April 2011
""",
)
_page(
    "letter address right single line",
    """
A> 5 Beech Close, Hellesdon, Norwich, NR6 5AA
D> Sunday, April 10th 2011

G< To the Director of Children's Services.

T< Madam, you say that nothing will close. Then say so in your leaflet, in large letters.

C< I remain, Madam,
C< Yours truly,
C< Wm. Cubitt
""",
)
_page(
    "playgroup chair",
    """
L* Little Acorns Pre-School
L^ Village Hall, The Street, Rackheath NR13 6QQ
L^ Registered charity number 1022222    Ofsted EY200000

D< 29 March

G< Dear Sir or Madam

T< Our committee met last night. All seven of us want the outreach worker to stay.

T< We also ask for the new rota in writing.

C< With kind regards and thanks

C< Emma Dack
C< Chairperson, Little Acorns Pre-School
""",
)
_page(
    "ps long",
    """
G< Dear all,

T< Nobody told us about the meeting at Sprowston.

C< Best,
C< Tom

T< p.s. my wife wrote to you as well but she is nicer than me. If you have to choose between
T< the two letters then throw this one away.
""",
)
_page(
    "confidential header",
    """
T< PRIVATE AND CONFIDENTIAL

A< Ms K. Howard
A< 9 Chapel Road
A< Attleborough
A< NR17 1AA

D< 1st April 2011

A< Norfolk County Council
A< County Hall
A< Norwich

G< Dear Sir/Madam

T< My ex-husband does not know where we live and the centre helped us to move. Please don't
T< print any of this.

C< Yours faithfully
C< K. Howard (Ms)
""",
)


class Labelled(NamedTuple):
    """A page with the kind of each of its words, "" for text, by where the word begins in the page's text."""

    part: Part
    kinds: dict[int, str]


def _width(text: str, size: float) -> float:
    return len(text) * size * 0.5


def lines_of(
    layout: str, measure: Callable[[str, float], float] = _width
) -> list[tuple[float, float, float, list[tuple[str, str]]]]:
    """The lines of a layout: left end, top, size, and pieces of a kind and words."""
    made: list[tuple[float, float, float, list[tuple[str, str]]]] = []
    top, foot = _TOP, HEIGHT - 62
    for line in layout.split("\n"):
        if not line.strip():
            top += _SIZE * 0.9
            continue
        kind, place, words = line[0], line[1], line[3:]
        size = 15.0 if place == "*" else _SIZE
        pieces = [(kind, words)]
        if "¦" in words:
            first, rest = words.split("¦")
            pieces = [(kind, first.rstrip()), (rest[0], rest[2:])]
        width = measure(" ".join(text for _, text in pieces), size)
        x0 = {"^": (WIDTH - width) / 2, "*": (WIDTH - width) / 2, ">": _RIGHT, ")": _RIGHT, "i": _LEFT + 30}.get(
            place, _LEFT
        )
        if place == "_":
            made.append(((WIDTH - width) / 2, foot, size, pieces))
            foot += 13
            continue
        if place == ")":
            top = made[-1][1]
        made.append((x0, top, size, pieces))
        top += size * 1.25
    return made


def boxes_of(layout: str) -> list[tuple[str, Box]]:
    """The words of a layout as boxes, each with its kind."""
    found = []
    for x0, top, size, pieces in lines_of(layout):
        x = x0
        for kind, words in pieces:
            for gap, word in _words(words):
                x += gap * size * 0.5
                found.append((kind, Box(word, x, top, x + _width(word, size), top + size)))
                x += _width(word, size)
            x += size * 0.5
    return found


def _words(text: str) -> list[tuple[int, str]]:
    """Each word with how many spaces stand before it."""
    found: list[tuple[int, str]] = []
    at = 0
    for word in text.split():
        start = text.index(word, at)
        found.append((start - at if found else 0, word))
        at = start + len(word)
    return found


def labelled(layout: str, *, misread: float = 0.0, skew: float = 0.0, seed: int = 1) -> Labelled:
    """A page as a reader would hand it over.

    Args:
        layout: what stands on it.
        misread: the share of characters that are taken for others, as OCR does.
        skew: by how many points a line sinks over the width of the page.
        seed: of what is misread.
    """
    chance = random.Random(seed)
    known: dict[tuple[float, float], str] = {}
    boxes = []
    for kind, box in boxes_of(layout):
        text = "".join(_misread(c, chance) if misread and chance.random() < misread else c for c in box.text)
        sunk = skew * box.x0 / WIDTH
        moved = Box(text, box.x0, box.top + sunk, box.x1, box.bottom + sunk, 0.9 if misread else 1.0)
        known[round(moved.x0, 2), round(moved.top, 2)] = _KINDS[kind]
        boxes.append(moved)
    page = compose(arrange(boxes))
    part = Part(
        number=0, kind="page", media_type="image/tiff" if misread else "application/pdf", text=page.text, page=1,
        method="ocr" if misread else "pdf", width=WIDTH, height=HEIGHT, words=page.words,
    )  # fmt: skip
    return Labelled(part, {word.start: known[word.x0, word.top] for word in page.words})


_CONFUSED = {
    "l": "1I|", "i": "l1", "e": "c", "o": "0", "a": "o", "r": "n", "n": "r", "c": "e", "y": "v", "f": "t", "t": "f",
    "h": "b", "s": "5", "u": "v", "D": "O", "S": "5", "I": "l1", "O": "0", "Y": "V", "m": "n", ",": ".", ".": ",",
    "0": "O", "1": "l", "5": "S", "2": "Z", "R": "P", "E": "F", "C": "G",
}  # fmt: skip


def _misread(character: str, chance: random.Random) -> str:
    return chance.choice(_CONFUSED.get(character, character))


def drawn(layout: str) -> Labelled:
    """A page set by reportlab and read by its text layer."""
    reading = dispatch.read(as_pdf(layout), "application/pdf", {})
    if isinstance(reading, Unreadable):
        raise TypeError(reading.reason)
    return _matched(layout, reading.parts[0])


def ocred(layout: str) -> Labelled:
    """A page set by reportlab, drawn as a picture, and read by OCR."""
    document = pypdfium2.PdfDocument(as_pdf(layout))
    grey = document[0].render(scale=200 / 72, grayscale=True).to_pil().convert("L")
    return _matched(layout, ocr.page_part(Page(grey, 200, dpi_assumed=False), 0, "image/png"))


def as_pdf(layout: str) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    for x0, top, size, pieces in lines_of(layout, _set_width):
        canvas.setFont("Times-Roman", size)
        x = x0
        for _, words in pieces:
            for gap, word in _words(words):
                x += gap * size * 0.25
                canvas.drawString(x, HEIGHT - top - size * 0.8, word)
                x += _set_width(word, size)
            x += size * 0.25
    canvas.save()
    return out.getvalue()


def _set_width(text: str, size: float) -> float:
    return float(stringWidth(text, "Times-Roman", size))


def _matched(layout: str, part: Part) -> Labelled:
    """A page that was read, each word with the kind of the piece of a line that it stands in."""
    known = []
    for x0, top, size, pieces in lines_of(layout, _set_width):
        x = x0
        for kind, words in pieces:
            wide = _set_width(words, size)
            known.append((x, top, x + wide + size, top + size, _KINDS[kind]))
            x += wide + size * 0.25
    kinds = {}
    for word in part.words:
        x, y = (word.x0 + word.x1) / 2, (word.top + word.bottom) / 2
        at = [kind for x0, top, x1, bottom, kind in known if x0 - 4 <= x <= x1 + 4 and top - 3 <= y <= bottom + 3]
        kinds[word.start] = at[-1] if at else ""
    return Labelled(part, kinds)
