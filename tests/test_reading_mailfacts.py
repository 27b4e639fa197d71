"""What a message's header claims: read as it stands, whatever a sender may have written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.claims import add_claims
from intake.filled import Filled
from intake.reading import mime
from intake.reading.mailnames import readable, signs
from intake.reading.mailservice import organisation
from intake.reading.parts import Reading
from storage.schema import Evidence
from tests.support.consultation import Consultation


def facts(header: str, body: str = "Words.") -> dict[str, str]:
    """The facts of a message with these header lines."""
    return read(header, body).facts


def read(header: str, body: str = "Words.") -> Reading:
    reading = mime.read(f"{header.replace(chr(10), chr(13) + chr(10))}\r\n\r\n{body}".encode(), {})
    assert isinstance(reading, Reading)
    return reading


FROM = "From: Jo <jo@example.org>"


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("mx.norfolk.gov.uk; spf=pass smtp.mailfrom=example.org; dkim=pass header.d=example.org; dmarc=pass",
            ("mx.norfolk.gov.uk", "pass", "pass", "pass")),
        ("mx.norfolk.gov.uk 1; spf=fail; dkim=none", ("mx.norfolk.gov.uk", "fail", "none", None)),
        ("spf=pass (sender IP is 192.0.2.7) smtp.mailfrom=example.org; dkim=pass (signature was verified)"
            " header.d=example.org;dmarc=bestguesspass action=none header.from=example.org;compauth=pass reason=109",
            (None, "pass", "pass", "bestguesspass")),
        ("mx.example.net; DKIM=temperror reason=\"x\"; SPF = softfail",
            ("mx.example.net", "softfail", "temperror", None)),
        ("mx.example.net; dkim=fail; dkim=pass", ("mx.example.net", None, "fail", None)),
        ("mx.example.net; none", (None, None, None, None)),
        ("mx.example.net; x-dkim=pass; arc.spf=pass", (None, None, None, None)),
        ("", (None, None, None, None)),
    ],
)  # fmt: skip
def test_authentication_results(field: str, wanted: tuple[str | None, ...]) -> None:
    """RFC 8601: each method's first result in the words of the server that wrote it, also as Microsoft writes them."""
    found = facts(f"Authentication-Results: {field}\n{FROM}")
    assert tuple(found.get(name) for name in ("authentication_server", "spf", "dkim", "dmarc")) == wanted


def test_only_the_topmost_authentication_results_count() -> None:
    """RFC 8601, section 5: what stands below the receiving server's own field may be the sender's own word."""
    found = facts(f"Authentication-Results: mx.norfolk.gov.uk; spf=fail\n{FROM}\nAuthentication-Results: me; dkim=pass")
    assert (found["spf"], found.get("dkim")) == ("fail", None)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (FROM, None),
        (f"{FROM}\nReturn-Path: <jo@example.org>", None),
        (f"{FROM}\nReturn-Path: <jo@mail.example.org>\nDKIM-Signature: v=1; d=example.org; b=x", None),
        (f"{FROM}\nReturn-Path: <>", None),
        (f"{FROM}\nDKIM-Signature: v=1; a=rsa-sha256; d=Platform.Example; s=k;\n b=AbC=\nDKIM-Signature: d=example.org",
            "platform.example;example.org"),
        (f"{FROM}\nReturn-Path: <b-7@em77.relay.co.uk>", "relay.co.uk"),
        (f"{FROM}\nList-Unsubscribe: <https://u7.list.example/x>, <mailto:out@example.org>",
            "list.example;example.org"),
        (f"{FROM}\nList-Unsubscribe: <mailto:out@example.org>\nReturn-Path: <jo@example.org>", "example.org"),
        (f"{FROM}\nList-Id: A list <parents.lists.example>", "lists.example"),
        (f"{FROM}\nList-Unsubscribe: <https://user:pass@a.example/>", "a.example"),
        (f"{FROM}\nDKIM-Signature: v=1; d=\"; b=x\nReturn-Path: nonsense", None),
        (f"{FROM}\nDKIM-Signature: v=1; d=../../etc; b=x", None),
        (f"{FROM}\nPrecedence: bulk", "example.org"),
        (f"{FROM}\nPrecedence: first-class", None),
        ("From: nobody\nFeedback-ID: 1:2:3", None),
    ],
)  # fmt: skip
def test_the_sending_service(header: str, wanted: str | None) -> None:
    """Who sent a message out for its author: by signature, envelope and list. A person's own provider is no service."""
    assert facts(header).get("sending_service") == wanted


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [("example.org", "example.org"), ("a.b.example.org", "example.org"), ("x.relay.co.uk", "relay.co.uk"),
     ("relay.co.uk", "relay.co.uk"), ("norfolk.gov.uk", "norfolk.gov.uk"), ("T.CO.", "t.co"), ("a.t.co", "t.co"),
     ("localhost", "localhost"), ("", "")],
)  # fmt: skip
def test_the_organisation_of_a_domain(domain: str, wanted: str) -> None:
    """The registered part of a domain, as far as a rule of thumb can tell."""
    assert organisation(domain) == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("X-Spam-Flag: YES", "X-Spam-Flag"), ("X-Spam-Flag: NO", None),
        ("X-Spam-Status: Yes, score=7", "X-Spam-Status"),
        ("X-Spam-Status: No, score=1", None), ("X-MS-Exchange-Organization-SCL: 5", "X-MS-Exchange-Organization-SCL"),
        ("X-MS-Exchange-Organization-SCL: -1", None), ("X-MS-Exchange-Organization-SCL: 1", None),
        ("X-Forefront-Antispam-Report: CTRY:GB;SFV:SPM;SCL:5", "X-Forefront-Antispam-Report"),
        ("X-Forefront-Antispam-Report: SFV:NSPM", None),
    ],
)  # fmt: skip
def test_the_verdict_of_a_spam_filter(line: str, wanted: str | None) -> None:
    """Which field says that this is spam, if one does."""
    assert facts(f"{FROM}\n{line}").get("spam_verdict") == wanted


def test_ids_are_whole_and_few() -> None:
    """Of a long thread the first and the last ids are kept, each of them whole, and each once."""
    ids = [f"<{n}@{'x' * 80}.example>" for n in range(60)]
    found = facts(f"{FROM}\nReferences: {' '.join(ids + ids[-1:])}\nIn-Reply-To: <a@b> (said Jo) <a@b>")
    kept = found["references"].split()
    assert kept == [ids[0], *ids[-19:]]
    assert found["in_reply_to"] == "<a@b>"
    long = [f"<{n}{'y' * 800}@example.org>" for n in range(9)]
    assert facts(f"{FROM}\nReferences: {' '.join(long)}")["references"].split() == long[-2:]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "address", "wanted"),
    [
        ("Jo Rudd", "jo@example.org", []), ("jo@example.org", "jo@example.org", []),
        ("JO@EXAMPLE.ORG", "jo@example.org", []),
        ("The Leader <leader@norfolk.gov.uk>", "x@example.net", ["address"]),
        ("leader@norfolk.gov.uk", "x@example.net", ["address"]), ("\u202egpj.oj", "x@example.net", ["direction"]),
        ("Jo\u200b", "x@example.net", ["unseen"]), ("Jo\r\nBcc: all", "x@example.net", ["unseen"]),
        ("\u0420aul", "x@example.net", ["mixed-script"]), ("Пауль", "x@example.net", []),
        ("Zoë Łódź", "z@example.net", []),
        ("田中 Jo", "x@example.net", []), ("Jo", "x@xn--pple-43d.example", ["mixed-script"]), ("", "", []),
    ],
)  # fmt: skip
def test_what_is_odd_about_a_name(name: str, address: str, wanted: list[str]) -> None:
    """Addresses as names, marks of direction, unseen characters and letters that look alike are told; people's own
    alphabets are nothing odd."""
    assert signs(name, address) == wanted


@pytest.mark.parametrize(
    ("address", "wanted"),
    [("jo@xn--mnchen-3ya.example", "jo@münchen.example"), ("jo@XN--MNCHEN-3YA.example", "jo@münchen.example"),
     ("jo@example.org", ""), ("jo@xn--.example", ""), ("jo@xn--\u00e9.example", ""), ("jo@münchen.example", ""),
     ("jo@xn--999999999.example", ""), ("", "")],
)  # fmt: skip
def test_a_domain_in_its_own_letters(address: str, wanted: str) -> None:
    """RFC 5890: an internationalised domain is shown in its letters, beside the address as it stands."""
    assert readable(address) == wanted


@settings(deadline=None)
@given(st.text(), st.text())
def test_any_name_can_be_looked_at(name: str, address: str) -> None:
    """Whatever a sender wrote, looking at it does not raise."""
    assert set(signs(name, address)) <= {"address", "direction", "unseen", "mixed-script"}
    assert isinstance(readable(address), str)


HEADER_NAMES = [
    "From", "Reply-To", "Sender", "Return-Path", "Authentication-Results", "DKIM-Signature", "List-Unsubscribe",
    "List-Id", "References", "In-Reply-To", "Message-ID", "X-MS-Exchange-Organization-SCL", "Content-Class", "Date",
    "Cc",
]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(HEADER_NAMES), st.text(alphabet=st.characters(blacklist_characters="\r\n")))))
def test_any_header_has_facts(fields: list[tuple[str, str]]) -> None:
    """Whatever the fields hold, the facts are strings that both databases take, and the claims can be offered."""
    raw = "".join(f"{name}: {value}\n" for name, value in [("To", "a@b"), *fields]).encode("utf-8", "replace")
    reading = mime.read(raw + b"\nWords.", {})
    assert isinstance(reading, Reading)
    assert all(isinstance(value, str) and value and "\x00" not in value for value in reading.facts.values())
    name = Evidence(value="A", method="text", confidence=1)
    filled = Filled(values={"email": "a@b", "name": "A"}, evidence={"name": [name]})
    add_claims(filled, reading)


# --- shown, and nothing more ------------------------------------------------------------------------------------------


def test_claims_are_shown_and_fill_nothing(place: Consultation) -> None:
    """The trace shows what the header claims of time, addresses and way; the response has none of it."""
    place.mail(
        "a.eml", date="Fri, 1 Jan 2010 10:00:00 +0000", sender="Jo <jo@xn--mnchen-3ya.example>",
        headers="Received: from a by b; Tue, 1 Mar 2011 10:00:00 +0000\nReply-To: other@example.net\n"
        "Authentication-Results: mx.example.net; spf=pass; dkim=fail\nDKIM-Signature: v=1; d=münchen.example",
    )  # fmt: skip
    place.run("email")
    row = place.response("email")
    assert (row["email"], row["received_at"], row["needs"]) == ("jo@xn--mnchen-3ya.example", "2011-03-01T10:00:00Z", "")
    fields = place.trace(row["reference"])["fields"]
    assert [piece["value"] for piece in fields["received_at"]] == ["2011-03-01T10:00:00Z", "2010-01-01T10:00:00Z"]
    assert [piece["value"] for piece in fields["email"]] == [
        row["email"], "other@example.net", "jo@münchen.example", "spf=pass; dkim=fail",
    ]  # fmt: skip
    assert "mx.example.net" in fields["email"][-1]["quote"]
    assert place.failures() == {}


@pytest.mark.parametrize(
    ("sender", "name", "said"),
    [
        ("\"leader@norfolk.gov.uk\" <x@example.net>", "", "another address"),
        ("=?utf-8?q?=E2=80=AEoJ?= <x@example.net>", "\u202eoJ", "order in which it is shown"),
        ("../../etc/passwd <x@example.net>", "../../etc/passwd", None),
        ("Jo <x@example.net>", "Jo", None),
    ],
)  # fmt: skip
def test_a_hostile_name_is_shown_and_doubted(place: Consultation, sender: str, name: str, said: str | None) -> None:
    """A name is kept as it was given, with what is odd about it beside it; somebody else's address is no name."""
    place.mail("a.eml", sender=sender)
    place.run("email")
    row = place.response("email")
    assert row["name"] == name
    pieces = place.trace(row["reference"])["fields"]["name"]
    assert [said in piece["value"] for piece in pieces[1:] if said] == ([True] if said else [])
    assert pieces[0]["confidence"] == (0.5 if said else 1.0)
    assert place.failures() == {}
    assert not list(place.home.rglob("*passwd*"))
