"""A response's machine-made state written anew, with what people decided on top of it."""

from collections.abc import Callable, Mapping, Sequence

from intake.filled import Rules
from intake.receive import ChannelRun
from intake.revise import apply_decisions, holding
from storage import decisions, responses
from storage.database import Transaction
from storage.decisions import DecisionView
from storage.responses import Change, ResponseView
from storage.schema import Need, Response


def rewritten(tx: Transaction, rules: Rules, view: ResponseView, base: Response) -> Change:
    """The change that gives a response this machine-made state; people's decisions go on holding."""
    return _change(rules, view, base, decisions.decisions_on(tx, [], view.id))


def restate(
    tx: Transaction, current: ChannelRun, rules: Rules, revise: Mapping[int, Callable[[Response], Response]]
) -> None:
    """Write the machine-made states of these responses anew, where they change, with people's decisions on top."""
    views = responses.load(tx, list(revise))
    decided = decisions.by_response(tx, list(revise))
    changes = []
    for view in views:
        before = responses.base_state(tx, view)
        base = revise[view.id](before)
        if base != before:
            changes.append(_change(rules, view, base, decided.get(view.id, ())))
    responses.change_responses(tx, current.run, current.clock(), changes)


def _change(rules: Rules, view: ResponseView, base: Response, decided: Sequence[DecisionView]) -> Change:
    held = holding(decided)
    if not held:
        return Change(response_id=view.id, cause="reading", response=base)
    state = apply_decisions(rules, base, held)
    return Change(response_id=view.id, cause="decision", response=state, base=base)


def flag(state: Response, need: Need, *, on: bool) -> Response:
    """The same state with or without this need."""
    needs = {*state.needs, need} if on else set(state.needs) - {need}
    return state.model_copy(update={"needs": tuple(sorted(needs))})
