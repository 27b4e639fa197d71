"""Messages as machines and people send them, written from the standards: each with what is to become of it, and by
which rule. All names and addresses are made up; the council's is that of the sample consultation.
"""

from dataclasses import dataclass
from typing import Literal

COUNCIL = "childrenscentrecommissioning@norfolk.gov.uk"
Who = Literal["machine", "person", "platform"]


@dataclass(frozen=True, slots=True)
class Case:
    """A message: who sent it (``platform``: a person, through a service), the reason for which it is set aside ("" if it
    counts), words of the rule that does it, and whether a person must look (`genuine?`)."""

    name: str
    who: Who
    raw: bytes
    reason: str = ""
    rule: str = ""
    genuine: bool = False


def mail(header: str, body: str) -> bytes:
    """A message with these header lines, and those that every message has if they are missing."""
    lines = header.strip().splitlines()
    given = {line.partition(":")[0].lower() for line in lines}
    usual = {
        "From": "Pat Reeve <pat.reeve@example.org>", "To": COUNCIL, "Date": "Tue, 1 Mar 2011 10:00:00 +0000",
        "Subject": "Your message", "MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8",
    }  # fmt: skip
    lines += [f"{name}: {value}" for name, value in usual.items() if name.lower() not in given]
    return ("\r\n".join(lines) + "\r\n\r\n" + body.replace("\n", "\r\n") + "\r\n").encode()


def multipart(kind: str, header: str, *parts: tuple[str, str]) -> bytes:
    """A multipart of this kind (with its parameters) of parts: (header lines, body)."""
    body = "".join(f"--cut\n{head}\n\n{text}\n" for head, text in parts) + "--cut--"
    return mail(f"{header}\nContent-Type: multipart/{kind}; boundary=cut", body)


def report(kind: str, header: str, words: str, machine: str) -> bytes:
    """A multipart/report (RFC 6522): words for people, the machine's part, our message's header."""
    return multipart(
        f'report; report-type="{kind}"' if kind else "report",
        header,
        ("Content-Type: text/plain; charset=utf-8", words),
        (f"Content-Type: message/{kind or 'delivery-status'}", machine),
        ("Content-Type: text/rfc822-headers", f"From: {COUNCIL}\nSubject: Children's centres: have your say"),
    )


DSN = "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; jo@example.net\nAction: {}\nStatus: {}"
MDN = (
    "Reporting-UA: pc7; Mailer 3\nFinal-Recipient: rfc822; jo@example.net\nOriginal-Message-ID: <a@norfolk.gov.uk>\n"
    "Disposition: {}; {}"
)
FEEDBACK = "Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1"
DAEMON = "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nReturn-Path: <>"
OURS = f"From: Norfolk consultations <{COUNCIL}>"
ANSWERS = "In-Reply-To: <call-1@norfolk.gov.uk>\nReferences: <call-1@norfolk.gov.uk>"
AWAY = "I am out of the office until Monday 14 March. For urgent matters please ring my colleague."


def machine(name: str, reason: str, rule: str, raw: bytes) -> Case:
    return Case(name, "machine", raw, reason, rule)


BOUNCES = [
    *(
        machine(f"RFC 3464: {action}", "bounce", f"{said} (RFC 3464)", raw)
        for action, status, said in (
            ("failed", "5.1.1", "it failed"), ("delayed", "4.4.1", "it is delayed"),
            ("delivered", "2.0.0", "it was delivered"), ("relayed", "2.1.9", "it was passed on"),
            ("expanded", "2.1.5", "it was sent on to a list"),
        )
        for raw in [report("delivery-status", DAEMON, "This is what became of it.", DSN.format(action, status))]
    ),
    machine("RFC 3464: a mailbox that is full, from postmaster", "bounce", "RFC 3464",
        report("delivery-status", "From: postmaster@example.net\nSubject: Undeliverable: Children's centres", "Full.",
            DSN.format("failed", "5.2.2"))),
    machine("RFC 3464: Exchange, with X-Auto-Response-Suppress", "bounce", "RFC 3464",
        report("delivery-status", f"{DAEMON}\nX-Auto-Response-Suppress: All\nAuto-Submitted: auto-replied",
            "Your message couldn't be delivered.", DSN.format("failed", "5.4.1"))),
    machine("RFC 6533: a bounce of an international address", "bounce", "RFC 3464",
        multipart('report; report-type="delivery-status"', DAEMON, ("", "Nie dostarczono."),
            ("Content-Type: message/global-delivery-status", DSN.format("failed", "5.1.1")))),
    machine("RFC 6522: a report without its type, from a mail server", "bounce", "a delivery report",
        report("", DAEMON, "Your message could not be delivered.", DSN.format("failed", "5.0.0"))),
    machine("RFC 3464: the machine's part alone", "bounce", "RFC 3464",
        mail(f"{DAEMON}\nContent-Type: message/delivery-status", DSN.format("failed", "5.1.1"))),
    machine("Exchange: Content-Class dsn", "bounce", "dsn",
        mail("From: Microsoft Exchange <MicrosoftExchange329e@example.net>\nContent-Class: urn:content-classes:dsn\n"
            "Subject: Undeliverable: Children's centres", "The following recipient could not be reached: jo")),
    machine("RFC 5965: somebody marked ours as spam", "bounce", "RFC 5965",
        report("feedback-report", "From: feedback@isp.example\nSubject: FW: Children's centres", "An abuse report.",
            FEEDBACK)),
    machine("RFC 5965: the same with a provider's list headers", "bounce", "RFC 5965",
        report("feedback-report", "From: staff@hotmail.example\nPrecedence: bulk", "Complaint about message", FEEDBACK)),
    machine("Exim: X-Failed-Recipients", "bounce", "X-Failed-Recipients",
        mail(f"{DAEMON}\nX-Failed-Recipients: jo@example.net\nAuto-Submitted: auto-replied\n"
            "Subject: Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be"
            " delivered to one or more of its recipients.")),
    machine("Exim: the header, without Auto-Submitted", "bounce", "X-Failed-Recipients",
        mail(f"{DAEMON}\nX-Failed-Recipients: jo@example.net\nSubject: Mail failure", "No such user.")),
    machine("Exim: a warning of delay, nothing else", "bounce", "opening words",
        mail(f"{DAEMON}\nSubject: Warning: message 1abc delayed 24 hours",
            "This message was created automatically by mail delivery software.\nA message that you sent has not yet been"
            " delivered.")),
    *(
        machine(f"before RFC 3464: {server}", "bounce", "opening words", mail(f"{DAEMON}\nSubject: {subject}", words))
        for server, subject, words in (
            ("qmail", "failure notice", "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able"
                " to deliver your message to the following addresses."),
            ("Postfix", "Undelivered Mail Returned to Sender", "This is the mail system at host mx.example.net.\n\nI'm"
                " sorry to have to inform you that your message could not be delivered."),
            ("sendmail", "Returned mail: User unknown", "The original message was received at Tue, 1 Mar 2011 09:59"
                "\nfrom mx.norfolk.gov.uk\n\n ----- The following addresses had permanent fatal errors -----\n<jo>"),
            ("Exchange", "Undeliverable: Children's centres", "Your message did not reach some or all of the intended"
                " recipients.\n\n Subject: Children's centres"),
            ("Google", "Delivery Status Notification (Failure)", "Delivery to the following recipient failed permanently:"
                "\n\n jo@example.net"),
            ("MMDF", "Failed mail", "A message you sent could not be delivered to jo@example.net."),
        )
    ),
    machine("qmail: no Return-Path was kept", "bounce", "opening words",
        mail("From: MAILER-DAEMON@mx.example.net\nSubject: failure notice",
            "Hi. This is the qmail-send program at mx.example.net.\nI wasn't able to deliver your message.")),
]  # fmt: skip

RECEIPTS = [
    *(
        machine(f"RFC 8098: {disposition}", "read-receipt", "RFC 8098",
            report("disposition-notification", f"Subject: {subject}", "This is a receipt.", MDN.format(mode, disposition)))
        for subject, mode, disposition in (
            ("Read: Children's centres", "manual-action/MDN-sent-manually", "displayed"),
            ("Not read: Children's centres", "automatic-action/MDN-sent-automatically", "deleted"),
            ("Disposition notification", "automatic-action/MDN-sent-automatically", "processed"),
            ("Return receipt (displayed) - Children's centres", "manual-action/MDN-sent-automatically", "displayed/error"),
        )
    ),
    machine("RFC 8098: with the mark of a person's mail", "read-receipt", "RFC 8098",
        report("disposition-notification", "Auto-Submitted: no", "Seen.", MDN.format("manual-action", "displayed"))),
    machine("RFC 8098: the notification alone", "read-receipt", "RFC 8098",
        mail("Content-Type: message/disposition-notification\nSubject: Read", MDN.format("manual-action", "displayed"))),
    machine("Outlook: Content-Class mdn", "read-receipt", "mdn",
        mail("Content-Class: urn:content-classes:mdn\nSubject: Read: Children's centres",
            "Your message was read on Tuesday.")),
    *(
        machine(f"Outlook: {subject} without the report's type", "read-receipt", "RFC 8098",
            multipart("report", f"Subject: {subject} Children's centres", ("", "Your message was read."),
                ("Content-Type: message/disposition-notification", MDN.format("manual-action", "displayed"))))
        for subject in ("Read:", "Gelesen:", "Przeczytano:", "Lu :")
    ),
]  # fmt: skip

REPLIES = [
    *(
        machine(f"RFC 3834: {line.strip()!r}", "auto-reply", "Auto-Submitted: auto-replied (RFC 3834)",
            mail(f"{line}\nSubject: Re: Children's centres\n{ANSWERS}", AWAY))
        for line in ("Auto-Submitted: auto-replied", "auto-submitted: AUTO-REPLIED", "Auto-Submitted: auto-replied (away)",
            "Auto-Submitted: (rule 3) auto-replied", 'Auto-Submitted: auto-replied; owner-email="pat@example.org"',
            "Auto-Submitted:\r\n auto-replied")
    ),
    machine("RFC 3834: a ticket was opened", "auto-reply", "RFC 3834",
        mail("From: helpdesk@school.example\nAuto-Submitted: auto-replied\nSubject: [Ticket 118] received",
            "Thank you for contacting us. We aim to answer within five days.")),
    machine("RFC 3834: no words at all", "auto-reply", "RFC 3834", mail("Auto-Submitted: auto-replied", "")),
    machine("RFC 5230: a Sieve vacation", "auto-reply", "RFC 3834",
        mail(f"Auto-Submitted: auto-replied (vacation)\nPrecedence: bulk\n{ANSWERS}\nSubject: Auto: centres", AWAY)),
    *(
        machine(f"Exchange: {subject}", "auto-reply", "subject of an automatic reply",
            mail(f"Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\nSubject: {subject} centres\n{ANSWERS}",
                words))
        for subject, words in (
            ("Automatic reply:", AWAY), ("Automatische Antwort:", "Ich bin bis Montag nicht im Haus."),
            ("Réponse automatique :", "Je suis absente jusqu'à lundi."),
            ("Respuesta automática:", "Estaré fuera hasta el lunes."),
            ("Risposta automatica:", "Sono fuori sede."), ("Automatisch antwoord:", "Ik ben er maandag weer."),
            ("Odpowiedź automatyczna:", "Jestem na urlopie do poniedziałku."),
            ("Resposta automática:", "Estou de férias."), ("Automatinis atsakymas:", "Atostogauju iki pirmadienio."),
        )
    ),
    machine("Exchange: old, the subject and X-Auto-Response-Suppress", "auto-reply", "X-Auto-Response-Suppress",
        mail("X-Auto-Response-Suppress: All\nSubject: Out of Office AutoReply: Children's centres", AWAY)),
    machine("Notes: AUTO:", "auto-reply", "auto-generated",
        mail(f"Auto-Submitted: auto-generated\nSubject: AUTO: Pat Reeve is out (returning 14/03/2011)\n{ANSWERS}", AWAY)),
    machine("auto-generated and an empty Return-Path", "auto-reply", "an empty Return-Path (RFC 5321)",
        mail(f"Return-Path: <>\nAuto-Submitted: auto-generated\n{ANSWERS}", AWAY)),
    machine("auto-generated and Precedence: auto_reply", "auto-reply", "auto_reply",
        mail("Auto-Submitted: auto-generated\nPrecedence: auto_reply", AWAY)),
    machine("auto-generated and Precedence: junk", "auto-reply", "Precedence: junk",
        mail("Auto-Submitted: auto-generated\nPrecedence: junk", AWAY)),
    machine("auto-generated and X-Autoreply", "auto-reply", "X-Autoreply",
        mail("Auto-Submitted: auto-generated\nX-Autoreply: yes", AWAY)),
    machine("a responder from before RFC 3834: X-Autoreply, no envelope", "auto-reply", "X-Autoreply",
        mail("Return-Path: <>\nX-Autoreply: yes\nPrecedence: junk", AWAY)),
    machine("a responder from before RFC 3834: X-Autorespond and its subject", "auto-reply", "X-Autorespond",
        mail("X-Autorespond: Children's centres\nSubject: Autoreply: Children's centres", AWAY)),
    machine("Horde: Precedence auto_reply, no envelope", "auto-reply", "auto_reply",
        mail("Return-Path: <>\nPrecedence: auto_reply", AWAY)),
    machine("our acknowledgement comes back", "auto-reply", "acknowledgement of ours",
        mail(f"{OURS}\nAuto-Submitted: auto-replied\nX-Consultation-Acknowledgement: NCC-7K2QF-9XWAB",
            "Thank you. Your reference is NCC-7K2QF-9XWAB.")),
    machine("our acknowledgement, redirected by another's server", "auto-reply", "acknowledgement of ours",
        mail("From: redirect@example.net\nAuto-Submitted: auto-replied\nX-Consultation-Acknowledgement: NCC-7K2QF-9XWAB",
            "Thank you. Your reference is NCC-7K2QF-9XWAB.")),
    machine("our acknowledgement without its Auto-Submitted", "auto-reply", "X-Consultation-Acknowledgement",
        mail(f"{OURS}\nX-Consultation-Acknowledgement: NCC-7K2QF-9XWAB", "Thank you.")),
    machine("our own automatic message", "auto-reply", "acknowledgement of ours",
        mail(f"{OURS}\nAuto-Submitted: auto-replied", "We have received your message.")),
]  # fmt: skip

PIXEL = '<html><body><img src="https://track.example.com/o.gif?id=7" width="1" height="1"></body></html>'
LOGO = "Content-Type: image/png\nContent-ID: <logo>\nContent-Disposition: inline\nContent-Transfer-Encoding: base64"
EMPTY = [
    *(
        machine(f"nothing: {name}", "empty", "nothing attached", mail(header, body))
        for name, header, body in (
            ("no words", "Subject: ", ""), ("white space", "Subject: ", "  \n\t\n "),
            ("hard spaces", "Subject: ", "\u00a0\u00a0"), ("unseen characters", "Subject: ", "\u200b\ufeff"),
            ("a subject that says nothing", "Subject: Re: ", ""), ("(no subject)", "Subject: (no subject)", ""),
            ("a telephone's line", "Subject: ", "Sent from my iPhone"),
            ("a telephone's other line", "Subject: Fwd:", "\nGet Outlook for Android"),
            ("a tracking pixel", "Subject: \nContent-Type: text/html", PIXEL),
            ("markup", "Subject: \nContent-Type: text/html", "<html><body><p>&nbsp;</p><br></body></html>"),
        )
    ),
    machine("nothing but a logo", "empty", "nothing attached",
        multipart("related", "Subject: ", ("Content-Type: text/html", '<img src="cid:logo">'), (LOGO, "iVBORw0KGgo="))),
]  # fmt: skip

NEWS = "Precedence: bulk\nList-Unsubscribe: <https://{0}/out?id=7>\nReturn-Path: <news@{0}>\nFrom: {1} <news@{0}>"
MARKETING = [
    machine(f"advertising: {name}", "marketing", "names neither", mail(f"{NEWS.format(host, name)}\nSubject: {subject}", words))
    for host, name, subject, words in (
        ("softplay.example", "Tumbledown Supplies", "25% off crash mats for your children's centre",
            "25% off crash mats and ball pools until 31 March. Shop at https://softplay.example/spring\nTo stop: click here"),
        ("toner.example", "Toner Today", "Printer cartridges from £4.99",
            "Stock up on toner. Free delivery on all orders over £30. Order now."),
        ("training.example", "Lead & Learn", "Webinar: managing teams in 2011",
            "Book your place in our spring webinar. Special offers for early bookings. View this email in your browser."),
        ("seo.example", "Rank One", "Improve the ranking of your website",
            "We help organisations like yours reach the first page. Get a free quote today. Read more on our pages."),
        ("wine.example", "Cellar Club", "Twelve bottles for the price of six",
            "Our best prices of the season. Offer ends Sunday. You are receiving this as a subscriber."),
        ("mats.example", "Mat World", "New catalogue",
            f"The new catalogue is out. This email was sent to {COUNCIL}. Unsubscribe at any time."),
    )
]  # fmt: skip

MACHINES = [*BOUNCES, *RECEIPTS, *REPLIES, *EMPTY, *MARKETING]

# --- people, writing themselves ---------------------------------------------------------------------------------------

WORDS = "I think the centre in Watton should stay open. My two use it every week."


def person(name: str, header: str = "", words: str = WORDS, *, genuine: bool = False) -> Case:
    return Case(name, "person", mail(header, words), genuine=genuine)


PEOPLE = [
    person("plain"),
    person("Auto-Submitted: no", "Auto-Submitted: no"),
    person("Auto-Submitted: no beside every other sign",
        "Auto-Submitted: no\nReturn-Path: <>\nPrecedence: junk\nX-Autoreply: yes\nSubject: Automatic reply: hello",
        genuine=True),
    person("Auto-Submitted: no, with a comment", "Auto-Submitted: no (auto-replied)"),
    person("Auto-Submitted of a kind that no standard has", "Auto-Submitted: auto-notified"),
    person("an empty Auto-Submitted", "Auto-Submitted:"),
    person("X-Auto-Submitted, which is no standard's", "X-Auto-Submitted: auto-replied"),
    person("X-Auto-Response-Suppress alone", "X-Auto-Response-Suppress: All"),
    person("X-Auto-Response-Suppress as Outlook sends it", "X-Auto-Response-Suppress: DR, OOF, AutoReply"),
    person("X-Autoreply alone", "X-Autoreply: yes"),
    person("Precedence: auto_reply alone", "Precedence: auto_reply"),
    person("an empty Return-Path", "Return-Path: <>"),
    person("an empty Return-Path and Precedence: junk", "Return-Path: <>\nPrecedence: junk", genuine=True),
    person("auto-generated alone", "Auto-Submitted: auto-generated"),
    *(
        person(f"the subject {subject!r} and no header", f"Subject: {subject}")
        for subject in ("Automatic reply: my answer", "Out of office: why", "Undeliverable: my answer", "Read: my answer",
            "Delivery Status Notification (Failure)", "failure notice", "AUTO: my answer", "Abwesenheitsnotiz: Antwort")
    ),
    person("a reply to an automatic reply", "Subject: Re: Automatic reply: centres\nX-Auto-Response-Suppress: OOF"),
    person("sender's name MAILER-DAEMON at home", "From: mailer-daemon@example.org\nReturn-Path: <md@example.org>",
        "Hi. This is the qmail-send program at home. I think Watton should stay open."),
    person("postmaster of a parish", "From: postmaster@parish.example", "We want Watton to stay open."),
    person("tells of a bounce in its first words", "",
        "Your message did not reach some or all of the intended recipients, it said. I try again: keep Watton open."),
    person("X-Failed-Recipients kept by a gateway", "X-Failed-Recipients: jo@example.org\nReturn-Path: <p@example.org>"),
    person("in reply to us", ANSWERS),
    person("quotes our acknowledgement", f"{ANSWERS}\nSubject: Re: Your reference NCC-7K2QF-9XWAB",
        "One more thing: keep Watton.\n\n> Thank you. Your reference is NCC-7K2QF-9XWAB.\n> Auto-Submitted: auto-replied"),
    person("our acknowledgement's header, copied", "X-Consultation-Acknowledgement: NCC-7K2QF-9XWAB"),
    person("words in the subject alone", "Subject: Please keep the Holt centre open", ""),
    person("one word", "Subject: Re: Children's centres", "Disagree."),
    person("one letter", "Subject: ", "Y"),
    person("in Polish", "", "Proszę nie zamykać centrum. Chodzimy tam z dziećmi co tydzień."),
    person("a telephone's line below words", "Subject: ", "Keep it.\n\nSent from my iPhone"),
    person("importance and a mailer's name", "Importance: low\nX-Mailer: Bulk Mailer 2"),
    person("a quotation of RFC 3464", "", "Action: failed\nStatus: 5.1.1\n\nThat is how I would rate your plan for Watton."),
    person("asks for a read receipt", "Disposition-Notification-To: pat.reeve@example.org"),
    person("says that they are away", "Subject: Away", "I am out of the office until Monday but I want to say: no closures."),
    Case("a read receipt attached to an answer", "person",
        multipart("mixed", "Subject: my answer", ("", WORDS),
            ("Content-Type: message/disposition-notification", MDN.format("manual-action", "displayed")))),
    Case("a bounce passed on with an answer", "person",
        multipart("mixed", "Subject: it came back", ("", WORDS), ("Content-Type: message/delivery-status",
            DSN.format("failed", "5.1.1")))),
    Case("an automatic reply attached", "person",
        multipart("mixed", "Subject: Fwd: away", ("", WORDS), ("Content-Type: message/rfc822",
            f"From: x@example.net\nAuto-Submitted: auto-replied\n\n{AWAY}"))),
    Case("report-type on something that is no report", "person",
        mail("Content-Type: text/plain; report-type=delivery-status", WORDS)),
    Case("a report of a person's own", "person", multipart("report; report-type=survey-results", "", ("", WORDS))),
    *(
        Case(f"nothing but an attachment: {kind}", "person",
            multipart("mixed", "Subject: ", ("", ""), (f"Content-Type: {kind}\nContent-Disposition: attachment;"
                " filename=letter", "xyz")))
        for kind in ("application/pdf", "image/jpeg", "application/msword", "application/octet-stream")
    ),
    Case("a picture that is large enough to be a letter", "person",
        multipart("related", "Subject: ", ("Content-Type: text/html", '<img src="cid:logo">'), (LOGO, "AAAA" * 60_000))),
]  # fmt: skip

# --- people, through a service ----------------------------------------------------------------------------------------

CHANGE = """From: {name} via Petitions <no-reply@petition-platform.example>
Reply-To: {address}
Return-Path: <bounces-77-{tag}@mail.petition-platform.example>
DKIM-Signature: v=1; a=rsa-sha256; d=petition-platform.example; s=s1; h=from:to; b=AbCd==
List-Unsubscribe: <https://www.petition-platform.example/u/{tag}>
Feedback-ID: 77:petition:platform
Precedence: bulk
Subject: Somebody has signed"""
DEGREES = """From: {name} <{address}>
Sender: letters@degrees-platform.example
Return-Path: <msprvs1={tag}@bounce.esp-relay.example>
DKIM-Signature: v=1; a=rsa-sha256; d=degrees-platform.example; s=k; h=from; b=AbCd
DKIM-Signature: v=1; a=rsa-sha256; d=esp-relay.example; s=k; h=from; b=EfGh
List-Unsubscribe: <mailto:out@degrees-platform.example>
X-Mailgun-Sid: {tag}
Subject: From a constituent"""
FORM = """From: Website <www-data@forms.example>
Reply-To: {name} <{address}>
Return-Path: <>
Auto-Submitted: auto-generated
X-Auto-Response-Suppress: All
X-Mailer: PHPMailer 5.1
Subject: New submission {tag}"""
LIST = """From: {name} <{address}>
Sender: parents-bounces@lists.example
Return-Path: <parents-bounces@lists.example>
List-Id: Parents of the county <parents.lists.example>
List-Unsubscribe: <mailto:parents-leave@lists.example>
Precedence: list
Message-ID: <{tag}@example.org>
Subject: [Parents] centres"""
SPAM = """From: {name} <{address}>
X-Spam-Flag: YES
X-Spam-Status: Yes, score=9.1 required=5.0 tests=BAYES_99
X-Forefront-Antispam-Report: CIP:192.0.2.7;CTRY:GB;SFV:SPM;SCL:9
X-MS-Exchange-Organization-SCL: 9
Message-ID: <{tag}@example.org>
Subject: FREE!!! my view"""
FORWARDED = """From: {name} <{address}>
Message-ID: <{tag}@example.org>
List-Unsubscribe: <https://news.example/out>
Subject: Fwd: Spring offers"""
DIGEST = """From: {name} <{address}>
Auto-Submitted: auto-generated
Precedence: bulk
Return-Path: <relay-{tag}@relay.example>
Subject: Message sent for a resident"""
THROUGH = {
    "a petition platform": CHANGE, "a campaign platform": DEGREES, "a web form": FORM, "a mailing list": LIST,
    "a spam filter": SPAM, "a newsletter forwarded": FORWARDED, "a relay for residents": DIGEST,
}  # fmt: skip
SAID = {
    "a petition platform": (
        "Please keep the children's centres open.", "I was a young mum once.", "Save it!", "Keep it open.",
        "Cutting this would be a disgrace to Norfolk.", "My grandson learned to talk there.", "No.",
        "The Watton centre got us through a bad winter.",
    ),
    "a campaign platform": (
        "I am writing to object to the proposals.", "As a health visitor I see what these places do.",
        "Do not close our centre. Families depend on it.", "Please think again about Dereham.",
        "I support the plan, for once.", "One manager for each group is fine by me.",
        "Q1: no. Q2: strongly disagree.", "Proszę nie zamykać naszego centrum, chodzimy tam co tydzień.",
    ),
    "a web form": (
        "Name: N\nYour message:\nKeep Swaffham.", "Message: we use the baby clinic", "Comments: fine as it is",
        "Your view: I agree", "Response: do what you like", "Answer 1: no\nAnswer 2: no", "Feedback: too far by bus",
    ),
    "a mailing list": (
        "Has anybody else written in? I have: Holt must stay.", "I agree with what was said on the list.",
        "Stay and play is all we have.", "We lose everything out here.",
    ),
    "a spam filter": (
        "I want it to stay open.", "CLICK on my heart: keep the centre!!!", "Money, money, money. Spend it on children.",
        "Buy now, regret later: that is your plan.", "Winner of the worst idea: closing Cromer.",
    ),
    "a newsletter forwarded": (
        "I get this from the centre every month and it is why I want it kept.\n\n> 20% off ball pools. Shop now.",
        "See what they do for us? My answer is no.\n\n----- Forwarded message -----\nSubject: Spring offers\n\nRead more",
        "Look at the sale at our centre, it would be lost.\n\n> Offers until Sunday",
    ),
    "a relay for residents": (
        "Please tell the council that we need our centre.", "I can't come to the meeting. Keep Thetford going.",
        "Leave them be.", "My wife dictated this: no closures.", "The bus does not run on Sundays, so Hunstanton it is.",
    ),
}  # fmt: skip
NAMES = (
    "Ann Rudd", "Bill Starling", "Carole Eke", "Dev Patel", "Edyta Nowak", "Fay Howlett", "Gita Rao", "Hal Bunn",
    "Iris Leeder", "Jack Dye", "Kath Utting", "Len Mace", "Mo Farrow", "Nell Catchpole", "Owen Pratt", "Pam Lusher",
    "Quentin Jex", "Rosa Silva", "Sid Larter", "Tess Thirtle", "Una Blyth", "Vic Self", "Wanda Zielinska", "Xena Kett",
    "Yusuf Ali", "Zoe Duffield", "Amy Bacon", "Ben Tooley", "Cyril Wegg", "Dora Yaxley", "Eli Nudd", "Flo Goffin",
    "Gus Hewitt", "Hope Mann", "Ivan Cobb", "Joy Spinks", "Kit Amis", "Liz Bone", "Max Riches", "Nora Tuddenham",
)  # fmt: skip


def _through_services() -> list[Case]:
    said = [(service, words) for service, all_words in SAID.items() for words in all_words]
    cases = []
    for tag, (name, (service, words)) in enumerate(zip(NAMES, said, strict=True), start=100):
        address = f"{name.split()[0].lower()}.{name.split()[1].lower()}@home.example"
        header = THROUGH[service].format(name=name, address=address, tag=tag)
        raw = mail(header, f"{words}\n\n{name}")
        cases.append(Case(f"{service}: {words.split(chr(10))[0]}", "platform", raw, genuine=service != "a web form"))
    return cases


PLATFORMS = _through_services()
CASES = [*MACHINES, *PEOPLE, *PLATFORMS]
