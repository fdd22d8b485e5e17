"""How long a reply of the language model may take, and what the call is told of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from voiceagent.dialogue.held_reply import HeldReplyListener
from voiceagent.domain.errors import LanguageModelError


@dataclass(frozen=True)
class LlmOptions:
    """How long a reply may take and how it is written.

    Attributes:
        first_token_deadline_s: wait for the first token of one attempt. A caller hears a filler
            phrase meanwhile; beyond about six seconds they hang up.
        filler_after_s: silence after which the call is told that the reply is slow.
        total_deadline_s: time for the whole reply, all attempts together.
        retries: further attempts after a failure, while nothing has been said.
        temperature: sampling temperature; ``None`` for models that accept none.
        max_tokens: limit of one reply, tool arguments included.
        history_chars: constrained models only: how much conversation is sent before the oldest
            part is left out; 7,000 characters are about 2,300 tokens.
    """

    first_token_deadline_s: float = 6.0
    filler_after_s: float = 1.2
    total_deadline_s: float = 25.0
    retries: int = 1
    temperature: float | None = 0.0
    max_tokens: int = 300
    history_chars: int = 7_000

    def __post_init__(self) -> None:
        if min(self.first_token_deadline_s, self.filler_after_s, self.total_deadline_s) <= 0:
            raise ValueError("deadlines must be positive")
        if self.retries < 0 or self.max_tokens < 1 or self.history_chars < 1:
            raise ValueError("retries must not be negative, limits must be at least 1")

    @classmethod
    def for_local_model(cls) -> LlmOptions:
        """For a small model on this machine's cores: patient with the first token, brief."""
        return cls(first_token_deadline_s=20.0, total_deadline_s=30.0, max_tokens=120)


async def _ignore(*_told: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class LlmCallbacks:
    """What the call is told. All run on the event loop and must return within five seconds.

    Attributes:
        on_slow: nothing to say yet after ``filler_after_s``; once per reply, and a reply includes
            the tool calls made for it. Never while the turn is still a guess.
        on_failed: there will be no (further) words; gets the error and whether some were already
            pushed. Called after the reply's end frame, so that what it queues comes after it.
        held_reply: reads along while a reply is held for a turn that may not have ended.
    """

    on_slow: Callable[[], Awaitable[None]] = _ignore
    on_failed: Callable[[LanguageModelError, bool], Awaitable[None]] = _ignore
    held_reply: HeldReplyListener | None = None
