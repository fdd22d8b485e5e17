"""The recorded person: says the next line at the right moment, counted in audio time."""

import numpy as np
import pytest

from voiceagent.legs.far_end import Line, Moment, RecordedPerson

pytestmark = pytest.mark.unit

FRAME = 320
SILENCE = bytes(FRAME)
VOICE = (np.ones(FRAME // 2) * 3000).astype(np.int16).tobytes()
CLIP = (np.ones(FRAME // 2 * 5) * 1000).astype(np.int16).tobytes()


def person(*lines: Line, patience_ms: int = 10_000) -> RecordedPerson:
    return RecordedPerson(lines, FRAME, patience_ms)


def run(who: RecordedPerson, *heard: tuple[bytes, int]) -> list[tuple[int, str]]:
    """Feed stretches of (frame, count); what was done, with the frame number it happened at."""
    done: list[tuple[int, str]] = []
    number = 0
    for frame, count in heard:
        for _ in range(count):
            before = who.speaking
            said = who.tick(frame)
            if who.speaking and not before:
                done.append((number, "speak"))
            if said.sent_back is not None:
                done.append((number, f"send back {said.sent_back}"))
            if said.keys:
                done.append((number, f"keys {said.keys}"))
            if said.hung_up:
                done.append((number, "hang up"))
            number += 1
    return done


def test_a_human_sends_the_caller_back_once_and_stays_on_the_line() -> None:
    who = person(
        Line(Moment.BRIDGED, 100, send_back="Book a visit."), Line(Moment.BRIDGED, 300, keys="1")
    )
    assert run(who, (SILENCE, 50)) == []
    who.cue("bridged")
    assert run(who, (SILENCE, 30)) == [(4, "send back Book a visit."), (14, "keys 1")]


def test_first_line_comes_so_long_after_answering() -> None:
    who = person(Line(Moment.ANSWERED, 200, pcm=CLIP))
    assert run(who, (SILENCE, 50)) == [(9, "speak")]


def test_waits_until_the_agent_has_finished_and_been_quiet() -> None:
    who = person(Line(Moment.AGENT_FINISHED, 500, pcm=CLIP))
    # A second of speech, a pause of 200 ms inside it, more speech, then quiet.
    done = run(who, (VOICE, 50), (SILENCE, 10), (VOICE, 50), (SILENCE, 60))
    assert done == [(50 + 10 + 50 + 24, "speak")]


def test_waits_on_after_a_short_remark_but_not_forever() -> None:
    who = person(Line(Moment.AGENT_FINISHED, 500, pcm=CLIP))
    # "One moment, please", three seconds, then the answer.
    assert run(who, (VOICE, 40), (SILENCE, 150)) == []
    assert [what for _, what in run(who, (VOICE, 60), (SILENCE, 30))] == ["speak"]
    who = person(Line(Moment.AGENT_FINISHED, 500, pcm=CLIP))
    assert [what for _, what in run(who, (VOICE, 40), (SILENCE, 500))] == ["speak"]


def test_does_not_speak_before_the_agent_has_answered() -> None:
    who = person(Line(Moment.ANSWERED, 0, pcm=CLIP), Line(Moment.AGENT_FINISHED, 100, pcm=CLIP))
    assert run(who, (SILENCE, 200)) == [(0, "speak")]


def test_loses_patience_when_nothing_is_heard() -> None:
    who = person(
        Line(Moment.ANSWERED, 0, pcm=CLIP),
        Line(Moment.AGENT_FINISHED, 100, pcm=CLIP),
        patience_ms=2000,
    )
    done = run(who, (SILENCE, 200))
    assert [what for _, what in done] == ["speak", "speak"]
    assert done[1][0] >= 100


def test_barge_in_while_the_agent_speaks() -> None:
    who = person(Line(Moment.AGENT_SPEAKING, 400, pcm=CLIP))
    assert run(who, (SILENCE, 30), (VOICE, 100)) == [(30 + 19, "speak")]


def test_music_before_the_bridge_is_no_answer_but_the_humans_words_are() -> None:
    who = person(Line(Moment.BRIDGED, 300, pcm=CLIP), Line(Moment.AGENT_FINISHED, 200, pcm=CLIP))
    assert run(who, (VOICE, 100)) == []
    who.cue("bridged")
    assert [what for _, what in run(who, (SILENCE, 40))] == ["speak"]
    assert run(who, (SILENCE, 40)) == []
    assert [what for _, what in run(who, (VOICE, 80), (SILENCE, 20))] == ["speak"]


def test_keys_and_hang_up() -> None:
    who = person(
        Line(Moment.AGENT_FINISHED, 100, keys="0"), Line(Moment.AGENT_FINISHED, 100, hang_up=True)
    )
    done = run(who, (VOICE, 80), (SILENCE, 20), (VOICE, 80), (SILENCE, 20))
    assert [what for _, what in done] == ["keys 0", "hang up"]


def test_a_clip_is_played_whole_and_padded_to_a_frame() -> None:
    clip = CLIP + b"\x01\x00" * 10
    who = person(Line(Moment.ANSWERED, 0, pcm=clip))
    said = b"".join(who.tick(SILENCE).pcm for _ in range(8))
    assert said.startswith(clip)
    assert set(said[len(clip) :]) == {0}
