"""What messages say of each other: which answers which, and what else came through the service that sent one out.

All of it holds whatever the order in which they arrived: each batch looks both ways, and what an earlier batch could
not know a later one, or the end of the run, puts right.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from intake.bulk import services
from intake.evidence import in_header
from intake.filled import Rules
from intake.reading.parts import Part, Reading
from intake.rewrite import flag, rewritten
from storage import mailkeys, responses
from storage.database import Transaction
from storage.mailkeys import Link, NewKeys
from storage.receipts import Settled
from storage.responses import NewResponse, StoredPart
from storage.schema import Evidence


@dataclass(frozen=True, slots=True)
class Doubted:
    """What may be advertising: how it ends if nothing else from its services is a response, and those services."""

    settled: Settled
    services: frozenset[str]


def keys_of(receipt: int, readings: Sequence[Reading], ours: Sequence[bool]) -> list[NewKeys]:
    """What these messages are found by: a receipt's own, and those that are forwarded in it.

    Our own messages are not found: what answers a call for answers is no follow-up.
    """
    made = []
    for item, (reading, is_ours) in enumerate(zip(readings, ours, strict=True)):
        facts = reading.facts
        own = facts.get("message_id", "")
        named = (*facts.get("in_reply_to", "").split(), *facts.get("references", "").split())
        ids = () if is_ours or not own else (own,)
        names = tuple(dict.fromkeys(name for name in named if name != own))
        found = NewKeys(receipt, item, ids, names, tuple(services(facts)) if item == 0 else ())
        if found.ids or found.names or found.services:
            made.append(found)
    return made


def decide_doubted(
    tx: Transaction, doubted: Mapping[int, Doubted], new: Sequence[NewResponse]
) -> tuple[list[NewResponse], list[Settled]]:
    """Of what may be advertising, the responses that count (something else from their service is one) and the outcomes
    of the others. The rest of the batch must be written already.

    What counts for that reason speaks for its services in turn, so it is asked until nothing more follows.
    """
    waiting = dict(doubted)
    known = mailkeys.accepted(tx, {service for doubt in waiting.values() for service in doubt.services})
    spoken_for: dict[int, str] = {}
    while cleared := {
        number: min(doubt.services & known) for number, doubt in waiting.items() if doubt.services & known
    }:
        spoken_for |= cleared
        for number in cleared:
            known |= waiting.pop(number).services
    counting = [
        replace(item, evidence=_with_reason(item, spoken_for[item.receipt_id]))
        for item in new
        if item.receipt_id in spoken_for
    ]
    return counting, [doubt.settled for doubt in waiting.values()]


def _with_reason(item: NewResponse, service: str) -> dict[str, list[Evidence]]:
    said = f"It shows nothing of a person or of this consultation, but other responses came from {service} too."
    doubt = Evidence(value="genuine?", method="source", confidence=0.5, quote=said)
    return {**item.evidence, "needs": [*item.evidence.get("needs", []), doubt]}


def to_be_freed(tx: Transaction, channel: str) -> list[int]:
    """The receipts of a channel that are set aside as advertising, though their service sent out a response."""
    aside = mailkeys.set_aside_services(tx, channel, "marketing")
    known = mailkeys.accepted(tx, {service for found in aside.values() for service in found})
    return sorted(receipt for receipt, found in aside.items() if found & known)


def with_follow_ups(
    links: Sequence[Link], new: Sequence[NewResponse], parts: Sequence[StoredPart], doubted: Collection[int]
) -> list[NewResponse]:
    """New responses, those marked `follow-up?` that name a message which is here: among these, or before. What is
    ``doubted`` may yet be none, and is named by its receipt."""
    if not links:
        return list(new)
    references = {
        (item.receipt_id, item.item): item.response.reference for item in new if item.receipt_id not in doubted
    }
    headers = {(part.receipt_id, part.item): part.text for part in parts if part.number == 0}
    named: dict[tuple[int, int], list[Evidence]] = {}
    for link in links:
        here = link.named_reference or references.get((link.named_receipt, link.named_item), "")
        key = link.receipt_id, link.item
        named.setdefault(key, []).append(_evidence(link, here, headers.get(key)))
    return [_marked(item, named.get((item.receipt_id, item.item), [])) for item in new]


def _marked(item: NewResponse, pieces: Sequence[Evidence]) -> NewResponse:
    if not pieces:
        return item
    evidence = {**item.evidence, "needs": [*item.evidence.get("needs", []), *pieces]}
    return replace(item, response=flag(item.response, "follow-up?", on=True), evidence=evidence)


def flag_earlier(
    tx: Transaction, rules: Rules, run: int | None, at: datetime, links: Sequence[Link], new: Sequence[NewResponse]
) -> None:
    """Mark the responses that were here already and name a message which came only now."""
    references = {(item.receipt_id, item.item): item.response.reference for item in new}
    by_response: dict[int, list[Link]] = {}
    for link in links:
        if link.response_id is not None:
            by_response.setdefault(link.response_id, []).append(link)
    for number, found in by_response.items():
        documents = responses.evidence_of(tx, number)
        known = {(piece.value, piece.quote) for document in documents for piece in document.fields.get("needs", [])}
        header = responses.part(tx, found[0].receipt_id, found[0].item, 0)
        named = [link.named_reference or references.get((link.named_receipt, link.named_item), "") for link in found]
        pieces = [_evidence(link, reference, header) for link, reference in zip(found, named, strict=True)]
        pieces = [piece for piece in pieces if (piece.value, piece.quote) not in known]
        if pieces:
            view = responses.load(tx, [number])[0]
            base = flag(responses.base_state(tx, view), "follow-up?", on=True)
            change = rewritten(tx, rules, view, base)
            change = replace(change, evidence={"needs": pieces}, receipt_id=view.reading_receipt_id)
            responses.change_response(tx, run, at, change)


def _evidence(link: Link, reference: str, header: str | None) -> Evidence:
    """Which message is named, and where in the header it says so."""
    said = Part(number=0, kind="headers", media_type="message/rfc822", text=header or "")
    places = (in_header(said, link.message_id, name).place for name in ("in-reply-to:", "references:"))
    place = next((place for place in places if place is not None), None)
    value = f"follow-up? {reference or f'receipt {link.named_receipt}'}"
    return Evidence(value=value, method="text", confidence=1.0, place=place, quote=link.message_id)
