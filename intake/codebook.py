"""The codebook: what each column of an export holds, in words for an analyst who has only the file."""

from collections.abc import Iterator, Sequence

from intake.config import Consultation
from storage.schema import NEEDS, SET_ASIDE_REASONS

_MEANING = {
    "reference": "The response's one name: prefix, nine characters, a check character",
    "consultation": "The consultation's id",
    "channel": "The configured way in",
    "received_at": "When it reached the council (UTC)",
    "received_basis": "What that time was read from; scan and file_time say when it had arrived at the latest",
    "late": "Whether it arrived after the consultation closed; blank where that can't be told",
    "respondent_kind": "Whether it speaks for an organisation, or is one person's",
    "respondent_role": "Who they say they are, of the consultation's list",
    "name": "As given",
    "organisation": "As given",
    "email": "As given",
    "phone": "E.164",
    "address": "As given",
    "postcode": "Upper case, one space (analysis: outward code only)",
    "places": "Codes of the places meant, from the consultation's gazetteer",
    "language": "ISO 639-1",
    "text": "What the respondent said, whole; of a survey, the free-text answers in question order",
    "signatures": "Of a petition, as counted by a person",
    "consent_to_publish": "What they ticked",
    "status": "new: counted, reading not confirmed by a person yet; accepted: confirmed against the original; excluded",
    "exclusion_reason": "Why it is excluded; of a line without a response, why there is none",
    "duplicate_of": "The response that it is a duplicate of, as two people decided",
    "campaign": "The campaign's id: its smallest reference",
    "needs": "What a person must still do",
    "method": "How the text was read",
    "confidence": "The weakest link in reading the text, 0 to 1",
    "source": "The item's key at its source",
    "original_sha256": "SHA-256 of the original's bytes",
    "pages": "Pages of the original that it stands on",
    "run": "The run that received it",
    "reader_version": "The reader that read it",
    "reviewed_by": "Who last confirmed or corrected it",
    "reviewed_at": "When (UTC)",
    "posted_on": "From a postmark: evidence of posting, not of receipt",
    "late_decision": "What a person decided about a late one",
    "words": "Whose words the text holds",
    "translation": "A translation of the text",
    "relayed_by": "Who passed it on (never the respondent)",
    "on_behalf_of": "Whom the respondent speaks for",
    "people": "Joint signatories",
    "signatures_claimed": "Of a petition, as it says itself",
    "confidentiality_asked": "In their words",
    "paper_ref": "Box and position of the paper",
    "version": "Counts the versions of a row that was changed at its source, from 1",
    "text_cut": "Characters marked as quoted or signature",
    "likely_duplicate_of": "Responses that may be by the same person, for a person to decide",
    "outcome": "How the receipt ended: read, repeat, set_aside, quarantined or pending",
}
_VALUES = {
    "late": "true;false",
    "respondent_kind": "individual;organisation",
    "consent_to_publish": "yes;no;anonymous",
    "status": "new;accepted;excluded",
    "needs": ";".join(NEEDS),
    "late_decision": "admitted;not-admitted",
    "words": "own;verbatim;summary",
    "exclusion_reason": ";".join(SET_ASIDE_REASONS),
    "outcome": "read;repeat;set_aside;quarantined;pending",
}
_FORMS = {"places": "list", "needs": "list", "people": "list", "likely_duplicate_of": "list", "late": "true or false",
          "received_at": "YYYY-MM-DDTHH:MM:SSZ", "reviewed_at": "YYYY-MM-DDTHH:MM:SSZ", "posted_on": "YYYY-MM-DD",
          "signatures": "whole number", "signatures_claimed": "whole number", "run": "whole number",
          "version": "whole number", "text_cut": "whole number", "confidence": "0.00 to 1.00"}  # fmt: skip
_CHOICES = "list: options; Other: their own words; by rank 1. an option; of a matrix a statement: its answer"


def codebook(consultation: Consultation, names: Sequence[str]) -> tuple[list[str], Iterator[list[str]]]:
    """The codebook's header and its lines, one for each column of the export; lists are ``;``-joined."""
    questions = {f"answer.{q.id}": q for q in consultation.questions}

    def lines() -> Iterator[list[str]]:
        for name in names:
            if name in questions:
                question = questions[name]
                form = _CHOICES if question.kind == "choices" else "text"
                yield [name, question.text, form, ";".join(question.options)]
            else:
                values = ";".join(consultation.roles) if name == "respondent_role" else _VALUES.get(name, "")
                yield [name, _MEANING[name], _FORMS.get(name, "text"), values]

    return ["column", "meaning", "form", "values"], lines()
