"""What counts as a reply, a cut-in, an early turn, a barge-in: the rules of the bench."""

from __future__ import annotations

import pytest

from voiceagent.bench.latency.figures import (
    answers,
    errors_of,
    findings,
    percentile,
    silences,
    split,
    stretches,
    waits,
)
from voiceagent.bench.latency.record import CallRecord, Kind, Observed, Span, SpokenTurn, Stage

pytestmark = pytest.mark.unit


def turn(
    start: float, end: float, kind: Kind = Kind.CLEAR, text: str = "ten of clubs"
) -> SpokenTurn:
    pauses = ((start + 1, end - 1),) if kind is Kind.PAUSE else ()
    return SpokenTurn("clip", kind, text, start, end, pauses)


def call(
    turns: list[SpokenTurn],
    agent: list[Span],
    observed: list[tuple[float, Stage, str]] | None = None,
) -> CallRecord:
    return CallRecord(
        tuple(turns),
        tuple(agent),
        tuple(Observed(at, stage, value) for at, stage, value in observed or []),
    )


def test_a_reply_is_the_first_sound_after_the_end_of_speech() -> None:
    found = findings(call([turn(1, 3), turn(8, 9)], [(0.1, 0.6), (3.7, 6.0), (9.5, 11)]))
    assert [f.wait_s for f in found] == [pytest.approx(0.7), pytest.approx(0.5)]
    assert not any(f.cut_in or f.early or f.missed for f in found)
    assert waits(found, Kind.CLEAR) == [f.wait_s for f in found]
    assert waits(found, Kind.PAUSE) == []


def test_the_next_turns_reply_is_not_this_ones() -> None:
    found = findings(call([turn(1, 3), turn(12, 13)], [(13.5, 15)]))
    assert [f.wait_s for f in found] == [None, pytest.approx(0.5)]


def test_sound_before_the_end_of_speech_is_a_cut_in_and_no_reply() -> None:
    paused = turn(1, 5, Kind.PAUSE)
    (found,) = findings(call([paused], [(3.2, 3.5), (5.6, 7)]))
    assert found.cut_in
    assert found.wait_s is None


def test_the_rest_of_an_earlier_sentence_is_no_cut_in() -> None:
    (found,) = findings(call([turn(1, 5, Kind.PAUSE)], [(0.2, 1.4), (5.6, 7)]))
    assert not found.cut_in
    assert found.wait_s == pytest.approx(0.6)


def test_sound_in_the_last_frame_is_a_very_fast_reply() -> None:
    (found,) = findings(call([turn(1, 5)], [(4.99, 7)]))
    assert not found.cut_in
    assert found.wait_s == pytest.approx(-0.01)


def test_a_turn_taken_for_finished_in_its_pause_is_early_even_if_nothing_is_heard() -> None:
    seen = [(2.6, Stage.COMMITTED, ""), (5.4, Stage.COMMITTED, "")]
    (found,) = findings(call([turn(1, 5, Kind.PAUSE)], [(5.6, 7)], seen))
    assert found.early
    assert not found.cut_in
    (found,) = findings(call([turn(1, 5, Kind.PAUSE)], [(5.6, 7)], seen[1:]))
    assert not found.early


def test_until_silence_is_counted_from_the_callers_first_sample() -> None:
    barge = turn(4.0, 6.0, Kind.BARGE_IN)
    found = findings(call([turn(1, 2), barge], [(2.7, 3.5), (3.6, 4.3), (6.6, 8)]))
    assert silences(found) == [pytest.approx(0.3)]
    assert not found[1].cut_in, "the agent was there first"
    assert found[1].wait_s == pytest.approx(0.6)


def test_who_speaks_into_silence_does_not_barge_in() -> None:
    found = findings(call([turn(1, 2), turn(4.0, 6.0, Kind.BARGE_IN)], [(2.7, 3.5), (6.6, 8)]))
    assert silences(found) == []


def test_a_reply_to_half_a_sentence_is_found_out() -> None:
    text = "please check the number and dial again"
    seen = [
        (5.2, Stage.RECOGNISED, "please check the"),
        (6.9, Stage.RECOGNISED, "number and dial again"),
    ]
    record = call([turn(1, 5, Kind.PAUSE, text)], [(5.6, 8)], seen)
    (found,) = findings(record)
    assert found.in_part
    assert found.recognised == text
    assert errors_of([record]).errors == 0, "late words are not wrong"


def test_the_systems_own_account_of_a_turn_goes_before_its_transcripts() -> None:
    seen = [
        (3.1, Stage.RECOGNISED, "ten of"),
        (3.2, Stage.RECOGNISED, "ten of clubs"),
        (3.3, Stage.TURN, "Ten of clubs."),
    ]
    (found,) = findings(call([turn(1, 3)], [(4, 5)], seen))
    assert found.recognised == "Ten of clubs."
    assert found.errors.errors == 0


def test_the_split_takes_what_led_to_the_reply_that_was_heard() -> None:
    seen = [
        (2.0, Stage.ASKED, ""),  # a speculation, thrown away
        (2.2, Stage.LLM_TEXT, ""),
        (3.1, Stage.RECOGNISED, "x"),
        (3.2, Stage.COMMITTED, ""),
        (3.3, Stage.ASKED, ""),
        (3.5, Stage.LLM_TEXT, ""),
        (3.6, Stage.LLM_TEXT, ""),
        (3.7, Stage.SYNTHESISED, ""),
        (9.0, Stage.RECOGNISED, "of another turn"),
    ]
    found = findings(call([turn(1, 3)], [(3.8, 5)], seen))
    done = {stage: at[0] for stage, at in split(found).items()}
    assert done == {
        "recognised": pytest.approx(0.1),
        "committed": pytest.approx(0.2),
        "asked": pytest.approx(0.3),
        "llm_text": pytest.approx(0.5),
        "synthesised": pytest.approx(0.7),
        "audible": pytest.approx(0.8),
    }


def test_turns_that_do_not_count_are_left_out() -> None:
    first = SpokenTurn("clip", Kind.CLEAR, "yes", 1, 2, counted=False)
    found = findings(call([first, turn(4, 5)], [(2.5, 3), (5.5, 6)]))
    assert [f.turn.start_s for f in found] == [4]


def test_spans_with_little_between_them_are_one() -> None:
    assert stretches([(0, 1), (1.2, 2), (3, 4)], 0.35) == [(0, 2), (3, 4)]


def test_percentiles() -> None:
    assert percentile([], 50) is None
    assert percentile([1, 2, 3], 50) == 2


def test_a_record_survives_the_way_between_processes() -> None:
    record = call([turn(1, 5, Kind.PAUSE)], [(5.5, 6.0)], [(5.2, Stage.TURN, "words")])
    assert CallRecord.of_json(record.as_json()) == record


def test_a_filler_ends_the_silence_and_is_no_answer() -> None:
    seen = [
        (3.2, Stage.COMMITTED, ""),
        (3.21, Stage.ASKED, ""),
        (4.4, Stage.SYNTHESISED, ""),  # "One moment, please."
        (6.0, Stage.LLM_TEXT, ""),
        (6.2, Stage.SYNTHESISED, ""),
    ]
    found = findings(call([turn(1, 3)], [(4.5, 5.5), (6.3, 8)], seen))
    assert waits(found, Kind.CLEAR) == [pytest.approx(1.5)]
    assert answers(found, Kind.CLEAR) == [pytest.approx(3.3)]
    only_filler = findings(call([turn(1, 3)], [(4.5, 5.5)], seen[:3]))
    assert waits(only_filler, Kind.CLEAR) == [pytest.approx(1.5)]
    assert answers(only_filler, Kind.CLEAR) == []


def test_without_a_filler_the_reply_is_the_answer() -> None:
    seen = [
        (2.9, Stage.ASKED, ""),
        (3.2, Stage.COMMITTED, ""),
        (3.3, Stage.LLM_TEXT, ""),
        (3.5, Stage.SYNTHESISED, ""),
    ]
    found = findings(call([turn(1, 3)], [(3.6, 8)], seen))
    assert answers(found, Kind.CLEAR) == waits(found, Kind.CLEAR) == [pytest.approx(0.6)]


def test_words_of_a_guess_that_was_thrown_away_are_no_answer() -> None:
    seen = [
        (2.0, Stage.ASKED, ""),
        (2.2, Stage.LLM_TEXT, ""),
        (3.2, Stage.COMMITTED, ""),
        (3.21, Stage.ASKED, ""),
        (4.4, Stage.SYNTHESISED, ""),  # a filler
        (6.0, Stage.LLM_TEXT, ""),
        (6.2, Stage.SYNTHESISED, ""),
    ]
    found = findings(call([turn(1, 3)], [(4.5, 5.5), (6.3, 8)], seen))
    assert answers(found, Kind.CLEAR) == [pytest.approx(3.3)]
