"""Lets somebody read along in a reply that is written for a turn that may not have ended.

Enters: the words of a speculative reply, which pipecat's gate holds back until the turn is
committed. Leaves: the same words to one listener, who may prepare for them and must not let the
caller hear or notice anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Protocol

_log = logging.getLogger(__name__)

_DEADLINE_S = 1.0


class HeldReplyListener(Protocol):
    """Reads along. The methods are awaited by the language model's stage: they must be brief."""

    async def on_held_reply_begins(self) -> None:
        """A reply is being written on a guess; whatever was read of another is void."""

    async def on_held_text(self, text: str) -> None:
        """More of it."""

    async def on_held_reply_ends(self) -> None:
        """It is complete, and still held."""

    async def on_held_reply_withdrawn(self) -> None:
        """It will never be said, or the caller has cut it off."""


class HeldReplyTee:
    """Tells a listener, if there is one; a listener's faults stay its own."""

    def __init__(self, listener: HeldReplyListener | None) -> None:
        self._listener = listener
        self._open = False

    async def begin(self) -> None:
        """A speculative reply begins."""
        self._open = True
        if self._listener:
            await self._tell(self._listener.on_held_reply_begins())

    async def text(self, text: str) -> None:
        """Words of it."""
        if self._open and self._listener:
            await self._tell(self._listener.on_held_text(text))

    async def end(self) -> None:
        """It is complete."""
        if self._open and self._listener:
            await self._tell(self._listener.on_held_reply_ends())

    async def withdraw(self) -> None:
        """It is void; harmless when there is none."""
        was_open, self._open = self._open, False
        if was_open and self._listener:
            await self._tell(self._listener.on_held_reply_withdrawn())

    async def _tell(self, callback: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(_DEADLINE_S):
                await callback
        except Exception as error:
            _log.error("Reading along in a held reply failed: %s", type(error).__name__)
