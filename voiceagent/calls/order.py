"""What a call is made of: the order to place it, the parts it runs on, what it came to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipecat.observers.base_observer import BaseObserver

from voiceagent.accounts.protocol import AccountService
from voiceagent.dialogue.llm import LlmCallbacks, ResilientLlmService
from voiceagent.dialogue.playbook import Playbook
from voiceagent.dialogue.second_opinion import SecondOpinion
from voiceagent.dialogue.tools import CallbackBook
from voiceagent.domain.account import AccountRecord
from voiceagent.domain.call import CallOutcome
from voiceagent.domain.events import LoggedEvent
from voiceagent.domain.packet import Packet
from voiceagent.domain.transcript import Turn
from voiceagent.handoff.coordinator import HandoffOptions
from voiceagent.handoff.hold_wishes import HoldWishes
from voiceagent.handoff.roster import Roster
from voiceagent.speech.endpointing import Expectation
from voiceagent.speech.floor import Floor
from voiceagent.speech.listening import ListeningService
from voiceagent.speech.speaking import SpeakingService
from voiceagent.speech.utterance_listener import OnUtterance, UtteranceListener
from voiceagent.supervisor.turn_reading import TurnReading
from voiceagent.supervisor.watcher import Supervisor

ToolDescription = Mapping[str, Any]
"""An OpenAI function definition: ``name``, ``description``, ``parameters``."""


@dataclass(frozen=True, slots=True)
class CallOrder:
    """Whom to call, about what, and by which playbook.

    Attributes:
        call_id: unique; the key of the log.
        record: the callee's account as it stands before the call.
        playbook: loaded and checked, in the callee's language.
        company: as the callee knows it.
        recording: where ``call.wav`` is written; None for no recording.
        ring_timeout_s: how long the callee's phone rings.
        longest_s: after so long the call is closed politely.
        skills: what a human who takes the call over should be able to deal with.
    """

    call_id: str
    record: AccountRecord
    playbook: Playbook
    company: str
    recording: Path | None = None
    ring_timeout_s: float = 30.0
    longest_s: float = 1800.0
    skills: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallParts:
    """What a call runs on; made by ``app`` from the settings.

    The factories make fresh stages for one call; models behind them are shared by all calls.

    Attributes:
        synthesise: a text as 16-bit PCM at a rate in Hz, for the briefing of a human.
        warm_up: lets a local language model read the call's prompt before the phone rings.
        read_turn: what trained classifiers make of the last of these turns; None for none.
        second_opinion: a language model asked beside the call; None for none.
        write_packet: puts a packet in a language model's words, checked; None for none.
        observers: see every frame of the pipeline pass, for measurements.
    """

    listening: Callable[[Floor, Callable[[], Expectation], AccountRecord], ListeningService]
    speaking: Callable[[], SpeakingService]
    llm: Callable[[LlmCallbacks, Sequence[ToolDescription], str], ResilientLlmService]
    human_listener: Callable[[int, str, OnUtterance], UtteranceListener]
    accounts: AccountService
    book: CallbackBook
    supervisor: Callable[[], Supervisor]
    roster: Roster
    clock: Callable[[], datetime]
    hold_wishes: HoldWishes
    synthesise: Callable[[str, int], Awaitable[bytes]]
    handoff: HandoffOptions = field(default_factory=HandoffOptions)
    warm_up: Callable[[str], Awaitable[None]] | None = None
    read_turn: Callable[[Sequence[Turn]], Awaitable[TurnReading]] | None = None
    second_opinion: SecondOpinion | None = None
    write_packet: Callable[[Packet, Sequence[LoggedEvent]], Awaitable[Packet | None]] | None = None
    observers: tuple[BaseObserver, ...] = ()


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call came to; everything else can be read from its log."""

    call_id: str
    outcome: CallOutcome
    reason: str
    recording: Path | None = None
