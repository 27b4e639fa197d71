"""What normalising goes by, and the fields of one response as far as they are read. Pure."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from intake import fields
from intake.config import Consultation
from intake.places import Gazetteer
from storage.schema import Evidence, FieldEvidence

_INDIVIDUAL_ROLES = frozenset({"parent", "carer", "grandparent", "foster carer", "childminder"})


@dataclass(frozen=True)
class Rules:
    """What normalising goes by: the consultation and its places."""

    consultation: Consultation
    gazetteer: Gazetteer

    def is_ours(self, contact: str) -> bool:
        """Whether an address, number or postcode is the council's own, which is never a respondent's."""
        return _squeezed(contact) in self._own

    @cached_property
    def _own(self) -> frozenset[str]:
        own = self.consultation.own_contacts
        return frozenset(
            _squeezed(spelled) for contact in own for spelled in (contact, fields.e164(contact)) if spelled
        )


@dataclass(slots=True)
class Filled:
    """The fields of one response as far as they are read: values by column, evidence by column, needs."""

    values: dict[str, Any] = field(default_factory=dict)
    evidence: FieldEvidence = field(default_factory=dict)
    needs: set[str] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)
    monitoring: dict[str, str] = field(default_factory=dict)

    def fill(self, column: str, value: Any, *evidence: Evidence) -> None:
        """Set a column with the evidence for it, which stands first."""
        self.values[column] = value
        self.evidence[column] = [*evidence, *self.evidence.get(column, [])]

    def offer(self, column: str, *evidence: Evidence) -> None:
        """Keep evidence that does not fill its column by itself."""
        self.evidence.setdefault(column, []).extend(evidence)


def finished(rules: Rules, filled: Filled) -> Filled:
    """What follows from the fields together: the kind that a role implies, and what the config requires."""
    role = filled.values.get("respondent_role", "")
    if role in _INDIVIDUAL_ROLES and not filled.values.get("respondent_kind"):
        filled.fill("respondent_kind", "individual", *filled.evidence.get("respondent_role", []))
    if any(not filled.values.get(column) for column in rules.consultation.required):
        filled.needs.add("respondent")
    return filled


def _squeezed(contact: str) -> str:
    return "".join(contact.split()).casefold()
