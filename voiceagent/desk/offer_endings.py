"""Why a call no longer rings for somebody, read from the call's events. Pure.

In: one event, whose ring it is about. Out: the notice for the person rung, or None where the event
does not tell. A ring that is ``withdrawn`` says only that somebody else ended it; who, says another
event, before or after it.
"""

from __future__ import annotations

from collections.abc import Callable

from voiceagent.desk.desk_models import Notice, NoticeCode
from voiceagent.domain.event import Event
from voiceagent.domain.events import CallEnded
from voiceagent.domain.handoff import HandoffEvent
from voiceagent.domain.handoff_events import HandoffEnded, HandoffMoved, HumanRung

_E = HandoffEvent
_C = NoticeCode

_UNREACHED = frozenset({_E.AGENT_LOST, _E.TRUNK_FAULT, _E.BUSY})

_BY_CALLER: dict[HandoffEvent, tuple[NoticeCode, str]] = {
    _E.CALLER_HUNG_UP: (_C.CALLER_LEFT, "{who} has hung up."),
    _E.CALLER_CANCELLED: (_C.WITHDRAWN, "{who} stays with the assistant."),
    _E.CALLER_CHOSE_CALLBACK: (_C.WITHDRAWN, "{who} would rather be called back."),
    _E.NOBODY_FREE: (_C.WITHDRAWN, "{who} has waited long enough and is called back."),
}


def ending_of(
    event: Event, person: str, customer_name: str, name_of: Callable[[str], str]
) -> Notice | None:
    """The notice for a person whose ring ended, or None.

    Args:
        event: of the handoff, or the call, that rang them.
        person: their id on the roster.
        customer_name: of the call; may be empty.
        name_of: a human's name, by id.
    """
    who = customer_name or "The caller"
    if isinstance(event, HumanRung):
        return _rung(event, person, who, name_of)
    if isinstance(event, HandoffMoved):
        if event.event is _E.ACCEPT and event.human != person:
            return _taken(event.human, who, name_of)
        if event.event is _E.AGENT_LOST and event.human == person:
            return _unreached(who)
        if event.event in _BY_CALLER:
            code, text = _BY_CALLER[event.event]
            return Notice(code=code, text=text.format(who=who))
    if isinstance(event, HandoffEnded):
        return withdrawn(customer_name)
    if isinstance(event, CallEnded):
        return Notice(
            code=_C.CALL_ENDED, text=f"The call of {customer_name or 'the caller'} ended."
        )
    return None


def withdrawn(customer_name: str) -> Notice:
    """The notice where nothing tells why."""
    return Notice(code=_C.WITHDRAWN, text=f"{customer_name or 'The caller'} no longer rings.")


def declined(customer_name: str) -> Notice:
    """The notice for somebody who declined."""
    who = customer_name or "the caller"
    return Notice(code=_C.DECLINED, text=f"You declined; somebody else is sought for {who}.")


def now_paused(rings: int) -> Notice:
    """The notice for somebody who is no longer rung because they do not answer."""
    text = f"You did not answer {rings} calls in a row, so you are paused. Choose Available again."
    return Notice(code=_C.TIMED_OUT, text=text)


def _rung(event: HumanRung, person: str, who: str, name_of: Callable[[str], str]) -> Notice | None:
    if event.human != person:
        return _taken(event.human, who, name_of) if event.result == _E.ACCEPT else None
    if event.result == _E.NO_ANSWER:
        return Notice(code=_C.TIMED_OUT, text=f"{who} was not answered in time.")
    return _unreached(who) if event.result in _UNREACHED else None


def _taken(human: str, who: str, name_of: Callable[[str], str]) -> Notice:
    return Notice(code=_C.TAKEN_BY_OTHER, text=f"{name_of(human)} took the call. Caller: {who}.")


def _unreached(who: str) -> Notice:
    text = f"{who} could not reach you: your line was not open."
    return Notice(code=_C.WITHDRAWN, text=text)
