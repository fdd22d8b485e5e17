"""The packet written by a language model that may lie, stall or be gone."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.handoff.packets import VERIFIED, call, packet_of, tool
from tests.unit.handoff.written import PARCEL, Answering, dialogue
from tests.unit.supervisor.calls import PAID_TWICE, agent, caller
from voiceagent.dialogue.llm_endpoint import LanguageModelReplyError
from voiceagent.domain.errors import InputError, LanguageModelError
from voiceagent.domain.packet import Packet
from voiceagent.handoff.packet_builder import build_packet, read_call
from voiceagent.handoff.packet_request import load_instructions, messages, transcript
from voiceagent.handoff.packet_writer import WriterOptions, merged, write

pytestmark = pytest.mark.unit

PROMPTS = Path(__file__).parents[3] / "prompts"
EVENTS = dialogue(*PARCEL)
PACKET = build_packet("c", EVENTS, 2)
GOOD: dict[str, Any] = {
    "matter": {"turn": 1, "text": "Customer complains that parcel GB4471902385 never arrived."},
    "summary": [{"turn": 4, "text": "Agent opened an investigation with the depot."}],
    "facts": [{"turn": 3, "text": "Customer lives on the third floor."}],
    "tried": [],
    "promises": [{"turn": 4, "text": "Agent will send a refund of $64.50 by Friday."}],
    "open_questions": [],
}


def texts(packet: Packet) -> str:
    claims = (*packet.facts, *packet.tried, *packet.promises, *packet.open_questions)
    return "\n".join([packet.matter, packet.summary, *(c.text for c in claims)])


def adds_to(packet: Packet, other: Packet) -> bool:
    """Whether all the first packet's statements are in the second."""
    names = ("facts", "tried", "promises", "open_questions", "contradictions", "triggers")
    return all({*getattr(packet, n)} <= {*getattr(other, n)} for n in names)


async def test_what_the_call_bears_out_gets_in() -> None:
    packet = await write(PACKET, EVENTS, Answering(GOOD))
    assert packet is not None
    assert (packet.written_by, packet.version) == ("language_model", 2)
    assert packet.matter == "Customer complains that parcel GB4471902385 never arrived."
    assert packet.summary == (
        "Customer complains that parcel GB4471902385 never arrived."
        " Agent opened an investigation with the depot."
    )
    assert packet.dropped_claims == 0
    assert adds_to(PACKET, packet)


@pytest.mark.parametrize(
    ("name", "lie"),
    [
        ("facts", "Customer paid $640.50."),
        ("facts", "Customer ordered it on November 3rd."),
        ("facts", "Customer Olivia Stone lives on the third floor."),
        ("facts", "Customer's parcel arrived."),
        ("promises", "Agent will send a voucher of $100 by Friday."),
        ("promises", "Agent will call back tomorrow."),
        ("tried", "Agent refunded $64.50."),
        ("open_questions", "Customer asks for the manager's number."),
    ],
)
async def test_a_lie_is_dropped_and_counted(name: str, lie: str) -> None:
    answer = {**GOOD, name: [{"turn": 1, "text": lie}, *GOOD[name]]}
    packet = await write(PACKET, EVENTS, Answering(answer))
    honest = await write(PACKET, EVENTS, Answering(GOOD))
    assert packet is not None
    assert honest is not None
    assert lie not in texts(packet)
    assert packet.dropped_claims == 1
    assert texts(packet) == texts(honest)


async def test_a_matter_nobody_told_gives_way_to_the_events_own() -> None:
    lie = {"turn": 1, "text": "Customer wants to cancel the contract number 99812."}
    answer = {**GOOD, "matter": lie, "summary": [{"turn": 2, "text": "Agent gave $500 back."}]}
    packet = await write(PACKET, EVENTS, Answering(answer))
    assert packet is not None
    assert packet.facts == (*PACKET.facts, *packet.facts[len(PACKET.facts) :])
    assert (packet.matter, packet.summary) == (PACKET.matter, PACKET.summary)
    assert packet.dropped_claims == 2


@pytest.mark.parametrize(
    "error",
    [LanguageModelError("The model is down."), LanguageModelReplyError("That is no JSON.")],
)
async def test_a_model_that_fails_leaves_the_events_packet(error: Exception) -> None:
    assert await write(PACKET, EVENTS, Answering(error)) is None


async def test_a_model_that_stalls_is_left_at_the_deadline() -> None:
    cancelled = asyncio.Event()

    async def stalling(
        messages: Sequence[Mapping[str, Any]],
        schema: Mapping[str, Any],
        deadline_s: float,
        max_tokens: int,
    ) -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return {}

    async with asyncio.timeout(60):
        assert await write(PACKET, EVENTS, stalling, WriterOptions(deadline_s=0.05)) is None
    assert cancelled.is_set()


async def test_what_came_before_the_failure_stands() -> None:
    prose = {name: GOOD[name] for name in ("matter", "summary")}
    model = Answering(prose, LanguageModelError("The model is down."))
    packet = await write(PACKET, EVENTS, model)
    assert packet is not None
    assert packet.matter == GOOD["matter"]["text"]
    assert packet.facts == PACKET.facts


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"matter": None, "summary": None, "facts": None},
        {"matter": "a text", "summary": "a text", "facts": {"turn": 1}, "promises": 7},
        {"matter": {"turn": "x", "text": 5}, "facts": [None, 3, "x", {}, {"text": ["a"]}]},
        {"matter": {"turn": 1, "text": ""}, "summary": [], "facts": [{"turn": 1, "text": "  "}]},
        {"matter": {"turn": 1, "text": "x " * 50_000}, "facts": [{"turn": 1, "text": "y" * 9999}]},
        {"matter": {"turn": 1, "text": "顧客は荷物を受け取っていません。"}, "summary": []},
        {"matter": {"turn": 10**30, "text": "Customer paid $5."}},
    ],
)
async def test_answers_of_any_shape(answer: dict[str, Any]) -> None:
    packet = await write(PACKET, EVENTS, Answering(answer))
    assert packet is None or (packet.matter == PACKET.matter and adds_to(PACKET, packet))


async def test_nobody_is_asked_about_a_call_without_a_caller() -> None:
    model = Answering(GOOD)
    assert await write(Packet(1, "c"), dialogue("A: Hello?"), model) is None
    assert model.asked == []


async def test_a_call_with_a_record_keeps_its_side_of_the_matter() -> None:
    events = call(
        PAID_TWICE,
        caller(2, "My zip code is 60614."),
        VERIFIED,
        agent(3, "How can I help?"),
        caller(4, "I was charged twice for the October invoice."),
        tool("look_up_payments", {"payments": [{"id": "PAY-5201"}]}),
        agent(5, "I see two payments for INV-3107."),
    )
    before = packet_of(events)
    answer = {
        "matter": {"turn": 4, "text": "Customer was charged twice for the October invoice."},
        "summary": [{"turn": 5, "text": "Agent sees two payments for INV-3107."}],
    }
    packet = await write(before, events, Answering(answer, LanguageModelError("down")))
    assert packet is not None
    assert packet.matter.startswith("Customer was charged twice for the October invoice; the reco")
    assert "PAY-5202" in packet.matter
    assert packet.summary.startswith("James Whitfield, identity verified")
    assert packet.summary.endswith("Handed over: accounts that differ.")
    assert adds_to(before, packet)


def test_the_transcript_is_bounded_and_keeps_both_ends() -> None:
    lines = [f"{'CA'[n % 2]}: line {n} {'word ' * 30}" for n in range(200)]
    reading = read_call(dialogue(*lines))
    shown = transcript(reading, 2000, 80)
    assert len(shown) < 2300
    assert shown.startswith("1 Customer: line 0")
    assert "line 199" in shown
    assert "\n…\n" in shown
    short = transcript(read_call(dialogue("C: Hello.", "A: Hi.")), 2000, 80)
    assert short == "1 Customer: Hello.\n2 Agent: Hi."


async def test_the_instructions_are_of_the_calls_language() -> None:
    instructions = load_instructions(PROMPTS)
    model = Answering(GOOD)
    german = dialogue("C: Mein Paket fehlt.", language="de")
    await write(build_packet("c", german, 1), german, model, WriterOptions(instructions))
    assert model.asked[0][0]["content"] == instructions["de"].text
    assert "1 Kunde: Mein Paket fehlt." in model.asked[0][-1]["content"]


def test_the_examples_stand_between_the_instructions_and_the_call() -> None:
    english = load_instructions(PROMPTS)["en"]
    asked = messages(read_call(EVENTS), english, ("facts", "promises"), (2000, 200))
    assert [m["role"] for m in asked] == ["system", "user", "assistant", "user"]
    assert asked[1]["content"].startswith(english.conversation)
    assert asked[1]["content"].endswith("-> facts, promises")
    assert set(json.loads(asked[2]["content"])) == {"facts", "promises"}


async def test_the_examples_are_right_by_the_check() -> None:
    for language, told in load_instructions(PROMPTS).items():
        lines = [line.split(" ", 1)[1] for line in told.conversation.splitlines()]
        sides = {"Customer": "C", "Kunde": "C", "Agent": "A"}
        lines = [f"{sides[line.split(':')[0]]}:{line.split(':', 1)[1]}" for line in lines]
        events = dialogue(*lines, language=language)
        answer = {k: v for _, given in told.answers for k, v in given.items()}
        packet = merged(build_packet("c", events, 1), read_call(events), answer)
        assert packet.dropped_claims == 0, language
        assert packet.matter == answer["matter"]["text"]


def test_missing_instructions_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"en\.md"):
        load_instructions(tmp_path)
    (tmp_path / "packet").mkdir()
    (tmp_path / "packet" / "en.md").write_text(" ", "utf-8")
    with pytest.raises(InputError, match="empty"):
        load_instructions(tmp_path)
    (tmp_path / "packet" / "en.md").write_text("Write.", "utf-8")
    (tmp_path / "packet" / "en.examples.md").write_text("1 Customer: Hi\n\n-> matter\nno", "utf-8")
    with pytest.raises(InputError, match="JSON"):
        load_instructions(tmp_path)


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="positive"):
        WriterOptions(deadline_s=0)
    with pytest.raises(ValueError, match="kinds"):
        WriterOptions(claims={"rumours": 3})
    assert sum(WriterOptions.for_local_model({}).claims.values()) <= 3


SAID = "\n".join(PARCEL)
STATEMENTS = st.one_of(
    st.text(max_size=80),
    st.builds(
        lambda who, verb, value, rest: f"{who} {verb} {value} {rest}.",
        st.sampled_from(["Customer", "Agent", "The parcel", "Daniel Reyes", "It"]),
        st.sampled_from(["paid", "was delivered", "will send a refund of", "did not arrive", "is"]),
        st.sampled_from(["$64.50", "$65.40", "GB4471902385", "GB4471902386", "7", "third", "by"]),
        st.sampled_from(["yesterday", "Friday", "Monday", "in Leeds", "in Paris", "for it", ""]),
    ),
)
DRAFTS = st.lists(
    st.fixed_dictionaries({"turn": st.integers(-1, 8), "text": STATEMENTS}), max_size=4
)


@settings(deadline=None, max_examples=80)
@given(
    st.fixed_dictionaries(
        {
            "matter": st.fixed_dictionaries({"turn": st.integers(0, 6), "text": STATEMENTS}),
            "summary": DRAFTS,
            "facts": DRAFTS,
            "tried": DRAFTS,
            "promises": DRAFTS,
            "open_questions": DRAFTS,
        }
    )
)
def test_no_value_gets_in_that_nobody_said(answer: dict[str, Any]) -> None:
    packet = merged(PACKET, read_call(EVENTS), answer)
    assert adds_to(PACKET, packet)
    for token in re.findall(r"[\w$€]*\d[\w.]*\w", texts(packet)):
        assert token in SAID
    for word in ("Monday", "Paris", "$65.40", "GB4471902386"):
        assert word not in texts(packet)
    for claim in (*packet.facts, *packet.promises, *packet.tried, *packet.open_questions):
        assert claim.citation is not None
        assert claim.citation.quote in SAID
