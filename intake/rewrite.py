"""A response's machine-made state written anew, with what people decided on top of it."""

from collections.abc import Callable
from datetime import datetime

from intake.normalise import Rules
from intake.revise import apply_decisions, holding
from storage import decisions, responses
from storage.database import Transaction
from storage.responses import Change, ResponseView
from storage.schema import Need, Response


def rewritten(tx: Transaction, rules: Rules, view: ResponseView, base: Response) -> Change:
    """The change that gives a response this machine-made state; people's decisions go on holding."""
    held = holding(decisions.decisions_on(tx, [], view.id))
    if not held:
        return Change(response_id=view.id, cause="reading", response=base)
    state = apply_decisions(rules, base, held)
    return Change(response_id=view.id, cause="decision", response=state, base=base)


def restate(
    tx: Transaction, run: int | None, at: datetime, rules: Rules, number: int, revise: Callable[[Response], Response]
) -> None:
    """Write a response's machine-made state anew, if that changes it, with people's decisions on top."""
    view = responses.load(tx, [number])[0]
    before = responses.base_state(tx, view)
    base = revise(before)
    if base != before:
        responses.change_response(tx, run, at, rewritten(tx, rules, view, base))


def flag(state: Response, need: Need, *, on: bool) -> Response:
    """The same state with or without this need."""
    needs = {*state.needs, need} if on else set(state.needs) - {need}
    return state.model_copy(update={"needs": tuple(sorted(needs))})
