"""A raised voice, against the caller's own first turns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.supervisor.calls import POLICY, caller, taken, watch
from voiceagent.domain.transcript import Tone, Turn
from voiceagent.domain.verdict import Action, TriggerKind
from voiceagent.supervisor.policy_sections import Ramp
from voiceagent.supervisor.voice import CALM, VoiceStart

pytestmark = pytest.mark.unit

NORMAL = Tone(
    loudness_db=-30.0, pitch_hz=120.0, pitch_range_semitones=4.0, rate_per_s=4.0, voiced_ms=1_500
)
SHOUTED = Tone(
    loudness_db=-21.0, pitch_hz=170.0, pitch_range_semitones=9.0, rate_per_s=5.5, voiced_ms=1_500
)
FIRST = (
    NORMAL,
    replace(NORMAL, loudness_db=-29.0, pitch_hz=124.0),
    replace(NORMAL, loudness_db=-31.0, pitch_hz=116.0),
)


def spoken(number: int, tone: Tone | None, overlap_ms: int = 0) -> Turn:
    return replace(caller(number, f"Point {number} then."), tone=tone, overlap_ms=overlap_ms)


def started(*first: Tone) -> VoiceStart:
    voice = VoiceStart(POLICY.voice)
    for number, tone in enumerate(first or FIRST, start=1):
        assert voice.caller_said(spoken(number, tone)) == CALM
    return voice


def test_shouting_is_noticed_in_all_it_consists_of() -> None:
    raised = started().caller_said(spoken(4, SHOUTED))
    assert raised.strength == 1.0
    for part in ("9 dB louder", "6 semitones higher", "times as fast", "range of pitch"):
        assert part in raised.detail


@pytest.mark.parametrize(
    "tone",
    [
        NORMAL,
        replace(NORMAL, loudness_db=-27.5),
        replace(NORMAL, loudness_db=-40.0, pitch_hz=100.0, rate_per_s=2.0),
        replace(NORMAL, pitch_hz=0.0, rate_per_s=0.0),
        # Too little voiced sound to say anything.
        replace(SHOUTED, voiced_ms=200),
        None,
    ],
)
def test_what_is_no_raised_voice(tone: Tone | None) -> None:
    assert started().caller_said(spoken(4, tone)) == CALM


def test_one_loud_turn_at_the_beginning_does_not_set_the_measure() -> None:
    voice = started(SHOUTED, NORMAL, NORMAL)
    assert voice.caller_said(spoken(4, NORMAL)) == CALM
    assert voice.caller_said(spoken(5, SHOUTED)).strength == 1.0


def test_turns_without_a_tone_do_not_count_as_the_beginning() -> None:
    voice = VoiceStart(POLICY.voice)
    for number, tone in enumerate((None, NORMAL, replace(NORMAL, voiced_ms=10), *FIRST[1:]), 1):
        assert voice.caller_said(spoken(number, tone)) == CALM
    assert voice.caller_said(spoken(9, SHOUTED)).strength == 1.0


def test_talking_over_the_agent_needs_no_measure() -> None:
    voice = VoiceStart(POLICY.voice)
    assert voice.caller_said(spoken(1, None, overlap_ms=300)) == CALM
    raised = voice.caller_said(spoken(2, None, overlap_ms=3_000))
    assert raised.strength == POLICY.voice.overlap_ms.weight
    assert raised.detail == "3000 ms over the agent"


@given(
    st.floats(0, 30),
    st.floats(0, 20),
    st.floats(-60, 0),
    st.floats(60, 400),
)
def test_more_of_it_never_lowers_the_strength(
    more_db: float, more_hz: float, loudness_db: float, pitch_hz: float
) -> None:
    tone = replace(NORMAL, loudness_db=loudness_db, pitch_hz=pitch_hz)
    higher = replace(tone, loudness_db=loudness_db + more_db, pitch_hz=pitch_hz + more_hz)
    voice = started()
    lesser = voice.caller_said(spoken(4, tone)).strength
    greater = voice.caller_said(spoken(5, higher)).strength
    assert 0.0 <= lesser <= greater <= 1.0


def test_a_ramp_rises_from_its_beginning_to_its_full_weight() -> None:
    ramp = Ramp(begins=2.0, full=4.0, weight=0.5)
    assert [ramp.of(value) for value in (1.0, 2.0, 3.0, 4.0, 9.0)] == [0, 0, 0.25, 0.5, 0.5]
    with pytest.raises(ValueError, match="begins < full"):
        Ramp(begins=4.0, full=2.0, weight=0.5)


def test_a_voice_that_stays_raised_offers_a_person() -> None:
    tones = [*FIRST, NORMAL, SHOUTED, SHOUTED, SHOUTED]
    verdicts = watch([taken(spoken(n, tone)) for n, tone in enumerate(tones, start=1)])
    offers = [v.turn for v in verdicts if v.action is not Action.CONTINUE]
    assert offers == [7]
    offered = next(v for v in verdicts if v.action is Action.OFFER_PERSON)
    assert {t.kind for t in offered.triggers} == {TriggerKind.VOICE}
    assert verdicts[4].frustration > verdicts[3].frustration


def test_one_raised_turn_offers_nobody() -> None:
    tones = [*FIRST, SHOUTED, *[NORMAL] * 5]
    verdicts = watch([taken(spoken(n, tone)) for n, tone in enumerate(tones, start=1)])
    assert {v.action for v in verdicts} == {Action.CONTINUE}
    assert verdicts[-1].frustration < verdicts[3].frustration
