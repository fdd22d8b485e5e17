"""What a caller on hold hears, and what comes of what they say."""

from __future__ import annotations

import pytest

from tests.unit.handoff.scene import Scene
from tests.unit.handoff.scripted import Faults, Mode
from voiceagent.domain.handoff import HandoffOutcome, HandoffState
from voiceagent.domain.handoff_events import HoldWish, HoldWished, PacketWritten
from voiceagent.handoff.options import HandoffOptions

pytestmark = pytest.mark.unit

UNKNOWN, RUNG, NOTED = (
    "say I do not know.",
    "say Somebody is being rung.",
    "say I will pass that on.",
)


def seeking(**faults: object) -> Scene:
    """The one human talks with somebody else."""
    return Scene(Faults(engaged=(0,), **faults)).start().advance(3)  # type: ignore[arg-type]


def ringing(**faults: object) -> Scene:
    return Scene(Faults(**faults)).start().advance(3)  # type: ignore[arg-type]


def packets(scene: Scene) -> list[tuple[int, str]]:
    return [
        (e.packet.version, e.packet.written_by)
        for e in scene.events
        if isinstance(e, PacketWritten)
    ]


def test_the_announcement_comes_before_the_first_tone() -> None:
    scene = Scene(Faults(engaged=(0,))).start().advance(1)
    sound = scene.caller_leg.playout.background
    assert sound is not None
    assert sound() == b"", "music while the announcement is being said"
    scene.advance(1)
    assert any(scene.caller_leg.playout.next_frame())
    assert scene.notes[:2] == ["hold", "say I connect you."]


def test_a_stuck_announcement_is_no_dead_air() -> None:
    scene = Scene(Faults(say=Mode.HANG, engaged=(0,))).start().advance(20)
    assert 1.5 < scene.worst_silence_s < 3
    scene.finish()


def test_how_long_is_answered_at_once_and_truthfully() -> None:
    scene = seeking().wish(HoldWish.HOW_LONG).advance(0.1)
    assert scene.notes[-1] == UNKNOWN
    scene.finish()


def test_how_long_while_it_rings() -> None:
    scene = ringing().wish(HoldWish.HOW_LONG).advance(0.1)
    assert scene.notes[-1] == RUNG
    scene.finish()


def test_an_estimate_is_measured_and_repeated_only_if_it_changes() -> None:
    scene = Scene(Faults(engaged=(0,)))
    for _ in range(3):
        scene.roster._handling.add(200.0)
    scene.start().advance(3).wish(HoldWish.HOW_LONG).advance(0.1)
    assert scene.notes[-1] == "say About 4 minutes."
    scene.advance(14)
    assert scene.notes[-1] == "say Thank you for waiting.", "the same estimate is not repeated"
    scene.advance(13)
    assert scene.notes[-1] == "say Still here. About 3 minutes."
    scene.advance(170)
    assert any("About a minute." in note for note in scene.notes)
    scene.finish()


def test_what_is_added_is_noted_and_makes_a_new_version_that_is_improved_again() -> None:
    scene = ringing(improve=Mode.OK).advance(0.5)
    assert packets(scene) == [(1, "events"), (2, "language_model")]
    scene.wish(HoldWish.ADDED).advance(0.5)
    assert scene.notes[-1] == NOTED
    assert packets(scene)[2:] == [(3, "events")]
    scene.advance(3)
    assert packets(scene)[3:] == [(4, "language_model")]
    scene["h0"].answer()
    scene.advance(1)
    assert "brief h0 v4 language_model" in scene.notes
    scene.finish()


def test_an_accept_ends_the_improvement() -> None:
    scene = ringing(improve=Mode.SLOW)
    scene["h0"].answer()
    scene.advance(30)
    assert packets(scene) == [(1, "events")]
    assert scene.finish() is HandoffOutcome.BRIDGED


@pytest.mark.parametrize("mode", [Mode.FAIL, Mode.HANG])
def test_a_packet_that_cannot_be_improved_changes_nothing(mode: Mode) -> None:
    scene = ringing(improve=mode).advance(10)
    scene["h0"].answer()
    assert scene.finish() is HandoffOutcome.BRIDGED
    assert packets(scene) == [(1, "events")]


def test_a_packet_that_cannot_be_written_costs_the_whisper_and_not_the_caller() -> None:
    scene = ringing(write_packet=Mode.FAIL)
    scene["h0"].answer()
    assert scene.finish() is HandoffOutcome.BRIDGED
    assert (scene.whispers, packets(scene)) == (0, [])


def test_cancel_takes_the_caller_back_and_drops_the_human() -> None:
    scene = ringing().wish(HoldWish.CANCEL).advance(0.1)
    assert scene.rings() == [("h0", "withdrawn")]
    assert scene["h0"].hung_up
    assert scene.finish() is HandoffOutcome.CALLER_CANCELLED
    assert "resume caller_cancelled" in scene.notes


def test_a_callback_withdraws_the_ring_and_is_booked() -> None:
    scene = ringing().wish(HoldWish.CALLBACK)
    assert scene.finish() is HandoffOutcome.CALLBACK_CHOSEN
    assert scene.rings() == [("h0", "withdrawn")]
    assert "fall back callback_chosen" in scene.notes
    assert scene.path[-2:] == ["caller_chose_callback", "callback_booked"]


def test_a_callback_after_the_accept_is_too_late_and_goes_into_the_packet() -> None:
    scene = ringing(improve=Mode.FAIL)
    scene["h0"].answer()
    scene.advance(1).wish(HoldWish.CALLBACK).advance(0.5)
    assert packets(scene) == [(1, "events"), (2, "events")]
    assert scene.finish() is HandoffOutcome.BRIDGED


def test_every_wish_is_in_the_log_before_anything_is_done_about_it() -> None:
    scene = ringing(report_s=0.5).advance(3).wish(HoldWish.CANCEL).advance(0.4)
    assert scene["h0"].ringing
    scene.advance(0.2)
    assert isinstance(scene.events[-1], HoldWished)
    assert not scene["h0"].ringing
    scene.finish()


def test_the_hold_does_not_last_for_ever() -> None:
    scene = seeking(options=HandoffOptions(longest_hold_s=30)).advance(26)
    assert scene.handoff.state is HandoffState.SEEKING
    scene.advance(3)
    assert scene.finish() is HandoffOutcome.NOBODY_FREE


def test_a_human_who_becomes_free_is_rung_at_once() -> None:
    scene = seeking().advance(60)
    scene.outside.clear()
    scene.roster.release(scene.people["h0"])
    scene.advance(0.1)
    assert scene["h0"].ringing
    scene["h0"].answer()
    assert scene.finish() is HandoffOutcome.BRIDGED


def test_a_human_lost_in_the_bridge_brings_the_music_back_at_once_and_words() -> None:
    scene = ringing(humans=2, hold=Mode.SLOW)
    scene.advance(10)["h0"].answer()
    for _ in range(100):
        if scene.bridged_with:
            break
        scene.advance(0.5)
    scene.advance(1)
    scene.worst_silence_s = 0.0
    scene["h0"].leave(lost=True)
    scene.advance(15)
    assert scene.worst_silence_s <= 0.1
    assert "say They are gone again." in scene.notes
    assert scene["h1"].ringing
    scene["h1"].answer()
    assert scene.finish() is HandoffOutcome.BRIDGED
    assert scene.rings() == [("h0", "accept"), ("h1", "accept")]


def test_a_whisper_that_hangs_is_cut_off_and_the_bridge_opens() -> None:
    scene = ringing(whisper=Mode.HANG)
    scene["h0"].answer()
    scene.advance(16.5)
    assert scene.handoff.state is HandoffState.BRIEFING
    scene.advance(1)
    assert scene.bridged_with == "h0"
    assert scene.worst_silence_s < 3
    scene.finish()


@pytest.mark.parametrize("who", ["caller", "human"])
def test_whoever_leaves_during_the_whisper_is_noticed_at_once(who: str) -> None:
    scene = ringing(whisper=Mode.HANG)
    scene["h0"].answer()
    scene.advance(2)
    if who == "caller":
        scene.caller_leaves()
    else:
        scene["h0"].leave()
    scene.advance(0.1)
    assert scene.handoff.state is not HandoffState.BRIEFING
    outcome = HandoffOutcome.CALLER_HUNG_UP if who == "caller" else HandoffOutcome.AGENT_LOST
    assert scene.finish() is outcome
    assert "bridge" not in scene.path


def test_a_failed_callback_brings_the_agent_back_without_a_promise() -> None:
    scene = Scene(Faults(humans=0, fall_back=Mode.HANG)).start()
    assert scene.finish() is HandoffOutcome.NOBODY_FREE
    assert scene.path[-1] == "ai_resumes"
    assert scene.notes[-2:] == ["resume nobody_free", "say I am back."]
    assert scene.worst_silence_s < 3
