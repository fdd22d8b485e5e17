"""What is said to silence, to sounds without words, and while the model is slow."""

from types import SimpleNamespace
from typing import Any

import pytest

from voiceagent.calls.patience import Patience
from voiceagent.dialogue.playbook import load_playbook
from voiceagent.settings import load_settings

pytestmark = pytest.mark.unit

PHRASES = load_playbook(load_settings().prompts_dir, "billing_callback", "en").phrases


class Call:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.given_up = 0
        self.journal: Any = SimpleNamespace(turns_of_caller=1)
        self.patience = Patience(self.journal, PHRASES, self._say, self._give_up)

    def _say(self, text: str, remember: bool) -> None:
        assert remember
        self.said.append(text)

    def _give_up(self) -> None:
        self.given_up += 1


def test_speech_without_words_is_asked_for_once_a_turn() -> None:
    call = Call()
    call.patience.not_understood(900)
    call.patience.not_understood(900)
    assert call.said == [PHRASES.not_understood]
    call.journal.turns_of_caller = 2
    call.patience.not_understood(900)
    assert call.said == [PHRASES.not_understood] * 2


def test_a_cough_is_passed_over() -> None:
    call = Call()
    call.patience.not_understood(300)
    assert call.said == []


def test_the_third_silence_ends_the_call() -> None:
    call = Call()
    for _ in range(3):
        call.patience.caller_silent()
    assert call.said == [PHRASES.still_there] * 2
    assert call.given_up == 1
