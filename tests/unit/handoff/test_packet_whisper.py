"""What a human hears before the bridge."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.handoff.packets import VERIFIED, call, packet_of
from tests.unit.handoff.written import PARCEL, dialogue
from tests.unit.supervisor.calls import GERMAN, PAID_TWICE, caller
from voiceagent.domain.packet import Claim, Packet
from voiceagent.domain.verdict import Contradiction
from voiceagent.handoff.packet_builder import build_packet
from voiceagent.handoff.packet_whisper import speaking_time_s, whisper_text

pytestmark = pytest.mark.unit

CALL = call(
    PAID_TWICE,
    caller(2, "My zip code is 60614."),
    VERIFIED,
    caller(4, "I was charged twice for the October invoice."),
)


def test_who_what_why_and_what_the_records_show() -> None:
    text = whisper_text(packet_of(CALL), "en")
    assert text.startswith(
        "James Whitfield, identity verified. They say: I was charged twice for the October invoice."
    )
    assert "The records bear this out." in text
    assert "No need to ask for name or postal code again." in text
    assert speaking_time_s(text, "en") <= 15.0


def test_in_german() -> None:
    events = call(
        GERMAN,
        caller(1, "Meine Postleitzahl ist 50667.", language="de"),
        VERIFIED,
        caller(2, "Auf der Rechnung stehen neunzig Euro.", language="de"),
    )
    text = whisper_text(packet_of(events), "de")
    assert text.startswith("Sabine Krüger, Identität geprüft. Das Anliegen: Auf der Rechnung")
    assert "Die Unterlagen weichen ab" in text


def test_an_unknown_caller() -> None:
    text = whisper_text(build_packet("c", dialogue(*PARCEL), 1), "en")
    assert text.startswith(
        "A caller, identity not verified. Customer complains that their parcel GB"
    )
    short = dialogue("C: My card is lost.", "A: I will send you a new card by Friday.")
    text = whisper_text(build_packet("c", short, 1), "en")
    assert text.endswith("They were told: I will send you a new card by Friday.")


@pytest.mark.parametrize("longest_s", [0.0, 2.0, 4.0, 6.0, 9.0, 15.0, 30.0])
def test_sentences_are_left_out_whole_and_the_first_ones_stay(longest_s: float) -> None:
    packet = packet_of(CALL)
    everything = whisper_text(packet, "en", 600.0)
    text = whisper_text(packet, "en", longest_s)
    assert speaking_time_s(text, "en") <= max(longest_s, 0.4)
    whole = re.split(r"(?<=\.)\s+", everything)
    said = [s for s in re.split(r"(?<=\.)\s+", text) if s]
    assert all(s in whole for s in said)
    if longest_s >= 4.0:
        assert said[0] == whole[0]


def test_numbers_take_the_time_of_their_words() -> None:
    assert speaking_time_s("It is 60614.", "en") > speaking_time_s("It is there.", "en") + 1.0


TEXT = st.text(max_size=200)


@given(
    st.builds(
        Packet,
        version=st.just(1),
        call_id=st.just("c"),
        customer_name=TEXT,
        identity_verified=st.booleans(),
        matter=TEXT,
        mood=st.sampled_from(["calm", "annoyed", "angry", "firm", "impatient", "frustrated"]),
        facts=st.lists(st.builds(Claim, TEXT, st.just("record"), st.just(True)), max_size=2).map(
            tuple
        ),
        contradictions=st.lists(
            st.builds(Contradiction, TEXT, TEXT, TEXT, supports_caller=st.booleans()), max_size=2
        ).map(tuple),
        promises=st.lists(st.builds(Claim, TEXT, st.just("agent"), st.just(False)), max_size=2).map(
            tuple
        ),
    ),
    st.sampled_from(["en", "de", "fr"]),
    st.floats(0, 30),
)
def test_no_packet_takes_longer_than_there_is_time(
    packet: Packet, language: str, longest_s: float
) -> None:
    text = whisper_text(packet, language, longest_s)
    assert not text or speaking_time_s(text, language) <= longest_s + 0.5
