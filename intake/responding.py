"""The fields of a response as the validated response that is kept, and its reference. Pure."""

from pydantic import ValidationError

from intake.filled import Filled, Rules
from storage.receipts import ReceiptView
from storage.reference import make_reference
from storage.schema import NEEDS, Response


def make_response(rules: Rules, receipt: ReceiptView, ordinal: int, filled: Filled, reader: str) -> Response:
    """The validated response that these fields make. A value that does not fit its column leaves it blank: the evidence
    still offers it, and ``needs`` says that there is a conflict."""
    values = {
        "reference": reference_of(rules, receipt, ordinal), "consultation": rules.consultation.id,
        "channel": receipt.channel, "source": receipt.source_key, "original_sha256": receipt.sha256,
        "run": receipt.run_id, "reader_version": reader, "answers": filled.answers,
        **filled.values, "needs": tuple(filled.needs & set(NEEDS)),
    }  # fmt: skip
    try:
        return Response(**values)
    except ValidationError as error:
        unfit = {str(problem["loc"][0]) for problem in error.errors()}
        kept = {column: value for column, value in values.items() if column not in unfit}
        return Response(**kept | {"needs": (*kept["needs"], "conflict")})


def reference_of(rules: Rules, receipt: ReceiptView, ordinal: int) -> str:
    """The reference of a receipt's n-th response."""
    return make_reference(
        rules.consultation.reference_prefix, rules.consultation.id, receipt.channel, receipt.source_key,
        sha256=receipt.sha256 if receipt.path_named else "", ordinal=ordinal,
    )  # fmt: skip
