"""A caller on hold: what they hear all the time, and what they want.

What enters: the caller's side of the call, the phrases, an estimate of the wait. What leaves: music
without a gap from the announcement to the bridge or the way back, phrases in between, and each
wish of the caller, handed on the moment it is understood. The ear and the voice are two tasks, so
that "never mind" is heard while an estimate is being told.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from functools import partial

from voiceagent.handoff.caller_side import CallerSide, HeardOnHold
from voiceagent.handoff.deadlines import attempt, stopped
from voiceagent.handoff.hold import YieldingMusic, hold_music
from voiceagent.handoff.options import HandoffOptions, HandoffPhrases
from voiceagent.legs.playout import Background

logger = logging.getLogger(__name__)

# Well under the three seconds after which a caller says "hello?".
_SILENCE_MS = 2000
# A language model that is to say something of its own has spoken by then.
_THINKING_MS = 8000
# More answers than this have piled up only if the voice is stuck.
_UNSAID = 8
_LISTEN_AGAIN_S = 1.0

OnWish = Callable[[HeardOnHold], Awaitable[None]]


class Waiting:
    """One caller's hold; used from the call's event loop.

    Args:
        caller: who waits.
        estimate_s: the wait in seconds as far as it is known, None where it is not.
        on_wish: what to do about something the caller said or keyed; heard out even if the hold
            ends meanwhile.
    """

    def __init__(
        self,
        caller: CallerSide,
        phrases: HandoffPhrases,
        options: HandoffOptions,
        estimate_s: Callable[[], float | None],
        on_wish: OnWish,
    ) -> None:
        self._caller = caller
        self._phrases = phrases
        self._options = options
        self._estimate_s = estimate_s
        self._on_wish = on_wish
        self._music = hold_music(caller.leg.sample_rate_hz)
        self._to_say: asyncio.Queue[str] = asyncio.Queue(_UNSAID)
        self._speaking: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._heeding: asyncio.Task[None] | None = None
        self._turn = 0
        self._muted = False
        self._told_minutes: int | None = None

    # Sound.

    def music(self) -> None:
        """Music from this frame on."""
        self._background = self._music

    def music_if_silent(self) -> None:
        """Music only where a voice that is due does not come."""
        self._background = self._yielding(at_once=False)

    def music_until_spoken(self) -> None:
        """Music until the agent speaks again."""
        self._background = self._yielding(at_once=True)

    def leave_to_agent(self) -> None:
        """The agent has the caller back; if it has not spoken yet, music for a little longer."""
        sound = self._background
        if isinstance(sound, YieldingMusic) and not sound.heard_voice:
            sound.end_after(_THINKING_MS)
        else:
            self.silence()

    def silence(self) -> None:
        """No music any more."""
        self._background = None

    # Voice.

    def speak(self) -> None:
        """Comfort the caller from now on, and answer them."""
        self._muted = False
        if self._speaking is None:
            self._speaking = asyncio.create_task(self._speak(), name="handoff-comfort")

    async def quiet(self) -> None:
        """Say nothing more until :meth:`speak`."""
        self._muted = True
        speaking, self._speaking = self._speaking, None
        await stopped(speaking)
        while not self._to_say.empty():
            self._to_say.get_nowait()

    def tell(self, text: str) -> None:
        """Say something after what is being said; nothing is said of an empty text."""
        if text and not (self._muted or self._to_say.full()):
            self._to_say.put_nowait(text)

    def tell_wait(self) -> None:
        """Say how long it will take, or truthfully that nobody knows."""
        self.tell(self._estimate() or self._phrases.estimate_unknown)

    # Ear.

    def listen(self) -> None:
        """Heed what the caller wants from now on."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="handoff-wishes")

    async def deaf(self) -> None:
        """Heed nothing more; what was heard already is heeded to its end."""
        listening, self._listening = self._listening, None
        await stopped(listening)
        if self._heeding is not None:
            await asyncio.wait({self._heeding}, timeout=2 * self._options.report_deadline_s)

    async def stop(self) -> None:
        """Neither speak nor listen; the sound stays as it is."""
        await self.quiet()
        await self.deaf()

    async def abandon(self) -> None:
        """Stop at once, also what is being done about a wish: the handoff is over anyway."""
        await self.quiet()
        listening, self._listening = self._listening, None
        await stopped(listening)
        await stopped(self._heeding)

    async def _listen(self) -> None:
        while True:
            try:
                heard = await self._caller.next_wish()
            except Exception as error:  # A caller on hold who is not heard still has to be served.
                logger.warning("the hold cannot hear the caller: %s", type(error).__name__)
                await asyncio.sleep(_LISTEN_AGAIN_S)
                continue
            self._heeding = asyncio.create_task(self._heed(heard), name="handoff-wish")
            await asyncio.shield(self._heeding)

    async def _heed(self, heard: HeardOnHold) -> None:
        try:
            await self._on_wish(heard)
        except Exception as error:  # A broken store ends the handoff by itself.
            logger.warning("a wish could not be heeded: %s", type(error).__name__)

    async def _speak(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._options.comfort_every_s):
                    text = await self._to_say.get()
            except TimeoutError:
                text = self._comfort()
            if text:
                await attempt("say", partial(self._caller.say, text), self._options.say_deadline_s)

    def _comfort(self) -> str:
        """The next comfort phrase, with the estimate where there is a new one to tell."""
        phrase = ""
        if self._phrases.comfort:
            phrase = self._phrases.comfort[self._turn % len(self._phrases.comfort)]
            self._turn += 1
        told = self._told_minutes
        estimate = self._estimate()
        return f"{phrase} {estimate}".strip() if self._told_minutes != told else phrase

    def _estimate(self) -> str:
        """The wait in words; empty where it is not known."""
        seconds = self._estimate_s()
        if seconds is None:
            return ""
        self._told_minutes = max(1, math.ceil(seconds / 60))
        if self._told_minutes == 1:
            return self._phrases.estimate_soon
        return self._phrases.estimate.replace("{minutes}", str(self._told_minutes))

    def _yielding(self, *, at_once: bool) -> YieldingMusic:
        playout = self._caller.leg.playout
        return YieldingMusic(self._music, playout, _SILENCE_MS, at_once=at_once)

    @property
    def _background(self) -> Background | None:
        return self._caller.leg.playout.background

    @_background.setter
    def _background(self, sound: Background | None) -> None:
        self._caller.leg.playout.background = sound
