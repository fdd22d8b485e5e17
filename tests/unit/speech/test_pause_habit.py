"""What a caller's pauses so far say about the next one."""

import pytest

from voiceagent.speech.pause_habit import PauseHabit

pytestmark = pytest.mark.unit


def test_a_pause_within_a_turn_is_remembered_and_fades() -> None:
    habit = PauseHabit()
    assert habit.longest_ms == 0
    habit.turn_began(0)
    habit.turn_ended(4000, 800)
    assert habit.longest_ms == 800
    habit.turn_began(20_000)
    habit.turn_ended(22_000, 100)
    assert habit.longest_ms == 600


def test_who_goes_on_before_being_answered_was_cut_off() -> None:
    habit = PauseHabit()
    habit.turn_ended(4000, 0)
    habit.turn_began(5200)
    assert habit.longest_ms == 1200


def test_who_goes_on_as_the_agent_begins_was_cut_off() -> None:
    habit = PauseHabit()
    habit.turn_ended(4000, 0)
    habit.agent_began(4600)
    habit.turn_began(5100)
    assert habit.longest_ms == 1100


def test_who_speaks_after_an_answer_was_not_cut_off() -> None:
    habit = PauseHabit()
    habit.turn_ended(4000, 0)
    habit.agent_began(4500)
    habit.agent_began(5300)
    habit.turn_began(5500)
    assert habit.longest_ms == 0


def test_who_speaks_long_after_their_turn_was_not_cut_off() -> None:
    habit = PauseHabit()
    habit.turn_ended(4000, 0)
    habit.turn_began(6500)
    assert habit.longest_ms == 0


def test_an_answer_counts_for_the_turn_it_answers_only() -> None:
    habit = PauseHabit()
    habit.turn_ended(4000, 0)
    habit.agent_began(4500)
    habit.turn_began(8000)
    habit.turn_ended(9000, 0)
    habit.turn_began(10_000)
    assert habit.longest_ms == 1000
