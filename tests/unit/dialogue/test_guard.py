"""The guard in a real pipeline: what passes, what is replaced, and that nothing else changes."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.frames.frames import (
    DataFrame,
    Frame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.tests.utils import SleepFrame, run_test

from voiceagent.accounts.sample import sample_records
from voiceagent.dialogue.grounding import Evidence
from voiceagent.dialogue.guard import ReplyGuard
from voiceagent.dialogue.reply_filter import Replacements
from voiceagent.domain.errors import StoreError
from voiceagent.domain.events import AnyEvent, ReplyGuarded

pytestmark = pytest.mark.unit

INSTEAD = "Let me not guess there."
INSTEAD_MIDWAY = "but let me not guess there."
JAMES = next(r for r in sample_records() if r.customer.id == "C-1002")


class Log:
    def __init__(self, broken: bool = False) -> None:
        self.events: list[Any] = []
        self._broken = broken

    async def __call__(self, make: Callable[[int], AnyEvent]) -> None:
        if self._broken:
            raise StoreError("No space left.")
        self.events.append(make(900))


def _guard(log: Log | None = None, language: str = "en", **options: Any) -> ReplyGuard:
    evidence = Evidence(language, date(2026, 12, 1))
    evidence.add_record(JAMES)
    return ReplyGuard(evidence, Replacements(INSTEAD, INSTEAD_MIDWAY), log or Log(), **options)


def _reply(*pieces: str) -> list[Frame]:
    return [
        LLMFullResponseStartFrame(),
        *(LLMTextFrame(piece) for piece in pieces),
        LLMFullResponseEndFrame(),
    ]


async def _through(guard: ReplyGuard, frames: Sequence[Frame]) -> list[Frame]:
    down, _ = await run_test(guard, frames_to_send=frames, start_timeout=60.0)
    return list(down)


def _text(frames: Sequence[Frame]) -> str:
    return "".join(frame.text for frame in frames if isinstance(frame, LLMTextFrame))


async def test_supported_sentences_pass_unchanged_and_whole() -> None:
    log = Log()
    said = ["Your invoice", " is $6", "4.", "50", ". It is", " paid.", " Anything else", "?"]
    frames = await _through(_guard(log), _reply(*said))
    assert [f.text for f in frames if isinstance(f, LLMTextFrame)] == [
        "Your invoice is $64.50. ",
        "It is paid.",
        " Anything else?",
    ]
    assert isinstance(frames[0], LLMFullResponseStartFrame)
    assert isinstance(frames[-1], LLMFullResponseEndFrame)
    assert not log.events


async def test_an_unsupported_sentence_is_replaced_and_reported() -> None:
    log = Log()
    said = "Thank you. Your invoice is $65. It is due on October 15. Is that fine?"
    frames = await _through(_guard(log), _reply(said))
    assert _text(frames) == f"Thank you. {INSTEAD} It is due on October 15. Is that fine?"
    assert log.events == [
        ReplyGuarded(
            at_ms=900,
            withheld="Your invoice is $65.",
            unsupported=("$65",),
            said_instead=INSTEAD,
        )
    ]


async def test_the_replacement_is_said_once_per_reply() -> None:
    log = Log()
    wrong = "It is $65. It is $66. It is paid. It is $67."
    frames = await _through(_guard(log), [*_reply(wrong), *_reply("It is $68.")])
    assert _text(frames) == f"{INSTEAD} It is paid. {INSTEAD} "
    assert [e.said_instead for e in log.events] == [INSTEAD, "", "", INSTEAD]


async def test_a_number_cut_in_two_is_judged_whole() -> None:
    frames = await _through(_guard(), _reply("It is $", "6", "5", ".", "0", "0", "."))
    assert _text(frames) == f"{INSTEAD} "


async def test_the_last_words_need_no_full_stop() -> None:
    assert _text(await _through(_guard(), _reply("One", " moment"))) == "One moment"
    assert _text(await _through(_guard(), _reply("It is", " $65"))) == f"{INSTEAD} "


async def test_an_interruption_drops_what_is_held() -> None:
    frames = await _through(
        _guard(),
        [
            LLMFullResponseStartFrame(),
            LLMTextFrame("It is paid. Your inv"),
            SleepFrame(0.05),
            InterruptionFrame(),
            *_reply("Yes?"),
        ],
    )
    kinds = [type(f) for f in frames]
    assert _text(frames) == "It is paid. Yes?"
    assert kinds.index(InterruptionFrame) == 2


class Marker(DataFrame):
    """Any other frame of the pipeline."""


async def test_other_frames_keep_their_place_and_announcements_do_not_wait() -> None:
    marker, filler = Marker(), TTSSpeakFrame("One moment.")
    frames = await _through(
        _guard(),
        [
            LLMFullResponseStartFrame(),
            LLMTextFrame("It is"),
            marker,
            filler,
            LLMTextFrame(" paid."),
            LLMFullResponseEndFrame(),
        ],
    )
    assert [type(f) for f in frames] == [
        LLMFullResponseStartFrame,
        TTSSpeakFrame,
        LLMTextFrame,
        Marker,
        LLMFullResponseEndFrame,
    ]


async def test_a_frame_that_must_arrive_survives_an_interruption() -> None:
    result = FunctionCallResultFrame(
        function_name="look_up_plan", tool_call_id="1", arguments={}, result={}
    )
    assert not result.interruptible
    frames = await _through(
        _guard(),
        [
            LLMFullResponseStartFrame(),
            LLMTextFrame("Let me"),
            result,
            SleepFrame(0.05),
            InterruptionFrame(),
        ],
    )
    assert [type(f) for f in frames] == [
        LLMFullResponseStartFrame,
        FunctionCallResultFrame,
        InterruptionFrame,
    ]


async def test_words_that_are_not_spoken_pass() -> None:
    silent = LLMTextFrame("It is $65.")
    silent.skip_tts = True
    frames = await _through(_guard(), [silent])
    assert frames == [silent]


async def test_an_endless_sentence_is_judged_in_pieces() -> None:
    frames = await _through(_guard(longest_chars=40), _reply(*["and so on "] * 20))
    assert _text(frames) == "and so on " * 20
    assert sum(isinstance(f, LLMTextFrame) for f in frames) > 1


async def test_words_stay_withheld_when_the_log_fails() -> None:
    frames = await _through(_guard(Log(broken=True)), _reply("It is $65. It is paid."))
    assert _text(frames) == f"{INSTEAD} It is paid."


SUPPORTED = st.sampled_from(
    [
        "Your invoice is $64.50.",
        "It was due on October 15.",
        "I see two payments.",
        "One moment, please!",
        "You paid on October 5 and October 6.",
        "Is there anything else?",
        "The amount is sixty-four dollars and fifty cents.",
        "That is invoice INV-3107.",
        "Thank you.",
    ]
)


@settings(deadline=None, max_examples=25)
@given(sentences=st.lists(SUPPORTED, min_size=1, max_size=5), data=st.data())
async def test_supported_words_are_never_lost_however_they_are_cut(
    sentences: list[str], data: st.DataObject
) -> None:
    text = " ".join(sentences)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12).map(sorted))
    edges = [0, *cuts, len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    log = Log()
    assert _text(await _through(_guard(log), _reply(*pieces))) == text
    assert not log.events


async def test_a_courtesy_is_spoken_before_its_sentence_has_ended() -> None:
    log = Log()
    marker = Marker()
    frames = await _through(
        _guard(log),
        [
            LLMFullResponseStartFrame(),
            LLMTextFrame("Thank you,"),
            LLMTextFrame(" your invoice"),
            marker,
            LLMTextFrame(" is $64.50"),
            LLMTextFrame(". It is paid."),
            LLMFullResponseEndFrame(),
        ],
    )
    assert [getattr(frame, "text", frame) for frame in frames[1:-1]] == [
        "Thank you,",
        " your invoice is $64.50. ",
        "It is paid.",
        marker,
    ]
    assert not log.events


async def test_after_a_courtesy_the_rest_is_replaced_so_that_it_can_be_said() -> None:
    log = Log()
    reply = _reply("Sure,", " your", " invoice is $65", ". It is $66. It is", " paid.")
    frames = await _through(_guard(log), reply)
    assert _text(frames) == f"Sure, {INSTEAD_MIDWAY} It is paid."
    assert log.events == [
        ReplyGuarded(
            at_ms=900,
            withheld="your invoice is $65.",
            unsupported=("$65",),
            said_instead=INSTEAD_MIDWAY,
        ),
        ReplyGuarded(at_ms=900, withheld="It is $66.", unsupported=("$66",), said_instead=""),
    ]


async def test_after_a_barge_in_the_next_reply_begins_anew() -> None:
    frames = await _through(
        _guard(),
        [
            LLMFullResponseStartFrame(),
            LLMTextFrame("Thank you, it"),
            SleepFrame(0.05),
            InterruptionFrame(),
            *_reply("It is $65."),
            *_reply("Sure, it ", "is $65."),
        ],
    )
    assert _text(frames) == f"Thank you,{INSTEAD} Sure, {INSTEAD_MIDWAY} "
