"""Whole calls as events, and the verdicts they lead to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.supervisor.calls import (
    ABOVE_PLAN,
    ALL_WELL,
    ONE_OPEN_INVOICE,
    PAID_TWICE,
    POLICY,
    POLICY_PATH,
    agent,
    caller,
    conversation,
    opening,
    taken,
    watch,
)
from voiceagent.domain.call import CallEvent, CallState
from voiceagent.domain.events import (
    AnyEvent,
    CallMoved,
    DoNotCallEntered,
    KeyPressed,
    LanguageModelTroubled,
    LoggedEvent,
    ModelTrouble,
    ToolReturned,
    TurnTaken,
)
from voiceagent.domain.handoff import HandoffEvent, HandoffOutcome, HandoffState
from voiceagent.domain.handoff_events import HandoffEnded, HandoffMoved
from voiceagent.domain.transcript import Speaker
from voiceagent.domain.verdict import Action, Repair, TriggerKind, Verdict
from voiceagent.supervisor.policy import parse_policy
from voiceagent.supervisor.watcher import Supervisor

pytestmark = pytest.mark.unit

C, O, H, E = Action.CONTINUE, Action.OFFER_PERSON, Action.HAND_OVER, Action.END  # noqa: E741


def actions(*lines: str, record: object = ALL_WELL) -> list[Action]:
    return [v.action for v in watch(conversation(*lines, record=record))]  # type: ignore[arg-type]


def kinds(verdict: Verdict) -> set[TriggerKind]:
    return {t.kind for t in verdict.triggers}


CALM_LINES = [
    "Yes, this is Maria.",
    "My zip code is 9 7 2 1 4.",
    "When is the next invoice due?",
    "Okay.",
    "Thank you very much.",
    "I have a question about the November invoice.",
    "It is forty nine dollars and ninety cents.",
    "The October invoice was paid on November 10th.",
    "Could you send it to me again by mail?",
    "Is that the amount with tax?",
    "Great, that helps a lot.",
    "Sorry, I was driving.",
    "Can you call me back tomorrow at nine?",
    "Goodbye.",
]
SEEKING = HandoffMoved(
    at_ms=1,
    handoff_id="h",
    source=HandoffState.ANNOUNCED,
    event=HandoffEvent.SEEK,
    target=HandoffState.SEEKING,
)
NOBODY = HandoffEnded(at_ms=2, handoff_id="h", outcome=HandoffOutcome.NOBODY_FREE)
BRIDGED = CallMoved(
    at_ms=3,
    source=CallState.HOLDING,
    event=CallEvent.BRIDGE_OPENED,
    target=CallState.BRIDGED,
)


@pytest.mark.parametrize(
    ("text", "action", "kind"),
    [
        ("I want to speak to a real person.", H, TriggerKind.ASKED_FOR_PERSON),
        ("I'm going to sue you.", H, TriggerKind.LEGAL),
        ("Stop calling me.", E, TriggerKind.DO_NOT_CALL),
        ("I want to escalate this.", O, TriggerKind.ASKED_FOR_PERSON),
        ("Am I talking to a real person?", O, TriggerKind.ASKED_FOR_PERSON),
        ("Take me off your list or I'll sue you, let me talk to a person!", E, TriggerKind.LEGAL),
    ],
)
def test_grounds_that_count_at_once(text: str, action: Action, kind: TriggerKind) -> None:
    (verdict,) = watch(conversation(text))
    assert verdict.action is action
    assert kind in kinds(verdict)
    assert verdict.turn == 1


def test_the_ground_that_decides_comes_first() -> None:
    (verdict,) = watch(conversation("Let me talk to a person and take me off your list."))
    assert verdict.triggers[0].kind is TriggerKind.DO_NOT_CALL


def test_every_caller_turn_has_a_verdict_and_no_other_turn() -> None:
    lines = ["Hello.", "A: Hello, how can I help?", "What is my balance?", "A: Nothing is due."]
    verdicts = watch(conversation(*lines))
    assert [(v.turn, v.action) for v in verdicts] == [(1, C), (3, C)]


def test_key_zero() -> None:
    events = [*conversation("Hello."), KeyPressed(at_ms=9_000, key="0")]
    verdict = watch(events)[-1]
    assert (verdict.action, verdict.turn, kinds(verdict)) == (H, 1, {TriggerKind.KEY_ZERO})
    assert verdict.triggers[0].citations[0].at_ms == 9_000


def test_a_zero_within_a_number_is_a_digit_and_one_long_after_is_not() -> None:
    keys = [(1_000, "3"), (1_800, "1"), (2_500, "0"), (3_200, "7"), (30_000, "0")]
    supervisor = Supervisor(POLICY)
    verdicts = [supervisor.observe(KeyPressed(at_ms=ms, key=key)) for ms, key in keys]
    assert [v is not None for v in verdicts] == [False, False, False, False, True]
    supervisor.observe(KeyPressed(at_ms=60_000, key="#"))
    assert supervisor.observe(KeyPressed(at_ms=60_500, key="0")) is not None


@pytest.mark.parametrize("key", ["1", "9", "#", "*"])
def test_other_keys_say_nothing(key: str) -> None:
    assert Supervisor(POLICY).observe(KeyPressed(at_ms=0, key=key)) is None


def test_a_failed_language_model_is_replaced_by_a_person() -> None:
    failed = LanguageModelTroubled(at_ms=0, trouble=ModelTrouble.FAILED, code="llm.unavailable")
    (verdict,) = watch([failed])
    assert (verdict.action, kinds(verdict)) == (H, {TriggerKind.LANGUAGE_MODEL_FAILED})


def test_a_slow_language_model_adds_up() -> None:
    slow = LanguageModelTroubled(at_ms=0, trouble=ModelTrouble.SLOW, code="llm.slow")
    supervisor = Supervisor(POLICY)
    assert supervisor.observe(slow) is None
    given_ = [supervisor.observe(slow) for _ in range(8)]
    reached = [v.action for v in given_ if v is not None]
    # Within one turn it counts for no more than the policy allows.
    assert reached == []
    for number in range(1, 8):
        supervisor.observe(taken(caller(number, "Hello there.")))
        verdict = supervisor.observe(slow)
        if verdict is not None:
            reached.append(verdict.action)
    assert reached[0] is O
    assert reached.count(O) == 1


def test_a_contradiction_the_record_bears_out_is_handed_over() -> None:
    (verdict,) = watch(conversation("I was charged twice for October.", record=PAID_TWICE))
    assert verdict.action is H
    contradiction = verdict.triggers[0].contradiction
    assert contradiction is not None
    assert contradiction.supports_caller


def test_a_claim_made_before_the_record_was_there_is_compared_later() -> None:
    first, loaded = opening(ABOVE_PLAN)
    claim = taken(caller(1, "My plan costs 59 but the invoice says 89."))
    verdicts = watch([first, claim, loaded, loaded])
    assert [v.action for v in verdicts] == [C, H]
    assert verdicts[1].turn == 1


def test_a_wrong_number_once_is_no_reason_to_act_twice_is() -> None:
    said = "I paid 46.50 for it."
    assert actions(said, "Okay, thanks.", "Goodbye.", record=PAID_TWICE) == [C, C, C]
    again = "The invoice was 46 dollars and 50 cents."
    assert actions(said, again, record=PAID_TWICE) == [C, O]


def test_anger_adds_up_and_fades() -> None:
    mild = "This is ridiculous."
    assert actions(mild) == [C]
    assert actions(mild, "I'm sick of this.", "You are wasting my time.") == [C, O, H]
    assert actions(mild, *CALM_LINES[:9], "I am fed up.") == [C] * 11


def test_one_strong_word_offers_and_a_second_hands_over() -> None:
    assert actions("You are an idiot.") == [O]
    assert actions("You are an idiot.", "You stupid machine.") == [O, H]


def test_an_offer_is_made_once_until_the_score_has_fallen() -> None:
    angry = "You are an idiot."
    calm = [line for line in CALM_LINES if line != "Okay."]
    assert actions(angry, *calm, angry) == [O, *([C] * len(calm)), O]
    # Between the thresholds nothing is said twice.
    assert actions(angry, "It is still open I think.")[1] is C


def test_misunderstandings_are_repaired_before_a_person_is_offered() -> None:
    lines = ["What?", "I said October.", "That's not what I asked.", "You don't understand me."]
    verdicts = watch(conversation(*lines, "What?"))
    assert [v.repair for v in verdicts[:3]] == [
        Repair.SLOW_DOWN,
        Repair.CONFIRM,
        Repair.SPELL_OR_KEY,
    ]
    assert [v.action for v in verdicts] == [C, C, C, O, H]


def test_the_same_request_again_is_a_misunderstanding_with_both_turns_cited() -> None:
    request = "Why is my internet so slow in the evening?"
    verdicts = watch(conversation(request, "A: It is open.", request, "A: I see.", request))
    assert [v.action for v in verdicts] == [C, C, C]
    assert [v.repair for v in verdicts] == [Repair.NONE, Repair.SLOW_DOWN, Repair.CONFIRM]
    assert {c.turn for t in verdicts[-1].triggers for c in t.citations} == {3, 5}


def test_badly_recognised_turns_in_a_row() -> None:
    events: list[AnyEvent] = [
        taken(caller(n, text, confidence=0.2))
        for n, text in enumerate(
            ["blue mat", "no window", "ever then", "for a lamp", "in tin", "oh my"], start=1
        )
    ]
    assert [v.action for v in watch(events)] == [C, C, C, C, O, H]


def test_grounds_of_different_kinds_add_up_together() -> None:
    lines = ["What?", "This is ridiculous.", "I already paid that invoice.", "I am fed up."]
    assert actions(*lines, record=ONE_OPEN_INVOICE) == [C, C, O, H]


def test_a_yes_to_something_else_takes_up_no_offer_that_was_never_spoken() -> None:
    verdicts = watch(
        conversation(
            "Am I talking to a machine?", "A: I am an AI. Your invoice is paid.", "Yes, great."
        )
    )
    assert verdicts[0].action is O
    assert verdicts[-1].action is C


def test_an_accepted_offer_hands_over() -> None:
    assert (
        actions("You are an idiot.", "A: Would you like to talk to a colleague?", "Yes please.")[-1]
        is H
    )
    lines = ["Hello.", "A: Shall I connect you with a colleague?", "Sure, go ahead."]
    assert actions(*lines) == [C, H]


@pytest.mark.parametrize(
    "lines",
    [
        # Declined.
        ["Hello.", "A: Shall I connect you with a colleague?", "No, thank you.", "Yes."],
        # The agent asked something else in between.
        ["You are an idiot.", "A: I am sorry. Is your ZIP code 97214?", "Yes please."],
        # Never offered.
        ["Hello.", "A: Is your ZIP code 97214?", "Yes please."],
        # Yes, but.
        ["Hello.", "A: Shall I connect you with a colleague?", "Yes but first tell me the amount"],
        # Too long ago.
        [
            "Hello.",
            "A: Shall I connect you with a colleague?",
            "My invoice is from October.",
            "It came on Monday.",
            "Yes.",
        ],
    ],
)
def test_a_yes_to_something_else_hands_nothing_over(lines: list[str]) -> None:
    assert H not in actions(*lines)


def test_a_wish_that_may_not_have_been_said_is_only_offered() -> None:
    text = "I want to speak to a real person."
    (verdict,) = watch([taken(caller(1, text, confidence=0.1))])
    assert verdict.action is O
    (verdict,) = watch([taken(caller(1, "Stop calling me.", confidence=0.1))])
    assert verdict.action is E


def test_nothing_is_handed_over_twice_while_a_handoff_runs() -> None:
    asked = "I want to speak to a real person."
    events: list[AnyEvent] = [*conversation(asked), SEEKING, taken(caller(2, asked))]
    verdicts = watch(events)
    assert [v.action for v in verdicts] == [H, C]
    assert kinds(verdicts[1]) == {TriggerKind.ASKED_FOR_PERSON, TriggerKind.MISUNDERSTANDING}
    forbidden = taken(caller(3, "Stop calling me."))
    assert watch([*events, forbidden])[-1].action is E
    after = [*events, NOBODY, taken(caller(3, "Get me a human."))]
    assert watch(after)[-1].action is H


def test_a_contradiction_already_handed_over_is_weighed_the_second_time() -> None:
    claim = "I was charged twice for October."
    events = [*conversation(claim, record=PAID_TWICE), SEEKING, NOBODY]
    again = taken(caller(2, "Well, you took the money twice."))
    assert [v.action for v in watch([*events, again])] == [H, C]


def test_with_a_human_on_the_line_the_supervisor_only_notes() -> None:
    events = [*conversation("Hello."), BRIDGED, taken(caller(2, "Take me off your list."))]
    verdict = watch(events)[-1]
    assert (verdict.action, kinds(verdict)) == (C, {TriggerKind.DO_NOT_CALL})


def test_tools_that_are_requests_to_the_supervisor() -> None:
    def returned(tool: str, ok: bool = True) -> ToolReturned:
        return ToolReturned(at_ms=8_000, tool=tool, ok=ok, result={"ok": ok})

    hello = conversation("I have a difficult matter.")
    offered = watch([*hello, returned("transfer_to_person")])[-1]
    assert (offered.action, offered.triggers[0].citations[0].turn) == (O, 1)
    assert watch([*hello, returned("do_not_call")])[-1].action is E
    entered = DoNotCallEntered(at_ms=8_000, phone="+15035550101", turn=1)
    ends = [v for v in watch([*hello, entered, returned("do_not_call")]) if v.action is E]
    assert len(ends) == 1
    for harmless in (returned("look_up_plan"), returned("transfer_to_person", ok=False)):
        assert len(watch([*hello, harmless])) == 1


def test_a_contradiction_a_tool_can_settle_waits_for_the_tool() -> None:
    document = yaml.safe_load(POLICY_PATH.read_text("utf-8"))
    document["settled_by_tools"]["times"] = ["refund_payment"]
    policy = parse_policy(document)
    events = conversation("I was charged twice for October.", record=PAID_TWICE)

    def returned(ok: bool) -> ToolReturned:
        return ToolReturned(at_ms=8_000, tool="refund_payment", ok=ok, result={"ok": ok})

    assert [v.action for v in watch([*events, returned(True)], policy)] == [C]
    assert [v.action for v in watch([*events, returned(False)], policy)] == [C, H]


def test_a_request_in_english_within_a_german_call_is_heard() -> None:
    events = [*conversation("Guten Tag."), taken(caller(2, "Mitarbeiter bitte", language="de"))]
    assert watch(events)[-1].action is H


def test_callbacks_at_another_time_are_no_trigger() -> None:
    for text in ("Can you call me back tomorrow?", "I'm driving, call me later please."):
        (verdict,) = watch(conversation(text))
        assert (verdict.action, verdict.triggers) == (C, ())


def test_a_log_read_again_gives_the_same_verdicts() -> None:
    events = conversation(
        "Hello.",
        "A: Hi, this is an AI.",
        "What?",
        "I was charged 46.50 twice.",
        "You are an idiot.",
        "A: Would you like to talk to a colleague?",
        "yes",
        record=PAID_TWICE,
    )
    logged = [
        LoggedEvent("c", seq, datetime(2026, 11, 22, tzinfo=UTC), event)
        for seq, event in enumerate(events, start=1)
    ]
    assert watch(events) == watch([entry.event for entry in logged])
    # Cut off anywhere, what was said before the cut stays as it was.
    whole = watch(events)
    for cut in range(len(events)):
        part = watch(events[:cut])
        assert part == whole[: len(part)]


PIECES = st.sampled_from(
    [
        "I want to speak to a real person",
        "charged twice",
        "sixty four fifty",
        "This is ridiculous",
        "my lawyer",
        "was?",
        "Mitarbeiter bitte.",
        "$64.50",
        "October 5th",
        "unverschämt",
        "my plan costs 59",
        "I paid 80 dollars",
        "stop calling me",
        "äh",
        "…",
        "  ",
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=6).map(" ".join))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(TEXTS, st.booleans(), st.floats(0, 1), st.sampled_from(["en", "de", "fr"])),
        max_size=8,
    )
)
def test_no_verdict_cites_words_that_were_not_said(
    lines: list[tuple[str, bool, float, str]],
) -> None:
    events = opening(PAID_TWICE)
    for number, (text, of_agent, confidence, language) in enumerate(lines, start=1):
        turn = (
            agent(number, text, language)
            if of_agent
            else caller(number, text, confidence, language)
        )
        events.append(taken(turn))
    turns = {e.turn.number: e.turn for e in events if isinstance(e, TurnTaken)}
    verdicts = watch(events)
    assert len(verdicts) == sum(t.speaker is Speaker.CALLER for t in turns.values())
    for verdict in verdicts:
        assert 0 <= verdict.confidence <= 1
        for trigger in verdict.triggers:
            assert 0 <= trigger.confidence <= 1
            for citation in trigger.citations:
                turn = turns[citation.turn]
                assert citation.quote in turn.text
                assert turn.start_ms <= citation.at_ms <= turn.end_ms
                assert citation.turn <= verdict.turn
            if trigger.contradiction is not None:
                assert any(trigger.contradiction.said in t.text for t in turns.values())
    assert watch(events) == verdicts


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(CALM_LINES), unique=True))
def test_calm_calls_give_no_action(lines: list[str]) -> None:
    assert set(actions(*lines)) <= {C}
