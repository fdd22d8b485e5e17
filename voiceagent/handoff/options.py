"""What can be chosen about a handoff: the words to the caller and the times.

What enters: phrases in the caller's language, from ``prompts/``, and settings. What leaves: frozen
values the coordinator reads. No word to a caller is written in Python.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from voiceagent.domain.errors import InputError
from voiceagent.domain.packet import Packet
from voiceagent.handoff.roster import Human
from voiceagent.legs.leg import Leg


@dataclass(frozen=True, slots=True)
class HandoffPhrases:
    """What the caller is told. A phrase left empty is not said.

    Attributes:
        announcement: before the hold begins.
        comfort: said in turn while waiting.
        connecting: while the human who accepted is briefed, right before the bridge opens;
            ``{name}`` stands for the human's name.
        here: the same for a human who knows the packet already and is not briefed by voice.
        estimate: how long it will take, from 2 minutes up; ``{minutes}`` stands for a whole number.
        estimate_soon: the same for a minute or less.
        estimate_unknown: the truthful answer where nothing is known about the wait.
        being_rung: the answer to "how long" while a human's phone rings.
        noted: short acknowledgement of something the caller added: it will be passed on.
        human_lost: the human who had accepted is gone again; the next one is sought.
    """

    announcement: str
    comfort: tuple[str, ...]
    connecting: str
    here: str = ""
    estimate: str = ""
    estimate_soon: str = ""
    estimate_unknown: str = ""
    being_rung: str = ""
    noted: str = ""
    human_lost: str = ""


@dataclass(frozen=True, slots=True)
class HandoffOptions:
    """Times of a handoff, in seconds, and how humans are rung.

    Attributes:
        ring_timeout_s: one human's phone rings so long. Five rings; more, and callers give up.
        comfort_every_s: silence of the voice (not of the music) between two comfort phrases.
        brief: shows the packet to the human who accepted, before the bridge opens.
        ring_at_once: so many humans are rung together; the first to accept takes the call.
        longest_hold_s: after so long without a human the agent comes back and books a callback.
        improve_deadline_s: a language model may improve the packet for so long.
        whisper_deadline_s: the spoken briefing ends after so long, heard or not.
        say_deadline_s: a phrase that is not played by then is stuck.
        step_deadline_s: holding, falling back, resuming and opening the bridge, each.
        hang_up_deadline_s: a leg that does not hang up by then is left to its own timeouts.
        report_deadline_s: a store that does not commit an event by then is broken.
        send_back_key: a human who presses it in the bridge sends the caller back to the agent;
            empty for none.
        is_voicemail: listens to a human's leg that has just been answered: True if it is a
            machine. It may watch the leg by a tap and must not read from it.
        voicemail_deadline_s: undecided after so long, it is taken for a person.
    """

    ring_timeout_s: float = 20.0
    comfort_every_s: float = 12.0
    brief: Callable[[Human, Packet], Awaitable[None]] | None = None
    ring_at_once: int = 1
    longest_hold_s: float = 600.0
    improve_deadline_s: float = 20.0
    whisper_deadline_s: float = 15.0
    say_deadline_s: float = 30.0
    step_deadline_s: float = 45.0
    hang_up_deadline_s: float = 5.0
    report_deadline_s: float = 20.0
    send_back_key: str = "*"
    is_voicemail: Callable[[Leg], Awaitable[bool]] | None = None
    voicemail_deadline_s: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            InputError: nobody would be rung, or the key is none.
        """
        if self.ring_at_once < 1:
            raise InputError("At least one human has to be rung at a time.", "Set ring_at_once.")
        if self.send_back_key not in set("0123456789*#") | {""}:
            raise InputError("The key to send a caller back has to be one of 0-9, * and #.")
