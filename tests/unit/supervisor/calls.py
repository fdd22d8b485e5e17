"""Scripted calls as events, for the supervisor's tests."""

from __future__ import annotations

from pathlib import Path

from voiceagent.accounts.sample import sample_records
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.events import AccountLoaded, AnyEvent, CallPlaced, TurnTaken
from voiceagent.domain.transcript import Speaker, Turn
from voiceagent.domain.verdict import Verdict
from voiceagent.supervisor.policy import Policy, load_policy
from voiceagent.supervisor.watcher import Supervisor

POLICY_PATH = Path(__file__).parents[3] / "prompts" / "supervisor.yaml"
POLICY = load_policy(POLICY_PATH)
RECORDS: dict[str, AccountRecord] = {r.customer.id: r for r in sample_records()}

PAID_TWICE = RECORDS["C-1002"]
ABOVE_PLAN = RECORDS["C-1003"]
BROKEN_PROMISE = RECORDS["C-1004"]
ONE_OPEN_INVOICE = RECORDS["C-1005"]
GERMAN = RECORDS["C-1006"]
ALL_WELL = RECORDS["C-1001"]


def caller(number: int, text: str, confidence: float = 0.9, language: str = "en") -> Turn:
    start_ms = number * 5_000
    return Turn(
        number, Speaker.CALLER, text, start_ms, start_ms + 2_000, confidence, language=language
    )


def agent(number: int, text: str, language: str = "en") -> Turn:
    start_ms = number * 5_000
    return Turn(number, Speaker.AGENT, text, start_ms, start_ms + 2_000, language=language)


def taken(turn: Turn) -> TurnTaken:
    return TurnTaken(at_ms=turn.end_ms, turn=turn)


def opening(record: AccountRecord = ALL_WELL) -> list[AnyEvent]:
    who = record.customer
    return [
        CallPlaced(
            at_ms=0,
            account_id=who.id,
            playbook="billing",
            language=who.language,
            reason=record.callback_reason,
            leg="recorded",
        ),
        AccountLoaded(at_ms=0, record=record),
    ]


def conversation(*lines: str, record: AccountRecord = ALL_WELL) -> list[AnyEvent]:
    """A call in which the lines are said in turn; those of the agent begin with ``A:``."""
    language = record.customer.language
    events = opening(record)
    for number, line in enumerate(lines, start=1):
        if line.startswith("A:"):
            events.append(taken(agent(number, line[2:].strip(), language)))
        else:
            events.append(taken(caller(number, line, language=language)))
    return events


def watch(events: list[AnyEvent], policy: Policy = POLICY) -> list[Verdict]:
    supervisor = Supervisor(policy)
    verdicts = [supervisor.observe(event) for event in events]
    return [v for v in verdicts if v is not None]
