"""The packet of a recorded caller, written by the real local language model and looked at twice.

The caller's words are those of the recording; between them stand the lines an agent says there,
and the record is the sample company's. The model gets all the time it needs: what counts is that
nothing of what it writes gets in without a ground.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.unit.handoff.packets import VERIFIED, call, packet_of
from tests.unit.supervisor.calls import RECORDS, agent
from tests.unit.supervisor.calls import caller as said
from voiceagent.bench.packet_recheck import recheck
from voiceagent.dialogue.llm_endpoint import complete_json
from voiceagent.dialogue.local_llm import LocalLlmServer
from voiceagent.domain.events import TurnTaken
from voiceagent.handoff.packet_builder import read_call
from voiceagent.handoff.packet_request import load_instructions
from voiceagent.handoff.packet_sources import record_texts
from voiceagent.handoff.packet_writer import WriterOptions, write
from voiceagent.legs.script import load_script
from voiceagent.settings import Settings, load_settings
from voiceagent.weights.verification import locate

pytestmark = pytest.mark.local_llm

DEADLINE_S = 500.0


def local_weights(settings: Settings) -> Path:
    return next(iter(sorted(locate(settings.local_llm, settings.weights_dir).glob("*.gguf"))))


@pytest.mark.parametrize("caller", ["double-charge"])
async def test_nothing_unsupported_gets_in(caller: str) -> None:
    settings = load_settings()
    script = load_script(settings.fixtures_dir / "callers" / f"{caller}.yaml")
    hello, name, code, matter, yes = (line.text for line in script.lines[:5])
    events = call(
        RECORDS[script.account],
        said(1, hello),
        agent(2, "This is an AI from Larkfield Broadband. Am I speaking with James Whitfield?"),
        said(3, name),
        agent(4, "What is your postal code?"),
        said(5, code),
        VERIFIED,
        agent(6, "Thank you. How can I help you with the October invoice?"),
        said(7, matter),
        agent(
            8, "I see two payments of $64.50. A colleague can look at that. Shall I connect you?"
        ),
        said(9, yes),
    )
    before = packet_of(events)
    weights = local_weights(settings)
    instructions = load_instructions(settings.prompts_dir)
    options = WriterOptions.for_local_model(instructions, DEADLINE_S)
    async with LocalLlmServer(weights) as server:
        packet = await write(before, events, partial(complete_json, server.endpoint), options)
    packet = packet or before
    turns = [e.turn for e in events if isinstance(e, TurnTaken)]
    assert recheck(packet, turns, record_texts(read_call(events))) == []
    assert {*before.facts} <= {*packet.facts}
    assert packet.contradictions == before.contradictions
    assert "PAY-5202" in packet.matter
